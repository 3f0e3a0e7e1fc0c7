import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openGithub } from '../../shared/github/api.ts';
import { readApprovals } from '../../shared/github/approvals.ts';
import type { RunContext } from '../../shared/github/context.ts';
import { parseDigest } from '../../shared/image/digest.ts';
import { type GithubStub, startGithub } from '../servers/github.ts';
import type { StubMerge, StubRunReview } from '../servers/github-reviews.ts';

const DIGEST = parseDigest(`sha256:${'ab12'.repeat(16)}`);
const COMMIT = 'c'.repeat(40);
const HEAD = 'd'.repeat(40);

let github: GithubStub;
beforeAll(async () => {
  github = await startGithub({
    repositories: [{ name: 'octo/app', id: 1, defaultBranch: 'main', files: {} }],
  });
  Object.assign(github.reviews.permissions, {
    hubot: 'write',
    admin: 'admin',
    reader: 'read',
    mona: 'admin',
  });
});
afterAll(() => github.close());
beforeEach(() => {
  github.reviews.runs.length = 0;
  github.reviews.merges.length = 0;
});

/** A run by mona. */
const context = (): RunContext =>
  ({
    apiUrl: github.url,
    serverUrl: 'https://github.com',
    repository: 'octo/app',
    runId: '7',
    actor: 'mona',
    deadline: AbortSignal.timeout(20_000),
    log: {
      info() {},
      notice() {},
      warning() {},
      mask() {},
      group: (_: string, work: () => unknown) => work(),
    },
  }) as unknown as RunContext;

const source = { repository: 'https://github.com/octo/app', commit: COMMIT };

async function read(about: Partial<Parameters<typeof readApprovals>[1]> = {}) {
  const opened = await openGithub(github.token, context());
  const asked = { digest: DIGEST, environment: 'prod', source, ...about };
  const { approvals, discounted } = await readApprovals(opened, asked, context());
  return { by: approvals.map(({ by, how }) => `${by} ${how}`), discounted: discounted.join('\n') };
}

const run = (given: Partial<StubRunReview>): StubRunReview => ({
  run: 7,
  environment: 'prod',
  login: 'hubot',
  comment: `ship ${DIGEST}, please`,
  ...given,
});

test.each<[string, Partial<StubRunReview>, string[], string]>([
  ['with the digest in the comment', {}, ['hubot run'], ''],
  ['with the digest alone', { comment: DIGEST }, ['hubot run'], ''],
  ['without a comment', { comment: '' }, [], 'does not name the digest'],
  ['of another digest', { comment: `sha256:${'c'.repeat(64)}` }, [], 'does not name the digest'],
  [
    'of a digest that begins alike',
    { comment: `sha256:ab12ab12ab12${'c'.repeat(52)}` },
    [],
    'does not name the digest',
  ],
  ['of a part of the digest', { comment: 'sha256:ab12ab12ab12' }, [], 'does not name the digest'],
  ['of a longer digest', { comment: `${DIGEST}ab` }, [], 'does not name the digest'],
  ['of another algorithm', { comment: DIGEST.replace('sha256', 'sha512') }, [], 'does not name the digest'],
  ['for another environment', { environment: 'staging' }, [], ''],
  ['of another run', { run: 8 }, [], ''],
  ['by the one who started the run', { login: 'Mona' }, [], 'is of the one who started it'],
  ['by a machine', { login: 'helper[bot]' }, [], 'is of no person'],
  ['that was a rejection', { state: 'rejected' }, [], ''],
])('an approval of the run %s', async (_, given, by, discounted) => {
  github.reviews.runs.push(run(given));
  const found = await read();
  expect(found.by).toEqual(by);
  expect(found.discounted).toContain(discounted);
});

const merge = (given: Partial<StubMerge> = {}): StubMerge => ({
  number: 5,
  author: 'octocat',
  head: HEAD,
  commit: COMMIT,
  commits: [{ sha: 'e'.repeat(40), author: 'octocat' }],
  reviews: [{ login: 'hubot', state: 'APPROVED', commit: HEAD }],
  ...given,
});
const review = (given: Partial<StubMerge['reviews'][number]>) => ({
  reviews: [{ login: 'hubot', state: 'APPROVED', commit: HEAD, ...given }],
});

