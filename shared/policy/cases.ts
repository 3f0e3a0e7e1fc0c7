import * as z from 'zod';
import { CONDITION_NAMES } from '../environment/conditions.ts';
import type { Digest } from '../image/digest.ts';
import { readDocument } from './document.ts';
import type { Facts } from './facts.ts';
import type { PolicyFile } from './file.ts';
import { fillVariable } from './given.ts';
import { type EvaluateExpressions, judgeFacts } from './judge.ts';
import { observeCase, observedSchema } from './observed.ts';
import { NEEDS, type Need } from './rule.ts';
import { explainSigner, signerSchema } from './signers.ts';
import { VARIABLES } from './variables.ts';
import type { Verdict } from './verdict.ts';

/*
 * Tests of a policy: a file of cases beside it. A case is an image with all evidence and nothing wrong, but for what the case gives
 * or takes away, and the verdict that an environment is to have of it.
 */

const caseSchema = z.strictObject({
  name: z.string().min(1).max(200).meta({ description: 'What it is about, for people.' }),
  environment: z.string().meta({ description: "One of the policy's environments.", examples: ['prod'] }),
  given: z.record(z.string(), z.unknown()).default({}).meta({
    description: 'Values of variables, by name; what is left out of an object keeps its good value.',
  }),
  missing: z
    .array(z.enum(NEEDS))
    .default([])
    .meta({ description: 'Evidence that there is none of.', examples: [['sbom']] }),
  signers: z.partialRecord(z.enum(NEEDS), signerSchema).default({}).meta({
    description: "Who signed which evidence, beside the policy's trust; trusted when absent.",
  }),
  observed: observedSchema.optional().meta({
    description:
      'What the gate would see beside evidence. When absent, what the environment asks beside its rules is not judged.',
  }),
  verdict: z.enum(['allow', 'deny']).meta({ description: 'What it is to come to.' }),
  denies: z
    .array(z.string())
    .optional()
    .meta({ description: 'The rules and conditions that deny, all of them.', examples: [['sbom', 'soak']] }),
  warns: z.array(z.string()).optional().meta({ description: 'The rules that warn, all of them.' }),
});
/** The form of a file of cases; schema/cases.json is made of it. */
export const casesSchema = z.strictObject({
  version: z.literal(1).meta({ description: 'The version of this form.' }),
  cases: z.array(caseSchema).min(1).max(1000).meta({ description: 'Each by itself.' }),
});
type Case = z.output<typeof caseSchema>;

/** A case that was judged; `fault` says what is otherwise than expected. */
export interface CaseResult {
  readonly name: string;
  readonly environment: string;
  readonly fault: string | undefined;
  readonly verdict: Verdict;
}

/** Reads a file of cases for a policy. Throws `Invalid` naming `cases` with every fault, each with file, line and column. */
export function readCases(text: string, file: string, policy: PolicyFile, now: Date): Case[] {
  const check = ({ cases }: { cases: readonly Case[] }) =>
    cases.flatMap(({ environment, given, signers, denies = [], warns = [] }, at) => {
      const path = ['cases', at];
      const faults = [];
      if (!Object.hasOwn(policy.environments, environment)) {
        faults.push({ path: [...path, 'environment'], message: `the policy has no "${environment}"` });
      }
      for (const [name, value] of Object.entries(given)) {
        const fault = findFault(() => fillVariable(name, value, now));
        if (fault !== undefined) faults.push({ path: [...path, 'given', name], message: fault });
      }
      for (const [need, signer] of Object.entries(signers)) {
        const fault = findFault(() => explainSigner(need as Need, signer, policy, now));
        if (fault !== undefined) faults.push({ path: [...path, 'signers', need, 'at'], message: fault });
      }
      for (const [key, names] of Object.entries({ denies, warns })) {
        const stranger = names.findIndex(
          (name) => !Object.hasOwn(policy.rules, name) && !CONDITION_NAMES.includes(name),
        );
        if (stranger >= 0) {
          faults.push({ path: [...path, key, stranger], message: `there is no rule "${names[stranger]}"` });
        }
      }
      return faults;
    });
  return readDocument(text, file, casesSchema, check, 'cases').cases;
}

/** Judges one case as a gate would: by the rules of its environment, by who is trusted, and, where it says what was observed, by all else. */
export async function judgeCase(
  { name, environment, given, missing, signers, observed, verdict: expected, denies, warns }: Case,
  policy: PolicyFile,
  evaluate: EvaluateExpressions,
  now: Date,
): Promise<CaseResult> {
  const gaps = new Map(missing.map((need) => [need, [`there is no ${need} evidence`]]));
  for (const need of NEEDS) {
    const signer = signers[need];
    const fault = signer && explainSigner(need, signer, policy, now);
    if (fault !== undefined) gaps.set(need, [`the ${need} evidence does not count: ${fault}`]);
  }
  const variables = Object.fromEntries(
    Object.keys(VARIABLES).map((variable) => [variable, fillVariable(variable, given[variable], now)]),
  );
  for (const [variable, { need }] of Object.entries(VARIABLES)) {
    if (need !== undefined && gaps.has(need)) delete variables[variable];
  }
  const facts = variables as unknown as Facts;
  const observation =
    observed && observeCase(environment, policy, observed, facts.image.digest as Digest, facts.now);
  const { rules = [], ...conditions } = policy.environments[environment] ?? {};
  const verdict = await judgeFacts(
    policy.rules,
    { name: environment, rules, ...(observed && conditions) },
    { facts, missing: gaps },
    evaluate,
    // What a case gives of approvals and promotion goes first.
    observation && { ...observation, facts: { ...observation.facts, ...takeGiven(facts, given) } },
  );
  const why = [...verdict.reasons, ...verdict.warnings].map((reason) => `; ${reason}`).join('');
  const compare = (wanted: readonly string[] | undefined, outcome: 'denied' | 'warned'): string[] => {
    const found = verdict.rules.filter((rule) => rule.outcome === outcome).map((rule) => rule.name);
    const tell = (names: readonly string[]): string => names.toSorted().join(', ') || 'nothing';
    return wanted === undefined || tell(wanted) === tell(found)
      ? []
      : [`${outcome} by ${tell(wanted)} was expected, and it is by ${tell(found)}${why}`];
  };
  const decision =
    verdict.decision === expected ? [] : [`${expected} was expected, and it is ${verdict.decision}${why}`];
  const [fault] = [...decision, ...compare(denies, 'denied'), ...compare(warns, 'warned')];
  return { name, environment, fault, verdict };
}

function takeGiven(
  { approvals = [], promotion }: Facts,
  given: Readonly<Record<string, unknown>>,
): Partial<Pick<Facts, 'approvals' | 'promotion'>> {
  return {
    ...(given.approvals !== undefined && { approvals }),
    ...(given.promotion !== undefined && promotion && { promotion }),
  };
}

function findFault(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
