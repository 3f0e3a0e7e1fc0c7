import { mkdir, rename } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { RunContext } from '../github/context.ts';
import { type Descriptor, MEDIA_TYPE, type Platform } from '../image/descriptor.ts';
import { digestAlgorithm, digestHex } from '../image/digest.ts';
import { formatPlatform } from '../image/platform.ts';
import { Invalid } from '../outcome/outcome.ts';
import { keepHeapSmall } from '../process/heap.ts';
import { digestOf } from '../store/hash.ts';
import { openStore, storeOptions } from '../store/open.ts';
import { mapParallel } from '../store/parallel.ts';
import type { Store } from '../store/store.ts';
import {
  adoptLayer,
  type Base,
  choosePlatforms,
  type ImageConfig,
  listFolders,
  pickPlatform,
  readBaseConfig,
} from './base.ts';
import type { Builder, BuildRequest, Material } from './builder.ts';
import { collectFiles, type FileEntry } from './files.ts';
import { formatIndex, sortKeys } from './image-index.ts';
import { type Compression, type Layer, readDiffId, writeLayer } from './layer.ts';
import { findLayer, keepLayer, type LayerCache } from './layer-cache.ts';

/** An image put together from a base and files. Nothing is executed. */
export interface LayersRequest extends BuildRequest {
  /** Undefined is `scratch`. */
  readonly base: Base | undefined;
  /** Lines of `source:/target`; see `collectFiles`. */
  readonly files: readonly string[];
  /** Paths and globs of the image that get a layer each, in this order from below; all else is the last layer. */
  readonly split: readonly string[];
  readonly compression: Compression;
  readonly cache: LayerCache;
  /** Replaces the base's entrypoint and, as with Docker, its command. */
  readonly entrypoint: readonly string[] | undefined;
  readonly env: readonly (readonly [string, string])[];
  readonly user: string | undefined;
}

/** Each holds some 30 MB while it is compressed. */
const LAYERS_AT_ONCE = 2;
/** Files of a layer by rule carry no commit's time, in seconds since 1970: it stays the same as long as they do. */
const SPLIT_TIME = 1;

/** Assembles the image: the same commit, base and files give the same digest for one version of Node on one kind of machine, and the same diffIDs anywhere. */
export const buildLayers: Builder<LayersRequest> = async (request, context) => {
  // What tens of thousands of files leave behind is garbage at once; their list stays to the end.
  keepHeapSmall(100);
  const { base, layout: folder } = request;
  const layout = openStore({ kind: 'layout', folder }, { ...storeOptions(context), workspace: folder });
  const entries = await collectFiles(request.folder, request.files);
  const parts = splitEntries(entries, request.split);
  const layers = new Map<string, Promise<Layer>>();
  const packPart = ({ key, entries: wanted, time }: Part): Promise<Layer> => {
    const layer = layers.get(key) ?? packLayer(wanted, time, `layer-${layers.size}`, request, context);
    layers.set(key, layer);
    return layer;
  };

  const manifests: Descriptor[] = [];
  for (const platform of choosePlatforms(request.platforms, base)) {
    const lower = base === undefined ? emptyBase(platform) : await copyBase(base, platform, layout);
    // A folder that the base has keeps the mode it has there; a link to a folder stays a link.
    const contents = lower.layers.map((layer, at) => ({ layer, diffId: lower.config.rootfs.diff_ids[at] }));
    const there = await listFolders(layout, contents, context.deadline);
    const upper = parts.map((part, at) => {
      const isThere = ({ type, path }: FileEntry): boolean => type === 'directory' && there.has(path);
      const [added, left] = [part.filter((entry) => !isThere(entry)), part.filter(isThere)];
      for (const { type, path } of added) if (type === 'directory') there.add(path);
      return {
        key: [at, ...left.map(({ path }) => path)].join('\0'),
        entries: added,
        time: at < request.split.length ? SPLIT_TIME : request.created,
      };
    });
    const full = upper.filter((part) => part.entries.length > 0);
    const packed = await mapParallel(full, LAYERS_AT_ONCE, packPart);
    manifests.push({
      ...(await writeManifest(request, lower, packed, layout)),
      platform: platformOf(lower.config),
    });
  }
  const digest = await writeRoot(request, manifests, layout);
  const name = base && `${base.store.place}@${base.image.digest}`;
  context.log.info(
    `layers: ${entries.length} entries on ${name ?? 'scratch'} for ${manifests.map((one) => one.platform && formatPlatform(one.platform)).join(', ')}`,
  );
  return { digest, materials: base ? [describeBase(base)] : [], checks: [] };
};

