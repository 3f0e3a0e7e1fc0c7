import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type DatabaseOptions, fetchDatabase, VULNERABILITIES } from '../../shared/trivy/database.ts';
import {
  type Fault,
  type RegistryServer,
  type RegistryServerOptions,
  type SeenRequest,
  startRegistry,
} from '../servers/registry.ts';
import { packLayer, publishTrivyDb } from '../servers/trivy-db.ts';

const log = {
  info() {},
  notice() {},
  warning() {},
  mask() {},
  group: <T>(_: string, work: () => Promise<T>) => work(),
};
const FIXTURE = new URL('../fixtures/trivy-db/db.tar.gz', import.meta.url);
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

const fetchWith = (given: Partial<DatabaseOptions>, ...repositories: string[]) => {
  const options = { workspace: cache, path: '', deadline: AbortSignal.timeout(20_000), log, ...given };
  return fetchDatabase(VULNERABILITIES, repositories, cache, options);
};
const fetchFrom = (...repositories: string[]) => fetchWith({}, ...repositories);
/** How often the bytes of a database were asked for. */
const countLayers = (requests: readonly SeenRequest[]) =>
  requests.filter(({ method, path }) => method === 'GET' && path.includes('/blobs/')).length;

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

describe('goes on to the next mirror when one', () => {
  const first = () => `${registry.host}/first:2`;
  const onBlob = (answer: Fault): RegistryServerOptions['onRequest'] => {
    return ({ method, path }) => (method === 'GET' && path.includes('/first/blobs/') ? answer : undefined);
  };
  beforeAll(() => publishAs('first', readFileSync(FIXTURE)));

  it.each<[string, RegistryServerOptions['onRequest'], RegExp]>([
    [
      'has it not',
      ({ path }) => (path.includes('/first/') ? { status: 404 } : undefined),
      /holds no database/,
    ],
    ['breaks off', onBlob({ status: 200, body: readFileSync(FIXTURE).subarray(0, 900) }), /first/],
    ['fails', onBlob({ status: 500 }), /status 500/],
    ['has other bytes', onBlob({ status: 200, body: Buffer.alloc(1835) }), /holds other bytes/],
    [
      'asks to wait',
      onBlob({ status: 429, headers: { 'retry-after': '600' } }),
      /status 429.*and asks to wait/,
    ],
  ])('%s, and says why', async (_, planted, message) => {
    fault = planted;
    const said: string[] = [];
    const info = (text: string) => void said.push(text);
    const found = await fetchWith({ log: { ...log, info } }, first(), database);
    expect(found.repository).toBe(`${registry.host}/trivy-db`);
    expect(said.join('\n')).toMatch(message);
  });

  it('is older than it may be', async () => {
    const made = (await fetchFrom(database)).updatedAt;
    const maxAge = (Date.now() - Date.parse(made)) / 1000;
    await publishAs('old', await packDatabase(new Date(Date.parse(made) - 86_400_000)));
    const limited = { maxAge: Math.max(maxAge, 0) + 3600 };
    expect((await fetchWith(limited, `${registry.host}/old:2`, database)).updatedAt).toBe(made);
    await expect(fetchWith(limited, `${registry.host}/old:2`)).rejects.toMatchObject({
      outcome: 'unavailable',
      message: expect.stringContaining('older than db-max-age'),
    });
  });
});

it('waits for a rate limit when no other mirror has it', async () => {
  let answers = 0;
  fault = ({ path }) => {
    if (!path.includes('/trivy-db/blobs/')) return undefined;
    answers += 1;
    return answers === 1 ? { status: 429, headers: { 'retry-after': '1' } } : undefined;
  };
  const none = `${registry.host}/elsewhere:2`;
  expect((await fetchFrom(database, none)).repository).toBe(`${registry.host}/trivy-db`);
  expect(answers).toBe(2);
});

it('waits for a rate limit no longer than the step may take', async () => {
  fault = ({ path }) =>
    path.includes('/trivy-db/') ? { status: 429, headers: { 'retry-after': '60' } } : undefined;
  await expect(fetchWith({ deadline: AbortSignal.timeout(1500) }, database)).rejects.toMatchObject({
    outcome: 'unavailable',
    message: expect.stringContaining("the step's time ended"),
  });
});

