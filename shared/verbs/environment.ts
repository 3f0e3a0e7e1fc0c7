import { type Chain, orderRecords, type PromotionRecord } from '../environment/chain.ts';
import { type History, readHistory } from '../environment/history.ts';
import { parseRecordTag, pointerTag, recordTag } from '../environment/tags.ts';
import { explainDistrust } from '../evidence/distrust.ts';
import type { Evidence, VerifiedImage } from '../evidence/evidence.ts';
import { kindOfPredicate, PREDICATE_TYPES } from '../evidence/predicate.ts';
import { type Promotion, promotionSchema } from '../evidence/promotion.ts';
import { explainMismatch, rolesOf, type Trust } from '../evidence/trust.ts';
import type { RunContext } from '../github/context.ts';
import type { LoadedPolicy } from '../github/policy.ts';
import { type Digest, shortDigest } from '../image/digest.ts';
import { parsePlace } from '../image/reference.ts';
import { Refused, Unavailable } from '../outcome/outcome.ts';
import { findEnvironment, trustOf } from '../policy/file.ts';
import { collectEvidence } from '../sigstore/collect.ts';
import { publishStatements } from '../sigstore/publish.ts';
import type { StatementSigner } from '../sigstore/signer.ts';
import type { StatementVerifier } from '../sigstore/verifier.ts';
import { openStore, storeOptions } from '../store/open.ts';
import type { Store } from '../store/store.ts';
import { type ImageSubjects, listSubjects } from '../store/subjects.ts';

/** What an environment's repository says of it. */
export interface EnvironmentState extends Chain, History {
  /** What the tag `env-<name>` points at: a hint for people, which may be wrong. */
  readonly pointer: Digest | undefined;
  /** The tags of all promotions. */
  readonly tags: readonly string[];
  /** What was found beside each image that they name. */
  readonly images: ReadonlyMap<Digest, VerifiedImage>;
}

/** Where an environment is: a repository, or an OCI layout in the workspace, which the first promotion makes. */
export function openEnvironment(
  { file }: LoadedPolicy,
  environment: string,
  token: string | undefined,
  context: RunContext,
): Store {
  const place = parsePlace(findEnvironment(file, environment).repository, 'policy');
  return openStore(place, { ...storeOptions(context, token), create: true });
}

/**
 * Reads an environment from its repository: every promotion's tag, and beside the image it names the record that a promoter signed.
 * A tag without such a record, one that another policy let in, and a chain that does not hold, are `Refused` with every reason:
 * nothing moves on top of them. Of what `known` has from a moment ago only the tags are asked for again, and images that have new ones.
 */
export async function readEnvironment(
  store: Store,
  environment: string,
  verifier: StatementVerifier,
  policy: LoadedPolicy,
  known?: EnvironmentState,
): Promise<EnvironmentState> {
  const trust = trustOf(policy.file);
  const places = [placeOf(policy.uri), ...policy.file['moved-from']];
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
  const digests = new Set(named.flatMap(({ digest }) => digest ?? []));
  const readImage = async (digest: Digest): Promise<VerifiedImage> => {
    const isOld = named.every((one) => one.digest !== digest || known?.tags.includes(one.tag));
    return (isOld && known?.images.get(digest)) || readRecordsOf(store, digest, verifier, trust);
  };
  const images = new Map(
    await Promise.all([...digests].map(async (digest) => [digest, await readImage(digest)] as const)),
  );

  const isHere = ({ promotion }: PromotionRecord): boolean =>
    promotion.environment === environment && promotion.repository === store.place;
  const isOwn = (record: PromotionRecord): boolean =>
    isHere(record) && places.includes(placeOf(record.promotion.policy.uri));
  const records: PromotionRecord[] = [];
  const reasons: string[] = [];
  for (const { tag, sequence, digest, ...name } of named) {
    const image = digest && images.get(digest);
    if (!image || shortDigest(image.digest) !== name.shortDigest) {
      reasons.push(
        `${tag} names ${digest ?? 'no image'}; the tag of a promotion is written once and never moves`,
      );
      continue;
    }
    const found = image.evidence
      .map((evidence) => readRecord(tag, evidence))
      .filter((record) => record !== undefined)
      .filter(isHere)
      .filter(({ promotion }) => promotion.sequence === sequence && promotion.digest === digest);
    // Whoever may call a promoter's workflow may name any policy to it: only this environment's own lets anything in.
    const own = found.filter(isOwn);
    records.push(...own);
    if (found.length === 0) reasons.push(explainMissing(tag, image));
    else if (own.length === 0) {
      const others = found.map(({ promotion }) => promotion.policy.uri).join(', ');
      reasons.push(`${tag} was let in by ${others}, not by ${places.join(' or ')}`);
    }
  }
  if (reasons.length > 0) {
    throw new Refused(reasons, {
      hint: `Nothing moves into ${environment} until someone has looked at ${store.place} and removed what does not belong there.`,
    });
  }
  const chain = orderRecords(environment, records);
  const tagged = new Set(promotions.map(({ tag }) => tag));
  const untagged = [...images.values()].flatMap(({ digest, evidence }) =>
    evidence.flatMap((one) => {
      const { sequence } = readPromotion(one) ?? {};
      const tag = sequence === undefined ? undefined : recordTag(environment, sequence, digest);
      const record = tag === undefined || tagged.has(tag) ? undefined : readRecord(tag, one);
      return record?.promotion.digest === digest && isOwn(record) ? [record] : [];
    }),
  );
  return {
    ...chain,
    ...readHistory(chain, untagged),
    pointer: pointer?.digest,
    tags: promotions.map(({ tag }) => tag),
    images,
  };
}

