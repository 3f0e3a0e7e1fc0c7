import * as z from 'zod';
import type { ChangesBetween } from '../report/promotion.ts';
import type { Source } from './ancestry.ts';
import type { Github } from './api.ts';

/** So many commits are listed, and of so many the pull requests are asked for. */
const LISTED = 50;
const ASKED = 20;

// docs.github.com, REST, "Compare two commits" and "List pull requests associated with a commit".
const comparisonSchema = z.object({
  total_commits: z.int(),
  commits: z.array(z.object({ sha: z.string(), commit: z.object({ message: z.string() }) })),
});
const pullsSchema = z.array(z.object({ number: z.int(), merged_at: z.string().nullable() }));

/** The commits and pull requests from one image's source to a later one's. Undefined where they have no repository in common. */
export async function listChanges(
  github: Github,
  base: Source | undefined,
  head: Source | undefined,
): Promise<ChangesBetween | undefined> {
  if (base === undefined || head === undefined || base.repository !== head.repository) return undefined;
  const [owner = '', repo = ''] = new URL(head.repository).pathname.slice(1).split('/');
  const comparison = await github.get(
    'GET /repos/{owner}/{repo}/compare/{basehead}',
    { owner, repo, basehead: `${base.commit}...${head.commit}`, per_page: String(LISTED) },
    comparisonSchema,
  );
  if (comparison === undefined) return undefined;
  const commits = comparison.commits
    .slice(0, LISTED)
    .map(({ sha, commit }) => ({ sha, title: commit.message.split('\n', 1)[0] ?? '' }));
  const found = await Promise.all(
    commits
      .slice(0, ASKED)
      .map(({ sha }) =>
        github.get(
          'GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls',
          { owner, repo, commit_sha: sha },
          pullsSchema,
          'pull-requests',
        ),
      ),
  );
  const merged = found.flatMap((pulls) => (pulls ?? []).filter(({ merged_at }) => merged_at !== null));
  return {
    repository: head.repository,
    base: base.commit,
    head: head.commit,
    total: comparison.total_commits,
    commits,
    pulls: [...new Set(merged.map(({ number }) => number))].sort((a, b) => a - b),
  };
}
