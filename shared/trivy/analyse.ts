import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Scanner } from '../evidence/severity.ts';
import { Unavailable } from '../outcome/outcome.ts';
import { LAYOUT_FOLDER } from './layout.ts';
import { runTrivy } from './run.ts';

/** What a report can be turned into, by Trivy's names. */
export const FORMATS = ['sarif', 'cyclonedx', 'spdx-json'] as const;
export type Format = (typeof FORMATS)[number];

/**
 * Analyses the one image of the OCI layout `<folder>/image` and returns Trivy's JSON report as it wrote it: every package and every finding,
 * nothing filtered. `cache` holds the database. Vulnerabilities are always matched (against an empty database when they are not asked for),
 * because Trivy lists Java archives only then.
 */
export async function analyseImage(
  trivy: string,
  options: { folder: string; cache: string; scanners: readonly Scanner[]; deadline: AbortSignal },
): Promise<string> {
  const { folder, cache, scanners, deadline } = options;
  const args = [
    ...['image', '--input', LAYOUT_FOLDER, '--output', 'trivy.json', '--format', 'json', '--list-all-pkgs'],
    ...['--scanners', [...new Set(['vuln', ...scanners])].join(',')],
    // A secret in the image's environment or history is as public as one in a file.
    ...(scanners.includes('secret') ? ['--image-config-scanners', 'secret'] : []),
    ...['--cache-dir', cache, '--cache-backend', 'memory', '--skip-db-update'],
    ...['--skip-version-check', '--disable-telemetry', '--no-progress'],
    // The step's deadline holds; Trivy's own default is five minutes.
    ...['--timeout', '24h'],
  ];
  await runTrivy(trivy, args, { folder, deadline });
  return readFile(join(folder, 'trivy.json'), 'utf8').catch((cause) => {
    throw new Unavailable('Trivy ended well and wrote no report', { cause });
  });
}

/** Turns a report into another format, without a second analysis. Both paths are absolute; `folder` is where Trivy runs. */
export async function convertReport(
  trivy: string,
  format: Format,
  paths: { report: string; output: string },
  options: { folder: string; deadline: AbortSignal },
): Promise<void> {
  await runTrivy(
    trivy,
    ['convert', '--quiet', '--format', format, '--output', paths.output, paths.report],
    options,
  );
}
