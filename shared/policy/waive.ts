import { Invalid } from '../outcome/outcome.ts';
import type { Rules } from './file.ts';
import { needsOf } from './rule.ts';
import { formatReason, type Verdict } from './verdict.ts';

/** What is never waived: which image it is, who signed it, how it was built, and that somebody took it back. */
const NEVER_NEEDS = ['signature', 'provenance'] as const;
const NEVER_CONDITIONS = ['withdrawn'];

/** What is left of a denial when break-glass waives some of its rules. */
export interface Waived {
  /** The rules that would have denied. */
  readonly rules: readonly string[];
  /** The reasons that stand all the same; empty when the image may go. */
  readonly reasons: readonly string[];
}

/**
 * Takes named rules and conditions out of a denial (design.md, "Break-glass"). A name that the verdict does not know, and one that must not be
 * waived, is `Invalid` naming `break-glass`.
 */
export function waiveRules(
  verdict: Pick<Verdict, 'environment' | 'rules' | 'reasons'>,
  names: readonly string[],
  known: Rules,
): Waived {
  for (const name of names) {
    const judged = verdict.rules.map((rule) => rule.name);
    if (!judged.includes(name)) {
      throw new Invalid(
        'break-glass',
        `${verdict.environment} has no rule "${name}"; it has ${judged.join(', ')}`,
      );
    }
    const rule = known[name];
    const never =
      NEVER_CONDITIONS.includes(name) ||
      (rule !== undefined && needsOf(rule).some((need) => NEVER_NEEDS.some((one) => one === need)));
    if (never) {
      throw new Invalid(
        'break-glass',
        `"${name}" is never waived: it says which image this is, who built it, or that it was taken back`,
      );
    }
  }
  const rules = verdict.rules.filter(({ name, outcome }) => outcome === 'denied' && names.includes(name));
  const waived = new Set(rules.flatMap((rule) => rule.reasons.map((reason) => formatReason(rule, reason))));
  return {
    rules: rules.map(({ name }) => name),
    reasons: verdict.reasons.filter((reason) => !waived.has(reason)),
  };
}
