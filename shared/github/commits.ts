import * as z from 'zod';
import type { Known } from '../environment/overview.ts';
import { Failure } from '../outcome/outcome.ts';
import type { Source } from './ancestry.ts';
import { openGithub } from './api.ts';
import type { RunContext } from './context.ts';

/** When commits were made. */
export interface CommitTimes {
  /** ISO 8601, or why nobody can say; it never fails, since nothing is decided by it. */
  read(source: Source | undefined): Promise<Known<string>>;
}

/** Each is a request, and a job's token has 1,000 an hour. */
const MOST_COMMITS = 100;

// docs.github.com, REST, "Get a commit object".
const commitSchema = z.object({ committer: z.object({ date: z.iso.datetime({ offset: true }) }) });

/** Opens GitHub's API to ask for the times of commits: each once, and only so many. */
export function openCommitTimes(token: string | undefined, context: RunContext): CommitTimes {
  const asked = new Map<string, Promise<Known<string>>>();
  let opened: ReturnType<typeof openGithub> | undefined;
  const ask = async ({ repository, commit }: Source): Promise<Known<string>> => {
    const [, owner, repo] = /^https:\/\/[^/]+\/([\w.-]+)\/([\w.-]+)$/.exec(repository) ?? [];
    if (owner === undefined || repo === undefined || !repository.startsWith(`${context.serverUrl}/`)) {
      return { unknown: `${context.serverUrl} knows nothing of ${repository}` };
    }
    try {
      opened ??= openGithub(token, context);
      const github = await opened;
      const found = await github.get(
        'GET /repos/{owner}/{repo}/git/commits/{commit_sha}',
        { owner, repo, commit_sha: commit },
        commitSchema,
      );
      return found === undefined
        ? { unknown: `${owner}/${repo} has no commit ${commit}, or the token may not see it` }
        : { value: new Date(found.committer.date).toISOString() };
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return { unknown: error.message };
    }
  };
  return {
    read: async (source) => {
      if (source === undefined) return { unknown: 'no record says which commit it was built from' };
      const key = `${source.repository}@${source.commit}`;
      const before = asked.get(key);
      if (before !== undefined) return before;
      if (asked.size >= MOST_COMMITS) return { unknown: `only ${MOST_COMMITS} commits are asked for` };
      const answer = ask(source);
      asked.set(key, answer);
      return answer;
    },
  };
}
