import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Scanner } from '../evidence/severity.ts';
import { Unavailable } from '../outcome/outcome.ts';
import { LAYOUT_FOLDER } from './layout.ts';
import { runTrivy } from './run.ts';

/** What Trivy turns its report into, by its own names. */
export type Format = 'cyclonedx' | 'spdx-json';

/** What Trivy says when it meets an archive of Java and has no index (trivy pkg/javadb/client.go). */
const NO_INDEX = /'--skip-java-db-update' cannot be specified on the first run/;

// An analysis may hold far more than what Trivy does otherwise: no limit is right for it.
const ANALYSE = { GOGC: '200', GOMEMLIMIT: 'off' };

/** The image holds archives of Java, and Trivy was given no index to tell which they are. */
export class JavaIndexNeeded extends Unavailable {}

/**
 * Analyses the one image of the OCI layout `<folder>/image` and returns Trivy's JSON report as it wrote it: every package and every finding,
 * nothing filtered. `cache` holds the databases; `JavaIndexNeeded` when Java's is not there and is needed. Vulnerabilities are always matched (against an empty database when they are not asked for),
 * because Trivy lists Java archives only then. Misconfigurations are looked for by the checks that this version of Trivy
 * carries, and by no others: newer ones would come from a registry, and Trivy falls back from those without failing.
 * `complaints` are errors that Trivy logged and went on after, as for a file it could not parse.
 */
export async function analyseImage(
  trivy: string,
  options: { folder: string; cache: string; scanners: readonly Scanner[]; deadline: AbortSignal },
): Promise<{ report: string; complaints: string[] }> {
  const { folder, cache, scanners, deadline } = options;
  const ofConfig = scanners.filter((scanner) => scanner === 'secret' || scanner === 'misconfig');
  const args = [
    ...['image', '--input', LAYOUT_FOLDER, '--output', 'trivy.json', '--format', 'json', '--list-all-pkgs'],
    ...['--scanners', [...new Set(['vuln', ...scanners])].join(',')],
    // A secret in the image's environment or history is as public as one in a file.
    ...(ofConfig.length > 0 ? ['--image-config-scanners', ofConfig.join(',')] : []),
    ...['--cache-dir', cache, '--cache-backend', 'memory', '--skip-db-update', '--skip-java-db-update'],
    ...['--skip-check-update', '--skip-version-check', '--disable-telemetry', '--no-progress'],
    // The step's deadline holds; Trivy's own default is five minutes.
    ...['--timeout', '24h'],
  ];
  const { stderr } = await runTrivy(trivy, args, { folder, deadline, env: ANALYSE }).catch(
    (error: unknown) => {
      if (!(error instanceof Unavailable) || !NO_INDEX.test(error.message)) throw error;
      throw new JavaIndexNeeded("the image holds archives of Java, which need Trivy's Java index", {
        cause: error,
      });
    },
  );
  const report = await readFile(join(folder, 'trivy.json'), 'utf8').catch((cause) => {
    throw new Unavailable('Trivy ended well and wrote no report', { cause });
  });
  const complaints = stderr
    .split(/\r?\n/)
    .filter((line) => /\bERROR\b/.test(line) && !line.includes('Falling back to embedded checks'))
    .map((line) =>
      line
        .replace(/^.*?\bERROR\b\s*/, '')
        .replaceAll('\t', ' ')
        .slice(0, 500),
    );
  return { report, complaints };
}

/** Turns a report into another format, without a second analysis. Both paths are absolute; `folder` is where Trivy runs. */
export async function convertReport(
  trivy: string,
  format: Format,
  paths: { report: string; output: string },
  options: { folder: string; deadline: AbortSignal },
): Promise<void> {
  const args = ['convert', '--quiet', '--format', format, '--output', paths.output, paths.report];
  await runTrivy(trivy, args, options);
}
