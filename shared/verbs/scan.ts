import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { listFirstSeen } from '../evidence/first-seen.ts';
import { countSeverities, type MergedFinding, mergeFindings } from '../evidence/merge.ts';
import type { Severity } from '../evidence/severity.ts';
import type { RunContext } from '../github/context.ts';
import { formatImage, formatPlace, parseReference } from '../image/reference.ts';
import { Failure, Invalid } from '../outcome/outcome.ts';
import type { StepResult } from '../outcome/result.ts';
import { renderSummary } from '../report/comment.ts';
import { openStore, storeOptions } from '../store/open.ts';
import { listSubjects } from '../store/subjects.ts';
import { FORMATS } from '../trivy/analyse.ts';
import { isPinned } from '../trivy/find.ts';
import { type AdditionsInputs, readAdditions, readLockfiles } from './additions.ts';
import {
  type AnalysedImage,
  type AnalysedPlatform,
  type AnalysisInputs,
  analysePlatforms,
  choosePlatforms,
  dateReports,
  findProgram,
  prepareTools,
} from './analysis.ts';
import { parseBaseline } from './baseline.ts';
import { completeReview, submitPackages } from './contents.ts';
import { type ExcusesInputs, loadExcuses } from './excuses.ts';
import { judgeFailOn } from './fail.ts';
import { buildReview, type Compared, compareWith, describeFailure, excuseFindings } from './review.ts';
import { readSurroundings, type SurroundingsInputs } from './surroundings.ts';
import { openTrusted, type TrustInputs } from './trusted.ts';

export interface ScanInputs
  extends AnalysisInputs,
    AdditionsInputs,
    SurroundingsInputs,
    TrustInputs,
    Pick<ExcusesInputs, 'vex' | 'trivyignores'> {
  readonly image: string;
  /** `linux/amd64`; empty: all. */
  readonly platforms: readonly string[];
  readonly 'fail-on': readonly Severity[];
  /** What the image is compared with, see `parseBaseline`; undefined: nothing. */
  readonly baseline?: string | undefined;
  /** Lockfiles in the workspace. */
  readonly lockfiles: readonly string[];
  /** True: the packages go to GitHub's dependency graph. */
  readonly 'dependency-snapshot'?: boolean | undefined;
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
  const asked = inputs.baseline === undefined ? undefined : parseBaseline(inputs.baseline);
  const store = openStore(reference, options);
  await mkdir(context.temp, { recursive: true });
  const work = await mkdtemp(join(context.temp, 'hallmark-trivy-'));
  const reports = await mkdtemp(join(context.temp, 'hallmark-scan-'));
  const program = findProgram(inputs, work, context);
  const found = program.catch(() => undefined);
  try {
    // Another than the pinned one is looked at before layers or a database are fetched for it.
    const [subjects] = await Promise.all([listSubjects(store, wanted), isPinned(inputs) || program]);
    const name = formatImage(reference, subjects.digest);
    const platforms = choosePlatforms(subjects, inputs.platforms).map(({ platform }) => platform);
    const add = await readAdditions(inputs, platforms, context);
    const lines = await readLockfiles(inputs.lockfiles, context);
    const trusted = openTrusted(inputs, context);
    const policy = async () => (await trusted)?.policy.file;
    const tools = prepareTools(inputs, work, options, context, { policy, program });
    const analysing = analysePlatforms(
      { store, reference, subjects, platforms: inputs.platforms },
      { tools, work, reports, scanners: inputs.scanners, formats: FORMATS, add, context },
    );
    const analyse = async (image: AnalysedImage): Promise<AnalysedPlatform[]> => {
      const folder = await mkdtemp(join(work, 'beside-'));
      return analysePlatforms(image, {
        ...{ tools, work: folder, reports: folder, scanners: inputs.scanners, formats: [], context },
      });
    };
    const comparing = readSurroundings(
      asked,
      inputs,
      { store, reference, subjects },
      { trusted, analyse },
      context,
    );
    const excusing = loadExcuses(inputs, trusted, context);
    // To the end of each, so that nothing still writes when the folder is removed.
    await Promise.allSettled([analysing, comparing, excusing]);
    const [analysed, { origin, baseline, base }, excuses] = await Promise.all([
      analysing,
      comparing,
      excusing,
    ]);

    await dateReports(analysed, listFirstSeen(baseline?.earlier ?? []));
    const merged = mergeFindings(analysed.flatMap(({ scan: { findings } }) => findings));
    const compared = compareWith(analysed, merged, baseline);
    const excused = excuseFindings(merged, excuses, { reference, subjects, analysed });
    const judged = merged.filter(
      (one) =>
        excused.said.get(one)?.excused !== true &&
        (inputs['new-only'] !== true || compared?.states.get(one) !== 'known'),
    );
    const reasons = await judgeFailOn(judged, inputs['fail-on']);
    const review = await completeReview(
      buildReview(name, analysed, { subjects, merged, compared, excused, reasons, lines, inputs, context }),
      { store, analysed, baseline, origin, base },
    );
    const path = join(reports, 'review.json');
    await writeFile(path, JSON.stringify(review));
    const snapshot =
      inputs['dependency-snapshot'] === true
        ? await submitPackages(analysed, formatPlace(reference), inputs['github-token'], context)
        : undefined;
    return {
      outcome: reasons.length > 0 ? 'refused' : 'passed',
      reasons,
      summary: renderSummary({ name: 'scan', images: [{ image: name, review }] }),
      outputs: {
        image: name,
        repository: formatPlace(reference),
        digest: subjects.digest,
        ...listFiles(analysed, subjects.all.length === 1),
        review: path,
        'dependency-snapshot': snapshot,
        'db-updated-at': (await tools).database?.updatedAt,
        ...(compared && outputComparison(compared)),
        ...(inputs.scanners.length > 0 && outputCounts(merged)),
      },
    };
  } catch (error) {
    await rm(reports, { recursive: true, force: true });
    if (error instanceof Failure) await leaveFailure(reports, error, inputs, context);
    throw error;
  } finally {
    // It may still be unpacked there.
    await found;
    await rm(work, { recursive: true, force: true });
  }
}

/** Leaves the review alone of a scan that gave no answer, and names it: who reads the output, or collects reviews, can show why. */
async function leaveFailure(
  reports: string,
  failure: Failure,
  inputs: ScanInputs,
  context: RunContext,
): Promise<void> {
  try {
    const path = join(reports, 'review.json');
    await mkdir(reports);
    await writeFile(path, JSON.stringify(describeFailure(inputs.image, failure, { inputs, context })));
    failure.outputs['review'] = path;
  } catch (error) {
    // The disk may be what failed.
    context.log.warning(`No review was written: ${String(error)}`);
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

function outputComparison({ states, fixed }: Compared): Record<string, number> {
  return { new: [...states.values()].filter((state) => state === 'new').length, fixed: fixed.length };
}

function outputCounts(merged: readonly MergedFinding[]): Record<string, number> {
  const counts = Object.entries(countSeverities(merged));
  return Object.fromEntries(counts.map(([severity, count]) => [severity.toLowerCase(), count]));
}
