import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { type Extract, extract } from 'tar-stream';
import * as z from 'zod';
import { type Descriptor, MEDIA_TYPE, type Platform } from '../image/descriptor.ts';
import { findPlatform, formatPlatform } from '../image/platform.ts';
import { Failure, Invalid, Refused, Unavailable } from '../outcome/outcome.ts';
import { readJson } from '../store/json.ts';
import type { Store } from '../store/store.ts';
import type { ImageSubjects, PlatformManifest } from '../store/subjects.ts';
import { cutFrames } from './zstd.ts';

/** The image that layers are laid upon: read once, by digest. */
export interface Base {
  readonly store: Store;
  readonly image: ImageSubjects;
}

const strings = z.array(z.string());

/** OCI image-spec 1.1, config.md: what is carried over from a base. Keys of `config` that are not known here are kept. */
export const imageConfigSchema = z.object({
  architecture: z.string(),
  os: z.string(),
  variant: z.string().optional(),
  'os.version': z.string().optional(),
  'os.features': strings.optional(),
  config: z
    .looseObject({
      Env: strings.nullish(),
      Entrypoint: strings.nullish(),
      Cmd: strings.nullish(),
      Labels: z.record(z.string(), z.string()).nullish(),
      User: z.string().nullish(),
    })
    .nullish(),
  rootfs: z.object({ type: z.literal('layers'), diff_ids: strings }),
  history: z.array(z.looseObject({ empty_layer: z.boolean().optional() })).nullish(),
});
export type ImageConfig = z.infer<typeof imageConfigSchema>;

/** The platform that is built when none is asked for and the base does not settle it: the same on every machine. */
const DEFAULT_PLATFORM: Platform = { os: 'linux', architecture: 'amd64' };

/** The platforms to build: those asked for, otherwise the only one of the base, otherwise linux/amd64. */
export function choosePlatforms(asked: readonly Platform[], base: Base | undefined): readonly Platform[] {
  if (asked.length > 0)
    return [...new Map(asked.map((platform) => [formatPlatform(platform), platform])).values()];
  const only = base?.image.platforms.length === 1 ? base.image.platforms[0] : undefined;
  return [only?.platform ?? DEFAULT_PLATFORM];
}

/** The base's manifest for a platform. Throws `Invalid` naming `platforms` with those there are. */
export function pickPlatform(base: Base, platform: Platform): PlatformManifest {
  const { platforms } = base.image;
  const found = findPlatform(platforms, platform);
  if (found === undefined) {
    const there = platforms.map((one) => formatPlatform(one.platform)).join(', ');
    throw new Invalid('platforms', `the base image has no ${formatPlatform(platform)}; it has ${there}`);
  }
  return found;
}

/** The config of the base for one platform, checked to describe exactly its layers. */
export async function readBaseConfig(
  base: Base,
  { manifest, descriptor }: PlatformManifest,
): Promise<ImageConfig> {
  const config = readJson(imageConfigSchema, await base.store.readBlob(manifest.config));
  if (config === undefined || config.rootfs.diff_ids.length !== manifest.layers.length) {
    throw new Refused(
      `the base ${base.store.place}@${descriptor.digest} is no container image that can be built upon`,
    );
  }
  return config;
}

// Docker's layer types name the same bytes as OCI's (image-spec, media-types.md "Compatibility Matrix").
const layerTypes: Readonly<Record<string, string>> = {
  'application/vnd.docker.image.rootfs.diff.tar.gzip': MEDIA_TYPE.layerGzip,
  'application/vnd.docker.image.rootfs.diff.tar': 'application/vnd.oci.image.layer.v1.tar',
  'application/vnd.oci.image.layer.v1.tar': 'application/vnd.oci.image.layer.v1.tar',
  [MEDIA_TYPE.layerGzip]: MEDIA_TYPE.layerGzip,
  [MEDIA_TYPE.layerZstd]: MEDIA_TYPE.layerZstd,
};

