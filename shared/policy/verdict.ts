/** What one rule came to. There is no fourth outcome: a rule that could not be judged is denied. */
export interface RuleResult {
  readonly name: string;
  readonly title: string;
  readonly outcome: 'passed' | 'warned' | 'denied';
  /** Why it was denied or warned, in words for people; empty when passed. */
  readonly reasons: readonly string[];
  /** What its expression read, as `image.size is 1000`; absent where there was none to evaluate. */
  readonly values?: readonly string[];
  /** What would have to change; only beside reasons, and where somebody wrote it down. */
  readonly hint?: string;
}

/** The answer for one image and one destination at one moment. */
export interface Verdict {
  readonly decision: 'allow' | 'deny';
  readonly environment: string;
  /** Every reason of a denial; empty when allowed. */
  readonly reasons: readonly string[];
  readonly warnings: readonly string[];
  readonly rules: readonly RuleResult[];
  /** The clock that was observed, ISO 8601: `now` in rules. */
  readonly judgedAt: string;
}

/** One reason of a rule, as verdicts tell it. */
export function formatReason(rule: Pick<RuleResult, 'name' | 'title'>, reason: string): string {
  return `${rule.name} (${rule.title}): ${reason}`;
}