/** Where a policy is, without the commit: `owner/repo/path`. */
export function placeOf(uri: string): string {
  return uri.slice(0, uri.lastIndexOf('@'));
}

/**
 * Only promoters are asked for: all other evidence is none of a record's business. Without an entry in the log a record counts for a rollback
 * alone, which must work while the log is down (design.md, "An environment in its repository").
 */
export async function readRecordsOf(
  store: Store,
  digest: Digest,
  verifier: StatementVerifier,
  trust: Trust,
): Promise<VerifiedImage> {
  const image = await listSubjects(store, digest);
  const { needsLog } = verifier;
  const found = await collectEvidence(store, image, needsLog ? await verifier.withoutLog() : verifier, {
    promoter: trust.promoter ?? [],
    distrust: trust.distrust ?? [],
  });
  const isLogged = (evidence: Evidence): boolean =>
    !needsLog ||
    evidence.logIndex !== undefined ||
    evidence.signer.key !== undefined ||
    readPromotion(evidence)?.action === 'rollback';
  return {
    ...found,
    evidence: found.evidence.filter(isLogged),
    rejected: [
      ...found.rejected,
      ...found.evidence
        .filter((evidence) => !isLogged(evidence))
        .map(({ source, statement, signer }) => ({
          source,
          predicateType: statement.predicateType,
          signer,
          reason: 'it is in no log, and only a rollback may be',
        })),
    ],
  };
}

function readPromotion({ kind, statement }: Evidence): Promotion | undefined {
  return kind === 'promotion' ? promotionSchema.safeParse(statement.predicate).data : undefined;
}

/** A record as the chain has it; undefined for evidence that is none. */
export function readRecord(tag: string, evidence: Evidence): PromotionRecord | undefined {
  const { source, signedAt } = evidence;
  const promotion = readPromotion(evidence);
  return promotion && { tag, record: source, promotion, signedAt };
}

function explainMissing(tag: string, image: VerifiedImage): string {
  const forged = image.rejected.filter(
    ({ predicateType }) => predicateType !== undefined && kindOfPredicate(predicateType) === 'promotion',
  );
  const why = forged.map(({ source, reason }) => `${source} does not count: ${reason}`);
  return [`${tag} has no record by a promoter that says so`, ...why].join('; ');
}

/** Whether an environment holds an image at this moment, read anew. */
export async function isCurrent(
  store: Store,
  environment: string,
  verifier: StatementVerifier,
  policy: LoadedPolicy,
  digest: Digest,
): Promise<boolean> {
  const { current } = await readEnvironment(store, environment, verifier, policy);
  return current?.promotion.digest === digest;
}

/** What a record says beside its place in the chain, which is given to it. */
export type RecordClaim = Omit<
  Promotion,
  'environment' | 'repository' | 'repositoryId' | 'sequence' | 'previous' | 'policy'
>;

/** Who appends to an environment, and to what was read of it. */
export interface Appending {
  readonly store: Store;
  readonly environment: string;
  readonly policy: LoadedPolicy;
  readonly verifier: StatementVerifier;
  readonly signer: StatementSigner;
  readonly state: EnvironmentState;
}

/**
 * Appends a record to an environment's chain and points the environment's tag at what the records say then. Returns that state and the record;
 * `Refused` when another record of the same moment was logged first: it stands, and this one is kept beside as superseded.
 */
