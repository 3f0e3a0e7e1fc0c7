import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { ActionRun } from '../../scripts/action.ts';
import type { Environment } from '../../scripts/demo/stage.ts';
import { type Demo, holds } from '../../scripts/demo/steps.ts';
import { openStory, reasonsOf, type Step } from '../../scripts/demo/story.ts';
import { openPlainStore } from '../../scripts/demo/tamper.ts';
import { parseReference } from '../../shared/image/reference.ts';
import { startGithub } from '../servers/github.ts';
import { startRegistry } from '../servers/registry.ts';
import { writeSample } from '../trivy/sample.ts';

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

describe('what the demo says that an environment holds', () => {
  let close: () => Promise<unknown>;
  let demo: Omit<Demo, 'story'>;
  /** Two images of prod by digest; its tag and its manifest are at the first. */
  let images: [string, string];
  const path = 'deploy/prod/app.yaml';
  beforeAll(async () => {
    const registry = await startRegistry({ folder: join(folder, 'registry') });
    const place = `${registry.host}/octo/app`;
    const store = openPlainStore(parseReference(place));
    const one = await writeSample(store);
    const other = await writeSample(store, ['linux/amd64'], { 'app/other': 'other' });
    images = [`${place}@${one.digest}`, `${place}@${other.digest}`];
    const { bytes, descriptor } = (await store.getManifest(one.digest)) ?? {};
    await store.putManifest(bytes ?? Buffer.alloc(0), descriptor?.mediaType ?? '', 'env-prod');
    const files = { [path]: `image: ${images[0]}\n`, 'other.yaml': `image: ${images[1]}\n` };
    const github = await startGithub({
      repositories: [{ name: 'octo/app', id: 1, defaultBranch: 'main', files }],
    });
    close = () => Promise.all([registry.close(), github.close()]);
    const places = { prod: place };
    demo = { world: { github }, places, manifests: { prod: path }, outside: undefined } as unknown as Demo;
  }, 60_000);
  afterAll(() => close());

  test.each<{ name: string; at: 0 | 1; manifest: string; right: boolean }>([
    { name: 'as tag and manifest have it', at: 0, manifest: path, right: true },
    { name: 'and the tag has another', at: 1, manifest: 'other.yaml', right: false },
    { name: 'and the manifest has another', at: 0, manifest: 'other.yaml', right: false },
    { name: 'and there is no manifest', at: 0, manifest: 'nowhere.yaml', right: false },
  ])('$name', async ({ at, manifest, right }) => {
    const story = openStory(mkdtempSync(join(folder, 'story-')));
    const manifests = { ...demo.manifests, prod: manifest };
    await holds({ ...demo, manifests, story }, 'prod' satisfies Environment, images[at]);
    expect(story.end()).toBe(right);
  });
});