/** What goes into one layer, and the time of its files. */
interface Part {
  /** The same for the same entries: which part it is, and what of it the base has. */
  readonly key: string;
  readonly entries: readonly FileEntry[];
  readonly time: number;
}

/**
 * Writes a layer into the layout, where it is by its digest (image-spec, image-layout.md "Blobs"), unless the cache knows it and its
 * destination has it.
 */
async function packLayer(
  entries: readonly FileEntry[],
  time: number,
  name: string,
  { layout, compression, cache }: LayersRequest,
  { deadline, log }: RunContext,
): Promise<Layer> {
  const known = await findLayer(cache, () => readDiffId(entries, time, deadline), compression);
  if (known !== undefined) {
    log.info(`Cached: ${known.digest}, which ${cache.destination?.place} has`);
    await keepLayer(cache, known, compression, log);
    return known;
  }
  const part = join(layout, name);
  const layer = await writeLayer(entries, part, time, compression, deadline);
  await keepLayer(cache, layer, compression, log);
  const blobs = join(layout, 'blobs', digestAlgorithm(layer.digest));
  await mkdir(blobs, { recursive: true });
  await rename(part, join(blobs, digestHex(layer.digest)));
  return layer;
}

/** What goes into each layer, with the folders above it: the parts that rules ask for, then the rest. */
function splitEntries(entries: readonly FileEntry[], rules: readonly string[]): (readonly FileEntry[])[] {
  if (rules.length === 0) return [entries];
  const matches = (path: string, rule: string): boolean =>
    posix.matchesGlob(`/${path}`, rule) || `/${path}/`.startsWith(`${rule.replace(/\/+$/, '')}/`);
  const placeOf = ({ path }: FileEntry): number => {
    const at = rules.findIndex((rule) => matches(path, rule));
    return at < 0 ? rules.length : at;
  };
  const unused = rules.filter((rule) => !entries.some(({ path }) => matches(path, rule)));
  if (unused.length > 0) {
    throw new Invalid(
      'layers',
      `${unused.join(', ')} names nothing that is in the image; write /path/in/image`,
    );
  }
  return Array.from({ length: rules.length + 1 }, (_, at) => {
    const own = new Set(entries.filter((entry) => placeOf(entry) === at));
    const above = new Set([...own].flatMap(({ path }) => listParents(path)));
    return entries.filter((entry) => own.has(entry) || (entry.type === 'directory' && above.has(entry.path)));
  });
}

function listParents(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, at) => parts.slice(0, at + 1).join('/'));
}

/** The base as a package URL (package-url/purl-spec, type oci). */
function describeBase({ store, image: { digest } }: Base): Material {
  const name = store.place.slice(store.place.lastIndexOf('/') + 1).toLowerCase();
  const where = store.host === undefined ? '' : `?repository_url=${encodeURIComponent(store.place)}`;
  return {
    uri: `pkg:oci/${encodeURIComponent(name)}@${encodeURIComponent(digest)}${where}`,
    digest: { [digestAlgorithm(digest)]: digestHex(digest) },
  };
}

/** What lies below the new layer, already in the layout. */
interface Lower {
  readonly config: ImageConfig;
  readonly layers: readonly Descriptor[];
  readonly annotations: Readonly<Record<string, string>>;
}

function emptyBase(platform: Platform): Lower {
  return { config: { ...platform, rootfs: { type: 'layers', diff_ids: [] } }, layers: [], annotations: {} };
}

