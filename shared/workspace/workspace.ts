import { realpath } from 'node:fs/promises';
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { Invalid } from '../outcome/outcome.ts';

/**
 * The absolute, symlink-free path of an input inside `root`. What does not exist yet is judged by its nearest existing parent.
 * Throws `Invalid` naming `input` when the path, or what a symlink in it points to, lies outside.
 */
export async function resolveInside(root: string, path: string, input: string): Promise<string> {
  if (path.includes('\0')) throw new Invalid(input, 'holds a NUL character');
  const base = await realpath(root);
  const wanted = resolve(base, path);
  let existing = wanted;
  let real: string | undefined;
  while (real === undefined) {
    try {
      real = await realpath(existing);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT' && code !== 'ENOTDIR') throw new Invalid(input, `cannot be read (${code})`);
      existing = dirname(existing);
    }
  }
  const whole = resolve(real, relative(existing, wanted));
  const inside = relative(base, whole);
  if (inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) {
    throw new Invalid(input, `"${path}" lies outside of the workspace`, {
      hint: `It may be a path below ${base}; links that lead out of it are not followed.`,
    });
  }
  return whole;
}
