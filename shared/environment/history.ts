import { isMove } from '../evidence/promotion.ts';
import type { Digest } from '../image/digest.ts';
import type { Chain, PromotionRecord } from './chain.ts';

/** One image's time in an environment, from the record that brought it to the one that took it away. */
export interface Stay {
  readonly arrived: PromotionRecord;
  /** Undefined while it is there. */
  readonly left: PromotionRecord | undefined;
}

/** What an environment's records come to. */
export interface History {
  /** Every image that it held, oldest first; the last is there now. */
  readonly stays: readonly Stay[];
  /** The record that says what the environment holds. Undefined before the first promotion. */
  readonly current: PromotionRecord | undefined;
  /** The hold in force: nothing is promoted until it is released. */
  readonly hold: PromotionRecord | undefined;
  /** Images that must not come back, each with the record that says so. */
  readonly withdrawn: ReadonlyMap<Digest, PromotionRecord>;
}

/**
 * Reads a chain in order: what was held when, what is withdrawn, whether a hold is in force. What forbids something counts also where it is not
 * the record that stands: where one that was signed before it came in after it, and among `untagged` ones, whose tag was deleted.
 */
export function readHistory(
  { standing, superseded }: Chain,
  untagged: readonly PromotionRecord[] = [],
): History {
  const moves = standing.filter(({ promotion }) => isMove(promotion.action));
  const withdrawn = new Map<Digest, PromotionRecord>();
  let hold: PromotionRecord | undefined;
  const forbid = (record: PromotionRecord): void => {
    const { action, digest, withdraws } = record.promotion;
    if (action === 'hold') hold = record;
    if (action === 'withdraw') withdrawn.set(digest, record);
    if (withdraws !== undefined) withdrawn.set(withdraws, record);
  };
  const of = (records: readonly PromotionRecord[], sequence: number): readonly PromotionRecord[] =>
    records.filter(({ promotion }) => promotion.sequence === sequence);
  for (const record of standing) {
    const { action, digest, sequence } = record.promotion;
    // Before what stands in its place: a release that was written without seeing the hold's tag still releases it.
    of(untagged, sequence).forEach(forbid);
    forbid(record);
    if (action === 'release') hold = undefined;
    if (action === 'reinstate') withdrawn.delete(digest);
    of(superseded, sequence).forEach(forbid);
  }
  untagged.filter(({ promotion }) => promotion.sequence > standing.length).forEach(forbid);
  return {
    stays: moves.map((arrived, at) => ({ arrived, left: moves[at + 1] })),
    current: moves.at(-1),
    hold,
    withdrawn,
  };
}

/**
 * How long an image was in an environment without a break, in milliseconds: its last stay, until it left or until now. Undefined when it was
 * never there, or when no log or authority says when it came.
 */
export function measureStay(
  { stays }: Pick<History, 'stays'>,
  digest: Digest,
  now: Date,
): number | undefined {
  const last = stays.findLast(({ arrived }) => arrived.promotion.digest === digest);
  // The same image promoted twice running never left.
  const first =
    last &&
    stays
      .slice(0, stays.indexOf(last) + 1)
      .findLastIndex(({ arrived }) => arrived.promotion.digest !== digest);
  const from = first === undefined ? undefined : stays[first + 1]?.arrived.signedAt;
  if (last === undefined || from === undefined) return undefined;
  const until = last.left === undefined ? now.getTime() : Date.parse(last.left.signedAt ?? from);
  return Math.max(0, until - Date.parse(from));
}

/** Who said something of an environment, when and why, for whoever it stops. */
export function tellRecord(what: string, { promotion, signedAt }: PromotionRecord): string {
  const { requestedBy, reason } = promotion;
  const who = requestedBy === undefined ? '' : ` by ${requestedBy}`;
  return `${what}${who} at ${signedAt ?? 'an unproven time'}: ${reason ?? 'no reason was given'}`;
}
