import * as z from 'zod';
import type { Github } from './api.ts';

/** What an image was built from: the source repository's address, `https://github.com/octo/app`, and the full commit. */
export interface Source {
  readonly repository: string;
  readonly commit: string;
}

// docs.github.com, REST, "Compare two commits".
const comparisonSchema = z.object({ status: z.enum(['ahead', 'behind', 'diverged', 'identical']) });

/**
 * Why what is built from `next` may not follow what is built from `running`; undefined when the commit is the same or descends from it.
 * Throws `Unavailable` when GitHub gives no answer.
 */
export async function explainAncestry(
  github: Github,
  running: Source,
  next: Source,
  serverUrl: string,
): Promise<string | undefined> {
  if (running.repository !== next.repository) {
    return `it was built from ${next.repository}, and what runs from ${running.repository}: neither descends from the other`;
  }
  if (running.commit === next.commit) return undefined;
  const path = next.repository.startsWith(`${serverUrl}/`) ? next.repository.slice(serverUrl.length) : '';
  const [, owner, repo] = /^\/([\w.-]+)\/([\w.-]+)$/.exec(path) ?? [];
  if (owner === undefined || repo === undefined) {
    return `it was built from ${next.repository}, of whose commits ${serverUrl} knows nothing`;
  }
  const comparison = await github.get(
    'GET /repos/{owner}/{repo}/compare/{basehead}',
    { owner, repo, basehead: `${running.commit}...${next.commit}` },
    comparisonSchema,
  );
  if (comparison === undefined) {
    return `${owner}/${repo} has no commit ${next.commit} or ${running.commit}, or the token may not see it`;
  }
  const { status } = comparison;
  if (status === 'ahead' || status === 'identical') return undefined;
  const how = status === 'behind' ? 'is older than' : 'does not descend from';
  return `its commit ${next.commit} ${how} ${running.commit}, which runs: only a rollback goes back`;
}
