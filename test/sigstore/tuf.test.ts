import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RunContext } from '../../shared/github/context.ts';
import { Refused, Unavailable } from '../../shared/outcome/outcome.ts';
import { parseTrustedRoot } from '../../shared/sigstore/root.ts';
import { fetchTrustedRoot } from '../../shared/sigstore/tuf.ts';
import { type LocalSigstore, startSigstore } from '../servers/sigstore.ts';
import { type Publication, type Role, startTuf, type TufServer } from '../servers/tuf.ts';
import { runContext } from './context.ts';

let tuf: TufServer;
let sigstore: LocalSigstore;
/** The tool cache that the runs of one test share. */
let toolCache: string;

beforeAll(async () => {
  [tuf, sigstore] = await Promise.all([startTuf(), startSigstore()]);
});
afterAll(() => Promise.all([tuf.close(), sigstore.close()]));
beforeEach(() => {
  tuf.fail(undefined);
  toolCache = mkdtempSync(join(tmpdir(), 'hallmark-test-'));
});

/** The digest of the root that a run comes to. */
async function fetchDigest(overrides: Partial<RunContext> = {}): Promise<string> {
  const context = runContext(sigstore, {}, { toolCache, ...overrides });
  const root = await fetchTrustedRoot(tuf, context);
  // Nothing of the run stays in its own folder.
  expect(readdirSync(context.temp).filter((name) => name.startsWith('hallmark-tuf-'))).toEqual([]);
  return parseTrustedRoot(JSON.stringify(root)).digest;
}

/** The files that are kept, by their names, and where they are. */
function kept(): string {
  const folder = join(toolCache, 'hallmark', 'tuf');
  return join(folder, readdirSync(folder)[0] ?? '');
}

const trusted = (): string => parseTrustedRoot(JSON.stringify(sigstore.trustedRoot)).digest;

describe('a root that is published rightly', () => {
  beforeEach(() => tuf.publish(sigstore.trustedRoot, { version: 2 }));

  test('is fetched, and kept for the next run but its anchor', async () => {
    expect(await fetchDigest()).toBe(trusted());
    expect(tuf.requests.length).toBe(5);
    expect(readdirSync(kept()).toSorted()).toEqual([
      'snapshot.json',
      'targets',
      'targets.json',
      'timestamp.json',
    ]);
    tuf.requests.length = 0;
    expect(await fetchDigest()).toBe(trusted());
    expect(tuf.requests).toEqual(['/2.root.json', '/timestamp.json']);
  });

  test('is fetched where there is no tool cache, and kept for the steps of one job', async () => {
    const temp = mkdtempSync(join(tmpdir(), 'hallmark-test-'));
    expect(await fetchDigest({ toolCache: undefined, temp })).toBe(trusted());
    tuf.requests.length = 0;
    expect(await fetchDigest({ toolCache: undefined, temp })).toBe(trusted());
    expect(tuf.requests.length).toBe(2);
  });

  test('is fetched where the cache cannot be written', async () => {
    writeFileSync(join(toolCache, 'hallmark'), 'a file where the folder should be');
    expect(await fetchDigest()).toBe(trusted());
  });

  test.each<[string, string]>([
    ['timestamp.json', '{}'],
    ['snapshot.json', 'rubbish'],
    ['targets.json', ''],
    [join('targets', 'trusted_root.json'), '{"mediaType":"application/vnd.dev.sigstore.trustedroot+json"}'],
    ['root.json', '{"signed":{"_type":"root"}}'],
  ])('does not come from a cache in which somebody changed %s', async (name, content) => {
    await fetchDigest();
    writeFileSync(join(kept(), name), content);
    expect(await fetchDigest()).toBe(trusted());
  });

  test("does not come from a stranger's repository in the cache", async () => {
    await fetchDigest();
    const stranger = await startTuf();
    const other = await startSigstore();
    stranger.publish(other.trustedRoot, { version: 9 });
    const folder = kept();
    const files = { 'timestamp.json': 'timestamp.json', '9.snapshot.json': 'snapshot.json' };
    for (const [path, name] of Object.entries(files)) {
      const answer = await fetch(`${stranger.mirror}/${path}`);
      writeFileSync(join(folder, name), await answer.text());
    }
    mkdirSync(join(folder, 'targets'), { recursive: true });
    writeFileSync(join(folder, 'targets', 'trusted_root.json'), JSON.stringify(other.trustedRoot));
    writeFileSync(join(folder, 'root.json'), JSON.stringify(stranger.anchor));
    await Promise.all([stranger.close(), other.close()]);
    expect(await fetchDigest()).toBe(trusted());
  });
});

