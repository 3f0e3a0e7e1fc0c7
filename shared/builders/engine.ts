import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { coerce, lt } from 'semver';
import type { RunContext } from '../github/context.ts';
import { Unavailable } from '../outcome/outcome.ts';
import { type ProcessResult, runProcess } from '../process/run.ts';

/** A buildx that answers, and whose driver can write an OCI layout. */
export interface Engine {
  readonly command: string;
  /** What stands before buildx's own arguments: `buildx` for the plugin of docker. */
  readonly prefix: readonly string[];
  /** `docker`, `docker-container`, `kubernetes` or `remote`. */
  readonly driver: string;
}

/** Why no engine can be used. */
export interface NoEngine {
  readonly reason: string;
}

/** Where buildx finds its engine, proxies and logins; nothing else of the step's environment reaches it. */
const VARIABLES = [
  ...[
    'DOCKER_HOST',
    'DOCKER_CONTEXT',
    'DOCKER_TLS',
    'DOCKER_TLS_VERIFY',
    'DOCKER_CERT_PATH',
    'DOCKER_API_VERSION',
  ],
  ...['BUILDX_BUILDER', 'BUILDX_CONFIG', 'SSH_AUTH_SOCK', 'TMPDIR'],
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'],
];
/** GitHub's cache service, for `type=gha` alone: its token can write the repository's caches. */
const GITHUB_CACHE = [
  'ACTIONS_RUNTIME_TOKEN',
  'ACTIONS_RESULTS_URL',
  'ACTIONS_CACHE_URL',
  'ACTIONS_CACHE_SERVICE_V2',
];

/** The whole environment of a buildx process. */
export function buildxEnvironment(context: RunContext, { githubCache = false } = {}): Record<string, string> {
  const environment: Record<string, string> = { PATH: context.path };
  if (context.home !== undefined) environment.HOME = context.home;
  if (context.dockerConfig !== undefined) environment.DOCKER_CONFIG = context.dockerConfig;
  for (const name of githubCache ? [...VARIABLES, ...GITHUB_CACHE] : VARIABLES) {
    const value = context.readNamedVariable(name);
    if (value !== undefined) environment[name] = value;
  }
  return environment;
}

/** The first with `rewrite-timestamp` (its release notes). */
const OLDEST = '0.13.0';

/** A version that says nothing (a build of somebody's own) is taken: the layout that it writes is looked at. */
function isTooOld(version = ''): boolean {
  const known = coerce(version.replace(/^v/, ''));
  return known !== null && lt(known, OLDEST);
}

/** Finds `docker buildx`, or `buildx` by itself, and starts its builder. What is missing is an answer, not an error. */
export async function findEngine(context: RunContext): Promise<Engine | NoEngine> {
  for (const { command, prefix } of [
    { command: 'docker', prefix: ['buildx'] },
    { command: 'buildx', prefix: [] },
  ]) {
    const run = (...args: string[]): Promise<ProcessResult | undefined> =>
      tryBuildx(command, [...prefix, ...args], context);
    if ((await run('version'))?.code !== 0) continue;
    const inspected = await run('inspect', '--bootstrap');
    const facts = inspected?.stdout.toString('utf8') ?? '';
    const driver = /^Driver:[ \t]*(\S+)/m.exec(facts)?.[1];
    if (inspected?.code !== 0 || driver === undefined || !/^Status:[ \t]*running/m.test(facts)) {
      const reason = /^Error:\s*(.*)$/m.exec(facts)?.[1] ?? inspected?.stderr.trim().split('\n').at(-1);
      return { reason: `its builder does not run: ${reason || 'no reason given'}` };
    }
    const old = [...facts.matchAll(/^BuildKit version:[ \t]*(\S+)/gm)].find(([, version]) =>
      isTooOld(version),
    );
    if (old !== undefined) {
      return {
        reason: `its BuildKit is ${old[1]}, and ${OLDEST} is the oldest that writes reproducible layers`,
      };
    }
    // Docker's own builder writes layouts only with the containerd image store; nothing but a build tells.
    if (driver === 'docker' && !(await writesLayouts(run, context))) {
      return { reason: 'the "docker" driver of this engine writes no OCI layouts' };
    }
    return { command, prefix, driver };
  }
  return { reason: 'neither "docker buildx" nor "buildx" answers on PATH' };
}

async function tryBuildx(
  command: string,
  args: readonly string[],
  context: RunContext,
): Promise<ProcessResult | undefined> {
  try {
    return await runProcess(command, args, { env: buildxEnvironment(context), deadline: context.deadline });
  } catch (error) {
    if (!(error instanceof Unavailable) || context.deadline.aborted) throw error;
    return undefined;
  }
}

async function writesLayouts(
  run: (...args: string[]) => Promise<ProcessResult | undefined>,
  context: RunContext,
): Promise<boolean> {
  const folder = await mkdtemp(join(context.temp, 'hallmark-engine-'));
  try {
    await writeFile(join(folder, 'Dockerfile'), 'FROM scratch\nLABEL probe=true\n');
    const output = `type=oci,"dest=${join(folder, 'probe.tar')}"`;
    const probe = await run('build', '--provenance=false', '--output', output, folder);
    return probe?.code === 0;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
