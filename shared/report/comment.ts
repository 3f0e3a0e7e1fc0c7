import { adviseFirst, isOpen } from './advice.ts';
import { formatNumber, type Layout, RANKS, tableBlock, textBlock } from './blocks.ts';
import { describeChange } from './change.ts';
import { type Block, fitBlocks } from './fit.ts';
import { describeImageVerdict, formatHeading, formatTitle, markOf } from './headline.ts';
import { cleanText, escapeHtml, escapeMarkdown, formatCode, formatLink } from './markdown.ts';
import { formatImageName, isCommit, isRunOf, readRepository, splitImage } from './names.ts';
import { isGood, type Page, type PageImage, STANDINGS, standingOf, standingOfPage } from './page.ts';
import {
  describeExceptions,
  describeProvenance,
  describeReasons,
  describeReproduction,
  describeRules,
} from './sections.ts';

/** What GitHub takes of a comment, in characters. */
const COMMENT_LIMIT = 65_536;
/** What GitHub takes of a check run's `output.summary` and `output.text`, each, in bytes. */
const CHECK_LIMIT = 65_535;
/** GitHub drops a step's summary over 1 MiB whole. In bytes, with room for what else the step says. */
const SUMMARY_LIMIT = 900_000;
/** Room for the sentence on what was left out. */
const OMITTED = 400;

export interface RenderedCheck {
  /** One line of plain text, at most 200 characters. */
  readonly title: string;
  /** Markdown: the verdict and the first thing to do. */
  readonly summary: string;
  /** Markdown: the rest of the page. */
  readonly text: string;
  /** `success` is for what was judged, by somebody whose word counts. `neutral` satisfies a required check, so nothing unanswered gets it. */
  readonly conclusion: 'success' | 'neutral' | 'failure';
}

/** The first line of a comment, by which it is found again. Whatever the name holds, it stays one HTML comment. */
export function commentMarker(name: string): string {
  const plain = encodeURIComponent(cleanText(name, 100)).replaceAll('-', '%2D');
  return `<!-- hallmark:${plain} -->`;
}

/** The reviewer's page as a pull request comment: Markdown of at most 65,536 characters, shortened from the least important. */
export function renderComment(page: Page): string {
  const marker = commentMarker(page.name);
  const blocks = [...listHead(page), ...listBody(page, layOut(page))];
  return `${marker}\n${fitPage(page, blocks, COMMENT_LIMIT - marker.length - 1, (text) => text.length)}`;
}

/** The same page as a job summary, with longer lists: at most 1 MB. */
export function renderSummary(page: Page): string {
  const layout = { ...layOut(page), open: 50, folded: 200 };
  return fitPage(page, [...listHead(page), ...listBody(page, layout)], SUMMARY_LIMIT, countBytes);
}

/** The beginning of the page: the verdict and the first thing to do. Markdown. */
export function renderHead(page: Page): string {
  return fitPage(page, listHead(page), CHECK_LIMIT, countBytes).trimEnd();
}

/** The same page as the output of a check run: `summary` and `text` of at most 65,535 bytes each. */
export function renderCheck(page: Page): RenderedCheck {
  const standing = standingOfPage(page);
  const judged = standing === 'allowed' || standing === 'passed';
  const unsigned = page.fork || page.images.some(({ verdict }) => verdict?.preview);
  const good = judged && !unsigned ? 'success' : 'neutral';
  return {
    title: formatTitle(page),
    summary: renderHead(page),
    text: fitPage(page, listBody(page, layOut(page)), CHECK_LIMIT, countBytes),
    conclusion: isGood(standing) ? good : 'failure',
  };
}

const encoder = new TextEncoder();
const countBytes = (text: string): number => encoder.encode(text).length;

/** As for a comment. Of many images each has less room. */
function layOut({ images }: Page): Layout {
  const many = images.length > 5;
  return { open: many ? 3 : 10, folded: many ? 10 : 50, heading: images.length > 1 ? '####' : '###' };
}

function fitPage(
  page: Page,
  blocks: readonly Block[],
  limit: number,
  measure: (text: string) => number,
): string {
  const { text, omitted } = fitBlocks(blocks, limit - OMITTED, measure);
  if (omitted === 0) return `${text}\n`;
  const parts =
    omitted === 1 ? 'One part of this page is' : `${formatNumber(omitted)} parts of this page are`;
  const known = !page.fork && isRunOf(readRepository(page.repository), page.run) ? page.run : undefined;
  const where = known === undefined ? 'job summary' : formatLink('summary of the run', known);
  return `${text}\n\n_${parts} left out to keep it short; see the ${where}._\n`;
}

/** The worst first: a reader may stop there. */
function sortImages({ images }: Page): PageImage[] {
  return STANDINGS.flatMap((standing) => images.filter((image) => standingOf(image) === standing));
}

