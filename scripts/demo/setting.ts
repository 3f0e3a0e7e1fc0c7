// What the demo finds on the machine it runs on: the application, a builder and the scanner's database.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseReference } from '../../shared/image/reference.ts';
import { Failure } from '../../shared/outcome/outcome.ts';
import { openStore } from '../../shared/store/open.ts';
import { VULNERABILITIES } from '../../shared/trivy/database.ts';
import type { World } from '../../test/actions/world.ts';
import { publishTrivyDb } from '../../test/servers/trivy-db.ts';
import { reasonsOf } from './story.ts';

/** The demo's own application, and beside it the policy and the second commit. */
export const DEMO = fileURLToPath(new URL('../../demo', import.meta.url));

/** Copies a folder into the workspace, without its history. */
export function copyFolder(from: string, world: World): void {
  cpSync(from, world.workspace, { recursive: true, filter: (path) => basename(path) !== '.git' });
}

/** Installs the locked packages as a build would, and runs none of their scripts. */
export function installPackages(world: World): void {
  const npm = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: world.workspace,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (npm.status !== 0) throw new Error(`npm ci failed in ${world.workspace}:\n${npm.stderr ?? npm.error}`);
}

/** How the demo builds: inputs and variables of the build action, and why so. */
export interface BuildSetting {
  readonly inputs: Record<string, string>;
  readonly variables: Record<string, string | undefined>;
  readonly why: string;
}

/**
 * The engine of this machine when it can really build the Dockerfile to the end, which only a build tells: it may not answer,
 * write no layouts, or not reach the base image. The layers builder otherwise.
 */
export async function chooseBuilder(world: World, layers: Record<string, string>): Promise<BuildSetting> {
  const assembled = { inputs: { ...layers, builder: 'layers' }, variables: {} };
  if (!existsSync(join(world.workspace, 'Dockerfile'))) {
    return { ...assembled, why: 'layers, because there is no Dockerfile' };
  }
  const inputs = { builder: 'buildkit' };
  const variables: Record<string, string | undefined> = {
    DOCKER_CONFIG: process.env.DOCKER_CONFIG ?? join(homedir(), '.docker'),
  };
  for (const name of ['DOCKER_HOST', 'DOCKER_CONTEXT', 'BUILDX_BUILDER', 'BUILDX_CONFIG']) {
    variables[name] = process.env[name];
  }
  const trial = await world.run('build', { ...inputs, push: 'false', timeout: '2m' }, { variables });
  if (trial.code === 0) return { inputs, variables, why: 'BuildKit, which built the Dockerfile in a trial' };
  const [reason = 'the trial failed'] = reasonsOf(trial);
  const short = reason.length > 150 ? `${reason.slice(0, 150)}…` : reason;
  return { ...assembled, why: `layers, which executes nothing (BuildKit: ${short})` };
}

/** Where scan gets Trivy's database from: the real one where it answers, otherwise the small committed one, served by the embedded registry. */
export async function chooseDatabase(world: World): Promise<{ inputs: Record<string, string>; why: string }> {
  const [place = ''] = VULNERABILITIES.upstream;
  const reference = parseReference(place);
  try {
    const found = await openStore(reference, {
      workspace: '/',
      path: '',
      deadline: AbortSignal.timeout(5000),
      log: { mask() {}, info() {} },
    }).resolve(reference.tag ?? '');
    if (found !== undefined) return { inputs: {}, why: `Trivy's own vulnerability database, from ${place}` };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
  }
  const repository = await publishTrivyDb(world.registry.host);
  return {
    inputs: { 'db-repository': repository },
    why: `a small committed vulnerability database, because ${place} cannot be reached`,
  };
}
