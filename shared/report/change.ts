import { SEVERITIES } from '../evidence/severity.ts';
import { isOpen, listFailing } from './advice.ts';
import {
  foldBlock,
  formatCount,
  formatNumber,
  formatSize,
  type Layout,
  RANKS,
  type Table,
  tableBlock,
  textBlock,
} from './blocks.ts';
import type { Block } from './fit.ts';
import { cleanText, escapeMarkdown, formatCode } from './markdown.ts';
import { formatAdvisory, formatImageName } from './names.ts';
import { isListOnly, type PageImage } from './page.ts';
import type { Review, ReviewFinding } from './review.ts';

/** What this change brings, beside its baseline: findings, packages and size; without one, what was found. */
export function describeChange(image: PageImage, layout: Layout): Block[] {
  const { review } = image;
  if (review === undefined || review.outcome === 'unavailable') return [];
  const failing = new Set(listFailing(image));
  const order = (list: readonly ReviewFinding[]): ReviewFinding[] =>
    list
      .map((found) => ({ found, key: sortKey(found, failing) }))
      .sort((a, b) => a.key - b.key)
      .map(({ found }) => found);
  const compared = review.baseline !== undefined && review.baseline.reason === '';
  const fresh = review.findings.filter(({ state }) => state !== 'known');
  // What was known before and fails all the same has to be seen too.
  const open = order(
    review.findings.filter((found) => (isOpen(found) && found.state !== 'known') || failing.has(found)),
  );
  const excused = order(fresh.filter((found) => !isOpen(found)));
  const known = order(review.findings.filter((found) => found.state === 'known' && !failing.has(found)));
  const table = tableOf(review, failing);
  const fold = (rank: number, title: string, list: readonly ReviewFinding[]): Block[] =>
    foldBlock(rank, `${formatNumber(list.length)} ${title}`, list, table, layout.folded);
  const nothing =
    '**Packages were listed, and nothing was looked for**: that there are no findings here says nothing.';
  const about = [
    describeGaps(review),
    isListOnly(image) ? nothing : countFindings(review, compared, fresh.filter(isOpen)),
    describeBase(review),
    describeSizes(review),
  ];
  return [
    ...textBlock(
      RANKS.change,
      [
        `${layout.heading} ${compared ? 'What this change brings' : 'What was found'}`,
        about.filter((line) => line !== '').join('<br>\n'),
      ].join('\n\n'),
    ),
    ...tableBlock(RANKS.change, '', open.slice(0, layout.open), table, layout.open),
    ...fold(RANKS.more, 'more', open.slice(layout.open)),
    ...fold(RANKS.known, compared ? 'new and excused' : 'excused', excused),
    ...fold(RANKS.fixed, 'fixed by this change', order(review.fixed)),
    ...describePackages(review, layout),
    ...fold(RANKS.known, `known before: ${countBySeverity(known)}`, known),
    ...describeLayers(review, layout),
  ];
}

/** What fails first, then what is exploited, then by severity, of those what can be fixed, and of those by CVSS. */
function sortKey(found: ReviewFinding, failing: ReadonlySet<ReviewFinding>): number {
  return (
    (failing.has(found) ? 0 : 1000) +
    (found.exploited === undefined ? 100 : 0) +
    SEVERITIES.indexOf(found.severity) * 10 +
    (found.fixed === '' ? 2 : 0) +
    (1 - (found.cvss ?? 0) / 10)
  );
}

function countFindings(review: Review, compared: boolean, open: readonly ReviewFinding[]): string {
  const { findings, fixed, baseline } = review;
  const counts = countBySeverity(open);
  if (!compared) {
    const why = baseline?.reason ?? '';
    const because = why === '' ? '' : `: ${escapeMarkdown(why, 300)}`;
    const none = baseline === undefined ? '' : ` No baseline${because}, so nothing here can be called new.`;
    return open.length === 0
      ? `**No findings.**${none}`
      : `**${formatCount(open.length, 'finding')}**: ${counts}.${none}`;
  }
  const known = findings.filter(({ state }) => state === 'known').length;
  const parts = [
    open.length === 0 ? '**Nothing new**' : `**${formatNumber(open.length)} new**: ${counts}`,
    ...(fixed.length === 0 ? [] : [`${formatNumber(fixed.length)} fixed`]),
    ...(known === 0 ? [] : [`${formatNumber(known)} known before`]),
  ];
  return `${parts.join(' · ')}. Compared with ${describeBaseline(baseline)}.`;
}

