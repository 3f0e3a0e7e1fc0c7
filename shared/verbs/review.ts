import { compareFindings } from '../evidence/compare.ts';
import type { Finding } from '../evidence/finding.ts';
import { type MergedFinding, mergeFindings } from '../evidence/merge.ts';
import type { Severity } from '../evidence/severity.ts';
import type { RunContext } from '../github/context.ts';
import { formatPlace, type Reference } from '../image/reference.ts';
import { type Failure, Refused } from '../outcome/outcome.ts';
import type { Exception } from '../policy/exceptions.ts';
import { createExcuser, type Excused } from '../policy/excuses.ts';
import { describeFinding } from '../report/findings.ts';
import { type FileLine, lineKey } from '../report/lockfile.ts';
import { type Review, type ReviewFinding, reviewSchema } from '../report/review.ts';
import type { ImageSubjects } from '../store/subjects.ts';
import { type AnalysedPlatform, type AnalysisInputs, listPlatforms } from './analysis.ts';
import type { Baseline } from './baseline.ts';
import { sizeOf } from './contents.ts';
import { describeExceptions, type LoadedExcuses } from './excuses.ts';

/** What of a scan's inputs its review speaks of. */
interface ReviewInputs extends Pick<AnalysisInputs, 'scanners'> {
  readonly 'fail-on': readonly Severity[];
}

/** What the baseline says of each finding, and what it has that the image has not. */
export interface Compared {
  readonly states: ReadonlyMap<MergedFinding, ReviewFinding['state']>;
  readonly fixed: readonly MergedFinding[];
}

/** Undefined without a baseline: then everything is unknown. */
export function compareWith(
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
export interface ExcusedFindings {
  readonly said: ReadonlyMap<MergedFinding, Excused>;
  readonly exceptions: Review['exceptions'];
}

/**
 * What is one for a reader is excused when it is on each platform and for each scanner. VEX of one platform's manifest says nothing of
 * another's.
 */
export function excuseFindings(
  merged: readonly MergedFinding[],
  excuses: LoadedExcuses,
  image: {
    readonly reference: Reference;
    readonly subjects: ImageSubjects;
    readonly analysed: readonly AnalysedPlatform[];
  },
): ExcusedFindings {
  const now = new Date();
  const repository = formatPlace(image.reference);
  const excusers = new Map(
    image.analysed.map(({ platform, scan: { manifest } }) => {
      const digests = [image.subjects.digest, manifest];
      return [platform, createExcuser(excuses, { image: { digests, repository }, now })];
    }),
  );
  const said = merged.map((one): [MergedFinding, Excused] => {
    const all = one.all.map((found) => excusers.get(found.platform)?.ask(found) ?? { excused: false });
    const first = all.find(({ exception, vex }) => exception ?? vex) ?? { excused: false };
    return [one, { ...first, excused: all.every(({ excused }) => excused) }];
  });
  const used = new Set([...excusers.values()].flatMap((excuser) => [...excuser.used]));
  return { said: new Map(said), exceptions: describeExceptions(excuses, used, now) };
}

/** What a reader is told of an excuse; of one that does not hold everywhere nothing, since it excuses nothing. */
function tellExcuse(said: Excused | undefined): Pick<ReviewFinding, 'exception' | 'vex'> {
  const { exception, vex, excused } = said ?? {};
  const claims = vex?.status === 'not_affected' || vex?.status === 'fixed';
  return {
    ...(excused && exception && { exception: tellException(exception) }),
    ...(vex &&
      (excused || !claims) && {
        vex: { status: vex.status, justification: vex.justification.slice(0, 1000) },
      }),
  };
}

function tellException({ owner, reason, until }: Exception): NonNullable<ReviewFinding['exception']> {
  return { owner, reason, until: until?.toISOString().slice(0, 10) ?? '' };
}

function tellLine(
  { found }: MergedFinding,
  lines: ReadonlyMap<string, FileLine>,
): Pick<ReviewFinding, 'locked'> {
  const locked = found.package === '' ? undefined : lines.get(lineKey(found.package, found.version));
  return locked === undefined ? {} : { locked };
}

/** The review of a scan that gave an answer, without what `completeReview` adds. */
export function buildReview(
  image: string,
  analysed: readonly AnalysedPlatform[],
  known: {
    readonly subjects: ImageSubjects;
    readonly merged: readonly MergedFinding[];
    readonly compared: Compared | undefined;
    readonly excused: ExcusedFindings;
    readonly reasons: readonly string[];
    /** Lines of lockfiles by `lineKey`. */
    readonly lines: ReadonlyMap<string, FileLine>;
    readonly inputs: ReviewInputs;
    readonly context: RunContext;
  },
): Review {
  const { subjects, merged, compared, excused, reasons, lines, inputs, context } = known;
  const names = analysed.map(({ platform }) => platform);
  const unscanned = listPlatforms(subjects).filter(({ platform }) => !names.includes(platform));
  const [first] = analysed;
  return {
    version: 1,
    image,
    ...(context.sha !== undefined && { commit: context.sha }),
    platforms: analysed.map((one) => ({
      name: one.platform,
      digest: one.manifest.descriptor.digest,
      size: sizeOf(one),
      layers: one.manifest.manifest.layers.map(({ digest, size }) => ({ digest, size, createdBy: '' })),
    })),
    outcome: reasons.length > 0 ? 'refused' : 'passed',
    judged: inputs['fail-on'].length > 0,
    reasons: [...reasons],
    gaps: [
      ...unscanned.map(({ platform }) => `${platform} was not scanned`),
      ...analysed.flatMap(({ gaps }) => gaps),
    ],
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
        ...tellLine(one, lines),
      }),
    ),
    fixed: (compared?.fixed ?? []).map((one) => describeFinding(one, { state: 'known' })),
    exceptions: excused.exceptions,
  };
}

/** The review of a scan that gave no answer: it says why, for the reviewer's page. */
export function describeFailure(
  image: string,
  failure: Failure,
  { inputs, context }: { readonly inputs: ReviewInputs; readonly context: RunContext },
): Review {
  const refused = failure instanceof Refused;
  const reasons = [
    ...(refused ? failure.reasons : [failure.message]),
    ...(failure.hint === undefined ? [] : [failure.hint]),
  ];
  return reviewSchema.parse({
    version: 1,
    image,
    ...(context.sha !== undefined && { commit: context.sha }),
    outcome: refused ? 'refused' : 'unavailable',
    judged: inputs['fail-on'].length > 0,
    reasons: reasons.map((reason) => reason.slice(0, 4096)),
    scanner: { name: 'trivy', version: '', scanners: [...inputs.scanners] },
  });
}
