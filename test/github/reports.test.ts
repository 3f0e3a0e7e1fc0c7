import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Github, openGithub } from '../../shared/github/api.ts';
import { type CheckAnnotation, writeCheck } from '../../shared/github/check.ts';
import {
  categorize,
  chooseCommit,
  keepWorst,
  parseSarif,
  uploadSarif,
} from '../../shared/github/codescanning.ts';
import { writeComment } from '../../shared/github/comment.ts';
import type { RunContext } from '../../shared/github/context.ts';
import { findPullRequest } from '../../shared/github/pulls.ts';
import { type GithubStub, startGithub } from '../servers/github.ts';

const PLACE = { owner: 'octo', repo: 'app' };
const MARKER = '<!-- hallmark:Hallmark -->';
const BODY = `${MARKER}\npassed`;
const SHA = 'a'.repeat(40);
const LATER = 'b'.repeat(40);
const PULL_TOKEN = { 'pull-requests': 'write' } as const;

let stub: GithubStub;

beforeAll(async () => {
  stub = await startGithub({ repositories: [{ name: 'octo/app', id: 7, defaultBranch: 'main', files: {} }] });
});
afterAll(() => stub.close());
beforeEach(() => {
  const { pulls, comments, checks, analyses } = stub.reports;
  for (const list of [pulls, comments, checks, analyses]) list.length = 0;
  stub.reports.codeScanning = 'on';
  stub.clearFaults();
  stub.requests.length = 0;
});

function contextOf(changes: Partial<RunContext> = {}): RunContext {
  return {
    apiUrl: stub.url,
    repository: 'octo/app',
    deadline: AbortSignal.timeout(60_000),
    log: {
      info() {},
      notice() {},
      warning() {},
      mask() {},
      group: (_: string, work: () => unknown) => work(),
    },
    ...changes,
  } as RunContext;
}

// A token each: requests of one token wait for each other, a comment for three seconds.
const open = (token = stub.issueToken('all')): Promise<Github> => openGithub(token, contextOf());
const comment = async (body = BODY, token?: string): Promise<string> =>
  writeComment(await open(token), { ...PLACE, number: 5 }, MARKER, body);
const bodies = (): string[] => stub.reports.comments.map(({ login, body }) => `${login}: ${body}`);
const OURS = 'github-actions[bot]';
/** Plants a comment as somebody wrote it. */
const plant = (login: string, body: string, issue = 5): void => {
  stub.reports.comments.push({ id: 1000 + stub.reports.comments.length, issue, login, body });
};