/** What has to be seen without scrolling: the verdict, and the one thing to do. */
function listHead(page: Page): Block[] {
  const [worst, ...others] = sortImages(page);
  const which = worst === undefined || others.length === 0 ? '' : `in ${formatImageName(worst.image)}, `;
  const first = worst === undefined ? 'give the report an image or a file to show.' : adviseFirst(worst);
  const subject = worst === undefined || others.length > 0 ? '' : describeSubject(page, worst);
  const parts = [formatHeading(page), `**First:** ${which}${first}`, explainStanding(page), subject];
  return textBlock(RANKS.verdict, parts.filter((part) => part !== '').join('\n\n'));
}

function listBody(page: Page, layout: Layout): Block[] {
  const [worst, ...others] = sortImages(page);
  if (worst === undefined) return [];
  if (others.length === 0) return describeImage(page, worst, layout);
  const images = [worst, ...others];
  const table = {
    head: ['Image', 'Verdict', 'New', 'Fixed', 'Digest'],
    row: (image: PageImage) => overviewRow(page, image),
  };
  return [
    ...tableBlock(RANKS.overview, '', images, table, 1000),
    ...images.flatMap((image) => foldImage(page, image, layout)),
  ];
}

function explainStanding({ fork, images }: Page): string {
  if (fork) {
    return '**From a fork, unverified:** a run without rights made all of this, and whoever opened the pull request could have written it. Nothing is allowed by it.';
  }
  return images.some(({ verdict }) => verdict?.preview)
    ? '**Preview:** advice, from reports that nobody signed. Nothing is allowed by it; the gate judges again before anything moves.'
    : '';
}

function describeSubject(page: Page, { image, review, verdict }: PageImage): string {
  const home = readRepository(page.repository);
  const commit = page.commit ?? review?.commit;
  const from = isCommit(commit)
    ? ` from ${home === undefined || page.fork ? formatCode(commit.slice(0, 12)) : formatLink(commit.slice(0, 12), `${home}/commit/${commit}`)}`
    : '';
  const { destination } = verdict ?? {};
  const moves = destination !== undefined && destination !== splitImage(image).place;
  return `Image ${formatImageName(image)}${from}${moves ? `, to ${formatCode(destination, 120)}` : ''}`;
}

function overviewRow(page: Page, image: PageImage): string[] {
  const { review } = image;
  const { place, digest } = splitImage(image.image);
  const fresh = (review?.findings ?? []).filter((found) => found.state === 'new' && isOpen(found));
  return [
    formatCode(place, 120),
    `${markOf(page, standingOf(image))} ${describeImageVerdict(image)}`,
    review === undefined ? '' : formatNumber(fresh.length),
    review === undefined ? '' : formatNumber(review.fixed.length),
    formatCode(digest),
  ];
}

function foldImage(page: Page, image: PageImage, layout: Layout): Block[] {
  const standing = standingOf(image);
  const parts = describeImage(page, image, layout);
  const mark = markOf(page, standing);
  if (!isGood(standing)) {
    const title = `### ${mark} ${formatImageName(image.image)}`;
    const before = `${title}\n\n${describeImageVerdict(image)}. **First:** ${adviseFirst(image)}`;
    return [{ rank: RANKS.image, before, parts }];
  }
  const { place, digest } = splitImage(image.image);
  const name = `<code>${escapeHtml(place, 120)}</code>${digest === '' ? '' : ` <code>${digest}</code>`}`;
  return [
    { rank: RANKS.image, before: `<details><summary>${mark} ${name}</summary>`, parts, after: '</details>' },
  ];
}

/** Everything about one image, in the order a reviewer asks. */
function describeImage(page: Page, image: PageImage, layout: Layout): Block[] {
  return [
    ...describeReasons(image, layout),
    ...describeChange(image, layout),
    ...describeProvenance(image, page.fork === true),
    ...describeExceptions(image, layout),
    ...describeRules(image, layout),
    ...describeReproduction(image),
    ...textBlock(RANKS.reproduce, describeScanner(image)),
  ];
}

/** By what it was found, and how old that knowledge is. */
function describeScanner({ review }: PageImage): string {
  if (review === undefined) return '';
  const { name, version, databaseUpdatedAt, scanners = [], exploitedAt } = review.scanner;
  const parts = [
    escapeMarkdown(`${name} ${version}`, 80),
    ...(databaseUpdatedAt === undefined ? [] : [`database of ${escapeMarkdown(databaseUpdatedAt, 40)}`]),
    ...(exploitedAt === undefined ? [] : [`known exploitation as of ${escapeMarkdown(exploitedAt, 40)}`]),
    ...(scanners.length === 0
      ? []
      : [`looked for ${scanners.map((one) => escapeMarkdown(one, 40)).join(', ')}`]),
  ];
  return `<sub>${parts.join(' · ')}</sub>`;
}
