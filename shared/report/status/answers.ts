import * as z from 'zod';
import { CLASSES } from '../../evidence/finding.ts';
import { SEVERITIES } from '../../evidence/severity.ts';
import { count, digest, known, time } from './schema.ts';

/*
 * The forms of what status writes beside its report where it is asked for a rescan, a search or a dossier: schema/rescan.json, schema/found.json and
 * schema/dossier.json are made of them.
 */

const present = {
  digest,
  held: z.boolean().describe('Whether the records say that the environment holds it'),
  instances: count.optional().describe('How many run it; absent where nothing was given to say what runs'),
};

const finding = z.strictObject({
  class: z.enum(CLASSES),
  id: z.string(),
  severity: z.enum(SEVERITIES),
  title: z.string(),
  url: z.string(),
  package: z.string(),
  version: z.string(),
  fixed: z.string().describe('The versions that fix it; empty where there is none'),
  target: z.string(),
  platforms: z.array(z.string()),
});

export const rescanSchema = z.strictObject({
  version: z.literal(1),
  at: time.describe('When all of it was judged'),
  policy: z.string().describe('Where the policy was read'),
  environments: z.array(
    z.strictObject({
      name: z.string(),
      repository: z.string(),
      images: z.array(
        z.strictObject({
          ...present,
          arrivedAt: time
            .optional()
            .describe('When a record last brought it; absent where nothing proves it'),
          judged: known(
            z.strictObject({
              decision: z.enum(['allow', 'deny']),
              reasons: z.array(z.string()).describe('Every reason of a denial'),
              warnings: z.array(z.string()),
              scannedAt: time,
              databaseUpdatedAt: time,
              fresh: known(z.array(finding)).describe(
                'What nothing excuses and the last scan before its promotion did not find, the worst first',
              ),
            }),
          ),
        }),
      ),
      unknown: z.array(z.string()).describe('What else should have been judged and could not be'),
    }),
  ),
});

export const foundSchema = z.strictObject({
  version: z.literal(1),
  sought: z.string().describe('As it was asked for'),
  at: time.describe('When all of it was looked through'),
  environments: z.array(
    z.strictObject({
      name: z.string(),
      repository: z.string(),
      hits: z.array(
        z.strictObject({
          ...present,
          platform: z.string(),
          package: z.string(),
          version: z.string(),
          purl: z.string().describe('Package URL; empty where none is known'),
          vulnerabilities: z
            .array(
              z.strictObject({
                id: z.string(),
                severity: z.enum(SEVERITIES),
                fixed: z.string().describe('The versions that fix it; empty where there is none'),
                excused: z.string().optional().describe('Why an exception or VEX excuses it'),
              }),
            )
            .describe(
              'Of this version, by the last scan that counts: only what was asked for where that is a vulnerability',
            ),
        }),
      ),
      clear: z
        .array(z.strictObject({ digest, platform: z.string() }))
        .describe('What was looked through and does not have it'),
      unknown: z
        .array(z.strictObject({ where: z.string(), reason: z.string() }))
        .describe('What nobody could look through: it may have it'),
    }),
  ),
});

export const dossierSchema = z.strictObject({
  version: z.literal(1),
  about: z.string().describe('As it was asked for'),
  at: time.describe('When status looked'),
  policy: z.string().describe('Where the policy was read'),
  images: z.array(
    z
      .strictObject({
        environment: z.string(),
        repository: z.string(),
        digest,
        source: z.string(),
        commit: z.string(),
        builtBy: z.string(),
        run: z.string(),
      })
      .describe('By its newest provenance; what is empty it has none for that counts'),
  ),
  events: z
    .array(
      z.strictObject({
        at: time.optional().describe('Absent where nothing proves it'),
        environment: z.string(),
        digest,
        kind: z.string().describe('commit, approval, the action of a record, or the kind of a statement'),
        what: z.string(),
        details: z.array(z.string()),
        by: z.string().describe('Who says so: a workflow with its ref, a key, or an account'),
        run: z.string().describe('Address of the run that signed; empty where none did'),
        logIndex: z.string().describe('Index in the transparency log; empty where there is no entry'),
        source: z
          .union([digest, z.literal('')])
          .describe('The referrer manifest that carries the statement; empty for what is none'),
      }),
    )
    .describe('In the order of time; what nothing proves the time of comes last'),
  discounted: z
    .array(z.strictObject({ digest, source: digest, reason: z.string() }))
    .describe('What lies beside the images and does not count'),
  gaps: z.array(z.string()).describe('What could not be read: with any, the dossier is not whole'),
});
