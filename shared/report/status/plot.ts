import { LEVELS, type Level, type LevelName } from '../../environment/level.ts';
import type { ServiceLevels } from '../../environment/levels.ts';
import { formatCount } from '../blocks.ts';
import { labelMonth, makeScale, stepMonths } from './axes.ts';
import { html, type Markup } from './markup.ts';
import { findSharedReason, formatLevel } from './values.ts';

/** One level of every environment, month by month. */
export interface MonthPlot {
  readonly level: LevelName;
  /** What it shows, in a sentence. */
  readonly about: string;
}

const HEIGHT = 200;
/** Forms of markers, so that colour is not all that tells environments apart: paths around the origin. */
const MARKERS = [
  'M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z',
  'M-3.6-3.6h7.2v7.2h-7.2z',
  'M0-5L4.8 3.6h-9.6z',
  'M0-5.2L5.2 0L0 5.2L-5.2 0z',
];
/** Colours that the stylesheet has, after which they begin again. */
const COLOURS = 6;

/** What of a level's unit is shown on an axis: its name there, and what a value is divided by. */
function chooseUnit(name: LevelName, most: number): { readonly name: string; readonly size: number } {
  const spans = [
    { name: 'days', size: 86_400 },
    { name: 'hours', size: 3600 },
    { name: 'minutes', size: 60 },
  ];
  const sizes = [...(most === 0 ? [] : [{ name: 'GB', size: 1e9 }]), { name: 'MB', size: 1e6 }];
  switch (LEVELS[name].unit) {
    case 'seconds':
      if (most === 0) return { name: 'hours', size: 3600 };
      return spans.find(({ size }) => most >= 2 * size) ?? { name: 'seconds', size: 1 };
    case 'bytes':
      return sizes.find(({ size }) => most === 0 || most >= 2 * size) ?? { name: 'kB', size: 1e3 };
    case 'ratio':
      return { name: 'percent', size: 0.01 };
    case 'weight per megabyte':
      return { name: 'weight per MB', size: 1 };
    default:
      return { name: LEVELS[name].unit, size: 1 };
  }
}

/** A line an environment. What is not known is a gap with a question mark, and its reason stands in the table below; it is never drawn as zero. */
export function plotMonths({ level: name, about }: MonthPlot, levels: readonly ServiceLevels[]): Markup {
  const months = [...new Set(levels.flatMap((one) => one.months.map(({ month }) => month)))].sort();
  const series = levels.map((one) => ({
    name: one.environment.name,
    levels: months.map((month) => findLevel(one, month, name)),
  }));
  const values = series.flatMap((one) =>
    one.levels.flatMap((level) => (hasValue(level) ? [level.value] : [])),
  );
  const most = Math.max(0, ...values);
  const unit = chooseUnit(name, most);
  const share = LEVELS[name].unit === 'ratio';
  const whole = LEVELS[name].unit === 'findings';
  // A rate that stays low can be told apart only where the plot ends low; coverage is read against all.
  const scale = makeScale(
    name === 'evidenceCoverage' ? 100 : Math.max(share ? 20 : 0, most / unit.size),
    whole,
  );
  const ticks = values.length === 0 ? [] : scale.ticks;
  const across = (index: number): number => ((index + 0.5) / Math.max(1, months.length)) * 100;
  const down = (value: number): number => HEIGHT - (value / unit.size / scale.top) * HEIGHT;
  const unknown = series.flatMap((one) => one.levels.filter((level) => level && 'unknown' in level));
  const id = `plot-${name}`;
  return html`<figure class="plot">
<h3 id="${id}">${LEVELS[name].title}</h3>
<p class="about">${about}</p>
<div class="frame" role="img" aria-labelledby="${id}" aria-describedby="${id}-note">
<p class="axis">${unit.name}</p>
<svg class="scale" height="${HEIGHT + 24}" aria-hidden="true">${ticks.map(
    (tick) =>
      html`<text x="100%" y="${12 + HEIGHT - (tick / scale.top) * HEIGHT}" dy="0.33em">${formatTick(tick)}</text>`,
  )}</svg>
<svg class="area" height="${HEIGHT + 24}" aria-hidden="true"><svg y="12" overflow="visible"><line class="base" x2="100%" y1="${HEIGHT}" y2="${HEIGHT}"/>${ticks
    .slice(1)
    .map(
      (tick) =>
        html`<line class="grid" x2="100%" y1="${HEIGHT - (tick / scale.top) * HEIGHT}" y2="${HEIGHT - (tick / scale.top) * HEIGHT}"/>`,
    )}${series.map((one, at) => drawSeries(one.levels, at, series.length, across, down))}${
    values.length === 0
      ? html`<text class="empty" x="50%" y="${HEIGHT / 2}">${unknown.length > 0 ? 'not known' : 'nothing to measure yet'}</text>`
      : undefined
  }</svg></svg>
<svg class="months" height="20" aria-hidden="true">${labelMonths(months, across)}</svg>
<p class="axis across">${months.length === 0 ? 'month (UTC)' : `month (UTC), ${months[0]} to ${months.at(-1)}`}</p>
</div>
${drawLegend(
  series.map((one) => one.name),
  unknown.length > 0,
)}
<p class="note" id="${id}-note">${describeGaps(series, months)}</p>
${months.length === 0 ? undefined : writeTable(name, series, months)}
</figure>`;
}

