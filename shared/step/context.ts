import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import * as z from 'zod';
import type { RunContext } from '../github/context.ts';
import { Invalid, Unavailable } from '../outcome/outcome.ts';
import { runnerLog } from './runner.ts';

/** Reads the runner's environment once. The only place, with `runner.ts` and `step.ts`, that sees process.env. */
export function readContext(action: string, deadline: AbortSignal): RunContext {
  const { env } = process;
  const given = (name: string): string | undefined => env[name] || undefined;
  return {
    action,
    workspace: resolve(env.GITHUB_WORKSPACE || '.'),
    temp: resolve(env.RUNNER_TEMP || tmpdir()),
    toolCache: given('RUNNER_TOOL_CACHE'),
    home: given('HOME'),
    dockerConfig: given('DOCKER_CONFIG'),
    path: env.PATH ?? '',
    serverUrl: env.GITHUB_SERVER_URL || 'https://github.com',
    apiUrl: env.GITHUB_API_URL || 'https://api.github.com',
    eventName: given('GITHUB_EVENT_NAME'),
    event: readEvent(given('GITHUB_EVENT_PATH')),
    sha: given('GITHUB_SHA'),
    ref: given('GITHUB_REF'),
    repository: given('GITHUB_REPOSITORY'),
    repositoryId: given('GITHUB_REPOSITORY_ID'),
    repositoryOwnerId: given('GITHUB_REPOSITORY_OWNER_ID'),
    workflowRef: given('GITHUB_WORKFLOW_REF'),
    workflowSha: given('GITHUB_WORKFLOW_SHA'),
    runId: given('GITHUB_RUN_ID'),
    runAttempt: given('GITHUB_RUN_ATTEMPT'),
    actor: given('GITHUB_ACTOR'),
    runnerEnvironment: given('RUNNER_ENVIRONMENT'),
    deadline,
    log: runnerLog,
    getIdToken: (audience) => getIdToken(audience, deadline),
    readNamedVariable: (name) => given(name),
  };
}

/** The variables that name a proxy for https, in either case as Node takes them; undefined where none does. Its password is masked. */
export function readProxies(): Record<string, string | undefined> | undefined {
  const { HTTPS_PROXY, https_proxy, NO_PROXY, no_proxy } = process.env;
  const proxy = https_proxy || HTTPS_PROXY;
  if (!proxy) return undefined;
  if (URL.canParse(proxy)) runnerLog.mask(new URL(proxy).password);
  return { HTTPS_PROXY: proxy, NO_PROXY: no_proxy || NO_PROXY };
}

function readEvent(path: string | undefined): unknown {
  if (path === undefined) return undefined;
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

const tokenSchema = z.object({ value: z.string().min(1) });

/**
 * The job's OIDC token (docs.github.com, "OpenID Connect reference", "Methods for requesting the OIDC token"), masked in the log.
 * One request over the connections that the step uses anyway, with their retries.
 */
async function getIdToken(audience: string, deadline: AbortSignal): Promise<string> {
  const { ACTIONS_ID_TOKEN_REQUEST_URL: address, ACTIONS_ID_TOKEN_REQUEST_TOKEN: authority } = process.env;
  if (!address || !authority) {
    throw new Invalid(
      'permissions',
      'this job may not ask for an OIDC token, so nothing can be signed keyless',
      {
        hint: 'Add to the job:\n  permissions:\n    id-token: write',
      },
    );
  }
  const [{ readBody, retryTransient, sendOnce, explainTransient }, { readJson }] = await Promise.all([
    import('../store/transport.ts'),
    import('../store/json.ts'),
  ]);
  try {
    const url = new URL(address);
    url.searchParams.set('audience', audience);
    const headers = { authorization: `Bearer ${authority}`, accept: 'application/json' };
    const bytes = await retryTransient({ deadline, log: runnerLog }, async () => {
      const response = await sendOnce({ method: 'GET', url, headers }, deadline);
      const body = await readBody(response, 64 * 1024, deadline);
      if (response.status !== 200) {
        throw explainTransient(response) ?? new Unavailable(`${response.what}: status ${response.status}`);
      }
      return body;
    });
    const token = readJson(tokenSchema, bytes)?.value;
    if (token === undefined) throw new Error('the answer holds no token');
    runnerLog.mask(token);
    return token;
  } catch (cause) {
    throw new Unavailable('GitHub gave no OIDC token', {
      cause,
      hint: 'Nothing was written; run the job again.',
    });
  }
}
