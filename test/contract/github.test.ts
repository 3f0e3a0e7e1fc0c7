import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type GithubStub, startGithub } from '../servers/github.ts';
import type { Permissions } from '../servers/github-reports.ts';

/*
 * The stub answers only what GitHub's own OpenAPI description allows: it checks each request and each of its answers
 * against it (a lie would be a 500). Here every operation and every way to fail that shared/github/ relies on is asked for once.
 */

let github: GithubStub;
let first: string;
let head: string;
let fork: string;

beforeAll(async () => {
  github = await startGithub({
    repositories: [
      { name: 'octo/app', id: 7, defaultBranch: 'main', private: true, files: { 'a/b.yml': 'x: 1' } },
      {
        name: 'octo/ruled',
        id: 8,
        defaultBranch: 'trunk',
        protected: false,
        rules: ['update', 'deletion'],
        files: {},
      },
    ],
  });
  first = github.commit('octo/app', { 'a/b.yml': 'x: 2' });
  head = github.commit('octo/app', { 'big.bin': 'x'.repeat(1_000_001) });
  fork = github.commitInFork('octo/app', { 'a/b.yml': 'x: 666' });
});
afterAll(() => github.close());

async function ask(path: string, token = github.token): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(`${github.url}${path}`, { headers: { authorization: `token ${token}` } });
  return { status: answer.status, body: await answer.json() };
}

describe('the stub of GitHub', () => {
  test.each<[path: () => string, status: number, body: object]>([
    [() => '/repos/octo/app', 200, { id: 7, full_name: 'octo/app', default_branch: 'main', private: true }],
    [() => '/repos/octo/none', 404, { message: 'Not Found' }],
    [
      () => '/repos/octo/app/branches/main',
      200,
      { name: 'main', protected: true, commit: { sha: expect.stringMatching(/^[0-9a-f]{40}$/) } },
    ],
    [() => '/repos/octo/ruled/branches/trunk', 200, { protected: false }],
    [() => '/repos/octo/app/branches/none', 404, {}],
    [() => '/repos/octo/app/rules/branches/main', 200, []],
    [() => '/repos/octo/ruled/rules/branches/trunk', 200, [{ type: 'update' }, { type: 'deletion' }]],
    [() => `/repos/octo/app/compare/main...${head}`, 200, { status: 'identical' }],
    [() => `/repos/octo/app/compare/main...${first}`, 200, { status: 'behind' }],
    [() => `/repos/octo/app/compare/main...${fork}`, 200, { status: 'ahead' }],
    [() => `/repos/octo/app/compare/${fork}...${head}`, 200, { status: 'behind' }],
    [() => `/repos/octo/app/compare/main...${'0'.repeat(40)}`, 404, {}],
    [
      () => '/repos/octo/app/contents/a%2Fb.yml',
      200,
      { type: 'file', encoding: 'base64', content: 'eDogMg==' },
    ],
    [() => `/repos/octo/app/contents/a%2Fb.yml?ref=${fork}`, 200, { content: 'eDogNjY2' }],
    [() => '/repos/octo/app/contents/big.bin', 200, { encoding: 'none', content: '', size: 1_000_001 }],
    [() => '/repos/octo/app/contents/none.yml', 404, {}],
    [() => '/repos/octo/app/milestones', 404, {}],
  ])('case %#', async (path, status, body) => {
    const answer = await ask(path());
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject(body);
  });

  test('lists the attestations of a digest, by address only where told so', async () => {
    const payload = (hex: string): string =>
      Buffer.from(JSON.stringify({ subject: [{ digest: { sha256: hex } }] })).toString('base64');
    const [one, other] = ['a', 'b'].map((hex) => ({ dsseEnvelope: { payload: payload(hex) } }));
    github.attestations.push(one, other);
    const path = `/repos/octo/app/attestations/${encodeURIComponent('sha256:b')}`;
    expect((await ask(path)).body).toMatchObject({ attestations: [{ bundle: other, repository_id: 7 }] });
    github.bundlesElsewhere = true;
    expect(Object.keys(((await ask(path)).body as { attestations: object[] }).attestations[0] ?? {})).toEqual(
      ['bundle_url', 'repository_id'],
    );
    expect((await ask(path.replace('%3Ab', '%3Ac'))).status).toBe(404);
  });

  test('knows one token', async () => {
    expect((await ask('/repos/octo/app', 'other')).status).toBe(401);
  });

  test('fails as often as it is told', async () => {
    github.fail('repos/get', 503, 2);
    const statuses = [];
    for (let at = 0; at < 3; at += 1) statuses.push((await ask('/repos/octo/app')).status);
    expect(statuses).toEqual([503, 503, 200]);
  });
});

