import { findAffected, type Hit, type Search, type SearchedEnvironment } from '../../environment/search.ts';
import { shortDigest } from '../../image/digest.ts';
import { formatCount, listBlock, tableBlock, textBlock } from '../blocks.ts';
import { fitBlocks } from '../fit.ts';
import { escapeMarkdown, formatCode } from '../markdown.ts';

/** Room beside the status in a step's summary. In bytes. */
const LIMIT = 40_000;
/** Characters of foreign text that a cell shows. */
const CELL = 160;
const RANKS = { title: 0, hits: 1, unknown: 2 } as const;

/** Where something runs, and of what nobody can say: Markdown of at most 40 kB, foreign text in it escaped. */
export function summarizeSearch(search: Search): string {
  const { environments, sought } = search;
  const of = <T>(list: (environment: SearchedEnvironment) => readonly T[]): { name: string; one: T }[] =>
    environments.flatMap((environment) => list(environment).map((one) => ({ name: environment.name, one })));
  const clear = of((environment) => environment.clear).length;
  const blocks = [
    ...textBlock(RANKS.title, `### Where does ${formatCode(sought, CELL)} run? ${describeAnswer(search)}`),
    ...tableBlock(
      RANKS.hits,
      '',
      of(({ hits }) => hits),
      { head: ['Environment', 'Image', 'Platform', 'Package', 'Known of it'], row: describeHit },
      200,
    ),
    ...listBlock(
      RANKS.unknown,
      '#### Not known: it may be there',
      of(({ unknown }) => unknown),
      ({ name, one: { where, reason } }) =>
        `⚠️ **${escapeMarkdown(name)}** ${escapeMarkdown(where, CELL)}: ${escapeMarkdown(reason, 400)}`,
      100,
    ),
    ...textBlock(
      RANKS.title,
      clear === 0 ? '' : `${formatCount(clear, 'platform')} of images looked through without it.`,
    ),
  ];
  const { text } = fitBlocks(blocks, LIMIT, (part) => new TextEncoder().encode(part).length);
  return `${text}\n`;
}

function describeAnswer(search: Search): string {
  const hit = search.environments.filter(({ hits }) => hits.length > 0).length;
  switch (findAffected(search)) {
    case 'true':
      return `⛔ In ${formatCount(hit, 'environment')}`;
    case 'unknown':
      return '⚠️ Nobody can say that it does not';
    case 'false':
      return '✅ Nowhere';
  }
}

function describeHit({ name, one }: { readonly name: string; readonly one: Hit }): string[] {
  const { digest, held, instances, platform, version, vulnerabilities } = one;
  const runs = instances === undefined ? '' : `, ${formatCount(instances, 'instance')}`;
  return [
    escapeMarkdown(name),
    `${formatCode(shortDigest(digest))} (${held ? 'held' : 'runs, not held'}${runs})`,
    escapeMarkdown(platform, CELL),
    formatCode(`${one.package} ${version}`, CELL),
    vulnerabilities
      .map(({ id, severity, fixed, excused }) => {
        const fix = fixed === '' ? 'no fix yet' : `fixed in ${fixed}`;
        const why = excused === undefined ? '' : `, excused by ${excused}`;
        return escapeMarkdown(`${id} (${severity.toLowerCase()}, ${fix}${why})`, CELL);
      })
      .join('<br>') || 'nothing',
  ];
}
