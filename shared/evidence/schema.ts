import * as z from 'zod';
import { kindOfPredicate } from './predicate.ts';

/*
 * What the published schemas require of the predicates that are signed here: required fields, their types and closed lists of words.
 * Fields beyond are the producer's own business (in-toto spec/v1, "Parsing rules").
 */

const uri = z.string().refine((text) => URL.canParse(text), 'is no URI');
const time = z.iso.datetime({ offset: true, error: 'is no RFC 3339 time' });
const digestSet = z.record(z.string(), z.string().min(1));

/** in-toto spec/v1/resource_descriptor.md */
const resource = z
  .looseObject({
    name: z.string().optional(),
    uri: uri.optional(),
    digest: digestSet.optional(),
    content: z.string().optional(),
    mediaType: z.string().optional(),
    downloadLocation: uri.optional(),
  })
  .refine(
    ({ name, digest, content, ...rest }) =>
      [name, rest.uri, digest, content].some((one) => one !== undefined),
    'needs a name, uri, digest or content',
  );

/** slsa.dev/spec/v1.0/provenance */
const provenance = z.looseObject({
  buildDefinition: z.looseObject({
    buildType: uri,
    externalParameters: z.record(z.string(), z.unknown()),
    internalParameters: z.record(z.string(), z.unknown()).optional(),
    resolvedDependencies: z.array(resource).optional(),
  }),
  runDetails: z.looseObject({
    builder: z.looseObject({
      id: uri,
      version: z.record(z.string(), z.string()).optional(),
      builderDependencies: z.array(resource).optional(),
    }),
    metadata: z
      .looseObject({
        invocationId: z.string().optional(),
        startedOn: time.optional(),
        finishedOn: time.optional(),
      })
      .optional(),
    byproducts: z.array(resource).optional(),
  }),
});

/** slsa.dev/spec/v1.0/verification_summary */
const verdict = z.looseObject({
  verifier: z.looseObject({ id: uri }),
  timeVerified: time.optional(),
  resourceUri: z.string().min(1),
  // A reference may be relative: ours is to a repository of the run's own server.
  policy: z.looseObject({ uri: z.string().min(1), digest: digestSet.optional() }),
  inputAttestations: z.array(z.looseObject({ uri: z.string().optional(), digest: digestSet })).optional(),
  verificationResult: z.enum(['PASSED', 'FAILED']),
  verifiedLevels: z.array(z.string()),
  slsaVersion: z.string().optional(),
});

/** in-toto attestation spec/predicates/vuln.md, v0.2 */
const scan = z.looseObject({
  scanner: z.looseObject({
    uri,
    version: z.string().optional(),
    db: z.looseObject({ uri: z.string().optional(), lastUpdate: time.optional() }).optional(),
    result: z.array(
      z.looseObject({
        id: z.string(),
        severity: z.array(z.looseObject({ method: z.string(), score: z.string() })),
      }),
    ),
  }),
  metadata: z.looseObject({ scanStartedOn: time, scanFinishedOn: time }),
});

/** in-toto attestation spec/predicates/test-result.md, v0.1 */
const test = z.looseObject({
  result: z.enum(['PASSED', 'WARNED', 'FAILED']),
  configuration: z.array(resource),
  url: uri.optional(),
  passedTests: z.array(z.string()).optional(),
  warnedTests: z.array(z.string()).optional(),
  failedTests: z.array(z.string()).optional(),
});

