import { SEVERITIES } from '../evidence/severity.ts';
import { isOpen, listFailing } from './advice.ts';
import {
  foldBlock,
  formatCount,
  formatNumber,
  type Layout,
  RANKS,
  type Table,
  tableBlock,
  textBlock,
} from './blocks.ts';
import type { Block } from './fit.ts';
import { cleanText, escapeMarkdown, formatCode } from './markdown.ts';
import { formatAdvisory, formatImageName } from './names.ts';
import type { PageImage } from './page.ts';
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
  const compared = review.findings.every(({ state }) => state !== 'unknown') && hasBaseline(review);
  const fresh = order(review.findings.filter(({ state }) => state !== 'known'));
  const known = order(review.findings.filter(({ state }) => state === 'known'));
  const table = tableOf(review, failing);
  const open = fresh.filter((found) => isOpen(found));
  const excused = fresh.filter((found) => !isOpen(found));
  return [
    ...textBlock(
      RANKS.change,
      [
        `${layout.heading} ${compared ? 'What this change brings' : 'What was found'}`,
        [countFindings(review, compared, open), describeSizes(review)]
          .filter((line) => line !== '')
          .join('<br>\n'),
      ].join('\n\n'),
    ),
    ...tableBlock(RANKS.change, '', open, table, layout.open),
    ...foldBlock(
      RANKS.known,
      `${formatCount(excused.length, 'finding')} ${compared ? 'new and ' : ''}excused`,
      excused,
      table,
      layout.folded,
    ),
    ...foldBlock(
      RANKS.fixed,
      `${formatNumber(review.fixed.length)} fixed by this change`,
      order(review.fixed),
      table,
      layout.folded,
    ),
    ...describePackages(review, layout),
    ...foldBlock(RANKS.known, `${formatNumber(known.length)} known before`, known, table, layout.folded),
    ...describeLayers(review, layout),
  ];
}

export function hasBaseline({ baseline }: Review): boolean {
  return baseline !== undefined && baseline.reason === '';
}

/** What fails first, then what is exploited, then by severity, and of those what can be fixed. */
function sortKey(found: ReviewFinding, failing: ReadonlySet<ReviewFinding>): number {
  return (
    (failing.has(found) ? 0 : 1000) +
    (found.exploited === undefined ? 100 : 0) +
    SEVERITIES.indexOf(found.severity) * 10 +
    (found.fixed === '' ? 1 : 0)
  );
}

function countFindings(review: Review, compared: boolean, open: readonly ReviewFinding[]): string {
  const { findings, fixed, baseline } = review;
  const counts = countBySeverity(open);
  if (!compared) {
    const why = baseline?.reason ?? '';
    const because = why === '' ? '' : `: ${escapeMarkdown(cleanText(why, 300))}`;
    const none = baseline === undefined ? '' : ` No baseline${because}, so nothing here can be called new.`;
    return open.length === 0
      ? `**No findings.**${none}`
      : `**${formatCount(open.length, 'finding')}**: ${counts}.${none}`;
  }
  const known = findings.filter(({ state }) => state === 'known').length;
  const fresh = open.length === 0 ? '**Nothing new**' : `**${formatNumber(open.length)} new**: ${counts}`;
  const kind = escapeMarkdown(cleanText(baseline?.kind ?? '', 60));
  const other =
    baseline === undefined || baseline.image === '' ? '' : ` (${formatImageName(baseline.image)})`;
  return `${fresh} · ${formatNumber(fixed.length)} fixed · ${formatNumber(known)} known before. Compared with ${kind}${other}.`;
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
    head: ['Severity', 'Finding', 'In', 'Fixed in', 'Brought by'],
    row: (found) => [
      describeSeverity(found, failing.has(found)),
      [
        `${formatAdvisory(found.id)} ${escapeMarkdown(cleanText(found.title, 100))}`.trim(),
        ...describeExcuse(found),
      ].join('<br>'),
      describePlace(found, review, scanner),
      found.class === 'vulnerability'
        ? found.fixed === ''
          ? 'no fix'
          : formatCode(cleanText(found.fixed, 60))
        : '',
      describeOrigin(found, review),
    ],
  };
}

