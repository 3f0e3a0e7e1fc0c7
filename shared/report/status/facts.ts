import type { EnvironmentOverview } from '../../environment/overview.ts';
import { shortDigest } from '../../image/digest.ts';
import { formatCount, formatNumber } from '../blocks.ts';
import { formatTime } from './values.ts';

/** A piece of a fact: plain text, foreign words in it, or a name that is set as code. */
export type Span = string | { readonly code: string };

/** One answer about an environment, for whichever format. */
export interface Fact {
  readonly label: string;
  /** With a space between two. */
  readonly spans: readonly Span[];
  /** What somebody should notice. */
  readonly tone?: 'warn' | 'bad';
}

/** What an environment holds, in a few words. */
export function describeHeld({ records, faults, current }: EnvironmentOverview): Fact {
  const label = 'Holds';
  if ('unknown' in records) return { label, spans: [`not known: ${records.unknown}`], tone: 'warn' };
  const digest: Span | undefined = current && { code: shortDigest(current.digest) };
  if (faults.length > 0) {
    const spans =
      digest === undefined
        ? ['not known: its records do not hold']
        : ['not known: its records do not hold; last known', digest];
    return { label, spans, tone: 'warn' };
  }
  return { label, spans: [digest ?? 'nothing yet'] };
}

/** What somebody on call asks of an environment, in that order. Where faults are, it is told of the newest record that holds. */
export function listFacts(environment: EnvironmentOverview): Fact[] {
  const { current, candidates, hold } = environment;
  const running = describeRunning(environment);
  const held: Fact[] =
    hold === undefined
      ? []
      : [
          {
            label: 'On hold',
            spans: [`since ${formatTime(hold.at)}: ${hold.reason ?? 'no reason was given'}`],
            tone: 'warn',
          },
        ];
  if (current === undefined) return [...running, ...held];
  const { at, action, sequence, reason, waived, requestedBy, approvedBy, source, policy } = current;
  const approved = [...new Set(approvedBy.map(({ by }) => by))];
  const back = candidates.find(({ reasons }) => reasons.length === 0);
  const verb = action === 'rollback' ? 'rolled back' : 'promoted';
  return [
    ...running,
    { label: 'Since', spans: [`${formatTime(at)}, ${verb} by record ${sequence}`] },
    { label: 'Why', spans: [reason ?? 'no reason was given'] },
    ...(waived.length === 0
      ? []
      : [{ label: 'Break-glass', spans: [`waived ${waived.join(', ')}`], tone: 'bad' as const }]),
    { label: 'Asked by', spans: [requestedBy ?? 'unknown'] },
    { label: 'Approved by', spans: [approved.length === 0 ? 'nobody' : approved.join(', ')] },
    ...(source === undefined
      ? []
      : [{ label: 'Commit', spans: [{ code: source.commit.slice(0, 12) }, `of ${source.repository}`] }]),
    // With the first twelve digits of its commit.
    { label: 'Policy', spans: [{ code: policy.uri.replace(/([0-9a-f]{12})[0-9a-f]{28}/, '$1') }] },
    back === undefined
      ? { label: 'Goes back to', spans: ['nothing'], tone: 'warn' }
      : {
          label: 'Goes back to',
          spans: [{ code: shortDigest(back.digest) }, `(${formatCount(back.steps, 'step')} back)`],
        },
    ...held,
  ];
}

function describeRunning({ running, current, faults }: EnvironmentOverview): Fact[] {
  if (running === undefined) return [];
  const label = 'Running';
  const all = formatCount(running.length, 'instance');
  if (current === undefined || faults.length > 0) {
    return [{ label, spans: [`${all}, and nobody can say of what it should be`], tone: 'warn' }];
  }
  const right = running.filter(({ digest }) => digest === current.digest).length;
  const regions = new Set(running.map((instance) => instance.label)).size;
  const where = regions > 1 ? ` in ${formatCount(regions, 'place')}` : '';
  return right === running.length && right > 0
    ? [{ label, spans: [`this, in ${all}${where}`] }]
    : [{ label, spans: [`this in ${formatNumber(right)} of ${all}${where}`], tone: 'bad' }];
}
