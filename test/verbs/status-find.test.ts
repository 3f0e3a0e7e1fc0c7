import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Search } from '../../shared/environment/search.ts';
import { readWritten } from '../report/status/form.ts';
import { type Place, type StatusWorld, startStatusWorld } from './status-world.ts';

/*
 * What is not known when something is looked for is said to be unknown: nothing that could not be read is ever "not there".
 */

let world: StatusWorld;
let place: Place;
let held: Awaited<ReturnType<Place['release']>>;

beforeAll(async () => {
  world = await startStatusWorld(2);
  place = await world.makeEnvironment();
  // Pushed, and never promoted.
  await (await world.makeEnvironment()).release('other');
  held = await place.release('one', ['scan']);
  await place.record('promote', held);
}, 60_000);
afterAll(() => world.close());
afterEach(() => world.disturb(undefined));

async function find(sought: string, inputs: Parameters<StatusWorld['ask']>[0] = {}) {
  const { outputs, outcome } = await world.ask({ environment: place.name, find: sought, ...inputs });
  const { environments }: Search = readWritten('found', outputs.found);
  const [{ hits, clear, unknown } = { hits: [], clear: [], unknown: [] }] = environments;
  return { affected: outputs.affected, outcome, hits, clear, unknown: unknown.map(({ reason }) => reason) };
}

describe('a vulnerability', () => {
  // The scan of a platform is signed for linux/amd64 of both.
  test('that the attested scan has is there', async () => {
    const found = await find('CVE-2026-0001');
    expect(found).toMatchObject({ affected: 'true', outcome: undefined, clear: [], unknown: [] });
    expect(found.hits).toMatchObject([{ digest: held.digest }, { digest: held.digest }]);
  });

  test('that it has not may have come after it', async () => {
    const found = await find('CVE-2026-9999');
    expect(found).toMatchObject({ affected: 'unknown', hits: [], clear: [] });
    expect(found.unknown).toEqual(
      Array(2).fill(expect.stringContaining('rescan: true asks the one of today')),
    );
  });
});

describe('a package', () => {
  test('of images without an SBOM is unknown', async () => {
    expect(await find('lodash')).toMatchObject({
      affected: 'unknown',
      hits: [],
      unknown: Array(2).fill('it has no SBOM that counts'),
    });
  });

  test('is nowhere in an environment that holds nothing', async () => {
    expect(await find('lodash', { environment: 'e1' })).toMatchObject({ affected: 'false', unknown: [] });
  });

  test('is unknown of what runs and is not in the repository, and of what has no digest', async () => {
    const stranger = `sha256:${'7'.repeat(64)}`;
    const { repository } = place;
    const running = { '': `${repository}@${held.digest}\n${repository}@${stranger}\n${repository}:latest\n` };
    const found = await find('CVE-2026-0001', { running });
    expect(found).toMatchObject({ affected: 'true', hits: [{ held: true, instances: 1 }, { instances: 1 }] });
    expect(found.unknown).toEqual([
      expect.stringContaining('nothing says of which digest'),
      expect.stringContaining(stranger),
    ]);
  });
});

describe('what cannot be read', () => {
  // Once for the status itself; what comes after is the search.
  test.each<[string, (path: string) => boolean]>([
    ['the image', (path) => path.includes(`/manifests/${held.digest}`)],
    ['what is attached to it', (path) => path.includes('/referrers/')],
    ['the tags', (path) => path.includes('/tags/list')],
  ])('%s is unavailable and unknown', { timeout: 60_000 }, async (_, hit) => {
    world.disturb(({ path }) => (hit(path) ? { status: 503 } : undefined));
    const found = await find('CVE-2026-0001');
    expect(found).toMatchObject({ affected: 'unknown', outcome: 'unavailable', hits: [], clear: [] });
    expect(found.unknown.length).toBeGreaterThan(0);
  });
});
