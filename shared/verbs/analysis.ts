import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { placeOf } from '../evidence/finding.ts';
import type { ScanAdditions, ScanDatabase, ScanResult } from '../evidence/scan.ts';
import type { Scanner } from '../evidence/severity.ts';
import type { RunContext } from '../github/context.ts';
import { shortDigest } from '../image/digest.ts';
import { formatPlatform, parsePlatform } from '../image/platform.ts';
import { formatImage, type Reference } from '../image/reference.ts';
import { Invalid, Refused } from '../outcome/outcome.ts';
import type { PolicyFile } from '../policy/file.ts';
import type { StoreOptions } from '../store/open.ts';
import { mapParallel } from '../store/parallel.ts';
import type { Store } from '../store/store.ts';
import { type ImageSubjects, type PlatformManifest, readConfig } from '../store/subjects.ts';
import { analyseImage, convertReport, JavaIndexNeeded } from '../trivy/analyse.ts';
import {
  type DatabaseKind,
  fetchDatabase,
  JAVA_INDEX,
  VULNERABILITIES,
  writeEmptyDatabase,
} from '../trivy/database.ts';
import { findTrivy, type TrivyChoice } from '../trivy/find.ts';
import { LAYOUT_FOLDER, type LayerDigests, writeLayout } from '../trivy/layout.ts';
import { buildReport } from '../trivy/report.ts';
import { renderSarif } from '../trivy/sarif.ts';

export interface AnalysisInputs extends TrivyChoice {
  /** Empty: packages are listed and nothing is judged. */
  readonly scanners: readonly Scanner[];
  /** Empty or absent: the policy's mirrors, and without those where Trivy's project serves it. */
  readonly 'db-repository'?: readonly string[] | undefined;
  readonly 'java-db-repository'?: readonly string[] | undefined;
  /** Seconds. */
  readonly 'db-max-age'?: number | undefined;
  /** Folder that stays between runs, absolute or in the workspace; RUNNER_TOOL_CACHE when undefined. */
  readonly 'cache-dir'?: string | undefined;
}

/** Trivy, and the folder that holds its databases. */
export interface Tools {
  readonly trivy: string;
  readonly cache: string;
  readonly database: ScanDatabase | undefined;
  /** Fetches the index of Java's archives into `cache`, once: it is large, and most images need none. */
  fetchJavaIndex(): Promise<ScanDatabase>;
}

/** What is known beside what Trivy finds, of one platform. */
export type Additions = Pick<ScanAdditions, 'exploitedAt' | 'exploited' | 'others'>;

/** An image to analyse: all of its platforms, or those that are named. */
export interface AnalysedImage {
  readonly store: Store;
  readonly reference: Reference;
  readonly subjects: ImageSubjects;
  readonly platforms?: readonly string[];
}

/** What can be written beside Trivy's own report. */
export const FORMATS = ['sarif', 'cyclonedx', 'spdx-json'] as const;
type Format = (typeof FORMATS)[number];

type Analysable = PlatformManifest & { readonly config: Buffer };

/** One platform's analysis. */
export interface AnalysedPlatform {
  readonly platform: string;
  /** With its config read. */
  readonly manifest: Analysable;
  readonly scan: ScanResult;
  /** What Trivy could not look at, a sentence each. */
  readonly gaps: readonly string[];
  /** Absolute paths. Of an image that is only compared with there is the report alone. */
  readonly files: Readonly<Record<'report' | Format, string>>;
}

const FILES: Record<'report' | Format, string> = {
  report: 'trivy.json',
  sarif: 'trivy.sarif',
  cyclonedx: 'sbom.cdx.json',
  'spdx-json': 'sbom.spdx.json',
};

/** The path of the Trivy to run; one that has to be installed is unpacked into `work`. */
export async function findProgram(
  inputs: AnalysisInputs,
  work: string,
  context: RunContext,
): Promise<string> {
  const folder = join(work, 'program');
  await mkdir(folder);
  return findTrivy(inputs, context, { folder, keep: keepIn(inputs, context) });
}

