import { type Chain, orderRecords, type PromotionRecord } from '../environment/chain.ts';
import { parseRecordTag, pointerTag, recordTag } from '../environment/tags.ts';
import type { Evidence, VerifiedImage } from '../evidence/evidence.ts';
import { kindOfPredicate, PREDICATE_TYPES } from '../evidence/predicate.ts';
import { type Promotion, promotionSchema } from '../evidence/promotion.ts';
import { explainMismatch, rolesOf, type Trust } from '../evidence/trust.ts';
import { type Digest, shortDigest } from '../image/digest.ts';
import { Refused } from '../outcome/outcome.ts';
import { collectEvidence } from '../sigstore/collect.ts';
import { publishStatements } from '../sigstore/publish.ts';
import type { StatementSigner } from '../sigstore/signer.ts';
import type { StatementVerifier } from '../sigstore/verifier.ts';
import type { Store } from '../store/store.ts';
import { type ImageSubjects, listSubjects } from '../store/subjects.ts';

/** What an environment's repository says of it. */
export interface EnvironmentState extends Chain {
  /** The last standing record: what the environment holds. Undefined before the first promotion. */
  readonly current: PromotionRecord | undefined;
  /** What the tag `env-<name>` points at: a hint for people, which may be wrong. */
  readonly pointer: Digest | undefined;
}

/**
 * Reads an environment from its repository: every promotion's tag, and beside the image it names the record that a promoter signed.
 * A tag without such a record, and a chain that does not hold, are `Refused` with every reason: nothing moves on top of them.
 */
export async function readEnvironment(
  store: Store,
  environment: string,
  verifier: StatementVerifier,
  trust: Trust,
): Promise<EnvironmentState> {
  const [tags, pointer] = await Promise.all([store.listTags(), store.resolve(pointerTag(environment))]);
  const promotions = tags.flatMap((tag) => {
    const parsed = parseRecordTag(environment, tag);
    return parsed ? [{ tag, ...parsed }] : [];
  });
  const named = await Promise.all(
    promotions.map(async (promotion) => ({
      ...promotion,
      digest: (await store.resolve(promotion.tag))?.digest,
    })),
  );
  const images = new Map<Digest, Promise<VerifiedImage>>();
  for (const { digest } of named) {
    if (digest === undefined || images.has(digest)) continue;
    images.set(digest, readRecordsOf(store, digest, verifier, trust));
  }

  const records: PromotionRecord[] = [];
  const reasons: string[] = [];
  for (const { tag, sequence, digest, ...name } of named) {
    const image = digest && (await images.get(digest));
    if (!image || shortDigest(image.digest) !== name.shortDigest) {
      reasons.push(
        `${tag} names ${digest ?? 'no image'}; the tag of a promotion is written once and never moves`,
      );
      continue;
    }
    const found = image.evidence
      .map((evidence) => readRecord(tag, evidence))
      .filter((record) => record !== undefined)
      .filter(
        ({ promotion }) => promotion.environment === environment && promotion.repository === store.place,
      )
      .filter(({ promotion }) => promotion.sequence === sequence && promotion.digest === digest);
    records.push(...found);
    if (found.length === 0) reasons.push(explainMissing(tag, image));
  }
  if (reasons.length > 0) {
    throw new Refused(reasons, {
      hint: `Nothing moves into ${environment} until someone has looked at ${store.place} and removed what does not belong there.`,
    });
  }
  const chain = orderRecords(environment, records);
  return { ...chain, current: chain.standing.at(-1), pointer: pointer?.digest };
}

/** Only promoters are asked for: all other evidence is none of a record's business. */
async function readRecordsOf(
  store: Store,
  digest: Digest,
  verifier: StatementVerifier,
  trust: Trust,
): Promise<VerifiedImage> {
  const image = await listSubjects(store, digest);
  return collectEvidence(store, image, verifier, { promoter: trust.promoter ?? [] });
}

function readRecord(
  tag: string,
  { kind, source, statement, signedAt }: Evidence,
): PromotionRecord | undefined {
  if (kind !== 'promotion') return undefined;
  const { data: promotion } = promotionSchema.safeParse(statement.predicate);
  return promotion && { tag, record: source, promotion, signedAt };
}

function explainMissing(tag: string, image: VerifiedImage): string {
  const forged = image.rejected.filter(
    ({ predicateType }) => predicateType !== undefined && kindOfPredicate(predicateType) === 'promotion',
  );
  const why = forged.map(({ source, reason }) => `${source} does not count: ${reason}`);
  return [`${tag} has no record by a promoter that says so`, ...why].join('; ');
}

/**
 * Signs the record of a promotion, attaches it to the image and writes its tag. A record that would not count, because this run holds
 * no promoter role, is `Refused` before anything is attached. Returns the digest of the record's manifest.
 */
export async function recordPromotion(
  store: Store,
  image: ImageSubjects,
  promotion: Promotion,
  signer: StatementSigner,
  verifier: StatementVerifier,
  trust: Trust,
): Promise<Digest> {
  const { environment, sequence, digest } = promotion;
  const claim = { predicateType: PREDICATE_TYPES.promotion[0], predicate: promotion, subjects: [digest] };
  const [published] = await publishStatements(store, image, signer, [claim], async (bundle) => {
    const { signer: self } = await verifier.verify(bundle);
    if (rolesOf(trust, self).includes('promoter')) return;
    const reasons = (trust.promoter ?? []).map((rule) => explainMismatch(rule, self));
    throw new Refused(
      `the policy does not let this run promote: ${reasons.join('; ') || 'nobody is trusted as promoter'}`,
    );
  });
  const [record] = published?.descriptors ?? [];
  if (record === undefined) throw new Error('a record was published without a manifest');

  const tag = recordTag(environment, sequence, digest);
  const existing = await store.resolve(tag);
  if (existing !== undefined && existing.digest !== digest) {
    throw new Refused(`${store.place}:${tag} exists and names ${existing.digest}, not ${digest}`);
  }
  if (existing === undefined) await writeTag(store, image, tag);
  return record.digest;
}

/** Points the tag `env-<name>` at an image, for people and for deployments that read tags. */
export async function movePointer(store: Store, image: ImageSubjects, environment: string): Promise<void> {
  await writeTag(store, image, pointerTag(environment));
}

async function writeTag(store: Store, image: ImageSubjects, tag: string): Promise<void> {
  const { bytes, descriptor } = image.root;
  await store.putManifest(bytes, descriptor.mediaType, tag);
  const read = await store.resolve(tag);
  if (read?.digest !== image.digest) {
    throw new Refused(
      `${store.place}:${tag} was written as ${image.digest} and reads as ${read?.digest ?? 'nothing'}`,
    );
  }
}
