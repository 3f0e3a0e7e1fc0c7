import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compareFindings } from '../evidence/compare.ts';
import type { Finding } from '../evidence/finding.ts';
import { listFirstSeen } from '../evidence/first-seen.ts';
import { countSeverities, type MergedFinding, mergeFindings } from '../evidence/merge.ts';
import type { Severity } from '../evidence/severity.ts';
import type { VexImage } from '../evidence/vex.ts';
import type { RunContext } from '../github/context.ts';
import { formatImage, formatPlace, parseReference } from '../image/reference.ts';
import { Invalid } from '../outcome/outcome.ts';
import type { StepResult } from '../outcome/result.ts';
import type { Exception } from '../policy/exceptions.ts';
import { createExcuser, type Excused } from '../policy/excuses.ts';
import { renderSummary } from '../report/comment.ts';
import { describeFinding } from '../report/findings.ts';
import type { Review, ReviewFinding } from '../report/review.ts';
import { openStore, storeOptions } from '../store/open.ts';
import { listSubjects } from '../store/subjects.ts';
import { FORMATS } from '../trivy/analyse.ts';
import { type AdditionsInputs, readAdditions } from './additions.ts';
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
import { type Baseline, parseBaseline } from './baseline.ts';
import { completeReview, submitPackages } from './contents.ts';
import { describeExceptions, type ExcusesInputs, type LoadedExcuses, loadExcuses } from './excuses.ts';
import { judgeFailOn } from './fail.ts';
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
    // One that is named is looked at before an image or a database is fetched for it.
    const named = inputs['trivy-path'] === undefined ? undefined : program;
    const [subjects] = await Promise.all([listSubjects(store, wanted), named]);
    const name = formatImage(reference, subjects.digest);
    const platforms = choosePlatforms(subjects.platforms, inputs.platforms).map(({ platform }) => platform);
    const add = await readAdditions(inputs, platforms, context);
    const tools = prepareTools(inputs, work, options, context, program);
    const trusted = openTrusted(inputs, context);
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
    const digests = [subjects.digest, ...analysed.map(({ scan: { manifest } }) => manifest)];
    const excused = excuseFindings(merged, excuses, { digests, repository: formatPlace(reference) });
    const judged = merged.filter(
      (one) =>
        excused.said.get(one)?.excused !== true &&
        (inputs['new-only'] !== true || compared?.states.get(one) !== 'known'),
    );
    const reasons = await judgeFailOn(judged, inputs['fail-on']);
    const review = await completeReview(
      buildReview(name, analysed, { merged, compared, excused, reasons, inputs, context }),
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
    throw error;
  } finally {
    // It may still be unpacked there.
    await found;
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

/** What the baseline says of each finding, and what it has that the image has not. */
interface Compared {
  readonly states: ReadonlyMap<MergedFinding, ReviewFinding['state']>;
  readonly fixed: readonly MergedFinding[];
}

/** Undefined without a baseline: then everything is unknown. */
function compareWith(
  analysed: readonly AnalysedPlatform[],
  merged: readonly MergedFinding[],
  baseline: Baseline | undefined,
): Compared | undefined {
  if (baseline?.analysed === undefined) return undefined;
  const own = ({ scanner }: Finding): boolean => scanner === 'trivy';
  // Other scanners are not run here: of theirs only what was attested is known.
  const earlier = [
    ...baseline.analysed.flatMap(({ scan: { findings } }) => findings),
    ...baseline.earlier.flatMap(({ findings }) => findings.filter((found) => !own(found))),
  ];
  const namesOf = (images: readonly AnalysedPlatform[]) => images.map(({ platform }) => platform);
  const { fresh, fixed } = compareFindings(
    { merged, platforms: namesOf(analysed) },
    { merged: mergeFindings(earlier), platforms: namesOf(baseline.analysed) },
  );
  const stateOf = (one: MergedFinding): ReviewFinding['state'] =>
    !fresh.has(one) ? 'known' : one.all.some(own) ? 'new' : 'unknown';
  // What only another scanner found before is not gone because it was not run.
  return {
    states: new Map(merged.map((one) => [one, stateOf(one)])),
    fixed: fixed.filter(({ all }) => all.some(own)),
  };
}

/** What is said of each finding, and of each exception. */
interface ExcusedFindings {
  readonly said: ReadonlyMap<MergedFinding, Excused>;
  readonly exceptions: Review['exceptions'];
}

/** What is one for a reader is excused when it is on each platform and for each scanner. */
function excuseFindings(
  merged: readonly MergedFinding[],
  excuses: LoadedExcuses,
  image: VexImage,
): ExcusedFindings {
  const now = new Date();
  const excuser = createExcuser(excuses, { image, now });
  const said = merged.map((one): [MergedFinding, Excused] => {
    const all = one.all.map((found) => excuser.ask(found));
    const first = all.find(({ exception, vex }) => exception ?? vex) ?? { excused: false };
    return [one, { ...first, excused: all.every(({ excused }) => excused) }];
  });
  return { said: new Map(said), exceptions: describeExceptions(excuses, excuser.used, now) };
}

/** What a reader is told of an excuse; of one that does not hold everywhere nothing, since it excuses nothing. */
function tellExcuse(said: Excused | undefined): Pick<ReviewFinding, 'exception' | 'vex'> {
  const { exception, vex, excused } = said ?? {};
  return {
    ...(excused && exception && { exception: tellException(exception) }),
    ...(vex && { vex: { status: vex.status, justification: vex.justification.slice(0, 1000) } }),
  };
}

function tellException({ owner, reason, until }: Exception): NonNullable<ReviewFinding['exception']> {
  return { owner, reason, until: until?.toISOString().slice(0, 10) ?? '' };
}

function buildReview(
  image: string,
  analysed: readonly AnalysedPlatform[],
  known: {
    readonly merged: readonly MergedFinding[];
    readonly compared: Compared | undefined;
    readonly excused: ExcusedFindings;
    readonly reasons: readonly string[];
    readonly inputs: ScanInputs;
    readonly context: RunContext;
  },
): Review {
  const { merged, compared, excused, reasons, inputs, context } = known;
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
      scanners: [...inputs.scanners],
      ...(first?.scan.database && { databaseUpdatedAt: first.scan.database.updatedAt }),
      ...(first?.scan.exploitedAt !== undefined && { exploitedAt: first.scan.exploitedAt }),
    },
    findings: merged.map((one) =>
      describeFinding(one, {
        state: compared?.states.get(one) ?? 'unknown',
        ...tellExcuse(excused.said.get(one)),
      }),
    ),
    fixed: (compared?.fixed ?? []).map((one) => describeFinding(one, { state: 'known' })),
    exceptions: excused.exceptions,
  };
}

function outputComparison({ states, fixed }: Compared): Record<string, number> {
  return { new: [...states.values()].filter((state) => state === 'new').length, fixed: fixed.length };
}

function outputCounts(merged: readonly MergedFinding[]): Record<string, number> {
  const counts = Object.entries(countSeverities(merged));
  return Object.fromEntries(counts.map(([severity, count]) => [severity.toLowerCase(), count]));
}