/** The descriptor of a base's layer for an OCI manifest. A layer of another kind (encrypted, foreign) is `Invalid`. */
export function adoptLayer(layer: Descriptor): Descriptor {
  const mediaType = layerTypes[layer.mediaType];
  if (mediaType === undefined) {
    throw new Invalid('base', `has a layer of the type ${layer.mediaType}, which cannot be built upon`);
  }
  return { mediaType, digest: layer.digest, size: layer.size };
}

/**
 * The folders (and links, which may stand for folders) that layers leave behind when unpacked in order, as paths without slashes at
 * their ends. Whiteouts are followed (image-spec, layer.md).
 */
export async function listFolders(
  store: Store,
  layers: readonly LayerContent[],
  deadline: AbortSignal,
): Promise<Set<string>> {
  const folders = new Set<string>();
  const remove = (path: string, { keepItself = false } = {}): void => {
    const below = path === '' ? '' : `${path}/`;
    for (const known of folders) {
      if (known.startsWith(below) || (known === path && !keepItself)) folders.delete(known);
    }
  };
  for (const layer of layers) {
    const added: string[] = [];
    await readHeaders(store, layer, deadline, ({ name, type }) => {
      const path = name.replace(/^(?:\.?\/)+|\/+$/g, '');
      const slash = path.lastIndexOf('/');
      const [parent, last] = [path.slice(0, Math.max(slash, 0)), path.slice(slash + 1)];
      // An opaque whiteout hides what lower layers put into the folder, whatever its place in this one.
      if (last === '.wh..wh..opq') remove(parent, { keepItself: true });
      else if (last.startsWith('.wh.')) remove(slash < 0 ? last.slice(4) : `${parent}/${last.slice(4)}`);
      else if (type === 'directory' || type === 'symlink') added.push(path);
      else if (folders.has(path)) remove(path);
    });
    for (const path of added) folders.add(path);
  }
  return folders;
}

async function readHeaders(
  store: Store,
  layer: LayerContent,
  deadline: AbortSignal,
  visit: (header: { name: string; type?: string | null | undefined }) => void,
): Promise<void> {
  const tar = extract();
  tar.on('entry', (header, content, next) => {
    visit(header);
    content.on('end', next).resume();
  });
  await unpackLayer(store, layer, tar, deadline);
}

/** A layer, and what the image's config calls the tar in it. */
interface LayerContent {
  readonly layer: Descriptor;
  readonly diffId: string | undefined;
}

/**
 * Sends a layer's tar to whoever reads it. One that cannot be unpacked, or unpacks to another tar than the config names (less of it,
 * for one), is `Refused`.
 */
export async function unpackLayer(
  store: Store,
  { layer, diffId }: LayerContent,
  tar: Extract,
  deadline: AbortSignal,
): Promise<void> {
  if (deadline.aborted) throw new Unavailable('a layer was not read: no time is left');
  const algorithm = diffId?.startsWith('sha512:') ? 'sha512' : 'sha256';
  const hash = createHash(algorithm);
  const measure = async function* (source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      hash.update(chunk);
      yield chunk;
    }
  };
  try {
    const blob = await store.getBlob(layer);
    const ends = { signal: deadline };
    if (layer.mediaType.endsWith('gzip')) await pipeline(blob, createGunzip(), measure, tar, ends);
    else if (layer.mediaType.endsWith('zstd'))
      await pipeline(blob, cutFrames, createZstdDecompress(), measure, tar, ends);
    else await pipeline(blob, measure, tar, ends);
  } catch (cause) {
    if (deadline.aborted) throw new Unavailable('a layer was not read in time', { cause });
    if (cause instanceof Failure) throw cause;
    throw new Refused(`a layer cannot be unpacked: ${(cause as Error).message}`, { cause });
  }
  const found = `${algorithm}:${hash.digest('hex')}`;
  if (found === diffId) return;
  throw new Refused(
    `${store.place}: the layer ${layer.digest} unpacks to ${found}, and the image's config says ${diffId ?? 'nothing of it'}`,
  );
}
