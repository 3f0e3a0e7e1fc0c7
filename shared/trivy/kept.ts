import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import type { Log } from '../github/context.ts';
import type { Descriptor } from '../image/descriptor.ts';
import { digestHex } from '../image/digest.ts';
import { Unavailable } from '../outcome/outcome.ts';
import { checkStream } from '../store/checked.ts';
import type { Store } from '../store/store.ts';

/**
 * Gives `read` the bytes of a layer: the copy that an earlier run kept in `folder`, or the registry's, of which it then keeps one.
 * Both are hashed on the way; `read` fails at the end when they are not what the digest names, and a copy that it fails with is fetched anew.
 * So whoever can write into the folder can make a run slower, and nothing else.
 */
export async function readKept(
  store: Store,
  layer: Descriptor,
  folder: string | undefined,
  log: Pick<Log, 'info'>,
  read: (source: Readable) => Promise<void>,
): Promise<void> {
  if (folder === undefined) return read(await store.getBlob(layer));
  const file = join(folder, `${digestHex(layer.digest)}.tar.gz`);
  // No link and no pipe, whoever put it there.
  const found = await lstat(file).catch(() => undefined);
  if (found?.isFile() && found.size === layer.size) {
    const explain = (cause: unknown) => new Unavailable(`${file} cannot be read`, { cause });
    try {
      await read(checkStream(layer, createReadStream(file), file, explain));
      return;
    } catch {
      log.info(`${file} is damaged or cannot be unpacked, and is fetched anew`);
    }
  }
  const source = await store.getBlob(layer);
  const copied = Readable.from(copyTo(source, file, log), { objectMode: false });
  await read(copied.once('close', () => source.destroy()));
}

/** Passes `source` on and writes it into `file` beside, which is there when all of it has come well. A disk that takes no copy costs the copy alone. */
async function* copyTo(source: Readable, file: string, log: Pick<Log, 'info'>): AsyncGenerator<Buffer> {
  const part = `${file}.${randomUUID()}.part`;
  const giveUp = (error: unknown): undefined => {
    log.info(`no copy is kept in ${dirname(file)}: ${(error as NodeJS.ErrnoException).code}`);
  };
  let copy = await mkdir(dirname(file), { recursive: true })
    .then(() => open(part, 'wx'))
    .catch(giveUp);
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      yield chunk;
      try {
        await copy?.appendFile(chunk);
      } catch (error) {
        await copy?.close();
        copy = giveUp(error);
      }
    }
    if (copy !== undefined) await rename(part, file).then(() => removeOthers(file), giveUp);
  } finally {
    await copy?.close();
    await rm(part, { force: true }).catch(giveUp);
  }
}

/** A database is made anew every few hours: what stands beside the newest is not needed again. */
async function removeOthers(file: string): Promise<void> {
  for (const name of await readdir(dirname(file))) {
    if (name === basename(file) || !/^[0-9a-f]{64,128}\.tar\.gz/.test(name)) continue;
    await rm(join(dirname(file), name), { force: true });
  }
}
