import { readFile, stat } from 'node:fs/promises';
import { isAbsolute, relative } from 'node:path';
import { Invalid } from '../outcome/outcome.ts';
import { resolveInside } from './workspace.ts';

/** Parts `linux/amd64=path` into its two; a path alone has no platform. */
export function splitLine(line: string): { platform: string | undefined; path: string } {
  const match = /^([a-z0-9]+\/[a-z0-9_]+(?:\/[a-z0-9.]+)?)=(.+)$/.exec(line);
  return match?.[2] === undefined
    ? { platform: undefined, path: line }
    : { platform: match[1], path: match[2] };
}

/** Where a file is that an input names: in the workspace, or in the runner's temporary folder, where other steps leave their reports. Throws `Invalid` for elsewhere. */
export function locateInput(
  path: string,
  input: string,
  { temp, workspace }: { readonly temp: string; readonly workspace: string },
): Promise<string> {
  const inTemp = isAbsolute(path) && !relative(temp, path).startsWith('..');
  return resolveInside(inTemp ? temp : workspace, path, input);
}

/**
 * The bytes of a file that an input names, see `locateInput`.
 * Throws `Invalid` naming `input` when it lies elsewhere, cannot be read, or has more than `limit` bytes.
 */
export async function readInputFile(
  path: string,
  input: string,
  place: { readonly temp: string; readonly workspace: string },
  limit: number,
): Promise<Buffer> {
  const file = await locateInput(path, input, place);
  try {
    const { size } = await stat(file);
    if (size > limit) throw new Invalid(input, `"${path}" has ${size} bytes; at most ${limit} are read`);
    return await readFile(file);
  } catch (cause) {
    if (cause instanceof Invalid) throw cause;
    throw new Invalid(input, `"${path}" cannot be read (${(cause as NodeJS.ErrnoException).code})`, {
      cause,
    });
  }
}
