import * as z from 'zod';
import { readDocument } from './document.ts';
import type { Facts, Gathered } from './facts.ts';
import type { PolicyFile } from './file.ts';
import { type EvaluateExpressions, judgeFacts } from './judge.ts';
import { NEEDS } from './rule.ts';
import { TYPES, VARIABLES } from './variables.ts';
import type { Verdict } from './verdict.ts';

/*
 * Tests of a policy: a file of cases beside it. A case is an image with all evidence and nothing wrong, but for what the case gives
 * or takes away, and the verdict that the rules of an environment are to have of it.
 */

const caseSchema = z.strictObject({
  name: z.string().min(1).max(200),
  environment: z.string(),
  /** Values of variables, by name; what is left out of an object keeps its good value. */
  given: z.record(z.string(), z.unknown()).default({}),
  /** Evidence that there is none of. */
  missing: z.array(z.enum(NEEDS)).default([]),
  verdict: z.enum(['allow', 'deny']),
  /** The rules that deny, all of them. */
  denies: z.array(z.string()).optional(),
  /** The rules that warn, all of them. */
  warns: z.array(z.string()).optional(),
});
const fileSchema = z.strictObject({ version: z.literal(1), cases: z.array(caseSchema).min(1).max(1000) });
export type Case = z.output<typeof caseSchema>;

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
    cases.flatMap(({ environment, given, denies = [], warns = [] }, at) => {
      const path = ['cases', at];
      const faults = [];
      if (!Object.hasOwn(policy.environments, environment)) {
        faults.push({ path: [...path, 'environment'], message: `the policy has no "${environment}"` });
      }
      for (const [name, value] of Object.entries(given)) {
        const fault = findFault(() => fillVariable(name, value, now));
        if (fault !== undefined) faults.push({ path: [...path, 'given', name], message: fault });
      }
      for (const [key, names] of Object.entries({ denies, warns })) {
        const stranger = names.findIndex((name) => !Object.hasOwn(policy.rules, name));
        if (stranger >= 0) {
          faults.push({ path: [...path, key, stranger], message: `there is no rule "${names[stranger]}"` });
        }
      }
      return faults;
    });
  return readDocument(text, file, fileSchema, check, 'cases').cases;
}

/** Judges one case by the rules of its environment. What it asks beside them (order, soak, approvals, freezes) is not judged. */
export async function judgeCase(
  { name, environment, given, missing, verdict: expected, denies, warns }: Case,
  policy: PolicyFile,
  evaluate: EvaluateExpressions,
  now: Date,
): Promise<CaseResult> {
  const facts = Object.fromEntries(
    Object.keys(VARIABLES).map((variable) => [variable, fillVariable(variable, given[variable], now)]),
  );
  for (const [variable, { need }] of Object.entries(VARIABLES)) {
    if (missing.some((one) => one === need)) delete facts[variable];
  }
  const gathered: Gathered = {
    facts: facts as unknown as Facts,
    missing: new Map(missing.map((need) => [need, [`there is no ${need} evidence`]])),
  };
  const { rules = [] } = policy.environments[environment] ?? {};
  const verdict = await judgeFacts(policy.rules, { name: environment, rules }, gathered, evaluate);
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

/** What there is of an image that nothing is wrong with. */
const GOOD: Readonly<Record<string, unknown>> = {
  image: { digest: `sha256:${'0'.repeat(64)}`, size: 1000, platforms: ['linux/amd64'] },
  config: [{ platform: 'linux/amd64', size: 1000, user: '1000', created: '0s ago' }],
  provenance: {
    builder: 'https://github.com/octo/app/.github/workflows/release.yml@refs/heads/main',
    repository: 'https://github.com/octo/app',
    commit: '0'.repeat(40),
    ref: 'refs/heads/main',
    trigger: 'push',
    runner: 'github-hosted',
    materials: [
      { uri: 'git+https://github.com/octo/app@refs/heads/main', digest: `gitCommit:${'0'.repeat(40)}` },
    ],
    signedAt: '0s ago',
  },
  sbom: { packages: [] },
  scan: { scannedAt: '0s ago', databaseUpdatedAt: '0s ago', exploitedAt: '0s ago' },
  tests: { passed: true },
  base: { name: 'ghcr.io/octo/base', digest: `sha256:${'0'.repeat(64)}`, attested: true },
  promotion: {},
};

/** Fields that a real one may lack: they are there only when they are given. */
const OPTIONAL = new Set(['google.protobuf.Timestamp', 'double']);

function fillVariable(name: string, value: unknown, now: Date): unknown {
  const variable = Object.hasOwn(VARIABLES, name) ? VARIABLES[name] : undefined;
  if (variable === undefined) throw new Error(`there is no variable "${name}"`);
  if (name === 'now') return value === undefined ? now : fill(variable.type, value, now);
  const good = GOOD[name] ?? [];
  const merged = isMapping(good) && isMapping(value) ? { ...good, ...value } : (value ?? good);
  return fill(variable.type, merged, now);
}

/** A value of a CEL type out of YAML's. Throws when it is none. */
function fill(type: string, value: unknown, now: Date): unknown {
  const [, element] = /^list<(.+)>$/.exec(type) ?? [];
  if (element !== undefined) {
    if (!Array.isArray(value)) throw new Error('is to be a list');
    return value.map((one) => fill(element, one, now));
  }
  const fields = TYPES[type];
  if (fields !== undefined) {
    if (!isMapping(value)) throw new Error('is to be a mapping');
    const unknown = Object.keys(value).find((field) => !Object.hasOwn(fields, field));
    if (unknown !== undefined) throw new Error(`${type} has no field "${unknown}"`);
    return Object.fromEntries(
      Object.entries(fields).flatMap(([field, of]) => {
        const given = Object.hasOwn(value, field) ? value[field] : undefined;
        if (given === undefined) return OPTIONAL.has(of) ? [] : [[field, emptyOf(of)]];
        return [[field, fill(of, given, now)]];
      }),
    );
  }
  if (type === 'int' && Number.isSafeInteger(value)) return BigInt(value as number);
  if (type === 'google.protobuf.Timestamp' && typeof value === 'string') return readTime(value, now);
  if (type === 'map<string, string>' && isMapping(value)) return value;
  const plain: Readonly<Record<string, string>> = { string: 'string', bool: 'boolean', double: 'number' };
  if (plain[type] !== undefined && typeof value === plain[type]) return value;
  throw new Error(`is no ${type}`);
}

function emptyOf(type: string): unknown {
  if (type.startsWith('list<')) return [];
  if (type.startsWith('map<')) return {};
  if (type === 'int') return 0n;
  return type === 'bool' ? false : '';
}

const MILLISECONDS: Readonly<Record<string, number>> = { s: 1e3, m: 6e4, h: 3.6e6, d: 8.64e7 };

/** A moment, or how long ago it is: `2026-11-21T12:00:00Z`, `25h ago`. */
function readTime(text: string, now: Date): Date {
  const [, count, unit = ''] = /^(\d{1,6})([smhd]) ago$/.exec(text) ?? [];
  const time =
    count === undefined
      ? new Date(text)
      : new Date(now.getTime() - Number(count) * (MILLISECONDS[unit] ?? Number.NaN));
  if (Number.isNaN(time.getTime()))
    throw new Error('is no time; write it as 2026-11-21T12:00:00Z or "25h ago"');
  return time;
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function findFault(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
