import type { RunContext } from '../github/context.ts';
import type { LoadedPolicy } from '../github/policy.ts';
import { findLines } from '../policy/document.ts';
import { describeJudged, type Judged } from '../report/judged.ts';
import type { JudgedPage } from '../report/verdict.ts';
import { logPageOf, type SigningInputs } from '../sigstore/instance.ts';

/** A verdict as `report` shows it, with what only the run knows: where the log can be looked at, and which line of this commit a rule stands in. */
export function tellJudged(
  image: string,
  page: JudgedPage & { readonly policy?: LoadedPolicy },
  inputs: SigningInputs,
  context: RunContext,
): Judged {
  const judged = describeJudged(image, page, logPageOf(inputs, page.policy?.trustedRoot));
  const rules = judged.verdict.rules.map((rule) => {
    const at = page.policy && locateRule(rule.name, page.policy, context);
    return at === undefined ? rule : { ...rule, at };
  });
  return { ...judged, verdict: { ...judged.verdict, rules } };
}

/** Where a rule stands in this run's commit. Of a policy that was read elsewhere or at another commit no line is certain. */
function locateRule(
  name: string,
  { uri, bytes }: LoadedPolicy,
  { repository, sha }: RunContext,
): { path: string; line: number } | undefined {
  const prefix = `${repository}/`;
  if (sha === undefined || !uri.startsWith(prefix) || !uri.endsWith(`@${sha}`)) return undefined;
  const path = uri.slice(prefix.length, uri.lastIndexOf('@'));
  const text = bytes.toString();
  const lines = text.split('\n');
  // What is found is the rule itself: behind its name, or on the next line. A built-in one stands nowhere in the file.
  const [found = 0] = findLines(text, path, [['rules', name]]);
  const line = [found, found - 1].find((one) => lines[one - 1]?.trimStart().startsWith(`${name}:`));
  return line === undefined ? undefined : { path, line };
}
