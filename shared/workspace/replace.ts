import { randomUUID } from 'node:crypto';
import { chmod, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Invalid } from '../outcome/outcome.ts';
import { readRegular } from './list.ts';

/**
 * Gives files of the workspace another text, each whole or not at all and with the mode that it has. Throws `Invalid`, before anything is written,
 * when one of them does not hold `bytes` any more.
 */
export async function replaceFiles(
  root: string,
  files: readonly { readonly path: string; readonly bytes: Buffer; readonly text: string }[],
): Promise<void> {
  for (const { path, bytes } of files) {
    const now = await readRegular(join(root, path), bytes.length);
    if (now?.equals(bytes) !== true)
      throw new Invalid('paths', `${path} was changed meanwhile; nothing was written`);
  }
  for (const { path, text } of files) {
    const file = join(root, path);
    const made = join(dirname(file), `.hallmark-${randomUUID()}`);
    try {
      await writeFile(made, text, { flag: 'wx' });
      await chmod(made, (await stat(file)).mode);
      await rename(made, file);
    } finally {
      await rm(made, { force: true });
    }
  }
}
