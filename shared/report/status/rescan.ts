import { type FreshFinding, findDenied, type Rescan, type RescannedImage } from '../../environment/rescan.ts';
import { SEVERITIES } from '../../evidence/severity.ts';
import { shortDigest } from '../../image/digest.ts';
import { formatCount, listBlock, tableBlock, textBlock } from '../blocks.ts';
import { type Block, fitBlocks } from '../fit.ts';
import { escapeMarkdown, formatCode, formatLink } from '../markdown.ts';
import { formatTime } from './values.ts';

/** Room beside the status in a step's summary, which GitHub drops whole over 1 MiB. In bytes. */
const SUMMARY_LIMIT = 60_000;
/** What GitHub takes of an issue's body, in characters. */
const ISSUE_LIMIT = 65_536;
/** Room for the sentence on what was left out. */
const OMITTED = 200;
/** Characters of foreign text that a cell shows. */
const CELL = 160;
const RANKS = { title: 0, overview: 1, unknown: 2, image: 3, fresh: 4, warnings: 5 } as const;

/** One image in one environment. */
interface Row {
  readonly name: string;
  readonly image: RescannedImage;
}

/** What would be denied now, and what is new since each promotion: Markdown of at most 60 kB, foreign text in it escaped. */
export function summarizeRescan(rescan: Rescan): string {
  return shorten(describeRescan(rescan), SUMMARY_LIMIT, (text) => new TextEncoder().encode(text).length);
}

/** The same as an issue that begins with `marker`: at most 65,536 characters. `run` is the address of who wrote it. */
export function renderRescanIssue(rescan: Rescan, marker: string, run: string): string {
  const blocks = [
    ...textBlock(RANKS.title, marker),
    ...describeRescan(rescan),
    ...textBlock(
      RANKS.title,
      `<sub>${formatLink('This run', run)} keeps this issue up to date, and closes it when nothing that runs would be denied. What is written here by hand is lost; comments stay.</sub>`,
    ),
  ];
  return shorten(blocks, ISSUE_LIMIT, (text) => text.length);
}

/** What an issue is called: one line of plain text, of names that a policy may hold. */
export function titleRescanIssue(rescan: Rescan): string {
  const denied = rescan.environments.filter(({ images }) => images.some(isDenied)).map(({ name }) => name);
  if (denied.length === 0) {
    return findDenied(rescan) === 'false' ? 'What runs would pass today' : 'What runs may be denied today';
  }
  const more = denied.length > 5 ? ` and ${denied.length - 5} more` : '';
  return `What runs in ${denied.slice(0, 5).join(', ')}${more} would be denied today`;
}

function shorten(blocks: readonly Block[], limit: number, measure: (text: string) => number): string {
  const { text, omitted } = fitBlocks(blocks, limit - OMITTED, measure);
  return omitted === 0
    ? `${text}\n`
    : `${text}\n\n_${formatCount(omitted, 'part')} left out to keep this short._\n`;
}

function describeRescan(rescan: Rescan): Block[] {
  const { at, policy, environments } = rescan;
  const rows = environments.flatMap(({ name, images }): Row[] => images.map((image) => ({ name, image })));
  // What is bad first, then what nobody knows.
  const sorted = rows.toSorted((a, b) => rank(a.image) - rank(b.image));
  const unknown = environments.flatMap(({ name, unknown: all }) => all.map((reason) => ({ name, reason })));
  return [
    ...textBlock(RANKS.title, `### ${describeTitle(rescan, rows)}`),
    ...textBlock(
      RANKS.title,
      `<sub>Judged ${formatTime(at)} UTC by the policy ${formatCode(policy, 200)}${describeDatabase(rows)}</sub>`,
    ),
    ...tableBlock(
      RANKS.overview,
      '',
      sorted,
      { head: ['Environment', 'Image', 'There since (UTC)', 'Today', 'New since then'], row: describeRow },
      200,
    ),
    ...listBlock(
      RANKS.unknown,
      '#### Not judged',
      unknown,
      ({ name, reason }) => `⚠️ **${escapeMarkdown(name)}**: ${escapeMarkdown(reason, 400)}`,
      50,
    ),
    ...sorted.flatMap(describeImage),
  ];
}

