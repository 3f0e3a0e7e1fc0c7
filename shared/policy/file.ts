import * as z from 'zod';
import { CONDITION_NAMES } from '../environment/conditions.ts';
import type { Trust } from '../evidence/trust.ts';
import { Invalid } from '../outcome/outcome.ts';
import { type Fault, readDocument } from './document.ts';
import { MAX_EXCEPTION_DAYS } from './exceptions.ts';
import { extendPolicy } from './extend.ts';
import { nameSchema, type Rule, ruleSchema } from './rule.ts';
import { fileSchema, type WrittenEnvironment, type WrittenPolicy } from './schema.ts';

/** One environment of a whole policy. */
export interface PolicyEnvironment extends WrittenEnvironment {
  readonly repository: string;
  readonly rules: string[];
}

/** A whole policy: with what a central one says, and with the built-in rules. */
export interface PolicyFile extends WrittenPolicy {
  readonly 'repository-id': string;
  readonly 'max-exception-days': number;
  readonly environments: Record<string, PolicyEnvironment>;
}

const rulesSchema = z.strictObject({ rules: z.record(nameSchema, ruleSchema) });
export type Rules = Readonly<Record<string, Rule>>;

/** Reads the shipped file of built-in rules. */
export function readRules(text: string, file: string): Rules {
  return readDocument(text, file, rulesSchema).rules;
}

/** A policy's text with the name that faults in it are told by. */
export interface PolicyText {
  readonly text: string;
  readonly file: string;
}

/** Reads a file alone: what it says itself, and which one it extends. Throws `Invalid` for its form only. */
export function readWritten({ text, file }: PolicyText): WrittenPolicy {
  return readDocument(text, file, fileSchema);
}

/**
 * Reads a policy, on top of the central one where it extends one. A rule of its own goes before the built-in one of the same name;
 * `rules` of the result holds both. Throws `Invalid` with every fault, each with file, line and column.
 */
export function readPolicy(text: string, file: string, builtIn: Rules, central?: PolicyText): PolicyFile {
  const base =
    central && readDocument(central.text, central.file, fileSchema, (own) => findCentralFaults(own, builtIn));
  const extend = (own: WrittenPolicy) =>
    base === undefined ? { policy: own, faults: [] } : extendPolicy(base, own, builtIn);
  const own = readDocument(text, file, fileSchema, (written) => {
    if (base === undefined && written.extends !== undefined) {
      return [{ path: ['extends'], message: 'is read through GitHub alone, where the action runs' }];
    }
    const { policy, faults } = extend(written);
    return [...faults, ...findMissing(policy), ...findFaults(policy, builtIn)];
  });
  const { policy } = extend(own);
  return {
    ...(policy as PolicyFile),
    'max-exception-days': policy['max-exception-days'] ?? MAX_EXCEPTION_DAYS,
    rules: { ...builtIn, ...policy.rules },
  };
}

/** What is wrong with a central policy by itself: it may leave out what only the others can say. */
function findCentralFaults(own: WrittenPolicy, builtIn: Rules): Fault[] {
  const faults = findFaults(own, builtIn);
  if (own.extends !== undefined) {
    faults.push({ path: ['extends'], key: true, message: 'a central policy extends no other' });
  }
  if (own.allow === undefined) {
    faults.push({ path: [], message: 'nobody may extend this policy: it has no "allow"' });
  }
  return faults;
}

function findFaults(policy: WrittenPolicy, builtIn: Rules): Fault[] {
  return [
    ...findUnknownRules(policy, builtIn),
    ...findBrokenOrder(policy),
    ...findUnboundKeys(policy),
    ...findTakenNames(policy),
  ];
}

/** What a whole policy has to say. */
function findMissing(policy: WrittenPolicy): Fault[] {
  const missing = (path: readonly PropertyKey[]): Fault => ({
    path,
    message: `"${String(path.at(-1))}" is missing`,
  });
  const { environments, trust } = policy;
  return [
    ...(policy['repository-id'] === undefined ? [missing(['repository-id'])] : []),
    ...(Object.keys(trust).length === 0 ? [missing(['trust'])] : []),
    ...(Object.keys(environments).length === 0
      ? [{ path: ['environments'], message: '"environments" names no environment' }]
      : []),
    ...Object.entries(environments).flatMap(([name, environment]) =>
      (['repository', 'rules'] as const)
        .filter((key) => environment[key] === undefined)
        .map((key) => missing(['environments', name, key])),
    ),
  ];
}