/** Every operation that reports use, with the least that lets it through. */
const OPERATIONS: readonly [
  method: string,
  path: string,
  body: object | undefined,
  permissions: Permissions,
][] = [
  ['GET', '/repos/octo/app/pulls', undefined, { 'pull-requests': 'read' }],
  ['GET', '/repos/octo/app/pulls/5', undefined, { 'pull-requests': 'read' }],
  ['GET', '/repos/octo/app/issues/5/comments', undefined, { 'pull-requests': 'read' }],
  ['POST', '/repos/octo/app/issues/5/comments', { body: 'x' }, { 'pull-requests': 'write' }],
  ['PATCH', '/repos/octo/app/issues/comments/1', { body: 'x' }, { issues: 'write' }],
  ['DELETE', '/repos/octo/app/issues/comments/1', undefined, { issues: 'write' }],
  [
    'POST',
    '/repos/octo/app/check-runs',
    {
      name: 'x',
      head_sha: 'x',
      status: 'completed',
      conclusion: 'neutral',
      output: { title: 'x', summary: 'x' },
    },
    { checks: 'write' },
  ],
  [
    'PATCH',
    '/repos/octo/app/check-runs/3',
    { output: { summary: 'x', annotations: [] } },
    { checks: 'write' },
  ],
  [
    'POST',
    '/repos/octo/app/code-scanning/sarifs',
    { commit_sha: 'a'.repeat(40), ref: 'refs/heads/main', sarif: gzipSync('{}').toString('base64') },
    { 'security-events': 'write' },
  ],
  ['GET', '/repos/octo/app/code-scanning/sarifs/x', undefined, { 'security-events': 'read' }],
  ['GET', '/repos/octo/app/actions/runs/7/artifacts', undefined, { actions: 'read' }],
  ['GET', '/repos/octo/app/actions/artifacts/9/zip', undefined, { actions: 'read' }],
  ['GET', '/orgs/octo/packages/container/app/versions?per_page=100', undefined, { packages: 'read' }],
  ['GET', '/users/mona/packages/container/app/versions?per_page=100', undefined, { packages: 'read' }],
  ['DELETE', '/orgs/octo/packages/container/app/versions/1', undefined, { packages: 'write' }],
  ['DELETE', '/users/mona/packages/container/app/versions/1', undefined, { packages: 'write' }],
];

describe('a token of a job', () => {
  beforeEach(() => {
    const { pulls, comments, checks, artifacts } = github.reports;
    for (const list of [pulls, comments, checks, artifacts]) list.length = 0;
    pulls.push({ number: 5, head: { sha: 'x', ref: 'x', owner: 'x', repositoryId: 1 } });
    comments.push({ id: 1, issue: 5, login: 'x', body: 'x' });
    checks.push({
      id: 3,
      name: 'x',
      head_sha: 'x',
      conclusion: 'neutral',
      output: { title: '', summary: '' },
      annotations: [],
    });
    const version = { id: 1, name: 'sha256:0', tags: ['v1'], created_at: '2026-11-21T00:00:00Z' };
    const container = { name: 'app', versions: () => [version], remove: () => undefined };
    github.packages.splice(0, 2, { ...container, owner: 'octo', type: 'Organization' });
    github.packages.push({ ...container, owner: 'mona', type: 'User' });
    artifacts.push({ id: 9, run: 7, name: 'x', bytes: Buffer.from('x'), expired: false });
  });
  const send = async (
    method: string,
    path: string,
    body: object | undefined,
    token: string,
  ): Promise<number> =>
    (
      await fetch(`${github.url}${path}`, {
        method,
        redirect: 'manual',
        headers: { authorization: `token ${token}`, 'content-type': 'application/json' },
        ...(body && { body: JSON.stringify(body) }),
      })
    ).status;

  test.each(OPERATIONS)(
    '%s %s needs its permission, and no other is enough',
    async (method, path, body, permissions) => {
      const others = Object.fromEntries(
        ALL.filter((name) => !(name in permissions) && !(name === 'issues' || name === 'pull-requests')).map(
          (name) => [name, 'write' as const],
        ),
      );
      const lesser = Object.values(permissions).includes('write')
        ? { ...permissions, ...readOnly(permissions) }
        : {};
      expect(await send(method, path, body, github.issueToken(others))).toBe(403);
      expect(await send(method, path, body, github.issueToken(lesser))).toBe(403);
      expect(await send(method, path, body, github.issueToken(permissions))).toBeLessThan(400);
    },
  );

  test.each(OPERATIONS.filter(([, , body]) => body !== undefined))(
    '%s %s takes no request that the description does not allow',
    async (method, path) => {
      expect(await send(method, path, { body: 7, output: 7, ref: 7 }, github.token)).toBe(422);
    },
  );

  test('takes at most 50 annotations at once', async () => {
    const one = { path: 'a', start_line: 1, end_line: 1, annotation_level: 'notice', message: 'x' };
    const body = { output: { summary: 'x', annotations: Array.from({ length: 51 }, () => one) } };
    expect(await send('PATCH', '/repos/octo/app/check-runs/3', body, github.token)).toBe(422);
  });

  test('says whose it is', async () => {
    const answer = await fetch(`${github.url}/graphql`, {
      method: 'POST',
      headers: { authorization: `bearer ${github.issueToken({}, 'our-app[bot]')}` },
      body: JSON.stringify({ query: '{ viewer { login } }' }),
    });
    expect(await answer.json()).toEqual({ data: { viewer: { login: 'our-app[bot]' } } });
  });
});

