import type { Approval } from '../evidence/promotion.ts';
import type { Digest } from '../image/digest.ts';
import { explainFreezes, type Freeze } from './freeze.ts';
import { type History, measureStay, tellRecord } from './history.ts';

/** What an environment asks of a promotion, beside its rules. */
export interface Conditions {
  /** The environment that the image must have passed through. */
  readonly after?: string | undefined;
  /** Seconds that it must have been there. */
  readonly soak?: number | undefined;
  /** How many people must approve. */
  readonly approvals?: number | undefined;
  readonly freeze?: readonly Freeze[] | undefined;
}

/** What was seen of it. Whatever could not be read is not here: it is `Unavailable` before anything is judged. */
export interface Observed {
  readonly now: Date;
  /** The image that is judged. */
  readonly digest: Digest;
  /** The environment that it would go to. */
  readonly history: History;
  /** The environment named by `after`. */
  readonly earlier?: {
    readonly history: History;
    /** Why the verdict that a record there stands on does not count here; undefined when it is a PASSED one under an allowed policy. */
    readonly verdictFault: string | undefined;
  };
  readonly approvals: readonly Approval[];
  /** What looks like an approval and is none, with the reason. */
  readonly discounted: readonly string[];
  /** Why the image's commit does not descend from the one that runs; undefined when it does, or nothing runs. */
  readonly ancestryFault: string | undefined;
}

/** Conditions that hold for every environment, asked for or not. */
const TITLES = {
  hold: 'Nothing holds the environment',
  withdrawn: 'The image was not withdrawn',
  descends: 'Built from a commit that descends from what runs',
  after: 'Passed the environment before',
  soak: 'Was there long enough',
  approvals: 'Approved by enough people',
  freeze: 'No freeze is in force',
  floor: 'Goes not back behind what cannot be undone',
} as const;
export type ConditionName = keyof typeof TITLES;
/** Names that no rule of a policy can have. */
export const CONDITION_NAMES: readonly string[] = Object.keys(TITLES);

/** What to do about a condition that denies. */
const HINTS: Record<ConditionName, string> = {
  hold: 'Release the hold with promote, when its reason is gone.',
  withdrawn: 'Promote another image, or reinstate this one with a reason.',
  descends: 'Promote an image of a later commit; only rollback goes back.',
  after: 'Promote it to the environment before.',
  soak: 'Promote it again when the time is over.',
  approvals: 'Let people who wrote none of its commits review this run, with the digest shown.',
  freeze: 'Wait for the end of the freeze, or break glass.',
  floor: 'Roll back to a newer image, or break glass.',
};

/** The answer to one condition; a policy's rule is answered in the same shape. */
export interface ConditionResult {
  readonly name: ConditionName;
  readonly title: string;
  readonly outcome: 'passed' | 'denied';
  readonly reasons: readonly string[];
  /** Beside reasons alone. */
  readonly hint?: string;
}

/** Judges everything that an environment asks beside its rules: one result each, with every reason. */
export function judgeConditions(asked: Conditions, observed: Observed): ConditionResult[] {
  const { history, earlier, approvals, discounted, ancestryFault, now, digest } = observed;
  const { hold } = history;
  const withdrawal = history.withdrawn.get(digest);
  const results: [ConditionName, readonly string[]][] = [
    ['hold', hold === undefined ? [] : [tellRecord('held', hold)]],
    ['withdrawn', withdrawal === undefined ? [] : [tellRecord('withdrawn', withdrawal)]],
    ['descends', ancestryFault === undefined ? [] : [ancestryFault]],
  ];
  if (asked.after !== undefined) results.push(['after', explainAfter(asked.after, digest, earlier)]);
  if (asked.soak !== undefined) {
    results.push(['soak', explainSoak(asked.soak, asked.after, digest, earlier?.history, now)]);
  }
  if (asked.approvals !== undefined) {
    const people = [...new Set(approvals.map(({ by }) => by.toLowerCase()))];
    const names = people.length === 0 ? 'nobody' : people.join(', ');
    const enough = people.length >= asked.approvals;
    results.push([
      'approvals',
      enough ? [] : [`${asked.approvals} must approve this digest, and ${names} did so far`, ...discounted],
    ]);
  }
  if (asked.freeze !== undefined) results.push(['freeze', explainFreezes(asked.freeze, now)]);
  return results.map(([name, reasons]) => answerCondition(name, reasons));
}

/** The answer to one condition: denied where there are reasons, with what to do about it. */
export function answerCondition(name: ConditionName, reasons: readonly string[]): ConditionResult {
  const denied = reasons.length > 0;
  return {
    name,
    title: TITLES[name],
    outcome: denied ? 'denied' : 'passed',
    reasons,
    ...(denied && { hint: HINTS[name] }),
  };
}

function explainAfter(name: string, digest: Digest, earlier: Observed['earlier']): string[] {
  const stay = earlier?.history.stays.findLast(({ arrived }) => arrived.promotion.digest === digest);
  if (earlier === undefined || stay === undefined) return [`it was never promoted to ${name}`];
  const withdrawal = earlier.history.withdrawn.get(digest);
  return [
    ...(withdrawal === undefined ? [] : [`${name} has it no more: ${tellRecord('withdrawn', withdrawal)}`]),
    ...(stay.arrived.promotion.override === undefined
      ? []
      : [`it came to ${name} by break-glass, which lets nothing further`]),
    ...(earlier.verdictFault === undefined ? [] : [earlier.verdictFault]),
  ];
}

function explainSoak(
  seconds: number,
  name: string | undefined,
  digest: Digest,
  history: History | undefined,
  now: Date,
): string[] {
  const stayed = history && measureStay(history, digest, now);
  if (name === undefined || stayed === undefined) {
    return [`nothing says how long it has been in ${name ?? 'an environment before'}`];
  }
  if (stayed >= seconds * 1000) return [];
  const left = history?.stays.at(-1)?.arrived.promotion.digest === digest ? '' : ', and then it left';
  return [`it has been in ${name} for ${formatSeconds(stayed / 1000)} of ${formatSeconds(seconds)}${left}`];
}

/** `90s`, `10m`, `2h30m`: whole seconds, rounded down, so that nothing looks done that is not. */
function formatSeconds(seconds: number): string {
  const whole = Math.floor(seconds);
  const parts: [number, string][] = [
    [Math.floor(whole / 86_400), 'd'],
    [Math.floor((whole % 86_400) / 3600), 'h'],
    [Math.floor((whole % 3600) / 60), 'm'],
    [whole % 60, 's'],
  ];
  return parts.flatMap(([count, unit]) => (count > 0 ? [`${count}${unit}`] : [])).join('') || '0s';
}
