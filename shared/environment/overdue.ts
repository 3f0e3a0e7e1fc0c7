import { type Digest, shortDigest } from '../image/digest.ts';
import type { ImageOverview, InstanceOverview, Overdue } from './overview.ts';

/** How old what runs may be, in seconds. */
export interface AgeLimits {
  readonly image?: number | undefined;
  readonly instance?: number | undefined;
}

/**
 * What is older than it may be: images that are held or run, by when their provenance was signed or else by their own word, and instances by
 * when they were started. What nothing says the age of may be as old as anything.
 */
export function findOverdue(
  images: ReadonlyMap<Digest, ImageOverview | undefined>,
  running: readonly InstanceOverview[],
  limits: AgeLimits,
  now: Date,
): Overdue[] {
  const ofImages = [...images].map(([digest, image]) => ({
    kind: 'image' as const,
    where: shortDigest(digest),
    since: image?.built ?? image?.created,
  }));
  const ofInstances = running
    .filter(({ waiting }) => waiting === undefined)
    .map(({ label, name, startedAt }) => ({
      kind: 'instance' as const,
      where: label === '' ? name : `${label}: ${name}`,
      since: startedAt,
    }));
  return [...ofImages, ...ofInstances].flatMap(({ kind, where, since }) => {
    const limit = limits[kind];
    if (limit === undefined) return [];
    const begun = Date.parse(since ?? '');
    const age = Number.isNaN(begun) ? undefined : Math.floor((now.getTime() - begun) / 1000);
    return age !== undefined && age <= limit ? [] : [{ kind, where, age, limit }];
  });
}
