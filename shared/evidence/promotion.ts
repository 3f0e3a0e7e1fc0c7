import * as z from 'zod';
import { type Digest, isDigest } from '../image/digest.ts';

const digest = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value), 'is no digest');
const time = z.iso.datetime({ offset: true });

/**
 * What a record does to an environment. `promote` and `rollback` change what it holds; `withdraw` says that an image must not come back and
 * `reinstate` takes that back; `hold` stops every promotion until a `release`.
 */
export const RECORD_ACTIONS = ['promote', 'rollback', 'withdraw', 'reinstate', 'hold', 'release'] as const;
export type RecordAction = (typeof RECORD_ACTIONS)[number];
/** Those that move no image. */
export const MARKS = ['hold', 'release', 'withdraw', 'reinstate'] as const satisfies readonly RecordAction[];
export type Mark = (typeof MARKS)[number];

/** Somebody's yes: who, when, and where it can be looked up. */
const approvalSchema = z.object({
  by: z.string(),
  at: time,
  /** `run` for a review of this run's environment, `review` for one of the pull request. */
  how: z.enum(['run', 'review']),
  url: z.string().default(''),
});
export type Approval = z.infer<typeof approvalSchema>;

/**
 * What a record says (the predicate of `PREDICATE_TYPES.promotion`). Its subject is the root manifest of the image that it is about: for a
 * hold and its release the one that the environment holds. When it was said is the log's to tell, not the record's.
 */
export const promotionSchema = z
  .object({
    /** Records of before there were others say nothing here: they are promotions. */
    action: z.enum(RECORD_ACTIONS).default('promote'),
    environment: z.string(),
    /** Where the environment lives: `ghcr.io/octo/app`. A record copied to another repository says nothing there. */
    repository: z.string(),
    /** GitHub's id of the repository whose policy this is, so that a renamed one is not taken for it. */
    repositoryId: z.string(),
    digest,
    /** 1 for the first record of an environment, then one more each time. */
    sequence: z.number().int().min(1).max(999_999),
    /** Digest of the record that stood before (its referrer manifest); absent in the first. */
    previous: digest.optional(),
    /** Digest of the verdict that allowed it (its referrer manifest, beside the image); of a promotion or rollback only. */
    verdict: digest.optional(),
    /** What the image was built from, as its provenance says: the next promotion has to descend from it. */
    source: z.object({ repository: z.string(), commit: z.string() }).optional(),
    requestedBy: z.string().optional(),
    approvedBy: z.array(approvalSchema).optional(),
    reason: z.string().optional(),
    /** A rollback: the image that it leaves, and that must not come back. */
    withdraws: digest.optional(),
    /** Break-glass: which rules were waived, by whom, until when it could be used, and by when somebody has to have looked at it. */
    override: z
      .object({
        rules: z.array(z.string()).min(1),
        approvedBy: z.array(approvalSchema),
        until: time,
        followUp: time,
      })
      .optional(),
    /** The commit that was made to write the digest into manifests. Where the branch moved on meanwhile another one did, which names this record's tag. */
    manifests: z
      .object({ repository: z.string(), commit: z.string(), paths: z.array(z.string()) })
      .optional(),
    /** The policy that judged, with its own bytes (base64): a rollback needs it also when GitHub is down. */
    policy: z.object({
      uri: z.string(),
      digest,
      content: z.base64(),
      /** The bytes of the central policy that it extends: it names the commit, and so their place. */
      central: z.base64().optional(),
    }),
  })
  .refine(({ action, verdict }) => isMove(action) === (verdict !== undefined), {
    message: 'a promotion and a rollback stand on a verdict, nothing else does',
  });
export type Promotion = z.infer<typeof promotionSchema>;

/** True for what changes the image that an environment holds. */
export function isMove(action: RecordAction): boolean {
  return action === 'promote' || action === 'rollback';
}
