import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { countSeverities, type MergedFinding, mergeFindings } from '../evidence/merge.ts';
import type { Severity } from '../evidence/severity.ts';
import type { RunContext } from '../github/context.ts';
import { formatImage, formatPlace, parseReference } from '../image/reference.ts';
import { Invalid } from '../outcome/outcome.ts';
import type { StepResult } from '../outcome/result.ts';
import { describeFinding, formatFindings } from '../report/findings.ts';
import type { Review } from '../report/review.ts';
import { openStore, storeOptions } from '../store/open.ts';
import { listSubjects } from '../store/subjects.ts';
import { type AnalysedPlatform, type AnalysisInputs, analysePlatforms, prepareTools } from './analysis.ts';
import { judgeFailOn } from './fail.ts';

export interface ScanInputs extends AnalysisInputs {
  readonly image: string;
  /** `linux/amd64`; empty: all. */
  readonly platforms: readonly string[];
  readonly 'fail-on': readonly Severity[];
  readonly 'github-token'?: string | undefined;
}

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
  const subjects = await listSubjects(store, wanted);
  const name = formatImage(reference, subjects.digest);

  await mkdir(context.temp, { recursive: true });
  const work = await mkdtemp(join(context.temp, 'hallmark-trivy-'));
  const reports = await mkdtemp(join(context.temp, 'hallmark-scan-'));
  try {
    const tools = prepareTools(inputs, work, options, context);
    const analysed = await analysePlatforms(
      { store, reference, subjects, platforms: inputs.platforms },
      { tools, work, reports, scanners: inputs.scanners, context },
    );
    const merged = mergeFindings(analysed.flatMap(({ scan: { findings } }) => findings));
    const reasons = await judgeFailOn(merged, inputs['fail-on']);
    const review = buildReview(name, analysed, { merged, reasons, inputs, context });
    const path = join(reports, 'review.json');
    await writeFile(path, JSON.stringify(review));
    return {
      outcome: reasons.length > 0 ? 'refused' : 'passed',
      reasons,
      summary: formatFindings(review),
      outputs: {
        image: name,
        repository: formatPlace(reference),
        digest: subjects.digest,
        ...listFiles(analysed, subjects.all.length === 1),
        review: path,
        'db-updated-at': (await tools).database?.updatedAt,
        ...(inputs.scanners.length > 0 && outputCounts(merged)),
      },
    };
  } catch (error) {
    await rm(reports, { recursive: true, force: true });
    throw error;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Each report's path; of an index one line a platform. */
function listFiles(analysed: readonly AnalysedPlatform[], single: boolean): Record<string, string> {
  const pathsOf = (file: keyof AnalysedPlatform['files']): string =>
    single
      ? (analysed[0]?.files[file] ?? '')
      : analysed.map(({ platform, files }) => `${platform}=${files[file]}`).join('\n');
  return {
    report: pathsOf('report'),
    sarif: pathsOf('sarif'),
    'sbom-cyclonedx': pathsOf('cyclonedx'),
    'sbom-spdx': pathsOf('spdx-json'),
  };
}

function buildReview(
  image: string,
  analysed: readonly AnalysedPlatform[],
  known: {
    readonly merged: readonly MergedFinding[];
    readonly reasons: readonly string[];
    readonly inputs: ScanInputs;
    readonly context: RunContext;
  },
): Review {
  const { merged, reasons, inputs, context } = known;
  const [first] = analysed;
  return {
    version: 1,
    image,
    ...(context.sha !== undefined && { commit: context.sha }),
    platforms: analysed.map(({ platform, manifest: { descriptor, manifest } }) => ({
      name: platform,
      digest: descriptor.digest,
      size: [manifest.config, ...manifest.layers].reduce((sum, { size }) => sum + size, 0),
      layers: manifest.layers.map(({ digest, size }) => ({ digest, size, createdBy: '' })),
    })),
    outcome: reasons.length > 0 ? 'refused' : 'passed',
    judged: inputs['fail-on'].length > 0,
    reasons: [...reasons],
    scanner: {
      name: 'trivy',
      version: first?.scan.version ?? '',
      ...(first?.scan.database && { databaseUpdatedAt: first.scan.database.updatedAt }),
    },
    findings: merged.map((one) => describeFinding(one, { state: 'unknown' })),
    fixed: [],
    exceptions: [],
  };
}

function outputCounts(merged: readonly MergedFinding[]): Record<string, number> {
  const counts = Object.entries(countSeverities(merged));
  return Object.fromEntries(counts.map(([severity, count]) => [severity.toLowerCase(), count]));
}
