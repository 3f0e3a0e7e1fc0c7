import { isMove } from '../evidence/promotion.ts';
import type { Digest } from '../image/digest.ts';
import type { EnvironmentOverview, Known, RecordOverview } from './overview.ts';

/** From `from` up to but not including `until`, in milliseconds since 1970. */
export interface Period {
  readonly from: number;
  readonly until: number;
}

/** A promotion or rollback, where it stands among the others. */
export interface Move {
  readonly record: RecordOverview;
  /** Milliseconds since 1970; undefined when no log or authority says it. */
  readonly at: number | undefined;
  /** It cannot have been before or after these: the times of the records around it. */
  readonly earliest: number;
  readonly latest: number;
  /** False when the environment held the same image already. */
  readonly arrives: boolean;
  /** The move that had brought the image which this one replaced; undefined when there was none. */
  readonly leaves: Move | undefined;
}

/** An environment's moves in order. */
export interface Moves {
  readonly all: readonly Move[];
  /** The first known time of any. */
  readonly firstAt: number | undefined;
  /** Those of a period, with those of no known time that could belong to it. */
  within(period: Period): readonly Move[];
  /** Whether an image was never here before. */
  isFirst(move: Move): boolean;
  /** The last move that brought an image before a moment. */
  lastArrival(digest: Digest, before: number | undefined): Move | undefined;
  /** Whether a rollback took its image away, or somebody withdrew it afterwards and nobody took that back. */
  hasFailed(move: Move): boolean;
}

/** What an environment held at a moment, or why that is not known. */
export type Held = { readonly digest: Digest } | { readonly none: string } | { readonly unknown: string };

/** Reads an environment's records into moves; unknown where they could not be read, or do not hold: what came after a fault nobody can say. */
export function readMoves({ records, faults, withdrawn }: EnvironmentOverview): Known<Moves> {
  if ('unknown' in records) return records;
  if (faults.length > 0) return { unknown: 'the records do not hold' };
  const times = records.value.map(({ at }) => (at === undefined ? undefined : Date.parse(at)));
  const all: Move[] = [];
  for (const [index, record] of records.value.entries()) {
    if (!isMove(record.action)) continue;
    const at = times[index];
    const last = all.at(-1);
    const arrives = last?.record.digest !== record.digest;
    all.push({
      record,
      at,
      earliest: at ?? Math.max(Number.NEGATIVE_INFINITY, ...known(times.slice(0, index))),
      latest: at ?? Math.min(Number.POSITIVE_INFINITY, ...known(times.slice(index + 1))),
      arrives,
      // What was promoted a second time arrived with the first.
      leaves: arrives ? all.findLast((one) => one.arrives) : last?.leaves,
    });
  }
  return {
    value: {
      all,
      firstAt: all.find(({ at }) => at !== undefined)?.at,
      within: ({ from, until }) => all.filter(({ earliest, latest }) => earliest < until && latest >= from),
      isFirst: (move) => all.find(({ record }) => record.digest === move.record.digest) === move,
      lastArrival: (digest, before) =>
        all.findLast(
          ({ record, at, arrives }) =>
            record.digest === digest && arrives && at !== undefined && before !== undefined && at <= before,
        ),
      hasFailed: (move) => {
        const next = all.slice(all.indexOf(move) + 1).find(({ arrives }) => arrives);
        const { digest, sequence } = move.record;
        return next?.record.action === 'rollback' || (withdrawn.get(digest)?.sequence ?? 0) > sequence;
      },
    },
  };
}

/** What the environment held right before a moment; at `now` what its last record says, whenever that was. */
export function findHeld({ all }: Moves, at: number, now: number): Held {
  const last = at >= now ? all.at(-1) : all.findLast((move) => move.at !== undefined && move.at < at);
  const after = last === undefined ? all : all.slice(all.indexOf(last) + 1);
  if (after.some((move) => move.at === undefined && move.earliest < at)) {
    return { unknown: 'nothing proves when what was there then had come' };
  }
  return last === undefined ? { none: 'nothing was there yet' } : { digest: last.record.digest };
}

function known(times: readonly (number | undefined)[]): number[] {
  return times.filter((time) => time !== undefined);
}
