import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { kubeList, type Place, pod, type StatusWorld, startStatusWorld } from './status-world.ts';

/*
 * What status ends with: what fails the step, what is only reported, and what is left of the rest when a part cannot be read.
 */

let world: StatusWorld;
let place: Place;
/** Holds an image without a signature, and a tag that somebody moved. */
let digest: string;
/** Is as it should be. */
let other: Place;
let held: Awaited<ReturnType<Place['release']>>;
const DAY = 86_400;

beforeAll(async () => {
  world = await startStatusWorld(2);
  place = await world.makeEnvironment();
  other = await world.makeEnvironment();
  const image = await place.release('one', ['provenance']);
  digest = image.digest;
  await place.record('promote', image, {
    source: { repository: 'https://github.com/octo/app', commit: world.head },
  });
  await place.point(`env-${place.name}`, await place.release('two'));
  held = await other.release('one');
  await other.record('promote', held);
}, 60_000);
afterAll(() => world.close());
afterEach(() => world.disturb(undefined));

type Inputs = Parameters<StatusWorld['ask']>[0];
const runningSince = (days: number) => ({
  '': kubeList(
    pod('web-abc-1', {
      image: place.repository,
      id: `${place.repository}@${digest}`,
      started: new Date(Date.now() - days * DAY * 1000).toISOString(),
    }),
  ),
});

describe('fail-on', () => {
  test.each<{ name: string; inputs: Inputs; startedDaysAgo?: number; reasons: string[] }>([
    { name: 'nothing', inputs: {}, reasons: [] },
    { name: 'age, of which no limit is given', inputs: { 'fail-on': ['age'] }, reasons: [] },
    { name: 'drift', inputs: { 'fail-on': ['drift'] }, reasons: ['pointer: env-e0 has sha256:'] },
    {
      name: 'coverage',
      inputs: { 'fail-on': ['coverage'] },
      reasons: ['has no signature that counts', 'has no scan that counts'],
    },
    {
      name: 'an image that is too old',
      inputs: { 'fail-on': ['age'], 'max-image-age': -1 },
      reasons: ['image '],
    },
    {
      name: 'an image that is not too old',
      inputs: { 'fail-on': ['age'], 'max-image-age': DAY },
      reasons: [],
    },
    {
      name: 'an instance that is too old',
      inputs: { 'fail-on': ['age'], 'max-instance-age': DAY },
      startedDaysAgo: 2,
      reasons: ['instance shop/web-abc-1 is 172'],
    },
    {
      name: 'an instance that is too old, where nobody asked for age',
      inputs: { 'fail-on': [], 'max-instance-age': DAY },
      startedDaysAgo: 2,
      reasons: [],
    },
    {
      name: 'an instance that is not too old',
      inputs: { 'fail-on': ['age'], 'max-instance-age': 3 * DAY },
      startedDaysAgo: 2,
      reasons: [],
    },
    {
      name: 'drift and coverage',
      inputs: { 'fail-on': ['drift', 'coverage'] },
      reasons: ['pointer: ', 'has no signature that counts', 'has no scan that counts'],
    },
  ])('$name', async ({ inputs, startedDaysAgo, reasons }) => {
    const running = startedDaysAgo === undefined ? {} : runningSince(startedDaysAgo);
    const result = await world.ask({ environment: place.name, ...inputs, running });
    expect(result.outcome).toBe(reasons.length === 0 ? undefined : 'refused');
    expect(result.reasons ?? []).toEqual(reasons.map((part) => expect.stringContaining(part)));
    // One kind of evidence of three.
    expect(result.outputs).toMatchObject({ drifted: 'true', coverage: 33, digest });
  });
});

test('says when the commit was made', async () => {
  const { outputs } = await world.ask({ environment: place.name });
  const { environments } = JSON.parse(readFileSync(String(outputs['report']), 'utf8'));
  expect(environments[0].images[0].committed).toEqual({ value: expect.stringMatching(/^\d{4}-/) });
});

