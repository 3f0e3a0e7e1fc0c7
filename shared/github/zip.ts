import { inflateRawSync } from 'node:zlib';
import { Unavailable } from '../outcome/outcome.ts';

/** What may be read of an archive that a stranger packed. */
export interface ZipLimits {
  readonly entries: number;
  /** Unpacked bytes of all files that are read. */
  readonly bytes: number;
}

/** One file of an archive, in memory. Its name is a label: nothing is ever written by it. */
export interface ZipFile {
  readonly name: string;
  readonly bytes: Buffer;
}

// APPNOTE.TXT 6.3.10, 4.3.16 (end of central directory), 4.3.12 (central directory), 4.3.7 (local header).
const END = 0x06054b50;
const END_SIZE = 22;
const CENTRAL = 0x02014b50;
const CENTRAL_SIZE = 46;
const LOCAL = 0x04034b50;
const LOCAL_SIZE = 30;
const STORED = 0;
const DEFLATED = 8;

/**
 * Reads the files of an archive that `wanted` names, into memory: there are no paths to leave by, no links to follow. By the central directory
 * alone, so that nobody reads two archives out of one; ZIP64, encryption, overlapping entries and whatever passes the limits is `Unavailable`.
 */
export function readZip(archive: Buffer, wanted: (name: string) => boolean, limits: ZipLimits): ZipFile[] {
  try {
    return readEntries(archive, wanted, limits);
  } catch (cause) {
    if (cause instanceof Unavailable) throw cause;
    throw new Unavailable('the archive is damaged', { cause, retrySafe: false });
  }
}

function readEntries(archive: Buffer, wanted: (name: string) => boolean, limits: ZipLimits): ZipFile[] {
  const end = archive.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
  // Without a comment: GitHub writes none, and one is where a second end could hide.
  if (end < 0 || end + END_SIZE !== archive.length || archive.readUInt32LE(end) !== END)
    throw fault('has no end');
  const count = archive.readUInt16LE(end + 10);
  const start = archive.readUInt32LE(end + 16);
  if (count === 0xffff || start === 0xffffffff) throw fault('is ZIP64');
  if (count > limits.entries) throw fault(`holds ${count} files, and ${limits.entries} are read at most`);
  const files: ZipFile[] = [];
  const spans: [from: number, to: number][] = [];
  let left = limits.bytes;
  let at = start;
  for (let index = 0; index < count; index += 1) {
    if (archive.readUInt32LE(at) !== CENTRAL) throw fault('has a directory that is none');
    const flags = archive.readUInt16LE(at + 8);
    const method = archive.readUInt16LE(at + 10);
    const packed = archive.readUInt32LE(at + 20);
    const size = archive.readUInt32LE(at + 24);
    const nameLength = archive.readUInt16LE(at + 28);
    const local = archive.readUInt32LE(at + 42);
    const name = archive.toString('utf8', at + CENTRAL_SIZE, at + CENTRAL_SIZE + nameLength);
    at += CENTRAL_SIZE + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
    if (at > end) throw fault('has a directory past its end');
    if (name.endsWith('/') || !wanted(name)) continue;
    if ((flags & 1) !== 0) throw fault('is encrypted');
    if (size > left) throw fault(`unpacks to more than ${limits.bytes} bytes`);
    if (archive.readUInt32LE(local) !== LOCAL) throw fault('points to no file');
    const from = local + LOCAL_SIZE + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
    const to = from + packed;
    if (to > start || spans.some((span) => from < span[1] && span[0] < to))
      throw fault('has files that overlap');
    spans.push([from, to]);
    const bytes = unpack(archive.subarray(from, to), method, size);
    left -= bytes.length;
    files.push({ name, bytes });
  }
  return files;
}

/** The declared size is what it may unpack to at most, so no ratio has to be guessed. */
function unpack(packed: Buffer, method: number, size: number): Buffer {
  if (method !== STORED && method !== DEFLATED) throw fault(`is packed by method ${method}`);
  const bytes = method === STORED ? packed : inflateRawSync(packed, { maxOutputLength: Math.max(1, size) });
  if (bytes.length !== size) throw fault('says another size than it has');
  return bytes;
}

function fault(what: string): Unavailable {
  return new Unavailable(`the archive ${what}`, { retrySafe: false });
}
