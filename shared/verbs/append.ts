import type { PromotionRecord } from '../environment/chain.ts';
import { parseRecordTag, pointerTag, recordTag } from '../environment/tags.ts';
import { explainDistrust } from '../evidence/distrust.ts';
import { PREDICATE_TYPES } from '../evidence/predicate.ts';
import type { Promotion } from '../evidence/promotion.ts';
import { explainMismatch, rolesOf, type Trust } from '../evidence/trust.ts';
import type { LoadedPolicy } from '../github/policy.ts';
import type { Digest } from '../image/digest.ts';
import { Refused, Unavailable } from '../outcome/outcome.ts';
import { trustOf } from '../policy/file.ts';
import { publishStatements } from '../sigstore/publish.ts';
import type { StatementSigner } from '../sigstore/signer.ts';
import type { StatementVerifier } from '../sigstore/verifier.ts';
import type { Store } from '../store/store.ts';
import type { ImageSubjects } from '../store/subjects.ts';
import { type EnvironmentState, readEnvironment } from './environment.ts';

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
