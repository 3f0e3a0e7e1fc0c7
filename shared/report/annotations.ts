import { isOpen, listFailing } from './advice.ts';
import { formatCount } from './blocks.ts';
import { cleanText } from './markdown.ts';
import type { Page, PageImage } from './page.ts';
import type { ReviewFinding } from './review.ts';

/** A remark on a line of the repository, plain text. `title` has up to 255 characters, `message` up to 4,000. */
export interface Annotation {
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly level: 'notice' | 'warning' | 'failure';
  readonly title: string;
  readonly message: string;
}

const MOST = 1000;
const LEVELS = ['failure', 'warning', 'notice'] as const;

/** Remarks on the lines that are certain, the gravest first and at most 1,000: Dockerfile, lockfiles, exceptions and policy. */
export function listAnnotations(page: Page): Annotation[] {
  const all = page.images.flatMap((image) => [
    ...annotateFindings(image),
    ...annotateExceptions(image),
    ...annotateRules(image),
  ]);
  const unique = new Map<string, Annotation>();
  for (const annotation of all) {
    if (!isPath(annotation.path)) continue;
    const title = cleanText(`${page.fork ? 'Unverified: ' : ''}${annotation.title}`, 255);
    const clean = { ...annotation, title, message: cleanText(annotation.message, 4000) };
    unique.set(JSON.stringify(clean), clean);
  }
  return [...unique.values()]
    .sort((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level))
    .slice(0, MOST);
}

/** A file inside the repository, as GitHub's API takes it. */
function isPath(path: string): boolean {
  const parts = path.split('/');
  return (
    path === cleanText(path, 500) &&
    !path.includes('\\') &&
    parts.every((part) => part !== '' && part !== '.' && part !== '..')
  );
}

/** One remark a line, however many findings come from it. What was known before is no news to this change. */
function annotateFindings(image: PageImage): Annotation[] {
  const { review } = image;
  if (review === undefined) return [];
  const failing = new Set(listFailing(image));
  const groups = new Map<string, { path: string; line: number; found: ReviewFinding[] }>();
  const add = (path: string, line: number, found: ReviewFinding): void => {
    const key = JSON.stringify([path, line]);
    const group = groups.get(key) ?? { path, line, found: [] };
    group.found.push(found);
    groups.set(key, group);
  };
  for (const found of review.findings) {
    if (!isOpen(found) || (found.state === 'known' && !failing.has(found))) continue;
    const { layer, locked } = found;
    if (review.dockerfile !== undefined && layer?.line !== undefined)
      add(review.dockerfile, layer.line, found);
    if (locked !== undefined) add(locked.path, locked.line, found);
  }
  return [...groups.values()].map(({ path, line, found }) => {
    const fails = found.some((one) => failing.has(one));
    const [first] = found;
    const title =
      found.length === 1 && first !== undefined
        ? `${first.severity.toLowerCase()}: ${first.id}`
        : `${formatCount(found.length, 'finding')} from this line`;
    return { path, line, level: fails ? 'failure' : 'warning', title, message: listFindings(found) };
  });
}

function listFindings(found: readonly ReviewFinding[]): string {
  const shown = found.slice(0, 10).map(({ severity, id, package: name, version, fixed, target }) => {
    const what = cleanText(name === '' ? target : `${name} ${version}`, 120);
    const fix = fixed === '' ? 'no fix' : `fixed in ${cleanText(fixed, 60)}`;
    return `${severity.toLowerCase()}: ${cleanText(id, 80)} in ${what} (${fix})`;
  });
  const more = found.length > shown.length ? [`and ${found.length - shown.length} more`] : [];
  return [...shown, ...more].join('; ');
}

function annotateExceptions({ review }: PageImage): Annotation[] {
  return (review?.exceptions ?? []).flatMap(({ state, file, line, finding, owner, until }): Annotation[] => {
    if (line === undefined || state === 'used') return [];
    const of = owner === '' ? 'without an owner' : `of ${cleanText(owner, 60)}`;
    const about = { path: file, line };
    if (state === 'expired') {
      const message = `The exception ${of} for ${cleanText(finding, 80)} ended ${cleanText(until, 40)}: renew it or mend what it excused.`;
      return [{ ...about, level: 'warning', title: 'Exception expired', message }];
    }
    const effect =
      state === 'proposed' ? 'counts once it is merged, not before' : 'excuses nothing in this image';
    const message = `The exception ${of} for ${cleanText(finding, 80)} ${effect}.`;
    return [{ ...about, level: 'notice', title: `Exception ${state}`, message }];
  });
}

function annotateRules({ verdict }: PageImage): Annotation[] {
  return (verdict?.rules ?? []).flatMap(({ name, title, outcome, reasons, at }): Annotation[] => {
    if (at === undefined || outcome === 'passed') return [];
    const denied = outcome === 'denied';
    const message = reasons.map((reason) => cleanText(reason, 400)).join('; ') || title;
    return [{ ...at, level: denied ? 'failure' : 'warning', title: `${name}: ${title}`, message }];
  });
}
