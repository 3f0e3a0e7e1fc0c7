import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Severity } from '../evidence/severity.ts';
import type { RunContext } from '../github/context.ts';
import { formatImage, parseReference } from '../image/reference.ts';
import { Failure, Invalid } from '../outcome/outcome.ts';
import type { StepResult } from '../outcome/result.ts';
import { parseMirrors } from '../store/mirrors.ts';
import { openStore, storeOptions } from '../store/open.ts';
import { listSubjects } from '../store/subjects.ts';
import { isPinned } from '../trivy/find.ts';
import { type AdditionsInputs, readAdditions, readLockfiles } from './additions.ts';
import {
  type AnalysedImage,
  type AnalysedPlatform,
  type AnalysisInputs,
  analysePlatforms,
  choosePlatforms,
  FORMATS,
  findProgram,
  prepareTools,
} from './analysis.ts';
import type { ExcusesInputs } from './excuses.ts';
import type { SurroundingsInputs } from './surroundings.ts';
import type { TrustInputs } from './trusted.ts';

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
  const mirrors = parseMirrors(inputs['registry-mirrors']);
  const reference = parseReference(inputs.image);
  const wanted = reference.digest ?? reference.tag;
  if (wanted === undefined) {
    throw new Invalid(
      'image',
      'names no digest and no tag; write registry/repo@sha256:… or registry/repo:tag',
    );
  }
  // Only for these others are asked about more than the image and its base: the code that concludes is then needed at once.
  const asks = inputs.policy !== undefined || inputs.baseline !== undefined || inputs['fail-on'].length > 0;
  const asked =
    inputs.baseline === undefined
      ? undefined
      : (await import('./baseline.ts')).parseBaseline(inputs.baseline);
  const store = openStore(reference, { ...options, mirrors });
  await mkdir(context.temp, { recursive: true });
  const work = await mkdtemp(join(context.temp, 'hallmark-trivy-'));
  const reports = await mkdtemp(join(context.temp, 'hallmark-scan-'));
  const program = findProgram(inputs, work, context);
  const found = program.catch(() => undefined);
  try {
    // Another than the pinned one is looked at before layers or a database are fetched for it.
    const [subjects] = await Promise.all([listSubjects(store, wanted), isPinned(inputs) || program]);
    const platforms = choosePlatforms(subjects, inputs.platforms).map(({ platform }) => platform);
    const add = await readAdditions(inputs, platforms, context);
    const lines = await readLockfiles(inputs.lockfiles, context);
    const trusted =
      inputs.policy === undefined
        ? Promise.resolve(undefined)
        : import('./trusted.ts').then(({ openTrusted }) => openTrusted(inputs, context));
    const policy = async () => (await trusted)?.policy.file;
    const tools = prepareTools(inputs, work, options, context, { policy, program });
    const { promise: idle, resolve: onTrivy } = Promise.withResolvers<void>();
    const analysing = analysePlatforms(
      { store, reference, subjects, platforms: inputs.platforms },
      { tools, work, reports, scanners: inputs.scanners, formats: FORMATS, add, onTrivy, context },
    );
    const analyse = async (image: AnalysedImage): Promise<AnalysedPlatform[]> => {
      const folder = await mkdtemp(join(work, 'beside-'));
      return analysePlatforms(image, {
        ...{ tools, work: folder, reports: folder, scanners: inputs.scanners, formats: [], context },
      });
    };
    const over = Promise.allSettled([analysing, trusted]);
    if (!asks) await Promise.race([idle, over]);
    const { concludeScan } = await import('./conclude.ts');
    const name = formatImage(reference, subjects.digest);
    return await concludeScan(
      {
        ...{ name, reference, store, subjects, asked, lines },
        ...{ analysing, analyse, trusted, tools, reports },
      },
      inputs,
      context,
    );
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
    const { describeFailure } = await import('./review.ts');
    const path = join(reports, 'review.json');
    await mkdir(reports);
    await writeFile(path, JSON.stringify(describeFailure(inputs.image, failure, { inputs, context })));
    failure.outputs['review'] = path;
  } catch (error) {
    // The disk may be what failed.
    context.log.warning(`No review was written: ${String(error)}`);
  }
}
