import { type Descriptor, MEDIA_TYPE } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import { Unavailable } from '../outcome/outcome.ts';
import { digestOf } from './hash.ts';
import { mapParallel } from './parallel.ts';
import { fallbackTag, findOwnTags, ownTag, readReferrers, uniteReferrers } from './referrers.ts';
import { EMPTY_BLOB, type Store } from './store.ts';

/** One piece of evidence to be stored beside an image, as an OCI 1.1 referrer with a single layer. */
export interface Referrer {
  readonly subject: Descriptor;
  readonly artifactType: string;
  readonly blob: Buffer;
  readonly blobMediaType: string;
  /** Part of the manifest: the same blob with the same annotations is the same referrer. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** A referrer's manifest, ready to be pushed: its blobs are there. */
export interface ReferrerManifest {
  readonly subject: Digest;
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
}

const EMPTY = { mediaType: MEDIA_TYPE.empty, digest: digestOf(EMPTY_BLOB), size: EMPTY_BLOB.length };

/** Gets ready to attach `count` referrers: what `attachReferrers` would find missing (login, permission) is found now. */
export async function prepareReferrers(store: Store, count: number): Promise<void> {
  await Promise.all([store.prepareUploads(count), store.putBlob(EMPTY, () => EMPTY_BLOB)]);
}

/**
 * Stores evidence beside its subjects, all of it at once: blobs, then manifests, then (only where the registry did not list
 * them by itself) the fallback index. What is attached already is left as it is. Returns the manifests' descriptors, in order.
 */
export async function attachReferrers(store: Store, referrers: readonly Referrer[]): Promise<Descriptor[]> {
  const blobs = new Map(
    referrers.map(({ blob }) => {
      const content = { digest: digestOf(blob), size: blob.length };
      return [content.digest, { content, blob }];
    }),
  );
  const empty = { content: EMPTY, blob: EMPTY_BLOB };
  await mapParallel([...blobs.values(), empty], 16, ({ content, blob }) =>
    store.putBlob(content, () => blob),
  );
  const manifests = referrers.map(buildManifest);
  await pushReferrers(store, manifests);
  return manifests.map(({ descriptor }) => descriptor);
}

function buildManifest(referrer: Referrer): ReferrerManifest {
  const { subject, artifactType, blob, blobMediaType, annotations } = referrer;
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.manifest,
    artifactType,
    config: EMPTY,
    layers: [{ mediaType: blobMediaType, digest: digestOf(blob), size: blob.length }],
    subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
    annotations,
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  return {
    subject: subject.digest,
    bytes,
    descriptor: {
      mediaType: MEDIA_TYPE.manifest,
      digest: digestOf(bytes),
      size: bytes.length,
      artifactType,
      annotations,
    },
  };
}

/** Pushes referrers' manifests under tags of their own, then lists them in the fallback index where the registry has no referrers API. */
export async function pushReferrers(store: Store, manifests: readonly ReferrerManifest[]): Promise<void> {
  const pushed = await mapParallel(manifests, 16, async (manifest) => {
    const { subject, descriptor, bytes } = manifest;
    const tag = ownTag(subject, descriptor.digest);
    const { indexed } = await store.putManifest(bytes, descriptor.mediaType, tag);
    return { subject, descriptor, indexed };
  });
  const subjects = Map.groupBy(
    pushed.filter(({ indexed }) => !indexed),
    ({ subject }) => subject,
  );
  await mapParallel([...subjects], 8, ([subject, referrers]) =>
    healFallback(
      store,
      subject,
      referrers.map(({ descriptor }) => descriptor),
    ),
  );
}

/** How often a writer tries to get the fallback index whole while others write it too. */
const ROUNDS = 10;

/**
 * Makes the fallback index list everything that is known: what it held, what is `added`, and what own tags tell of. Registries
 * know no compare-and-swap, so after each write everything is read again. Own tags are pushed before the first write: whoever
 * writes last therefore reads all of them afterwards, and nobody's referrer stays lost.
 */
async function healFallback(store: Store, subject: Digest, added: readonly Descriptor[]): Promise<void> {
  const tag = fallbackTag(subject);
  let wanted = added;
  for (let round = 0; round < ROUNDS; round += 1) {
    const [stored, tags] = await Promise.all([store.getManifest(tag), store.listTags()]);
    // GitLab answers for the subject under this tag, whatever is pushed; own tags have to do there.
    if (round > 0 && stored?.descriptor.digest === subject) return;
    const held = (stored && readReferrers(stored.bytes, subject)) ?? [];
    const known = uniteReferrers(subject, held, wanted);
    const own = findOwnTags(subject, tags, known);
    const found = await mapParallel(own, 16, async (name) => (await store.resolve(name)) ?? []);
    wanted = uniteReferrers(subject, known, found.flat());
    if (wanted.length === held.length) return;
    const index = { schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests: wanted };
    await store.putManifest(Buffer.from(JSON.stringify(index)), MEDIA_TYPE.index, tag);
  }
  throw new Unavailable(`${store.place}: the fallback index ${tag} kept changing`, {
    hint: 'The evidence is stored under tags of its own; attach again so that other tools find it too.',
  });
}
