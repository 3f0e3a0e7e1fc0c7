import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { countSeverities, type ScanDatabase, type ScanResult } from '../evidence/scan.ts';
import { type Scanner, SEVERITIES, type Severity } from '../evidence/severity.ts';
import type { RunContext } from '../github/context.ts';
import { shortDigest } from '../image/digest.ts';
import { formatPlatform, parsePlatform } from '../image/platform.ts';
import { formatImage, formatPlace, parseReference, type Reference } from '../image/reference.ts';
import { Invalid, Refused, Unavailable } from '../outcome/outcome.ts';
import type { StepResult } from '../outcome/result.ts';
import { formatFindings } from '../report/findings.ts';
import { openStore, type StoreOptions, storeOptions } from '../store/open.ts';
import { mapParallel } from '../store/parallel.ts';
import { listSubjects, type PlatformManifest } from '../store/subjects.ts';
import { analyseImage, convertReport, FORMATS, type Format } from '../trivy/analyse.ts';
import { fetchDatabase, writeEmptyDatabase } from '../trivy/database.ts';
import { findTrivy } from '../trivy/find.ts';
import { type LayerDigests, writeLayout } from '../trivy/layout.ts';
import { buildReport } from '../trivy/report.ts';

export interface ScanInputs {
  readonly image: string;
  /** `linux/amd64`; empty: all. */
  readonly platforms: readonly string[];
  /** Empty: packages are listed and nothing is judged. */
  readonly scanners: readonly Scanner[];
  readonly 'fail-on': readonly Severity[];
  readonly 'db-repository': readonly string[];
  /** Seconds. */
  readonly 'db-max-age'?: number | undefined;
  readonly 'trivy-version'?: string | undefined;
  readonly 'trivy-path'?: string | undefined;
  readonly 'github-token'?: string | undefined;
}

/** One platform on its way through Trivy. */
interface Target {
  readonly platform: string;
  readonly manifest: PlatformManifest;
  /** Where Trivy runs, with the image and nothing else. */
  readonly folder: string;
  /** Where its reports stay for later steps. */
  readonly reports: string;
}

const FILES: Record<'report' | Format, string> = {
  report: 'trivy.json',
  sarif: 'trivy.sarif',
  cyclonedx: 'sbom.cdx.json',
  'spdx-json': 'sbom.spdx.json',
};

