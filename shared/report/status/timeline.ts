import { type Move, readMoves } from '../../environment/moves.ts';
import type { EnvironmentOverview, Known, RecordOverview } from '../../environment/overview.ts';
import { shortDigest } from '../../image/digest.ts';
import { formatCount } from '../blocks.ts';
import { markTime } from './axes.ts';
import { html, type Markup } from './markup.ts';
import { formatTime } from './values.ts';

const ROW = 26;
const GAP = 14;

/** What a stay is drawn as, the strongest first. */
const KINDS = {
  failed: 'taken away by a rollback later',
  glass: 'came by break-glass',
  back: 'came back by a rollback',
  held: 'came by a promotion',
} as const;
type Kind = keyof typeof KINDS;

/** One image's time in an environment, clipped to what is shown; in milliseconds since 1970. */
interface Bar {
  readonly from: number;
  readonly until: number;
  readonly kind: Kind;
  readonly move: Move;
}

/** What each environment held when: a bar an image. `from` and `until` in milliseconds since 1970. */
export function plotTimeline(
  id: string,
  title: string,
  environments: readonly EnvironmentOverview[],
  { from, until }: { readonly from: number; readonly until: number },
): Markup {
  const place = (time: number): number => ((time - from) / (until - from)) * 100;
  const rows = environments.map((environment) => ({ environment, bars: listBars(environment, from, until) }));
  const height = Math.max(1, rows.length) * (ROW + GAP);
  const ticks = markTime(from, until);
  return html`<figure class="plot wide">
<h3 id="${id}">${title}</h3>
<p class="about">A bar is an image in an environment; a line under it, a time when nothing could be promoted. Time in UTC.</p>
<div class="rows" role="img" aria-labelledby="${id}" aria-describedby="${id}-note">
<svg class="area" height="${height + 30}" aria-hidden="true">
${ticks.map(({ at }) => html`<line class="grid" x1="${at}%" x2="${at}%" y1="0" y2="${height + 6}"/>`)}
${rows.map(({ environment, bars }, index) => drawRow(environment, bars, 12 + index * (ROW + GAP), place, { from, until }))}
${rows.length === 0 ? html`<text class="empty" x="50%" y="24">no environment</text>` : undefined}
${ticks.map(({ at, label }) => html`<text class="tick" x="${at}%" y="${height + 24}">${label}</text>`)}
</svg>
<p class="axis across">time (UTC), ${formatTime(new Date(from).toISOString())} to ${formatTime(new Date(until).toISOString())}</p>
</div>
<ul class="legend">${(Object.keys(KINDS) as Kind[])
    .toReversed()
    .map(
      (kind) =>
        html`<li><svg width="20" height="12" aria-hidden="true"><rect class="bar ${kind}" width="20" height="12" rx="2"/></svg>${KINDS[kind]}</li>`,
    )}<li><svg width="20" height="12" aria-hidden="true"><rect class="stop" y="4" width="20" height="4"/></svg>on hold</li><li><svg width="20" height="12" aria-hidden="true"><rect class="dark" width="20" height="12" rx="2"/></svg>not known</li></ul>
<p class="note" id="${id}-note">${describeRows(rows)}</p>
</figure>`;
}

function drawRow(
  environment: EnvironmentOverview,
  bars: Known<readonly Bar[]>,
  y: number,
  place: (time: number) => number,
  { from, until }: { readonly from: number; readonly until: number },
): Markup {
  const name = html`<text class="row" x="0" y="${y - 2}">${environment.name}</text>`;
  if ('unknown' in bars) {
    return html`${name}<rect class="dark" x="0" y="${y + 4}" width="100%" height="${ROW - 6}" rx="3"><title>${environment.name}: not known, ${bars.unknown}</title></rect>`;
  }
  const holds = listHolds(environment, from, until);
  const empty =
    bars.value.length === 0
      ? html`<text class="empty" x="50%" y="${y + ROW / 2 + 4}">nothing was there</text>`
      : undefined;
  return html`${name}${empty}${sortBars(bars.value).map(([bar, index]) => drawBar(environment, bar, index, y, place))}${holds.map(
    (hold) =>
      html`<rect class="stop" x="${place(hold.from)}%" y="${y + ROW}" width="${Math.max(0.2, place(hold.until) - place(hold.from))}%" height="3"><title>${environment.name} on hold: ${hold.reason}</title></rect>`,
  )}`;
}

