import { LEVELS, type Level, type LevelName } from '../../environment/level.ts';
import type { Levels } from '../../environment/levels.ts';
import type { RecordOverview } from '../../environment/overview.ts';
import { formatNumber } from '../blocks.ts';

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

/** `123 MB`: of bytes, by powers of 1000. */
export function formatSize(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3));
  return `${round(bytes / 1000 ** power)} ${units[power]}`;
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

/** Who asked for a record and who approved it: names, which are foreign text. */
export function namePeople({ requestedBy, approvedBy }: RecordOverview): {
  readonly asked: string;
  readonly approved: string;
} {
  const names = [...new Set(approvedBy.map(({ by }) => by))];
  return { asked: requestedBy ?? 'unknown', approved: names.length === 0 ? 'nobody' : names.join(', ') };
}

/** What a record brought about, in a word. */
export const VERBS: Readonly<Record<RecordOverview['action'], string>> = {
  promote: 'promoted',
  rollback: 'rolled back',
  withdraw: 'withdrawn',
  reinstate: 'reinstated',
  hold: 'held',
  release: 'released',
};

function round(value: number): string {
  return new Intl.NumberFormat('en', { maximumSignificantDigits: value < 100 ? 2 : 3 }).format(value);
}
