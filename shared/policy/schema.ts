import * as z from 'zod';
import { freezeSchema } from '../environment/freeze.ts';
import { distrustSchema } from '../evidence/distrust.ts';
import { ROLES } from '../evidence/predicate.ts';
import { identityRuleSchema } from '../evidence/trust.ts';
import { parsePlace, parseReference } from '../image/reference.ts';
import { Failure } from '../outcome/outcome.ts';
import { MAX_EXCEPTION_DAYS } from './exceptions.ts';
import { nameSchema, ruleSchema } from './rule.ts';

/*
 * The form of a policy's file. Strict all through: an unknown key is an error. The published JSON Schema (schema/policy.json) is made of it,
 * with its descriptions and examples. What one key asks of another is checked in file.ts and extend.ts.
 */

/** Text that `parse` takes. */
const textFor = (parse: (text: string, input: string) => unknown) =>
  z.string().superRefine((text, context) => {
    try {
      parse(text, '');
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      context.addIssue({ code: 'custom', message: error.message.replace(/^: /, '') });
    }
  });
const repository = textFor(parsePlace);

const mirrors = (what: string) =>
  z
    .array(textFor(parseReference))
    .min(1)
    .max(20)
    .meta({ description: `Where ${what} is, as OCI artifacts, tried in order.` })
    .optional();

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** A time as people write it, `2h`, in seconds. */
export const durationSchema = z
  .string()
  .regex(/^\d{1,6}[smhd]$/, 'is no time; write it as 90s, 10m, 2h or 7d')
  .transform((text) => Number.parseInt(text, 10) * (SECONDS[text.at(-1) ?? ''] ?? Number.NaN));

const environmentSchema = z.strictObject({
  repository: repository
    .meta({
      description:
        "Where the environment's images are: a repository, or oci:<folder>, an OCI layout in the workspace that is carried on by other means.",
      examples: ['ghcr.io/octo/app', 'oci:transfer'],
    })
    .optional(),
  after: nameSchema
    .meta({
      description: 'The environment that an image must have passed through before.',
      examples: ['staging'],
    })
    .optional(),
  soak: durationSchema
    .meta({ description: 'How long it must have been there.', examples: ['2h', '7d'] })
    .optional(),
  approvals: z
    .int()
    .min(1)
    .max(100)
    .meta({ description: 'How many people must approve.', examples: [1] })
    .optional(),
  freeze: z.array(freezeSchema).min(1).max(100).meta({ description: 'When nothing is promoted.' }).optional(),
  rules: z
    .array(z.string())
    .min(1, 'names no rule, so everything would pass')
    .meta({
      description: 'Names of rules, built-in ones or those below. All of them count.',
      examples: [['signed', 'provenance', 'sbom', 'no-secrets', 'no-critical']],
    })
    .optional(),
});

const NO_ID = "is to be the repository's number, as in 123456789";
const repositoryId = z.union([z.int().positive(NO_ID), z.string().regex(/^[1-9]\d*$/, NO_ID)], {
  error: ({ input }) => (input === undefined ? 'is missing' : NO_ID),
});

const holders = (description: string) => z.array(identityRuleSchema).min(1).meta({ description }).optional();
const trustSchema = z.strictObject({
  builder: holders('Who may sign images and give provenance and bills of materials.'),
  scanner: holders('Who may give scans and bills of materials.'),
  tester: holders('Who may give test results.'),
  vex: holders('Who may say what is exploitable.'),
  gate: holders('Who may give verdicts.'),
  promoter: holders('Who may record promotions.'),
  base: holders('Whose signature on a base image counts, for base-image-attested.'),
} satisfies Record<(typeof ROLES)[number], z.ZodType>);

/** What a central policy can let others loosen: a part of the file or, of environments, one of their keys. */
export const ALLOWABLE = [
  ...ROLES.map((role) => `trust.${role}` as const),
  'environments',
  'repository',
  'after',
  'soak',
  'approvals',
  'rules',
  'exceptions',
  'max-exception-days',
  'trusted-root',
  'mirrors',
  'moved-from',
] as const;
export type Allowable = (typeof ALLOWABLE)[number];

