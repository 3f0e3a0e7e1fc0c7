import { findDenied, type Rescan } from '../environment/rescan.ts';
import { openGithub } from '../github/api.ts';
import type { RunContext } from '../github/context.ts';
import { keepIssue } from '../github/issues.ts';
import { readRepository } from '../github/pulls.ts';
import { commentMarker } from '../report/comment.ts';
import { renderRescanIssue, titleRescanIssue } from '../report/status/rescan.ts';
import { placeOf } from './environment.ts';

const STATES = { true: 'open', false: 'closed', unknown: 'kept' } as const;

/**
 * Keeps the repository's one issue about what a rescan denies, and returns its address: opened with the first denial, written anew each time,
 * closed with a word when everything that runs was judged and nothing denied. While a part is not known it is neither opened nor closed.
 * Runs over one environment and runs over all have an issue each.
 */
export async function keepRescanIssue(
  rescan: Rescan,
  inputs: { readonly environment?: string | undefined; readonly 'github-token'?: string | undefined },
  context: RunContext,
): Promise<string | undefined> {
  const place = readRepository(context);
  const github = await openGithub(inputs['github-token'], context);
  const marker = commentMarker(`rescan ${inputs.environment ?? '*'} ${placeOf(rescan.policy)}`);
  const run = `${context.serverUrl}/${place.owner}/${place.repo}/actions/runs/${context.runId ?? ''}`;
  return keepIssue(github, place, marker, {
    title: titleRescanIssue(rescan),
    body: renderRescanIssue(rescan, marker, run),
    state: STATES[findDenied(rescan)],
    farewell: `✅ Nothing that runs would be denied any more: ${run}`,
  });
}
