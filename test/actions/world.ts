// A world for the actions to run in: registry, Sigstore and GitHub on loopback, and a workspace,
// seen by an action's bundle exactly as a runner would show it.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { type ActionRun, runAction } from '../../scripts/action.ts';
import { type StubRepository, startGithub } from '../servers/github.ts';
import { startRegistry } from '../servers/registry.ts';
import { type GithubClaims, startSigstore } from '../servers/sigstore.ts';

const REPOSITORY = { name: 'octo/app', id: 123456789, ownerId: 4242 } as const;

/** The workflow that builds, scans and attests unless a test says otherwise. */
export const RELEASE_WORKFLOW = '.github/workflows/release.yml';
/** The workflow that judges and promotes unless a test says otherwise. */
export const GATE_WORKFLOW = '.github/workflows/gate.yml';

export interface WorldOptions {
  /** Files on the protected branch `main` of octo/app, as GitHub's API serves them: the policy stands here. */
  readonly files?: Record<string, string>;
  /** Other repositories of GitHub. */
  readonly repositories?: readonly StubRepository[];
  readonly registry?: Parameters<typeof startRegistry>[0];
  readonly sigstore?: Parameters<typeof startSigstore>[0];
  /** Folder for everything; a temporary one, removed by `close`, when absent. */
  readonly folder?: string;
}

/** The run that an action finds itself in. */
export interface Run {
  /** Path of the workflow that signs (default `RELEASE_WORKFLOW`). */
  readonly workflow?: string;
  readonly ref?: string;
  readonly event?: string;
  readonly sha?: string;
  readonly actor?: string;
  /** OIDC claims that win over what the fields above say. */
  readonly claims?: Partial<GithubClaims>;
  /** Variables that win over what a runner sets; undefined takes one away. */
  readonly variables?: Record<string, string | undefined>;
  /** Ends the action at once when it aborts. */
  readonly kill?: AbortSignal;
  /** Asks the action to end when it aborts, as for a job that is cancelled. */
  readonly cancel?: AbortSignal;
}

export type World = Awaited<ReturnType<typeof startWorld>>;

