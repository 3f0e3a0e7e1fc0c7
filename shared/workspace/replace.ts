import { randomUUID } from 'node:crypto';
import { closeSync, fchmodSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Gives a file another text, whole or not at all, and the permissions it had. A link that stands there by now is replaced, not followed. */
export function replaceFile(path: string, text: string, mode: number): void {
  const made = join(dirname(path), `.hallmark-${randomUUID()}`);
  try {
    const file = openSync(made, 'wx');
    try {
      writeFileSync(file, text);
      // Not when it is opened: that takes away what the umask says.
      fchmodSync(file, mode);
    } finally {
      closeSync(file);
    }
    renameSync(made, path);
  } catch (error) {
    rmSync(made, { force: true });
    throw error;
  }
}
