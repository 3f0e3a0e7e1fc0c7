// What the demo finds on the machine it runs on: the application, a builder and the scanner's database.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { parseReference } from '../../shared/image/reference.ts';
import { Failure } from '../../shared/outcome/outcome.ts';
import { openStore } from '../../shared/store/open.ts';
import { VULNERABILITIES } from '../../shared/trivy/database.ts';
import type { World } from '../../test/actions/world.ts';
import { publishTrivyDb } from '../../test/servers/trivy-db.ts';
import { ensureTool } from '../tools.ts';
import { DEMO, type Stage } from './stage.ts';
import { prepare, reasonsOf } from './story.ts';

/** What this machine can do. */
export interface Setting {
  readonly builder: BuildSetting;
  /** Inputs of whatever scans. */
  readonly scanner: Readonly<Record<string, string>>;
}

/** How the application is assembled where there is no engine: its files, on nothing. */
const LAYERS = {
  files: ['package.json', 'server.mjs', 'node_modules'].map((path) => `${path}:/app/${path}`).join('\n'),
  entrypoint: 'node /app/server.mjs',
  user: '65532:65532',
};

/** Puts the first commit, of the demo's application or of the folder `own`, into the workspace, and finds out what this machine can do. */
export async function prepareSetting({ world }: Stage, own: string | undefined): Promise<Setting> {
  const trivy = await ensureTool('trivy');
  const database = await prepare(
    'Scanner',
    () => chooseDatabase(world),
    ({ why }) => `Trivy with ${why}`,
  );
  copyFolder(own ?? join(DEMO, 'app'), world);
  world.commit({}, 'Add the application');
  if (own === undefined) await installPackages(world);
  const builder = await prepare(
    'Builder',
    () => chooseBuilder(world, own === undefined ? LAYERS : { files: '.:/app' }),
    ({ why }) => why,
  );
  return { builder, scanner: { 'trivy-path': trivy, ...database.inputs } };
}

/** Copies a folder into the workspace, without its history. */
export function copyFolder(from: string, world: World): void {
  cpSync(from, world.workspace, { recursive: true, filter: (path) => basename(path) !== '.git' });
}

/** Installs the locked packages as a build would, and runs none of their scripts. */
export function installPackages(world: World): Promise<void> {
  return prepare(
    'npm ci',
    () => runNpm(world),
    () => 'real packages, those that the lockfile names',
  );
}

function runNpm(world: World): void {
  const npm = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: world.workspace,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (npm.status !== 0) throw new Error(`npm ci failed in ${world.workspace}:\n${npm.stderr ?? npm.error}`);
}

/** How the demo builds: inputs and variables of the build action, and why so. */
interface BuildSetting {
  readonly inputs: Record<string, string>;
  readonly variables: Record<string, string | undefined>;
  readonly why: string;
}

/**
 * The engine of this machine when it can really build the Dockerfile to the end, which only a build tells: it may not answer,
 * write no layouts, or not reach the base image. The layers builder otherwise.
 */
async function chooseBuilder(world: World, layers: Record<string, string>): Promise<BuildSetting> {
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
async function chooseDatabase(world: World): Promise<{ inputs: Record<string, string>; why: string }> {
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
