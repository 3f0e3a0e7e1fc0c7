import type { Candidate } from '../environment/candidates.ts';
import type { RunContext } from '../github/context.ts';
import type { Digest } from '../image/digest.ts';
import { Refused } from '../outcome/outcome.ts';
import type { Rules } from '../policy/file.ts';
import { formatReason } from '../policy/verdict.ts';
import type { RecordClaim } from './append.ts';
import { type BreakGlassInputs, breakGlass } from './break-glass.ts';
import type { Candidates, JudgedCandidate } from './candidates.ts';

export interface ChoiceInputs extends Omit<BreakGlassInputs, 'digest'> {
  /** A digest, or how many images back; undefined: the newest that may be used. */
  readonly target?: Digest | number | undefined;
}

/** The candidates in the order in which they are tried. One that was asked for is the only one. */
export function findTargets(
  candidates: readonly Candidate[],
  { target, environment }: ChoiceInputs,
  current: Digest,
): readonly Candidate[] {
  if (target === undefined) return candidates;
  if (target === current) throw new Refused(`${environment} holds ${target} already`);
  const found = candidates.filter(({ digest, steps }) => digest === target || steps === target);
  if (found.length > 0) return found;
  const steps = candidates.length;
  throw new Refused(
    typeof target === 'number'
      ? `${environment} held only ${steps} other image${steps === 1 ? '' : 's'} before`
      : `${environment} never held ${target}: only what was promoted is rolled back to`,
  );
}

/** What was found of the candidates that were looked at, in their order, and the first against which nothing speaks. */
export interface Choice {
  readonly answers: ReadonlyMap<Digest, readonly string[]>;
  readonly chosen:
    | {
        readonly candidate: Candidate;
        readonly judged: JudgedCandidate;
        /** Break-glass, where it took a reason to let it. */
        readonly override: RecordClaim['override'];
      }
    | undefined;
}

/** Judges candidates one after the other until one may be used. Only what was asked for by name is worth breaking glass for. */
export async function chooseCandidate(
  asked: readonly Candidate[],
  { judge }: Pick<Candidates, 'judge'>,
  inputs: ChoiceInputs,
  known: Rules,
  context: RunContext,
): Promise<Choice> {
  const answers = new Map<Digest, readonly string[]>();
  for (const candidate of asked) {
    const { digest } = candidate;
    answers.set(digest, candidate.reasons);
    if (candidate.reasons.length > 0) continue;
    const judged = await judge(candidate);
    const reasons = judged.rules
      .filter(({ outcome }) => outcome === 'denied')
      .flatMap((rule) => rule.reasons.map((why) => formatReason(rule, why)));
    const glass =
      reasons.length > 0 && inputs.target !== undefined
        ? await breakGlass(
            { ...inputs, digest },
            { environment: inputs.environment, rules: judged.rules, reasons },
            known,
            context,
          )
        : undefined;
    const left = glass?.reasons ?? reasons;
    answers.set(digest, left);
    if (left.length === 0) return { answers, chosen: { candidate, judged, override: glass?.granted } };
  }
  return { answers, chosen: undefined };
}
