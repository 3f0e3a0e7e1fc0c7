import { SEVERITIES, type Severity } from '../evidence/severity.ts';
import { exactLevel, type Level } from './level.ts';
import type { Held } from './moves.ts';
import type { EnvironmentOverview, ImageOverview, Known } from './overview.ts';

/** What a finding weighs: the lower bound of its band in CVSS 3.1, "Qualitative Severity Rating Scale". What nobody rated is not harmless: as MEDIUM. */
const WEIGHTS: Readonly<Record<Severity, number>> = {
  CRITICAL: 9,
  HIGH: 7,
  MEDIUM: 4,
  LOW: 0.1,
  UNKNOWN: 4,
};

/** Docker's first release. An older date in a config is one that a reproducible build sets instead of a time. */
const FIRST_IMAGES = Date.UTC(2013, 2, 20);

/** The levels of the image that an environment held at a moment (milliseconds since 1970), by what is known of the image today. */
export function measureImage({ images }: EnvironmentOverview, held: Held, at: number) {
  const ask = (measure: (image: ImageOverview) => Level): Level => {
    if (!('digest' in held)) return held;
    const image = images.get(held.digest);
    return image === undefined ? { unknown: 'the image could not be read' } : measure(image);
  };
  return {
    evidenceCoverage: ask(measureCoverage),
    openCriticals: ask(({ findings }) => of(findings, ({ counts }) => exactLevel(counts.CRITICAL))),
    weightedDensity: ask(measureDensity),
    imageAge: ask((image) => measureAge(image, at)),
    imageSize: ask(({ size }) => of(size, (bytes) => exactLevel(bytes))),
  } satisfies Record<string, Level>;
}

function of<T>(known: Known<T>, measure: (value: T) => Level): Level {
  return 'unknown' in known ? known : measure(known.value);
}

/** The share of the evidence that the environment's rules need which is there and counts. */
function measureCoverage({ coverage }: ImageOverview): Level {
  return of(coverage, (kinds) => {
    if (kinds.length === 0) return { none: 'its rules need no evidence' };
    return exactLevel(kinds.filter(({ covered }) => covered).length / kinds.length, kinds.length);
  });
}

/** Findings of the last scan by weight, for each megabyte (10^6 bytes) of the largest platform: images of unlike sizes can be compared by it. */
function measureDensity({ findings, size }: ImageOverview): Level {
  return of(findings, ({ counts }) =>
    of(size, (bytes) => {
      if (bytes === 0) return { none: 'the image is empty' };
      const weight = SEVERITIES.reduce((sum, severity) => sum + WEIGHTS[severity] * counts[severity], 0);
      return exactLevel(weight / (bytes / 1e6));
    }),
  );
}

/** Seconds since its provenance was signed; where nothing proves that, since its config says that it was made. */
function measureAge({ built, created }: ImageOverview, at: number): Level {
  const made = Date.parse(built ?? created ?? '');
  if (Number.isNaN(made)) return { unknown: 'nothing says when it was made' };
  if (made < FIRST_IMAGES) return { unknown: 'its config has a fixed date instead of a time' };
  return exactLevel(Math.max(0, at - made) / 1000);
}
