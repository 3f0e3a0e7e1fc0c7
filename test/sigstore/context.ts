import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunContext } from '../../shared/github/context.ts';
import type { GithubClaims, LocalSigstore } from '../servers/sigstore.ts';

/** A run with the given claims, whose token comes from the local instance over HTTP as it would from GitHub. */
export function runContext(
  sigstore: LocalSigstore,
  claims: Partial<GithubClaims> = {},
  overrides: Partial<RunContext> = {},
): RunContext {
  const folder = mkdtempSync(join(tmpdir(), 'hallmark-test-'));
  return {
    action: 'test',
    workspace: folder,
    temp: folder,
    toolCache: undefined,
    home: folder,
    dockerConfig: undefined,
    path: '',
    serverUrl: 'https://github.com',
    apiUrl: 'https://api.github.com',
    eventName: 'push',
    event: {},
    sha: undefined,
    ref: undefined,
    repository: 'octo/app',
    repositoryId: '123456789',
    repositoryOwnerId: '5000',
    workflowRef: undefined,
    workflowSha: undefined,
    runId: '4242',
    runAttempt: '1',
    actor: 'octocat',
    runnerEnvironment: 'github-hosted',
    deadline: AbortSignal.timeout(300_000),
    log: {
      info: () => undefined,
      notice: () => undefined,
      warning: () => undefined,
      mask: () => undefined,
      group: (_title, work) => work(),
    },
    readNamedVariable: () => undefined,
    getIdToken: async (audience) => {
      const answer = await fetch(`${sigstore.tokenUrl(claims)}&audience=${audience}`, {
        headers: { authorization: `bearer ${sigstore.requestToken}` },
      });
      return ((await answer.json()) as { value: string }).value;
    },
    ...overrides,
  };
}