function describeSeverity({ severity, cvss, exploited }: ReviewFinding, failing: boolean): string {
  return [
    `${failing ? '⛔ ' : ''}${severity.toLowerCase()}${cvss === undefined ? '' : ` ${cvss.toFixed(1)}`}`,
    ...(exploited === undefined ? [] : ['**exploited**']),
  ].join('<br>');
}

function describeExcuse({ exception, vex }: ReviewFinding): string[] {
  if (exception !== undefined) {
    const owner = exception.owner === '' ? 'nobody' : escapeMarkdown(cleanText(exception.owner, 60));
    const until =
      exception.until === '' ? 'without end' : `until ${escapeMarkdown(cleanText(exception.until, 40))}`;
    return [`excused by ${owner} ${until}`];
  }
  if (vex === undefined) return [];
  const why = vex.justification === '' ? '' : `: ${escapeMarkdown(cleanText(vex.justification, 100))}`;
  return [`VEX ${escapeMarkdown(cleanText(vex.status, 40))}${why}`];
}

function describePlace(found: ReviewFinding, review: Review, scanner: string): string {
  const line = found.line === undefined || found.line === 0 ? '' : `:${found.line}`;
  const place =
    found.package === ''
      ? formatCode(cleanText(`${found.target}${line}`, 80))
      : [found.package, found.version]
          .filter((text) => text !== '')
          .map((text) => formatCode(cleanText(text, 60)))
          .join(' ');
  const some = found.platforms.length > 0 && found.platforms.length < review.platforms.length;
  const platforms = some
    ? found.platforms
        .slice(0, 4)
        .map((name) => escapeMarkdown(cleanText(name, 40)))
        .join(', ')
    : '';
  const others = found.scanners.some((name) => cleanText(name).toLowerCase() !== scanner);
  const scanners = others
    ? `by ${found.scanners
        .slice(0, 4)
        .map((name) => escapeMarkdown(cleanText(name, 40)))
        .join(', ')}`
    : '';
  return [place, platforms, scanners].filter((text) => text !== '').join('<br>');
}

function describeOrigin({ layer, package: name, target }: ReviewFinding, { dockerfile }: Review): string {
  if (layer?.base) return 'base image';
  if (layer?.line !== undefined)
    return formatCode(`${cleanText(dockerfile || 'Dockerfile', 60)}:${layer.line}`);
  if (layer !== undefined && layer.createdBy !== '') return formatCode(cleanText(layer.createdBy, 60));
  return name === '' ? '' : formatCode(cleanText(target, 60));
}

const PACKAGE_HEAD = ['Package', 'From', 'To'];

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
      head: ['', ...PACKAGE_HEAD, 'Licences'],
      row: ({ what, change }) => {
        const some = change.platforms.length > 0 && change.platforms.length < platforms.length;
        const where = some
          ? ` (${change.platforms
              .slice(0, 4)
              .map((name) => escapeMarkdown(cleanText(name, 40)))
              .join(', ')})`
          : '';
        return [
          what,
          `${formatCode(cleanText(change.name, 80))} ${escapeMarkdown(cleanText(change.type, 40))}${where}`,
          formatCode(cleanText(change.from, 60)),
          formatCode(cleanText(change.to, 60)),
          change.licences
            .slice(0, 5)
            .map((one) => escapeMarkdown(cleanText(one, 60)))
            .join(', '),
        ];
      },
    },
    layout.folded,
  );
}

function describeSizes({ platforms }: Review): string {
  const shown = platforms.slice(0, 8).map(({ name, size, before }) => {
    const label = platforms.length === 1 ? '' : `${escapeMarkdown(cleanText(name, 40))} `;
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

/** Decimal units, as registries show them. */
function formatSize(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  const power = Math.min(Math.floor(Math.log10(bytes) / 3), units.length);
  return `${(bytes / 1000 ** power).toFixed(1)} ${units[power - 1]}`;
}

function describeLayers({ platforms }: Review, layout: Layout): Block[] {
  const layers = platforms.flatMap((platform) =>
    platform.layers.map((layer) => ({ platform: platform.name, layer })),
  );
  return foldBlock(
    RANKS.layers,
    `Layers: ${formatNumber(layers.length)}`,
    layers,
    {
      head: ['Platform', 'Size', 'Made by'],
      row: ({ platform, layer }) => [
        escapeMarkdown(cleanText(platform, 40)),
        formatSize(layer.size),
        formatCode(cleanText(layer.createdBy, 100)),
      ],
    },
    layout.folded,
  );
}