/** Finds Trivy and fetches its database, both at once, into `work`. */
export async function prepareTools(
  inputs: AnalysisInputs,
  work: string,
  options: StoreOptions,
  context: RunContext,
  given: {
    /** Asked only where no input says where a database is. */
    readonly policy?: () => Promise<Pick<PolicyFile, 'mirrors'> | undefined>;
    readonly program?: Promise<string>;
  } = {},
): Promise<Tools> {
  const cache = join(work, 'cache');
  const keep = keepIn(inputs, context);
  const fetch = async (kind: DatabaseKind, maxAge?: number): Promise<ScanDatabase> => {
    const asked = inputs[kind.input] ?? [];
    const mirrors = asked.length > 0 ? asked : (await given.policy?.())?.mirrors?.[kind.mirrors];
    return fetchDatabase(kind, mirrors ?? kind.upstream, cache, { ...options, keep, maxAge });
  };
  const preparing = [
    inputs.scanners.includes('vuln')
      ? fetch(VULNERABILITIES, inputs['db-max-age'])
      : writeEmptyDatabase(cache).then(() => undefined),
    given.program ?? findProgram(inputs, work, context),
  ] as const;
  // To the end of each, so that nothing still writes when the folder is removed.
  await Promise.allSettled(preparing);
  const [database, trivy] = await Promise.all(preparing);
  let index: Promise<ScanDatabase> | undefined;
  const fetchJavaIndex = (): Promise<ScanDatabase> => {
    index ??= fetch(JAVA_INDEX);
    return index;
  };
  return { trivy, cache, database, fetchJavaIndex };
}

/**
 * Analyses every platform of an image once and writes every report of it below `reports`. `work` is an empty folder that the caller removes;
 * the image is read while the tools are still being prepared. What `add` knows of a platform is written into its report.
 * `onTrivy` is called when Trivy starts: from then on there is little to do but to wait for it.
 */
export async function analysePlatforms(
  image: AnalysedImage,
  run: {
    readonly tools: Promise<Tools>;
    readonly work: string;
    readonly reports: string;
    readonly scanners: readonly Scanner[];
    /** What is written beside Trivy's own report. */
    readonly formats: readonly Format[];
    readonly add?: (platform: string) => Additions;
    readonly onTrivy?: () => void;
    readonly context: RunContext;
  },
): Promise<AnalysedPlatform[]> {
  const targets = choosePlatforms(image.subjects, image.platforms ?? []).map((target, index) => {
    const kept = `${target.platform.replaceAll('/', '-')}-${shortDigest(target.manifest.descriptor.digest)}`;
    return { ...target, folder: join(run.work, String(index)), reports: join(run.reports, kept) };
  });
  const analysing = mapParallel(targets, availableParallelism(), async (target) => {
    await mkdir(target.folder);
    const manifest = { ...target.manifest, config: await readConfig(image.store, target.manifest) };
    const layers = await writeLayout(image.store, manifest, target.folder);
    const tools = await run.tools;
    run.onTrivy?.();
    return analysePlatform({ ...target, manifest, layers }, image.reference, { ...run, tools });
  });
  // To the end of each, so that nothing still writes when the folder is removed.
  await Promise.allSettled([analysing, run.tools]);
  return analysing;
}

/** Writes into each report since when a finding is known: `seen`, by `placeOf`, comes from what the image is compared with. */
export async function dateReports(
  analysed: readonly AnalysedPlatform[],
  seen: ReadonlyMap<string, string>,
): Promise<void> {
  for (const { scan, files } of analysed) {
    const places = new Set(scan.findings.map(placeOf).filter((place) => seen.has(place)));
    if (places.size === 0) continue;
    const report = JSON.parse(await readFile(files.report, 'utf8')) as { Hallmark: ScanAdditions };
    const firstSeen = Object.fromEntries([...places].map((place) => [place, seen.get(place) ?? '']));
    await writeFile(files.report, JSON.stringify({ ...report, Hallmark: { ...report.Hallmark, firstSeen } }));
  }
}

/** One platform on its way through Trivy. */
interface Target {
  readonly platform: string;
  readonly manifest: Analysable;
  /** Where Trivy runs, with the image and nothing else. */
  readonly folder: string;
  /** Where its reports stay for later steps. */
  readonly reports: string;
  readonly layers: LayerDigests;
}

