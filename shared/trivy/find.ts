import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import type { RunContext } from '../github/context.ts';
import { Invalid, Unavailable } from '../outcome/outcome.ts';
import { installRelease } from './download.ts';
import { refuseMalicious, releaseArchive, TRIVY_VERSION } from './release.ts';
import { runTrivy } from './run.ts';

export interface TrivyChoice {
  /** A program that the caller brings, absolute or from the workspace. */
  readonly 'trivy-path'?: string | undefined;
  /** The version it must have (default `TRIVY_VERSION`). */
  readonly 'trivy-version'?: string | undefined;
}

/**
 * The absolute path of the Trivy to run: `trivy-path`, else one on PATH of the wanted version, else the pinned release from the tool cache
 * or by download. `folder` is empty and the caller's to remove. A version other than the pinned one must be brought; a malicious one is `Refused`.
 */
export async function findTrivy(choice: TrivyChoice, context: RunContext, folder: string): Promise<string> {
  const wanted = choice['trivy-version'] ?? TRIVY_VERSION;
  const { deadline } = context;
  refuseMalicious(wanted);

  const given = choice['trivy-path'];
  if (given !== undefined) {
    const path = resolve(context.workspace, given);
    if (!(await isProgram(path))) throw new Invalid('trivy-path', `there is no program at "${given}"`);
    const version = await readVersion(path, folder, deadline);
    if (version === wanted) return path;
    throw new Invalid('trivy-path', `is Trivy ${version}, and ${wanted} is wanted`, {
      hint: `Set "trivy-version: ${version}" if it is meant.`,
    });
  }
  if (wanted !== TRIVY_VERSION) {
    throw new Invalid('trivy-version', `only ${TRIVY_VERSION} can be installed: its sha256 is known`, {
      hint: 'Install another version yourself, by its sha256, and name it in "trivy-path".',
    });
  }
  for (const entry of context.path.split(delimiter)) {
    const path = join(entry, 'trivy');
    if (!isAbsolute(entry) || !(await isProgram(path))) continue;
    const version = await readVersion(path, folder, deadline);
    if (version === wanted) return path;
    context.log.info(`${path} is Trivy ${version}, not ${wanted}: passed over`);
  }
  const archive = releaseArchive(process.platform, process.arch);
  if (!archive) {
    throw new Unavailable(`Trivy has no pinned release for ${process.platform} on ${process.arch}`, {
      hint: 'Install it yourself and name it in "trivy-path".',
    });
  }
  const cache = context.toolCache && join(context.toolCache, 'hallmark', 'trivy');
  return installRelease(archive, folder, { cache, deadline });
}

async function isProgram(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function readVersion(path: string, folder: string, deadline: AbortSignal): Promise<string> {
  const { stdout } = await runTrivy(path, ['--version'], { folder, deadline });
  const version = /^Version: v?(\S+)/m.exec(stdout.toString())?.[1];
  if (version === undefined) throw new Unavailable(`${path} does not say which version of Trivy it is`);
  refuseMalicious(version);
  return version;
}
