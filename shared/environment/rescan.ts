import type { Finding } from '../evidence/finding.ts';
import type { Known } from './overview.ts';
import type { PresentImage } from './present.ts';

/** One thing that a scan of now finds and that of before the promotion did not, merged over platforms. */
export interface FreshFinding
  extends Pick<
    Finding,
    'class' | 'id' | 'severity' | 'title' | 'url' | 'package' | 'version' | 'fixed' | 'target'
  > {
  readonly platforms: readonly string[];
}

/** What today's rules say of an image by a scan of now. */
export interface Rejudged {
  readonly decision: 'allow' | 'deny';
  /** Every reason of a denial, as a verdict tells it. */
  readonly reasons: readonly string[];
  readonly warnings: readonly string[];
  /** Of the scan and of its database (ISO 8601). */
  readonly scannedAt: string;
  readonly databaseUpdatedAt: string;
  /** What nothing excuses and the last scan before the promotion did not find; unknown where there is none that counts. The worst come first. */
  readonly fresh: Known<readonly FreshFinding[]>;
}

/** An image that an environment holds or that runs there, judged anew. */
export interface RescannedImage extends PresentImage {
  /** When it was last promoted or rolled back to (ISO 8601), where a record and a proven time say it. */
  readonly arrivedAt: string | undefined;
  readonly judged: Known<Rejudged>;
}

export interface RescannedEnvironment {
  readonly name: string;
  readonly repository: string;
  readonly images: readonly RescannedImage[];
  /** What else should have been judged and could not be, each with the reason. */
  readonly unknown: readonly string[];
}

/** Everything that runs, judged by the vulnerability database and the policy of one moment. */
export interface Rescan {
  /** ISO 8601. */
  readonly at: string;
  /** `owner/repo/path@commit` */
  readonly policy: string;
  readonly environments: readonly RescannedEnvironment[];
}

/** Whether anything that runs would be denied now. Without a denial nothing may be unknown. */
export function findDenied({ environments }: Rescan): 'true' | 'false' | 'unknown' {
  const all = environments.flatMap(({ images }) => images.map(({ judged }) => judged));
  if (all.some((judged) => 'value' in judged && judged.value.decision === 'deny')) return 'true';
  const known =
    all.every((judged) => 'value' in judged) && environments.every(({ unknown }) => unknown.length === 0);
  return known ? 'false' : 'unknown';
}