function isDenied({ judged }: RescannedImage): boolean {
  return 'value' in judged && judged.value.decision === 'deny';
}

function rank(image: RescannedImage): number {
  return isDenied(image) ? 0 : 'unknown' in image.judged ? 1 : 2;
}

function describeTitle(rescan: Rescan, rows: readonly Row[]): string {
  const denied = rows.filter(({ image }) => isDenied(image));
  const where = formatCount(new Set(denied.map(({ name }) => name)).size, 'environment');
  switch (findDenied(rescan)) {
    case 'true':
      return `⛔ ${formatCount(denied.length, 'image')} in ${where} would be denied today`;
    case 'unknown':
      return '⚠️ Nobody can say of everything that runs whether it would be denied today';
    case 'false':
      return '✅ Nothing that runs would be denied today';
  }
}

/** The oldest database that anything was scanned by. */
function describeDatabase(rows: readonly Row[]): string {
  const times = rows.flatMap(({ image: { judged } }) =>
    'value' in judged ? [judged.value.databaseUpdatedAt] : [],
  );
  const [oldest] = times.toSorted();
  return oldest === undefined ? '' : ` and the vulnerability database of ${formatTime(oldest)}`;
}

function describeRow({ name, image }: Row): string[] {
  const { digest, held, instances, arrivedAt, judged } = image;
  const runs = instances === undefined ? '' : `, ${formatCount(instances, 'instance')}`;
  return [
    escapeMarkdown(name),
    `${formatCode(shortDigest(digest))} (${held ? 'held' : 'runs, not held'}${runs})`,
    formatTime(arrivedAt),
    'unknown' in judged
      ? `⚠️ not known: ${escapeMarkdown(judged.unknown, CELL)}`
      : judged.value.decision === 'deny'
        ? `⛔ denied for ${formatCount(judged.value.reasons.length, 'reason')}`
        : '✅ allowed',
    describeFreshCounts(image),
  ];
}

function describeFreshCounts({ judged }: RescannedImage): string {
  if ('unknown' in judged) return '⚠️ not known';
  const { fresh } = judged.value;
  if ('unknown' in fresh) return `⚠️ not known: ${escapeMarkdown(fresh.unknown, CELL)}`;
  const counts = SEVERITIES.flatMap((severity) => {
    const count = fresh.value.filter((found) => found.severity === severity).length;
    return count === 0 ? [] : [`${count} ${severity.toLowerCase()}`];
  });
  return counts.length === 0 ? 'nothing' : counts.join(', ');
}

function describeImage({ name, image: { digest, judged } }: Row): Block[] {
  if ('unknown' in judged) return [];
  const { reasons, warnings, fresh } = judged.value;
  const parts = [
    ...listBlock(RANKS.image, '', reasons, (reason) => `⛔ ${escapeMarkdown(reason, 400)}`, 50),
    ...tableBlock(
      RANKS.fresh,
      'New since it came:',
      'unknown' in fresh ? [] : fresh.value,
      { head: ['Severity', 'Finding', 'In', 'Fixed in', 'Platforms'], row: describeFresh },
      100,
    ),
    ...listBlock(RANKS.warnings, '', warnings, (warning) => `⚠️ ${escapeMarkdown(warning, 400)}`, 20),
  ];
  if (parts.length === 0) return [];
  return [
    { rank: RANKS.image, before: `#### ${escapeMarkdown(name)}: ${formatCode(shortDigest(digest))}`, parts },
  ];
}

function describeFresh(found: FreshFinding): string[] {
  const { severity, id, url, package: name, version, fixed, target, platforms } = found;
  const what = url === '' ? escapeMarkdown(id, CELL) : formatLink(id.slice(0, CELL), url);
  return [
    severity.toLowerCase(),
    what,
    formatCode(name === '' ? target : `${name} ${version}`, CELL),
    fixed === '' ? 'no fix yet' : formatCode(fixed, CELL),
    escapeMarkdown(platforms.join(', '), CELL),
  ];
}
