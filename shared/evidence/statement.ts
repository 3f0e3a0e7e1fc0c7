import * as z from 'zod';

export const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
export const STATEMENT_MEDIA_TYPE = 'application/vnd.in-toto+json';

/** in-toto attestation framework, spec/v1/statement.md; v0.1 (cosign) has the same shape. */
export const statementSchema = z.object({
  _type: z.enum([STATEMENT_TYPE, 'https://in-toto.io/Statement/v0.1']),
  subject: z
    .array(
      z.object({
        name: z.string().optional(),
        digest: z.record(z.string(), z.string()),
      }),
    )
    .min(1)
    .max(1024),
  predicateType: z.string().min(1).max(1024),
  predicate: z.unknown(),
});
export type Statement = z.infer<typeof statementSchema>;
