import * as z from 'zod';
import { Invalid } from '../outcome/outcome.ts';

/** What a check must give: the status (of HTTP, or the exit code) and texts that all occur in the body or on standard output. */
interface Wanted {
  /** The line as it was written. */
  readonly line: string;
  readonly status: number;
  readonly texts: readonly string[];
  /** Seconds from the start by which it has to hold, and that one try may take: of an image's own check alone. */
  readonly within?: number;
  readonly tryFor?: number;
}

/** A request to the container itself. Redirects are not followed. */
export interface HttpCheck extends Wanted {
  readonly kind: 'http';
  readonly method: 'GET' | 'HEAD';
  readonly port: number;
  /** Path and query. */
  readonly path: string;
}

/** A command in the running container, without a shell. */
export interface ExecCheck extends Wanted {
  readonly kind: 'exec';
  readonly command: readonly string[];
}

export type Check = HttpCheck | ExecCheck;

/** What a check gave; `text` is the body, or standard output. */
export interface Given {
  readonly status: number;
  readonly text: string;
}

const SYNTAX =
  'a check is GET http://:8080/path -> 200 "text", or exec command arg -> 0 "text": what to ask, ->, the status or exit code, and texts that must occur, each in double quotes';

const words = z.array(z.string().refine((word) => !word.includes('\0'))).min(1);

/** Reads lines of the input `run`. Throws `Invalid` with the number of the line that is no check. */
export function parseChecks(lines: readonly string[]): Check[] {
  return lines.map((line, at) => {
    const check = parseCheck(line);
    if (check === undefined) throw new Invalid('run', `check ${at + 1} is not understood: ${SYNTAX}`);
    return check;
  });
}

function parseCheck(line: string): Check | undefined {
  const match = /^(\S+) +(.+?) +-> +(\d{1,3})((?: +"(?:[^"\\]|\\.)*")*)$/.exec(line);
  const [, verb, what = '', status = '', quoted = ''] = match ?? [];
  const texts = [...quoted.matchAll(/"(?:[^"\\]|\\.)*"/g)].map(([text]) => readJsonString(text));
  const wanted = { line, status: Number(status), texts: texts.filter((text) => text !== undefined) };
  // An empty text would occur in anything.
  if (wanted.texts.length !== texts.length || texts.includes('')) return undefined;
  if (verb === 'exec') {
    const command = readCommand(what);
    return command && wanted.status <= 255 ? { kind: 'exec', command, ...wanted } : undefined;
  }
  if (verb !== 'GET' && verb !== 'HEAD') return undefined;
  const [, port = '', path = ''] = /^http:\/\/:(\d{1,5})(\/[!-~]*)?$/.exec(what) ?? [];
  if (Number(port) < 1 || Number(port) > 65_535 || wanted.status < 200) return undefined;
  if (verb === 'HEAD' && texts.length > 0) return undefined;
  return { kind: 'http', method: verb, port: Number(port), path: path || '/', ...wanted };
}

/** Words parted by spaces, or a JSON array where a word holds a space. */
function readCommand(text: string): string[] | undefined {
  if (!text.startsWith('[')) return text.split(/ +/);
  try {
    return words.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function readJsonString(text: string): string | undefined {
  try {
    return z.string().safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Why `given` is not what the check must give, or undefined when it is. Foreign text is quoted in it as it is. */
export function judgeCheck(check: Check, given: Given): string | undefined {
  const what = check.kind === 'http' ? 'status' : 'exit code';
  if (given.status !== check.status) return `gave ${what} ${given.status}, not ${check.status}`;
  const lacking = check.texts.find((text) => !given.text.includes(text));
  return lacking === undefined ? undefined : `gave no "${lacking}"`;
}
