import * as z from 'zod';
import type { Material } from '../builders/builder.ts';
import type { Evidence } from '../evidence/evidence.ts';
import { parsePackageUrl } from '../evidence/packages.ts';
import { provenanceSchema } from '../evidence/provenance.ts';
import type { Digest } from '../image/digest.ts';
import { isDigest } from '../image/digest.ts';
import { countShared, layeredConfigSchema } from '../image/history.ts';
import { findPlatform, formatPlatform } from '../image/platform.ts';
import { formatPlace, parseReference, type Reference } from '../image/reference.ts';
import { expandName, type ImageName, parseImageName } from '../manifests/name.ts';
import { Failure, Unavailable } from '../outcome/outcome.ts';
import { readJson } from '../store/json.ts';
import { openStore, type StoreOptions } from '../store/open.ts';
import type { Store } from '../store/store.ts';
import { type ImageSubjects, listSubjects, type PlatformManifest, readConfig } from '../store/subjects.ts';

/** The image that another one was built on: its layers are that one's lowest. */
export interface BaseImage {
  readonly reference: Reference;
  readonly store: Store;
  readonly image: ImageSubjects;
  /** How many of the lowest layers it brought, by platform. */
  readonly layers: ReadonlyMap<string, number>;
}

const NAME = 'org.opencontainers.image.base.name';
const DIGEST = 'org.opencontainers.image.base.digest';
const labelsSchema = z.object({
  config: z.object({ Labels: z.record(z.string(), z.string()).nullish() }).nullish(),
});

/** The most claims of one source that are looked at. */
const MOST = 8;

/**
 * Finds what `FROM` brought. Asked are, in this order, verified provenance (its materials), the image's annotations and labels
 * (image-spec, annotations.md: `org.opencontainers.image.base.*`), and the Dockerfile. Whoever says it, it counts when the layers agree on
 * every platform; of several materials the one with most layers. Otherwise a sentence that says why there is none. When something was
 * not reached and nothing else was found it is `Unavailable`.
 */
export async function findBaseImage(
  about: {
    readonly store: Store;
    readonly image: ImageSubjects;
    readonly evidence: readonly Evidence[];
    /** What the Dockerfile says after FROM. */
    readonly from: string | undefined;
  },
  options: StoreOptions,
): Promise<BaseImage | string> {
  const sources = [
    about.evidence.flatMap(readMaterials),
    await readAnnotations(about.store, about.image),
    readName(about.from, undefined),
  ];
  const faults: string[] = [];
  let unreachable: Unavailable | undefined;
  for (const claims of sources) {
    const found: BaseImage[] = [];
    // None counts before the layers agree.
    for (const reference of claims.slice(0, MOST)) {
      const wanted = reference.digest ?? reference.tag ?? 'latest';
      const name = `${formatPlace(reference)}${isDigest(wanted) ? '@' : ':'}${wanted}`;
      try {
        const store = openStore(reference, options);
        const image = await listSubjects(store, wanted);
        const layers = await shareLayers(about, { store, image });
        if (layers !== undefined) found.push({ reference, store, image, layers });
        else faults.push(`${name} is not below it: their layers differ`);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        if (error instanceof Unavailable) unreachable = error;
        faults.push(`${name}: ${error.message}`);
      }
    }
    const [best] = found.sort((a, b) => countAll(b.layers) - countAll(a.layers));
    if (best !== undefined) return best;
  }
  if (unreachable !== undefined) throw unreachable;
  return (
    faults.join('; ') ||
    'nothing says what it was built on: no verified provenance with materials, no org.opencontainers.image.base.name, no Dockerfile'
  );
}

/** The image that the base's tag names now; undefined when that is the same one, or when it has no tag. */
export async function findNewerBase(base: BaseImage): Promise<ImageSubjects | undefined> {
  const { tag } = base.reference;
  if (tag === undefined) return undefined;
  const now = await base.store.resolve(tag);
  // A base that is known by one platform's manifest is old only when the tag no longer leads there.
  if (now === undefined || now.digest === base.image.digest) return undefined;
  const image = await listSubjects(base.store, now.digest);
  return image.all.some(({ digest }) => digest === base.image.digest) ? undefined : image;
}

function countAll(layers: ReadonlyMap<string, number>): number {
  return [...layers.values()].reduce((sum, count) => sum + count, 0);
}

/** By platform how many layers `base` brought; undefined when one platform's layers are not on top of it. */
async function shareLayers(
  { store, image }: { readonly store: Store; readonly image: ImageSubjects },
  base: { readonly store: Store; readonly image: ImageSubjects },
): Promise<Map<string, number> | undefined> {
  const counts = new Map<string, number>();
  for (const one of image.platforms) {
    const platform = formatPlatform(one.platform);
    const below = findPlatform(base.image.platforms, one.platform);
    if (below === undefined) continue;
    const [own, lower] = await Promise.all([readLayers(store, one), readLayers(base.store, below)]);
    const count = own && lower && countShared(own, lower.rootfs.diff_ids);
    if (count === undefined || count === 0) return undefined;
    counts.set(platform, count);
  }
  return counts.size > 0 ? counts : undefined;
}

async function readLayers(store: Store, platform: PlatformManifest) {
  return readJson(layeredConfigSchema, await readConfig(store, platform));
}

/** What provenance names as materials: BuildKit's `pkg:docker/…`, and `pkg:oci/…` of the layers builder. */
function readMaterials({ kind, statement }: Evidence): Reference[] {
  if (kind !== 'provenance') return [];
  const { data } = provenanceSchema.safeParse(statement.predicate);
  return (data?.buildDefinition.resolvedDependencies ?? []).flatMap(readMaterial);
}

/** The image that a material is; none for another kind of thing, and for an image of which it is not said where it lies. */
export function readMaterial({ uri = '', digest }: Partial<Material>): Reference[] {
  const url = parsePackageUrl(uri);
  const sha256 = `sha256:${digest?.sha256 ?? ''}`;
  if (url === undefined || !isDigest(sha256)) return [];
  if (url.type === 'oci') return readName(url.qualifiers.get('repository_url') ?? undefined, sha256);
  return url.type === 'docker' ? readName(`${url.name}${formatTag(url.version)}`, sha256) : [];
}

function formatTag(version: string): string {
  return version === '' || isDigest(version) ? '' : `:${version}`;
}

async function readAnnotations(store: Store, image: ImageSubjects): Promise<Reference[]> {
  const claims: Reference[] = [];
  for (const one of image.platforms) {
    const config = readJson(labelsSchema, await readConfig(store, one));
    for (const said of [one.manifest.annotations, config?.config?.Labels]) {
      const digest = said?.[DIGEST];
      claims.push(...readName(said?.[NAME], digest !== undefined && isDigest(digest) ? digest : undefined));
    }
  }
  return claims;
}

/** A name as Dockerfiles have it; none for what is no image. `digest` says which image was meant when the name was read. */
function readName(text: string | undefined, digest: Digest | undefined): Reference[] {
  const name = text === undefined ? undefined : parseImageName(text);
  return name === undefined ? [] : locateName({ ...name, ...(digest && { digest }) });
}

/** Where the image of a name is; nowhere when no registry could have it. */
export function locateName({ name, tag, digest }: ImageName): Reference[] {
  const wanted = tag ?? (digest === undefined ? 'latest' : undefined);
  try {
    const reference = parseReference(`${expandName(name)}${wanted === undefined ? '' : `:${wanted}`}`);
    return [{ ...reference, ...(digest && { digest }) }];
  } catch (error) {
    if (error instanceof Failure) return [];
    throw error;
  }
}
