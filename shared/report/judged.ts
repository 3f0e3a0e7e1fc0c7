import * as z from 'zod';

/*
 * What a gate said of one image, for whoever shows it: written by gate (its output `verdict`), read by report, which may get it from a fork.
 * It proves nothing; the signed verdict is the VSA. So every text in it is data and every list has an end.
 */

const text = z.string().max(4096);
const reasons = z.array(text).max(10_000);

const rule = z.object({
  name: text,
  title: text,
  outcome: z.enum(['passed', 'warned', 'denied']),
  /** Why it was denied or warned; empty when passed. */
  reasons,
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
