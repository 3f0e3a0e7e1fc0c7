import type { Facts, Gathered } from './facts.ts';
import type { Rules } from './file.ts';
import { type EvaluateExpressions, type JudgedEnvironment, judgeFacts } from './judge.ts';
import { needsOf, type Rule, variablesOf } from './rule.ts';
import type { RuleResult, Verdict } from './verdict.ts';

/** The variables that are lists of what a scan found: of these only what the other image has not counts. */
const FOUND = ['vulnerabilities', 'secrets', 'misconfigurations', 'licences', 'excused'] as const;
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
  const find = (of: Verdict | undefined, rule: string): RuleResult | undefined =>
    of?.rules.find((result) => result.name === rule);
  const rules = verdict.rules.map((result): RuleResult => {
    if (result.outcome !== 'denied') return result;
    const rule = known[result.name];
    const there = find(now, result.name);
    const worse =
      rule === undefined ||
      running === undefined ||
      there === undefined ||
      isAbsolute(rule) ||
      !isAlike(rule, [result, target], [there, running]) ||
      (readsFound(rule) &&
        (find(more, result.name)?.outcome !== 'passed' ||
          (counts(rule) && hasMore(rule, difference?.facts))));
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

/**
 * True when a rule speaks against both for the same cause: what is known to be bad here is known there too, and what is not known here is
 * not known there either. A denial of what runs for want of evidence says nothing of how good it is.
 */
function isAlike(
  rule: Rule,
  [here, { missing }]: readonly [RuleResult, Gathered],
  [there, { missing: missingThere }]: readonly [RuleResult, Gathered],
): boolean {
  const needs = needsOf(rule);
  const gaps = needs.filter((need) => missing.has(need));
  if (gaps.length > 0) {
    return gaps.every((need) => (missing.get(need)?.length ?? 0) <= (missingThere.get(need)?.length ?? 0));
  }
  if (there.outcome === 'passed' || needs.some((need) => missingThere.has(need))) return false;
  // Values are told of what could be evaluated.
  return here.values === undefined
    ? there.values === undefined && String(here.reasons) === String(there.reasons)
    : there.values !== undefined;
}

function isAbsolute(rule: Rule): boolean {
  return needsOf(rule).some((need) => ABSOLUTE.some((one) => one === need));
}

function readsFound(rule: Rule): boolean {
  return variablesOf(rule).some((variable) => FOUND.some((one) => one === variable));
}

/** True for a rule that looks at a list as a whole, as by its size: then no single finding is to blame. */
function counts({ deny }: Rule): boolean {
  return deny?.shown.some(({ name, items }) => !items && FOUND.some((one) => one === name)) ?? false;
}

function hasMore(rule: Rule, difference: Facts | undefined): boolean {
  return FOUND.some((one) => variablesOf(rule).includes(one) && difference?.[one]?.length !== 0);
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

/** What makes a finding the same in another image: what it is, in which package or file of which platform, and how bad; not in which version. */
function identify(found: object): string {
  const one = found as Readonly<Record<string, unknown>>;
  const { id, rule, class: kind, package: name, target, platform, severity, status, vex, by } = one;
  const place = name === undefined || name === '' ? target : name;
  const known = [Boolean(one.fixed), one.exploited !== undefined];
  return JSON.stringify([id, rule, kind, place, platform, severity, status, vex, by, known]);
}
