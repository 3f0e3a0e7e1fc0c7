import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RunContext } from '../../shared/github/context.ts';
import { loadPolicy } from '../../shared/github/policy.ts';
import { Failure } from '../../shared/outcome/outcome.ts';
import { digestOf } from '../../shared/store/hash.ts';
import { type GithubStub, startGithub } from '../servers/github.ts';

const policy = (id: number): string => `version: 1
repository-id: ${id}
trust: { builder: [{ signer-workflow: octo/app/.github/workflows/release.yml }] }
environments: { staging: { repository: ghcr.io/octo/app-staging, rules: [signed] } }
`;

const exceptions = (finding: string): string =>
  `version: 1\nexceptions: [{ finding: ${finding}, scope: { package: a }, owner: b, reason: c, until: ${new Date(Date.now() + 86_400_000).toISOString().slice(0, 10)} }]\n`;

let github: GithubStub;
let first: string;
let head: string;
let fork: string;
let central: string;

beforeAll(async () => {
  const repository = { defaultBranch: 'main', files: { '.github/hallmark.yml': policy(1) } };
  github = await startGithub({
    repositories: [
      { ...repository, name: 'octo/app', id: 1 },
      {
        ...repository,
        name: 'octo/policies',
        id: 2,
        rules: ['deletion', 'update'],
        protected: false,
        defaultBranch: 'release/x',
      },
      { ...repository, name: 'octo/open', id: 3, protected: false },
      { ...repository, name: 'octo/kept', id: 4, protected: false, rules: ['deletion'] },
    ],
  });
  first = github.commit('octo/app', { '.github/hallmark.yml': policy(11) });
  head = github.commit('octo/app', {
    '.github/hallmark.yml': policy(12),
    'bad.yml': policy(12).replace('rules:', 'rulez:'),
    'huge.yml': `# ${'x'.repeat(1_100_000)}`,
    'rooted.yml': `${policy(12)}trusted-root: roots/own.json\n`,
    'roots/own.json': '{"mediaType":"x"}',
    'rootless.yml': `${policy(12)}trusted-root: roots/none.json\n`,
  });
  central = github.commit('octo/policies', {
    'base.yml':
      'version: 1\nallow: [trust.builder]\nkeys: [base.pub]\nexceptions: base-exceptions.yml\nenvironments: { staging: { rules: [signed] } }\n',
    'base.pub': 'central key',
    'base-exceptions.yml': exceptions('CVE-1'),
  });
  const local = (base: string, more = ''): string =>
    `${policy(12).replace('version: 1', `version: 1\nextends: ${base}`)}${more}`;
  head = github.commit('octo/app', {
    'local.yml': local(`octo/policies/base.yml@${central}`, 'keys: [own.pub]\n'),
    'own.pub': 'own key',
    '.github/hallmark-exceptions.yml': exceptions('CVE-2'),
    'loose.yml': local(`octo/policies/base.yml@${central}`, 'trusted-root: roots/own.json\n'),
    'open.yml': local(`octo/open/.github/hallmark.yml@${'0'.repeat(40)}`),
    'forked.yml': local(
      `octo/policies/base.yml@${github.commitInFork('octo/policies', { 'base.yml': policy(1) })}`,
    ),
    'gone.yml': local(`octo/policies/none.yml@${central}`),
    'closed.yml': local(`octo/policies/.github/hallmark.yml@${central}`),
  });
  fork = github.commitInFork('octo/app', { '.github/hallmark.yml': policy(666) });
});
afterAll(() => github.close());
beforeEach(() => {
  github.requests.length = 0;
});

function contextOf(changes: Partial<RunContext> = {}): RunContext {
  const log = {
    info() {},
    notice() {},
    warning() {},
    mask() {},
    group: (_: string, work: () => unknown) => work(),
  };
  return {
    repository: 'octo/app',
    apiUrl: github.url,
    serverUrl: 'https://github.com',
    deadline: AbortSignal.timeout(30_000),
    log,
    ...changes,
  } as unknown as RunContext;
}
const load = (reference?: string, token = github.token, context = contextOf()) =>
  loadPolicy(reference, { 'github-token': token }, context);