describe('a part that cannot be read', () => {
  const fail = (pattern: RegExp, status = 403) =>
    world.disturb(({ path }) => (pattern.test(path) ? { status } : undefined));
  const read = async (inputs: Inputs) => {
    const result = await world.ask(inputs);
    const { environments } = JSON.parse(readFileSync(String(result.outputs['report']), 'utf8'));
    return { ...result, environments };
  };

  test('one of two registries: the other is shown', async () => {
    fail(/octo\/e1\//);
    const { outcome, reasons, outputs, environments, summary } = await read({});
    expect(outcome).toBe('unavailable');
    expect(reasons).toEqual([expect.stringMatching(/^e1: /)]);
    expect(outputs).toMatchObject({ drifted: 'true', coverage: 'unknown' });
    expect(environments).toMatchObject([
      { name: 'e0', current: { digest } },
      { name: 'e1', records: { unknown: expect.any(String) }, drift: { unknown: expect.any(String) } },
      { name: 'twin-a' },
      { name: 'twin-b' },
    ]);
    expect(summary).toContain('e1');
  });

  test('a configuration: the records are known, and what is attested is not', async () => {
    fail(new RegExp(held.platforms.map(({ manifest }) => `blobs/${manifest.config.digest}`).join('|')));
    const { outcome, outputs, environments } = await read({ environment: other.name });
    expect(outcome).toBe('unavailable');
    expect(outputs).toMatchObject({ drifted: 'false', coverage: 'unknown' });
    expect(environments).toMatchObject([
      { current: { sequence: 1 }, images: [{ coverage: { unknown: expect.any(String) } }] },
    ]);
  });

  test('the tag that a manifest names', async () => {
    writeFileSync(
      join(world.workspace, 'tagged.yaml'),
      `apiVersion: v1\nkind: Pod\nspec: { containers: [{ image: "${other.repository}:v1" }] }\n`,
    );
    fail(/manifests\/v1$/);
    const { outcome, outputs } = await read({ environment: other.name, manifests: ['./tagged.yaml'] });
    expect(outcome).toBe('unavailable');
    expect(outputs).toMatchObject({ drifted: 'unknown', coverage: 100 });
  });

  test('what runs and was never promoted', async () => {
    const stranger = `sha256:${'e'.repeat(64)}`;
    fail(new RegExp(stranger));
    const { outcome, reasons, outputs } = await read({
      environment: other.name,
      running: { '': `${other.repository}@${stranger}` },
    });
    expect(outcome).toBe('unavailable');
    expect(reasons).toHaveLength(1);
    expect(outputs).toMatchObject({ drifted: 'true' });
  });

  test('the configuration of what runs and was never promoted', async () => {
    const image = await other.release('stranger');
    fail(new RegExp(image.platforms.map(({ manifest }) => `blobs/${manifest.config.digest}`).join('|')));
    const { outcome, reasons, outputs } = await read({
      environment: other.name,
      running: { '': `${other.repository}@${image.digest}` },
    });
    expect(outcome).toBe('unavailable');
    expect(reasons).toHaveLength(1);
    expect(outputs).toMatchObject({ drifted: 'true', coverage: 'unknown' });
  });

  test('for a moment: it is asked again', async () => {
    let times = 2;
    world.disturb(({ path }) => {
      if (!/tags\/list/.test(path) || times === 0) return undefined;
      times -= 1;
      return { status: 503 };
    });
    const { outcome, outputs } = await read({ environment: other.name });
    expect(outcome).toBeUndefined();
    expect(outputs).toMatchObject({ drifted: 'false' });
  });
});

test.each<[string, Inputs, string]>([
  ['an environment that the policy has not', { environment: 'nowhere' }, 'environment: '],
  ['a policy that is not there', { policy: 'none.yml' }, 'policy: '],
  [
    'what runs, of two environments in one repository',
    { running: { '': 'postgres:17' } },
    'environment: is required: several environments are in ',
  ],
  ['an empty list', { environment: 'e0', running: { eu: '' } }, 'running: '],
  ['a manifest that is not there', { environment: 'e0', manifests: ['./none.yaml'] }, 'manifests: '],
  ['a manifest elsewhere that is not there', { environment: 'e0', manifests: ['none.yaml'] }, 'manifests: '],
  [
    'manifests that name it nowhere',
    { environment: 'e0', manifests: ['./other.yaml'] },
    'manifests: none of the files names an image of ',
  ],
  ['a file that is no manifest', { environment: 'e0', manifests: ['./root.json'] }, 'manifests: '],
])('refuses %s', async (_, inputs, message) => {
  writeFileSync(
    join(world.workspace, 'other.yaml'),
    'kind: Pod\napiVersion: v1\nspec: { containers: [{ image: nginx }] }\n',
  );
  await expect(world.ask(inputs)).rejects.toMatchObject({
    outcome: 'invalid',
    message: expect.stringContaining(message),
  });
});
