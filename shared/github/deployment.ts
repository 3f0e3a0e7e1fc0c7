import * as z from 'zod';
import { Failure, Unavailable } from '../outcome/outcome.ts';
import type { Source } from './ancestry.ts';
import { openGithub } from './api.ts';
import type { RunContext } from './context.ts';
import { readRepository } from './pulls.ts';

/** What a deployment says: for people, never evidence. */
export interface DeploymentRequest {
  readonly environment: string;
  /** What the image was built from: the deployment's commit where it is one of this repository, else the run's own stands in. */
  readonly source: Source | undefined;
  readonly description: string;
  readonly payload: Readonly<Record<string, string>>;
  readonly token: string | undefined;
}

const madeSchema = z.object({ id: z.int() });
/** Characters of a description that GitHub takes. */
const DESCRIPTION = 140;

/**
 * Does a piece of work with a GitHub deployment beside it (docs.github.com, REST, "Deployments"): in progress before, success or failure after.
 * A mirror that cannot be written is a warning; the work and its answer are the same without it. Without a request there is none.
 */
export async function mirrorDeployment<T>(
  request: DeploymentRequest | undefined,
  context: RunContext,
  work: () => Promise<T>,
): Promise<{ done: T; id: number | undefined }> {
  if (request === undefined) return { done: await work(), id: undefined };
  const { environment, token, source } = request;
  const attempt = async <V>(what: () => Promise<V>): Promise<V | undefined> => {
    try {
      return await what();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      context.log.warning(
        `The deployment of ${environment} is not mirrored: ${error.message}${error.hint ? ` ${error.hint}` : ''}`,
      );
      return undefined;
    }
  };
  const made = await attempt(async () => {
    const github = await openGithub(token, context);
    const place = readRepository(context);
    const own = `${context.serverUrl}/${place.owner}/${place.repo}`;
    const answer = await github.write(
      'POST /repos/{owner}/{repo}/deployments',
      {
        ...place,
        ref: source?.repository === own ? source.commit : context.sha,
        environment,
        description: request.description.slice(0, DESCRIPTION),
        payload: request.payload,
        // What was judged already is not judged by GitHub's checks, and nothing is merged on the way.
        auto_merge: false,
        required_contexts: [],
      },
      'deployments',
      madeSchema,
    );
    if (answer === undefined) throw new Unavailable(`${own} takes no deployment from this token (404)`);
    return { github, place, own, id: answer.id };
  });
  const tell = async (state: 'in_progress' | 'success' | 'failure', description: string): Promise<void> => {
    if (made === undefined) return;
    const { github, place, own, id } = made;
    await attempt(() =>
      github.write(
        'POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses',
        {
          ...place,
          deployment_id: id,
          state,
          description: description.slice(0, DESCRIPTION),
          ...(context.runId !== undefined && { log_url: `${own}/actions/runs/${context.runId}` }),
          // With success, what was there before becomes inactive.
          auto_inactive: true,
        },
        'deployments',
        z.unknown(),
      ),
    );
  };
  await tell('in_progress', 'allowed, on its way');
  try {
    const done = await work();
    await tell('success', request.description);
    return { done, id: made?.id };
  } catch (error) {
    await tell('failure', error instanceof Failure ? error.message : 'it failed');
    throw error;
  }
}
