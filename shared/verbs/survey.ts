import { listCandidates } from '../environment/candidates.ts';
import type { PromotionRecord } from '../environment/chain.ts';
import { describeRecord, type EnvironmentOverview, type ImageOverview } from '../environment/overview.ts';
import type { VerifiedImage } from '../evidence/evidence.ts';
import { kindOfPredicate } from '../evidence/predicate.ts';
import type { Source } from '../github/ancestry.ts';
import type { CommitTimes } from '../github/commits.ts';
import type { RunContext } from '../github/context.ts';
import type { LoadedPolicy } from '../github/policy.ts';
import { type Digest, shortDigest } from '../image/digest.ts';
import { Failure, Invalid, Refused, Unavailable } from '../outcome/outcome.ts';
import { findEnvironment, trustOf } from '../policy/file.ts';
import type { StatementVerifier } from '../sigstore/verifier.ts';
import type { Store } from '../store/store.ts';
import { type ImageSubjects, listSubjects } from '../store/subjects.ts';
import { isIrreversible, MOST_STAYS } from './candidates.ts';
import { type DescribedImage, describeImage } from './describe-image.ts';
import { type InspectedEnvironment, inspectEnvironment, openEnvironment, readLogged } from './environment.ts';

/** Images that are read at the same time: enough to wait for a registry with, few enough to hold all their evidence. */
const TOGETHER = 4;

/** Who asks, by which policy. */
export interface Asking {
  readonly policy: LoadedPolicy;
  readonly verifier: StatementVerifier;
  readonly commits: CommitTimes;
  readonly 'github-token'?: string | undefined;
}

/** What the registry says of one environment, before anything is compared with it. */
export interface Survey {
  readonly overview: Omit<EnvironmentOverview, 'images' | 'wanted' | 'running' | 'drift' | 'overdue'>;
  readonly store: Store;
  readonly images: Map<Digest, ImageOverview>;
  /** Every digest by which an image may be called (its own, a platform's manifest or config), with the images that have it, in the order of the records. */
  readonly calledBy: Map<Digest, Digest[]>;
  /** What could not be read, and so is not known. */
  readonly unread: readonly string[];
  /** Reads one more image of the same repository, where it has it. Returns why nobody can say whether it has. */
  look(digest: Digest): Promise<string | undefined>;
}

/**
 * Reads an environment whether its records hold or not, and each image that they name once: its evidence, what the environment's rules miss of it,
 * what it is made of. Bundles are let go as soon as they are read. What cannot be reached makes unknown what depends on it, and nothing more.
 */
export async function surveyEnvironment(name: string, asking: Asking, context: RunContext): Promise<Survey> {
  const { policy, verifier, commits } = asking;
  const { repository, after } = findEnvironment(policy.file, name);
  const store = openEnvironment(policy, name, asking['github-token'], context);
  const trust = trustOf(policy.file);
  const described = new Map<Digest, DescribedImage>();
  const calledBy = new Map<Digest, Digest[]>();
  const broken: string[] = [];

  const readImage = async (digest: Digest): Promise<VerifiedImage> => {
    const subjects = await listSubjects(store, digest);
    const found = await readLogged(store, subjects, verifier, trust);
    described.set(digest, await describeImage(store, subjects, found, policy, name));
    for (const part of partsOf(subjects)) calledBy.set(part, [...(calledBy.get(part) ?? []), digest]);
    // The rest is described, and would fill the memory.
    return { ...found, evidence: found.evidence.filter(({ kind }) => kind === 'promotion') };
  };
  const readRecords = async (digest: Digest): Promise<VerifiedImage> => {
    try {
      return await readImage(digest);
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Invalid)) throw error;
      broken.push(error.message);
      return { image: `${store.place}@${digest}`, digest, evidence: [], rejected: [] };
    }
  };
  const images = new Map<Digest, ImageOverview>();
  const add = async (digest: Digest, source: Source | undefined): Promise<void> => {
    const overview = described.get(digest)?.overview;
    if (overview !== undefined) images.set(digest, { ...overview, committed: await commits.read(source) });
  };
  const look = async (digest: Digest): Promise<string | undefined> => {
    try {
      await readImage(digest);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return error instanceof Unavailable ? error.message : undefined;
    }
    await add(digest, undefined);
    return undefined;
  };

  const about = { name, repository, after };
  let state: InspectedEnvironment;
  try {
    state = await inspectEnvironment(store, name, policy, { read: readRecords, atOnce: TOGETHER });
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    const overview = { ...about, ...nothingKnown(error.message) };
    return { overview, store, images, calledBy, unread: [`${name}: ${error.message}`], look };
  }
  // The newest first: of many only those are asked for when they were committed.
  for (const { promotion } of state.standing.toReversed()) {
    if (!images.has(promotion.digest)) await add(promotion.digest, promotion.source);
  }
  for (const digest of described.keys()) if (!images.has(digest)) await add(digest, undefined);

  const irreversible = [...described].flatMap(([digest, { judged }]) =>
    judged !== undefined && isIrreversible(judged) ? [digest] : [],
  );
  const stays = state.stays.slice(-MOST_STAYS);
  const candidates = listCandidates({ ...state, stays }, new Set(irreversible)).map(
    ({ digest, steps, reasons, crosses }) => ({
      digest,
      steps,
      reasons: [
        ...reasons,
        ...(crosses === undefined
          ? []
          : [`${crosses} came after it and says that nothing older runs after it`]),
        ...(described.has(digest) ? [] : ['it cannot be read']),
      ],
    }),
  );
  return {
    overview: {
      ...about,
      records: { value: state.standing.map(describeRecord) },
      superseded: state.superseded.map(describeRecord),
      faults: [...broken, ...state.faults],
      foreign: [...state.images.values()].flatMap(listForeign),
      current: describeIf(state.current),
      hold: describeIf(state.hold),
      withdrawn: new Map([...state.withdrawn].map(([digest, record]) => [digest, describeRecord(record)])),
      pointer: { value: state.pointer },
      candidates,
    },
    store,
    images,
    calledBy,
    unread: [...images.values()].flatMap(({ digest, coverage }) =>
      'unknown' in coverage ? [`${name}: ${shortDigest(digest)}: ${coverage.unknown}`] : [],
    ),
    look,
  };
}

function describeIf(record: PromotionRecord | undefined) {
  return record && describeRecord(record);
}

function nothingKnown(unknown: string) {
  return {
    records: { unknown },
    superseded: [],
    faults: [],
    foreign: [],
    current: undefined,
    hold: undefined,
    withdrawn: new Map(),
    pointer: { unknown },
    candidates: [],
  };
}

function partsOf({ all, platforms }: ImageSubjects): Set<Digest> {
  const configs = platforms.map(({ manifest }) => manifest.config.digest);
  return new Set([...all.map(({ digest }) => digest), ...configs]);
}

/** What looks like a record and is by nobody who may write one. */
function listForeign({ digest, rejected }: VerifiedImage): string[] {
  return rejected
    .filter(({ predicateType = '' }) => kindOfPredicate(predicateType) === 'promotion')
    .map(({ source, reason }) => `${source} beside ${shortDigest(digest)} does not count: ${reason}`);
}
