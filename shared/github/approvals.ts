import * as z from 'zod';
import type { Approval } from '../evidence/promotion.ts';
import type { Digest } from '../image/digest.ts';
import type { Source } from './ancestry.ts';
import type { Github } from './api.ts';
import type { RunContext } from './context.ts';

/** Who approved, and of everything that looks like an approval and is none, why. */
export interface Approvals {
  readonly approvals: readonly Approval[];
  readonly discounted: readonly string[];
}

/** Nobody reads more reviews of one pull request than these. */
const MOST_REVIEWS = 1000;
const PAGE = 100;
/** GitHub lists no more commits of a pull request than these (REST, "List commits on a pull request"). */
const MOST_COMMITS = 250;

const login = z.object({ login: z.string(), type: z.string().optional() });
// REST, "Get the review history for a workflow run".
const runApprovalsSchema = z.array(
  z.object({
    environments: z.array(z.object({ name: z.string() })),
    state: z.string(),
    user: login,
    comment: z.string().default(''),
  }),
);
// REST, "List pull requests associated with a commit".
const pullsSchema = z.array(
  z.object({
    number: z.number(),
    html_url: z.string(),
    merged_at: z.string().nullable(),
    merge_commit_sha: z.string().nullable(),
    user: login.nullable(),
    head: z.object({ sha: z.string() }),
  }),
);
const reviewsSchema = z.array(
  z.object({
    user: login.nullable(),
    state: z.string(),
    commit_id: z.string().nullable(),
    submitted_at: z.string().optional(),
    html_url: z.string(),
  }),
);
const commitsSchema = z.array(
  z.object({ sha: z.string(), author: login.nullable(), committer: login.nullable() }),
);
const permissionSchema = z.object({ permission: z.string() });

/**
 * Who approved this digest for this environment (design.md, "Approvals"): reviewers of this run's environment who wrote the digest into their
 * comment, and reviewers of the final head of the pull request that the commit came by, who may write and wrote none of its commits.
 * Nobody approves what they asked for themselves. Throws `Unavailable` when GitHub gives no answer.
 */
export async function readApprovals(
  github: Github,
  about: { digest: Digest; environment: string; source: Source | undefined },
  context: RunContext,
): Promise<Approvals> {
  const [run, reviews] = await Promise.all([
    readRunApprovals(github, about, context),
    about.source === undefined
      ? { approvals: [], discounted: ['no verified provenance says by which pull request it came'] }
      : readReviews(github, about.source, context),
  ]);
  return {
    approvals: [...run.approvals, ...reviews.approvals],
    discounted: [...run.discounted, ...reviews.discounted],
  };
}

/** Reviews of this run that let a job into a protected environment. */
export async function readRunApprovals(
  github: Github,
  { digest, environment }: { digest: Digest; environment: string },
  context: RunContext,
): Promise<Approvals> {
  const [owner = '', repo = ''] = (context.repository ?? '').split('/');
  const { runId } = context;
  if (owner === '' || repo === '' || runId === undefined) return { approvals: [], discounted: [] };
  const reviews = await github.get(
    'GET /repos/{owner}/{repo}/actions/runs/{run_id}/approvals',
    { owner, repo, run_id: runId },
    runApprovalsSchema,
    'actions',
  );
  return sort(
    (reviews ?? [])
      .filter(
        ({ state, environments }) =>
          state === 'approved' && environments.some(({ name }) => name === environment),
      )
      .map(({ user, comment }) => {
        const what = `the approval of this run by ${user.login}`;
        if (isSame(user.login, context.actor)) return `${what} is of the one who started it`;
        if (user.type === 'Bot') return `${what} is of no person`;
        if (!namesDigest(comment, digest))
          return `${what} does not name the digest: its comment has no ${digest}`;
        const url = `${context.serverUrl}/${owner}/${repo}/actions/runs/${runId}`;
        // GitHub does not say when; it was there when it was looked at.
        return { by: user.login, at: new Date().toISOString(), how: 'run', url };
      }),
  );
}

/** In full: of two images with one beginning of 12 digits, which a laptop finds in seconds, one could be shown and the other promoted. */
function namesDigest(comment: string, digest: Digest): boolean {
  return comment.split(/[^\w:]+/).includes(digest);
}

