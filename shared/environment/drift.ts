import { type Digest, shortDigest } from '../image/digest.ts';
import type { Drift, EnvironmentOverview, InstanceOverview } from './overview.ts';
import { pointerTag } from './tags.ts';

/** What is compared with the records. */
export interface Compared
  extends Pick<EnvironmentOverview, 'name' | 'repository' | 'wanted' | 'running' | 'withdrawn'> {
  readonly current: Digest | undefined;
  /** Every image that the environment ever held. */
  readonly held: ReadonlySet<Digest>;
  readonly pointer: Digest | undefined;
  /** Where something of it has to run: the labels of the inputs. */
  readonly labels: readonly string[];
}

/** How many instances one drift names. */
const NAMED = 3;

/** Every way in which manifests, the pointer and what runs are not what the records say; empty when all are alike. */
export function findDrift(compared: Compared): Drift[] {
  return [...findWantedDrift(compared), ...findPointerDrift(compared), ...findRunningDrift(compared)];
}

function findWantedDrift({ wanted = [], current }: Compared): Drift[] {
  return wanted
    .filter(({ digest }) => digest === undefined || digest !== current)
    .map(({ where, named }) => ({ kind: 'wanted', where, expected: current, found: named }));
}

function findPointerDrift({ name, pointer, current }: Compared): Drift[] {
  if (pointer === current) return [];
  return [{ kind: 'pointer', where: pointerTag(name), expected: current, found: pointer ?? 'nothing' }];
}

function findRunningDrift(compared: Compared): Drift[] {
  const { running, current, labels, repository } = compared;
  if (running === undefined) return [];
  const someRunIt = running.some(({ digest, waiting }) => digest === current && waiting === undefined);
  const groups = new Map<string, { drift: Omit<Drift, 'where' | 'expected'>; of: InstanceOverview[] }>();
  for (const instance of running) {
    const drift = judgeInstance(instance, compared, someRunIt);
    if (drift === undefined) continue;
    const key = JSON.stringify([instance.label, instance.workload, drift.kind, drift.found]);
    const group = groups.get(key) ?? { drift, of: [] };
    group.of.push(instance);
    groups.set(key, group);
  }
  const silent =
    current === undefined ? [] : labels.filter((label) => !running.some((one) => one.label === label));
  return [
    ...[...groups.values()].map(({ drift, of }) => ({
      ...drift,
      where: nameInstances(of),
      expected: current,
    })),
    ...silent.map(
      (label): Drift => ({
        kind: 'running',
        where: label === '' ? 'what runs' : label,
        expected: current,
        found: `nothing of ${repository}`,
      }),
    ),
  ];
}

function judgeInstance(
  { digest, image, waiting }: InstanceOverview,
  { current, held, withdrawn }: Compared,
  someRunIt: boolean,
): Omit<Drift, 'where' | 'expected'> | undefined {
  const state = waiting === undefined ? '' : `, which ${waiting}`;
  if (digest === undefined)
    return { kind: 'running', found: `${image}, and nothing says of which digest${state}` };
  const { by, reason } = tellWithdrawal(withdrawn.get(digest));
  if (by !== undefined) return { kind: 'running', found: `${digest}, withdrawn ${by}: ${reason}${state}` };
  if (!held.has(digest)) return { kind: 'running', found: `${digest}, which was never promoted${state}` };
  if (digest !== current) return { kind: someRunIt ? 'rollout' : 'running', found: `${digest}${state}` };
  return waiting === undefined ? undefined : { kind: 'rollout', found: `${shortDigest(digest)} ${waiting}` };
}

function tellWithdrawal(record: ReturnType<EnvironmentOverview['withdrawn']['get']>): {
  by: string | undefined;
  reason: string;
} {
  if (record === undefined) return { by: undefined, reason: '' };
  const { requestedBy = 'somebody', at = 'an unproven time', reason = 'no reason was given' } = record;
  return { by: `by ${requestedBy} at ${at}`, reason };
}

/** `eu: shop/web (12 instances)`, or the names of a few. */
function nameInstances(instances: readonly InstanceOverview[]): string {
  const [first] = instances;
  if (first === undefined) return '';
  const names = instances.slice(0, NAMED).map(({ name }) => name);
  const more = instances.length > NAMED ? ` and ${instances.length - NAMED} more` : '';
  return `${first.label === '' ? '' : `${first.label}: `}${names.join(', ')}${more}`;
}
