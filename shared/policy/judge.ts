import type { Expression } from './expression.ts';
import type { Facts, Gathered } from './facts.ts';
import type { PolicyEnvironment, PolicyFile } from './file.ts';
import { tellExcused } from './findings.ts';
import { needsOf, type Rule, variablesOf } from './rule.ts';
import { formatReason, type RuleResult, type Verdict } from './verdict.ts';

/** What an expression came to: the values of the fields it names, and what made its `exists` true. */
export type Evaluated =
  | { readonly value: boolean; readonly values: readonly string[]; readonly items: readonly string[] }
  | { readonly error: string };

/** Evaluates expressions over facts within limits of time and memory: one answer an expression, in their order, whatever happens. */
export type EvaluateExpressions = (
  expressions: readonly Expression[],
  facts: Facts,
) => Promise<readonly Evaluated[]>;

/** The part of an environment that is judged by. */
export interface JudgedEnvironment extends Partial<Omit<PolicyEnvironment, 'rules'>> {
  readonly name: string;
  readonly rules: readonly string[];
}

/** What an environment asks beside its rules, answered by who read its records (environment/conditions.ts). */
export const CONDITIONS = [
  'after',
  'soak',
  'approvals',
  'freeze',
] as const satisfies readonly (keyof PolicyEnvironment)[];

/** The variables that no evidence says: the gate looks for itself. */
export const OBSERVED: readonly ('approvals' | 'promotion' | 'base')[] = ['approvals', 'promotion', 'base'];

/** What the gate saw for itself: no evidence says it. */
export interface Observation {
  readonly conditions: readonly RuleResult[];
  readonly facts: Required<Pick<Facts, 'approvals' | 'promotion'>> & Pick<Facts, 'base'>;
  /** Why one of these facts is not there, by its name. */
  readonly unseen?: Readonly<Record<string, string>>;
}

/**
 * Judges gathered facts by every rule of one environment. A rule whose evidence is missing or incomplete is not evaluated and denies,
 * and so does one that cannot be evaluated.
 */
export async function judgeFacts(
  known: PolicyFile['rules'],
  environment: JudgedEnvironment,
  gathered: Gathered,
  evaluate: EvaluateExpressions,
  observation?: Observation,
): Promise<Verdict> {
  const facts: Facts = { ...gathered.facts, ...observation?.facts };
  const judged = [...new Set(environment.rules)].map((name) => {
    const rule = known[name];
    const gaps =
      rule === undefined
        ? ['there is no such rule']
        : explainGaps(rule, gathered.missing, facts, observation?.unseen);
    return { name, rule, gaps, expression: gaps.length > 0 ? undefined : (rule?.deny ?? rule?.warn) };
  });
  const expressions = judged.flatMap(({ expression }) => expression ?? []);
  const evaluated = expressions.length === 0 ? [] : await evaluate(expressions, facts);
  const ruled = judged.map(({ name, rule, gaps, expression }): RuleResult => {
    const answer = expression && evaluated[expressions.indexOf(expression)];
    const reasons = expression === undefined ? gaps : explainAnswer(answer);
    const outcome = outcomeOf(rule, reasons, facts.now);
    return {
      name,
      title: rule?.title ?? name,
      outcome,
      reasons: outcome === 'passed' ? [] : reasons,
      ...(answer !== undefined && 'values' in answer && { values: answer.values }),
      ...(outcome !== 'passed' && rule && describeWay(rule, gathered.missing)),
    };
  });

  const conditions = observation?.conditions ?? [];
  const unseen = CONDITIONS.filter(
    (part) => environment[part] !== undefined && !conditions.some(({ name }) => name === part),
  );
  const rules = [...ruled, ...conditions];

  const tell = (outcome: RuleResult['outcome']): string[] =>
    rules
      .filter((result) => result.outcome === outcome)
      .flatMap((rule) => rule.reasons.map((reason) => formatReason(rule, reason)));
  const reasons = [
    ...unseen.map((part) => `${environment.name} asks for "${part}", and nobody looked`),
    // A rule over each platform is true of none: nothing was looked at.
    ...(facts.image.platforms.length === 0 ? ['the image has no platform that could run'] : []),
    ...(ruled.length === 0 ? [`${environment.name} has no rules, so nothing was judged`] : []),
    ...tell('denied'),
  ];
  return {
    decision: reasons.length === 0 ? 'allow' : 'deny',
    environment: environment.name,
    reasons,
    warnings: [...tell('warned'), ...tellExcused(facts.excused ?? [])],
    rules,
    judgedAt: facts.now.toISOString(),
  };
}

/** What to do about a rule that did not pass. A rule's own hint is about what it looks at, and where evidence is missing nobody looked. */
function describeWay(rule: Rule, missing: Gathered['missing']): Pick<RuleResult, 'hint'> {
  const looks = rule.deny !== undefined || rule.warn !== undefined;
  const gaps = looks ? needsOf(rule).filter((need) => missing.has(need)) : [];
  const hint =
    gaps.length === 0
      ? rule.hint
      : `Attest ${gaps.join(' and ')} evidence for every platform, in a workflow that the policy trusts with it.`;
  return hint === undefined ? {} : { hint };
}

function explainGaps(
  rule: Rule,
  missing: Gathered['missing'],
  facts: Facts,
  why: Observation['unseen'] = {},
): string[] {
  const unseen = OBSERVED.filter((name) => variablesOf(rule).includes(name) && facts[name] === undefined);
  return [
    ...needsOf(rule).flatMap((need) => missing.get(need) ?? []),
    ...unseen.map((name) => `it asks for "${name}", and ${why[name] ?? 'nobody looked'}`),
  ];
}

function explainAnswer(answer: Evaluated | undefined): string[] {
  if (answer === undefined) return ['it was not evaluated'];
  if ('error' in answer)
    return [`it could not be evaluated, so it counts against the image: ${answer.error}`];
  if (answer.value === false) return [];
  const { items, values } = answer;
  if (items.length > 0) return [items.join('; ')];
  return [values.length === 0 ? 'this is not so' : `this is not so: ${values.join(', ')}`];
}

function outcomeOf(rule: Rule | undefined, reasons: readonly string[], now: Date): RuleResult['outcome'] {
  if (reasons.length === 0) return 'passed';
  const inForce = rule?.from === undefined || rule.from <= now;
  if (rule?.warn !== undefined) return inForce ? 'warned' : 'passed';
  return inForce ? 'denied' : 'warned';
}
