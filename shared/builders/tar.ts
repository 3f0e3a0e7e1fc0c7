import { closeSync, constants as flags, fstatSync, openSync, readSync } from 'node:fs';
import { Invalid } from '../outcome/outcome.ts';
import type { FileEntry } from './files.ts';

/** Bytes of a tar that are handed on at once. */
export const BLOCK = 1024 * 1024;
/** How many blocks there are. Each is filled again as many blocks later, so that of no folder more is in memory. */
export const BLOCKS = 5;

const RECORD = 512;
/** The most that a ustar header's sizes and times say. */
const OCTAL_LIMIT = 0o77777777777;
const NO_BYTES = Buffer.alloc(2 * RECORD);
const TYPES = { file: '0', symlink: '2', directory: '5', pax: 'x' } as const;

interface Header {
  readonly type: keyof typeof TYPES;
  readonly name: string;
  readonly mode: number;
  readonly size?: number;
  readonly link?: string;
}

/**
 * Writes entries as a tar (POSIX.1-2001, pax) in which nothing tells of this machine: owner 0:0 without names, modes 0755 and 0644, one
 * time for all (`time`, in seconds since 1970). Hands it to `take` in blocks of one size in shared memory, whose bytes it may use until
 * `BLOCKS` - 1 others were handed to it. A file that cannot be read, or changes while it is, is `Invalid`.
 */
export async function writeTar(
  entries: readonly FileEntry[],
  time: number,
  take: (block: Buffer) => Promise<void>,
): Promise<void> {
  if (time < 0 || time > OCTAL_LIMIT) {
    throw new Invalid('context', `its commit is of a time that no layer can hold (${time} s since 1970)`);
  }
  const ring = Array.from({ length: BLOCKS }, () => Buffer.from(new SharedArrayBuffer(BLOCK)));
  let [turn, used] = [0, 0];
  let block = ring[0] as Buffer;
  // Waits for nothing but where a block is full: there are tens of thousands of small files.
  const handOn = async (): Promise<void> => {
    await take(block.subarray(0, used));
    turn = (turn + 1) % BLOCKS;
    block = ring[turn] as Buffer;
    used = 0;
  };
  const put = async (bytes: Buffer): Promise<void> => {
    for (let at = 0; at < bytes.length; ) {
      const copied = bytes.copy(block, used, at);
      at += copied;
      used += copied;
      if (used === BLOCK) await handOn();
    }
  };
  const putFile = async ({ path, source }: FileEntry & { type: 'file' }): Promise<void> => {
    const file = openFile(path, source);
    try {
      const header = formatHeader({ type: 'file', name: path, mode: file.mode, size: file.size }, time);
      if (used + header.length < BLOCK) used += header.copy(block, used);
      else await put(header);
      for (let left = file.size; left > 0; ) {
        const read = readPart(path, file.descriptor, block, used, Math.min(left, BLOCK - used));
        left -= read;
        used += read;
        if (used === BLOCK) await handOn();
      }
    } finally {
      closeSync(file.descriptor);
    }
    const rest = -used & (RECORD - 1);
    block.fill(0, used, used + rest);
    used += rest;
    if (used === BLOCK) await handOn();
  };
  for (const entry of entries) {
    if (entry.type === 'file') await putFile(entry);
    else if (entry.type === 'directory')
      await put(formatHeader({ type: 'directory', name: `${entry.path}/`, mode: 0o755 }, time));
    else
      await put(formatHeader({ type: 'symlink', name: entry.path, mode: 0o777, link: entry.target }, time));
  }
  await put(NO_BYTES);
  if (used > 0) await take(block.subarray(0, used));
}

/** Opened and read at once: of ten thousand small files the way to a pool of threads and back takes longer than reading them. */
function openFile(path: string, source: string): { descriptor: number; size: number; mode: number } {
  return orChanged(path, () => {
    // What was a file when it was looked at may be a link or a FIFO by now.
    const descriptor = openSync(source, flags.O_RDONLY | flags.O_NOFOLLOW | flags.O_NONBLOCK);
    const facts = fstatSync(descriptor);
    if (facts.isFile()) {
      return { descriptor, size: facts.size, mode: (facts.mode & 0o111) === 0 ? 0o644 : 0o755 };
    }
    closeSync(descriptor);
    throw new Error('it is no file any more');
  });
}

