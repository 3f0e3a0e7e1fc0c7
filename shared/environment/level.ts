/**
 * What one level comes to. `value` in the unit of its level, from `samples` events; `missing` more belong to it and could not be measured. `none` when
 * everything was read and there is nothing to measure; `unknown` when something could not be read, so that nobody can say.
 */
export type Level =
  | { readonly value: number; readonly samples: number; readonly missing: number }
  | { readonly none: string }
  | { readonly unknown: string };

/** Every level with its unit, in the order in which people are shown them. */
export const LEVELS = {
  deploymentFrequency: { title: 'Deployment frequency', unit: 'deployments per day' },
  leadTime: { title: 'Lead time', unit: 'seconds' },
  promotionTime: { title: 'Promotion time', unit: 'seconds' },
  changeFailureRate: { title: 'Change failure rate', unit: 'ratio' },
  rollbackTime: { title: 'Time to roll back', unit: 'seconds' },
  patchTime: { title: 'Patch roll-out time', unit: 'seconds' },
  evidenceCoverage: { title: 'Evidence coverage', unit: 'ratio' },
  openCriticals: { title: 'Open criticals', unit: 'findings' },
  weightedDensity: { title: 'Weighted findings', unit: 'weight per megabyte' },
  imageAge: { title: 'Image age', unit: 'seconds' },
  imageSize: { title: 'Image size', unit: 'bytes' },
} as const;
export type LevelName = keyof typeof LEVELS;
export const LEVEL_NAMES = Object.keys(LEVELS) as readonly LevelName[];

/** A level from one thing that was looked at, or from `samples` that are all known. */
export function exactLevel(value: number, samples = 1): Level {
  return { value, samples, missing: 0 };
}

/** The median, so that one outlier does not hide the rest. Without any event it is `none`, without any known one `unknown`. */
export function medianLevel(
  samples: readonly (number | undefined)[],
  { none, unknown }: { readonly none: string; readonly unknown: string },
): Level {
  if (samples.length === 0) return { none };
  const known = samples.filter((one) => one !== undefined).toSorted((a, b) => a - b);
  const [low, high] = [known[(known.length - 1) >> 1], known[known.length >> 1]];
  if (low === undefined || high === undefined) return { unknown };
  return { value: (low + high) / 2, samples: known.length, missing: samples.length - known.length };
}
