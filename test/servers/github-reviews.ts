// The part of the GitHub stub that says who approved what: reviews of a run's environments, merged pull requests with their commits and
// reviews, and what an account may do in a repository.
import type { Context } from 'openapi-backend';
import { fillRequired, type Schema, successSchema } from './github-schema.ts';

export interface StubRunReview {
  readonly run: number;
  readonly environment: string;
  readonly login: string;
  readonly comment: string;
  readonly state?: 'approved' | 'rejected';
}

export interface StubMerge {
  readonly number: number;
  readonly author: string;
  /** The final head. */
  readonly head: string;
  /** The commit it was merged as; null for one that is open. */
  readonly commit: string | null;
  /** Each commit's author and committer (GitHub itself when absent); null for one that GitHub does not know. */
  readonly commits: readonly {
    readonly sha: string;
    readonly author: string | null;
    readonly committer?: string | null;
  }[];
  readonly reviews: readonly {
    readonly login: string;
    readonly state: string;
    readonly commit: string;
    readonly bot?: boolean;
  }[];
}

/** What was reviewed, for a test to write. */
export interface Reviews {
  readonly runs: StubRunReview[];
  readonly merges: StubMerge[];
  /** By login; `none` where it says nothing. */
  readonly permissions: Record<string, 'admin' | 'write' | 'read' | 'none'>;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const notFound: Answer = { status: 404, body: { message: 'Not Found', status: '404' } };

/** The handlers of one stub by operation, around what they keep. */
export function createReviews() {
  const reviews: Reviews = { runs: [], merges: [], permissions: {} };
  const itemsOf = (context: Context): Schema => (successSchema(context).items ?? {}) as Schema;
  const list = (context: Context, items: readonly object[]): Answer => {
    const { per_page: size = '30', page = '1' } = context.request.query as Record<string, string>;
    const from = (Number(page) - 1) * Number(size);
    const shown = items.slice(from, from + Number(size));
    return { status: 200, body: shown.map((item) => fillRequired(itemsOf(context), item)) };
  };
  const findMerge = (context: Context): StubMerge | undefined =>
    reviews.merges.find(({ number }) => number === Number(context.request.params.pull_number));

  const handlers: Record<string, (context: Context) => Answer> = {
    'actions/get-reviews-for-run': (context) =>
      list(
        context,
        reviews.runs
          .filter(({ run }) => run === Number(context.request.params.run_id))
          .map(({ environment, login, comment, state = 'approved' }) => ({
            state,
            comment,
            environments: [{ name: environment }],
            user: { login, type: login.endsWith('[bot]') ? 'Bot' : 'User' },
          })),
      ),
    'repos/list-pull-requests-associated-with-commit': (context) =>
      list(
        context,
        reviews.merges
          .filter(({ head, commit }) => [head, commit].includes(String(context.request.params.commit_sha)))
          .map(({ number, author, head, commit }) => ({
            number,
            html_url: `https://github.com/octo/app/pull/${number}`,
            state: commit === null ? 'open' : 'closed',
            merged_at: commit === null ? null : '2026-11-21T00:00:00Z',
            merge_commit_sha: commit,
            user: { login: author },
            head: { sha: head },
          })),
      ),
    'pulls/list-commits': (context) => {
      const merge = findMerge(context);
      if (merge === undefined) return notFound;
      return list(
        context,
        merge.commits.map(({ sha, author, committer = 'web-flow' }) => ({
          sha,
          author: author === null ? null : { login: author },
          committer: committer === null ? null : { login: committer },
        })),
      );
    },
    'pulls/list-reviews': (context) => {
      const merge = findMerge(context);
      if (merge === undefined) return notFound;
      return list(
        context,
        merge.reviews.map(({ login, state, commit, bot }, at) => ({
          user: { login, type: bot === true ? 'Bot' : 'User' },
          state,
          commit_id: commit,
          submitted_at: '2026-11-21T00:00:00Z',
          html_url: `https://github.com/octo/app/pull/${merge.number}#pullrequestreview-${at}`,
        })),
      );
    },
    'repos/get-collaborator-permission-level': (context) => {
      const permission = reviews.permissions[String(context.request.params.username)] ?? 'none';
      return { status: 200, body: fillRequired(successSchema(context), { permission, user: null }) };
    },
  };
  return { reviews, handlers };
}
