import { createHash } from 'node:crypto';
import type {
  EnvironmentOverview,
  ImageOverview,
  Overview,
  RecordOverview,
} from '../../../shared/environment/overview.ts';
import { isMove, type RecordAction } from '../../../shared/evidence/promotion.ts';
import { type Digest, parseDigest } from '../../../shared/image/digest.ts';

/** Overviews as status makes them, written down in a few words. */

/** The digest of image 1, 2, … and of records and verdicts by any other letter: as different as real ones, and always the same. */
export function digestOf(number: number, letter = 'a'): Digest {
  return parseDigest(`sha256:${createHash('sha256').update(`${letter}${number}`).digest('hex')}`);
}

export const POLICY = 'octo/app/.github/hallmark.yml@5b0c7f2f8f0a4d7f9f3f1f6a2c3e4d5b6a7c8d9e';

/** A record in short: what happened to which image, and when. */
export interface Step extends Partial<Omit<RecordOverview, 'action' | 'digest' | 'at'>> {
  readonly action?: RecordAction;
  readonly image: number;
  /** ISO 8601; undefined where nothing proves it. */
  readonly at: string | undefined;
}

/** Records of an environment in order. */
export function recordsOf(environment: string, steps: readonly Step[]): RecordOverview[] {
  return steps.map(({ action = 'promote', image, at, ...rest }, index) => ({
    action,
    digest: digestOf(image),
    sequence: index + 1,
    tag: `env-${environment}.${String(index + 1).padStart(6, '0')}-${digestOf(image).slice(7, 19)}`,
    record: digestOf(index + 1, 'e'),
    at,
    requestedBy: 'ada',
    approvedBy: [],
    reason: undefined,
    policy: { uri: POLICY, digest: digestOf(1, 'b') },
    verdict: isMove(action) ? digestOf(index + 1, 'c') : undefined,
    source: { repository: 'https://github.com/octo/app', commit: digestOf(image, 'd').slice(7, 47) },
    manifests: undefined,
    waived: [],
    followUp: undefined,
    ...rest,
  }));
}

export const NO_FINDINGS = { CRITICAL: 0, HIGH: 0, MEDIUM: 0, LOW: 0, UNKNOWN: 0 };

/** An image of which everything is known: 100 MB, complete, without findings. */
export function imageOf(
  number: number,
  committed: string,
  rest: Partial<ImageOverview> = {},
): [Digest, ImageOverview] {
  const digest = digestOf(number);
  return [
    digest,
    {
      digest,
      created: committed,
      built: undefined,
      committed: { value: committed },
      size: { value: 100e6 },
      coverage: {
        value: ['signature', 'provenance', 'sbom', 'scan'].map((kind) => ({
          kind,
          covered: true,
          reasons: [],
        })),
      },
      findings: { value: { scannedAt: committed, counts: NO_FINDINGS } },
      ...rest,
    },
  ];
}

/** An environment with these records and nothing wrong. */
export function environmentOf(
  name: string,
  records: readonly RecordOverview[],
  rest: Partial<EnvironmentOverview> = {},
): EnvironmentOverview {
  const current = records.findLast(({ action }) => isMove(action));
  return {
    name,
    repository: 'ghcr.io/octo/app',
    after: undefined,
    records: { value: records },
    superseded: [],
    faults: [],
    foreign: [],
    current,
    hold: undefined,
    withdrawn: new Map(),
    pointer: { value: current?.digest },
    candidates: [],
    images: new Map(),
    wanted: undefined,
    running: undefined,
    drift: { value: [] },
    overdue: [],
    ...rest,
  };
}

export function overviewOf(at: string, environments: readonly EnvironmentOverview[]): Overview {
  return { at, policy: POLICY, environments, ignored: 0 };
}
