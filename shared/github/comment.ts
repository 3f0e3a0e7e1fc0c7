import * as z from 'zod';
import { Failure, Unavailable } from '../outcome/outcome.ts';
import type { Github } from './api.ts';
import type { Repository } from './pulls.ts';

const commentSchema = z.object({
  id: z.int(),
  body: z.string().default(''),
  html_url: z.string(),
  user: z.object({ login: z.string() }).nullable(),
});
type Comment = z.output<typeof commentSchema>;

const PAGE = 100;
/** Pages that are read at most: GitHub takes no more than 2,500 comments on a pull request. */
const PAGES = 30;

/**
 * Writes the one comment of a pull request that begins with `marker`, and returns its address. Ours is only what our own account wrote.
 * Where two jobs wrote one each, the oldest stays and the others are removed, by whichever of the jobs looks last.
 */
export async function writeComment(
  github: Github,
  pull: Repository & { readonly number: number },
  marker: string,
  body: string,
): Promise<string> {
  const place = { owner: pull.owner, repo: pull.repo };
  const login = await github.readLogin();
  const list = async (): Promise<Comment[]> => {
    const all = await listComments(github, pull);
    const own = all.filter((comment) => comment.user?.login === login && comment.body.startsWith(marker));
    return own.sort((a, b) => a.id - b.id);
  };
  let found = await list();
  if (found.length === 0) {
    let failure: Failure | undefined;
    const created = await github
      .write(
        'POST /repos/{owner}/{repo}/issues/{issue_number}/comments',
        { ...place, issue_number: pull.number, body },
        'pull-requests',
        commentSchema,
      )
      // It may have been written all the same; the list tells.
      .catch((error: unknown) => {
        if (!(error instanceof Failure)) throw error;
        failure = error;
        return undefined;
      });
    found = await list();
    if (created && !found.some(({ id }) => id === created.id)) found = [...found, created];
    if (found.length === 0)
      throw failure ?? new Unavailable(`pull request ${pull.number} takes no comment from this token (404)`);
  }
  const [kept, ...doubles] = found;
  if (kept === undefined) throw new Unavailable(`pull request ${pull.number} shows no comment`);
  // As GitHub stores it: line ends may come back changed.
  if (kept.body.replaceAll('\r\n', '\n').trimEnd() !== body.trimEnd()) {
    await github.write(
      'PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}',
      { ...place, comment_id: kept.id, body },
      'pull-requests',
      commentSchema,
    );
  }
  for (const { id } of doubles) {
    await github.write(
      'DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}',
      { ...place, comment_id: id },
      'pull-requests',
      z.unknown(),
    );
  }
  return kept.html_url;
}

async function listComments(
  github: Github,
  { owner, repo, number }: Repository & { readonly number: number },
): Promise<Comment[]> {
  const all: Comment[] = [];
  for (let page = 1; page <= PAGES; page += 1) {
    const some = await github.get(
      'GET /repos/{owner}/{repo}/issues/{issue_number}/comments',
      { owner, repo, issue_number: String(number), per_page: String(PAGE), page: String(page) },
      z.array(commentSchema),
      'pull-requests',
    );
    all.push(...(some ?? []));
    if ((some ?? []).length < PAGE) return all;
  }
  throw new Unavailable(`pull request ${number} has more than ${PAGES * PAGE} comments, more than are read`);
}
