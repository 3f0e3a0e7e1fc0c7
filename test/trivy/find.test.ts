import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RunContext } from '../../shared/github/context.ts';
import { installRelease } from '../../shared/trivy/download.ts';
import { findTrivy, type TrivyChoice } from '../../shared/trivy/find.ts';
import { type ReleaseArchive, releaseArchive, TRIVY_VERSION } from '../../shared/trivy/release.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hallmark-find-'));
  mkdirSync(join(folder, 'program'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function hash(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** A program that only says which version of Trivy it is. */
function writeProgram(path: string, version: string): string {
  const file = join(folder, path);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, `#!/bin/sh\necho "Version: ${version}"\n`);
  chmodSync(file, 0o755);
  return file;
}

/** GitHub's word on when releases were published, by tag; a plain server, for it is one answer of one field. */
const published = new Map<string, string>();
const api = createServer((request, response) => {
  const date = published.get(String(request.url).replace('/repos/aquasecurity/trivy/releases/tags/', ''));
  response.writeHead(date === undefined ? 404 : 200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(date === undefined ? { message: 'Not Found' } : { published_at: date }));
});
beforeAll(() => new Promise<void>((done) => api.listen(0, '127.0.0.1', done)));
afterAll(() => {
  api.closeAllConnections();
  api.close();
});
beforeEach(() => {
  published.clear();
  for (const [version, days] of Object.entries({ '0.60.0': 400, '0.71.0': 7.1, '0.73.0': 6.9 })) {
    published.set(`v${version}`, new Date(Date.now() - days * 86_400_000).toISOString());
  }
});

function find(choice: TrivyChoice, path = ''): Promise<string> {
  const log = {
    info() {},
    notice() {},
    warning() {},
    mask() {},
    group: <T>(_: string, work: () => Promise<T>) => work(),
  };
  const context = {
    workspace: folder,
    path,
    apiUrl: `http://127.0.0.1:${(api.address() as AddressInfo).port}`,
    log,
    deadline: AbortSignal.timeout(10_000),
  };
  return findTrivy(choice, context as unknown as RunContext, {
    folder: join(folder, 'program'),
    keep: undefined,
  });
}

/** The sha256 of what `writeProgram` writes. */
const hashOf = (version: string): string => hash(readFileSync(writeProgram('same/trivy', version)));
const token = 'ghs_token';

describe('trivy-path', () => {
  it.each<[string, string, TrivyChoice]>([
    ['as wanted by default', TRIVY_VERSION, {}],
    ['as wanted by default, with its sha256', TRIVY_VERSION, { 'trivy-sha256': TRIVY_VERSION }],
    [
      'of another version, with its sha256',
      '0.60.0',
      { 'trivy-version': '0.60.0', 'trivy-sha256': '0.60.0' },
    ],
    ['released a week ago', '0.71.0', { 'trivy-version': '0.71.0', 'trivy-sha256': '0.71.0' }],
  ])('%s is taken', async (_, version, choice) => {
    const path = writeProgram('own/trivy', version);
    const sha256 = choice['trivy-sha256'] && hashOf(choice['trivy-sha256']);
    const given = { ...choice, 'trivy-path': 'own/trivy', 'trivy-sha256': sha256, 'github-token': token };
    expect(await find(given)).toBe(path);
  });

  it.each<[string, string, TrivyChoice, object]>([
    ['another version', '0.71.0', {}, { outcome: 'invalid', input: 'trivy-path' }],
    ['no version', '', {}, { outcome: 'unavailable' }],
    ['a malicious version', '0.69.4', {}, { outcome: 'refused' }],
    [
      'a malicious version that is asked for',
      '0.69.5',
      { 'trivy-version': '0.69.5' },
      { outcome: 'refused' },
    ],
    [
      'another version without a sha256',
      '0.60.0',
      { 'trivy-version': '0.60.0' },
      { outcome: 'invalid', input: 'trivy-sha256' },
    ],
    [
      'other bytes',
      '0.60.0',
      { 'trivy-version': '0.60.0', 'trivy-sha256': '0.61.0' },
      { outcome: 'refused', message: expect.stringContaining('trivy-sha256') },
    ],
    ['other bytes, as pinned', TRIVY_VERSION, { 'trivy-sha256': '0.61.0' }, { outcome: 'refused' }],
    [
      'a fresh release',
      '0.73.0',
      { 'trivy-version': '0.73.0', 'trivy-sha256': '0.73.0' },
      { outcome: 'refused', message: expect.stringContaining('less than 7 days ago') },
    ],
    [
      'a version that was never released',
      '9.9.9',
      { 'trivy-version': '9.9.9', 'trivy-sha256': '9.9.9' },
      { outcome: 'unavailable', message: expect.stringContaining('no release v9.9.9') },
    ],
  ])('of %s is not', async (_, version, choice, error) => {
    writeProgram('own/trivy', version);
    const sha256 = choice['trivy-sha256'] && hashOf(choice['trivy-sha256']);
    const given = { ...choice, 'trivy-path': 'own/trivy', 'trivy-sha256': sha256, 'github-token': token };
    await expect(find(given)).rejects.toMatchObject(error);
  });

  it('with other bytes than its sha256 is not even asked for its version', async () => {
    const ran = join(folder, 'ran');
    writeFileSync(writeProgram('own/trivy', TRIVY_VERSION), `#!/bin/sh\ntouch ${ran}\n`);
    await expect(
      find({ 'trivy-path': 'own/trivy', 'trivy-sha256': hashOf(TRIVY_VERSION) }),
    ).rejects.toMatchObject({ outcome: 'refused' });
    expect(existsSync(ran)).toBe(false);
  });

  it('where nothing is, is invalid', async () => {
    await expect(find({ 'trivy-path': 'nowhere' })).rejects.toMatchObject({
      outcome: 'invalid',
      input: 'trivy-path',
    });
  });
});

it('takes the first Trivy on PATH that has the version, and runs none that stands in a relative entry', async () => {
  writeProgram('old/trivy', '0.60.0');
  const path = writeProgram('new/trivy', TRIVY_VERSION);
  expect(await find({}, `bin:${join(folder, 'old')}:${join(folder, 'new')}`)).toBe(path);
});

it.each([
  ['0.71.0', undefined, { outcome: 'invalid', input: 'trivy-sha256' }],
  ['0.69.6', 'ab', { outcome: 'refused' }],
  ['0.73.0', 'ab', { outcome: 'refused' }],
])('trivy-version %s with the sha256 %s is not installed', async (wanted, sha256, error) => {
  const given = { 'trivy-version': wanted, 'trivy-sha256': sha256, 'github-token': token };
  await expect(find(given)).rejects.toMatchObject(error);
});

it('another version is fetched from the same place, by the sha256 that was given', () => {
  expect(releaseArchive('linux', 'x64', { version: '0.71.0', sha256: 'ab' })).toEqual({
    name: 'trivy_0.71.0_Linux-64bit.tar.gz',
    url: 'https://github.com/aquasecurity/trivy/releases/download/v0.71.0/trivy_0.71.0_Linux-64bit.tar.gz',
    sha256: 'ab',
  });
});

it.each([
  ['linux', 'x64', 'trivy_0.72.0_Linux-64bit.tar.gz'],
  ['linux', 'arm64', 'trivy_0.72.0_Linux-ARM64.tar.gz'],
  ['darwin', 'x64', 'trivy_0.72.0_macOS-64bit.tar.gz'],
  ['darwin', 'arm64', 'trivy_0.72.0_macOS-ARM64.tar.gz'],
  ['win32', 'x64', undefined],
])('the release for %s on %s is %s', (platform, architecture, name) => {
  expect(releaseArchive(platform, architecture)?.name).toBe(name);
});

describe('a release', () => {
  let archive: Buffer;
  let answer: { status: number; body: Buffer };
  let asked = 0;
  const server = createServer((_, response) => {
    asked += 1;
    if (answer.status > 0) response.writeHead(answer.status).end(answer.body);
  });
  beforeAll(async () => {
    const tar = pack();
    tar.entry({ name: 'trivy' }, 'program');
    tar.finalize();
    archive = gzipSync(await buffer(tar));
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    asked = 0;
    answer = { status: 200, body: archive };
  });

  const install = (): Promise<string> => {
    const { port } = server.address() as AddressInfo;
    const sha256 = hash(archive);
    const release: ReleaseArchive = {
      name: 'trivy.tar.gz',
      url: `http://127.0.0.1:${port}/trivy.tar.gz`,
      sha256,
    };
    const options = { cache: join(folder, 'cache'), deadline: AbortSignal.timeout(10_000), patience: 300 };
    return installRelease(release, mkdtempSync(join(folder, 'unpacked-')), options);
  };

  it('is downloaded once, and from then on taken from the tool cache', async () => {
    for (let times = 0; times < 2; times += 1) expect(readFileSync(await install(), 'utf8')).toBe('program');
    expect(asked).toBe(1);
  });

  it('that was changed in the tool cache is downloaded again', async () => {
    await install();
    writeFileSync(join(folder, 'cache', 'trivy.tar.gz'), 'another');
    expect(readFileSync(await install(), 'utf8')).toBe('program');
    expect(asked).toBe(2);
  });

  it.each<[string, number, string, string]>([
    ['has other bytes', 200, 'something else', 'refused'],
    ['is not there', 404, 'no', 'unavailable'],
    ['does not answer', 0, '', 'unavailable'],
  ])('that %s is not unpacked', async (_, status, body, outcome) => {
    answer = { status, body: Buffer.from(body) };
    await expect(install()).rejects.toMatchObject({ outcome });
  });
});
