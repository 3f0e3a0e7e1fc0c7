import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunContext } from '../../shared/github/context.ts';
import { loadExceptions, loadPolicy } from '../../shared/github/policy.ts';
import { type GithubStub, startGithub } from '../servers/github.ts';

const FILE = '.github/hallmark-exceptions.yml';
const days = (ahead: number): string => new Date(Date.now() + ahead * 86_400_000).toISOString().slice(0, 10);
const exceptions = (finding: string, until = days(30)): string =>
  `version: 1\nexceptions: [{ finding: ${finding}, scope: { package: a }, owner: b, reason: c, until: ${until} }]\n`;
const policy = (more = ''): string => `version: 1
repository-id: 1
trust: { builder: [{ signer-workflow: octo/app/.github/workflows/release.yml }] }
environments: { staging: { repository: ghcr.io/octo/app-staging, rules: [signed] } }
${more}`;

let github: GithubStub;
let old: string;

beforeAll(async () => {
  github = await startGithub({
    repositories: [
      { name: 'octo/app', id: 1, defaultBranch: 'main', files: { 'policy.yml': policy() } },
      {
        name: 'octo/ruled',
        id: 2,
        defaultBranch: 'main',
        protected: false,
        rules: ['update'],
        files: { [FILE]: exceptions('CVE-2') },
      },
      {
        name: 'octo/open',
        id: 3,
        defaultBranch: 'main',
        protected: false,
        files: { [FILE]: exceptions('CVE-3') },
      },
      { name: 'octo/none', id: 4, defaultBranch: 'main', files: { 'README.md': '' } },
      {
        name: 'octo/faulty',
        id: 5,
        defaultBranch: 'main',
        files: { [FILE]: exceptions('CVE-5', days(100)) },
      },
    ],
  });
  old = github.commit('octo/app', { [FILE]: exceptions('CVE-1') });
  github.commit('octo/app', {
    [FILE]: exceptions('CVE-9'),
    'security/exceptions.yml': exceptions('CVE-8', days(100)),
    'elsewhere.yml': policy('exceptions: security/exceptions.yml\nmax-exception-days: 120\n'),
    'missing.yml': policy('exceptions: security/nothing.yml\n'),
    'short.yml': policy('max-exception-days: 7\n'),
  });
  github.commitInFork('octo/app', { [FILE]: exceptions('CVE-666') });
});
afterAll(() => github.close());

function contextOf(repository: string | undefined): RunContext {
  const log = {
    info() {},
    notice() {},
    warning() {},
    mask() {},
    group: (_: string, work: () => unknown) => work(),
  };
  return {
    repository,
    apiUrl: github.url,
    serverUrl: 'https://github.com',
    deadline: AbortSignal.timeout(30_000),
    log,
  } as unknown as RunContext;
}

describe('exceptions of a repository count', () => {
  it.each<[string, string | undefined, string[], string]>([
    ['from the head of its protected branch', 'octo/app', ['CVE-9'], ''],
    ['on a branch that a ruleset protects', 'octo/ruled', ['CVE-2'], ''],
    ['not on one that nothing protects', 'octo/open', [], 'the branch main is not protected'],
    ['when there are any', 'octo/none', [], ''],
    ['not of a repository that the token may not see', 'octo/nowhere', [], 'the token may not read'],
    ['not where there is no repository', undefined, [], 'nothing says which repository'],
  ])('%s', async (_, repository, found, reason) => {
    const loaded = await loadExceptions({ 'github-token': github.token }, contextOf(repository));
    expect(loaded.exceptions.map(({ finding }) => finding)).toEqual(found);
    expect(loaded.reason).toContain(reason);
    expect(loaded.reason === '').toBe(reason === '');
  });

  it('and a faulty file is invalid', async () => {
    await expect(
      loadExceptions({ 'github-token': github.token }, contextOf('octo/faulty')),
    ).rejects.toMatchObject({
      outcome: 'invalid',
      message: expect.stringMatching(/hallmark-exceptions\.yml:2:\d+: is more than 90 days from now/),
    });
  });
});

describe('exceptions of a policy are read', () => {
  const load = (reference: string) =>
    loadPolicy(reference, { 'github-token': github.token }, contextOf('octo/app'));

  it.each<[string, () => string, string[]]>([
    ['beside it', () => 'policy.yml', ['CVE-9']],
    ['at its commit', () => `octo/app/policy.yml@${old}`, ['CVE-1']],
    ['where it says, with an end as far away as it says', () => 'elsewhere.yml', ['CVE-8']],
  ])('%s', async (_, reference, found) => {
    expect((await load(reference())).exceptions.map(({ finding }) => finding)).toEqual(found);
  });

  it.each([
    ['a file that it names and that is not there', 'missing.yml', /there is no .*security\/nothing\.yml/],
    ['an end further away than it allows', 'short.yml', /more than 7 days from now/],
  ])('%s is invalid', async (_, reference, message) => {
    await expect(load(reference)).rejects.toMatchObject({
      outcome: 'invalid',
      message: expect.stringMatching(message),
    });
  });
});
