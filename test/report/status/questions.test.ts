// What a rescan, a search and a dossier look like: foreign words stay words, and nothing grows over what GitHub takes.
import { describe, expect, test } from 'vitest';
import type { Dossier } from '../../../shared/environment/dossier.ts';
import { type FreshFinding, findDenied, type Rescan } from '../../../shared/environment/rescan.ts';
import { findAffected, type Search } from '../../../shared/environment/search.ts';
import { commentMarker } from '../../../shared/report/comment.ts';
import { formatAnswer } from '../../../shared/report/status/document.ts';
import { renderDossier } from '../../../shared/report/status/dossier.ts';
import {
  renderRescanIssue,
  summarizeRescan,
  titleRescanIssue,
} from '../../../shared/report/status/rescan.ts';
import { summarizeSearch } from '../../../shared/report/status/search.ts';
import { HOSTILE } from '../hostile.ts';
import { renderMarkdown } from '../rendering.ts';
import { readForm } from './form.ts';
import { digestOf, POLICY } from './sample.ts';

const AT = '2026-11-21T12:00:00Z';
const RUN = 'https://github.com/octo/app/actions/runs/1';
const MARKER = commentMarker('rescan * octo/app');

const freshOf = (text: string): FreshFinding => ({
  class: 'vulnerability',
  id: text,
  severity: 'CRITICAL',
  title: text,
  url: text,
  package: text,
  version: text,
  fixed: text,
  target: text,
  platforms: [text],
});

function rescanOf(text: string, many = 1): Rescan {
  const images = Array.from({ length: many }, (_, index) => ({
    digest: digestOf(index + 1),
    held: true,
    instances: 3,
    arrivedAt: AT,
    judged: {
      value: {
        decision: 'deny' as const,
        reasons: [text],
        warnings: [text],
        scannedAt: AT,
        databaseUpdatedAt: AT,
        fresh: { value: Array.from({ length: many }, () => freshOf(text)) },
      },
    },
  }));
  const lost = { digest: digestOf(9), held: false, instances: undefined, arrivedAt: undefined };
  return {
    at: AT,
    policy: POLICY,
    environments: [
      { name: 'prod', repository: text, images, unknown: Array.from({ length: many }, () => text) },
      { name: 'lost', repository: text, images: [{ ...lost, judged: { unknown: text } }], unknown: [] },
    ],
  };
}

function searchOf(text: string, many = 1): Search {
  const hit = {
    digest: digestOf(1),
    held: false,
    instances: 2,
    platform: text,
    package: text,
    version: text,
    purl: text,
    vulnerabilities: [{ id: text, severity: 'CRITICAL' as const, fixed: text, excused: text }],
  };
  const unknown = { where: text, reason: text };
  const of = <T>(one: T): T[] => Array.from({ length: many }, () => one);
  return {
    sought: text,
    at: AT,
    environments: [{ name: 'prod', repository: text, hits: of(hit), clear: [], unknown: of(unknown) }],
  };
}

function dossierOf(text: string): Dossier {
  const about = { environment: text, digest: digestOf(1) };
  const event = {
    ...about,
    at: AT,
    kind: text,
    what: text,
    details: [text],
    by: text,
    run: text,
    logIndex: text,
  };
  return {
    about: text,
    at: AT,
    policy: text,
    images: [{ ...about, repository: text, source: text, commit: text, builtBy: text, run: text }],
    events: [
      { ...event, source: digestOf(2) },
      { ...event, at: undefined, source: '' },
    ],
    discounted: [{ digest: digestOf(1), source: digestOf(2), reason: text }],
    gaps: [text],
  };
}

const pages = (text: string): readonly string[] => [
  renderRescanIssue(rescanOf(text), MARKER, RUN),
  summarizeRescan(rescanOf(text)),
  summarizeSearch(searchOf(text)),
  renderDossier(dossierOf(text)),
];

describe.each(HOSTILE.map((text) => [text.slice(0, 40), text]))('%j', (_, text) => {
  test('adds no element, no mention and no line', () => {
    const elements = (markdown: string): Set<string> =>
      new Set(renderMarkdown(markdown).match(/<[a-z][^>]*>/gi));
    for (const [at, page] of pages(text).entries()) {
      const harmless = pages('harmless')[at] ?? '';
      const known = elements(harmless);
      const added = [...elements(page)].filter(
        // An address that is one links to itself; a span is around a dollar sign, and code is code in a cell with a pipe.
        (one) => !known.has(one) && !/^<(?:span|code|a href="https?:[^"]*")>$/.test(one),
      );
      expect(added).toEqual([]);
      expect(page.split('\n').length).toBe(harmless.split('\n').length);
      const plain = renderMarkdown(page).replaceAll(/<code>.*?<\/code>|<[^>]*>/g, '');
      expect(plain).not.toMatch(/(?<![\w/])@[a-z0-9]/i);
    }
  });
});

