import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openGithub } from '../../shared/github/api.ts';
import type { RunContext } from '../../shared/github/context.ts';
import { keepIssue, type WantedIssue } from '../../shared/github/issues.ts';
import { Invalid, Unavailable } from '../../shared/outcome/outcome.ts';
import { type GithubStub, startGithub } from '../servers/github.ts';

const PLACE = { owner: 'octo', repo: 'app' };
const MARKER = '<!-- hallmark:rescan -->';
const OURS = 'github-actions[bot]';
const BODY = `${MARKER}\nnew`;

let stub: GithubStub;

beforeAll(async () => {
  stub = await startGithub({ repositories: [{ name: 'octo/app', id: 7, defaultBranch: 'main', files: {} }] });
});
afterAll(() => stub.close());
beforeEach(() => {
  stub.reports.issues.length = 0;
  stub.reports.comments.length = 0;
  stub.clearFaults();
});

// A token each: requests of one token wait for each other.
async function keep(
  state: WantedIssue['state'],
  token = stub.issueToken('all'),
): Promise<string | undefined> {
  const log = {
    info() {},
    notice() {},
    warning() {},
    mask() {},
    group: (_: string, work: () => unknown) => work(),
  };
  const context = { apiUrl: stub.url, deadline: AbortSignal.timeout(60_000), log } as unknown as RunContext;
  const wanted = { title: 'new', body: BODY, state, farewell: 'all is well' };
  return keepIssue(await openGithub(token, context), PLACE, MARKER, wanted);
}

interface Planted {
  readonly login?: string;
  readonly body?: string;
  readonly state?: 'open' | 'closed';
  readonly pull?: boolean;
}
/** Issues as somebody wrote them, the first with the number 1. */
function plant(...issues: readonly Planted[]): void {
  for (const issue of issues) {
    const number = stub.reports.issues.length + 1;
    stub.reports.issues.push({
      login: OURS,
      title: 'old',
      body: `${MARKER}\nold`,
      state: 'open',
      ...issue,
      number,
    });
  }
}
const seen = (): string[] =>
  stub.reports.issues.map(({ number, login, title, state }) => `${number} ${login} ${title} ${state}`);

describe('one issue', () => {
  test.each<{
    name: string;
    planted: Planted[];
    state: WantedIssue['state'];
    after: string[];
    at?: number;
    words?: number[];
  }>([
    { name: 'is opened', planted: [], state: 'open', after: [`1 ${OURS} new open`], at: 1 },
    { name: 'is not opened to be closed', planted: [], state: 'closed', after: [] },
    { name: 'is not opened while nobody knows', planted: [], state: 'kept', after: [] },
    { name: 'is written anew', planted: [{}], state: 'open', after: [`1 ${OURS} new open`], at: 1 },
    {
      name: 'is written anew and stays while nobody knows',
      planted: [{}],
      state: 'kept',
      after: [`1 ${OURS} new open`],
      at: 1,
    },
    {
      name: 'is closed with a word',
      planted: [{}],
      state: 'closed',
      after: [`1 ${OURS} new closed`],
      at: 1,
      words: [1],
    },
    {
      name: 'that is closed is opened again',
      planted: [{ state: 'closed' }],
      state: 'open',
      after: [`1 ${OURS} new open`],
      at: 1,
    },
    {
      name: 'that is closed stays as it is',
      planted: [{ state: 'closed' }],
      state: 'closed',
      after: [`1 ${OURS} old closed`],
      at: 1,
    },
    {
      name: 'that is closed stays so while nobody knows',
      planted: [{ state: 'closed' }],
      state: 'kept',
      after: [`1 ${OURS} old closed`],
      at: 1,
    },
    {
      name: 'of several is the oldest, and the others are closed',
      planted: [{}, {}, { state: 'closed' }],
      state: 'open',
      after: [`1 ${OURS} new open`, `2 ${OURS} old closed`, `3 ${OURS} old closed`],
      at: 1,
      words: [2],
    },
    {
      name: 'by somebody else is none of ours, whatever it begins with',
      planted: [{ login: 'mallory' }],
      state: 'open',
      after: ['1 mallory old open', `2 ${OURS} new open`],
      at: 2,
    },
    {
      name: 'by somebody else is not closed',
      planted: [{ login: 'mallory' }],
      state: 'closed',
      after: ['1 mallory old open'],
    },
    {
      name: 'of our own account with the marker further down is another',
      planted: [{ body: `hello\n${MARKER}` }],
      state: 'closed',
      after: [`1 ${OURS} old open`],
    },
    {
      name: 'that is a pull request is another',
      planted: [{ pull: true }],
      state: 'open',
      after: [`1 ${OURS} old open`, `2 ${OURS} new open`],
      at: 2,
    },
    {
      name: 'is found behind a hundred others',
      planted: [{}, ...Array.from({ length: 150 }, () => ({ body: 'other' }))],
      state: 'open',
      after: [`1 ${OURS} new open`, ...Array.from({ length: 150 }, (_, at) => `${at + 2} ${OURS} old open`)],
      at: 1,
    },
  ])('$name', { timeout: 30_000 }, async ({ planted, state, after, at, words = [] }) => {
    plant(...planted);
    const url = at === undefined ? undefined : `https://github.com/octo/app/issues/${at}`;
    expect(await keep(state)).toBe(url);
    expect(seen()).toEqual(after);
    expect(stub.reports.comments.map(({ issue }) => issue)).toEqual(words);
  });

  test('is not written when nothing changed', { timeout: 30_000 }, async () => {
    await keep('open');
    stub.requests.length = 0;
    await keep('open');
    expect(stub.requests.map(({ method }) => method)).toEqual(['POST', 'GET']);
    expect(stub.requests[0]?.path).toBe('/graphql');
  });

  test('is not opened twice when the answer was lost', { timeout: 30_000 }, async () => {
    stub.fail('issues/create', 502, 4, {}, true);
    expect(await keep('open')).toBe('https://github.com/octo/app/issues/1');
    expect(seen().slice(0, 1)).toEqual([`1 ${OURS} new open`]);
    expect(seen().filter((issue) => issue.endsWith('open'))).toHaveLength(1);
  });

  test.each<[string, 'issues/list-for-repo' | 'issues/create', number]>([
    ['cannot be listed', 'issues/list-for-repo', 404],
    ['cannot be written', 'issues/create', 404],
    ['is in a repository without any', 'issues/create', 410],
  ])('that %s is unavailable', { timeout: 30_000 }, async (_, operation, status) => {
    stub.fail(operation, status, 9);
    await expect(keep('open')).rejects.toThrow(Unavailable);
  });

  test('needs issues: write', { timeout: 30_000 }, async () => {
    await expect(keep('open', stub.issueToken({ issues: 'read' }))).rejects.toThrow(Invalid);
    expect(await keep('open', stub.issueToken({ issues: 'write' }, OURS))).toContain('/issues/1');
  });
});
