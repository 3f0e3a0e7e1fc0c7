import * as z from 'zod';
import { type Digest, digestAlgorithm, digestHex } from '../image/digest.ts';
import { VERDICT_EXTENSION } from './predicate.ts';

/** What a gate says of an image: the parts of a verification summary (slsa.dev/spec/v1.0/verification_summary). */
export interface VerdictClaim {
  /** URI of who judged: the workflow that signs it. */
  readonly verifier: string;
  /** The destination: `ghcr.io/octo/app@sha256:…`. */
  readonly resource: string;
  /** `https://github.com/owner/repo/path@<commit>#<environment>`, and the digest of its bytes. */
  readonly policy: { readonly uri: string; readonly digest: Digest };
  readonly passed: boolean;
  /** ISO 8601. */
  readonly judgedAt: string;
  /** Every statement that was looked at, by the digest of the referrer that carries it. */
  readonly inputs: readonly { readonly uri: string; readonly digest: Digest }[];
  /** What the type has no place for: facts that were observed and not signed by anybody, recorded by value. */
  readonly observed: Readonly<Record<string, unknown>>;
}

/** The level of a PASSED summary. Not one of SLSA's own: a policy's rules may ask for more or less than those. */
const PASSED_LEVEL = 'HALLMARK_POLICY_PASSED';

/** The predicate `https://slsa.dev/verification_summary/v1`; a FAILED one has the level FAILED, as the specification wants it. */
export function buildVerdict(claim: VerdictClaim): Record<string, unknown> {
  return {
    verifier: { id: claim.verifier },
    timeVerified: claim.judgedAt,
    resourceUri: claim.resource,
    policy: { uri: claim.policy.uri, digest: digestSet(claim.policy.digest) },
    inputAttestations: claim.inputs.map(({ uri, digest }) => ({ uri, digest: digestSet(digest) })),
    verificationResult: claim.passed ? 'PASSED' : 'FAILED',
    verifiedLevels: [claim.passed ? PASSED_LEVEL : 'FAILED'],
    slsaVersion: '1.0',
    [VERDICT_EXTENSION]: claim.observed,
  };
}

const digestSetSchema = z.record(z.string(), z.string());
const verdictSchema = z.object({
  resourceUri: z.string(),
  timeVerified: z.string(),
  policy: z.object({ uri: z.string(), digest: digestSetSchema }),
  verificationResult: z.enum(['PASSED', 'FAILED']),
  /** What is told beside, for people; undefined where another gate tells nothing, or something else. */
  [VERDICT_EXTENSION]: z
    .object({
      reasons: z.array(z.string()).default([]),
      warnings: z.array(z.string()).default([]),
      excused: z
        .array(
          z.object({
            id: z.string(),
            package: z.string(),
            platform: z.string().default(''),
            by: z.string(),
            owner: z.string().default(''),
            reason: z.string(),
            until: z.string().optional(),
          }),
        )
        .default([]),
    })
    .optional()
    .catch(undefined),
});
/** The parts of a verification summary that the next environment asks for. */
export type VerdictSummary = z.output<typeof verdictSchema>;

/** Reads such a predicate back; undefined for any other shape. */
export function readVerdict(predicate: unknown): VerdictSummary | undefined {
  return verdictSchema.safeParse(predicate).data;
}

function digestSet(digest: Digest): Record<string, string> {
  return { [digestAlgorithm(digest)]: digestHex(digest) };
}
