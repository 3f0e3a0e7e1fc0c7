import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { ActionRun } from '../../scripts/action.ts';
import { openStory, reasonsOf, type Step } from '../../scripts/demo/story.ts';

/*
 * The demo proves nothing if it cannot fail: what it says of a step that came out otherwise.
 */

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hallmark-story-'));
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
});
afterAll(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

const denial =
  '::error title=hallmark gate%3A refused::signed (Signed): no evidence%0Asmall: 600 MB, 100%25 more';

function ended(outcome: string | undefined, log = ''): ActionRun {
  return { code: outcome === 'passed' ? 0 : 1, outputs: outcome ? { outcome } : {}, summary: '', log };
}

test('reasons are read as the runner was told them', () => {
  expect(reasonsOf(ended('refused', `before\n${denial}\nafter`))).toEqual([
    'signed (Signed): no evidence',
    'small: 600 MB, 100% more',
  ]);
  expect(reasonsOf(ended('passed', 'nothing'))).toEqual([]);
});

test.each<{ name: string; step: Partial<Step>; run: ActionRun; right: boolean }>([
  { name: 'passes as it had to', step: { expected: 'passed' }, run: ended('passed'), right: true },
  {
    name: 'is refused as it had to',
    step: { expected: 'refused' },
    run: ended('refused', denial),
    right: true,
  },
  {
    name: 'is refused for the right reason',
    step: { expected: 'refused', because: /^small/ },
    run: ended('refused', denial),
    right: true,
  },
  {
    name: 'is refused for another reason',
    step: { expected: 'refused', because: /^no-critical/ },
    run: ended('refused', denial),
    right: false,
  },
  {
    name: 'passes where it had to be refused',
    step: { expected: 'refused' },
    run: ended('passed'),
    right: false,
  },
  { name: 'is unavailable', step: { expected: 'refused' }, run: ended('unavailable', denial), right: false },
  {
    name: 'has no answer where either is right',
    step: { expected: undefined },
    run: ended('invalid'),
    right: false,
  },
  {
    name: 'is refused where either is right',
    step: { expected: undefined },
    run: ended('refused'),
    right: true,
  },
  { name: 'crashes', step: { expected: 'refused' }, run: ended(undefined), right: false },
])('a step that $name', async ({ step, run, right }) => {
  const story = openStory(mkdtempSync(join(folder, 'story-')));
  await story.step({ name: 'first', expected: 'passed', run: async () => ended('passed'), tell: () => '' });
  await story.step({ name: 'gate', expected: 'passed', run: async () => run, tell: () => '', ...step });
  // One that comes out well afterwards does not make up for it.
  await story.step({ name: 'last', expected: 'passed', run: async () => ended('passed'), tell: () => '' });
  expect(story.end()).toBe(right);
});

test('a fact that does not hold', async () => {
  const pages = join(folder, 'facts');
  const story = openStory(pages);
  await story.check('prod', 'holds it', async () => false);
  expect(story.end()).toBe(false);
  expect(readdirSync(pages)).toEqual([]);
});
