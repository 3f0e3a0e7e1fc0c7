import { setTimeout as wait } from 'node:timers/promises';
import { type Descriptor, MEDIA_TYPE } from '../image/descriptor.ts';
import { type Digest, digestAlgorithm } from '../image/digest.ts';
import { Unavailable } from '../outcome/outcome.ts';
import { digestOf } from './hash.ts';
import { mapParallel } from './parallel.ts';
import { fallbackTag, findOwnTags, ownTag, readReferrers, uniteReferrers } from './referrers.ts';
import { EMPTY_BLOB, type Store, type StoredManifest } from './store.ts';

/** One piece of evidence to be stored beside an image, as an OCI 1.1 referrer with a single layer. */
export interface Referrer {
  readonly subject: Descriptor;
  readonly artifactType: string;
  readonly blob: Buffer;
  readonly blobMediaType: string;
  /** Part of the manifest: the same blob with the same annotations is the same referrer. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** A referrer's manifest. */
export interface ReferrerManifest {
  readonly subject: Digest;
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
  /** Settles when its blobs are there, where they may not be yet. */
  readonly ready?: Promise<unknown>;
}

const EMPTY = { mediaType: MEDIA_TYPE.empty, digest: digestOf(EMPTY_BLOB), size: EMPTY_BLOB.length };

/**
 * Finds out before anything is signed whether the fallback indexes that attaching has to rewrite can be written again:
 * where tags are immutable they cannot (`Unavailable`). Nothing is asked of a registry with the referrers API.
 */
export async function checkFallbacks(store: Store): Promise<void> {
  await mapParallel([...store.fallbacks], 8, async (subject) => {
    const tag = fallbackTag(subject);
    const stored = await store.getManifest(tag);
    // The same bytes again change nothing, and leave nothing behind. (GitLab answers with the subject; there none is written.)
    if (stored === undefined || stored.descriptor.digest === subject) return;
    await store
      .putManifest(stored.bytes, stored.descriptor.mediaType, tag)
      .catch((cause: unknown) => Promise.reject(explainFallback(store, tag, cause)));
  });
}

/** Gets ready to attach `count` referrers: what `attachReferrers` would find missing (login, permission) is found now. */
export async function prepareReferrers(store: Store, count: number): Promise<void> {
  // One more for the empty config, which goes with the others: written here it would be a round trip of its own.
  await store.prepareUploads(count + 1);
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
  const heal = await pushReferrers(store, manifests);
  await heal();
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

/**
 * Pushes referrers' manifests under tags of their own, then lists them in the fallback index where the registry has no referrers API.
 * With `api` there should be one, and the index is not read before it is known to be needed. What it resolves to is the rest, also for who
 * fails meanwhile: to see whether others have written the same indexes, and to make those whole. It is done once.
 */
export async function pushReferrers(
  store: Store,
  manifests: readonly ReferrerManifest[],
  api = false,
): Promise<() => Promise<void>> {
  const subjects = [...Map.groupBy(manifests, ({ subject }) => subject)];
  const indexes: FallbackIndex[] = [];
  let healing: Promise<void> | undefined;
  const heal = (): Promise<void> => {
    healing ??= healFallbacks(store, indexes);
    return healing;
  };
  const pushing = mapParallel(subjects, 8, async ([subject, referrers]) => {
    await Promise.all(referrers.map(({ ready }) => ready));
    // Read while the manifests are sent: whether it is needed shows only by their answers.
    const before = api ? undefined : store.getManifest(fallbackTag(subject));
    before?.catch(() => undefined);
    const indexed = await mapParallel(referrers, 16, (referrer) => pushReferrer(store, referrer));
    const missing = referrers.filter((_, position) => !indexed[position]);
    if (missing.length === 0) return;
    const added = missing.map(({ descriptor }) => descriptor);
    const stored = await (before ?? store.getManifest(fallbackTag(subject)));
    const index = openIndex(store, subject, added, stored);
    indexes.push(index);
    await index.write();
  });
  try {
    await pushing;
  } catch (error) {
    // What was written may have taken the place of what others listed meanwhile.
    await heal().catch(() => undefined);
    throw error;
  }
  return heal;
}

async function pushReferrer(
  store: Store,
  { subject, descriptor, bytes }: ReferrerManifest,
): Promise<boolean> {
  const { digest, mediaType } = descriptor;
  // A tag names what is under it by sha256 alone.
  const other = digestAlgorithm(digest) !== 'sha256';
  if (other && (await store.putManifest(bytes, mediaType, digest)).indexed) return true;
  const tag = ownTag(subject, digest);
  try {
    return (await store.putManifest(bytes, mediaType, tag)).indexed;
  } catch (error) {
    // Where tags are immutable, writing the same again is an error too.
    const before = await store.resolve(tag).catch(() => undefined);
    if (before?.digest !== digest) throw error;
    return (await store.listReferrers(subject)).some((one) => one.digest === digest);
  }
}

/** How often a writer tries to get the fallback index whole while others write it too. A hundred at once need about half. */
const ROUNDS = 30;

/**
 * Makes fallback indexes that were written list everything that is known: what they held, what is added, and what own tags tell of.
 * Registries know no compare-and-swap, so after each write all is read again. Own tags are pushed before the first write of the index:
 * whoever writes it last therefore sees all of them afterwards, and nobody's referrer stays lost.
 */
async function healFallbacks(store: Store, indexes: readonly FallbackIndex[]): Promise<void> {
  if (indexes.length === 0) return;
  // Begun after the last of the writes, one list serves them all.
  const tags = store.listTags();
  tags.catch(() => undefined);
  await mapParallel(indexes, 8, async (index) => {
    if (await index.look(tags)) return;
    for (let round = 0; round < ROUNDS; round += 1) {
      // Writers that collide again and again part when each waits for a while of its own; what is written then is read just before.
      await wait(Math.random() * Math.min(1000, 50 * 2 ** round));
      if (await index.look(store.listTags())) return;
      await index.write();
      if (await index.look(store.listTags())) return;
    }
    throw new Unavailable(`${store.place}: the fallback index ${index.tag} kept changing`, {
      hint: 'The evidence is stored under tags of its own; attach again so that other tools find it too.',
    });
  });
}

/** The fallback index of one subject while it is made whole. */
interface FallbackIndex {
  readonly tag: string;
  /** Writes what it should list, where that is more than it lists. */
  write(): Promise<void>;
  /** Reads it again, with what the repository's tags tell of. True when there is nothing left to write. */
  look(tags: Promise<readonly string[]>): Promise<boolean>;
}

function openIndex(
  store: Store,
  subject: Digest,
  added: readonly Descriptor[],
  before: StoredManifest | undefined,
): FallbackIndex {
  const tag = fallbackTag(subject);
  let listed = readIndex(before, subject);
  let wanted = uniteReferrers(subject, listed, added);
  return {
    tag,
    write: async () => {
      if (wanted.length > listed.length) wanted = await writeIndex(store, tag, wanted);
    },
    look: async (listing) => {
      const [after, tags] = await Promise.all([store.getManifest(tag), listing]);
      // GitLab answers with the subject under this tag, whatever is pushed; own tags have to do there.
      if (after?.descriptor.digest === subject) return true;
      listed = readIndex(after, subject);
      const known = uniteReferrers(subject, listed, wanted);
      const own = findOwnTags(subject, tags, known);
      const found = await mapParallel(own, 16, async (name) => (await store.resolve(name)) ?? []);
      wanted = uniteReferrers(subject, known, found.flat());
      return wanted.length === listed.length;
    },
  };
}

function readIndex(stored: StoredManifest | undefined, subject: Digest): Descriptor[] {
  // United, because one that is listed twice would never be found listed whole.
  return uniteReferrers(subject, (stored && readReferrers(stored.bytes, subject)) ?? []);
}

/** Writes the index and returns what it lists: entries whose manifests somebody has deleted make registries refuse it, and are left out. */
async function writeIndex(
  store: Store,
  tag: string,
  manifests: readonly Descriptor[],
): Promise<Descriptor[]> {
  const write = (list: readonly Descriptor[]): Promise<unknown> =>
    store.putManifest(
      Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests: list })),
      MEDIA_TYPE.index,
      tag,
    );
  try {
    await write(manifests);
    return [...manifests];
  } catch (cause) {
    const found = await mapParallel(manifests, 16, ({ digest }) => store.resolve(digest));
    const present = manifests.filter((_, at) => found[at] !== undefined);
    if (present.length === manifests.length) throw explainFallback(store, tag, cause);
    await write(present).catch((error: unknown) => Promise.reject(explainFallback(store, tag, error)));
    return present;
  }
}

function explainFallback(store: Store, tag: string, cause: unknown): Unavailable {
  return new Unavailable(`${store.place}: the fallback index ${tag} could not be written`, {
    cause,
    hint: 'The registry has no referrers API, so evidence is listed under that tag. If its tags are immutable, exclude "sha256-*" from that.',
  });
}