/** The platform manifests of an image, by platform. */
export function listPlatforms({
  platforms,
}: ImageSubjects): { platform: string; manifest: PlatformManifest }[] {
  return platforms.map((manifest) => ({
    platform: formatPlatform(manifest.platform) || 'unknown/unknown',
    manifest,
  }));
}

/** Those to scan. A wanted one that the image does not have is `Invalid`. */
export function choosePlatforms(
  image: ImageSubjects,
  wanted: readonly string[],
): { platform: string; manifest: PlatformManifest }[] {
  const found = listPlatforms(image);
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

/** Where Trivy's archive and its databases stay between runs. */
function keepIn(inputs: AnalysisInputs, context: RunContext): string | undefined {
  const given = inputs['cache-dir'];
  if (given !== undefined) return resolve(context.workspace, given);
  return context.toolCache && join(context.toolCache, 'hallmark');
}

async function analysePlatform(
  { platform, manifest, folder, reports, layers }: Target,
  reference: Reference,
  run: {
    readonly tools: Tools;
    readonly scanners: readonly Scanner[];
    readonly formats: readonly Format[];
    readonly add?: (platform: string) => Additions;
    readonly context: RunContext;
  },
): Promise<AnalysedPlatform> {
  const { trivy, cache, database } = run.tools;
  const { deadline, log } = run.context;
  const scanners = [...run.scanners];
  const startedAt = new Date().toISOString();
  // A cache for each around what they share, so that none finds what another is still waiting for half there.
  const own = `${folder}-cache`;
  await mkdir(own);
  const share = (kind: DatabaseKind) => symlink(join(cache, kind.folder), join(own, kind.folder));
  const analyse = () => analyseImage(trivy, { folder, cache: own, scanners, deadline });
  await share(VULNERABILITIES);
  let javaIndex: ScanDatabase | undefined;
  const { report: written, complaints } = await analyse().catch(async (error: unknown) => {
    if (!(error instanceof JavaIndexNeeded)) throw error;
    log.info(`${platform} holds archives of Java, so it is analysed once more with Trivy's Java index`);
    javaIndex = await run.tools.fetchJavaIndex();
    await share(JAVA_INDEX);
    return analyse();
  });
  // The disk of a runner is small, and other platforms are still to come. All of it goes at the end anyway.
  await rm(join(folder, LAYOUT_FOLDER), { recursive: true }).catch(() => undefined);
  const { json, text, scan, packages } = buildReport(
    written,
    {
      manifest: manifest.descriptor.digest,
      platform,
      scanners,
      startedAt,
      scannedAt: new Date().toISOString(),
      ...(database && { database }),
      ...(javaIndex && { javaIndex }),
      ...run.add?.(platform),
    },
    {
      name: formatImage(reference, manifest.descriptor.digest),
      config: manifest.manifest.config.digest,
      inRegistry: reference.kind === 'registry',
      layers,
    },
  );
  const gaps = complaints.map((complaint) => `Trivy on ${platform}: ${complaint}`);
  if (packages === 0) {
    gaps.push(
      `Trivy found no packages in ${platform}: it knows of no vulnerability because it knows of no package`,
    );
  }
  for (const gap of gaps) log.warning(gap);
  await mkdir(reports, { recursive: true });
  const files = {
    report: join(reports, FILES.report),
    sarif: join(reports, FILES.sarif),
    cyclonedx: join(reports, FILES.cyclonedx),
    'spdx-json': join(reports, FILES['spdx-json']),
  };
  await writeFile(files.report, text);
  // A layout has no name that stays from run to run.
  const artifact =
    reference.kind === 'registry'
      ? reference.repository.path
      : (run.context.repository?.toLowerCase() ?? reference.folder);
  await mapParallel(run.formats, FORMATS.length, (format) => {
    const output = files[format];
    if (format === 'sarif') return writeFile(output, renderSarif(json, artifact));
    return convertReport(trivy, format, { report: files.report, output }, { folder, deadline });
  });
  return { platform, manifest, scan, gaps, files };
}
