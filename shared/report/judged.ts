import * as z from 'zod';
import { formatSigner, type Signer } from '../evidence/identity.ts';
import { kindOfPredicate } from '../evidence/predicate.ts';
import type { JudgedPage } from './verdict.ts';

/*
 * What a gate said of one image, for whoever shows it: written by gate (its output `verdict`), read by report, which may get it from a fork.
 * It proves nothing; the signed verdict is the VSA. So every text in it is data and every list has an end.
 */

const MAX_TEXT = 4096;
const MAX_REASONS = 10_000;
const text = z.string().max(MAX_TEXT);
const reasons = z.array(text).max(MAX_REASONS);

const rule = z.object({
  name: text,
  title: text,
  outcome: z.enum(['passed', 'warned', 'denied']),
  /** Why it was denied or warned; empty when passed. */
  reasons,
  /** What its expression read, as `image.size is 1000`. */
  values: reasons.optional(),
  /** What would have to change. */
  hint: text.optional(),
  /** Where it stands in a policy of this repository. */
  at: z.object({ path: text, line: z.number().int().positive() }).optional(),
});

const verdict = z.object({
  /** `unavailable`: it could not be judged, and `reasons` say why. */
  decision: z.enum(['allow', 'deny', 'unavailable']),
  environment: text,
  /** True when it is advice: files that nobody signed, or a run that may allow nothing. */
  preview: z.boolean(),
  reasons,
  warnings: reasons,
  rules: z.array(rule).max(1000),
  /** `ghcr.io/octo/app-staging` */
  destination: text.optional(),
  /** `owner/repo/path@<commit>`; absent when the built-in rules judged. */
  policy: text.optional(),
});

const provenance = z.object({
  /** True when the certificate of its provenance was verified and its signer is one of the policy's builders. */
  verified: z.boolean(),
  /** Why it is not. */
  reason: text.optional(),
  /** `https://github.com/octo/app` */
  repository: text,
  /** The workflow that built it, as its certificate names it. */
  workflow: text,
  commit: z.string().max(64),
  ref: text.optional(),
  /** URL of the run. */
  run: text.optional(),
  log: z.object({ index: text, url: text.optional() }).optional(),
  /** URL of the attestation. */
  attestation: text.optional(),
});

/** The verdict on one image, and where the image comes from. */
export const judgedSchema = z.object({
  version: z.literal(1),
  /** `registry/repo@sha256:…` or `oci:<folder>@sha256:…`. */
  image: text,
  verdict,
  /** Absent when no provenance was read. */
  provenance: provenance.optional(),
});
export type Judged = z.output<typeof judgedSchema>;

/**
 * A verdict for whoever shows it. `log` is where an entry of the transparency log can be looked at by its index, when that is known of the
 * instance that signed.
 */
export function describeJudged(
  image: string,
  { verdict: judged, evidence, destination, policy, standing }: JudgedPage,
  log?: string,
): Judged {
  const source = evidence.evidence.find(({ kind }) => kind === 'provenance');
  const refused = evidence.rejected.find(
    ({ predicateType, signer }) =>
      kindOfPredicate(predicateType ?? '') === 'provenance' && signer !== undefined,
  );
  const { signer, logIndex } = source ?? {};
  const from = describeSigner(signer ?? refused?.signer);
  return {
    version: 1,
    image,
    verdict: {
      decision: judged.decision,
      environment: judged.environment,
      preview: standing !== undefined,
      reasons: shorten(judged.reasons),
      warnings: shorten(judged.warnings),
      rules: judged.rules.map(({ values, hint, ...rule }) => ({
        ...rule,
        reasons: shorten(rule.reasons),
        ...(values && { values: shorten(values) }),
        ...(hint !== undefined && { hint: hint.slice(0, MAX_TEXT) }),
      })),
      ...(destination !== undefined && { destination }),
      ...(policy && { policy: policy.uri }),
    },
    ...(from && {
      provenance: {
        verified: signer !== undefined,
        ...(signer === undefined && refused && { reason: refused.reason.slice(0, MAX_TEXT) }),
        ...from,
        ...(logIndex !== undefined && { log: { index: logIndex, ...(log && { url: `${log}${logIndex}` }) } }),
      },
    }),
  };
}

function describeSigner(signer: Signer | undefined) {
  if (signer?.repository === undefined || signer.commit === undefined) return undefined;
  const { repository, commit, ref, run } = signer;
  return { repository, workflow: formatSigner(signer), commit, ...(ref && { ref }), ...(run && { run }) };
}

function shorten(reasons: readonly string[]): string[] {
  return reasons.slice(0, MAX_REASONS).map((reason) => reason.slice(0, MAX_TEXT));
}