async function failureOf(work: Promise<unknown>): Promise<Failure> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof Failure) return error;
  throw new Error(`no failure, but ${error}`);
}

describe('a policy', () => {
  test('in this repository is read at the head of the default branch', async () => {
    const loaded = await load('.github/hallmark.yml');
    expect(loaded.file['repository-id']).toBe('12');
    expect(loaded.uri).toBe(`octo/app/.github/hallmark.yml@${head}`);
    expect(loaded.address).toBe(`https://github.com/${loaded.uri}`);
    expect(loaded.bytes.toString()).toBe(policy(12));
    expect(loaded.digest).toBe(digestOf(policy(12)));
    expect(loaded.trustedRoot).toBeUndefined();
  });

  test('is read at an older commit that the default branch reaches', async () => {
    const loaded = await load(`octo/app/.github/hallmark.yml@${first}`);
    expect(loaded.file['repository-id']).toBe('11');
    expect(loaded.uri).toBe(`octo/app/.github/hallmark.yml@${first}`);
  });

  test('may stand on a branch that a ruleset protects, in another repository', async () => {
    const other = github.commit('octo/policies', {});
    expect((await load(`octo/policies/.github/hallmark.yml@${other}`)).file['repository-id']).toBe('1');
  });

  test('brings its trusted root along, from the same commit', async () => {
    expect((await load('rooted.yml')).trustedRoot).toBe('{"mediaType":"x"}');
  });

  test('stands on a central one, whose files lie beside that', async () => {
    const loaded = await load('local.yml');
    expect(loaded.uri).toBe(`octo/app/local.yml@${head}`);
    expect(loaded.central).toMatchObject({ file: 'octo/policies/base.yml' });
    expect(loaded.keys).toEqual(['central key', 'own key']);
    expect(loaded.exceptions.map(({ finding }) => finding)).toEqual(['CVE-1']);
    expect(loaded.file.environments.staging).toMatchObject({ rules: ['signed'] });
  });

  test('is found though GitHub stumbles', async () => {
    github.fail('repos/get', 502);
    github.fail('repos/get-content', 500, 2);
    expect((await load('.github/hallmark.yml')).file['repository-id']).toBe('12');
  });

  test('is waited for when GitHub says how long', async () => {
    github.fail('repos/get-branch', 429, 1, { 'retry-after': '1' });
    const started = Date.now();
    expect((await load('.github/hallmark.yml')).file['repository-id']).toBe('12');
    expect(Date.now() - started).toBeGreaterThan(900);
  });
});

