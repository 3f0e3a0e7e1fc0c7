/*
 * Scales of plots. Across, everything is in percent of the width, so that a plot is as wide as its place and its text keeps its size without a script;
 * down, in pixels.
 */

/** Values from 0 to the top of a plot, with round steps between. */
export interface Scale {
  readonly top: number;
  readonly ticks: readonly number[];
}

/** A scale that holds `most`, with three to six steps of 1, 2 or 5 times a power of ten; whole numbers where `whole`. */
export function makeScale(most: number, whole = false): Scale {
  const span = most > 0 ? most : 1;
  const power = 10 ** Math.floor(Math.log10(span / 4));
  const steps = [1, 2, 5, 10].map((factor) => factor * power);
  const fitting = steps.find((step) => span / step <= 5) ?? power * 10;
  const step = whole ? Math.max(1, Math.ceil(fitting)) : fitting;
  const count = Math.max(1, Math.ceil(span / step - 1e-9));
  return { top: count * step, ticks: Array.from({ length: count + 1 }, (_, at) => at * step) };
}

/** A mark on an axis of time: where, in percent, and what it says. */
export interface TimeTick {
  readonly at: number;
  readonly label: string;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const DAY = 86_400_000;

/** How a month is called on an axis: January by its year. */
export function labelMonth(month: number, year: number): string {
  return month === 0 ? String(year) : (MONTHS[month] ?? '');
}

/** Months between two that are labelled, so that no more than eight are: they begin with January. */
export function stepMonths(count: number): number {
  return [1, 2, 3, 6, 12].find((step) => count / step <= 8) ?? 12;
}

/** Round moments of a span of time (milliseconds since 1970, UTC): months, or days where it is short. */
export function markTime(from: number, until: number): TimeTick[] {
  const place = (time: number): number => ((time - from) / (until - from)) * 100;
  const days = (until - from) / DAY;
  if (days <= 62) {
    const step = [1, 2, 5, 7, 10].find((each) => days / each <= 7) ?? 10;
    const first = Math.ceil(from / DAY) * DAY;
    const count = Math.max(0, Math.floor((until - first) / (step * DAY)) + 1);
    return Array.from({ length: count }, (_, index) => first + index * step * DAY).map((time) => {
      const date = new Date(time);
      return { at: place(time), label: `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}` };
    });
  }
  const start = new Date(from);
  const step = stepMonths(days / 30.44);
  const ticks: TimeTick[] = [];
  for (let month = 0; ; month += 1) {
    const time = Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + month);
    if (time > until) return ticks;
    const date = new Date(time);
    if (time >= from && date.getUTCMonth() % step === 0) {
      ticks.push({ at: place(time), label: labelMonth(date.getUTCMonth(), date.getUTCFullYear()) });
    }
  }
}