/** One environment of a policy. Throws `Invalid` naming `environment` when the policy has none of that name. */
export function findEnvironment(policy: PolicyFile, name: string): PolicyEnvironment {
  const environment = Object.hasOwn(policy.environments, name) ? policy.environments[name] : undefined;
  if (environment !== undefined) return environment;
  throw new Invalid(
    'environment',
    `the policy has no "${name}"; it has ${Object.keys(policy.environments).join(', ')}`,
  );
}

/** The policy's trust, with its repository required wherever an identity does not name one itself. */
export function trustOf(policy: PolicyFile): Trust {
  const entries = Object.entries(policy.trust).map(([role, identities]) => [
    role,
    identities?.map((identity) =>
      // Base images come from elsewhere.
      role !== 'base' && identity.key === undefined && identity['repository-id'] === undefined
        ? { ...identity, 'repository-id': policy['repository-id'] }
        : identity,
    ),
  ]);
  return { ...Object.fromEntries(entries), distrust: policy.distrust };
}

function findUnknownRules(policy: WrittenPolicy, builtIn: Rules): Fault[] {
  const known = [...new Set([...Object.keys(policy.rules), ...Object.keys(builtIn)])];
  return Object.entries(policy.environments).flatMap(([name, { rules = [] }]) =>
    rules.flatMap((rule, at) =>
      known.includes(rule)
        ? []
        : [
            {
              path: ['environments', name, 'rules', at],
              message: `there is no rule "${rule}"; there are ${known.join(', ')}`,
            },
          ],
    ),
  );
}

/** Nothing in a key says whose it is, for what and for how long; a policy that does not say it either trusts it with everything for ever. */
function findUnboundKeys({ trust }: WrittenPolicy): Fault[] {
  const roleOf = new Map<string, string>();
  return Object.entries(trust).flatMap(([role, identities]) =>
    (identities ?? []).flatMap((identity, at) => {
      const { key } = identity;
      if (key === undefined) return [];
      const path = ['trust', role, at];
      const missing = (['repository', 'until'] as const)
        .filter((field) => identity[field] === undefined)
        .map((field) => ({
          path,
          message: `a key is bound to a repository and a day; "${field}" is missing`,
        }));
      const other = roleOf.get(key) ?? role;
      roleOf.set(key, other);
      return other === role
        ? missing
        : [...missing, { path, message: `this key has the role ${other} already` }];
    }),
  );
}

/** A verdict names conditions and rules alike: one name is one thing. */
function findTakenNames({ rules }: WrittenPolicy): Fault[] {
  return Object.keys(rules)
    .filter((name) => CONDITION_NAMES.includes(name))
    .map((name) => ({
      path: ['rules', name],
      key: true,
      message: `"${name}" is what every environment is judged by: give the rule another name`,
    }));
}

function findBrokenOrder(policy: WrittenPolicy): Fault[] {
  const { environments } = policy;
  return Object.entries(environments).flatMap(([name, { after, soak }]) => {
    if (after === undefined && soak !== undefined) {
      return [
        {
          path: ['environments', name, 'soak'],
          message: 'is a time in the environment before: give "after"',
        },
      ];
    }
    if (after === undefined) return [];
    const path = ['environments', name, 'after'];
    if (!Object.hasOwn(environments, after)) {
      return [{ path, message: `there is no environment "${after}"` }];
    }
    const passed = [name];
    for (let at: string | undefined = after; at !== undefined; at = environments[at]?.after) {
      passed.push(at);
      if (at === name) return [{ path, message: `goes in a circle: ${passed.join(' after ')}` }];
      if (passed.length > Object.keys(environments).length + 1) break;
    }
    return [];
  });
}
