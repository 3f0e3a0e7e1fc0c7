import { type Digest, digestAlgorithm } from '../image/digest.ts';
import { Refused } from '../outcome/outcome.ts';
import { digestOf } from './hash.ts';
import type { Store, StoredManifest } from './store.ts';

/**
 * What a tag names, or undefined. Registries know what was tagged by sha256 alone; where that is the bytes that `digest` names by
 * another algorithm, it is `digest`.
 */
async function resolveTag(store: Store, tag: string, digest: Digest): Promise<Digest | undefined> {
  const there = (await store.resolve(tag))?.digest;
  if (there === undefined || digestAlgorithm(there) === digestAlgorithm(digest)) return there;
  const stored = await store.getManifest(there);
  return stored && digestOf(stored.bytes, digestAlgorithm(digest)) === digest ? digest : there;
}

/** Refuses before anything is written when a tag names another image: a tag names one image for ever. */
export async function requireFreeTags(store: Store, tags: readonly string[], digest: Digest): Promise<void> {
  const found = await Promise.all(
    tags.map(async (tag) => ({ tag, there: await resolveTag(store, tag, digest) })),
  );
  const reasons = found.flatMap(({ tag, there }) =>
    there === undefined || there === digest
      ? []
      : [`${store.place}:${tag} exists already and names ${there}, not ${digest}`],
  );
  if (reasons.length > 0) {
    throw new Refused(reasons, { hint: 'Tags are never moved: give the new image another one.' });
  }
}

/** Writes tags in their order, so that of a run that breaks off the first one is found by the next; then reads each back. */
export async function writeTags(
  store: Store,
  { descriptor, bytes }: StoredManifest,
  tags: readonly string[],
): Promise<void> {
  const { digest, mediaType } = descriptor;
  await requireFreeTags(store, tags, digest);
  for (const tag of tags) {
    if ((await resolveTag(store, tag, digest)) !== digest) await store.putManifest(bytes, mediaType, tag);
    const there = await resolveTag(store, tag, digest);
    if (there !== digest) {
      throw new Refused(
        `${store.place}:${tag} was written for ${digest} and now names ${there ?? 'nothing'}: another run tags the same`,
      );
    }
  }
}