describe('no policy comes of', () => {
  test.each<[name: string, reference: () => string | undefined, outcome: string, message: string]>([
    ['no reference', () => undefined, 'refused', 'without one nothing is allowed'],
    [
      "a fork's commit",
      () => `octo/app/.github/hallmark.yml@${fork}`,
      'refused',
      'fork commits answer to a SHA too',
    ],
    [
      'a commit that does not exist',
      () => `octo/app/.github/hallmark.yml@${'0'.repeat(40)}`,
      'refused',
      'is not reachable',
    ],
    [
      'an open branch',
      () => `octo/open/.github/hallmark.yml@${'0'.repeat(40)}`,
      'refused',
      'is not protected',
    ],
    [
      'a branch that is only kept from deletion',
      () => `octo/kept/.github/hallmark.yml@${'0'.repeat(40)}`,
      'refused',
      'is not protected',
    ],
    ["a branch's name", () => 'octo/app/.github/hallmark.yml@main', 'invalid', 'is no commit'],
    ['a short commit', () => `octo/app/.github/hallmark.yml@${head.slice(0, 12)}`, 'invalid', 'is no commit'],
    ['a path out of the repository', () => '../other/hallmark.yml', 'invalid', 'is no place of a policy'],
    ['an owner that leads elsewhere', () => `../user/a.yml@${head}`, 'invalid', 'is no place of a policy'],
    ['a path with nothing in it', () => 'a//b.yml', 'invalid', 'is no place of a policy'],
    ['a repository without path', () => `octo/app@${head}`, 'invalid', 'is no place of a policy'],
    [
      'a file that is not there',
      () => 'missing.yml',
      'invalid',
      `there is no octo/app/missing.yml at commit`,
    ],
    [
      'a repository that is not there',
      () => `octo/none/x.yml@${head}`,
      'invalid',
      'there is no repository octo/none',
    ],
    ['a central policy on a branch that is not protected', () => 'open.yml', 'refused', 'is not protected'],
    ['a central policy of a fork', () => 'forked.yml', 'refused', 'is not reachable'],
    ['a central policy that is not there', () => 'gone.yml', 'invalid', 'there is no octo/policies/none.yml'],
    ['a central policy that nobody may extend', () => 'closed.yml', 'invalid', 'it has no "allow"'],
    [
      'a local policy that loosens the central one',
      () => 'loose.yml',
      'invalid',
      'octo/app/loose.yml:6:15: loosens the central policy',
    ],
    ['a file with a fault', () => 'bad.yml', 'invalid', 'octo/app/bad.yml:4:66: unknown key "rulez"'],
    ['a file that is too large', () => 'huge.yml', 'invalid', 'is larger than 1 MB'],
    [
      'a trusted root that is not there',
      () => 'rootless.yml',
      'invalid',
      'there is no octo/app/roots/none.json',
    ],
  ])('%s', async (_, reference, outcome, message) => {
    const failure = await failureOf(load(reference()));
    expect(failure.message).toContain(message);
    expect(failure.outcome).toBe(outcome);
  });

  test.each<[name: string, operation: string, status: number, outcome: string, message: string]>([
    ['GitHub being down', 'repos/get', 503, 'unavailable', 'gave no answer'],
    ['a token without permission', 'repos/get-content', 403, 'invalid', 'may not read this'],
    ['a comparison that fails', 'repos/compare-commits-with-basehead', 500, 'unavailable', 'gave no answer'],
    [
      'a comparison that is not found',
      'repos/compare-commits-with-basehead',
      404,
      'refused',
      'is not reachable',
    ],
  ])(
    '%s',
    async (_, operation, status, outcome, message) => {
      github.fail(operation, status, 5);
      const failure = await failureOf(load(`octo/app/.github/hallmark.yml@${first}`));
      expect(failure.message).toContain(message);
      expect(failure.outcome).toBe(outcome);
      github.clearFaults();
    },
    20_000,
  );

  test('a token that GitHub does not know', async () => {
    const failure = await failureOf(load('.github/hallmark.yml', 'ghs_other'));
    expect(failure).toMatchObject({ outcome: 'invalid', input: 'github-token' });
  });

  test('no token', async () => {
    const failure = await failureOf(loadPolicy('.github/hallmark.yml', {}, contextOf()));
    expect(failure).toMatchObject({ outcome: 'invalid', input: 'github-token' });
  });

  test('nobody listening', async () => {
    const failure = await failureOf(
      load('.github/hallmark.yml', 'x', contextOf({ apiUrl: 'http://127.0.0.1:9' })),
    );
    expect(failure.outcome).toBe('unavailable');
  }, 20_000);

  test('a deadline that passes while GitHub is waited for', async () => {
    github.fail('repos/get', 429, 1, { 'retry-after': '30' });
    const started = Date.now();
    const failure = await failureOf(
      load('.github/hallmark.yml', github.token, contextOf({ deadline: AbortSignal.timeout(300) })),
    );
    expect(failure.outcome).toBe('unavailable');
    expect(Date.now() - started).toBeLessThan(5000);
    github.clearFaults();
  });
});

test('nothing is asked of GitHub but to read', async () => {
  await load(`octo/app/.github/hallmark.yml@${first}`);
  expect(github.requests.map(({ method, status }) => `${method} ${status}`)).toEqual([
    'GET 200',
    'GET 200',
    'GET 200',
    'GET 200',
    // No file of exceptions.
    'GET 404',
  ]);
});