const BASELINES: Readonly<Record<string, string>> = {
  'base-branch': 'the base branch',
  'base-image': 'the base image',
  reference: 'the image that was named',
};

function describeBaseline(baseline: Review['baseline']): string {
  const { kind = '', image = '' } = baseline ?? {};
  const [, environment] = /^environment:(.+)$/.exec(kind) ?? [];
  const held =
    environment === undefined ? escapeMarkdown(kind, 60) : `what ${formatCode(environment, 60)} holds`;
  const name = BASELINES[kind] ?? held;
  return image === '' ? name : `${name}, ${formatImageName(image)}`;
}

/** How many of the gaps are told one by one. */
const GAPS = 5;

function describeGaps({ gaps }: Review): string {
  if (gaps.length === 0) return '';
  const told = gaps.slice(0, GAPS).map((gap) => escapeMarkdown(gap, 300));
  const more = gaps.length > GAPS ? [`and ${formatNumber(gaps.length - GAPS)} more`] : [];
  return `**Not looked at**: ${[...told, ...more].join('; ')}.`;
}

/** A newer base image, when it would mend something. */
function describeBase({ base }: Review): string {
  if (base === undefined || base.fixes === 0) return '';
  return `The newer base image ${formatImageName(base.newer)} fixes ${formatNumber(base.fixes)}.`;
}

/** `1 critical, 2 high`: only what there is. */
function countBySeverity(findings: readonly ReviewFinding[]): string {
  return SEVERITIES.flatMap((severity) => {
    const count = findings.filter((found) => found.severity === severity).length;
    return count === 0 ? [] : [`${formatNumber(count)} ${severity.toLowerCase()}`];
  }).join(', ');
}

function tableOf(review: Review, failing: ReadonlySet<ReviewFinding>): Table<ReviewFinding> {
  const scanner = cleanText(review.scanner.name).toLowerCase();
  return {
    head: ['Severity', 'Finding', 'Brought by'],
    row: (found) => [
      describeSeverity(found, failing.has(found)),
      [
        `${formatAdvisory(found.id)} ${escapeMarkdown(found.title, 120)}`.trim(),
        [
          describePlace(found),
          ...describeSpread(found, review, scanner),
          ...describeHistory(found, failing.has(found)),
          ...describeExcuse(found),
        ]
          .filter((text) => text !== '')
          .join(' · '),
      ].join('<br>'),
      describeOrigin(found, review),
    ],
  };
}

function describeSeverity({ severity, cvss, exploited }: ReviewFinding, failing: boolean): string {
  return [
    `${failing ? '⛔&nbsp;' : ''}${severity.toLowerCase()}${cvss === undefined ? '' : `&nbsp;${cvss.toFixed(1)}`}`,
    ...(exploited === undefined ? [] : ['**exploited**']),
  ].join('<br>');
}

function describeHistory({ state, firstSeen }: ReviewFinding, failing: boolean): string[] {
  if (firstSeen !== undefined) return [`first seen ${escapeMarkdown(firstSeen.slice(0, 10))}`];
  return failing && state === 'known' ? ['known before'] : [];
}

function describeExcuse({ exception, vex }: ReviewFinding): string[] {
  if (exception !== undefined) {
    const owner = exception.owner === '' ? 'nobody' : escapeMarkdown(exception.owner, 60);
    const until = exception.until === '' ? 'without end' : `until ${escapeMarkdown(exception.until, 40)}`;
    return [`excused by ${owner} ${until}`];
  }
  if (vex === undefined) return [];
  const why = vex.justification === '' ? '' : `: ${escapeMarkdown(vex.justification, 100)}`;
  return [`VEX ${escapeMarkdown(vex.status, 40)}${why}`];
}

/** The package and what mends it, or the file and line. */
function describePlace({ class: kind, package: name, version, fixed, target, line }: ReviewFinding): string {
  if (name === '')
    return formatCode(`${target.slice(0, 500)}${line === undefined || line === 0 ? '' : `:${line}`}`, 80);
  const place = `${formatCode(name, 60)} ${formatCode(version, 60)}`.trim();
  if (kind !== 'vulnerability') return place;
  return `${place}, ${fixed === '' ? 'no fix' : `fixed in ${formatCode(fixed, 60)}`}`;
}

