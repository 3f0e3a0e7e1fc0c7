import { type Chain, orderRecords, type PromotionRecord } from '../environment/chain.ts';
import { type History, readHistory } from '../environment/history.ts';
import { parseRecordTag, pointerTag, recordTag } from '../environment/tags.ts';
import type { Evidence, VerifiedImage } from '../evidence/evidence.ts';
import { kindOfPredicate } from '../evidence/predicate.ts';
import { type Promotion, promotionSchema } from '../evidence/promotion.ts';
import type { Trust } from '../evidence/trust.ts';
import type { RunContext } from '../github/context.ts';
import type { LoadedPolicy } from '../github/policy.ts';
import { type Digest, shortDigest } from '../image/digest.ts';
import { parsePlace } from '../image/reference.ts';
import { Refused } from '../outcome/outcome.ts';
import { findEnvironment, trustOf } from '../policy/file.ts';
import { collectEvidence } from '../sigstore/collect.ts';
import type { StatementVerifier } from '../sigstore/verifier.ts';
import { openStore, storeOptions } from '../store/open.ts';
import { mapParallel } from '../store/parallel.ts';
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

/** What was read of an environment, whether its records hold or not. */
export interface InspectedEnvironment extends EnvironmentState {
  /** Why they do not hold; empty when they do. With any, `current` is only what the newest record says that holds. */
  readonly faults: readonly string[];
}

/** How the images are read that records' tags name. */
interface ImageReading {
  /** Reads what counts beside one. */
  read(digest: Digest): Promise<VerifiedImage>;
  /** So many at the same time. */
  readonly atOnce: number;
}

/** Tags that are asked for at the same time, and images. */
const AT_ONCE = 32;

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
  const trust = recordTrust(trustOf(policy.file));
  const reading: ImageReading = {
    read: async (digest) => readLogged(store, await listSubjects(store, digest), verifier, trust),
    atOnce: AT_ONCE,
  };
  const { faults, ...state } = await inspectEnvironment(store, environment, policy, reading, known);
  if (faults.length > 0) {
    throw new Refused(faults, {
      hint: `Nothing moves into ${environment} until someone has looked at ${store.place} and removed what does not belong there.`,
    });
  }
  return state;
}

/** The same for who shows what does not hold, with another way to read images: what is `Refused` there is a fault here. */
export async function inspectEnvironment(
  store: Store,
  environment: string,
  policy: LoadedPolicy,
  reading: ImageReading,
  known?: EnvironmentState,
): Promise<InspectedEnvironment> {
  const places = [placeOf(policy.uri), ...policy.file['moved-from']];
  const [tags, pointer] = await Promise.all([store.listTags(), store.resolve(pointerTag(environment))]);
  const promotions = tags.flatMap((tag) => {
    const parsed = parseRecordTag(environment, tag);
    return parsed ? [{ tag, ...parsed }] : [];
  });
  const named = await mapParallel(promotions, AT_ONCE, async (promotion) => ({
    ...promotion,
    digest: (await store.resolve(promotion.tag))?.digest,
  }));
  const digests = new Set(named.flatMap(({ digest }) => digest ?? []));
  const readImage = async (digest: Digest): Promise<VerifiedImage> => {
    const isOld = named.every((one) => one.digest !== digest || known?.tags.includes(one.tag));
    return (isOld && known?.images.get(digest)) || reading.read(digest);
  };
  const images = new Map(
    await mapParallel(
      [...digests],
      reading.atOnce,
      async (digest) => [digest, await readImage(digest)] as const,
    ),
  );

  const isHere = ({ promotion }: PromotionRecord): boolean =>
    promotion.environment === environment && promotion.repository === store.place;
  const isOwn = (record: PromotionRecord): boolean =>
    isHere(record) && places.includes(placeOf(record.promotion.policy.uri));
  const records: PromotionRecord[] = [];
  const faults: string[] = [];
  for (const { tag, sequence, digest, ...name } of named) {
    const image = digest && images.get(digest);
    if (!image || shortDigest(image.digest) !== name.shortDigest) {
      faults.push(
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
    if (found.length === 0) faults.push(explainMissing(tag, image));
    else if (own.length === 0) {
      const others = found.map(({ promotion }) => promotion.policy.uri).join(', ');
      faults.push(`${tag} was let in by ${others}, not by ${places.join(' or ')}`);
    }
  }
  const { standing, superseded, faults: breaks } = orderRecords(environment, records);
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
    standing,
    superseded,
    ...readHistory({ standing, superseded }, untagged),
    pointer: pointer?.digest,
    tags: promotions.map(({ tag }) => tag),
    images,
    faults: [...faults, ...breaks],
  };
}

/** Where a policy is, without the commit: `owner/repo/path`. */
export function placeOf(uri: string): string {
  return uri.slice(0, uri.lastIndexOf('@'));
}

/** Of all evidence only what promoters say: all other is none of a record's business. */
function recordTrust(trust: Trust): Trust {
  return { promoter: trust.promoter ?? [], distrust: trust.distrust ?? [] };
}

/**
 * What counts beside an image. Without an entry in the log it does not, except for the record of a rollback, which must work while the log is
 * down (design.md, "An environment in its repository").
 */
export async function readLogged(
  store: Store,
  image: ImageSubjects,
  verifier: StatementVerifier,
  trust: Trust,
): Promise<VerifiedImage> {
  const { needsLog } = verifier;
  const found = await collectEvidence(store, image, needsLog ? await verifier.withoutLog() : verifier, trust);
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
