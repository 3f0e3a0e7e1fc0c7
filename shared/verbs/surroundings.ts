import type { RunContext } from '../github/context.ts';
import { formatPlatform } from '../image/platform.ts';
import type { Reference } from '../image/reference.ts';
import type { Review } from '../report/review.ts';
import type { Store } from '../store/store.ts';
import type { ImageSubjects } from '../store/subjects.ts';
import type { AnalysedImage, AnalysedPlatform } from './analysis.ts';
import { type Asked, type Baseline, findBaseline } from './baseline.ts';
import { describeNewerBase } from './contents.ts';
import { type Origin, type OriginInputs, readOrigin } from './origin.ts';
import type { Trusted } from './trusted.ts';

export interface SurroundingsInputs extends OriginInputs {
  /** As in `linux/amd64`; empty: all. */
  readonly platforms: readonly string[];
  /** True: `fail-on` judges only what the baseline has not. */
  readonly 'new-only'?: boolean | undefined;
}

/** What an image came from: what made it, what it is compared with, and what its base has become. */
export interface Surroundings {
  readonly origin: Origin;
  readonly baseline: Baseline | undefined;
  readonly base: Review['base'];
}

/** Looks at what stands around an image while the image itself is analysed. `asked` is what it is compared with. */
export async function readSurroundings(
  asked: Asked | undefined,
  inputs: SurroundingsInputs,
  { store, reference, subjects }: { store: Store; reference: Reference; subjects: ImageSubjects },
  by: {
    readonly trusted: Promise<Trusted | undefined>;
    readonly analyse: (image: AnalysedImage) => Promise<readonly AnalysedPlatform[]>;
  },
  context: RunContext,
): Promise<Surroundings> {
  const trusted = await by.trusted;
  const origin = readOrigin(
    inputs,
    { store, image: subjects, trusted, needed: asked?.kind === 'base-image' },
    context,
  );
  if (asked === undefined) return { origin: await origin, baseline: undefined, base: undefined };
  const names = subjects.platforms.map(({ platform }) => formatPlatform(platform));
  const [known, baseline] = await Promise.all([
    origin,
    findBaseline(
      asked,
      {
        ...{ reference, store, image: subjects, trusted, origin, analyse: by.analyse },
        platforms: inputs.platforms.length > 0 ? inputs.platforms : names,
        required: inputs['new-only'] === true,
        token: inputs['github-token'],
      },
      context,
    ),
  ]);
  if (baseline.reason !== '')
    context.log.warning(`Nothing is compared with ${baseline.kind}: ${baseline.reason}`);
  return { origin: known, baseline, base: await describeNewerBase(baseline, known, by.analyse) };
}
