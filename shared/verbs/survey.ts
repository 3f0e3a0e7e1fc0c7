import { listCandidates } from '../environment/candidates.ts';
import type { PromotionRecord } from '../environment/chain.ts';
import { describeRecord, type EnvironmentOverview } from '../environment/overview.ts';
import type { VerifiedImage } from '../evidence/evidence.ts';
import { kindOfPredicate } from '../evidence/predicate.ts';
import type { RunContext } from '../github/context.ts';
import { shortDigest } from '../image/digest.ts';
import { Unavailable } from '../outcome/outcome.ts';
import { findEnvironment } from '../policy/file.ts';
import { mapParallel } from '../store/parallel.ts';
import type { Store } from '../store/store.ts';
import { MOST_STAYS } from './candidates.ts';
import { type InspectedEnvironment, inspectEnvironment, openEnvironment } from './environment.ts';
import { type Asking, explainUnread, type ImageReader, openImageReader } from './image-reader.ts';

/** Images that are read at the same time: enough to wait for a registry with, few enough to hold all their evidence. */
const TOGETHER = 4;

/** What the registry says of one environment, before anything is compared with it. */
export interface Survey extends Pick<ImageReader, 'images' | 'calledBy' | 'look'> {
  readonly overview: Omit<EnvironmentOverview, 'images' | 'wanted' | 'running' | 'drift' | 'overdue'>;
  readonly store: Store;
  /** What could not be read, and so is not known. */
  readonly unread: readonly string[];
}

/**
 * Reads an environment whether its records hold or not, and each image that they name once: its evidence, what the environment's rules miss of it,
 * what it is made of. Bundles are let go as soon as they are read. What cannot be reached makes unknown what depends on it, and nothing more.
 */
export async function surveyEnvironment(name: string, asking: Asking, context: RunContext): Promise<Survey> {
  const { policy } = asking;
  const { repository, after } = findEnvironment(policy.file, name);
  const store = openEnvironment(policy, name, asking['github-token'], context);
  const reader = openImageReader(store, name, asking);
  const { images, calledBy, look } = reader;
  const about = { name, repository, after };
  let state: InspectedEnvironment;
  try {
    state = await inspectEnvironment(store, name, policy, { read: reader.readRecords, atOnce: TOGETHER });
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    const overview = { ...about, ...nothingKnown(error.message) };
    return { overview, store, images, calledBy, unread: [`${name}: ${error.message}`], look };
  }
  if (state.standing.length + state.faults.length === 0 && (await store.listTags()).length === 0) {
    const unknown = `the registry shows nothing of ${store.place}: nothing was ever pushed there, or this login may not see it`;
    return { overview: { ...about, ...nothingKnown(unknown) }, store, images, calledBy, unread: [], look };
  }
  const sources = new Map(state.standing.map(({ promotion: { digest, source } }) => [digest, source]));
  const newest = state.standing.toReversed().map(({ promotion }) => promotion.digest);
  await mapParallel([...new Set(newest)], TOGETHER, (digest) => reader.keep(digest, sources.get(digest)));
  for (const digest of reader.listRead()) await reader.keep(digest, undefined);
  return {
    overview: {
      ...about,
      records: { value: state.standing.map(describeRecord) },
      superseded: state.superseded.map(describeRecord),
      faults: [...reader.faults, ...state.faults],
      foreign: [...state.images.values()].flatMap(listForeign),
      current: describeIf(state.current),
      hold: describeIf(state.hold),
      withdrawn: new Map([...state.withdrawn].map(([digest, record]) => [digest, describeRecord(record)])),
      pointer: { value: state.pointer },
      candidates: describeCandidates(state, reader),
    },
    store,
    images,
    calledBy,
    unread: [...images.values()].flatMap((image) => {
      const why = explainUnread(image);
      return why === undefined ? [] : [`${name}: ${why}`];
    }),
    look,
  };
}

function describeCandidates(
  state: InspectedEnvironment,
  { images, listIrreversible }: ImageReader,
): EnvironmentOverview['candidates'] {
  const stays = state.stays.slice(-MOST_STAYS);
  return listCandidates({ ...state, stays }, listIrreversible()).map(
    ({ digest, steps, reasons, crosses }) => ({
      digest,
      steps,
      reasons: [
        ...reasons,
        ...(crosses === undefined
          ? []
          : [`${crosses} came after it and says that nothing older runs after it`]),
        ...(images.has(digest) && explainUnread(images.get(digest)) === undefined
          ? []
          : ['it cannot be read']),
      ],
    }),
  );
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

/** What looks like a record and is by nobody who may write one. */
function listForeign({ digest, rejected }: VerifiedImage): string[] {
  return rejected
    .filter(({ predicateType = '' }) => kindOfPredicate(predicateType) === 'promotion')
    .map(({ source, reason }) => `${source} beside ${shortDigest(digest)} does not count: ${reason}`);
}
