import type { Digest } from '../image/digest.ts';
import { Refused } from '../outcome/outcome.ts';
import type { Store, StoredManifest } from './store.ts';

/** Refuses before anything is written when a tag names another image: a tag names one image for ever. */
export async function requireFreeTags(store: Store, tags: readonly string[], digest: Digest): Promise<void> {
  const found = await Promise.all(tags.map(async (tag) => ({ tag, there: await store.resolve(tag) })));
  const reasons = found.flatMap(({ tag, there }) =>
    there === undefined || there.digest === digest
      ? []
      : [`${store.place}:${tag} exists already and names ${there.digest}, not ${digest}`],
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
    if ((await store.resolve(tag))?.digest !== digest) await store.putManifest(bytes, mediaType, tag);
    const there = (await store.resolve(tag))?.digest;
    if (there !== digest) {
      throw new Refused(
        `${store.place}:${tag} was written for ${digest} and now names ${there ?? 'nothing'}: another run tags the same`,
      );
    }
  }
}
