import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readRunCommit } from '../../shared/builders/commit.ts';
import type { RunContext } from '../../shared/github/context.ts';
import { Invalid } from '../../shared/outcome/outcome.ts';
import { makeContext, makeFolder } from './context.ts';

const TIME = 1_700_000_000;

/** A checkout with one commit. */
function makeCheckout(): { folder: string; head: string; git: (...args: string[]) => string } {
  const folder = makeFolder();
  const identity = { NAME: 'Octo Cat', EMAIL: 'octo@example.com', DATE: `${TIME} +0200` };
  const env = Object.fromEntries(
    Object.entries(identity).flatMap(([key, value]) => [
      [`GIT_AUTHOR_${key}`, value],
      [`GIT_COMMITTER_${key}`, value],
    ]),
  );
  const git = (...args: string[]): string =>
    execFileSync('git', args, {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: process.env.PATH, HOME: folder, ...env },
    }).trim();
  git('init', '--quiet');
  mkdirSync(join(folder, 'app'));
  writeFileSync(join(folder, 'app/one.txt'), '1');
  writeFileSync(join(folder, '.gitignore'), 'ignored\n');
  git('add', '--all');
  git('commit', '--quiet', '--message', 'First');
  return { folder, head: git('rev-parse', 'HEAD'), git };
}

const other = 'b'.repeat(40);
const pull = (sha: unknown, number: unknown = 7) => ({ pull_request: { number, head: { sha } } });

describe('the commit that an image is named by', () => {
  test.each<[string, (head: string) => Partial<RunContext>, string]>([
    [
      'a push',
      (head) => ({ eventName: 'push', sha: head }),
      'sha-HEAD for push,release,workflow_dispatch,schedule',
    ],
    ['a release', (head) => ({ eventName: 'release', sha: head }), 'sha-HEAD'],
    ['a schedule', (head) => ({ eventName: 'schedule', sha: head }), 'sha-HEAD'],
    ['a person’s own machine', () => ({}), 'sha-HEAD'],
    [
      'a push of another commit',
      () => ({ eventName: 'push', sha: other }),
      `context: the checkout is at HEAD, but this run is for ${other}`,
    ],
    [
      'a pull request’s merge commit',
      (head) => ({ eventName: 'pull_request', sha: head, event: pull(other) }),
      `pr-7-${other} for pull_request`,
    ],
    [
      'a pull request’s head',
      (head) => ({ eventName: 'pull_request', sha: other, event: pull(head) }),
      'pr-7-HEAD for pull_request',
    ],
    [
      'a pull request, but something else',
      () => ({ eventName: 'pull_request', sha: other, event: pull('c'.repeat(40)) }),
      'context: the checkout is at HEAD, not at pull request #7',
    ],
    [
      'pull_request_target with its head',
      (head) => ({ eventName: 'pull_request_target', sha: other, event: pull(head) }),
      'pr-7-HEAD for pull_request_target',
    ],
    [
      'pull_request_target with the base',
      (head) => ({ eventName: 'pull_request_target', sha: head, event: pull(other) }),
      'context: the checkout is at HEAD, not at pull request #7',
    ],
    [
      'a pull request without a head',
      (head) => ({ eventName: 'pull_request', sha: head, event: {} }),
      'event: ',
    ],
    [
      'a pull request with half a head',
      (head) => ({ eventName: 'pull_request', sha: head, event: pull('abc') }),
      'event: ',
    ],
    [
      'a pull request whose number is text',
      (head) => ({ eventName: 'pull_request', sha: head, event: pull(head, '7/../x') }),
      'event: ',
    ],
    ['workflow_run', (head) => ({ eventName: 'workflow_run', sha: head }), 'none for workflow_run'],
    ['issue_comment', (head) => ({ eventName: 'issue_comment', sha: head }), 'none for issue_comment'],
    ['merge_group', (head) => ({ eventName: 'merge_group', sha: head }), 'none for merge_group'],
  ])('%s', async (_name, run, expected) => {
    const { folder, head } = makeCheckout();
    const shown = await readRunCommit(join(folder, 'app'), makeContext(run(head))).then(
      ({ name, triggers, checkout }) => {
        expect(checkout).toMatchObject({ head, time: TIME });
        const named =
          name?.kind === 'commit' ? `sha-${name.commit}` : name && `pr-${name.number}-${name.head}`;
        return `${named ?? 'none'} for ${triggers}`;
      },
      (error: Error) => {
        expect(error).toBeInstanceOf(Invalid);
        return error.message;
      },
    );
    expect(shown).toContain(expected.replace('HEAD', head));
  });
});

describe('a checkout that is not its commit', () => {
  test.each<[string, (checkout: ReturnType<typeof makeCheckout>) => void, string | undefined]>([
    ['a changed file', ({ folder }) => writeFileSync(join(folder, 'app/one.txt'), '2'), 'app/one.txt'],
    [
      'a staged file',
      ({ folder, git }) => {
        writeFileSync(join(folder, 'new'), '2');
        git('add', 'new');
      },
      'new',
    ],
    ['a deleted file', ({ git }) => void git('rm', '--quiet', 'app/one.txt'), 'app/one.txt'],
    ['a renamed file', ({ git }) => void git('mv', 'app/one.txt', 'app/two.txt'), 'app/one.txt, app/two.txt'],
    ['an untracked file', ({ folder }) => writeFileSync(join(folder, 'built.js'), '2'), undefined],
    ['an ignored file', ({ folder }) => writeFileSync(join(folder, 'ignored'), '2'), undefined],
  ])('%s', async (_name, change, named) => {
    const checkout = makeCheckout();
    change(checkout);
    const context = makeContext({ eventName: 'push', sha: checkout.head });
    const reading = readRunCommit(checkout.folder, context);
    if (named === undefined) await expect(reading).resolves.toBeDefined();
    else await expect(reading).rejects.toThrow(`context: tracked files differ from the commit: ${named}`);
  });

  test('untracked files are told of', async () => {
    const { folder } = makeCheckout();
    writeFileSync(join(folder, 'built.js'), '2');
    const context = makeContext();
    await readRunCommit(folder, context);
    expect(context.logged.join('\n')).toContain('built.js');
  });

  test('no checkout at all says what to do', async () => {
    const reading = readRunCommit(makeFolder(), makeContext());
    await expect(reading).rejects.toThrow(Invalid);
    await expect(reading).rejects.toMatchObject({ hint: expect.stringContaining('actions/checkout') });
  });

  test('a program that the checkout’s configuration names is not run', async () => {
    const { folder, git } = makeCheckout();
    const trap = join(folder, '.git/trap');
    writeFileSync(trap, `#!/bin/sh\ntouch ${folder}/sprung\n`, { mode: 0o755 });
    git('config', 'core.fsmonitor', trap);
    const { checkout } = await readRunCommit(folder, makeContext());
    expect(checkout.untracked).toEqual([]);
  });
});
