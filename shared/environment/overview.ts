import type { Approval, RecordAction } from '../evidence/promotion.ts';
import type { Digest } from '../image/digest.ts';

/** A value that was asked for, or why nobody can say what it is. What is unknown is never shown as none. */
export type Known<T> = { readonly value: T } | { readonly unknown: string };

/** One record of an environment, for people and machines. */
export interface RecordOverview {
  readonly action: RecordAction;
  readonly digest: Digest;
  readonly sequence: number;
  readonly tag: string;
  /** The referrer manifest that carries the record. */
  readonly record: Digest;
  /** ISO 8601, by the log or a timestamp authority. */
  readonly at: string | undefined;
  readonly requestedBy: string | undefined;
  readonly approvedBy: readonly Approval[];
  readonly reason: string | undefined;
  /** `owner/repo/path@commit` of the policy that judged, and its digest. */
  readonly policy: { readonly uri: string; readonly digest: Digest };
  readonly verdict: Digest | undefined;
  readonly source: { readonly repository: string; readonly commit: string } | undefined;
  readonly manifests: { readonly repository: string; readonly commit: string } | undefined;
  /** Rules that break-glass waived. */
  readonly waived: readonly string[];
}

/** What verified evidence says of one image. */
export interface ImageOverview {
  readonly digest: Digest;
  /** When its config says that it was made (ISO 8601). */
  readonly created: string | undefined;
  /** When its commit was made, where GitHub says it (ISO 8601). */
  readonly committed: Known<string>;
  /** Bytes of the largest platform. */
  readonly size: Known<number>;
  /** Evidence that the environment's rules need, each with whether it is there and counts. */
  readonly coverage: Known<readonly { readonly kind: string; readonly covered: boolean }[]>;
  /** Open findings by severity, of the last scan that counts. */
  readonly findings: Known<{
    readonly scannedAt: string;
    readonly counts: Readonly<Record<string, number>>;
  }>;
}

/** The four ways in which what should be alike is not. */
export const DRIFTS = ['wanted', 'pointer', 'running', 'rollout'] as const;
export type DriftKind = (typeof DRIFTS)[number];

/** One difference to what the records say. */
export interface Drift {
  readonly kind: DriftKind;
  /** Where: a file and line, a tag, a workload with the label of its input. */
  readonly where: string;
  readonly expected: Digest | undefined;
  readonly found: string;
}

/** Something that runs: one workload, or one line of a list. */
export interface InstanceOverview {
  /** The label of the input that named it: a cluster or a region. */
  readonly label: string;
  readonly name: string;
  readonly image: string;
  /** The root digest that it was recognised as. */
  readonly digest: Digest | undefined;
  readonly startedAt: string | undefined;
}

/** Everything known of one environment. */
export interface EnvironmentOverview {
  readonly name: string;
  readonly repository: string;
  /** All standing records, oldest first; unknown where the chain could not be read or does not hold. */
  readonly records: Known<readonly RecordOverview[]>;
  /** Why the chain does not hold: gaps, forks, records that do not count. */
  readonly faults: readonly string[];
  readonly current: RecordOverview | undefined;
  readonly hold: RecordOverview | undefined;
  readonly pointer: Digest | undefined;
  /** Images that a rollback could go to, the newest first, each with the reasons against it. */
  readonly candidates: readonly {
    readonly digest: Digest;
    readonly steps: number;
    readonly reasons: readonly string[];
  }[];
  readonly images: ReadonlyMap<Digest, ImageOverview>;
  /** Undefined when nothing was given to compare with. */
  readonly running: Known<readonly InstanceOverview[]> | undefined;
  readonly drift: Known<readonly Drift[]>;
}