test('takes a change from a tree to a branch and a pull request, each step by its own permission', async () => {
  const answers: { sha?: string }[] = [];
  const steps: [string, string, (() => object) | undefined, Permissions][] = [
    ['GET', '/git/ref/heads%2Fmain', undefined, { contents: 'read' }],
    ['GET', `/git/commits/${head}`, undefined, { contents: 'read' }],
    ['POST', '/git/trees', () => ({ tree: [FILE] }), { contents: 'write' }],
    [
      'POST',
      '/git/commits',
      () => ({ message: 'x', tree: answers[2]?.sha, parents: [head] }),
      { contents: 'write' },
    ],
    ['POST', '/git/refs', () => ({ ref: 'refs/heads/side', sha: answers[3]?.sha }), { contents: 'write' }],
    ['GET', '/git/ref/heads%2Fside', undefined, { contents: 'read' }],
    ['POST', '/pulls', () => ({ title: 'x', head: 'side', base: 'main' }), { 'pull-requests': 'write' }],
    ['PATCH', '/git/refs/heads%2Fmain', () => ({ sha: answers[3]?.sha }), { contents: 'write' }],
    [
      'POST',
      '/deployments',
      () => ({ ref: head, environment: 'prod', required_contexts: [] }),
      { deployments: 'write' },
    ],
    ['POST', '/deployments/1/statuses', () => ({ state: 'success' }), { deployments: 'write' }],
  ];
  const send = (method: string, path: string, body: object | undefined, permissions: Permissions) =>
    fetch(`${github.url}/repos/octo/app${path}`, {
      method,
      headers: {
        authorization: `token ${github.issueToken(permissions)}`,
        'content-type': 'application/json',
      },
      ...(body && { body: JSON.stringify(body) }),
    });
  for (const [method, path, body, permissions] of steps) {
    const lesser = method === 'GET' ? { issues: 'write' as const } : readOnly(permissions);
    expect((await send(method, path, body?.(), lesser)).status).toBe(403);
    const answer = await send(method, path, body?.(), permissions);
    const read = await answer.json();
    expect({ path, status: answer.status, read }).toMatchObject({ status: method === 'POST' ? 201 : 200 });
    answers.push(read as { sha?: string });
  }
  // The commit before is behind by now: only force would go back to it.
  expect((await send('PATCH', '/git/refs/heads%2Fmain', { sha: head }, { contents: 'write' })).status).toBe(
    422,
  );
});

const FILE = { path: 'a/c.yml', mode: '100644', type: 'blob', content: 'y: 1' };
const ALL = [
  'actions',
  'checks',
  'contents',
  'deployments',
  'issues',
  'packages',
  'pull-requests',
  'security-events',
];
const readOnly = (permissions: Permissions): Permissions =>
  Object.fromEntries(Object.keys(permissions).map((name) => [name, 'read']));