describe('the comment of a pull request', () => {
  test('is written once and then kept', async () => {
    const url = await comment();
    expect(await comment(`${MARKER}\nrefused`)).toBe(url);
    expect(await comment(`${MARKER}\nrefused`)).toBe(url);
    expect(bodies()).toEqual([`${OURS}: ${MARKER}\nrefused`]);
    expect(stub.requests.filter(({ method }) => method === 'PATCH')).toHaveLength(1);
  });

  test.each<[what: string, login: string, body: string, issue?: number]>([
    ["somebody's that quotes ours", 'mallory', BODY],
    ["another bot's that quotes ours", 'dependabot[bot]', BODY],
    ['a user with the name of our app', 'github-actions', BODY],
    ['ours of another title', OURS, '<!-- hallmark:Other -->\npassed'],
    ['ours that has the marker further down', OURS, `> ${BODY}`],
    ['ours on another pull request', OURS, BODY, 6],
  ])('is not %s', async (_, login, body, issue) => {
    plant(login, body, issue);
    await comment(`${MARKER}\nnew`);
    expect(bodies()).toEqual([`${login}: ${body}`, `${OURS}: ${MARKER}\nnew`]);
  });

  test('is found behind a hundred others', async () => {
    for (let at = 0; at < 250; at += 1) plant('octocat', `${at}`);
    plant(OURS, BODY);
    await comment(`${MARKER}\nnew`);
    expect(bodies().filter((body) => body.startsWith(OURS))).toEqual([`${OURS}: ${MARKER}\nnew`]);
  });

  test('stays one when two jobs write at once', async () => {
    // Both look before either has written.
    stub.meet('issues/list-comments', 2);
    const urls = await Promise.all([comment(`${MARKER}\nfirst`), comment(`${MARKER}\nsecond`)]);
    expect(stub.reports.comments).toHaveLength(1);
    const [kept] = stub.reports.comments;
    expect(urls.every((url) => url.endsWith(`-${kept?.id}`))).toBe(true);
  });

  test('that an earlier run doubled becomes one, the oldest', async () => {
    plant(OURS, BODY);
    plant('octocat', 'thanks');
    plant(OURS, BODY);
    await comment();
    expect(bodies()).toEqual([`${OURS}: ${BODY}`, 'octocat: thanks']);
  });

  test('that was written though the answer was an error is not written again', async () => {
    stub.fail('issues/create-comment', 502, 4, {}, true);
    await comment();
    expect(bodies()).toEqual([`${OURS}: ${BODY}`]);
  });

  test.each<[what: string, fail: () => void]>([
    ['a secondary limit', () => stub.fail('issues/create-comment', 403, 1, { 'retry-after': '1' })],
    ['too many requests', () => stub.fail('issues/create-comment', 429, 1, { 'retry-after': '1' })],
    [
      'a limit with a reset',
      () =>
        stub.fail('issues/list-comments', 403, 1, {
          'x-ratelimit-remaining': '0',
          'x-ratelimit-reset': String(Math.ceil(Date.now() / 1000) + 1),
        }),
    ],
    ['a server error', () => stub.fail('issues/list-comments', 503, 2)],
  ])(
    'waits for %s',
    async (_, fail) => {
      fail();
      await comment();
      expect(bodies()).toEqual([`${OURS}: ${BODY}`]);
    },
    30_000,
  );

  test.each<[what: string, fail: () => string | undefined, outcome: string, reason: RegExp]>([
    [
      'a limit of an hour',
      () => {
        stub.fail('issues/list-comments', 403, 1, {
          'x-ratelimit-remaining': '0',
          'x-ratelimit-reset': String(Math.ceil(Date.now() / 1000) + 3600),
        });
        return undefined;
      },
      'unavailable',
      /gave no answer/,
    ],
    [
      'a token that may not write',
      () => stub.issueToken({ 'pull-requests': 'read' }),
      'invalid',
      /may not write this.*Resource not accessible/,
    ],
    ['a token of nobody', () => 'ghs_unknown', 'invalid', /was not accepted/],
  ])('is not written with %s', async (_, fail, outcome, reason) => {
    const token = fail();
    await expect(comment(BODY, token)).rejects.toMatchObject({
      outcome,
      message: expect.stringMatching(reason),
    });
    expect(stub.reports.comments).toEqual([]);
  });

  test('needs no more than pull-requests: write', async () => {
    await comment(BODY, stub.issueToken(PULL_TOKEN, 'our-app[bot]'));
    expect(bodies()).toEqual([`our-app[bot]: ${BODY}`]);
  });
});

const check = { name: 'Hallmark', title: 'Refused', summary: 'x', conclusion: 'failure' } as const;
const notes = (count: number): CheckAnnotation[] =>
  Array.from({ length: count }, (_, at) => ({
    path: 'Dockerfile',
    line: at + 1,
    level: 'warning',
    title: 't',
    message: 'm',
  }));

describe('a check run', () => {
  test.each([
    [0, 0],
    [50, 0],
    [51, 1],
    [120, 2],
  ])('with %i annotations takes %i further requests', async (count, further) => {
    const github = await open(stub.issueToken({ checks: 'write' }));
    const run = await writeCheck(github, { ...PLACE, sha: SHA }, check, notes(count));
    await run.annotate();
    expect(stub.reports.checks).toMatchObject([{ name: 'Hallmark', head_sha: SHA, conclusion: 'failure' }]);
    const lines = stub.reports.checks[0]?.annotations.map(({ start_line }) => start_line);
    expect(lines).toEqual(notes(count).map(({ line }) => line));
    expect(stub.requests.filter(({ method }) => method === 'PATCH')).toHaveLength(further);
  });

  test('that fails in the middle has its conclusion already', async () => {
    const run = await writeCheck(await open(), { ...PLACE, sha: SHA }, check, notes(120));
    stub.fail('checks/update', 422, 1);
    await expect(run.annotate()).rejects.toMatchObject({ outcome: 'unavailable' });
    expect(stub.reports.checks).toMatchObject([{ conclusion: 'failure' }]);
    expect(stub.reports.checks[0]?.annotations).toHaveLength(50);
  });

  test('is not for a token without checks: write', async () => {
    const github = await open(stub.issueToken({ 'pull-requests': 'write' }));
    await expect(writeCheck(github, { ...PLACE, sha: SHA }, check, [])).rejects.toMatchObject({
      outcome: 'invalid',
      hint: expect.stringContaining('checks: write'),
    });
  });
});