/** Starts the three services and makes a workspace. `close` ends and removes all of it. */
export async function startWorld(options: WorldOptions = {}) {
  const folder = realpathSync(options.folder ?? mkdtempSync(join(tmpdir(), 'hallmark-world-')));
  const workspace = join(folder, 'workspace');
  const home = join(folder, 'home');
  for (const path of [join(workspace, '.hallmark'), join(home, '.docker'), join(folder, 'temp')]) {
    mkdirSync(path, { recursive: true });
  }
  const [registry, sigstore, github] = await Promise.all([
    startRegistry({ folder: join(folder, 'registry'), ...options.registry }),
    startSigstore(options.sigstore),
    startGithub({
      repositories: [
        {
          name: REPOSITORY.name,
          id: REPOSITORY.id,
          defaultBranch: 'main',
          protected: true,
          files: options.files ?? {},
        },
        ...(options.repositories ?? []),
      ],
    }),
  ]);
  const trustedRootFile = join(workspace, '.hallmark', 'trusted-root.json');
  writeFileSync(trustedRootFile, JSON.stringify(sigstore.trustedRoot));
  let head = 'c0ffee'.padEnd(40, '0');
  let commits = 0;

  function git(...args: string[]): string {
    // A minute later each time, the same on every machine.
    const date = new Date(Date.UTC(2026, 10, 21, 0, commits)).toISOString();
    return execFileSync('git', args, {
      cwd: workspace,
      encoding: 'utf8',
      env: {
        PATH: process.env.PATH,
        HOME: home,
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_AUTHOR_NAME: 'Octo Cat',
        GIT_AUTHOR_EMAIL: 'octo@example.com',
        GIT_COMMITTER_NAME: 'Octo Cat',
        GIT_COMMITTER_EMAIL: 'octo@example.com',
        GIT_AUTHOR_DATE: date,
        GIT_COMMITTER_DATE: date,
      },
    }).trim();
  }

  /** Writes files into the workspace and commits them; the commit becomes GITHUB_SHA of the runs that follow. */
  function commit(files: Record<string, string | Buffer>, message: string): string {
    if (commits === 0) {
      git('init', '--quiet', '--initial-branch', 'main');
      git('remote', 'add', 'origin', `https://github.com/${REPOSITORY.name}.git`);
      writeFileSync(join(workspace, '.git', 'info', 'exclude'), '.hallmark/\n');
    }
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(workspace, path)), { recursive: true });
      writeFileSync(join(workspace, path), content);
    }
    git('add', '--all');
    git('commit', '--quiet', '--allow-empty', '--message', message);
    commits += 1;
    const parent = commits === 1 ? undefined : head;
    head = git('rev-parse', 'HEAD');
    github.push(REPOSITORY.name, head, parent);
    return head;
  }

  /** The whole environment of a step: what a runner sets, PATH and a home folder of its own. */
  function env(run: Run = {}): Record<string, string | undefined> {
    const ref = run.ref ?? 'refs/heads/main';
    const event = run.event ?? 'push';
    const sha = run.sha ?? head;
    const workflowRef = `${REPOSITORY.name}/${run.workflow ?? RELEASE_WORKFLOW}@${ref}`;
    const claims: Partial<GithubClaims> = {
      sub: `repo:${REPOSITORY.name}:ref:${ref}`,
      repository: REPOSITORY.name,
      repository_id: String(REPOSITORY.id),
      repository_owner: 'octo',
      repository_owner_id: String(REPOSITORY.ownerId),
      ref,
      sha,
      event_name: event,
      workflow_ref: workflowRef,
      workflow_sha: sha,
      job_workflow_ref: workflowRef,
      job_workflow_sha: sha,
      runner_environment: 'github-hosted',
      actor: run.actor ?? 'mona',
      run_id: '1000',
      run_attempt: '1',
      ...run.claims,
    };
    return {
      PATH: process.env.PATH,
      HOME: home,
      DOCKER_CONFIG: join(home, '.docker'),
      CI: 'true',
      GITHUB_ACTIONS: 'true',
      GITHUB_ACTOR: run.actor ?? 'mona',
      GITHUB_API_URL: github.url,
      GITHUB_EVENT_NAME: event,
      GITHUB_REF: ref,
      GITHUB_REPOSITORY: REPOSITORY.name,
      GITHUB_REPOSITORY_ID: String(REPOSITORY.id),
      GITHUB_REPOSITORY_OWNER: 'octo',
      GITHUB_REPOSITORY_OWNER_ID: String(REPOSITORY.ownerId),
      GITHUB_RUN_ATTEMPT: '1',
      GITHUB_RUN_ID: '1000',
      GITHUB_SERVER_URL: 'https://github.com',
      GITHUB_SHA: sha,
      GITHUB_WORKFLOW_REF: workflowRef,
      GITHUB_WORKFLOW_SHA: sha,
      GITHUB_WORKSPACE: workspace,
      RUNNER_ENVIRONMENT: 'github-hosted',
      RUNNER_TEMP: join(folder, 'temp'),
      ACTIONS_ID_TOKEN_REQUEST_URL: sigstore.tokenUrl(claims),
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: sigstore.requestToken,
      ...run.variables,
    };
  }

  const services: Record<string, string> = {
    sigstore: 'custom',
    'fulcio-url': sigstore.fulcioUrl,
    'rekor-url': sigstore.rekorUrl,
    'tsa-url': sigstore.tsaUrl,
    'trusted-root': trustedRootFile,
    'github-token': github.token,
  };

  /** Runs an action's bundle in this world; those of `services` that the action takes are added to its inputs. */
  async function run(action: string, inputs: Record<string, string>, given: Run = {}): Promise<ActionRun> {
    const known = inputsOf(action);
    const added = Object.entries(services).filter(([name]) => name in known);
    return runAction(
      action,
      { ...Object.fromEntries(added), ...inputs },
      { env: env(given), cwd: workspace, kill: given.kill, cancel: given.cancel },
    );
  }

  return {
    registry,
    sigstore,
    github,
    folder,
    workspace,
    trustedRootFile,
    services,
    env,
    run,
    commit,
    async close(): Promise<void> {
      await Promise.all([registry.close(), sigstore.close(), github.close()]);
      if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The inputs of an action, as its action.yml declares them. */
export function inputsOf(action: string): Record<string, { default?: string }> {
  const file = new URL(`../../actions/${action}/action.yml`, import.meta.url);
  return (
    (parse(readFileSync(file, 'utf8')) as { inputs?: Record<string, { default?: string }> }).inputs ?? {}
  );
}
