import { measureDelivery } from './delivery.ts';
import { measureImage } from './image-levels.ts';
import { LEVEL_NAMES, type Level, type LevelName } from './level.ts';
import { findHeld, type Moves, type Period, readMoves } from './moves.ts';
import type { EnvironmentOverview, Known, Overview } from './overview.ts';

/** One that has no meaning for an environment is not there: promotion time, where none comes before it. */
export type Levels = Readonly<Partial<Record<LevelName, Level>>>;

/** The service levels of one environment, all in UTC. */
export interface ServiceLevels {
  readonly environment: EnvironmentOverview;
  /** Over the last `WINDOW_DAYS`, and of what it holds now. */
  readonly recent: Levels;
  /** Each over a calendar month and of what it held at its end. The oldest first, from the first record on, at most 24; the last is not over yet. */
  readonly months: readonly MonthLevels[];
}

export interface MonthLevels {
  /** `2026-11` */
  readonly month: string;
  readonly levels: Levels;
}

export const WINDOW_DAYS = 30;
const DAY = 86_400_000;
const MONTHS = 24;

/**
 * Computes service levels from verified records alone, one entry an environment. Where the records could not be read, or do not hold, every level is
 * unknown.
 */
export function measureLevels({ environments, at }: Overview): ServiceLevels[] {
  const now = Date.parse(at);
  const moves = new Map(environments.map((one): [string, Known<Moves>] => [one.name, readMoves(one)]));
  return environments.map((environment) => {
    const own = moves.get(environment.name) ?? readMoves(environment);
    const before = moves.get(environment.after ?? '') ?? { unknown: 'it was not read' };
    const measure = (period: Period): Levels => measurePeriod(environment, own, before, period, now);
    return {
      environment,
      recent: measure({ from: now - WINDOW_DAYS * DAY, until: now }),
      months: listMonths(own, now).map(({ month, ...period }) => ({ month, levels: measure(period) })),
    };
  });
}

function measurePeriod(
  environment: EnvironmentOverview,
  moves: Known<Moves>,
  before: Known<Moves>,
  period: Period,
  now: number,
): Levels {
  const asked = LEVEL_NAMES.filter((name) => name !== 'promotionTime' || environment.after !== undefined);
  if ('unknown' in moves) return Object.fromEntries(asked.map((name) => [name, moves]));
  const levels = {
    ...measureDelivery(environment, moves.value, before, period),
    ...measureImage(environment, findHeld(moves.value, period.until, now), period.until),
  };
  return Object.fromEntries(asked.map((name) => [name, levels[name]]));
}

/** Calendar months from the first move of a known time on; the last one ends now. Where no move is known, that one alone. */
function listMonths(moves: Known<Moves>, now: number): (Period & Pick<MonthLevels, 'month'>)[] {
  const first = 'unknown' in moves ? now : moves.value.firstAt;
  if (first === undefined || first > now) return [];
  const today = new Date(now);
  const months: (Period & Pick<MonthLevels, 'month'>)[] = [];
  for (let back = 0; back < MONTHS; back += 1) {
    const from = Date.UTC(today.getUTCFullYear(), today.getUTCMonth() - back);
    const until = Math.min(now, Date.UTC(today.getUTCFullYear(), today.getUTCMonth() - back + 1));
    // At its first instant there is nothing of a month to measure.
    if (until > from) months.unshift({ month: new Date(from).toISOString().slice(0, 7), from, until });
    if (from <= first) break;
  }
  return months;
}
