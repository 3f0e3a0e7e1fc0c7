import type { Promotion } from '../evidence/promotion.ts';
import { openGithub } from '../github/api.ts';
import { readRunApprovals } from '../github/approvals.ts';
import type { RunContext } from '../github/context.ts';
import type { Digest } from '../image/digest.ts';
import { Invalid } from '../outcome/outcome.ts';
import type { Rules } from '../policy/file.ts';
import type { Verdict } from '../policy/verdict.ts';
import { waiveRules } from '../policy/waive.ts';

/** The longest that an override may be used, and the time within which somebody has to have looked at it, in milliseconds. */
const OVERRIDE_LASTS = 3_600_000;
const FOLLOW_UP_WITHIN = 7 * 86_400_000;

export interface BreakGlassInputs {
  /** Names of rules and conditions. */
  readonly 'break-glass'?: readonly string[];
  readonly environment: string;
  readonly reason?: string | undefined;
  readonly digest: Digest;
  readonly 'github-token'?: string | undefined;
}

/**
 * Lets a denied image through where somebody else than who asks approved that in this run, for the rules that are named and no others.
 * The verdict itself stays as it is, so that no later environment takes it for one that passed. Undefined when nobody asked for it;
 * without `granted` the reasons say what stands.
 */
export async function breakGlass(
  inputs: BreakGlassInputs,
  verdict: Pick<Verdict, 'environment' | 'rules' | 'reasons'>,
  known: Rules,
  context: RunContext,
): Promise<{ granted?: NonNullable<Promotion['override']>; reasons: readonly string[] } | undefined> {
  const { environment, digest, 'break-glass': names = [] } = inputs;
  if (names.length === 0) return undefined;
  if (inputs.reason === undefined) throw new Invalid('reason', 'is required for break-glass');
  const { rules, reasons } = waiveRules(verdict, names, known);
  if (reasons.length > 0) return { reasons };
  const github = await openGithub(inputs['github-token'], context);
  const { approvals, discounted } = await readRunApprovals(github, { digest, environment }, context);
  if (approvals.length === 0) {
    return {
      reasons: [
        `break-glass needs somebody's approval of this run for the environment ${environment}, with the digest in the comment`,
        ...discounted,
      ],
    };
  }
  const now = Date.now();
  const until = new Date(now + OVERRIDE_LASTS).toISOString();
  const followUp = new Date(now + FOLLOW_UP_WITHIN).toISOString();
  const people = approvals.map(({ by }) => by).join(', ');
  context.log.warning(
    `break-glass: ${rules.join(', ')} waived for ${digest} in ${environment}, approved by ${people}. Look at it again before ${followUp}.`,
  );
  return { granted: { rules: [...rules], approvedBy: [...approvals], until, followUp }, reasons: [] };
}
