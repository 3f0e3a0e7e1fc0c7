import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { RunContext } from '../../shared/github/context.ts';

/** A folder that is gone after the test. */
export function makeFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'hallmark-builders-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A run outside of GitHub in folders of its own, and what it logs. */
export function makeContext(overrides: Partial<RunContext> = {}): RunContext & { readonly logged: string[] } {
  const folder = makeFolder();
  const logged: string[] = [];
  const write = (message: string): void => void logged.push(message);
  const none = undefined;
  return {
    ...{
      action: 'build',
      workspace: folder,
      temp: folder,
      toolCache: none,
      home: folder,
      dockerConfig: none,
    },
    ...{ path: process.env.PATH ?? '', serverUrl: 'https://github.com', apiUrl: 'https://api.github.com' },
    ...{ eventName: none, event: none, sha: none, ref: none, repository: none, repositoryId: none },
    ...{ repositoryOwnerId: none, workflowRef: none, workflowSha: none, runId: none, runAttempt: none },
    ...{ actor: none, runnerEnvironment: none },
    deadline: AbortSignal.timeout(20_000),
    log: { info: write, notice: write, warning: write, mask: () => undefined, group: (_, work) => work() },
    getIdToken: () => Promise.reject(new Error('no token here')),
    readNamedVariable: () => undefined,
    logged,
    ...overrides,
  };
}
