import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { measureLevels } from '../../shared/environment/levels.ts';
import type { Overview } from '../../shared/environment/overview.ts';
import { cleanText } from '../../shared/report/markdown.ts';
import { renderStatusPage } from '../../shared/report/status/page.ts';
import { HOSTILE } from '../report/hostile.ts';
import { hostileOverview } from '../report/status/hostile.ts';
import { SAMPLES } from '../report/status/samples.ts';
import { type Browser, startBrowser } from '../servers/chromium.ts';
import { findMissing } from '../servers/peers.ts';

/** The status page in a real browser: empty, small and with two years of history, light and dark, narrow and wide; and that no text gets out of its place. */

const missing = await findMissing({ programs: ['chromium'] });
const pictures = join(import.meta.dirname, '../../test-output/status');
const render = (overview: Overview): Promise<string> => renderStatusPage(overview, measureLevels(overview));
const VIEWS = (['light', 'dark'] as const).flatMap((scheme) =>
  [360, 1280].map((width) => ({ scheme, width })),
);

describe.skipIf(missing)(`the status page in Chromium${missing && ` (skipped: ${missing})`}`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(() => browser?.close());

  describe.each(Object.entries(SAMPLES))('%s', (name, overview) => {
    test.each(VIEWS)('$scheme, $width pixels wide', async ({ scheme, width }) => {
      await browser.load(await render(overview), width, scheme);
      await browser.takePicture(join(pictures, `${name}-${scheme}-${width}.png`));
      const seen = await browser.evaluate<Looks>(LOOK);
      expect(browser.readComplaints()).toEqual([]);
      expect(seen.tooWide).toBe(0);
      expect(seen.outside).toEqual([]);
      expect(seen.faint).toEqual([]);
      expect(seen.plots.length).toBeGreaterThanOrEqual(7);
      for (const plot of seen.plots) {
        expect(plot, plot.title).toMatchObject({ title: expect.stringMatching(/./), described: true });
        expect(plot.unit, plot.title).toMatch(/\S/);
        expect(plot.across, plot.title).toMatch(/UTC/);
        expect(plot.legend, plot.title).toMatch(/\S/);
        // With environments, each is named in the plot or in its legend.
        for (const { name: environment } of overview.environments) expect(plot.text).toContain(environment);
      }
    });
  });

  test('what is unknown is a question mark, and never a point', async () => {
    await browser.load(await render(SAMPLES['broken'] as Overview), 1280);
    const [marks, points] = await browser.evaluate<[number, number]>(`(() => {
      const figure = document.querySelector('#plot-imageSize').closest('figure');
      const series = [...figure.querySelectorAll('.area .series')];
      return [series.filter((one) => one.querySelector('text')).length, series.filter((one) => one.querySelector('path')).length];
    })()`);
    expect([marks, points]).toEqual([3, 0]);
  });

  test('it opens without any request, and its policy runs nothing', async () => {
    const page = await render(SAMPLES['two-years'] as Overview);
    expect(page).not.toMatch(/<script|<link|<img|<iframe|@import|url\(|\son\w+=|style="/i);
    await browser.load(page.replace('</main>', '<script>window.pwned = 1</script></main>'), 1280);
    expect(await browser.evaluate<boolean>("'pwned' in window")).toBe(false);
    expect(browser.readComplaints().join()).toContain('Content Security Policy');
  });

  let harmless: Structure | undefined;
  test.each(HOSTILE.map((text) => [text.slice(0, 40), text]))('%j is only text', async (_, text) => {
    harmless ??= await look('word');
    const seen = await look(text);
    expect(seen.pwned).toBe(false);
    expect(browser.readComplaints()).toEqual([]);
    // The same elements with the same attributes in the same order as for a harmless word: nothing came and nothing went.
    expect(seen.elements).toEqual(harmless.elements);
    expect(seen.comments).toBe(0);
    expect(seen.text).toContain(cleanText(text, 600));
  });

  async function look(text: string): Promise<Structure> {
    await browser.load(await render(hostileOverview(text)), 800);
    return browser.evaluate<Structure>(STRUCTURE);
  }
});

interface Structure {
  readonly pwned: boolean;
  readonly elements: readonly string[];
  readonly comments: number;
  readonly text: string;
}

const STRUCTURE = `(() => {
  const elements = [];
  let comments = 0;
  const walk = (node) => {
    if (node.nodeType === Node.COMMENT_NODE) comments += 1;
    if (node.nodeType !== Node.ELEMENT_NODE) return;
    elements.push(node.tagName + [...node.attributes].map(({ name }) => '[' + name + ']').join(''));
    node.childNodes.forEach(walk);
    elements.push('/');
  };
  walk(document.documentElement);
  return { pwned: 'pwned' in window, elements, comments, text: document.body.textContent };
})()`;

interface Looks {
  /** Pixels that the page is wider than its window. */
  readonly tooWide: number;
  /** Texts that reach out of the window. */
  readonly outside: readonly string[];
  /** Texts with a contrast below 4.5 (WCAG 2.2, 1.4.3). */
  readonly faint: readonly string[];
  readonly plots: readonly {
    readonly title: string;
    readonly unit: string;
    readonly across: string;
    readonly legend: string;
    readonly described: boolean;
    readonly text: string;
  }[];
}

const LOOK = `(() => {
  const parse = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = parse(colour).map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => { const [x, y] = [light(a), light(b)].sort((one, other) => other - one); return (x + 0.05) / (y + 0.05); };
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      // A name in a bar stands on the bar.
      if (each.matches('svg') && element.matches('.name')) return getComputedStyle(each.querySelector('rect')).fill;
      const colour = getComputedStyle(each).backgroundColor;
      if (parse(colour)[3] !== 0) return colour;
    }
  };
  const faint = [], outside = [];
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim() !== '');
    if (!own || element.closest('title') || !element.getClientRects().length) continue;
    const style = getComputedStyle(element);
    const colour = element instanceof SVGElement ? style.fill : style.color;
    const found = contrast(colour, behind(element));
    if (found < 4.5) faint.push(element.textContent.trim().slice(0, 40) + ' ' + found.toFixed(2));
    const box = element.getBoundingClientRect();
    if (!element.closest('.scroll') && !element.closest('svg svg .name') && (box.left < 0 || box.right > innerWidth + 0.5)) outside.push(element.textContent.trim().slice(0, 40));
  }
  return {
    tooWide: document.documentElement.scrollWidth - innerWidth,
    outside, faint,
    plots: [...document.querySelectorAll('figure')].map((figure) => {
      const image = figure.querySelector('[role=img]');
      const text = (selector) => figure.querySelector(selector)?.textContent ?? '';
      const legend = [...figure.querySelectorAll('.legend li')];
      return {
        title: text('h3'),
        // A timeline has rows, and says so; all else has a scale with a unit.
        unit: figure.matches('.wide') ? text('.about') : text('.axis'),
        across: text('.across'),
        legend: legend.every((item) => item.querySelector('svg, .mark') || legend.length === 1) ? legend.map((item) => item.textContent).join(' ') : '',
        described: Boolean(image.getAttribute('aria-labelledby') && document.getElementById(image.getAttribute('aria-describedby'))),
        text: figure.textContent,
      };
    }),
  };
})()`;