describe('JSON', () => {
  const answers = {
    rescan: (text: string) => rescanOf(text),
    found: (text: string) => searchOf(text),
    dossier: (text: string) => dossierOf(text),
  };
  const kinds = Object.keys(answers) as (keyof typeof answers)[];

  test.each(kinds)('%s is of the published form, whatever the words', (kind) => {
    const accepts = readForm(kind);
    for (const text of HOSTILE) {
      expect(accepts(JSON.parse(formatAnswer(answers[kind](text)))), JSON.stringify(accepts.errors)).toBe(
        true,
      );
    }
  });

  /** One thing of a good document is changed, by the path to it. */
  const spoil = (kind: keyof typeof answers, path: readonly (string | number)[], value: unknown) => {
    const whole = JSON.parse(formatAnswer(answers[kind]('word')));
    const [last = '', ...way] = path.toReversed();
    const part = way.reduceRight((one, key) => one[key], whole);
    if (value !== 'more') expect(part).toHaveProperty([last]);
    part[last] = value;
    return whole;
  };
  test.each<[keyof typeof answers, (string | number)[], unknown]>([
    ['rescan', ['version'], 2],
    ['rescan', ['extra'], 'more'],
    ['rescan', ['environments', 0, 'images', 0, 'judged', 'value', 'decision'], 'perhaps'],
    ['rescan', ['environments', 0, 'images', 0, 'judged', 'value', 'fresh'], []],
    ['rescan', ['environments', 1, 'images', 0, 'judged'], null],
    ['found', ['version'], 2],
    ['found', ['environments', 0, 'hits', 0, 'extra'], 'more'],
    ['found', ['environments', 0, 'hits', 0, 'digest'], 'latest'],
    ['found', ['environments', 0, 'unknown'], undefined],
    ['dossier', ['version'], 2],
    ['dossier', ['events', 0, 'extra'], 'more'],
    ['dossier', ['events', 0, 'at'], null],
    ['dossier', ['gaps'], undefined],
  ])('%s with another %j is not', (kind, path, value) => {
    const spoilt = JSON.parse(JSON.stringify(spoil(kind, path, value)));
    expect(readForm(kind)(spoilt)).toBe(false);
  });
});

test('an issue of ten thousand findings is what GitHub takes, and says that it is short', () => {
  const text = renderRescanIssue(rescanOf('CVE-2026-0001 of a long name '.repeat(20), 100), MARKER, RUN);
  expect(text.length).toBeLessThanOrEqual(65_536);
  expect(text.length).toBeGreaterThan(50_000);
  expect(text.startsWith(`${MARKER}\n`)).toBe(true);
  expect(text).toMatch(/left out to keep this short|more, in the report/);
  expect(text).toContain('keeps this issue up to date');
});

test('summaries of thousands leave room for the status', () => {
  const most = [
    summarizeRescan(rescanOf('é'.repeat(300), 100)),
    summarizeSearch(searchOf('é'.repeat(300), 5000)),
  ];
  expect(most.map((text) => Buffer.byteLength(text) <= 60_000)).toEqual([true, true]);
});

const judged = (decision: 'allow' | 'deny') => ({ value: { decision } });
const unknown = { unknown: 'the registry is down' };
test.each<
  [string, readonly { name: string; images: readonly object[]; unknown: readonly string[] }[], string, string]
>([
  ['nothing', [], 'false', 'What runs would pass today'],
  [
    'all allowed',
    [{ name: 'a', images: [judged('allow')], unknown: [] }],
    'false',
    'What runs would pass today',
  ],
  [
    'one denied',
    [{ name: 'a', images: [judged('deny'), unknown], unknown: ['x'] }],
    'true',
    'What runs in a would be denied today',
  ],
  [
    'one not judged',
    [{ name: 'a', images: [judged('allow'), unknown], unknown: [] }],
    'unknown',
    'What runs may be denied today',
  ],
  [
    'an environment not read',
    [{ name: 'a', images: [], unknown: ['x'] }],
    'unknown',
    'What runs may be denied today',
  ],
  [
    'many denied',
    Array.from({ length: 9 }, (_, at) => ({ name: `e${at}`, images: [judged('deny')], unknown: [] })),
    'true',
    'What runs in e0, e1, e2, e3, e4 and 4 more would be denied today',
  ],
])('of %s', (_, environments, denied, title) => {
  const rescan = {
    at: AT,
    policy: POLICY,
    environments: environments.map((one) => ({
      ...one,
      images: one.images.map((image) => ({ judged: image })),
    })),
  } as unknown as Rescan;
  expect(findDenied(rescan)).toBe(denied);
  expect(titleRescanIssue(rescan)).toBe(title);
});

test.each<[string, number, number, string]>([
  ['a hit beside what is unknown', 1, 1, 'true'],
  ['nothing but what is unknown', 0, 1, 'unknown'],
  ['nothing', 0, 0, 'false'],
])('affected by %s', (_, hits, unknowns, affected) => {
  const { environments, ...rest } = searchOf('x', 1);
  const cut = environments.map((one) => ({
    ...one,
    hits: one.hits.slice(0, hits),
    unknown: one.unknown.slice(0, unknowns),
  }));
  expect(findAffected({ ...rest, environments: cut })).toBe(affected);
});
