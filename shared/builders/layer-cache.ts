import { randomUUID } from 'node:crypto';
import { constants as flags } from 'node:fs';
import { mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import type { Log } from '../github/context.ts';
import { type Digest, digestHex, isDigest } from '../image/digest.ts';
import { Invalid } from '../outcome/outcome.ts';
import { readJson } from '../store/json.ts';
import { SMALL_BLOB } from '../store/registry.ts';
import type { Store } from '../store/store.ts';
import { locateInput } from '../workspace/file.ts';
import { type Compression, type Layer, LEVELS } from './layer.ts';

/** Folders with what tars became when they were compressed, an entry a file, and the place whose blobs are asked for. */
export interface LayerCache {
  readonly from: readonly string[];
  readonly to: readonly string[];
  /** Undefined for an image that stays on disk: nothing is there yet. */
  readonly destination: Store | undefined;
}

/** An entry is some 100 bytes; of a longer file no more is read. */
const ENTRY_LIMIT = 1024;
const entrySchema = z.strictObject({
  digest: z.custom<Digest>((value) => typeof value === 'string' && isDigest(value)),
  size: z.int().positive(),
});

/** The folder of a line of `cache-from` (`type=local,src=<folder>`) or `cache-to` (`type=local,dest=<folder>`), as docker buildx takes them. */
export async function locateCache(
  line: string,
  input: 'cache-from' | 'cache-to',
  place: { readonly temp: string; readonly workspace: string },
): Promise<string> {
  const key = input === 'cache-from' ? 'src' : 'dest';
  const folder = new RegExp(`^type=local,${key}=([^,]+)$`).exec(line.trim())?.[1];
  if (folder !== undefined) return locateInput(folder, input, place);
  throw new Invalid(input, `"${line}" is no cache of the layers builder; write type=local,${key}=<folder>`);
}

/**
 * What a tar became in an earlier run, if the destination holds that. The tar is read (`readDiffId`) only where there are entries; one
 * that cannot be read, or is no entry, is none.
 */
export async function findLayer(
  { from, destination }: LayerCache,
  readDiffId: () => Promise<Digest>,
  compression: Compression,
): Promise<Layer | undefined> {
  const listed = await Promise.all(from.map((folder) => readdir(folder).catch(() => [])));
  if (destination === undefined || listed.flat().length === 0) return undefined;
  const diffId = await readDiffId();
  for (const folder of from) {
    const entry = readJson(entrySchema, await readStart(join(folder, entryName(diffId, compression))));
    // A smaller one is sent without asking.
    if (entry === undefined || entry.size <= SMALL_BLOB) continue;
    if (await destination.hasBlob(entry.digest, entry.size)) return { ...entry, diffId };
  }
  return undefined;
}

/** Writes down what a tar became; beside, and then renamed, because jobs may share a folder. No image fails for want of it. */
export async function keepLayer(
  { to }: LayerCache,
  { diffId, digest, size }: Layer,
  compression: Compression,
  log: Pick<Log, 'warning'>,
): Promise<void> {
  for (const folder of to) {
    const temporary = join(folder, randomUUID());
    try {
      await mkdir(folder, { recursive: true });
      await writeFile(temporary, JSON.stringify({ digest, size }), { flag: 'wx' });
      await rename(temporary, join(folder, entryName(diffId, compression)));
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      log.warning(`cache-to: ${folder} cannot be written (${(error as NodeJS.ErrnoException).code})`);
    }
  }
}

/** Names all that decides the bytes, so that an image is the same with a cache and without. */
function entryName(diffId: Digest, compression: Compression): string {
  const { version, platform, arch } = process;
  return `${digestHex(diffId)}.${compression}-${LEVELS[compression]}.node-${version}-${platform}-${arch}.json`;
}

async function readStart(path: string): Promise<Buffer> {
  // Neither a link out of the folder nor a pipe that nobody writes to.
  const file = await open(path, flags.O_RDONLY | flags.O_NOFOLLOW | flags.O_NONBLOCK).catch(() => undefined);
  try {
    const { bytesRead, buffer } = (await file?.read(Buffer.alloc(ENTRY_LIMIT), 0, ENTRY_LIMIT)) ?? {};
    return buffer?.subarray(0, bytesRead) ?? Buffer.alloc(0);
  } catch {
    return Buffer.alloc(0);
  } finally {
    await file?.close();
  }
}