describe('what is kept for later runs', () => {
  let keep = '';
  let file = '';
  beforeEach(async () => {
    keep = join(cache, 'kept');
    await fetchWith({ keep }, database);
    const [name] = readdirSync(join(keep, 'db'));
    file = join(keep, 'db', String(name));
    registry.requests.length = 0;
  });

  it('is the compressed layer alone, by its digest', () => {
    expect(readdirSync(join(keep, 'db'))).toEqual([`${hash(readFileSync(FIXTURE))}.tar.gz`]);
    expect(readFileSync(file).equals(readFileSync(FIXTURE))).toBe(true);
  });

  it('is used again: no byte of a database is fetched', async () => {
    expect(await fetchWith({ keep }, database)).toMatchObject({ updatedAt: '2026-11-21T00:00:00Z' });
    expect(existsSync(join(cache, 'db', 'trivy.db'))).toBe(true);
    expect(registry.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /v2/trivy-db/manifests/2',
    ]);
  });

  it.each<[string, () => unknown]>([
    ['cut off', () => writeFileSync(file, readFileSync(file).subarray(0, 900))],
    ['changed', () => writeFileSync(file, readFileSync(file).fill(0, 800, 900))],
    [
      'replaced by a database that knows nothing',
      async () => writeFileSync(file, await packDatabase(new Date('2099-01-01'))),
    ],
    ['a link to elsewhere', () => [renameSync(file, join(cache, 'x')), symlinkSync(join(cache, 'x'), file)]],
    [
      'a folder',
      () => {
        rmSync(file);
        mkdirSync(file);
      },
    ],
  ])('and %s is fetched anew', async (_, damage) => {
    await damage();
    expect(await fetchWith({ keep }, database)).toMatchObject({ updatedAt: '2026-11-21T00:00:00Z' });
    expect(countLayers(registry.requests)).toBe(1);
    expect(readFileSync(join(cache, 'db', 'trivy.db')).includes('CVE-2019-10744')).toBe(true);
  });

  it('goes when a newer one comes, and nothing else does', async () => {
    writeFileSync(join(keep, 'db', 'notes.txt'), 'mine');
    const newer = await packDatabase(new Date());
    await publishAs('newer', newer);
    await fetchWith({ keep }, `${registry.host}/newer:2`);
    expect(readdirSync(join(keep, 'db')).sort()).toEqual([`${hash(newer)}.tar.gz`, 'notes.txt'].sort());
  });

  it('is nothing of a download that broke off', async () => {
    rmSync(file);
    fault = ({ method, path }) =>
      method === 'GET' && path.includes('/blobs/') ? { status: 200, body: Buffer.alloc(1835) } : undefined;
    await expect(fetchWith({ keep }, database)).rejects.toMatchObject({ outcome: 'unavailable' });
    expect(readdirSync(join(keep, 'db'))).toEqual([]);
  });

  it('may be nothing at all: a folder that takes no file costs the copy alone', async () => {
    writeFileSync(join(cache, 'file'), '');
    const found = await fetchWith({ keep: join(cache, 'file') }, database);
    expect(found.repository).toBe(`${registry.host}/trivy-db`);
  });
});

it('is unavailable when none has it, and says what was tried', async () => {
  await expect(fetchFrom(`${registry.host}/one:2`, `${registry.host}/two:2`)).rejects.toMatchObject({
    outcome: 'unavailable',
    message: expect.stringMatching(/one.*two/),
  });
});

describe('a layer that is no database', () => {
  it.each<[string, () => Buffer | Promise<Buffer>]>([
    ['is no archive', () => Buffer.from('not gzip')],
    ['holds nothing', () => gzipSync(Buffer.alloc(1024))],
    ['is of another schema', () => packDatabase(new Date(), 3)],
    ['leaves its folder', () => packLayer({ '../trivy.db': '', 'metadata.json': '' })],
  ])('%s: unavailable', async (_, make) => {
    const content = await make();
    const name = hash(content).slice(0, 8);
    await publishAs(name, content);
    await expect(fetchFrom(`${registry.host}/${name}:2`)).rejects.toMatchObject({ outcome: 'unavailable' });
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

function hash(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** A database of which nothing but its age is of interest. */
function packDatabase(updatedAt: Date, Version = 2): Promise<Buffer> {
  return packLayer({
    'trivy.db': 'nothing',
    'metadata.json': JSON.stringify({ Version, UpdatedAt: updatedAt.toISOString() }),
  });
}

async function publishAs(name: string, content: Buffer): Promise<void> {
  await publishTrivyDb(registry.host, content, name);
}
