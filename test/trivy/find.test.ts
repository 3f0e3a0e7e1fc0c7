import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

/** A program that only says which version of Trivy it is. */
function writeProgram(path: string, version: string): string {
  const file = join(folder, path);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, `#!/bin/sh\necho "Version: ${version}"\n`);
  chmodSync(file, 0o755);
  return file;
}

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
    toolCache: undefined,
    log,
    deadline: AbortSignal.timeout(10_000),
  };
  return findTrivy(choice, context as unknown as RunContext, join(folder, 'program'));
}

describe('trivy-path', () => {
  it.each([
    ['as wanted by default', TRIVY_VERSION, undefined],
    ['as wanted by trivy-version', '0.60.0', '0.60.0'],
  ])('%s is taken', async (_, version, wanted) => {
    const path = writeProgram('own/trivy', version);
    expect(await find({ 'trivy-path': 'own/trivy', 'trivy-version': wanted })).toBe(path);
  });

  it.each<[string, string, string | undefined, object]>([
    ['another version', '0.71.0', undefined, { outcome: 'invalid', input: 'trivy-path' }],
    ['no version', '', undefined, { outcome: 'unavailable' }],
    ['a malicious version', '0.69.4', undefined, { outcome: 'refused' }],
    ['a malicious version that is asked for', '0.69.5', '0.69.5', { outcome: 'refused' }],
  ])('of %s is not', async (_, version, wanted, error) => {
    writeProgram('own/trivy', version);
    await expect(find({ 'trivy-path': 'own/trivy', 'trivy-version': wanted })).rejects.toMatchObject(error);
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
  ['0.71.0', { outcome: 'invalid', input: 'trivy-version' }],
  ['0.69.6', { outcome: 'refused' }],
])('trivy-version %s without trivy-path is not installed', async (wanted, error) => {
  await expect(find({ 'trivy-version': wanted })).rejects.toMatchObject(error);
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
    const sha256 = createHash('sha256').update(archive).digest('hex');
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
