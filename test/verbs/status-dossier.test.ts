import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Dossier } from '../../shared/environment/dossier.ts';
import { readWritten } from '../report/status/form.ts';
import { type Place, type StatusWorld, startStatusWorld } from './status-world.ts';

/*
 * A dossier of an environment with a story: promoted by two yeses, replaced by break-glass, rolled back, held, and lied about.
 */

let world: StatusWorld;
let place: Place;
type Image = Awaited<ReturnType<Place['release']>>;
let first: Image;
let second: Image;
let middle: string;

beforeAll(async () => {
  world = await startStatusWorld(1);
  place = await world.makeEnvironment();
  first = await place.release('one');
  second = await place.release('two', ['provenance']);
  const at = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString();
  const yes = (by: string, minutes: number) =>
    ({ by, at: at(minutes), how: 'run', url: 'https://github.com/x' }) as const;
  await place.record('promote', first, { approvedBy: [yes('ada', 30), yes('grace', 20)] });
  // Proven times are of whole seconds.
  await wait(1100);
  middle = new Date().toISOString();
  await wait(1100);
  const override = {
    rules: ['no-critical'],
    approvedBy: [yes('linus', 10)],
    until: at(-60),
    followUp: at(-600),
  };
  await place.record('promote', second, { override });
  await wait(1100);
  await place.record('rollback', first, { withdraws: second.digest });
  await wait(1100);
  await place.record('hold', first);
  await place.forge(first, { sequence: 9 }, { by: 'stranger', tag: false });
}, 60_000);
afterAll(() => world.close());
afterEach(() => world.disturb(undefined));

const wait = (milliseconds: number): Promise<void> => new Promise((done) => setTimeout(done, milliseconds));

async function compile(dossier: string, environment: string | undefined = place.name) {
  const result = await world.ask({ environment, dossier });
  const path = result.outputs['dossier-json'];
  const read: Dossier = readWritten('dossier', path);
  return { ...result, read };
}

/** Records and approvals in their order, by the letter of their image. */
const tell = ({ events }: Dossier): string[] =>
  events.flatMap(({ kind, digest, what, by }) => {
    const of = digest === first.digest ? 'one' : 'two';
    if (kind === 'approval') return [`${by} for ${of}`];
    return what.startsWith('record') ? [`${kind} ${of}`] : [];
  });

const STORY = [
  'ada for one',
  'grace for one',
  'linus for two',
  'promote one',
  'promote two',
  'rollback one',
  'hold one',
];

describe('a dossier', () => {
  test.each<[string, () => string, string[]]>([
    ['of an image tells what took its place', () => first.digest, STORY],
    ['of an image by its reference', () => `${place.repository}@${first.digest}`, STORY],
    [
      'of the other tells what took that away',
      () => second.digest,
      ['ada for one', 'grace for one', 'linus for two', 'promote two', 'rollback one'].slice(2),
    ],
    [
      'of a record is of its image',
      () => place.tagOf(2, second.digest),
      ['linus for two', 'promote two', 'rollback one'],
    ],
    ['of all time', () => '2020-01-01/', STORY],
    ['of the time after the first promotion tells what was there', () => `${middle}/`, STORY],
    [
      'of the time before the second',
      () => `2020-01-01/${middle}`,
      ['ada for one', 'grace for one', 'promote one'],
    ],
  ])('%s', { timeout: 30_000 }, async (_, about, story) => {
    const { read, outcome } = await compile(about());
    expect(outcome).toBeUndefined();
    expect(tell(read)).toEqual(story);
    const times = read.events.map(({ at }) => Date.parse(at ?? ''));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(read.gaps).toEqual([]);
  });

  test('of all environments finds the one', { timeout: 30_000 }, async () => {
    // Two environments of the policy share a repository that nobody has pushed to.
    const { read } = await compile(first.digest, undefined);
    expect(read.images).toMatchObject([
      { environment: place.name, digest: first.digest, commit: expect.any(String) },
    ]);
    expect(tell(read)).toEqual(STORY);
  });

  test('says what break-glass waived, and what does not count', { timeout: 30_000 }, async () => {
    const { read, outputs } = await compile('2020-01-01/');
    const glass = read.events.find(({ kind, digest }) => kind === 'promote' && digest === second.digest);
    expect(glass?.details).toContain('break-glass waived: no-critical');
    expect(read.discounted).toMatchObject([
      { digest: first.digest, reason: expect.stringContaining('evil.yml') },
    ]);
    const text = readFileSync(String(outputs.dossier), 'utf8');
    for (const word of ['break\\-glass waived', 'does not count', 'ada approved record 1']) {
      expect(text.replaceAll('break-glass', 'break\\-glass')).toContain(word);
    }
  });

  test('of what cannot be read says so, and is unavailable', { timeout: 60_000 }, async () => {
    world.disturb(({ path, method }) =>
      method === 'GET' && path.includes(`/manifests/${second.digest}`) ? { status: 503 } : undefined,
    );
    const { read, outcome } = await compile('2020-01-01/');
    expect(outcome).toBe('unavailable');
    expect(read.gaps.length).toBeGreaterThan(0);
  });
});
