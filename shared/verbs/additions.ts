import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { readForeignReport } from '../evidence/foreign.ts';
import { type ExploitedList, readExploitedList } from '../evidence/kev.ts';
import type { RunContext } from '../github/context.ts';
import { Invalid } from '../outcome/outcome.ts';
import { type FileLine, indexLockfiles } from '../report/lockfile.ts';
import { readInputFile, splitLine } from '../workspace/file.ts';
import { resolveInside } from '../workspace/workspace.ts';
import type { Additions } from './analysis.ts';

export interface AdditionsInputs {
  /** Reports of other scanners: a path, or `linux/amd64=path`. */
  readonly reports: readonly string[];
  /** CISA's catalogue of known exploited vulnerabilities, as JSON. */
  readonly kev?: string | undefined;
}

/** The most of one file, in bytes. */
const LIMIT = 64 * 1024 * 1024;

/**
 * Reads what is known of an image beside what Trivy finds, by platform. A report that does not say which of several `platforms` it is about
 * is `Invalid`, and so is any file that is not understood.
 */
export async function readAdditions(
  inputs: AdditionsInputs,
  platforms: readonly string[],
  context: RunContext,
): Promise<(platform: string) => Additions> {
  const [kev, others] = await Promise.all([
    readKev(inputs.kev, context),
    Promise.all(inputs.reports.map((line) => readOther(line, platforms, context))),
  ]);
  return (platform) => ({
    ...(kev && { exploitedAt: kev.releasedAt, exploited: kev.listed }),
    others: others.flatMap((found) => (found.platform === platform ? found.findings : [])),
  });
}

/** The lines of lockfiles in the workspace, by package (`lineKey`). One that cannot be read is some annotations less. */
export async function readLockfiles(
  paths: readonly string[],
  context: RunContext,
): Promise<ReadonlyMap<string, FileLine>> {
  const found = paths.map(async (path) => {
    const file = await resolveInside(context.workspace, path, 'lockfiles');
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      context.log.warning(`${path} cannot be read (${error.code}), so no line of it is annotated`);
      return undefined;
    });
    return text === undefined ? [] : [{ path: relative(context.workspace, file), text }];
  });
  return indexLockfiles((await Promise.all(found)).flat());
}

async function readKev(path: string | undefined, context: RunContext): Promise<ExploitedList | undefined> {
  if (path === undefined) return undefined;
  const kev = readExploitedList((await readInputFile(path, 'kev', context, LIMIT)).toString(), path);
  const days = Math.floor((Date.now() - Date.parse(kev.releasedAt)) / 86_400_000);
  context.log.info(
    `Known exploited vulnerabilities: CISA's catalogue of ${kev.releasedAt}, ${days} days old`,
  );
  return kev;
}

async function readOther(line: string, platforms: readonly string[], context: RunContext) {
  const { platform: named, path } = splitLine(line);
  const [only, ...more] = platforms;
  const platform = named ?? (more.length === 0 ? only : undefined);
  if (platform === undefined || !platforms.includes(platform)) {
    throw new Invalid(
      'reports',
      named === undefined
        ? `"${path}" does not say for which platform it is; the image has ${platforms.join(', ')}`
        : `the image has no ${named}, or it is not scanned; there are ${platforms.join(', ')}`,
      { hint: `Write one line a platform, as in ${only ?? 'linux/amd64'}=${path}` },
    );
  }
  const text = (await readInputFile(path, 'reports', context, LIMIT)).toString();
  const findings = readForeignReport(text, path, platform);
  return { platform, findings };
}