const PAST = '2020-01-01T00:00:00Z';
const expired = (role: Role): Publication => ({ version: 3, expires: { [role]: PAST } });

describe('a root that proves nothing is refused, with a cache and without', () => {
  test.each<[string, Publication, RegExp]>([
    [
      'expired root metadata',
      expired('root'),
      /has expired, so it proves nothing: Final root.json is expired/,
    ],
    ['an expired timestamp', expired('timestamp'), /has expired, .*timestamp.json is expired/],
    ['an expired snapshot', expired('snapshot'), /has expired, .*snapshot.json is expired/],
    ['expired targets', expired('targets'), /has expired, .*targets.json is expired/],
    ['a root by a stranger', { forged: 'root' }, /is not signed as .*root was signed by 0\/1 keys/],
    [
      'a timestamp by a stranger',
      { version: 3, forged: 'timestamp' },
      /is not signed .*timestamp was signed by 0/,
    ],
    [
      'a snapshot by a stranger',
      { version: 3, forged: 'snapshot' },
      /is not signed .*snapshot was signed by 0/,
    ],
    ['targets by a stranger', { version: 3, forged: 'targets' }, /is not signed .*targets was signed by 0/],
    ['another file than is named', { version: 3, swapped: '{"mediaType":"x"}' }, /contradicts itself/],
  ])('%s', async (_, publication, reason) => {
    // Another trusted root each time, so that the file in the cache is not the one that targets names.
    const changed = { ...(sigstore.trustedRoot as object), comment: 'newer' };
    tuf.publish(changed, publication);
    await expect(fetchDigest()).rejects.toThrow(reason);
    tuf.publish(sigstore.trustedRoot, { version: 2 });
    await fetchDigest();
    const before = readFileSync(join(kept(), 'timestamp.json'), 'utf8');
    tuf.publish(changed, publication);
    const refused = await fetchDigest().catch((error) => error);
    expect(refused).toBeInstanceOf(Refused);
    expect(refused.message).toMatch(reason);
    expect(readFileSync(join(kept(), 'timestamp.json'), 'utf8')).toBe(before);
  });

  test('an older version than was seen before', async () => {
    tuf.publish(sigstore.trustedRoot, { version: 3 });
    await fetchDigest();
    tuf.publish(sigstore.trustedRoot, { version: 2 });
    const refused = await fetchDigest().catch((error) => error);
    expect(refused).toBeInstanceOf(Refused);
    expect(refused.message).toMatch(
      /is older than one that was seen before, .*version 2 is less than current version 3/,
    );
  });
});

describe('a repository that gives no answer is unavailable, also with a cache', () => {
  beforeEach(async () => {
    tuf.publish(sigstore.trustedRoot, { version: 2 });
    await fetchDigest();
  });
  test.each<[string, () => Partial<RunContext>]>([
    ['is down', () => ({})],
    ['is silent until the deadline', () => ({ deadline: AbortSignal.abort(new Error('time')) })],
  ])('%s', async (_, overrides) => {
    tuf.fail(500);
    const failed = await fetchDigest(overrides()).catch((error) => error);
    expect(failed).toBeInstanceOf(Unavailable);
    expect(failed.message).toContain(tuf.mirror);
  });
});
