import type { Block } from './fit.ts';
import { formatRow, formatTable } from './markdown.ts';

/** What of a page goes first when room is short: the highest. The verdict and the first thing to do stay whatever happens. */
export const RANKS = {
  verdict: 0,
  overview: 1,
  image: 2,
  reasons: 3,
  change: 4,
  provenance: 5,
  expired: 6,
  reproduce: 7,
  warnings: 8,
  more: 9,
  fixed: 10,
  packages: 11,
  rules: 12,
  exceptions: 13,
  known: 14,
  layers: 15,
} as const;

/** How an image is laid out: rows of a list in the open and of one in a fold, and what its headings begin with. */
export interface Layout {
  readonly open: number;
  readonly folded: number;
  readonly heading: '###' | '####';
}

/** A table's head, and how one row is made of an item; cells are Markdown. */
export interface Table<T> {
  readonly head: readonly string[];
  readonly row: (item: T) => readonly string[];
}

/** A paragraph, a heading or both. */
export function textBlock(rank: number, before: string): Block[] {
  return before === '' ? [] : [{ rank, before }];
}

/** A table in the open, under `title` (Markdown, may be empty). Nothing when there are no items. */
export function tableBlock<T>(
  rank: number,
  title: string,
  items: readonly T[],
  { head, row }: Table<T>,
  most: number,
): Block[] {
  const before = [...(title === '' ? [] : [title]), formatTable(head, [])].join('\n\n');
  return rowsBlock(rank, { before }, items, (item) => formatRow(row(item)), most);
}

/** A table in a fold; `title` is HTML. Nothing when there are no items. */
export function foldBlock<T>(
  rank: number,
  title: string,
  items: readonly T[],
  { head, row }: Table<T>,
  most: number,
): Block[] {
  const before = `<details><summary>${title}</summary>\n\n${formatTable(head, [])}`;
  return rowsBlock(rank, { before, after: '</details>' }, items, (item) => formatRow(row(item)), most);
}

/** A list under `title` (Markdown). Nothing when there are no items. */
export function listBlock<T>(
  rank: number,
  title: string,
  items: readonly T[],
  line: (item: T) => string,
  most: number,
): Block[] {
  return rowsBlock(rank, { before: `${title}\n` }, items, (item) => `- ${line(item)}`, most);
}

function rowsBlock<T>(
  rank: number,
  frame: { readonly before: string; readonly after?: string },
  items: readonly T[],
  line: (item: T) => string,
  most: number,
): Block[] {
  if (items.length === 0) return [];
  const format = (index: number): string => {
    const item = items[index];
    return item === undefined ? '' : line(item);
  };
  const more = (count: number): string => `_… and ${formatNumber(count)} more, in the report._`;
  return [{ rank, ...frame, rows: { count: items.length, format, most, more } }];
}

const numbers = new Intl.NumberFormat('en');

/** `5,000` */
export function formatNumber(count: number): string {
  return numbers.format(count);
}

/** `1 finding`, `5,000 findings` */
export function formatCount(count: number, one: string, several = `${one}s`): string {
  return `${formatNumber(count)} ${count === 1 ? one : several}`;
}

/** `12.3 MB`: decimal units, as registries show them. */
export function formatSize(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  const power = Math.min(Math.floor(Math.log10(bytes) / 3), units.length);
  return `${(bytes / 1000 ** power).toFixed(1)} ${units[power - 1]}`;
}
