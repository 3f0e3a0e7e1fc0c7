import { isMove, type Promotion } from '../evidence/promotion.ts';
import type { Digest } from '../image/digest.ts';

/** One promotion as its verified record tells it. */
export interface PromotionRecord {
  /** The promotion's tag. */
  readonly tag: string;
  /** Digest of the referrer manifest that carries the record: what the next one names as `previous`. */
  readonly record: Digest;
  readonly promotion: Promotion;
  /** When it was signed, by the log or a timestamp authority; undefined without either. */
  readonly signedAt: string | undefined;
}

/** What an environment holds and held. */
export interface Chain {
  /** One record a sequence number, oldest first; the last says what the environment holds now. */
  readonly standing: readonly PromotionRecord[];
  /** Records that lost against another of the same moment. */
  readonly superseded: readonly PromotionRecord[];
}

/**
 * Orders an environment's verified records by sequence, each continuing the one that stood before it.
 * Of several that continue the same one, the first by the log's time stands. A gap, a record that continues anything but what stood, and a
 * rollback to what was never there (the one record that may be in no log) are `faults`: somebody has to look before anything moves on, and
 * until then `standing` goes no further than the chain holds.
 */
export function orderRecords(
  environment: string,
  records: readonly PromotionRecord[],
): Chain & { readonly faults: readonly string[] } {
  const standing: PromotionRecord[] = [];
  const superseded: PromotionRecord[] = [];
  const faults: string[] = [];
  const last = Math.max(0, ...records.map(({ promotion }) => promotion.sequence));
  for (let sequence = 1; sequence <= last; sequence += 1) {
    const before = standing.at(-1);
    const rivals = records.filter(({ promotion }) => promotion.sequence === sequence);
    if (rivals.length === 0) {
      faults.push(`the records of ${environment} have a gap: promotion ${sequence} of ${last} is missing`);
      // Everything after a gap continues something unknown; saying so of each would hide the reason.
      break;
    }
    const continuing = rivals.filter(({ promotion }) => promotion.previous === before?.record);
    for (const stray of rivals.filter((rival) => !continuing.includes(rival))) {
      faults.push(
        `the records of ${environment} fork: ${stray.tag} continues ${stray.promotion.previous ?? 'nothing'}, but ${before?.record ?? 'nothing'} stood before it`,
      );
    }
    const [first, ...others] = continuing.sort(compareTimes);
    if (first === undefined) break;
    const { action, digest } = first.promotion;
    if (
      action === 'rollback' &&
      !standing.some((one) => isMove(one.promotion.action) && one.promotion.digest === digest)
    ) {
      faults.push(`${first.tag} goes back to an image that ${environment} never held`);
      break;
    }
    standing.push(first);
    superseded.push(...others);
  }
  return { standing, superseded, faults };
}

/** By trusted time; a record without one comes last, and the digest decides between equals so that all readers agree. */
function compareTimes(a: PromotionRecord, b: PromotionRecord): number {
  const [first, second] = [a, b].map(({ signedAt }) =>
    signedAt === undefined ? Infinity : Date.parse(signedAt),
  );
  if (first !== second) return (first ?? 0) < (second ?? 0) ? -1 : 1;
  return a.record < b.record ? -1 : 1;
}
