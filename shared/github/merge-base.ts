import * as z from 'zod';
import { Invalid } from '../outcome/outcome.ts';
import type { Github } from './api.ts';
import type { RunContext } from './context.ts';

const sha = z.string().regex(/^[0-9a-f]{40}$/);
const commitSchema = z.object({ sha, parents: z.array(z.object({ sha })) });
const comparisonSchema = z.object({ merge_base_commit: commitSchema });
const repositorySchema = z.object({ default_branch: z.string().min(1) });
const eventSchema = z
  .object({
    pull_request: z.object({ base: z.object({ sha }), head: z.object({ sha }) }),
    merge_group: z.object({ base_sha: sha, head_sha: sha }),
  })
  .partial();

/** The two ends of a change: commits, or the branch that it goes to. */
interface Ends {
  readonly base: string;
  readonly head: string;
}

/**
 * The commits that a change started from, the nearest first: the merge base with the branch that it goes to, then first parents of it,
 * at most `most` in all. On that branch itself the change is the last commit, and its parents come first. `base` is the pull request's, the
 * merge queue's, or the default branch. Asked for one by one, since the first will do most of the time.
 */
export async function* listBaseCommits(
  github: Github,
  context: RunContext,
  most: number,
): AsyncGenerator<string> {
  const [owner = '', repo = ''] = context.repository?.split('/') ?? [];
  if (repo === '') {
    throw new Invalid(
      'baseline',
      'base-branch needs a run of a repository, and GITHUB_REPOSITORY names none',
    );
  }
  const { base, head } = await readEnds(github, { owner, repo }, context);
  const comparison = await github.get(
    'GET /repos/{owner}/{repo}/compare/{basehead}',
    { owner, repo, basehead: `${base}...${head}` },
    comparisonSchema,
  );
  // Without a common ancestor GitHub answers 404.
  let commit = comparison?.merge_base_commit;
  for (let count = 0; commit !== undefined && count < most; ) {
    if (commit.sha !== head) {
      yield commit.sha;
      count += 1;
    }
    const [parent] = commit.parents;
    commit =
      parent === undefined || count === most
        ? undefined
        : await github.get(
            'GET /repos/{owner}/{repo}/git/commits/{commit_sha}',
            { owner, repo, commit_sha: parent.sha },
            commitSchema,
          );
  }
}

async function readEnds(
  github: Github,
  place: { readonly owner: string; readonly repo: string },
  { event, sha: head }: RunContext,
): Promise<Ends> {
  const { pull_request: pull, merge_group: group } = eventSchema.safeParse(event).data ?? {};
  if (pull !== undefined) return { base: pull.base.sha, head: pull.head.sha };
  if (group !== undefined) return { base: group.base_sha, head: group.head_sha };
  if (head === undefined)
    throw new Invalid('baseline', 'base-branch needs the commit of the run, GITHUB_SHA');
  const repository = await github.get('GET /repos/{owner}/{repo}', { ...place }, repositorySchema);
  if (repository === undefined) {
    throw new Invalid(
      'github-token',
      `may not see ${place.owner}/${place.repo}, whose default branch is the baseline`,
    );
  }
  return { base: repository.default_branch, head };
}