function readPart(path: string, descriptor: number, into: Buffer, at: number, wanted: number): number {
  return orChanged(path, () => {
    const read = readSync(descriptor, into, at, wanted, null);
    if (read === 0) throw new Error('it is shorter than it was');
    return read;
  });
}

function orChanged<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new Invalid(
      'files',
      `"/${path}" could not be read, or changed while it was (${(cause as Error).message})`,
      { cause },
    );
  }
}

/** What an entry begins with: a ustar header, and before it the pax records of what does not fit into one. */
function formatHeader(header: Header, time: number): Buffer {
  const { name, size = 0, link = '' } = header;
  const place = splitName(name);
  const large = size > OCTAL_LIMIT;
  if (place !== undefined && fits(link, 100) && !large) return formatUstar(header, place, time);
  const records = [
    `path=${name}`,
    ...(link === '' ? [] : [`linkpath=${link}`]),
    ...(large ? [`size=${size}`] : []),
  ];
  const pax = Buffer.concat(records.map(formatRecord));
  const short = { ...header, link: link === '' ? '' : 'PaxHeader', size: large ? 0 : size };
  return Buffer.concat([
    formatUstar({ ...short, type: 'pax', size: pax.length }, ['PaxHeader', ''], time),
    pax,
    Buffer.alloc(-pax.length & (RECORD - 1)),
    formatUstar(short, ['PaxHeader', ''], time),
  ]);
}

/** `length path=value\n`, its own digits counted in. */
function formatRecord(text: string): Buffer {
  const length = Buffer.byteLength(text) + 2;
  const digits = String(length + String(length).length).length;
  return Buffer.from(`${length + digits} ${text}\n`);
}

const fits = (text: string, limit: number): boolean =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what is not ASCII stands in pax records
  text.length <= limit && /^[\x00-\x7f]*$/.test(text);

/** Name and prefix for a ustar header; undefined for one that only pax can hold. */
function splitName(path: string): readonly [string, string] | undefined {
  if (fits(path, 100)) return [path, ''];
  const slash = path.indexOf('/', path.length - 101);
  const [name, prefix] = [path.slice(slash + 1), path.slice(0, slash)];
  return slash > 0 && name !== '' && fits(name, 100) && fits(prefix, 155) ? [name, prefix] : undefined;
}

function formatUstar(
  { type, mode, size = 0, link = '' }: Header,
  [name, prefix]: readonly [string, string],
  time: number,
): Buffer {
  const bytes = Buffer.allocUnsafe(RECORD).fill(0);
  // Digit by digit, as the sum below byte by byte: over tens of thousands of headers strings and iterators take five times as long.
  const octal = (value: number, digits: number, at: number): void => {
    let left = value;
    for (let place = at + digits - 1; place >= at; place -= 1) {
      bytes[place] = 0x30 + (left % 8);
      left = Math.floor(left / 8);
    }
    bytes[at + digits] = 0x20;
  };
  bytes.write(name, 0, 'latin1');
  octal(mode, 6, 100);
  octal(0, 6, 108);
  octal(0, 6, 116);
  octal(size, 11, 124);
  octal(time, 11, 136);
  bytes.write(TYPES[type], 156, 'latin1');
  bytes.write(link, 157, 'latin1');
  bytes.write('ustar\x0000', 257, 'latin1');
  octal(0, 6, 329);
  octal(0, 6, 337);
  bytes.write(prefix, 345, 'latin1');
  // The sum of all bytes, its own place as blanks.
  let sum = 8 * 0x20;
  for (let at = 0; at < RECORD; at += 1) sum += bytes[at] ?? 0;
  octal(sum, 6, 148);
  return bytes;
}
