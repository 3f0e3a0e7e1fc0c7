import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, open, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TransformOptions } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { createGunzip, type ZlibOptions } from 'node:zlib';
import * as z from 'zod';
import { type Descriptor, MEDIA_TYPE } from '../image/descriptor.ts';
import { type Digest, digestAlgorithm, isDigest } from '../image/digest.ts';
import { Failure, Refused, Unavailable } from '../outcome/outcome.ts';
import { countPassed } from '../process/heap.ts';
import { writeBytes } from '../process/write.ts';
import { digestOf } from '../store/hash.ts';
import { readJson } from '../store/json.ts';
import { mapParallel } from '../store/parallel.ts';
import type { Store } from '../store/store.ts';
import { type PlatformManifest, readConfig } from '../store/subjects.ts';

/** Name of the layout, inside the folder that Trivy runs in; Trivy calls the image by it. */
export const LAYOUT_FOLDER = 'image';

const TAR = 'application/vnd.oci.image.layer.v1.tar';
const GZIP: readonly string[] = [MEDIA_TYPE.layerGzip, 'application/vnd.docker.image.rootfs.diff.tar.gzip'];

/** Larger layers (bytes, compressed) stay compressed: the disk of a runner is small. */
const UNPACKED_LIMIT = 512 * 1024 * 1024;

// zlib works on a thread of its own; this is how far it may run ahead.
const GUNZIP: ZlibOptions & TransformOptions = { chunkSize: 1024 * 1024, highWaterMark: 1024 * 1024 };

const diffId = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value));
const configSchema = z.object({ rootfs: z.object({ diff_ids: z.array(diffId) }) });

/** The digest that the image's manifest has, by the digest that Trivy sees, for the layers that were unpacked. */
export type LayerDigests = ReadonlyMap<string, Digest>;

/**
 * Writes one platform's image as the OCI layout `<folder>/image`, so that Trivy needs no registry and no credentials,
 * and sees the very bytes that the digest names: every hash is checked on the way. Layers are stored unpacked and held against the
 * config's diff IDs (image-spec 1.1, config.md): unpacking is what most of Trivy's time goes into, and here it is done while they come in.
 */
export async function writeLayout(
  store: Store,
  platform: PlatformManifest,
  folder: string,
): Promise<LayerDigests> {
  const { manifest, descriptor } = platform;
  const layout = join(folder, LAYOUT_FOLDER);
  const config = await readConfig(store, platform);
  const diffIds = readJson(configSchema, config)?.rootfs.diff_ids;
  if (diffIds?.length !== manifest.layers.length) {
    throw new Refused(`${store.place}@${descriptor.digest} is no image: its config does not name its layers`);
  }
  const unpacked = new Map<string, Digest>();
  const layers = await mapParallel([...manifest.layers.entries()], 4, async ([index, layer]) => {
    const id = diffIds[index];
    const part = join(folder, `layer-${index}`);
    if (id === undefined || !GZIP.includes(layer.mediaType) || layer.size > UNPACKED_LIMIT) {
      await pipeline(await store.getBlob(layer), createWriteStream(part));
      await placeBlob(layout, layer.digest, part);
      return layer;
    }
    const size = await unpackLayer(store, layer, id, part);
    await placeBlob(layout, id, part);
    unpacked.set(id, layer.digest);
    return { mediaType: TAR, digest: id, size };
  });
  await writeBlob(layout, manifest.config.digest, config);
  const changed = Buffer.from(JSON.stringify({ ...manifest, layers }));
  const entry = { mediaType: descriptor.mediaType, digest: digestOf(changed), size: changed.length };
  await writeBlob(layout, entry.digest, changed);
  await writeFile(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
  await writeFile(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  return unpacked;
}

/** Unpacks a layer into `file` and returns its size. `Refused` when it is not what the config says, `Unavailable` when it cannot be unpacked. */
async function unpackLayer(store: Store, layer: Descriptor, id: Digest, file: string): Promise<number> {
  const hash = createHash(digestAlgorithm(id));
  const output = await open(file, 'wx');
  let size = 0;
  try {
    await pipeline(
      await store.getBlob(layer),
      createGunzip(GUNZIP),
      async (source: AsyncIterable<Buffer>) => {
        for await (const chunk of source) {
          size += chunk.length;
          hash.update(chunk);
          countPassed(chunk.length);
          writeBytes(output.fd, chunk);
        }
      },
    );
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    const what = `${store.place}: the layer ${layer.digest}`;
    // A full disk, for one, says nothing of the layer.
    if (!(cause as NodeJS.ErrnoException).code?.startsWith('Z_')) {
      throw new Unavailable(`${what} could not be written to the runner's disk`, { cause });
    }
    // Bytes that are no gzip may be other bytes than the digest names: reading them to the end tells.
    await finished((await store.getBlob(layer)).resume());
    throw new Unavailable(`${what} could not be unpacked`, { cause });
  } finally {
    await output.close();
  }
  const found = `${digestAlgorithm(id)}:${hash.digest('hex')}`;
  if (found === id) return size;
  throw new Refused(
    `${store.place}: the layer ${layer.digest} unpacks to ${found}, and the image's config says ${id}`,
  );
}

async function placeBlob(layout: string, digest: Digest, file: string): Promise<void> {
  const path = blobPath(layout, digest);
  await mkdir(dirname(path), { recursive: true });
  await rename(file, path);
}

async function writeBlob(layout: string, digest: Digest, content: Buffer): Promise<void> {
  const path = blobPath(layout, digest);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

function blobPath(layout: string, digest: Digest): string {
  return join(layout, 'blobs', ...digest.split(':'));
}