export async function appendRecord(
  { store, environment, policy, verifier, signer, state }: Appending,
  image: ImageSubjects,
  claim: RecordClaim,
): Promise<{ state: EnvironmentState; record: PromotionRecord }> {
  const last = state.standing.at(-1);
  const promotion: Promotion = {
    ...claim,
    environment,
    repository: store.place,
    repositoryId: policy.file['repository-id'],
    sequence: state.standing.length + 1,
    ...(last && { previous: last.record }),
    policy: {
      uri: policy.uri,
      digest: policy.digest,
      content: policy.bytes.toString('base64'),
      ...(policy.central && { central: Buffer.from(policy.central.text).toString('base64') }),
    },
  };
  const written = await recordPromotion(store, image, promotion, signer, verifier, trustOf(policy.file));
  const after = await pointAtCurrent(store, environment, verifier, policy, state);
  const record = after.standing[promotion.sequence - 1];
  const { action, digest } = record?.promotion ?? {};
  // The same said twice at once is said.
  if (
    record === undefined ||
    (record.record !== written && (action !== claim.action || digest !== claim.digest))
  ) {
    throw new Refused(
      `another record of ${environment} was logged first: ${action ?? 'none'} of ${digest ?? 'nothing'} stands, this one is recorded as superseded`,
      {
        hint: 'Let workflows that write to one environment share a "concurrency" group, and run this again.',
      },
    );
  }
  return { state: after, record };
}

/**
 * Signs the record of a promotion, attaches it to the image and writes its tag. A record that would not count, because this run holds
 * no promoter role, is `Refused` before anything is attached.
 */
async function recordPromotion(
  store: Store,
  image: ImageSubjects,
  promotion: Promotion,
  signer: StatementSigner,
  verifier: StatementVerifier,
  trust: Trust,
): Promise<Digest> {
  const { environment, sequence, digest } = promotion;
  const claim = { predicateType: PREDICATE_TYPES.promotion[0], predicate: promotion, subjects: [digest] };
  const check = async (bundle: Buffer): Promise<void> => {
    const unlogged = promotion.action === 'rollback' && verifier.needsLog;
    const { signer: self, signedAt } = await (unlogged ? await verifier.withoutLog() : verifier).verify(
      bundle,
    );
    const use = { signedAt, repository: store.place };
    const distrust = explainDistrust(trust.distrust ?? [], { signer: self, signedAt });
    if (rolesOf(trust, self, use).includes('promoter') && distrust === undefined) return;
    const reasons =
      distrust === undefined
        ? (trust.promoter ?? []).map((rule) => explainMismatch(rule, self, use))
        : [distrust];
    throw new Refused(
      `the policy does not let this run promote: ${reasons.join('; ') || 'nobody is trusted as promoter'}`,
    );
  };
  const [published] = await publishStatements(store, image, signer, [claim], { check });
  const written = published?.descriptors[0]?.digest;
  const tag = recordTag(environment, sequence, digest);
  // A tag without its record would stop everything that follows.
  const [listed, existing] = await Promise.all([store.listReferrers(digest), store.resolve(tag)]);
  if (written === undefined || !listed.some((referrer) => referrer.digest === written)) {
    throw new Refused(`${store.place} took the record, and does not have it`);
  }
  if (existing !== undefined && existing.digest !== digest) {
    throw new Refused(`${store.place}:${tag} exists and names ${existing.digest}, not ${digest}`);
  }
  if (existing === undefined) await writeTag(store, digest, tag);
  return written;
}

/** How often the pointer is moved again because somebody else recorded a promotion meanwhile. */
const ROUNDS = 10;

/**
 * Points the tag `env-<name>` at what the records say, for people and for deployments that read tags, and returns that state.
 * Looks for new records after each move, so that of several promotions at once the last to finish leaves it right.
 */
export async function pointAtCurrent(
  store: Store,
  environment: string,
  verifier: StatementVerifier,
  policy: LoadedPolicy,
  known?: EnvironmentState,
): Promise<EnvironmentState> {
  let state = known;
  for (let round = 0; round < ROUNDS; round += 1) {
    state = await readEnvironment(store, environment, verifier, policy, state);
    if (state.current === undefined) throw new Error(`${environment} has no promotion to point at`);
    const { digest } = state.current.promotion;
    if (state.pointer !== digest) await writeTag(store, digest, pointerTag(environment));
    const tags = (await store.listTags()).filter((tag) => parseRecordTag(environment, tag));
    const { tags: read } = state;
    if (tags.every((tag) => read.includes(tag))) return state;
  }
  throw new Unavailable(`${store.place}: promotions of ${environment} kept being recorded`, {
    hint: 'Let workflows that promote to one environment share a "concurrency" group.',
  });
}

async function writeTag(store: Store, digest: Digest, tag: string): Promise<void> {
  const stored = await store.getManifest(digest);
  if (stored === undefined) throw new Refused(`${store.place} no longer holds ${digest}`);
  await store.putManifest(stored.bytes, stored.descriptor.mediaType, tag);
  const read = (await store.getManifest(tag))?.descriptor.digest;
  if (read !== digest) {
    throw new Refused(`${store.place}:${tag} was written as ${digest} and reads as ${read ?? 'nothing'}`);
  }
}
