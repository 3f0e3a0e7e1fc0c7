import * as z from 'zod';
import { Invalid } from '../outcome/outcome.ts';
import type { Github } from './api.ts';
import type { RunContext } from './context.ts';

/** The repository of a run, in two parts as routes take it. */
export interface Repository {
  readonly owner: string;
  readonly repo: string;
}

/** A pull request, as the API has it now. */
export interface PullRequest {
  readonly number: number;
  /** Full commit of its head now. */
  readonly head: string;
  /** Full commit of the head that this run is about: another one when somebody has pushed since. */
  readonly wanted: string;
}

const sha = z.string().regex(/^[0-9a-f]{40}$/);
const pullEventSchema = z.object({
  pull_request: z.object({ number: z.int().positive(), head: z.object({ sha }) }),
});
/** What GitHub itself says of the run that ended. Branch and owner are names that a stranger chose. */
const runEventSchema = z.object({
  workflow_run: z.object({
    id: z.int().positive(),
    head_sha: sha,
    head_branch: z.string().min(1),
    head_repository: z.object({ id: z.int(), owner: z.object({ login: z.string().min(1) }) }),
    html_url: z.string(),
  }),
});
const pullSchema = z.object({
  number: z.int().positive(),
  head: z.object({ sha, repo: z.object({ id: z.int() }).nullable() }),
});

/** The run that set off this one (`workflow_run`), or undefined on any other event. */
export function readTriggeringRun(
  event: unknown,
): z.output<typeof runEventSchema>['workflow_run'] | undefined {
  return runEventSchema.safeParse(event).data?.workflow_run;
}

/** Full commit of the head of an event's pull request, as it was then. */
export function readEventHead(event: unknown): string | undefined {
  return pullEventSchema.safeParse(event).data?.pull_request.head.sha;
}

/** The run's repository. Throws `Invalid` when GITHUB_REPOSITORY does not say which. */
export function readRepository({ repository }: RunContext): Repository {
  const [owner, repo] = repository?.split('/') ?? [];
  if (owner === undefined || repo === undefined)
    throw new Invalid('github-token', 'is of a run, and GITHUB_REPOSITORY does not say of which repository');
  return { owner, repo };
}

/**
 * The pull request that a run is about: the one asked for, that of its event, or, after a run of a fork, the open one whose head is the very
 * commit in the very repository that GitHub names. Undefined where there is none, or more than one.
 */
export async function findPullRequest(
  github: Github,
  context: RunContext,
  asked: number | undefined,
): Promise<PullRequest | undefined> {
  const place = readRepository(context);
  const run = readTriggeringRun(context.event);
  if (run !== undefined) {
    const { head_sha: wanted, head_branch: branch, head_repository: from } = run;
    const pulls = await github.get(
      'GET /repos/{owner}/{repo}/pulls',
      { ...place, state: 'open', head: `${from.owner.login}:${branch}`, per_page: '100' },
      z.array(pullSchema),
      'pull-requests',
    );
    // GitHub ignores a filter that it does not understand, so it is not relied on.
    const found = (pulls ?? []).filter(({ head }) => head.sha === wanted && head.repo?.id === from.id);
    const [only, ...more] = found;
    return only === undefined || more.length > 0
      ? undefined
      : { number: only.number, head: only.head.sha, wanted };
  }
  const event = pullEventSchema.safeParse(context.event).data?.pull_request;
  const number = asked ?? event?.number;
  if (number === undefined) return undefined;
  const pull = await github.get(
    'GET /repos/{owner}/{repo}/pulls/{pull_number}',
    { ...place, pull_number: String(number) },
    pullSchema,
    'pull-requests',
  );
  if (pull === undefined) {
    throw new Invalid(
      'pull-request',
      `${place.owner}/${place.repo} has no pull request ${number}, or the token may not see it`,
      {
        hint: 'Add to the job:\n  permissions:\n    pull-requests: write',
      },
    );
  }
  const head = pull.head.sha;
  return { number, head, wanted: event?.number === number ? event.head.sha : head };
}
