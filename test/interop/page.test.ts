import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { renderCheck, renderComment, renderSummary } from '../../shared/report/comment.ts';
import { cleanText } from '../../shared/report/markdown.ts';
import type { Page } from '../../shared/report/page.ts';
import { HOSTILE, harmlessLike, hostilePage } from '../report/hostile.ts';
import { PAGES } from '../report/pages.ts';
import { renderPage } from '../report/rendering.ts';
import { type Browser, startBrowser } from '../servers/chromium.ts';
import { findMissing } from '../servers/peers.ts';

/** The reviewer's page in a real browser: what it looks like, and that no hostile text becomes more than text. */

const missing = await findMissing({ programs: ['chromium'] });
/** Width of a comment on a pull request, and of a page in a narrow window. */
const WIDTH = 880;
const pictures = join(import.meta.dirname, '../../test-output/pages');

describe.skipIf(missing)(`the page in Chromium${missing && ` (skipped: ${missing})`}`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(() => browser?.close());

  test.each(Object.entries(PAGES))(
    '%s: verdict and first thing to do within the first 600 pixels',
    async (name, page) => {
      await browser.load(renderPage(renderComment(page)), WIDTH);
      await browser.takePicture(join(pictures, `${name}.png`));
      const { verdict, first } = await browser.evaluate<
        Record<'verdict' | 'first', { text: string; bottom: number }>
      >(`(() => {
      const read = (element) => ({ text: element.innerText, bottom: element.getBoundingClientRect().bottom });
      const first = [...document.querySelectorAll('p')].find((one) => one.innerText.startsWith('First:'));
      return { verdict: read(document.querySelector('h2')), first: read(first) };
    })()`);
      expect(verdict.bottom).toBeLessThan(600);
      expect(first.bottom).toBeLessThan(600);
      expect(verdict.text).toMatch(/Allowed|Denied|denied|refused|Unavailable|Scanned/);
    },
  );

  /** Everything that is Markdown, one after the other. */
  const load = async (page: Page): Promise<Seen> => {
    const { summary, text } = renderCheck(page);
    await browser.load(renderPage(renderComment(page), renderSummary(page), summary, text), WIDTH);
    return browser.evaluate<Seen>(LOOK);
  };
  const harmless = new Map<string, Seen>();

  test.each(HOSTILE.map((text) => [text.slice(0, 40), text]))('%j is only text', async (_, text) => {
    const like = harmlessLike(text);
    const expected = harmless.get(like) ?? (await load(hostilePage(like)));
    harmless.set(like, expected);
    const seen = await load(hostilePage(text));
    expect(seen.pwned).toBe(false);
    expect(seen.links).toEqual(expected.links);
    expect(seen.found).toEqual([]);
    // In italics the page says what it left out.
    const kinds = new Set([...expected.elements, 'EM']);
    expect(seen.elements.filter((element) => !kinds.has(element))).toEqual([]);
    // The same elements in the same order as for harmless words: nothing came and nothing went. (A long text makes the page shorten itself.)
    if (text.length < 1000) expect(seen.elements.join(' ')).toBe(expected.elements.join(' '));
    expect(seen.comments).toHaveLength(1);
    // And the text is there, as itself.
    expect(seen.text).toContain(cleanText(text, 400));
  });

  test.each(Object.entries(PAGES))(
    '%s: GitHub finds nothing to make a link, a mention or a picture of',
    async (_, page) => {
      expect((await load(page)).found).toEqual([]);
    },
  );
});

interface Seen {
  readonly pwned: boolean;
  readonly links: readonly string[];
  readonly elements: readonly string[];
  readonly comments: readonly string[];
  /** What GitHub would make something of in the rendered text. */
  readonly found: readonly string[];
  readonly text: string;
}

/**
 * Runs in the page. GitHub looks through rendered text outside links and code for mentions, references, commits, addresses, emoji and
 * mathematics, so here nothing may be found. A dollar sign in a span of its own is what GitHub's documentation asks for.
 */
const LOOK = `(() => {
  const patterns = [
    /@\\w/, /#\\d/, /\\bgh-\\d/i, /:\\/\\//, /\\bwww\\./i, /\\b(?:mailto|xmpp):/i,
    /\\b[0-9a-f]{7,64}\\b/i, /:[\\w+-]*[a-z_+-][\\w+-]*:/i, /:1(?:00|234):/, /\\$/, /\\p{Cc}(?<!\\n)/u,
  ];
  const isDollar = (element) => element.tagName === 'SPAN' && element.textContent === '$' && element.attributes.length === 0;
  const found = [], elements = [], comments = [];
  const walk = (node, literal) => {
    if (node.nodeType === Node.COMMENT_NODE) comments.push(node.data);
    if (node.nodeType === Node.TEXT_NODE && !literal) {
      for (const pattern of patterns) if (pattern.test(node.data)) found.push(pattern + ' in ' + node.data.slice(0, 100));
    }
    if (node.nodeType === Node.ELEMENT_NODE) {
      if (isDollar(node)) return;
      elements.push(node.tagName + [...node.attributes].map(({ name }) => '[' + name + ']').join(''));
    }
    for (const child of node.childNodes) walk(child, literal || /^(?:A|CODE|PRE)$/.test(node.tagName ?? ''));
    if (node.nodeType === Node.ELEMENT_NODE) elements.push('/');
  };
  walk(document.body, false);
  return {
    pwned: 'pwned' in window,
    links: [...document.links].map(({ href }) => href),
    elements, comments, found,
    text: document.body.textContent.replaceAll('\\u2060', ''),
  };
})()`;
