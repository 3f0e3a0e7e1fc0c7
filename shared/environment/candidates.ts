import type { Digest } from '../image/digest.ts';
import { type History, type Stay, tellRecord } from './history.ts';

/** An image that an environment held and could hold again. */
export interface Candidate {
  readonly digest: Digest;
  /** Its last stay. */
  readonly stay: Stay;
  /** How many images back it is: 1 is what was there before. */
  readonly steps: number;
  /** Why it is none; empty when it is one. */
  readonly reasons: readonly string[];
  /** The newest image between that cannot be undone, when going back would cross it. */
  readonly crosses: Digest | undefined;
}

/**
 * Every image that an environment held before the one it holds now, the newest first, each once, with the reasons against it.
 * `irreversible` are images that say of themselves that nothing older runs after them (a migrated schema, for one).
 */
export function listCandidates(
  { stays, current, withdrawn }: Pick<History, 'stays' | 'current' | 'withdrawn'>,
  irreversible: ReadonlySet<Digest>,
): Candidate[] {
  const now = current?.promotion.digest;
  const candidates = new Map<Digest, Candidate>();
  let crosses: Digest | undefined;
  for (const stay of stays.toReversed()) {
    const { digest, override } = stay.arrived.promotion;
    if (digest !== now && !candidates.has(digest)) {
      const withdrawal = withdrawn.get(digest);
      const reasons = [
        ...(withdrawal === undefined ? [] : [tellRecord('withdrawn', withdrawal)]),
        ...(override === undefined ? [] : ['it came by break-glass and never passed the policy']),
      ];
      candidates.set(digest, { digest, stay, steps: candidates.size + 1, reasons, crosses });
    }
    if (irreversible.has(digest)) crosses ??= digest;
  }
  return [...candidates.values()];
}
