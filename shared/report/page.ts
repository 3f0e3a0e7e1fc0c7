import type { Judged } from './judged.ts';
import type { Review } from './review.ts';

/*
 * What a reviewer is shown of a change: one page, whether it becomes a comment, a job summary or a check run.
 * Every text in it may be hostile.
 */

/** What gate said of an image. */
export type PageVerdict = Judged['verdict'];
/** Where an image comes from. */
export type PageProvenance = NonNullable<Judged['provenance']>;

export interface PageImage {
  /** `registry/repo@sha256:…` or `oci:<folder>@sha256:…`. */
  readonly image: string;
  readonly review?: Review | undefined;
  readonly verdict?: PageVerdict | undefined;
  readonly provenance?: PageProvenance | undefined;
  /** Why a review or verdict that was asked for could not be had. */
  readonly unavailable?: string | undefined;
}

export interface Page {
  /** Which sticky comment it is: one of a name on each pull request. */
  readonly name: string;
  readonly images: readonly PageImage[];
  /** True when all of it comes from a run without rights, so that nothing in it is verified. */
  readonly fork?: boolean | undefined;
  /** `https://github.com/octo/app` */
  readonly repository?: string | undefined;
  /** The commit it is about, in full. */
  readonly commit?: string | undefined;
  /** URL of the run that made it. */
  readonly run?: string | undefined;
}

/** What an image, or a page of several, comes to; the worst first. Only the last two are good, and `scanned` promises nothing. */
export const STANDINGS = ['denied', 'refused', 'unavailable', 'scanned', 'passed', 'allowed'] as const;
export type Standing = (typeof STANDINGS)[number];

/** What is known of one image. What was not judged, or only in part, is never better than `scanned`. */
export function standingOf({ review, verdict, unavailable }: PageImage): Standing {
  if (verdict?.decision === 'deny') return 'denied';
  if (review?.outcome === 'refused') return 'refused';
  const unanswered = verdict?.decision === 'unavailable' || review?.outcome === 'unavailable';
  if (unanswered || unavailable !== undefined) return 'unavailable';
  if (verdict?.decision === 'allow') return 'allowed';
  if (review === undefined) return 'unavailable';
  return review.judged && review.gaps.length === 0 ? 'passed' : 'scanned';
}

/** True when a part of the image was not looked at, so that what is not found there means nothing. */
export function hasGaps({ review }: PageImage): boolean {
  return (review?.gaps.length ?? 0) > 0;
}

/** True when packages were listed and nothing was looked for, so that no finding means nothing. */
export function isListOnly({ review }: PageImage): boolean {
  return review?.scanner.scanners?.length === 0;
}

/** True when nothing speaks against an image, whether or not anything speaks for it. */
export function isGood(standing: Standing): boolean {
  return standing === 'allowed' || standing === 'passed' || standing === 'scanned';
}

/** The worst of all images; of none nothing is known. */
export function standingOfPage({ images }: Page): Standing {
  const found = images.map(standingOf);
  return STANDINGS.find((standing) => found.includes(standing)) ?? 'unavailable';
}
