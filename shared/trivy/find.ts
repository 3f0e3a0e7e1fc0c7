import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import * as z from 'zod';
import { openGithub } from '../github/api.ts';
import type { RunContext } from '../github/context.ts';
import { Invalid, Refused, Unavailable } from '../outcome/outcome.ts';
import { installRelease } from './download.ts';
import { MINIMUM_AGE, refuseMalicious, releaseArchive, TRIVY_VERSION } from './release.ts';
import { runTrivy } from './run.ts';

export interface TrivyChoice {
  /** A program that the caller brings, absolute or from the workspace. */
  readonly 'trivy-path'?: string | undefined;
  /** The version it must have (default `TRIVY_VERSION`). */
  readonly 'trivy-version'?: string | undefined;
  /** Hex, of the program at `trivy-path`, or without one of the release's archive for this machine. */
  readonly 'trivy-sha256'?: string | undefined;
  readonly 'github-token'?: string | undefined;
}

/** True for the release that is pinned here: with any other something may be wrong that the caller has to know first. */
export function isPinned(choice: TrivyChoice): boolean {
  return choice['trivy-path'] === undefined && (choice['trivy-version'] ?? TRIVY_VERSION) === TRIVY_VERSION;
}

/**
 * The absolute path of the Trivy to run: `trivy-path`, else one on PATH of the pinned version, else the release, kept in `keep` or by download.
 * `folder` is empty and the caller's to remove. A malicious version is `Refused`. Any but the pinned one needs its sha256,
 * and must have been released `MINIMUM_AGE` days ago: fresh ones are where attacks are still unknown.
 */
export async function findTrivy(
  choice: TrivyChoice,
  context: RunContext,
  { folder, keep }: { folder: string; keep: string | undefined },
): Promise<string> {
  const version = choice['trivy-version'] ?? TRIVY_VERSION;
  const { 'trivy-path': given, 'trivy-sha256': sha256 } = choice;
  refuseMalicious(version);
  const other = version === TRIVY_VERSION ? undefined : { version, sha256: requireHash(version, sha256) };
  const path = given === undefined ? undefined : resolve(context.workspace, given);
  if (path !== undefined) {
    if (!(await isProgram(path))) throw new Invalid('trivy-path', `there is no program at "${given}"`);
    if (sha256 !== undefined) await checkProgram(path, sha256);
    const found = await readVersion(path, folder, context.deadline);
    if (found !== version) {
      throw new Invalid('trivy-path', `is Trivy ${found}, and ${version} is wanted`, {
        hint: `Set "trivy-version: ${found}" if it is meant.`,
      });
    }
  }
  if (other !== undefined) await refuseFresh(version, choice['github-token'], context);
  if (path !== undefined) return path;
  if (other === undefined) {
    const installed = await findOnPath(version, folder, context);
    if (installed !== undefined) return installed;
  }
  const archive = releaseArchive(process.platform, process.arch, other);
  if (!archive) {
    throw new Unavailable(`Trivy has no known release for ${process.platform} on ${process.arch}`, {
      hint: 'Install it yourself and name it in "trivy-path".',
    });
  }
  const cache = keep === undefined ? undefined : join(keep, 'trivy');
  return installRelease(archive, folder, { cache, deadline: context.deadline });
}

async function findOnPath(
  wanted: string,
  folder: string,
  { path: entries, log, deadline }: RunContext,
): Promise<string | undefined> {
  for (const entry of entries.split(delimiter)) {
    const path = join(entry, 'trivy');
    if (!isAbsolute(entry) || !(await isProgram(path))) continue;
    const version = await readVersion(path, folder, deadline);
    if (version === wanted) return path;
    log.info(`${path} is Trivy ${version}, not ${wanted}: passed over`);
  }
  return undefined;
}

function requireHash(version: string, sha256: string | undefined): string {
  if (sha256 !== undefined) return sha256;
  throw new Invalid(
    'trivy-sha256',
    `is required for Trivy ${version}: of ${TRIVY_VERSION} alone it is known here`,
    {
      hint: 'Take it from where the release was reviewed, not from where it is downloaded.',
    },
  );
}

async function checkProgram(path: string, sha256: string): Promise<void> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  const found = hash.digest('hex');
  if (found !== sha256) throw new Refused(`${path} has sha256 ${found}, and trivy-sha256 is ${sha256}`);
}

const releaseSchema = z.object({ published_at: z.iso.datetime() });

/** By GitHub's word, which whoever can replace a release's files cannot change. */
async function refuseFresh(version: string, token: string | undefined, context: RunContext): Promise<void> {
  const github = await openGithub(token, context);
  const release = await github.get(
    'GET /repos/{owner}/{repo}/releases/tags/{tag}',
    { owner: 'aquasecurity', repo: 'trivy', tag: `v${version}` },
    releaseSchema,
  );
  if (release === undefined) {
    throw new Unavailable(
      `${context.apiUrl} knows no release v${version} of aquasecurity/trivy, so its age is unknown`,
      {
        hint: `Without "trivy-version" ${TRIVY_VERSION} is used.`,
      },
    );
  }
  const days = (Date.now() - Date.parse(release.published_at)) / 86_400_000;
  if (days >= MINIMUM_AGE) return;
  throw new Refused(
    `Trivy ${version} was released ${release.published_at}, less than ${MINIMUM_AGE} days ago: too fresh to be run`,
  );
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