/** On which platforms, when it is not on all, and who found it, when it was not the scan's own scanner alone. */
function describeSpread(found: ReviewFinding, review: Review, scanner: string): string[] {
  const some = found.platforms.length > 0 && found.platforms.length < review.platforms.length;
  const others = found.scanners.some((name) => cleanText(name).toLowerCase() !== scanner);
  return [
    ...(some ? [`only ${listNames(found.platforms)}`] : []),
    ...(others ? [`found by ${listNames(found.scanners)}`] : []),
  ];
}

function listNames(names: readonly string[]): string {
  const more = names.length > 4 ? [`and ${names.length - 4} more`] : [];
  return [...names.slice(0, 4).map((name) => escapeMarkdown(name, 60)), ...more].join(', ');
}

function describeOrigin({ layer, package: name, target }: ReviewFinding, { dockerfile }: Review): string {
  if (layer?.base) return 'base image';
  if (layer?.line !== undefined)
    return formatCode(`${cleanText(dockerfile || 'Dockerfile', 60)}:${layer.line}`);
  if (layer !== undefined && layer.createdBy !== '') return formatCode(layer.createdBy, 60);
  return name === '' ? '' : formatCode(target, 60);
}

function describePackages({ packages, platforms }: Review, layout: Layout): Block[] {
  if (packages === undefined) return [];
  const kinds = [
    ['added', packages.added],
    ['removed', packages.removed],
    ['upgraded', packages.upgraded],
    ['downgraded', packages.downgraded],
    ['relicensed', packages.relicensed],
  ] as const;
  const all = kinds.flatMap(([what, list]) => list.map((change) => ({ what, change })));
  const counts = kinds
    .filter(([, list]) => list.length > 0)
    .map(([what, list]) => `${formatNumber(list.length)} ${what}`)
    .join(', ');
  return foldBlock(
    RANKS.packages,
    `Packages: ${counts}`,
    all,
    {
      head: ['', 'Package', 'From', 'To', 'Licences'],
      row: ({ what, change }) => {
        const some = change.platforms.length > 0 && change.platforms.length < platforms.length;
        const where = some ? ` (${listNames(change.platforms)})` : '';
        return [
          what,
          `${formatCode(change.name, 80)} ${escapeMarkdown(change.type, 40)}${where}`,
          formatCode(change.from, 60),
          formatCode(change.to, 60),
          listNames(change.licences),
        ];
      },
    },
    layout.folded,
  );
}

function describeSizes({ platforms }: Review): string {
  const shown = platforms.slice(0, 8).map(({ name, size, before }) => {
    const label = platforms.length === 1 ? '' : `${escapeMarkdown(name, 40)} `;
    return `${label}${formatSize(size)}${before === undefined ? '' : ` (${formatGrowth(size, before)})`}`;
  });
  const more = platforms.length > shown.length ? [`and ${platforms.length - shown.length} more`] : [];
  return shown.length === 0 ? '' : `Size: ${[...shown, ...more].join(', ')}.`;
}

function formatGrowth(size: number, before: number): string {
  if (size === before) return 'as before';
  const sign = size > before ? '+' : '−';
  const percent = before === 0 ? '' : `, ${sign}${((Math.abs(size - before) / before) * 100).toFixed(1)} %`;
  return `${sign}${formatSize(Math.abs(size - before))}${percent}`;
}

function describeLayers({ platforms }: Review, layout: Layout): Block[] {
  const layers = platforms.flatMap(({ name, layers: there, removed = [] }) => [
    ...there.map((layer) => ({ platform: name, layer, change: layer.known === false ? 'new' : '' })),
    ...removed.map((layer) => ({ platform: name, layer, change: 'removed' })),
  ]);
  const compared = platforms.some(({ removed }) => removed !== undefined);
  const count = (change: string): string =>
    formatNumber(layers.filter((layer) => layer.change === change).length);
  const there = formatNumber(layers.filter(({ change }) => change !== 'removed').length);
  return foldBlock(
    RANKS.layers,
    `Layers: ${there}${compared ? ` (${count('new')} new, ${count('removed')} removed)` : ''}`,
    layers,
    {
      head: ['Platform', 'Size', 'Made by', ...(compared ? ['Change'] : [])],
      row: ({ platform, layer, change }) => [
        escapeMarkdown(platform, 40),
        formatSize(layer.size),
        formatCode(layer.createdBy, 100),
        ...(compared ? [change] : []),
      ],
    },
    layout.folded,
  );
}
