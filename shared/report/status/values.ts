import { LEVELS, type Level, type LevelName } from '../../environment/level.ts';
import type { Levels } from '../../environment/levels.ts';
import { formatNumber, formatSize } from '../blocks.ts';

/*
 * Values of service levels as people read them, plain text.
 */

const UNITS = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
] as const;

/** `45 s`, `12 min`, `3.5 h`, `2 d`: of seconds. */
export function formatSpan(seconds: number): string {
  const [size, unit] = UNITS.find(([least]) => seconds >= least) ?? [1, 's'];
  return `${round(seconds / size)} ${unit}`;
}

/** A value of a level with its unit. A share is rounded down: nothing is 100 % that is not all. */
export function formatValue(name: LevelName, value: number): string {
  switch (LEVELS[name].unit) {
    case 'seconds':
      return formatSpan(value);
    case 'bytes':
      return formatSize(value);
    case 'ratio':
      return `${Math.floor(value * 100 + 1e-9)} %`;
    case 'deployments per day':
      return `${round(value)} a day`;
    case 'weight per megabyte':
      return `${round(value)} per MB`;
    case 'findings':
      return formatNumber(value);
  }
}

/** A level in a few words; what is missing is said. */
export function formatLevel(name: LevelName, level: Level | undefined): string {
  if (level === undefined) return '–';
  if ('unknown' in level) return `unknown: ${level.unknown}`;
  if ('none' in level) return `– (${level.none})`;
  const what = SAMPLES[name];
  if (what === undefined) return formatValue(name, level.value);
  const missing = level.missing === 0 ? '' : `, ${formatNumber(level.missing)} more not known`;
  return `${formatValue(name, level.value)} (${what} ${formatNumber(level.samples)}${missing})`;
}

/** What several events came together to. */
const SAMPLES: Readonly<Partial<Record<LevelName, string>>> = {
  leadTime: 'median of',
  promotionTime: 'median of',
  changeFailureRate: 'of',
  rollbackTime: 'median of',
  patchTime: 'median of',
};

/** Why nothing at all of an environment's levels is known; undefined when something is. */
export function findSharedReason(levels: Levels): string | undefined {
  const reasons = new Set(
    Object.values(levels).map((level) => ('unknown' in level ? level.unknown : undefined)),
  );
  const [reason] = reasons;
  return reasons.size === 1 ? reason : undefined;
}

/** `2026-11-21 12:00` in UTC, or that nothing proves when. */
export function formatTime(at: string | undefined): string {
  if (at === undefined || Number.isNaN(Date.parse(at))) return 'at an unproven time';
  return new Date(at).toISOString().slice(0, 16).replace('T', ' ');
}

function round(value: number): string {
  return new Intl.NumberFormat('en', { maximumSignificantDigits: value < 100 ? 2 : 3 }).format(value);
}
