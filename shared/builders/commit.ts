import * as z from 'zod';
import { TRUSTED_TRIGGERS } from '../evidence/trust.ts';
import type { RunContext } from '../github/context.ts';
import type { CommitName } from '../image/tags.ts';
import { Invalid } from '../outcome/outcome.ts';
import { runProcess } from '../process/run.ts';

/** The commit that stands in a checkout. */
export interface Checkout {
  /** HEAD, 40 hex digits. */
  readonly head: string;
  /** When it was committed, in seconds since 1970. */
  readonly time: number;
  /** Tracked files that differ from HEAD, relative to the checkout's root. */
  readonly changed: readonly string[];
  /** Files (or whole folders) that git neither tracks nor ignores. */
  readonly untracked: readonly string[];
}

/** Reads the checkout that `folder` lies in. Without one there is no commit to build: `Invalid` naming `context`. */
export async function readCheckout(folder: string, context: RunContext): Promise<Checkout> {
  const git = async (...args: string[]): Promise<string> => {
    const result = await runProcess(
      'git',
      // The checkout may belong to another user (container jobs), and its own configuration may name programs: none is started.
      ['-C', folder, '-c', 'safe.directory=*', '-c', 'core.fsmonitor=false', ...args],
      {
        env: {
          PATH: context.path,
          LC_ALL: 'C',
          GIT_OPTIONAL_LOCKS: '0',
          ...(context.home !== undefined && { HOME: context.home }),
        },
        deadline: context.deadline,
      },
    );
    if (result.code === 0) return result.stdout.toString('utf8');
    const reason = result.stderr.trim().split('\n')[0] ?? '';
    throw new Invalid('context', `the commit it is of cannot be read (${reason})`, {
      hint: 'An image is named by its commit: check the repository out with actions/checkout before this step.',
    });
  };
  const [head = '', time = ''] = (await git('log', '-1', '--no-show-signature', '--format=%H %ct'))
    .trim()
    .split(' ');
  if (!/^[0-9a-f]{40}$/.test(head)) {
    throw new Invalid(
      'context',
      'its commit has no SHA-1 name of 40 hex digits, which tags and provenance are made of',
    );
  }
  const status = (await git('status', '--porcelain=v1', '-z', '--no-renames'))
    .split('\0')
    .filter((row) => row !== '');
  const paths = (wanted: boolean): string[] =>
    status.filter((row) => row.startsWith('??') === wanted).map((row) => row.slice(3));
  return { head, time: Number(time), changed: paths(false), untracked: paths(true) };
}

const sha = z.string().regex(/^[0-9a-f]{40}$/);
const pullRequestEvent = z.object({
  pull_request: z.object({ number: z.number().int().positive(), head: z.object({ sha }) }),
});

/** What the run may call the image it builds. */
export interface RunCommit {
  readonly checkout: Checkout;
  /** The commit's tag, undefined when the run's trigger gives it no name of its own. */
  readonly name: CommitName | undefined;
  /** Events whose provenance counts for this name. */
  readonly triggers: readonly string[];
}

/**
 * Says which commit this run builds. A trusted trigger (or a person's own machine, outside of any run) names the commit itself,
 * and then the checkout must be that commit, unchanged: anything else in the image would be a lie. A pull request's image is
 * named by the number and the head, never by the merge commit that GitHub made up. `Invalid` when the checkout is another commit.
 */
export async function readRunCommit(folder: string, context: RunContext): Promise<RunCommit> {
  const checkout = await readCheckout(folder, context);
  const { eventName } = context;
  if (checkout.untracked.length > 0) {
    context.log.info(
      `Files that git does not track and that the image may hold: ${listSome(checkout.untracked)}`,
    );
  }
  if (eventName === 'pull_request' || eventName === 'pull_request_target') {
    return { checkout, name: namePullRequest(checkout, context), triggers: [eventName] };
  }
  if (eventName !== undefined && !(TRUSTED_TRIGGERS as readonly string[]).includes(eventName)) {
    return { checkout, name: undefined, triggers: [eventName] };
  }
  if (context.sha !== undefined && context.sha !== checkout.head) {
    throw new Invalid('context', `the checkout is at ${checkout.head}, but this run is for ${context.sha}`, {
      hint: 'Check out the run’s own commit: actions/checkout without "ref", and no commits made by earlier steps.',
    });
  }
  if (checkout.changed.length > 0) {
    throw new Invalid('context', `tracked files differ from the commit: ${listSome(checkout.changed)}`, {
      hint: 'An image named sha-<commit> holds that commit. Commit the change, or write generated files to paths that git ignores.',
    });
  }
  return { checkout, name: { kind: 'commit', commit: checkout.head }, triggers: TRUSTED_TRIGGERS };
}

function namePullRequest(checkout: Checkout, context: RunContext): CommitName {
  const event = pullRequestEvent.safeParse(context.event);
  if (!event.success) {
    throw new Invalid('event', `the ${context.eventName} event names no pull request with a head commit`);
  }
  const { number, head } = event.data.pull_request;
  // On pull_request GITHUB_SHA is the merge of head and base; on pull_request_target it is the base alone, which is not the pull request.
  const expected = context.eventName === 'pull_request' ? [head.sha, context.sha] : [head.sha];
  if (!expected.includes(checkout.head)) {
    throw new Invalid(
      'context',
      `the checkout is at ${checkout.head}, not at pull request #${number} (${head.sha})`,
      {
        hint: 'Check out the pull request’s head or its merge commit.',
      },
    );
  }
  return { kind: 'pull-request', number, head: head.sha };
}

function listSome(paths: readonly string[]): string {
  const rest = paths.length - 5;
  return `${paths.slice(0, 5).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
