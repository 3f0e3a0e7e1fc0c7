// Servers that a person starts: `npm run registry`, `npm run sigstore`, `npm run github`.
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';

/** What was asked wrongly; anything else that is thrown is a fault of ours. */
class Usage extends Error {}

/** Starts a server with the options of the command line until it is interrupted. A wrong option or a port that is taken is said in one line. */
export async function startByHand<const T extends ParseArgsOptionsConfig>(
  options: T,
  start: (
    values: ReturnType<typeof parseArgs<{ options: T }>>['values'],
  ) => Promise<{ close(): Promise<unknown> }>,
): Promise<void> {
  try {
    const server = await start(readOptions(options));
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void server.close());
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (!(error instanceof Usage) && code === undefined) throw error;
    console.error(message);
    process.exitCode = 2;
  }
}

function readOptions<T extends ParseArgsOptionsConfig>(options: T) {
  return parseArgs({ options }).values;
}

/** A number in an option, from 0 to `most`. */
export function readCount(option: string, text: string, most: number): number {
  if (/^\d{1,6}$/.test(text) && Number(text) <= most) return Number(text);
  throw new Usage(`--${option} may be a number from 0 to ${most}, not "${text}"`);
}

/** `<path>=<file>` in an option. */
export function readPair(option: string, text: string): [path: string, file: string] {
  const [, path, file] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (path !== undefined && file !== undefined) return [path, file];
  throw new Usage(`--${option} takes <path in the repository>=<file>, not "${text}"`);
}