/** Scans every platform of an image once, writes every report from that one analysis, and refuses by `fail-on` alone. */
export async function scan(inputs: ScanInputs, context: RunContext): Promise<StepResult> {
  const options = storeOptions(context, inputs['github-token']);
  const reference = parseReference(inputs.image);
  const wanted = reference.digest ?? reference.tag;
  if (wanted === undefined) {
    throw new Invalid(
      'image',
      'names no digest and no tag; write registry/repo@sha256:… or registry/repo:tag',
    );
  }
  const store = openStore(reference, options);
  const image = await listSubjects(store, wanted);

  await mkdir(context.temp, { recursive: true });
  const work = await mkdtemp(join(context.temp, 'hallmark-trivy-'));
  const reports = await mkdtemp(join(context.temp, 'hallmark-scan-'));
  try {
    const targets = choosePlatforms(image.platforms, inputs.platforms).map((target, index): Target => {
      const kept = `${target.platform.replaceAll('/', '-')}-${shortDigest(target.manifest.descriptor.digest)}`;
      return { ...target, folder: join(work, String(index)), reports: join(reports, kept) };
    });
    const cache = join(work, 'cache');
    const program = join(work, 'program');
    await mkdir(program);
    const preparing = [
      mapParallel(targets, 2, async (target) => {
        await mkdir(target.folder);
        return { ...target, layers: await writeLayout(store, target.manifest, target.folder) };
      }),
      prepareDatabase(inputs, cache, options),
      findTrivy(inputs, context, program),
    ] as const;
    // To the end of each, so that nothing still writes when the folder is removed.
    await Promise.allSettled(preparing);
    const [prepared, database, trivy] = await Promise.all(preparing);

    const scans = await mapParallel(prepared, availableParallelism(), (target) =>
      scanPlatform(target, { trivy, cache, database, reference, inputs, context }),
    );
    const reasons = judge(scans, inputs['fail-on']);
    const name = formatImage(reference, image.digest);
    const pathsOf = (file: keyof typeof FILES): string =>
      image.all.length === 1
        ? join(targets[0]?.reports ?? '', FILES[file])
        : targets.map((target) => `${target.platform}=${join(target.reports, FILES[file])}`).join('\n');
    return {
      outcome: reasons.length > 0 ? 'refused' : 'passed',
      reasons,
      summary: formatFindings(name, scans, reasons),
      outputs: {
        image: name,
        repository: formatPlace(reference),
        digest: image.digest,
        report: pathsOf('report'),
        sarif: pathsOf('sarif'),
        'sbom-cyclonedx': pathsOf('cyclonedx'),
        'sbom-spdx': pathsOf('spdx-json'),
        'db-updated-at': database?.updatedAt,
        ...(inputs.scanners.length > 0 && outputCounts(scans)),
      },
    };
  } catch (error) {
    await rm(reports, { recursive: true, force: true });
    throw error;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The platform manifests to scan, by platform. A wanted one that the image does not have is `Invalid`. */
function choosePlatforms(
  platforms: readonly PlatformManifest[],
  wanted: readonly string[],
): { platform: string; manifest: PlatformManifest }[] {
  const found = platforms.map((manifest) => ({
    platform: formatPlatform(manifest.platform) || 'unknown/unknown',
    manifest,
  }));
  for (const { platform } of found) {
    if (!/^[a-z0-9_.-]+(?:\/[a-z0-9_.-]+){1,2}$/i.test(platform)) {
      throw new Refused(`the image names a platform that is none: "${platform}"`);
    }
  }
  if (found.length === 0)
    throw new Refused('the image has no platform that could run, so there is nothing to scan');
  if (wanted.length === 0) return found;
  const names = wanted.map((text) => formatPlatform(parsePlatform(text)));
  const missing = names.filter((name) => !found.some(({ platform }) => platform === name));
  if (missing.length > 0) {
    const has = found.map(({ platform }) => platform).join(', ');
    throw new Invalid('platforms', `the image has no ${missing.join(', ')}; it has ${has}`);
  }
  return found.filter(({ platform }) => names.includes(platform));
}

async function prepareDatabase(
  inputs: ScanInputs,
  cache: string,
  options: StoreOptions,
): Promise<ScanDatabase | undefined> {
  if (!inputs.scanners.includes('vuln')) {
    await writeEmptyDatabase(cache);
    return undefined;
  }
  const database = await fetchDatabase(inputs['db-repository'], cache, options);
  const age = (Date.now() - Date.parse(database.updatedAt)) / 1000;
  const limit = inputs['db-max-age'];
  if (limit !== undefined && age > limit) {
    throw new Unavailable(
      `the vulnerability database of ${database.updatedAt} is ${Math.round(age / 3600)} hours old, older than db-max-age`,
      {
        hint: 'Nothing was judged. Try again when it has been updated, or name a fresher mirror in "db-repository".',
      },
    );
  }
  return database;
}

async function scanPlatform(
  { platform, manifest, folder, reports, layers }: Target & { readonly layers: LayerDigests },
  run: {
    readonly trivy: string;
    readonly cache: string;
    readonly database: ScanDatabase | undefined;
    readonly reference: Reference;
    readonly inputs: ScanInputs;
    readonly context: RunContext;
  },
): Promise<ScanResult> {
  const { trivy, cache, database, reference, context } = run;
  const { deadline, log } = context;
  const scanners = [...run.inputs.scanners];
  const startedAt = new Date().toISOString();
  // A cache for each, around one database: where there are Java archives Trivy writes their index into it.
  const own = `${folder}-cache`;
  await mkdir(own);
  await symlink(join(cache, 'db'), join(own, 'db'));
  const written = await analyseImage(trivy, { folder, cache: own, scanners, deadline });
  const { text, scan, packages } = buildReport(
    written,
    {
      manifest: manifest.descriptor.digest,
      platform,
      scanners,
      startedAt,
      scannedAt: new Date().toISOString(),
      ...(database && { database }),
    },
    {
      name: formatImage(reference, manifest.descriptor.digest),
      config: manifest.manifest.config.digest,
      inRegistry: reference.kind === 'registry',
      layers,
    },
  );
  if (packages === 0) {
    log.warning(
      `Trivy found no packages in ${platform}: it knows of no vulnerability because it knows of no package`,
    );
  }
  await mkdir(reports);
  const report = join(reports, FILES.report);
  await writeFile(report, text);
  await mapParallel(FORMATS, FORMATS.length, (format) =>
    convertReport(trivy, format, { report, output: join(reports, FILES[format]) }, { folder, deadline }),
  );
  return scan;
}

/** Everything found that `fail-on` names: the severities from the lowest of the four upwards, and `UNKNOWN` when it is listed itself. */
function judge(scans: readonly ScanResult[], failOn: readonly Severity[]): string[] {
  const lowest = Math.max(
    -1,
    ...failOn.filter((word) => word !== 'UNKNOWN').map((word) => SEVERITIES.indexOf(word)),
  );
  const fails = (severity: Severity): boolean =>
    severity === 'UNKNOWN' ? failOn.includes('UNKNOWN') : SEVERITIES.indexOf(severity) <= lowest;
  const found = scans.flatMap((scan) => [
    ...scan.findings
      .filter(({ severity }) => fails(severity))
      .map(({ severity, id, package: name, version, fixed, target }) => {
        const fix = fixed === '' ? 'no fix yet' : `fixed in ${fixed}`;
        return { severity, reason: `${severity}: ${id} in ${name} ${version} (${fix}), ${target}` };
      }),
    ...scan.secrets
      .filter(({ severity }) => fails(severity))
      .map(({ severity, title, target, line }) => ({
        severity,
        reason: `${severity}: secret (${title}) in ${target}, line ${line}`,
      })),
  ]);
  found.sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
  return [...new Set(found.map(({ reason }) => reason))];
}

function outputCounts(scans: readonly ScanResult[]): Record<string, number> {
  const counts = Object.entries(countSeverities(scans));
  return Object.fromEntries(counts.map(([severity, count]) => [severity.toLowerCase(), count]));
}