const sarifOf = (runs: object[] = [{ results: [] }]) =>
  parseSarif(JSON.stringify({ version: '2.1.0', runs }), 'a.sarif');
const upload = async (token?: string): Promise<void> =>
  uploadSarif(
    await open(token),
    PLACE,
    { sha: SHA, ref: 'refs/heads/main' },
    sarifOf(),
    AbortSignal.timeout(60_000),
  );

describe('code scanning', () => {
  test('takes an analysis with security-events: write alone, and is waited for', async () => {
    await upload(stub.issueToken({ 'security-events': 'write' }));
    expect(stub.reports.analyses).toMatchObject([{ commit_sha: SHA, ref: 'refs/heads/main' }]);
    expect(stub.requests.filter(({ method }) => method === 'GET')).toHaveLength(2);
  });

  test.each<[what: string, prepare: () => string | undefined, outcome: string, reason: RegExp]>([
    [
      'is turned off',
      () => {
        stub.reports.codeScanning = 'off';
        return undefined;
      },
      'invalid',
      /Code scanning is not enabled/,
    ],
    [
      'takes nothing from this token',
      () => stub.issueToken({ contents: 'write' }),
      'invalid',
      /Resource not accessible/,
    ],
    [
      'finds a fault in it',
      () => {
        stub.reports.codeScanning = { error: 'rule without id' };
        return undefined;
      },
      'invalid',
      /could not process it: rule without id/,
    ],
    [
      'is down',
      () => {
        stub.fail('code-scanning/upload-sarif', 503, 10);
        return undefined;
      },
      'unavailable',
      /gave no answer/,
    ],
  ])(
    'says when it %s',
    async (_, prepare, outcome, reason) => {
      await expect(upload(prepare())).rejects.toMatchObject({
        outcome,
        message: expect.stringMatching(reason),
      });
    },
    30_000,
  );

  test('is given no more results of a run than it takes, the worst', () => {
    const results = (level: string, count: number) => Array.from({ length: count }, () => ({ level }));
    const many = [...results('note', 2), ...results('warning', 24_998), ...results('error', 3)];
    const { sarif, left } = keepWorst(sarifOf([{ results: many }, { results: many.slice(0, 25_000) }, {}]));
    const [cut, whole] = sarif.runs.map((run) => run.results ?? []);
    expect(left).toBe(3);
    expect(cut).toHaveLength(25_000);
    expect(cut?.[0]).toEqual({ level: 'error' });
    expect(cut?.at(-1)).toEqual({ level: 'warning' });
    expect(whole).toEqual(many.slice(0, 25_000));
  });

  test('knows an image and platform by the same category in every run, and each by one of its own', () => {
    const idsOf = (subject: string, platform: string | undefined, runs?: object[]) =>
      categorize(sarifOf(runs), subject, platform).runs.map(
        ({ automationDetails }) => automationDetails?.['id'],
      );
    const all = [
      idsOf('ghcr.io/octo/app', 'linux/amd64'),
      idsOf('ghcr.io/octo/app', 'linux/arm64'),
      idsOf('ghcr.io/octo/app', undefined),
      idsOf('ghcr.io/octo/web', 'linux/amd64'),
      idsOf('ghcr.io/octo/two', 'linux/amd64', [{}, { automationDetails: { id: 'own/1' } }]),
    ];
    expect(all).toEqual([
      ['hallmark/ghcr.io/octo/app/linux/amd64/'],
      ['hallmark/ghcr.io/octo/app/linux/arm64/'],
      ['hallmark/ghcr.io/octo/app/'],
      ['hallmark/ghcr.io/octo/web/linux/amd64/'],
      ['hallmark/ghcr.io/octo/two/linux/amd64/', 'hallmark/ghcr.io/octo/two/linux/amd64/2/'],
    ]);
  });

  test.each(['', '{', '[]', '{"version":"2.0.0","runs":[{}]}', '{"version":"2.1.0","runs":[]}'])(
    'takes no %j',
    (text) => {
      expect(() => parseSarif(text, 'a.sarif')).toThrow(/a\.sarif is no SARIF/);
    },
  );

  test.each<[event: string, expected: object]>([
    // The run is of the merge commit, and so is the image.
    ['pull_request', { sha: LATER, ref: 'refs/pull/5/merge' }],
    ['pull_request_target', { sha: SHA, ref: 'refs/pull/5/head' }],
    ['workflow_run', { sha: SHA, ref: 'refs/pull/5/head' }],
  ])('is told the right commit on %s', (eventName, expected) => {
    const context = contextOf({
      eventName,
      sha: LATER,
      ref: eventName === 'pull_request' ? 'refs/pull/5/merge' : 'refs/heads/main',
    });
    expect(chooseCommit(context, { number: 5, head: SHA, wanted: SHA })).toEqual(expected);
  });

  test('is told the commit of a push', () => {
    expect(
      chooseCommit(contextOf({ eventName: 'push', sha: SHA, ref: 'refs/heads/main' }), undefined),
    ).toEqual({
      sha: SHA,
      ref: 'refs/heads/main',
    });
  });
});

