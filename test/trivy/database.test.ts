import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { StoreOptions } from '../../shared/store/open.ts';
import { fetchDatabase } from '../../shared/trivy/database.ts';
import { type RegistryServer, type RegistryServerOptions, startRegistry } from '../servers/registry.ts';
import { publishTrivyDb } from '../servers/trivy-db.ts';

const log = {
  info() {},
  notice() {},
  warning() {},
  mask() {},
  group: <T>(_: string, work: () => Promise<T>) => work(),
};
let cache = '';
let registry: RegistryServer;
let database = '';
let fault: RegistryServerOptions['onRequest'];

beforeAll(async () => {
  registry = await startRegistry({ onRequest: (request) => fault?.(request) });
  database = await publishTrivyDb(registry.host);
});
afterAll(() => registry.close());
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'hallmark-database-'));
});
afterEach(() => {
  fault = undefined;
  rmSync(cache, { recursive: true });
});

const fetchFrom = (...repositories: string[]) => {
  const options: StoreOptions = { workspace: cache, path: '', deadline: AbortSignal.timeout(20_000), log };
  return fetchDatabase(repositories, cache, options);
};

it('puts the database where Trivy looks for it, and says which it is', async () => {
  expect(await fetchFrom(database)).toEqual({
    repository: `${registry.host}/trivy-db`,
    digest: expect.stringMatching(/^sha256:/),
    updatedAt: '2026-11-21T00:00:00Z',
  });
  const metadata = readFileSync(join(cache, 'db', 'metadata.json'), 'utf8');
  expect(JSON.parse(metadata)).toMatchObject({ Version: 2 });
  expect(existsSync(join(cache, 'db', 'trivy.db'))).toBe(true);
});

it('takes the tag 2 where none is named, and a digest where one is', async () => {
  const { digest } = await fetchFrom(`${registry.host}/trivy-db`);
  expect(await fetchFrom(`${registry.host}/trivy-db@${digest}`)).toMatchObject({ digest });
});

it('goes on to the next repository when one has it not', async () => {
  expect(await fetchFrom(`${registry.host}/elsewhere:2`, database)).toMatchObject({
    repository: `${registry.host}/trivy-db`,
  });
});

it('goes on to the next when a download breaks off', async () => {
  const content = readFileSync(new URL('../fixtures/trivy-db/db.tar.gz', import.meta.url));
  await publishAs('first', content);
  const layers = new Set<string>();
  fault = ({ path }) => {
    if (!path.includes('/first/blobs/')) return undefined;
    layers.add(path);
    return { status: 500 };
  };
  expect(await fetchFrom(`${registry.host}/first:2`, database)).toMatchObject({
    repository: `${registry.host}/trivy-db`,
  });
  expect(layers.size).toBe(1);
});

it('is unavailable when none has it, and says what was tried', async () => {
  await expect(fetchFrom(`${registry.host}/one:2`, `${registry.host}/two:2`)).rejects.toMatchObject({
    outcome: 'unavailable',
    message: expect.stringMatching(/one.*two/),
  });
});

it('refuses bytes that are not what the digest says, and asks nobody else', async () => {
  fault = ({ method, path }) =>
    method === 'GET' && path.includes('/trivy-db/blobs/')
      ? { status: 200, body: Buffer.alloc(1835) }
      : undefined;
  await expect(fetchFrom(database, database)).rejects.toMatchObject({ outcome: 'refused' });
});

describe('a layer that is no database', () => {
  it.each<[string, Buffer, string]>([
    ['is no archive', Buffer.from('not gzip'), 'unavailable'],
    ['holds nothing', gzipSync(Buffer.alloc(1024)), 'unavailable'],
  ])('%s', async (_, content, outcome) => {
    const name = createHash('sha256').update(content).digest('hex').slice(0, 8);
    await publishAs(name, content);
    await expect(fetchFrom(`${registry.host}/${name}:2`)).rejects.toMatchObject({ outcome });
  });
});

it.each([
  ['octo/trivy-db', /names no registry/],
  ['oci:folder', /registry/],
])('db-repository "%s" is invalid', async (text, message) => {
  await expect(fetchFrom(text)).rejects.toMatchObject({
    outcome: 'invalid',
    input: 'db-repository',
    message: expect.stringMatching(message),
  });
});

async function publishAs(name: string, content: Buffer): Promise<void> {
  await publishTrivyDb(registry.host, content, name);
}
