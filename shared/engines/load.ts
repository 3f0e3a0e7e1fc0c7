import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { pack } from 'tar-stream';
import type { RunContext } from '../github/context.ts';
import { type Descriptor, MEDIA_TYPE } from '../image/descriptor.ts';
import { type Digest, digestAlgorithm, digestHex } from '../image/digest.ts';
import { Refused, Unavailable } from '../outcome/outcome.ts';
import type { Store } from '../store/store.ts';
import type { PlatformManifest } from '../store/subjects.ts';
import type { Engine } from './engine.ts';

/** An image in an engine. */
export interface LoadedImage {
  readonly id: Digest;
  /** Takes it out again, unless it was there before. */
  remove(): Promise<void>;
}

/** Seconds that an engine may take to unpack an image. */
const LOAD_SECONDS = 900;

/**
 * Loads one platform's image from a registry or a layout, every byte checked against its digest on the way: the engine needs no login, and
 * neither tag nor network. Throws `Refused` when the engine then has no image with this config, which is its own name for an image (the
 * manifest's digest where it keeps images in containerd).
 */
export async function loadImage(
  engine: Engine,
  store: Store,
  image: PlatformManifest,
  context: RunContext,
): Promise<LoadedImage> {
  const names = [image.manifest.config.digest, image.descriptor.digest];
  const present = await findImage(engine, names);
  if (present !== undefined) return { id: present, remove: async () => undefined };
  const remove = (id: Digest): Promise<void> => engine.clean(['rmi', '--force', id]);
  const folder = await mkdtemp(join(context.temp, 'hallmark-test-'));
  try {
    const archive = join(folder, 'image.tar');
    await writeArchive(store, image, archive, context.deadline);
    await engine.read(['load', '--quiet', '--input', archive], { seconds: LOAD_SECONDS, makes: true });
    const id = await findImage(engine, names);
    if (id !== undefined) return { id, remove: () => remove(id) };
    throw new Refused(`${engine.name} took in the image as something else than ${image.descriptor.digest}`);
  } catch (error) {
    // It may be there all the same.
    for (const name of names) await remove(name);
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function findImage(engine: Engine, names: readonly Digest[]): Promise<Digest | undefined> {
  for (const name of names) {
    const { code, stdout } = await engine.run(['image', 'inspect', '--format', '{{.Id}}', name]);
    const id = stdout
      .toString('utf8')
      .trim()
      .replace(/^sha256:/, '');
    if (code === 0 && id === digestHex(name)) return name;
  }
  return undefined;
}

/** Both an OCI layout and what `docker save` wrote before it knew one, as Docker's own archives are since 25: every engine reads one of them. */
async function writeArchive(
  store: Store,
  { manifest, descriptor, stored }: PlatformManifest,
  file: string,
  deadline: AbortSignal,
): Promise<void> {
  if (deadline.aborted) throw new Unavailable('the image was not read: no time is left');
  const tar = pack();
  const written = pipeline(tar, createWriteStream(file, { flags: 'wx' }), { signal: deadline });
  const fill = async (): Promise<void> => {
    const index = { schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests: [descriptor] };
    const saved = {
      Config: blobPath(manifest.config),
      RepoTags: null,
      Layers: manifest.layers.map((layer) => blobPath(layer)),
    };
    tar.entry({ name: 'oci-layout' }, JSON.stringify({ imageLayoutVersion: '1.0.0' }));
    tar.entry({ name: 'index.json' }, JSON.stringify(index));
    tar.entry({ name: 'manifest.json' }, JSON.stringify([saved]));
    tar.entry({ name: blobPath(descriptor) }, stored.bytes);
    // A layer may stand in an image twice.
    const blobs = new Map([manifest.config, ...manifest.layers].map((blob) => [blob.digest, blob]));
    for (const blob of blobs.values()) {
      await pipeline(await store.getBlob(blob), tar.entry({ name: blobPath(blob), size: blob.size }));
    }
    tar.finalize();
  };
  const filled = fill().catch((error: Error) => {
    tar.destroy(error);
    throw error;
  });
  const [first] = (await Promise.allSettled([filled, written])).filter((end) => end.status === 'rejected');
  if (first === undefined) return;
  if (deadline.aborted) throw new Unavailable('the image was not read in time', { cause: first.reason });
  throw first.reason;
}

function blobPath({ digest }: Pick<Descriptor, 'digest'>): string {
  return `blobs/${digestAlgorithm(digest)}/${digestHex(digest)}`;
}
