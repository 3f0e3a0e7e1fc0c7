import type { Digest } from '../image/digest.ts';
import { type Level, medianLevel } from './level.ts';
import type { Move, Moves, Period } from './moves.ts';
import type { EnvironmentOverview, Known } from './overview.ts';

/*
 * How changes come to an environment. Where DORA has a metric of the same meaning, its definition is quoted (dora.dev/guides/dora-metrics, as of January
 * 2026), with what a record can say of it.
 */

const DAY = 86_400_000;

/** The levels of what happened in a period. */
export function measureDelivery(
  environment: EnvironmentOverview,
  moves: Moves,
  before: Known<Moves>,
  period: Period,
) {
  const changes = moves.within(period).filter(({ arrives }) => arrives);
  const promotions = changes.filter(({ record }) => record.action === 'promote');
  // An image that comes back brings no change that was not here before.
  const fresh = promotions.filter((move) => moves.isFirst(move));
  return {
    deploymentFrequency: countPerDay(promotions, period),
    leadTime: measureLeadTime(environment, fresh),
    promotionTime: measurePromotionTime(environment, before, fresh),
    changeFailureRate: measureFailures(moves, promotions),
    rollbackTime: measureRollbackTime(changes),
    patchTime: measurePatchTime(environment, promotions),
  } satisfies Record<string, Level>;
}

/**
 * DORA, deployment frequency: "the number of deployments over a given period". Promotions that changed what the environment holds, break-glass among
 * them, a day. A rollback answers a deployment and counts as none.
 */
function countPerDay(promotions: readonly Move[], { from, until }: Period): Level {
  const missing = promotions.filter(({ at }) => at === undefined).length;
  if (missing > 0) return { unknown: `nothing proves when ${missing} of its promotions happened` };
  return { value: promotions.length / ((until - from) / DAY), samples: promotions.length, missing };
}

/**
 * DORA, change lead time: "the amount of time it takes for a change to go from committed to version control to deployed in production". Seconds from the
 * commit that an image was built from to the record that first brought it here; older commits in the same image waited longer.
 */
function measureLeadTime(environment: EnvironmentOverview, fresh: readonly Move[]): Level {
  return medianLevel(
    fresh.map(({ at, record }) => elapse(committedAt(environment, record.digest), at)),
    { none: 'no new image came', unknown: 'when the commits were made is not known' },
  );
}

/** Seconds from the record that brought an image to the environment before to the one that first brought it here. */
function measurePromotionTime(
  { after }: EnvironmentOverview,
  before: Known<Moves>,
  fresh: readonly Move[],
): Level {
  if ('unknown' in before) return { unknown: `${after}: ${before.unknown}` };
  return medianLevel(
    fresh.map(({ at, record }) => elapse(before.value.lastArrival(record.digest, at)?.at, at)),
    { none: 'no new image came', unknown: `${after} has no record of the images before` },
  );
}

/**
 * DORA, change fail rate: "the ratio of deployments that require immediate intervention following a deployment". Of the promotions those whose image a
 * rollback took away, at any time since, or whose image was withdrawn after it and not reinstated.
 */
function measureFailures(moves: Moves, promotions: readonly Move[]): Level {
  if (promotions.length === 0) return { none: 'nothing was promoted' };
  const placed = promotions.filter(({ at }) => at !== undefined);
  if (placed.length === 0) return { unknown: 'nothing proves when anything was promoted' };
  const failed = placed.filter((move) => moves.hasFailed(move));
  return {
    value: failed.length / placed.length,
    samples: placed.length,
    missing: promotions.length - placed.length,
  };
}

/**
 * DORA, failed deployment recovery time: "the time it takes to recover from a deployment that fails". Seconds from the record that brought an image to the
 * rollback that took it away. No record says when somebody noticed, so this is the longest that it can have been.
 */
function measureRollbackTime(changes: readonly Move[]): Level {
  const rollbacks = changes.filter(({ record }) => record.action === 'rollback');
  return medianLevel(
    rollbacks.map(({ at, leaves }) => elapse(leaves?.at, at)),
    { none: 'nothing was rolled back', unknown: 'nothing proves when the rollbacks happened' },
  );
}

/**
 * A patch is a promotion to an image with fewer critical and high findings than the one that it replaced, each by its last scan that counts. Seconds from
 * the patch's commit to the record that brought it here.
 */
function measurePatchTime(environment: EnvironmentOverview, promotions: readonly Move[]): Level {
  const severe = (digest: Digest): number | undefined => {
    const findings = environment.images.get(digest)?.findings;
    if (findings === undefined || 'unknown' in findings) return undefined;
    return findings.value.counts.CRITICAL + findings.value.counts.HIGH;
  };
  const samples = promotions.flatMap(({ at, record, leaves }) => {
    if (leaves === undefined) return [];
    const [now, then] = [severe(record.digest), severe(leaves.record.digest)];
    // It may have been one, so it is missing.
    if (now === undefined || then === undefined) return [undefined];
    return now < then ? [elapse(committedAt(environment, record.digest), at)] : [];
  });
  return medianLevel(samples, {
    none: 'nothing was patched',
    unknown: 'scans, or when the commits were made, are not known',
  });
}

function committedAt({ images }: EnvironmentOverview, digest: Digest): number | undefined {
  const committed = images.get(digest)?.committed;
  return committed === undefined || 'unknown' in committed ? undefined : Date.parse(committed.value);
}

/** Seconds from one moment to another; undefined when one is not known or they are the wrong way round, as the date in a commit can be. */
function elapse(from: number | undefined, to: number | undefined): number | undefined {
  return from === undefined || to === undefined || !(from <= to) ? undefined : (to - from) / 1000;
}
