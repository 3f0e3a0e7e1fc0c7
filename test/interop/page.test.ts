import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { renderComment } from '../../shared/report/comment.ts';
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
});
