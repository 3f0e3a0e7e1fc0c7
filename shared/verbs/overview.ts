import { findDrift } from '../environment/drift.ts';
import { type AgeLimits, findOverdue } from '../environment/overdue.ts';
import type { EnvironmentOverview, Known, Overview, WantedOverview } from '../environment/overview.ts';
import { isMove } from '../evidence/promotion.ts';
import { openCommitTimes } from '../github/commits.ts';
import type { RunContext } from '../github/context.ts';
import { type LoadedPolicy, loadPolicy } from '../github/policy.ts';
import type { Digest } from '../image/digest.ts';
import { Invalid, Unavailable } from '../outcome/outcome.ts';
import { findEnvironment } from '../policy/file.ts';
import { keepHeapSmall } from '../process/heap.ts';
import type { SigningInputs } from '../sigstore/instance.ts';
import type { StatementVerifier } from '../sigstore/verifier.ts';
import { openPolicyVerifier } from './judge.ts';
import { readRunning, sortRunning } from './running.ts';
import { type Survey, surveyEnvironment } from './survey.ts';
import { compareWanted, readWanted } from './wanted.ts';

export interface OverviewInputs extends Pick<SigningInputs, 'sigstore' | 'trusted-root'> {
  /** Undefined: all of the policy's. */
  readonly environment?: string | undefined;
  readonly policy?: string | undefined;
  /** `path`, `label=path` or `-`, one a line. */
  readonly running: readonly string[];
  readonly manifests: readonly string[];
  readonly 'manifests-token'?: string | undefined;
  /** Seconds. */
  readonly 'max-image-age'?: number | undefined;
  readonly 'max-instance-age'?: number | undefined;
  readonly 'github-token'?: string | undefined;
}

/** What was found, with what it was found by. */
export interface FoundOverview {
  readonly overview: Overview;
  /** One an environment, by its name. */
  readonly surveys: ReadonlyMap<string, Survey>;
  readonly policy: LoadedPolicy;
  readonly verifier: StatementVerifier;
  /** What could not be read; empty when all was. */
  readonly unread: readonly string[];
}

/**
 * Reads one environment or all of the policy's, and compares them with manifests and with what runs. An input that cannot be read is `Invalid` before
 * anything is asked; of what cannot be reached afterwards it says so in its place, and in `unread`.
 */
export async function readOverview(inputs: OverviewInputs, context: RunContext): Promise<FoundOverview> {
  keepHeapSmall();
  const { environment } = inputs;
  const told = await readRunning(inputs.running, context);
  const policy = await loadPolicy(inputs.policy, inputs, context);
  const names = environment === undefined ? Object.keys(policy.file.environments) : [environment];
  for (const name of names) findEnvironment(policy.file, name);
  const compares = inputs.running.length > 0 || inputs.manifests.length > 0;
  if (compares) refuseShared(policy, names);
  const [verifier, named] = await Promise.all([
    openPolicyVerifier(policy, inputs, context),
    inputs.manifests.length === 0 ? undefined : readWanted(inputs, context),
  ]);
  const asking = {
    policy,
    verifier,
    commits: openCommitTimes(inputs['github-token'], context),
    'github-token': inputs['github-token'],
  };
  // One after the other: of each several images are read at the same time already.
  const read: Survey[] = [];
  for (const name of names) read.push(await surveyEnvironment(name, asking, context));
  const surveys = new Map(read.map((survey) => [survey.overview.name, survey]));

  const running = inputs.running.length === 0 ? undefined : await sortRunning(told, surveys, policy.file);
  const wanted = new Map<string, Known<readonly WantedOverview[] | undefined>>();
  for (const [name, survey] of surveys) {
    if (named !== undefined) wanted.set(name, await orUnknown(() => compareWanted(named, survey)));
  }
  if (named !== undefined && [...wanted.values()].every((one) => 'value' in one && one.value === undefined)) {
    const places = read.map(({ overview: { repository } }) => repository).join(' or ');
    throw new Invalid('manifests', `none of the files names an image of ${places}`);
  }
  const now = new Date();
  const limits = { image: inputs['max-image-age'], instance: inputs['max-instance-age'] };
  const labels = environment === undefined ? [] : told.map(({ label }) => label);
  const environments = read.map((survey) => {
    const { name } = survey.overview;
    const own = running?.of.get(name);
    return compareEnvironment(survey, { wanted: wanted.get(name), running: own, labels, limits, now });
  });
  const unread = [
    ...read.flatMap((survey) => survey.unread),
    ...(running?.unread ?? []),
    ...[...wanted].flatMap(([name, one]) => ('unknown' in one ? [`${name}: ${one.unknown}`] : [])),
  ];
  return {
    overview: { at: now.toISOString(), policy: policy.uri, environments, ignored: running?.ignored ?? 0 },
    surveys,
    policy,
    verifier,
    unread,
  };
}

/** Nothing in a pod or a manifest says which of two environments of one repository it is of. */
function refuseShared({ file }: LoadedPolicy, names: readonly string[]): void {
  const places = names.map((name) => findEnvironment(file, name).repository);
  const twice = places.find((place, at) => places.indexOf(place) !== at);
  if (twice === undefined) return;
  throw new Invalid('environment', `is required: several environments are in ${twice}`, {
    hint: 'Run this once for each environment, with what runs there.',
  });
}

async function orUnknown<T>(read: () => Promise<T>): Promise<Known<T>> {
  try {
    return { value: await read() };
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    return { unknown: error.message };
  }
}

interface Comparison {
  readonly wanted: Known<readonly WantedOverview[] | undefined> | undefined;
  readonly running: EnvironmentOverview['running'];
  readonly labels: readonly string[];
  readonly limits: AgeLimits;
  readonly now: Date;
}

function compareEnvironment(
  { overview, images }: Survey,
  { wanted: known = { value: undefined }, running, labels, limits, now }: Comparison,
): EnvironmentOverview {
  const { name, repository, current, withdrawn, records, pointer, faults } = overview;
  const wanted = 'value' in known ? known.value : undefined;
  const compare = (): EnvironmentOverview['drift'] => {
    if ('unknown' in records) return records;
    if ('unknown' in pointer) return pointer;
    if ('unknown' in known) return known;
    if (faults.length > 0) return { unknown: `the records of ${name} do not hold` };
    const moves = records.value.filter(({ action }) => isMove(action));
    const held = new Set(moves.map(({ digest }) => digest));
    const about = { name, repository, wanted, running, withdrawn, labels, held };
    return { value: findDrift({ ...about, current: current?.digest, pointer: pointer.value }) };
  };
  const present = new Set<Digest>([
    ...(current === undefined ? [] : [current.digest]),
    ...(running ?? []).flatMap(({ digest }) => digest ?? []),
  ]);
  const aged = new Map([...present].map((digest) => [digest, images.get(digest)]));
  return {
    ...overview,
    images,
    wanted,
    running,
    drift: compare(),
    overdue: findOverdue(aged, running ?? [], limits, now),
  };
}