async function copyBase(base: Base, platform: Platform, layout: Store): Promise<Lower> {
  const found = pickPlatform(base, platform);
  const config = await readBaseConfig(base, found);
  const layers = found.manifest.layers.map(adoptLayer);
  for (const layer of layers) await layout.putBlob(layer, () => base.store.getBlob(layer));
  return {
    config,
    layers,
    // image-spec, annotations.md: what this image was built on, by the digest of that very platform.
    annotations: {
      'org.opencontainers.image.base.digest': found.descriptor.digest,
      ...(base.store.host !== undefined && {
        'org.opencontainers.image.base.name': `${base.store.place}@${base.image.digest}`,
      }),
    },
  };
}

function platformOf({ architecture, os, variant, ...rest }: ImageConfig): Platform {
  return {
    architecture,
    os,
    ...(variant !== undefined && { variant }),
    ...(rest['os.version'] !== undefined && { 'os.version': rest['os.version'] }),
    ...(rest['os.features'] !== undefined && { 'os.features': rest['os.features'] }),
  };
}

async function writeManifest(
  request: LayersRequest,
  lower: Lower,
  added: readonly Layer[],
  layout: Store,
): Promise<Descriptor> {
  const config = Buffer.from(JSON.stringify(buildConfig(request, lower.config, added)));
  const mediaType = request.compression === 'zstd' ? MEDIA_TYPE.layerZstd : MEDIA_TYPE.layerGzip;
  const configDescriptor = { mediaType: MEDIA_TYPE.config, digest: digestOf(config), size: config.length };
  await layout.putBlob(configDescriptor, () => config);
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.manifest,
    config: configDescriptor,
    layers: [...lower.layers, ...added.map(({ digest, size }) => ({ mediaType, digest, size }))],
    annotations: sortKeys({ ...lower.annotations, ...request.annotations }),
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  const { digest } = await layout.putManifest(bytes, MEDIA_TYPE.manifest);
  return { mediaType: MEDIA_TYPE.manifest, digest, size: bytes.length };
}

function buildConfig(
  request: LayersRequest,
  lower: ImageConfig,
  added: readonly Layer[],
): ImageConfig & { created: string } {
  const { Cmd, Entrypoint, Env, Labels, User, ...kept } = lower.config ?? {};
  const created = new Date(request.created * 1000).toISOString().replace('.000Z', 'Z');
  const created_by = `hallmark layers: ${request.files.join(', ') || 'no files'}`;
  const env = mergeEnv(Env ?? [], request.env);
  const user = request.user ?? User;
  const entrypoint = request.entrypoint ?? Entrypoint;
  const cmd = request.entrypoint === undefined ? Cmd : undefined;
  return {
    created,
    ...platformOf(lower),
    config: {
      ...kept,
      ...(user && { User: user }),
      ...(env.length > 0 && { Env: env }),
      ...(entrypoint && { Entrypoint: [...entrypoint] }),
      ...(cmd && { Cmd: cmd }),
      Labels: sortKeys({ ...Labels, ...request.labels }),
    },
    rootfs: { type: 'layers', diff_ids: [...lower.rootfs.diff_ids, ...added.map(({ diffId }) => diffId)] },
    history: [
      ...(lower.history ?? []),
      ...(added.length === 0 ? [{ created, created_by, empty_layer: true }] : []),
      ...added.map(() => ({ created, created_by })),
    ],
  };
}

function mergeEnv(lower: readonly string[], added: LayersRequest['env']): string[] {
  const merged = new Map(lower.map((entry) => [entry.split('=', 1)[0] ?? entry, entry]));
  for (const [name, value] of added) merged.set(name, `${name}=${value}`);
  return [...merged.values()];
}

/** One manifest is the image; several get an index. */
async function writeRoot(request: LayersRequest, manifests: readonly Descriptor[], layout: Store) {
  const [only] = manifests;
  if (only === undefined) throw new Invalid('platforms', 'names none');
  if (manifests.length === 1) return only.digest;
  return (await layout.putManifest(formatIndex(manifests, request.annotations), MEDIA_TYPE.index)).digest;
}
