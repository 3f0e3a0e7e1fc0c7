import * as z from 'zod';
import { type Descriptor, descriptorSchema, isIndexType, isManifestType } from '../image/descriptor.ts';
import { type Digest, digestAlgorithm, digestHex } from '../image/digest.ts';
import { Unavailable } from '../outcome/outcome.ts';
import { NoManifest } from './checked.ts';
import { readJson } from './json.ts';
import { REFERRER_CAP, type Store, type StoredManifest } from './store.ts';

/** Distribution-spec 1.1, "Referrers Tag Schema": where the referrers of `subject` are listed when the registry does not do it. */
export function fallbackTag(subject: Digest): string {
  return `${digestAlgorithm(subject)}-${digestHex(subject).slice(0, 64)}`;
}

/**
 * The tag that belongs to one referrer alone, `sha256-<subject>.<16 hex of the referrer's manifest>`. Nobody else writes it,
 * so what two writers of the fallback index lose to each other is found again by it.
 */
export function ownTag(subject: Digest, referrer: Digest): string {
  return `${fallbackTag(subject)}.${digestHex(referrer).slice(0, 16)}`;
}

/** Where cosign kept signatures, attestations and SBOMs before it wrote referrers (cosign, specs/SIGNATURE_SPEC.md and SBOM_SPEC.md). */
export function cosignTags(subject: Digest): string[] {
  return ['sig', 'att', 'sbom'].map((kind) => `${fallbackTag(subject)}.${kind}`);
}

/** Those of `tags` that are own tags of referrers of `subject` and not of one in `known`. */
export function findOwnTags(
  subject: Digest,
  tags: readonly string[],
  known: readonly Descriptor[],
): string[] {
  const covered = new Set(known.map(({ digest }) => ownTag(subject, digest)));
  const prefix = `${fallbackTag(subject)}.`;
  // cosign's older signatures lie beside them, under .sig and .att.
  return tags.filter(
    (tag) => tag.startsWith(prefix) && /^[0-9a-f]{16}$/.test(tag.slice(prefix.length)) && !covered.has(tag),
  );
}

const referrersSchema = z.object({ manifests: z.array(z.unknown()) });
// Loose, because the fallback index is written back: what other writers put into it stays.
const entrySchema = descriptorSchema.loose();

/**
 * The referrers an index lists, or undefined when it is none. Fallback tags hold all kinds of things (an image index
 * that a tool put there, the subject itself): entries with a platform, or that are no manifests, are no referrers,
 * and one that is broken does not hide the others.
 */
export function readReferrers(bytes: Buffer, subject: Digest): Descriptor[] | undefined {
  return readJson(referrersSchema, bytes)?.manifests.flatMap((entry) => {
    const { data } = entrySchema.safeParse(entry);
    if (!data || data.digest === subject || data.platform) return [];
    return isManifestType(data.mediaType) || isIndexType(data.mediaType) ? [data] : [];
  });
}

/** The union by digest; of two, the one that says more is kept. Over the cap is `Unavailable`, never "missing". */
export function uniteReferrers(subject: Digest, ...lists: readonly (readonly Descriptor[])[]): Descriptor[] {
  const united = new Map<Digest, Descriptor>();
  for (const descriptor of lists.flat()) {
    const before = united.get(descriptor.digest);
    if (!before || (!before.artifactType && descriptor.artifactType))
      united.set(descriptor.digest, descriptor);
  }
  const bytes = [...united.values()].reduce((sum, { size }) => sum + size, 0);
  if (united.size > REFERRER_CAP.count || bytes > REFERRER_CAP.bytes) {
    throw explainCap(subject);
  }
  return [...united.values()];
}

/** What is said of an image with more referrers than `REFERRER_CAP`, wherever that shows. */
export function explainCap(subject: Digest, cause?: unknown): Unavailable {
  return new Unavailable(
    `${subject} has more referrers than are read (${REFERRER_CAP.count}, or ${REFERRER_CAP.bytes} bytes)`,
    { cause, hint: 'Delete referrers that are no longer needed.' },
  );
}

/**
 * The manifest that a list of referrers names, or undefined when it is not there or is something else: anybody who may push can have
 * nonsense listed, and it must not keep what is listed beside it from being read. Wrong bytes for a digest are still `Refused`.
 */
export async function getReferrer(
  store: Store,
  digest: Digest | string,
): Promise<StoredManifest | undefined> {
  try {
    return await store.getManifest(digest);
  } catch (error) {
    if (error instanceof NoManifest) return undefined;
    throw error;
  }
}
