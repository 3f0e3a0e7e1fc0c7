import * as z from 'zod';
import { type Digest, isDigest } from '../image/digest.ts';

const digest = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value), 'is no digest');

/**
 * What a promotion record says (the predicate of `PREDICATE_TYPES.promotion`): this image became what the environment holds.
 * Its subject is the image's root manifest; when it was said is the log's to tell, not the record's.
 */
export const promotionSchema = z.object({
  environment: z.string(),
  /** Where the environment lives: `ghcr.io/octo/app`. A record copied to another repository says nothing there. */
  repository: z.string(),
  /** GitHub's id of the repository whose policy this is, so that a renamed one is not taken for it. */
  repositoryId: z.string(),
  digest,
  /** 1 for the first promotion of an environment, then one more each time. */
  sequence: z.number().int().min(1).max(999_999),
  /** Digest of the record that stood before (its referrer manifest); absent in the first. */
  previous: digest.optional(),
  /** Digest of the verdict that allowed it (its referrer manifest, beside the image). */
  verdict: digest,
  requestedBy: z.string().optional(),
  reason: z.string().optional(),
  /** The policy that judged, with its own bytes (base64): a rollback needs it also when GitHub is down. */
  policy: z.object({ uri: z.string(), digest, content: z.base64() }),
});
export type Promotion = z.infer<typeof promotionSchema>;
