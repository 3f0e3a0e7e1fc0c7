import * as z from 'zod';
import { SEVERITIES } from '../evidence/severity.ts';

/*
 * What a reviewer has to know of one image: written by scan beside its reports, read by report, which may get it from a fork.
 * So every text in it is data and every list has an end.
 */

const MAX_TEXT = 4096;
const text = z.string().max(MAX_TEXT).default('');
const listOf = <T extends z.ZodType>(item: T, most: number) => z.array(item).max(most).default([]);

/** What the baseline says of a finding: `new` is what this change brings; `unknown` when there is no baseline. */
export const STATES = ['new', 'known', 'unknown'] as const;

const found = z.object({
  /** `vulnerability`, `secret`, `misconfiguration` or `licence`. */
  class: z.enum(['vulnerability', 'secret', 'misconfiguration', 'licence']),
  /** CVE-2026-1, or the rule of a secret or misconfiguration, or the licence. */
  id: text,
  severity: z.enum(SEVERITIES),
  title: text,
  url: text,
  /** Package and installed version; empty for what has none. */
  package: text,
  version: text,
  /** Versions that fix it; empty when there is none. */
  fixed: text,
  /** File or package database in the image, and the line when it is known. */
  target: text,
  line: z.number().int().nonnegative().optional(),
  cvss: z.number().min(0).max(10).optional(),
  /** As each source maps it, by the source's name. */
  severities: z.record(z.string().max(100), z.enum(SEVERITIES)).optional(),
  /** What the distribution says of it: `fixed`, `affected`, `will_not_fix`, … */
  status: text.optional(),
  /** When it was published (ISO 8601). */
  published: z.string().max(40).optional(),
  /** Known to be exploited (CISA KEV): the date it was listed. */
  exploited: z.string().max(40).optional(),
  /** When it was first seen in this repository (ISO 8601). */
  firstSeen: z.string().max(40).optional(),
  /** Where it came into the image. */
  layer: z
    .object({
      digest: text,
      /** The history's `created_by`. */
      createdBy: text,
      /** Of the Dockerfile, only when it is certain. */
      line: z.number().int().positive().optional(),
      /** True when the base image brought it. */
      base: z.boolean().optional(),
    })
    .optional(),
  /** The line of a lockfile of the repository that alone can have brought it. */
  locked: z.object({ path: text, line: z.number().int().positive() }).optional(),
  /** Platforms that have it; what several share is one entry. */
  platforms: listOf(text, 64),
  /** Who found it: `trivy`, `grype`, … */
  scanners: listOf(text, 16),
  state: z.enum(STATES),
  /** The exception that excuses it in the verdict, by its `finding` and owner. */
  exception: z.object({ owner: text, reason: text, until: text }).optional(),
  /** What VEX says of it: `not_affected`, `fixed`, … */
  vex: z.object({ status: text, justification: text }).optional(),
});

const packageChange = z.object({
  name: text,
  /** Ecosystem: `npm`, `deb`, … */
  type: text,
  /** Empty when added. */
  from: text,
  /** Empty when removed. */
  to: text,
  licences: listOf(text, 64),
  platforms: listOf(text, 64),
});

const exceptionLine = z.object({
  finding: text,
  scope: text,
  /** Empty for what comes from a .trivyignore. */
  owner: text,
  reason: text,
  until: text,
  /** `proposed` is in this pull request alone, so it excuses nothing yet. */
  state: z.enum(['used', 'unused', 'expired', 'proposed']),
  /** File and line it stands in, for an annotation. */
  file: text,
  line: z.number().int().positive().optional(),
});

const layer = z.object({
  digest: text,
  size: z.number().int().nonnegative(),
  createdBy: text,
  /** The baseline has the same one; undefined when nothing was compared. */
  known: z.boolean().optional(),
});

const sized = z.object({
  name: text,
  digest: text,
  /** Compressed bytes of layers and config; `before` is the baseline's. */
  size: z.number().int().nonnegative(),
  before: z.number().int().nonnegative().optional(),
  layers: listOf(layer, 512),
  /** Layers that only the baseline has. */
  removed: z.array(layer).max(512).optional(),
});

/** One image's scan compared with its baseline. */
export const reviewSchema = z.object({
  version: z.literal(1),
  /** `registry/repo@sha256:…` or `oci:<folder>@sha256:…`. */
  image: text,
  /** Full commit the image was built from, when it is known. */
  commit: z.string().max(64).optional(),
  platforms: listOf(sized, 64),
  /** Path in the repository of the Dockerfile that `layer.line` speaks of, when that is certain. */
  dockerfile: text.optional(),
  /** What `fail-on` and `new-only` came to; `unavailable` when the scan could not answer. */
  outcome: z.enum(['passed', 'refused', 'unavailable']),
  /** True when a `fail-on` was asked at all: passed without one promises nothing. */
  judged: z.boolean(),
  reasons: listOf(text, 100_000),
  /** What was not looked at, a sentence each: `linux/arm64 was not scanned`. */
  gaps: listOf(text, 1000),
  scanner: z.object({
    name: text,
    version: text,
    databaseUpdatedAt: z.string().max(40).optional(),
    /** What was looked for: `vuln`, `secret`, …; empty when packages were only listed. */
    scanners: z.array(text).max(16).optional(),
    /** When CISA released the list of what is known to be exploited; missing when none was asked. */
    exploitedAt: z.string().max(40).optional(),
  }),
  /** What it was compared with; `reason` says why there is none. */
  baseline: z.object({ kind: text, image: text, reason: text }).optional(),
  findings: listOf(found, 200_000),
  /** What the baseline has and this image has not. */
  fixed: listOf(found, 200_000),
  packages: z
    .object({
      added: listOf(packageChange, 100_000),
      removed: listOf(packageChange, 100_000),
      upgraded: listOf(packageChange, 100_000),
      downgraded: listOf(packageChange, 100_000),
      /** `from` and `to` hold the licences. */
      relicensed: listOf(packageChange, 100_000),
    })
    .optional(),
  exceptions: listOf(exceptionLine, 10_000),
  /** Newer digest of the base image and what it would fix. */
  base: z.object({ image: text, newer: text, fixes: z.number().int().nonnegative() }).optional(),
});
/** What a reviewer has to know of one image. */
export type Review = z.output<typeof reviewSchema>;
export type ReviewFinding = Review['findings'][number];