/** openvex.dev/docs/spec, v0.2.0: its JSON schema, and what the text requires of each status. */
const vex = z.looseObject({
  '@context': z.string().startsWith('https://openvex.dev/ns'),
  '@id': z.string().min(1),
  author: z.string().min(1),
  timestamp: time,
  version: z.int().min(1),
  statements: z
    .array(
      z
        .looseObject({
          vulnerability: z.looseObject({ name: z.string().min(1) }),
          products: z.array(z.looseObject({})).optional(),
          status: z.enum(['not_affected', 'affected', 'fixed', 'under_investigation']),
          justification: z
            .enum([
              'component_not_present',
              'vulnerable_code_not_present',
              'vulnerable_code_not_in_execute_path',
              'vulnerable_code_cannot_be_controlled_by_adversary',
              'inline_mitigations_already_exist',
            ])
            .optional(),
          impact_statement: z.string().optional(),
          action_statement: z.string().optional(),
        })
        .superRefine((said, context) => {
          const complain = (path: string, message: string): void =>
            context.addIssue({ code: 'custom', path: [path], message });
          if (said.status === 'not_affected' && !said.justification && !said.impact_statement)
            complain('justification', 'or impact_statement is required of what is not_affected');
          if (said.status === 'affected' && !said.action_statement)
            complain('action_statement', 'is required of what is affected');
        }),
    )
    .min(1),
});

/** cyclonedx.org/docs, bom-1.x.schema.json */
const cyclonedx = z.looseObject({
  bomFormat: z.literal('CycloneDX'),
  specVersion: z.string().regex(/^1\.\d+$/, 'may be 1.<number>'),
  serialNumber: z
    .string()
    .regex(/^urn:uuid:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/, 'may be urn:uuid:…')
    .optional(),
  version: z.int().min(1).optional(),
  metadata: z.looseObject({}).optional(),
  components: z.array(z.looseObject({ type: z.string().min(1), name: z.string() })).optional(),
  dependencies: z.array(z.looseObject({ ref: z.string().min(1) })).optional(),
});

/** spdx.github.io/spdx-spec/v2.3, spdx-schema.json */
const spdx2 = z.looseObject({
  spdxVersion: z.string().regex(/^SPDX-2\.\d+$/, 'may be SPDX-2.<number>'),
  SPDXID: z.literal('SPDXRef-DOCUMENT'),
  name: z.string(),
  dataLicense: z.string(),
  creationInfo: z.looseObject({ created: time, creators: z.array(z.string()).min(1) }),
  packages: z
    .array(z.looseObject({ SPDXID: z.string().min(1), name: z.string(), downloadLocation: z.string() }))
    .optional(),
});

/** spdx.github.io/spdx-spec/v3.0.1, serialization in JSON-LD */
const spdx3 = z.looseObject({
  '@context': z.string().startsWith('https://spdx.org/rdf/3.'),
  '@graph': z.array(z.looseObject({ type: z.string().min(1) })).min(1),
});

const SCHEMAS = { provenance, verdict, scan, test, vex, cyclonedx } as const;

/** The most faults that are told of one document. */
const TOLD = 5;

/**
 * What is wrong with a predicate by its type's published schema, each with the path in the document (`components[3].name is missing`).
 * Nothing is wrong with a type that has no schema here.
 */
export function explainFaults(predicateType: string, predicate: unknown): string[] {
  const kind = kindOfPredicate(predicateType);
  const spdx = z.looseObject({ spdxVersion: z.unknown() }).safeParse(predicate).data?.spdxVersion;
  const schema: z.ZodType =
    kind === 'spdx' ? (spdx === undefined ? spdx3 : spdx2) : SCHEMAS[kind as keyof typeof SCHEMAS];
  if (schema === undefined) return [];
  const issues = schema.safeParse(predicate, { reportInput: true }).error?.issues ?? [];
  const faults = issues.slice(0, TOLD).map((issue) => {
    const missing = issue.code !== 'custom' && issue.input === undefined;
    return `${formatPath(issue.path)} ${missing ? 'is missing' : issue.message.replace(/^Invalid (?:input|option): /, 'is wrong: ')}`;
  });
  return issues.length > TOLD ? [...faults, `and ${issues.length - TOLD} more`] : faults;
}

function formatPath(path: readonly PropertyKey[]): string {
  const text = path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
    .join('')
    .replace(/^\./, '');
  return text === '' ? 'the document' : text;
}
