import type { Severity } from '../evidence/severity.ts';
import type { Digest } from '../image/digest.ts';
import type { PresentImage } from './present.ts';

/** Something that was looked for, in one platform of one image. */
export interface Hit extends PresentImage {
  readonly platform: string;
  readonly package: string;
  readonly version: string;
  /** Package URL; empty where none is known. */
  readonly purl: string;
  /** What is known to be wrong with this version, by the last scan that counts: only what was asked for where that is a vulnerability. */
  readonly vulnerabilities: readonly {
    readonly id: string;
    readonly severity: Severity;
    /** The versions that fix it; empty where there is none. */
    readonly fixed: string;
    /** Why an exception or VEX excuses it; undefined where nothing does. */
    readonly excused: string | undefined;
  }[];
}

export interface SearchedEnvironment {
  readonly name: string;
  readonly repository: string;
  readonly hits: readonly Hit[];
  /** Platforms of images that were looked through and do not have it. */
  readonly clear: readonly { readonly digest: Digest; readonly platform: string }[];
  /** What nobody could look through, with the reasons. It may have it. */
  readonly unknown: readonly { readonly where: string; readonly reason: string }[];
}

/** Where something runs, by verified evidence alone. */
export interface Search {
  /** As it was asked for. */
  readonly sought: string;
  /** ISO 8601. */
  readonly at: string;
  readonly environments: readonly SearchedEnvironment[];
}

/** One hit is enough to know; without one nothing may be unknown. */
export function findAffected({ environments }: Search): 'true' | 'false' | 'unknown' {
  if (environments.some(({ hits }) => hits.length > 0)) return 'true';
  return environments.every(({ unknown }) => unknown.length === 0) ? 'false' : 'unknown';
}
