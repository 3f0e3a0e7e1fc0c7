import * as z from 'zod';
import { findAmbiguousKey } from '../image/ambiguity.ts';
import {
  type Descriptor,
  indexSchema,
  isIndexType,
  isManifestType,
  type Manifest,
  manifestSchema,
  type Platform,
} from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import { formatPlatform, isRunnable } from '../image/platform.ts';
import { Invalid, Refused } from '../outcome/outcome.ts';
import { readJson } from './json.ts';
import { mapParallel } from './parallel.ts';
import type { Store, StoredManifest } from './store.ts';

/** A manifest that can run, with the platform that an index gives for it. */
export interface ListedManifest {
  readonly platform: Platform | undefined;
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
  readonly stored: StoredManifest;
}

/** One image that can run: a manifest and the platform it is for. */
export interface PlatformManifest extends ListedManifest {
  readonly platform: Platform;
  /** The config's bytes, where they were read to learn the platform. */
  readonly config?: Buffer;
}

/** Everything evidence about an image must cover: what its digest names, and each platform manifest below it. */
export interface ImageManifests<M extends ListedManifest = ListedManifest> {
  readonly digest: Digest;
  readonly root: StoredManifest;
  readonly platforms: readonly M[];
  /** The root first, then every platform manifest; a single manifest is both, and listed once. */
  readonly all: readonly Descriptor[];
}

/** The same with each manifest's platform known. */
export type ImageSubjects = ImageManifests<PlatformManifest>;

/** What people call the subjects of an image, the root first: `index` and `linux/amd64`; `image` where nothing gave its platform, `artifact` where none can run. */
export function nameSubjects({ digest, platforms }: ImageManifests): Map<Digest, string> {
  return new Map([
    [digest, platforms.length === 0 ? 'artifact' : 'index'],
    ...platforms.map(
      ({ descriptor, platform }) =>
        [descriptor.digest, platform ? formatPlatform(platform) : 'image'] as const,
    ),
  ]);
}

/** The most manifests of one image, nested indexes included. */
const MANIFESTS = 200;

const platformConfigSchema = z.object({
  os: z.string(),
  architecture: z.string(),
  variant: z.string().optional(),
});

/**
 * Reads an image and its platform manifests, whatever the nesting; BuildKit's `unknown/unknown` attestations are left out.
 * An image that is not there is `Invalid`; a child that is missing, or is not what the index says, is `Refused`.
 */
export async function listSubjects(store: Store, reference: Digest | string): Promise<ImageSubjects> {
  const image = await listManifests(store, reference);
  const platforms = await mapParallel(image.platforms, 16, async (one): Promise<PlatformManifest> => {
    const { platform } = one;
    if (platform !== undefined) return { ...one, platform };
    const config = await readConfig(store, one);
    return { ...one, platform: readPlatform(config), config };
  });
  return { ...image, platforms };
}

/** The same for who need not know a platform that no index gives: it is one request less. */
export async function listManifests(store: Store, reference: Digest | string): Promise<ImageManifests> {
  const root = await store.getManifest(reference);
  if (!root) {
    throw new Invalid('image', `${store.place} holds no ${reference}`, {
      hint: 'Check the name, and that the step that pushes it ran before; a registry may also hide it from this login.',
    });
  }
  const { descriptor } = root;
  const seen = new Set([descriptor.digest]);
  const platforms = await readPlatforms(store, root, undefined, seen);
  const below = platforms
    .map((platform) => platform.descriptor)
    .filter(({ digest }) => digest !== descriptor.digest);
  return { digest: descriptor.digest, root, platforms, all: [descriptor, ...below] };
}

/** The platform manifests at or below `stored`. `seen` holds every manifest met so far: none is read twice, and there is a limit. */
async function readPlatforms(
  store: Store,
  stored: StoredManifest,
  platform: Platform | undefined,
  seen: Set<Digest>,
): Promise<ListedManifest[]> {
  const { descriptor, bytes } = stored;
  const ambiguous = findAmbiguousKey(bytes.toString());
  if (ambiguous !== undefined) {
    throw new Refused(
      `${store.place}@${descriptor.digest} has the key "${ambiguous}", which not every reader takes for the same`,
    );
  }
  if (!isIndexType(descriptor.mediaType)) {
    const manifest = readJson(manifestSchema, bytes);
    if (!manifest || !isManifestType(descriptor.mediaType)) {
      throw new Refused(`${store.place}@${descriptor.digest} is no image manifest`);
    }
    return [{ platform, descriptor, manifest, stored }];
  }
  const index = readJson(indexSchema, bytes);
  if (!index) throw new Refused(`${store.place}@${descriptor.digest} is no image index`);
  const children = index.manifests.filter((child) => {
    if (!isRunnable(child.platform) || seen.has(child.digest)) return false;
    seen.add(child.digest);
    return true;
  });
  if (seen.size > MANIFESTS) {
    throw new Refused(`${store.place}@${descriptor.digest} has more than ${MANIFESTS} manifests`);
  }
  const found = await mapParallel(children, 16, async (child) =>
    readPlatforms(store, await getChild(store, descriptor.digest, child), child.platform, seen),
  );
  return found.flat();
}

async function getChild(store: Store, parent: Digest, child: Descriptor): Promise<StoredManifest> {
  const stored = await store.getManifest(child.digest);
  requireChild(store.place, parent, child, stored);
  return stored;
}

/** Refuses an index whose child is not there, or is not what the index says of it. */
export function requireChild(
  place: string,
  parent: Digest,
  child: Descriptor,
  stored: StoredManifest | undefined,
): asserts stored is StoredManifest {
  if (!stored) {
    throw new Refused(`${place}@${parent} is incomplete: ${child.digest} is named in it but not stored`);
  }
  const { mediaType, size } = stored.descriptor;
  if (mediaType !== child.mediaType || size !== child.size) {
    throw new Refused(`${place}@${parent} describes ${child.digest} with another type or size`);
  }
}

/** The most bytes of an image's config. */
const CONFIG_LIMIT = 8 * 1024 * 1024;

/** The bytes of a platform's config: those that were read with its manifest, or fetched now. */
export async function readConfig(
  store: Store,
  { manifest, config }: { readonly manifest: Manifest; readonly config?: Buffer },
): Promise<Buffer> {
  return config ?? (await store.readBlob(manifest.config, CONFIG_LIMIT));
}

/** The platform that an image's config states; `unknown` when it is no image's config. */
function readPlatform(config: Buffer): Platform {
  return readJson(platformConfigSchema, config) ?? { os: 'unknown', architecture: 'unknown' };
}