test.each<[string, Partial<StubMerge>, string[], string]>([
  ['of the final head, by one who may write', {}, ['hubot review'], ''],
  ['by an administrator', review({ login: 'admin' }), ['admin review'], ''],
  ['by one who may only read', review({ login: 'reader' }), [], 'may not write'],
  ['by a stranger', review({ login: 'stranger' }), [], 'may not write'],
  ['of an older head', review({ commit: 'f'.repeat(40) }), [], 'is not of its final head'],
  ['that asked for changes', review({ state: 'CHANGES_REQUESTED' }), [], ''],
  ['that was dismissed', review({ state: 'DISMISSED' }), [], ''],
  ['by a machine', review({ bot: true }), [], 'is of no person'],
  ['by the author', review({ login: 'octocat' }), [], 'wrote some of it'],
  [
    'by one who wrote a commit',
    { commits: [{ sha: 'e'.repeat(40), author: 'hubot' }] },
    [],
    'wrote some of it',
  ],
  [
    'with a commit of nobody known',
    { commits: [{ sha: 'e'.repeat(40), author: null }] },
    [],
    'nobody knows whose',
  ],
  [
    'with a committer of nobody known',
    { commits: [{ sha: 'e'.repeat(40), author: 'octocat', committer: null }] },
    [],
    'nobody knows whose',
  ],
  [
    'by one who committed under another name',
    { commits: [{ sha: 'e'.repeat(40), author: 'octocat', committer: 'hubot' }] },
    [],
    'wrote some of it',
  ],
  [
    'with more reviews than are read',
    { reviews: Array.from({ length: 1001 }, () => ({ login: 'hubot', state: 'APPROVED', commit: HEAD })) },
    [],
    'more reviews than are read',
  ],
  ['by the one who started the run', review({ login: 'mona' }), [], 'started this run'],
  ['of a pull request that is open', { commit: null, head: COMMIT }, [], 'no pull request was merged as'],
  [
    'of a pull request that only holds the commit',
    { commit: 'a'.repeat(40), head: COMMIT },
    [],
    'no pull request was merged as',
  ],
  [
    'taken back by a later one',
    {
      reviews: [
        { login: 'hubot', state: 'APPROVED', commit: HEAD },
        { login: 'hubot', state: 'CHANGES_REQUESTED', commit: HEAD },
      ],
    },
    [],
    '',
  ],
  [
    'and a comment after it, which takes nothing back',
    {
      reviews: [
        { login: 'hubot', state: 'APPROVED', commit: HEAD },
        { login: 'hubot', state: 'COMMENTED', commit: HEAD },
      ],
    },
    ['hubot review'],
    '',
  ],
  [
    'by a second one too',
    {
      reviews: [
        { login: 'hubot', state: 'APPROVED', commit: HEAD },
        { login: 'admin', state: 'APPROVED', commit: HEAD },
      ],
    },
    ['hubot review', 'admin review'],
    '',
  ],
  [
    'with more commits than GitHub lists',
    {
      commits: Array.from({ length: 250 }, (_, at) => ({
        sha: String(at).padStart(40, '0'),
        author: 'octocat',
      })),
    },
    [],
    'more commits than GitHub lists',
  ],
])('a review %s', async (_, given, by, discounted) => {
  github.reviews.merges.push(merge(given));
  const found = await read();
  expect(found.by).toEqual(by);
  expect(found.discounted).toContain(discounted);
});

test('no provenance: no review of a pull request counts', async () => {
  github.reviews.merges.push(merge());
  const found = await read({ source: undefined });
  expect(found.by).toEqual([]);
  expect(found.discounted).toContain('no verified provenance');
});

test('a source on another server has no reviews here', async () => {
  github.reviews.merges.push(merge());
  expect((await read({ source: { ...source, repository: 'https://github.example/octo/app' } })).by).toEqual(
    [],
  );
});

test('GitHub down is unavailable, not nobody', async () => {
  github.fail('actions/get-reviews-for-run', 500, 4);
  await expect(read()).rejects.toMatchObject({ outcome: 'unavailable' });
  github.clearFaults();
});

test('a job that may not read is told what to add', async () => {
  const token = github.issueToken({ contents: 'read', 'pull-requests': 'read' });
  const opened = await openGithub(token, context());
  const asked = readApprovals(opened, { digest: DIGEST, environment: 'prod', source }, context());
  await expect(asked).rejects.toMatchObject({
    outcome: 'invalid',
    hint: expect.stringContaining('actions: read'),
  });
});
