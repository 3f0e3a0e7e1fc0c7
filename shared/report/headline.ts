import { cleanText, formatCode } from './markdown.ts';
import {
  hasGaps,
  isGood,
  isListOnly,
  type Page,
  type PageImage,
  type Standing,
  standingOf,
  standingOfPage,
} from './page.ts';

const MARKS: Record<Standing, string> = {
  denied: '⛔',
  refused: '⛔',
  unavailable: '⚠️',
  scanned: '⚪',
  passed: '✅',
  allowed: '✅',
};

/** The mark of a standing. What comes from a fork is nobody's word, so nothing there is green. */
export function markOf({ fork }: Page, standing: Standing): string {
  return fork && isGood(standing) ? MARKS.scanned : MARKS[standing];
}

/** How a name is set: as code in Markdown, as itself in plain text. */
type Style = (name: string) => string;

/** The verdict on a page in a few words of plain text, at most 200 characters. */
export function formatTitle(page: Page): string {
  return cleanText(
    describePage(page, (name) => name),
    200,
  );
}

/** The verdict on a page as the Markdown heading it begins with. */
export function formatHeading(page: Page): string {
  return `## ${markOf(page, standingOfPage(page))} ${describePage(page, formatName)}`;
}

/** The verdict on one image in a few words, Markdown. */
export function describeImageVerdict(image: PageImage): string {
  return describeVerdict(image, formatName);
}

function formatName(name: string): string {
  return formatCode(name, 60);
}

function describePage(page: Page, style: Style): string {
  const { images } = page;
  const [first] = images;
  const advice = images.some(({ verdict }) => verdict?.preview) ? ' (preview)' : '';
  const suffix = page.fork ? ' (unverified)' : advice;
  if (first === undefined) return `Unavailable: there is no image to judge${suffix}`;
  if (images.length === 1) return `${describeVerdict(first, style)}${suffix}`;

  const worst = standingOfPage(page);
  const alike = images.filter((image) => standingOf(image) === worst);
  const many =
    alike.length === images.length ? `All ${images.length}` : `${alike.length} of ${images.length}`;
  const places = new Set(alike.map(({ verdict }) => verdict?.environment));
  const [place] = places;
  const where = places.size === 1 && place !== undefined ? ` for ${style(place)}` : '';
  const words: Record<Standing, string> = {
    denied: `denied${where}`,
    refused: 'refused by the scan',
    unavailable: 'could not be judged',
    scanned: alike.some(hasGaps) ? 'scanned in part' : 'scanned, nothing was asked to fail',
    passed: 'passed the scan',
    allowed: `allowed${where}`,
  };
  return `${many} images ${words[worst]}${suffix}`;
}

function describeVerdict(image: PageImage, style: Style): string {
  const { verdict, review } = image;
  const where = verdict === undefined ? '' : ` for ${style(verdict.environment)}`;
  switch (standingOf(image)) {
    case 'denied':
      return `Denied${where}`;
    case 'refused':
      return 'Scan refused';
    case 'unavailable':
      if (verdict?.decision === 'unavailable') return `Unavailable: not judged${where}`;
      return review?.outcome === 'unavailable'
        ? 'Unavailable: the scan gave no answer'
        : 'Unavailable: not everything could be read';
    case 'scanned':
      if (isListOnly(image)) return 'Packages listed, nothing was looked for';
      return hasGaps(image) ? 'Scanned in part' : 'Scanned, nothing was asked to fail';
    case 'passed':
      return 'Scan passed';
    case 'allowed':
      return `Allowed${where}`;
  }
}
