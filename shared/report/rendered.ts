import * as z from 'zod';

/*
 * A page as it is written, ready and bounded. Where it comes from a fork, one job makes it without a token that writes, and another writes
 * it: between the two it is data again, so it is read by this schema.
 */

/** The most that GitHub takes for a comment, in characters. */
const COMMENT_LIMIT = 65_536;
/** The most that GitHub takes for each text of a check run, in bytes. */
const CHECK_LIMIT = 65_535;

const markdown = z
  .string()
  .refine(
    (text) => new TextEncoder().encode(text).length <= CHECK_LIMIT,
    `has more than ${CHECK_LIMIT} bytes`,
  );

const annotation = z.object({
  /** Below the root of the repository. */
  path: z.string().min(1).max(1024),
  line: z.number().int().positive(),
  level: z.enum(['notice', 'warning', 'failure']),
  title: z.string().max(255),
  message: z.string().max(4096),
});

export const renderedSchema = z.object({
  /** Markdown that begins with the marker by which the comment is found again. */
  comment: z.string().min(1).max(COMMENT_LIMIT),
  check: z.object({
    title: z.string().min(1).max(255),
    summary: markdown,
    text: markdown.optional(),
    conclusion: z.enum(['success', 'failure', 'neutral']),
  }),
  annotations: z.array(annotation).max(1000),
});
/** What a reviewer is shown, as GitHub takes it. */
export type Rendered = z.output<typeof renderedSchema>;