/** A level of a month. Of an environment of which nothing is known, it is unknown in every month that there is. */
function findLevel({ months, recent }: ServiceLevels, month: string, name: LevelName): Level | undefined {
  const reason = findSharedReason(recent);
  if (reason !== undefined) return { unknown: reason };
  return months.find((each) => each.month === month)?.levels[name];
}

interface Series {
  readonly name: string;
  readonly levels: readonly (Level | undefined)[];
}

function hasValue(level: Level | undefined): level is Extract<Level, { value: number }> {
  return level !== undefined && 'value' in level;
}

function drawSeries(
  levels: readonly (Level | undefined)[],
  at: number,
  count: number,
  across: (index: number) => number,
  down: (value: number) => number,
): Markup {
  const lines = levels.map((level, index) => {
    const next = levels[index + 1];
    if (!hasValue(level) || !hasValue(next)) return undefined;
    return html`<line x1="${across(index)}%" y1="${down(level.value)}" x2="${across(index + 1)}%" y2="${down(next.value)}"/>`;
  });
  const points = levels.map((level, index) => {
    if (level === undefined || 'none' in level) return undefined;
    const where = across(index);
    if ('unknown' in level) return html`<text x="${where}%" y="${HEIGHT - 5}">?</text>`;
    return html`<svg x="${where}%" y="${down(level.value)}" overflow="visible"><path d="${MARKERS[at % MARKERS.length]}"/></svg>`;
  });
  // Beside each other, so that none hides another where they are alike.
  const aside = (at - (count - 1) / 2) * Math.min(6, 18 / count);
  return html`<g class="series s${at % COLOURS} ${at >= COLOURS ? 'dashed' : undefined}" transform="translate(${aside} 0)">${lines}${points}</g>`;
}

function labelMonths(months: readonly string[], across: (index: number) => number): (Markup | undefined)[] {
  const step = stepMonths(months.length);
  return months.map((month, index) => {
    const [year = 0, number = 1] = month.split('-').map(Number);
    if ((number - 1) % step !== 0) return undefined;
    return html`<text x="${across(index)}%" y="14">${labelMonth(number - 1, year)}</text>`;
  });
}

function drawLegend(names: readonly string[], unknown: boolean): Markup {
  const items = names.map(
    (name, at) =>
      html`<li><svg class="series s${at % COLOURS} ${at >= COLOURS ? 'dashed' : undefined}" width="28" height="12" aria-hidden="true"><line x1="0" y1="6" x2="28" y2="6"/><svg x="14" y="6" overflow="visible"><path d="${MARKERS[at % MARKERS.length]}"/></svg></svg>${name}</li>`,
  );
  return html`<ul class="legend">${items.length === 0 ? html`<li>no environment</li>` : items}${
    unknown ? html`<li><b class="mark">?</b>not known</li>` : undefined
  }</ul>`;
}

function describeGaps(series: readonly Series[], months: readonly string[]): string {
  const reasons = new Set<string>();
  const gaps = series.flatMap(({ name, levels }) => {
    const unknown = levels.flatMap((level) => (level && 'unknown' in level ? [level.unknown] : []));
    for (const reason of unknown) reasons.add(reason);
    return unknown.length === 0 ? [] : [`${name} in ${unknown.length}`];
  });
  if (gaps.length === 0) return '';
  const [reason] = reasons;
  const why = reasons.size === 1 ? ` (${reason})` : ' (why stands with the values)';
  return `Not known: ${gaps.join(', ')} of ${formatCount(months.length, 'month')}${why}.`;
}

function writeTable(name: LevelName, series: readonly Series[], months: readonly string[]): Markup {
  return html`<details><summary>All values<span class="hidden"> of ${LEVELS[name].title}</span></summary><div class="scroll" tabindex="0"><table>
<thead><tr><th scope="col">Month</th>${series.map((one) => html`<th scope="col">${one.name}</th>`)}</tr></thead>
<tbody>${months.map(
    (month, index) =>
      html`<tr><th scope="row">${month}</th>${series.map((one) => html`<td>${formatLevel(name, one.levels[index])}</td>`)}</tr>`,
  )}</tbody></table></div></details>`;
}

function formatTick(value: number): string {
  return new Intl.NumberFormat('en', { maximumSignificantDigits: 3 }).format(value);
}
