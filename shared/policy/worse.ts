import type { Facts, Gathered } from './facts.ts';
import type { Rules } from './file.ts';
import { type EvaluateExpressions, type JudgedEnvironment, judgeFacts } from './judge.ts';
import { needsOf, type Rule, variablesOf } from './rule.ts';
import type { RuleResult, Verdict } from './verdict.ts';

/** The variables that are lists of what a scan found: of these only what the other image has not counts. */
const FOUND = ['vulnerabilities', 'secrets', 'misconfigurations', 'licences'] as const;
/** What an image must have whatever runs now: who signed it and how it was built is never relative. */
const ABSOLUTE = ['signature', 'provenance'] as const;

/** An image judged beside the one that runs. */
export interface Comparison {
  /** By itself: what its summary says. */
  readonly verdict: Verdict;
  /** Each rule again, `denied` only for what is worse than what runs; what is as bad there is `warned`. */
  readonly rules: readonly RuleResult[];
}

/**
 * Judges an image by the rules of an environment and again beside the one that runs (design.md: "Rollback is vetoed only by what is worse than
 * what runs now"). Without `running`, because it could not be read, everything counts.
 */
export async function compareFacts(
  known: Rules,
  environment: JudgedEnvironment,
  target: Gathered,
  running: Gathered | undefined,
  evaluate: EvaluateExpressions,
): Promise<Comparison> {
  // Soak, approvals and freezes do not hold a rollback up.
  const { name, rules: asked } = environment;
  const judge = (gathered: Gathered): Promise<Verdict> =>
    judgeFacts(known, { name, rules: asked }, gathered, evaluate);
  const difference = running && { ...target, facts: subtract(target.facts, running.facts) };
  const [verdict, now, more] = await Promise.all([
    judge(target),
    running && judge(running),
    difference && judge(difference),
  ]);
  const denies = (of: Verdict | undefined, rule: string): boolean =>
    of?.rules.find((result) => result.name === rule)?.outcome !== 'passed';
  const rules = verdict.rules.map((result): RuleResult => {
    if (result.outcome !== 'denied') return result;
    const rule = known[result.name];
    const worse =
      now === undefined ||
      rule === undefined ||
      isAbsolute(rule) ||
      !denies(now, result.name) ||
      (variablesOf(rule).some((variable) => FOUND.some((one) => one === variable)) &&
        denies(more, result.name));
    return worse
      ? result
      : {
          ...result,
          outcome: 'warned',
          reasons: [`what runs now is no better: ${result.reasons.join('; ')}`],
        };
  });
  return { verdict, rules };
}

function isAbsolute(rule: Rule): boolean {
  return needsOf(rule).some((need) => ABSOLUTE.some((one) => one === need));
}

/** The facts without what the other image has too. */
function subtract(facts: Facts, others: Facts): Facts {
  const rest = FOUND.flatMap((variable) => {
    const [mine, theirs] = [facts[variable], others[variable]];
    if (mine === undefined || theirs === undefined) return [];
    const there = new Set(theirs.map(identify));
    return [[variable, mine.filter((found) => !there.has(identify(found)))]];
  });
  return { ...facts, ...Object.fromEntries(rest) };
}

/** What makes a finding the same in another image: what it is and in which package or file, not in which version. */
function identify(found: object): string {
  const { id, rule, package: name, target, severity } = found as Readonly<Record<string, unknown>>;
  return JSON.stringify([id, rule, name, name === undefined || name === '' ? target : '', severity]);
}