async function readReviews(github: Github, source: Source, context: RunContext): Promise<Approvals> {
  const { commit } = source;
  const address = new URL(source.repository);
  const [owner = '', repo = ''] = address.pathname.slice(1).split('/');
  const place = { owner, repo };
  if (address.origin !== new URL(context.serverUrl).origin) return { approvals: [], discounted: [] };
  const pulls = await github.get(
    'GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls',
    { ...place, commit_sha: commit },
    pullsSchema,
    'pull-requests',
  );
  // A pull request of somebody's that merely holds the commit is not the one it came by.
  const merged = pulls?.find((pull) => pull.merged_at !== null && pull.merge_commit_sha === commit);
  if (merged === undefined) return { approvals: [], discounted: [`no pull request was merged as ${commit}`] };
  const pull = { ...place, pull_number: String(merged.number) };
  const [reviews, commits] = await Promise.all([
    readPages(github, 'GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews', pull, reviewsSchema),
    readPages(github, 'GET /repos/{owner}/{repo}/pulls/{pull_number}/commits', pull, commitsSchema),
  ]);
  const name = `${owner}/${repo}#${merged.number}`;
  if (commits.length >= MOST_COMMITS) {
    return {
      approvals: [],
      discounted: [`${name} has more commits than GitHub lists, so nobody knows who wrote them`],
    };
  }
  if (reviews.length >= MOST_REVIEWS) {
    return {
      approvals: [],
      discounted: [`${name} has more reviews than are read, so nobody knows the last of each`],
    };
  }
  // Anybody can write another's name as a commit's author.
  const unknown = commits.find(({ author, committer }) => author === null || committer === null);
  const writers = commits.flatMap(({ author, committer }) => [author?.login, committer?.login]);
  // The last word of each counts; a comment takes nothing back.
  const latest = new Map<string, z.infer<typeof reviewsSchema>[number]>();
  for (const review of reviews) {
    if (review.user !== null && review.state !== 'COMMENTED' && review.state !== 'PENDING') {
      latest.set(review.user.login.toLowerCase(), review);
    }
  }
  const judged = [...latest.values()]
    .filter(({ state }) => state === 'APPROVED')
    .map(async ({ user, commit_id, submitted_at, html_url }) => {
      const by = user?.login ?? '';
      const what = `the review of ${name} by ${by}`;
      if (user?.type === 'Bot') return `${what} is of no person`;
      if (commit_id !== merged.head.sha) return `${what} is not of its final head ${merged.head.sha}`;
      if ([merged.user?.login, ...writers].some((writer) => isSame(by, writer))) {
        return `${what} is of one who wrote some of it`;
      }
      if (isSame(by, context.actor)) return `${what} is of the one who started this run`;
      if (unknown !== undefined) return `${what} does not count: nobody knows whose commit ${unknown.sha} is`;
      const answer = await github.get(
        'GET /repos/{owner}/{repo}/collaborators/{username}/permission',
        { ...place, username: by },
        permissionSchema,
      );
      if (answer?.permission !== 'write' && answer?.permission !== 'admin') {
        return `${what} is of one who may not write to ${owner}/${repo}`;
      }
      return { by, at: submitted_at ?? merged.merged_at ?? '', how: 'review', url: html_url } as const;
    });
  return sort(await Promise.all(judged));
}

async function readPages<T>(
  github: Github,
  route: string,
  parameters: Readonly<Record<string, string>>,
  schema: z.ZodType<T[]>,
): Promise<T[]> {
  const all: T[] = [];
  for (let page = 1; ; page += 1) {
    const found = await github.get(
      route,
      { ...parameters, per_page: String(PAGE), page: String(page) },
      schema,
      'pull-requests',
    );
    all.push(...(found ?? []));
    if ((found?.length ?? 0) < PAGE || all.length >= MOST_REVIEWS) return all;
  }
}

function sort(judged: readonly (Approval | string)[]): Approvals {
  return {
    approvals: judged.filter((one) => typeof one !== 'string'),
    discounted: judged.filter((one) => typeof one === 'string'),
  };
}

function isSame(one: string, other: string | undefined): boolean {
  return one.toLowerCase() === other?.toLowerCase();
}
