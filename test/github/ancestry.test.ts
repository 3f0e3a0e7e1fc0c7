import { expect, test } from 'vitest';
import { explainAncestry } from '../../shared/github/ancestry.ts';
import type { Github } from '../../shared/github/api.ts';

const [OLD, NEW] = ['a'.repeat(40), 'b'.repeat(40)];
const APP = 'https://github.com/octo/app';

/** Answers any comparison, and keeps what was asked. */
function answering(status: string | undefined) {
  const asked: unknown[] = [];
  const github = {
    get: async (_: string, parameters: unknown) => {
      asked.push(parameters);
      return status && { status };
    },
  } as unknown as Github;
  return { github, asked };
}

test.each<[string, string, string, string | undefined, string | undefined]>([
  ['a later commit', APP, APP, 'ahead', undefined],
  ['a commit that git takes for the same', APP, APP, 'identical', undefined],
  ['an older commit', APP, APP, 'behind', 'is older than'],
  ['a commit of another line', APP, APP, 'diverged', 'does not descend from'],
  ['a commit that GitHub does not know', APP, APP, undefined, 'has no commit'],
])('%s', async (_, running, next, status, fault) => {
  const { github, asked } = answering(status);
  const [was, is] = [
    { repository: running, commit: OLD },
    { repository: next, commit: NEW },
  ];
  const answer = await explainAncestry(github, was, is, 'https://github.com');
  expect(answer ?? '').toContain(fault ?? '');
  expect(answer === undefined).toBe(fault === undefined);
  expect(asked).toEqual([{ owner: 'octo', repo: 'app', basehead: `${OLD}...${NEW}` }]);
});

// GitHub would answer for its own octo/app, whatever the address means.
test.each([
  ['another repository', APP, 'https://github.com/evil/app', 'neither descends'],
  ['another spelling', APP, 'https://github.com/Octo/app', 'neither descends'],
  ['a name with .git', APP, `${APP}.git`, 'neither descends'],
  ['another server', 'https://gitlab.com/octo/app', 'https://gitlab.com/octo/app', 'knows nothing'],
  [
    'a server whose name begins alike',
    'https://github.com.evil.example/octo/app',
    'https://github.com.evil.example/octo/app',
    'knows nothing',
  ],
  ['a deeper path', `${APP}/x`, `${APP}/x`, 'knows nothing'],
  ['no address', 'octo/app', 'octo/app', 'knows nothing'],
])('%s is asked nobody about', async (_, running, next, fault) => {
  const { github, asked } = answering('ahead');
  const [was, is] = [
    { repository: running, commit: OLD },
    { repository: next, commit: NEW },
  ];
  expect(await explainAncestry(github, was, is, 'https://github.com')).toContain(fault);
  expect(asked).toEqual([]);
});