/** A policy's file as it is written: whole, one that others extend (`allow`), or one that extends such a one (`extends`). */
export const fileSchema = z.strictObject({
  version: z.literal(1).meta({ description: 'The version of this form.' }),
  extends: z
    .string()
    .regex(
      /^[\w.-]+\/[\w.-]+\/[^@\s]+@[0-9a-f]{40}$/,
      'is no policy at a commit: write owner/repo/path@<40 hex>',
    )
    .meta({
      description:
        'A central policy at a commit of its protected branch. This file may then only tighten it, but for what its "allow" names.',
      examples: ['octo/policies/base.yml@0123456789abcdef0123456789abcdef01234567'],
    })
    .optional(),
  allow: z
    .array(z.enum(ALLOWABLE))
    .meta({
      description:
        'Makes this a central policy that others extend: what they may say as they like. [] for nothing.',
      examples: [['trust.builder', 'repository']],
    })
    .optional(),
  'repository-id': repositoryId
    .transform(String)
    .meta({
      description:
        "The source repository's number: required of every certificate unless a role's identity names another. `gh api repos/<owner>/<repo> --jq .id` tells it.",
      examples: [123456789],
    })
    .optional(),
  trust: trustSchema
    .meta({ description: 'Who may say what. A statement by anybody else does not exist.' })
    .default({}),
  distrust: z
    .array(distrustSchema)
    .max(100)
    .meta({ description: 'What no longer counts, whoever is trusted: it unmakes evidence after the fact.' })
    .default([]),
  'trusted-root': z
    .string()
    .min(1)
    .meta({
      description: "A Sigstore trusted root in the policy's own repository, read at the same commit.",
      examples: ['.github/trusted-root.json'],
    })
    .optional(),
  mirrors: z
    .strictObject({
      'trivy-db': mirrors("Trivy's vulnerability database"),
      'trivy-java-db': mirrors("Trivy's Java index"),
    })
    .meta({
      description: 'Where scan and rollback take their databases from when no input says it.',
      examples: [
        { 'trivy-db': ['registry.example.com/mirrors/trivy-db:2', 'ghcr.io/aquasecurity/trivy-db:2'] },
      ],
    })
    .optional(),
  keys: z
    .array(z.string().min(1))
    .min(1)
    .max(20)
    .meta({
      description:
        "Public keys (PEM) in the policy's own repository, read at the same commit: those that identities name by fingerprint.",
      examples: [['keys/builder.pub']],
    })
    .optional(),
  exceptions: z
    .string()
    .min(1)
    .meta({
      description:
        "The file of exceptions in the policy's own repository, read at the same commit; the default one may be missing.",
      examples: ['.github/hallmark-exceptions.yml'],
    })
    .optional(),
  'max-exception-days': z
    .int()
    .min(1)
    .max(3650)
    .meta({
      description: `How many days ahead an exception may end, ${MAX_EXCEPTION_DAYS} when absent.`,
      examples: [30],
    })
    .optional(),
  'moved-from': z
    .array(z.string().regex(/^[\w.-]+\/[\w.-]+\/[^@]+$/, 'is no place of a policy: write owner/repo/path'))
    .meta({
      description: 'Where this policy was before: what it let in there still stands.',
      examples: [['octo/app/.github/hallmark.yml']],
    })
    .default([]),
  environments: z
    .record(nameSchema, environmentSchema)
    .meta({ description: 'Ordered places that hold images, by name.' })
    .default({}),
  rules: z
    .record(nameSchema, ruleSchema)
    .meta({ description: "The policy's own rules; they go before built-in ones of the same name." })
    .default({}),
});
export type WrittenPolicy = z.output<typeof fileSchema>;
export type WrittenEnvironment = z.output<typeof environmentSchema>;
