import * as z from 'zod';
import { type WorkflowClaims, workflowClaimsSchema } from '../evidence/provenance.ts';
import { Invalid } from '../outcome/outcome.ts';

/** An OIDC token with what it says. */
export interface IdToken {
  readonly jwt: string;
  readonly claims: WorkflowClaims;
  /** Seconds since 1970. */
  readonly expires: number;
}

/** How far two clocks may be apart, in seconds. */
const SKEW = 60;

const times = z.object({
  exp: z.number(),
  nbf: z.number().optional(),
  iat: z.number().optional(),
});

/**
 * Reads a workflow's OIDC token. Its signature is Fulcio's to check; its times are checked here, so that a run whose clock or
 * token is wrong hears so before anything is signed. `now` is in seconds. Throws `Invalid` naming `id-token`.
 */
export function readIdToken(jwt: string, now: number): IdToken {
  let payload: unknown;
  try {
    payload = JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString());
  } catch {
    throw new Invalid('id-token', 'is no JSON Web Token');
  }
  const parsed = workflowClaimsSchema.and(times).safeParse(payload);
  if (!parsed.success) {
    const missing = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
    throw new Invalid('id-token', `is no token of a GitHub workflow; wrong or missing: ${missing}`);
  }
  const { exp, nbf, iat } = parsed.data;
  const hint = "Run the job again; if it stays so, look at the runner's clock.";
  if (exp + SKEW < now) throw new Invalid('id-token', `expired at ${isoTime(exp)}`, { hint });
  const start = Math.max(nbf ?? 0, iat ?? 0);
  if (start - SKEW > now) throw new Invalid('id-token', `is valid only from ${isoTime(start)} on`, { hint });
  return { jwt, claims: workflowClaimsSchema.parse(payload), expires: exp };
}

function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
