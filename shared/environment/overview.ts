import type { Approval, RecordAction } from '../evidence/promotion.ts';
import type { Severity } from '../evidence/severity.ts';
import type { Digest } from '../image/digest.ts';
import type { PromotionRecord } from './chain.ts';

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
  /** By when somebody has to have looked at what was waived (ISO 8601). */
  readonly followUp: string | undefined;
}

/** A verified record as it is shown. */
export function describeRecord({ tag, record, promotion, signedAt }: PromotionRecord): RecordOverview {
  const { action, digest, sequence, requestedBy, approvedBy, reason, policy, override } = promotion;
  const { verdict, source, manifests } = promotion;
  return {
    ...{ action, digest, sequence, tag, record, at: signedAt, requestedBy, reason, verdict, source },
    approvedBy: [...(approvedBy ?? []), ...(override?.approvedBy ?? [])],
    policy: { uri: policy.uri, digest: policy.digest },
    manifests: manifests && { repository: manifests.repository, commit: manifests.commit },
    waived: override?.rules ?? [],
    followUp: override?.followUp,
  };
}

/** What verified evidence says of one image. */
export interface ImageOverview {
  readonly digest: Digest;
  /** When its config says that it was made (ISO 8601). */
  readonly created: string | undefined;
  /** When its provenance was signed, by the log or a timestamp authority (ISO 8601). */
  readonly built: string | undefined;
  /** When its commit was made, where GitHub says it (ISO 8601). */
  readonly committed: Known<string>;
  /** Bytes of the largest platform. */
  readonly size: Known<number>;
  /** Evidence that the environment's rules need, each with whether it is there and counts for every platform, and why not. */
  readonly coverage: Known<
    readonly { readonly kind: string; readonly covered: boolean; readonly reasons: readonly string[] }[]
  >;
  /** Open findings by severity (`CRITICAL` … `UNKNOWN`, vulnerabilities and secrets of all platforms), of the last scan that counts. */
  readonly findings: Known<{
    readonly scannedAt: string;
    readonly counts: Readonly<Record<Severity, number>>;
  }>;
}

/** A place in a manifest that names the environment's repository. */
export interface WantedOverview {
  /** `octo/deploy/prod/app.yaml:12`, or `./deploy/app.yaml:12` of the workspace. */
  readonly where: string;
  /** As written: a tag, a digest, both, or neither. */
  readonly named: string;
  /** The root digest that it comes to; undefined where it names nothing that is known. */
  readonly digest: Digest | undefined;
}

/** Something that is older than an input allows, or of an age that nobody can tell. */
export interface Overdue {
  readonly kind: 'image' | 'instance';
  /** An image's short digest, or the label and name of an instance. */
  readonly where: string;
  /** Seconds; undefined where nothing says when it was made or started. */
  readonly age: number | undefined;
  /** Seconds that were allowed. */
  readonly limit: number;
}

/** The four ways in which what should be alike is not. */
export const DRIFTS = ['wanted', 'pointer', 'running', 'rollout'] as const;
export type DriftKind = (typeof DRIFTS)[number];

/**
 * One difference to what the records say. `wanted`: a manifest names another image. `pointer`: the tag does. `running`: something else runs, or
 * nothing. `rollout`: some instances run what the records say and these do not, or not yet, within one region or between two.
 */
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
  /** What it is an instance of: `shop/web`. */
  readonly workload: string;
  /** As it was asked for. */
  readonly image: string;
  /** The root digest that it was recognised as; also that of an image which no record names. */
  readonly digest: Digest | undefined;
  readonly startedAt: string | undefined;
  /** Why it does not run, or not all of it, as its orchestrator says; undefined where it runs. */
  readonly waiting: string | undefined;
}

/** Everything known of one environment. */
export interface EnvironmentOverview {
  readonly name: string;
  readonly repository: string;
  /** The environment that an image must have passed before, by the policy. */
  readonly after: string | undefined;
  /** Records that stand, oldest first, as far as the chain holds; unknown where the registry could not be read. */
  readonly records: Known<readonly RecordOverview[]>;
  /** Records that lost against another of the same moment. */
  readonly superseded: readonly RecordOverview[];
  /** Why the chain does not hold: gaps, forks, tags without a record that counts. With any, nobody can say what the environment holds now. */
  readonly faults: readonly string[];
  /** Records by others beside its images, which change nothing, each with why it does not count. */
  readonly foreign: readonly string[];
  /** What the newest record that holds brought; where there are faults, no more than that. */
  readonly current: RecordOverview | undefined;
  readonly hold: RecordOverview | undefined;
  /** Images that must not come back, each with the record that says so. */
  readonly withdrawn: ReadonlyMap<Digest, RecordOverview>;
  readonly pointer: Known<Digest | undefined>;
  /** Images that a rollback could go to, the newest first, each with the reasons against it. */
  readonly candidates: readonly {
    readonly digest: Digest;
    readonly steps: number;
    readonly reasons: readonly string[];
  }[];
  /** Every image that a record names, and every one that runs and is in the environment's repository. One that is missing here could not be read. */
  readonly images: ReadonlyMap<Digest, ImageOverview>;
  /** What manifests name; undefined when none were given to compare with. */
  readonly wanted: readonly WantedOverview[] | undefined;
  /** Undefined when nothing was given to compare with. */
  readonly running: readonly InstanceOverview[] | undefined;
  /** Unknown where anything that it needs could not be read, or the records do not hold. */
  readonly drift: Known<readonly Drift[]>;
  readonly overdue: readonly Overdue[];
}

/** What can be asked to fail, beside records that do not hold and what could not be read, which always do. */
export const ALARMS = ['drift', 'coverage', 'age', 'denied'] as const;
export type Alarm = (typeof ALARMS)[number];

/** What status found, of one environment or all. */
export interface Overview {
  /** When it looked (ISO 8601). */
  readonly at: string;
  /** Where the policy was read: `owner/repo/path@commit`. */
  readonly policy: string;
  readonly environments: readonly EnvironmentOverview[];
  /** Instances of other images, which were passed over. */
  readonly ignored: number;
}
