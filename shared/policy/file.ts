import * as z from 'zod';
import { CONDITION_NAMES } from '../environment/conditions.ts';
import { freezeSchema } from '../environment/freeze.ts';
import { ROLES } from '../evidence/predicate.ts';
import { identityRuleSchema, type Trust } from '../evidence/trust.ts';
import { parseRepository } from '../image/reference.ts';
import { Failure, Invalid } from '../outcome/outcome.ts';
import { type Fault, readDocument } from './document.ts';
import { MAX_EXCEPTION_DAYS } from './exceptions.ts';
import { nameSchema, type Rule, ruleSchema } from './rule.ts';

const repository = z.string().superRefine((text, context) => {
  try {
    parseRepository(text);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    context.addIssue({ code: 'custom', message: error.message.replace(/^repository: /, '') });
  }
});

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

const environmentSchema = z.strictObject({
  /** Where its images are: `ghcr.io/octo/app`. */
  repository,
  /** The environment that an image must have passed through before. */
  after: nameSchema.optional(),
  /** How long it must have been there, in seconds. */
  soak: z
    .string()
    .regex(/^\d{1,6}[smhd]$/, 'is no time; write it as 90s, 10m, 2h or 7d')
    .transform((text) => Number.parseInt(text, 10) * (SECONDS[text.at(-1) ?? ''] ?? Number.NaN))
    .optional(),
  /** How many people must approve. */
  approvals: z.int().min(1).max(100).optional(),
  /** When nothing is promoted. */
  freeze: z.array(freezeSchema).min(1).max(100).optional(),
  /** Names of rules. All of them count. */
  rules: z.array(z.string()).min(1, 'names no rule, so everything would pass'),
});
export type PolicyEnvironment = z.output<typeof environmentSchema>;

const NO_ID = "is to be the repository's number, as in 123456789";
const repositoryId = z.union([z.int().positive(NO_ID), z.string().regex(/^[1-9]\d*$/, NO_ID)], {
  error: ({ input }) => (input === undefined ? 'is missing' : NO_ID),
});

/** The file of design.md, "The policy". Strict all through: an unknown key is an error. */
const policySchema = z.strictObject({
  version: z.literal(1),
  /** The source repository's number: required of every certificate (.15) unless a role's identity names another. */
  'repository-id': repositoryId.transform(String),
  trust: z.partialRecord(z.enum(ROLES), z.array(identityRuleSchema).min(1)),
  /** A trusted root in the policy's own repository, read at the same commit. */
  'trusted-root': z.string().min(1).optional(),
  /** Public keys (PEM) in the policy's own repository, read at the same commit: those that identities name by fingerprint. */
  keys: z.array(z.string().min(1)).min(1).max(20).optional(),
  /** The file of exceptions in the policy's own repository, read at the same commit; the default one may be missing. */
  exceptions: z.string().min(1).optional(),
  /** How many days ahead an exception may end. */
  'max-exception-days': z.int().min(1).max(3650).default(MAX_EXCEPTION_DAYS),
  /** Where this policy was before, `owner/repo/path`: what it let in there still stands. */
  'moved-from': z
    .array(z.string().regex(/^[\w.-]+\/[\w.-]+\/[^@]+$/, 'is no place of a policy: write owner/repo/path'))
    .default([]),
  environments: z
    .record(nameSchema, environmentSchema)
    .refine((all) => Object.keys(all).length > 0, 'names no environment'),
  rules: z.record(nameSchema, ruleSchema).default({}),
});
export type PolicyFile = z.output<typeof policySchema>;

const rulesSchema = z.strictObject({ rules: z.record(nameSchema, ruleSchema) });
export type Rules = Readonly<Record<string, Rule>>;

/** Reads the shipped file of built-in rules. */
export function readRules(text: string, file: string): Rules {
  return readDocument(text, file, rulesSchema).rules;
}

/**
 * Reads a policy. A rule of its own goes before the built-in one of the same name; `rules` of the result holds both.
 * Throws `Invalid` with every fault, each with file, line and column.
 */
export function readPolicy(text: string, file: string, builtIn: Rules): PolicyFile {
  const policy = readDocument(text, file, policySchema, (value) => [
    ...findUnknownRules(value, builtIn),
    ...findBrokenOrder(value),
    ...findUnboundKeys(value),
    ...findTakenNames(value),
  ]);
  return { ...policy, rules: { ...builtIn, ...policy.rules } };
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
    identities.map((identity) =>
      // Base images come from elsewhere.
      role !== 'base' && identity.key === undefined && identity['repository-id'] === undefined
        ? { ...identity, 'repository-id': policy['repository-id'] }
        : identity,
    ),
  ]);
  return Object.fromEntries(entries);
}

function findUnknownRules(policy: PolicyFile, builtIn: Rules): Fault[] {
  const known = [...new Set([...Object.keys(policy.rules), ...Object.keys(builtIn)])];
  return Object.entries(policy.environments).flatMap(([name, { rules }]) =>
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
function findUnboundKeys({ trust }: PolicyFile): Fault[] {
  const roleOf = new Map<string, string>();
  return Object.entries(trust).flatMap(([role, identities]) =>
    identities.flatMap((identity, at) => {
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
function findTakenNames({ rules }: PolicyFile): Fault[] {
  return Object.keys(rules)
    .filter((name) => CONDITION_NAMES.includes(name))
    .map((name) => ({
      path: ['rules', name],
      key: true,
      message: `"${name}" is what every environment is judged by: give the rule another name`,
    }));
}

function findBrokenOrder(policy: PolicyFile): Fault[] {
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
