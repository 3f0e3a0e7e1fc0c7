import { createHash } from 'node:crypto';
import { constants, createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { type Header, type Pack, pack } from 'tar-stream';
import { type Digest, parseDigest } from '../image/digest.ts';
import { Invalid, Unavailable } from '../outcome/outcome.ts';
import type { FileEntry } from './files.ts';

/** A compressed layer in a file. `diffId` is the digest of the tar inside (image-spec, config.md "Layer DiffID"). */
export interface Layer {
  readonly file: string;
  readonly digest: Digest;
  readonly size: number;
  readonly diffId: Digest;
}

/** Stated, so that another default of zlib's does not change a byte. */
const GZIP_LEVEL = 6;

/**
 * Writes entries as a gzipped tar in which nothing tells of this machine: owner 0:0 without names, modes 0755 and 0644,
 * one time for all (`created`, in seconds since 1970). The same entries give the same diffId anywhere, and the same bytes for one
 * version of Node. Streams: no file is ever in memory whole.
 */
export async function writeLayer(
  entries: readonly FileEntry[],
  file: string,
  created: number,
  deadline: AbortSignal,
): Promise<Layer> {
  // A pipeline that begins after its signal has fired leaves errors that nobody can catch.
  if (deadline.aborted) throw new Unavailable('the layer was not written: no time is left');
  const tar = pack();
  const [inner, outer] = [measure(), measure()];
  const written = pipeline(
    tar,
    inner.stream,
    createGzip({ level: GZIP_LEVEL }),
    outer.stream,
    createWriteStream(file, { flags: 'wx' }),
    { signal: deadline },
  );
  // Whichever fails first ends the other: destroying the tar fails the pipeline with the same error.
  const filled = fill(tar, entries, new Date(created * 1000)).catch((error: Error) => tar.destroy(error));
  try {
    await written;
  } catch (cause) {
    if (deadline.aborted) throw new Unavailable('the layer was not written in time', { cause });
    throw cause;
  }
  await filled;
  return { file, digest: outer.digest(), size: outer.size(), diffId: inner.digest() };
}

async function fill(tar: Pack, entries: readonly FileEntry[], mtime: Date): Promise<void> {
  const common = { uid: 0, gid: 0, uname: '', gname: '', mtime };
  for (const entry of entries) {
    if (entry.type === 'file') await addFile(tar, entry, common);
    else if (entry.type === 'directory')
      tar.entry({ ...common, name: `${entry.path}/`, type: 'directory', mode: 0o755 });
    else tar.entry({ ...common, name: entry.path, type: 'symlink', linkname: entry.target, mode: 0o777 });
  }
  tar.finalize();
}

async function addFile(
  tar: Pack,
  entry: Extract<FileEntry, { type: 'file' }>,
  common: Pick<Header, 'uid' | 'gid' | 'uname' | 'gname' | 'mtime'>,
): Promise<void> {
  try {
    // What was a file when it was looked at may be a link by now.
    await using handle = await open(entry.source, constants.O_RDONLY | constants.O_NOFOLLOW);
    const { size } = await handle.stat();
    const header = {
      ...common,
      name: entry.path,
      type: 'file' as const,
      mode: entry.executable ? 0o755 : 0o644,
      size,
    };
    await pipeline(handle.createReadStream({ autoClose: false }), tar.entry(header));
  } catch (cause) {
    throw new Invalid(
      'files',
      `"/${entry.path}" could not be read, or changed while it was (${(cause as Error).message})`,
      { cause },
    );
  }
}

function measure(): { stream: Transform; digest(): Digest; size(): number } {
  const hash = createHash('sha256');
  let size = 0;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      size += chunk.length;
      done(null, chunk);
    },
  });
  return { stream, digest: () => parseDigest(`sha256:${hash.digest('hex')}`), size: () => size };
}
