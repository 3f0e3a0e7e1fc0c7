import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { listFirstSeen } from '../evidence/first-seen.ts';
import { countSeverities, type MergedFinding, mergeFindings } from '../evidence/merge.ts';
import type { RunContext } from '../github/context.ts';
import { formatPlace, type Reference } from '../image/reference.ts';
import type { StepResult } from '../outcome/result.ts';
import { keepHeapSmall } from '../process/heap.ts';
import { renderSummary } from '../report/comment.ts';
import type { FileLine } from '../report/lockfile.ts';
import type { Store } from '../store/store.ts';
import type { ImageSubjects } from '../store/subjects.ts';
import { type AnalysedImage, type AnalysedPlatform, dateReports, type Tools } from './analysis.ts';
import type { Asked } from './baseline.ts';
import { completeReview, submitPackages } from './contents.ts';
import { loadExcuses } from './excuses.ts';
import { judgeFailOn } from './fail.ts';
import { buildReview, type Compared, compareWith, excuseFindings } from './review.ts';
import type { ScanInputs } from './scan.ts';
import { readSurroundings } from './surroundings.ts';
import type { Trusted } from './trusted.ts';

/** A scan on its way: what is analysed, and by what means. */
interface Scanning {
  /** `place@digest`. */
  readonly name: string;
  readonly reference: Reference;
  readonly store: Store;
  readonly subjects: ImageSubjects;
  /** What it is compared with. */
  readonly asked: Asked | undefined;
  /** Lines of lockfiles by `lineKey`. */
  readonly lines: ReadonlyMap<string, FileLine>;
  readonly analysing: Promise<readonly AnalysedPlatform[]>;
  /** Analyses another image, for its findings alone. */
  readonly analyse: (image: AnalysedImage) => Promise<readonly AnalysedPlatform[]>;
  readonly trusted: Promise<Trusted | undefined>;
  readonly tools: Promise<Tools>;
  /** Folder that outlives the step. */
  readonly reports: string;
}

/** Compares, excuses and judges what the analysis finds, and writes the review. */
export async function concludeScan(
  scanning: Scanning,
  inputs: ScanInputs,
  context: RunContext,
): Promise<StepResult> {
  const { name, reference, store, subjects, asked, lines, analysing, trusted, tools, reports } = scanning;
  const { analyse } = scanning;
  // Two images' findings are then held at once, each of which may be tens of thousands.
  if (asked !== undefined) keepHeapSmall(30);
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
  const [analysed, { origin, baseline, base }, excuses] = await Promise.all([analysing, comparing, excusing]);

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
    { analysed, baseline, origin, base },
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
