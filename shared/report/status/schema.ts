import * as z from 'zod';
import { LEVELS } from '../../environment/level.ts';
import { DRIFTS } from '../../environment/overview.ts';
import { RECORD_ACTIONS } from '../../evidence/promotion.ts';
import { SEVERITIES } from '../../evidence/severity.ts';

/*
 * The form of the report that status writes: schema/status.json is made of it. What is not known is an object with the one key `unknown`, and says why;
 * a key that is not there has nothing to say.
 */

export const time = z.string().meta({ format: 'date-time' });
export const digest = z.string().regex(/^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/);
export const count = z.number().int().nonnegative();
/** A value, or why nobody can say what it is. */
export const known = <T extends z.ZodType>(value: T) =>
  z.union([
    z.strictObject({ value }),
    z.strictObject({ unknown: z.string().describe('Why nobody can say') }),
  ]);

const approval = z.strictObject({
  by: z.string(),
  at: time,
  how: z.enum(['run', 'review']),
  url: z.string(),
});
const commit = z.strictObject({ repository: z.string(), commit: z.string() });

const record = z
  .strictObject({
    action: z.enum(RECORD_ACTIONS),
    digest,
    sequence: count,
    tag: z.string(),
    record: digest.describe('The referrer manifest that carries the record'),
    at: time.optional().describe('By the log or a timestamp authority; absent where nothing proves it'),
    requestedBy: z.string().optional(),
    approvedBy: z.array(approval),
    reason: z.string().optional(),
    policy: z.strictObject({ uri: z.string(), digest }),
    verdict: digest.optional(),
    source: commit.optional().describe('What the image was built from, by its provenance'),
    manifests: commit.optional().describe('The commit that wrote the digest into manifests'),
    waived: z.array(z.string()).describe('Rules that break-glass waived'),
    followUp: time.optional().describe('By when somebody has to have looked at what was waived'),
  })
  .meta({ id: 'record' });

const image = z.strictObject({
  digest,
  created: z.string().optional().describe('By its config'),
  built: time.optional().describe('When its provenance was signed'),
  committed: known(z.string()),
  size: known(count).describe('Bytes of the largest platform'),
  coverage: known(
    z.array(z.strictObject({ kind: z.string(), covered: z.boolean(), reasons: z.array(z.string()) })),
  ).describe('Evidence that the rules need, and whether it is there and counts'),
  findings: known(
    z.strictObject({
      scannedAt: time,
      counts: z.strictObject(
        Object.fromEntries(SEVERITIES.map((severity) => [severity, count])) as Record<
          (typeof SEVERITIES)[number],
          typeof count
        >,
      ),
    }),
  ).describe('Of the last scan that counts'),
});

const level = z
  .union([
    z.strictObject({ value: z.number(), samples: count, missing: count }),
    z.strictObject({ none: z.string().describe('Everything was read, and there was nothing to measure') }),
    z.strictObject({ unknown: z.string().describe('Why nobody can say') }),
  ])
  .meta({ id: 'level' });
const levels = z
  .strictObject(
    Object.fromEntries(
      Object.entries(LEVELS).map(([name, { title, unit }]) => [
        name,
        level.optional().describe(`${title}, ${unit}`),
      ]),
    ) as Record<keyof typeof LEVELS, z.ZodOptional<typeof level>>,
  )
  .meta({ id: 'levels' });

const environment = z.strictObject({
  name: z.string(),
  repository: z.string(),
  after: z.string().optional(),
  current: record.optional(),
  hold: record.optional(),
  faults: z
    .array(z.string())
    .describe('Why the records do not hold: with any, nobody can say what the environment holds'),
  foreign: z.array(z.string()).describe('Records by others, which change nothing'),
  records: known(z.array(record)).describe('Those that stand, oldest first'),
  superseded: z.array(record),
  withdrawn: z.array(z.strictObject({ digest, record })),
  pointer: known(digest.nullable()).describe(
    'What the tag of the environment names; null when there is none',
  ),
  candidates: z
    .array(z.strictObject({ digest, steps: count, reasons: z.array(z.string()) }))
    .describe('What a rollback could go to, the newest first, with the reasons against it'),
  images: z.array(image),
  wanted: z
    .array(z.strictObject({ where: z.string(), named: z.string(), digest: digest.optional() }))
    .optional(),
  running: z
    .array(
      z.strictObject({
        label: z.string(),
        name: z.string(),
        workload: z.string(),
        image: z.string(),
        digest: digest.optional(),
        startedAt: z.string().optional(),
        waiting: z.string().optional(),
      }),
    )
    .optional(),
  drift: known(
    z.array(
      z.strictObject({
        kind: z.enum(DRIFTS),
        where: z.string(),
        expected: digest.optional(),
        found: z.string(),
      }),
    ),
  ),
  overdue: z.array(
    z.strictObject({
      kind: z.enum(['image', 'instance']),
      where: z.string(),
      age: z.number().optional(),
      limit: z.number(),
    }),
  ),
  levels: z.strictObject({
    recent: levels.describe('Over the last 30 days, and of what it holds now'),
    months: z
      .array(z.strictObject({ month: z.string().regex(/^\d{4}-\d{2}$/), levels }))
      .describe('Calendar months in UTC, and what it held at the end of each'),
  }),
});

export const statusSchema = z.strictObject({
  version: z.literal(1),
  at: time.describe('When status looked'),
  policy: z.string().describe('Where the policy was read'),
  environments: z.array(environment),
  ignored: count.describe('Instances of other images, which were passed over'),
});
export type StatusDocument = z.input<typeof statusSchema>;