describe("a run's pull request", () => {
  const FORK = { ref: 'patch', owner: 'mallory', repositoryId: 666 };
  const runEvent = (changes: object = {}) => ({
    workflow_run: {
      id: 9,
      head_sha: SHA,
      head_branch: 'patch',
      head_repository: { id: 666, owner: { login: 'mallory' } },
      html_url: 'https://github.com/octo/app/actions/runs/9',
      ...changes,
    },
  });
  const find = async (event: unknown, asked?: number) =>
    findPullRequest(await open(stub.issueToken({ 'pull-requests': 'read' })), contextOf({ event }), asked);

  test.each<[what: string, event: unknown, asked: number | undefined, expected: object | undefined]>([
    [
      'of its event',
      { pull_request: { number: 5, head: { sha: SHA } } },
      undefined,
      { number: 5, head: SHA, wanted: SHA },
    ],
    [
      'of its event, pushed to since',
      { pull_request: { number: 5, head: { sha: LATER } } },
      undefined,
      { number: 5, head: SHA, wanted: LATER },
    ],
    ['asked for', {}, 5, { number: 5, head: SHA, wanted: SHA }],
    ['none on a push', {}, undefined, undefined],
    ["by a fork's head", runEvent(), undefined, { number: 5, head: SHA, wanted: SHA }],
    ['none by a head that moved on', runEvent({ head_sha: LATER }), undefined, undefined],
    [
      'none by the same commit and branch of another repository',
      runEvent({ head_repository: { id: 667, owner: { login: 'mallory' } } }),
      undefined,
      undefined,
    ],
    ['none by a branch nobody opened one of', runEvent({ head_branch: 'other' }), undefined, undefined],
  ])('is %s', async (_, event, asked, expected) => {
    stub.reports.pulls.push({ number: 5, head: { sha: SHA, ...FORK } });
    stub.reports.pulls.push({ number: 6, head: { sha: LATER, ...FORK, ref: 'elsewhere' } });
    expect(await find(event, asked)).toEqual(expected);
  });

  test('is none where two have the same head', async () => {
    for (const number of [5, 6]) stub.reports.pulls.push({ number, head: { sha: SHA, ...FORK } });
    expect(await find(runEvent())).toBeUndefined();
  });

  test('that does not exist is invalid', async () => {
    await expect(find({}, 77)).rejects.toMatchObject({ outcome: 'invalid' });
  });
});