/** What went wrong is drawn last and no thinner than can be seen: it may have lasted minutes. */
function sortBars(bars: readonly Bar[]): (readonly [bar: Bar, index: number])[] {
  const late = ({ kind }: Bar): boolean => kind === 'failed' || kind === 'glass';
  return bars
    .map((bar, index) => [bar, index] as const)
    .toSorted(([a], [b]) => Number(late(a)) - Number(late(b)));
}

function drawBar(
  { name }: EnvironmentOverview,
  { from, until, kind, move }: Bar,
  index: number,
  y: number,
  place: (time: number) => number,
): Markup {
  const { action, digest, at, requestedBy, reason } = move.record;
  const width = Math.max(kind === 'failed' || kind === 'glass' ? 0.4 : 0.15, place(until) - place(from));
  const label = shortDigest(digest).slice(0, 7);
  const text =
    width >= 9
      ? html`<text class="name ${width < 22 ? 'long' : undefined}" x="6" y="${ROW / 2}">${label}</text>`
      : undefined;
  return html`<svg x="${place(from)}%" y="${y + 4}" width="${width}%" height="${ROW - 6}"><rect class="bar ${kind} ${index % 2 === 0 ? 'even' : 'odd'}" width="100%" height="100%" rx="2"/>${text}<title>${name}: ${shortDigest(digest)}, ${action === 'rollback' ? 'rolled back' : 'promoted'} ${formatTime(at)} by ${requestedBy ?? 'somebody unknown'}: ${reason ?? 'no reason was given'}</title></svg>`;
}

/** Every stay of which something is to be seen. One whose time nothing proves begins where the records around it let it. */
function listBars(environment: EnvironmentOverview, from: number, until: number): Known<readonly Bar[]> {
  const moves = readMoves(environment);
  if ('unknown' in moves) return moves;
  const arrivals = moves.value.all.filter(({ arrives }) => arrives);
  const startOf = (move: Move): number => move.at ?? Math.max(from, move.earliest);
  const bars = arrivals.map((move, index): Bar => {
    const next = arrivals[index + 1];
    const end = next === undefined ? until : startOf(next);
    return {
      from: Math.max(from, startOf(move)),
      until: Math.min(until, end),
      kind: kindOf(move, next),
      move,
    };
  });
  return { value: bars.filter((bar) => bar.until > bar.from) };
}

function kindOf({ record }: Move, next: Move | undefined): Kind {
  if (next?.record.action === 'rollback') return 'failed';
  if (record.waived.length > 0) return 'glass';
  return record.action === 'rollback' ? 'back' : 'held';
}

function listHolds(
  { records }: EnvironmentOverview,
  from: number,
  until: number,
): { readonly from: number; readonly until: number; readonly reason: string }[] {
  if ('unknown' in records) return [];
  const holds: { from: number; until: number; reason: string }[] = [];
  let open: RecordOverview | undefined;
  const close = (end: number): void => {
    if (open?.at === undefined) return;
    const hold = { from: Math.max(from, Date.parse(open.at)), until: Math.min(until, end) };
    if (hold.until > hold.from) holds.push({ ...hold, reason: open.reason ?? 'no reason was given' });
    open = undefined;
  };
  for (const record of records.value) {
    if (record.action === 'hold') open ??= record;
    if (record.action === 'release') close(record.at === undefined ? until : Date.parse(record.at));
  }
  close(until);
  return holds;
}

function describeRows(
  rows: readonly { readonly environment: EnvironmentOverview; readonly bars: Known<readonly Bar[]> }[],
): string {
  return rows
    .map(({ environment: { name }, bars }) => {
      if ('unknown' in bars) return `${name}: not known, ${bars.unknown}.`;
      const back = bars.value.filter(({ move }) => move.record.action === 'rollback').length;
      return `${name}: ${formatCount(bars.value.length, 'stay')}, ${back} by rollback.`;
    })
    .join(' ');
}
