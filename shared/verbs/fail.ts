import { createEvaluator } from '../evaluator/evaluator.ts';
import type { MergedFinding } from '../evidence/merge.ts';
import { SEVERITIES, type Severity } from '../evidence/severity.ts';
import { Unavailable } from '../outcome/outcome.ts';
import { readExpression } from '../policy/expression.ts';
import { describeFindings } from '../policy/findings.ts';
import { tellFinding } from '../report/findings.ts';

/** More than a gate has: a scan may hold tens of thousands of findings. Milliseconds, MiB. */
const LIMITS = { time: 30_000, memory: 512 };

/**
 * Judges findings by `fail-on`, which is short for a rule: nothing of the severities from the lowest of the four named upwards, and of `UNKNOWN`
 * when that is named. Every reason; none when it passes. `Unavailable` when it could not be evaluated.
 */
export async function judgeFailOn(
  findings: readonly MergedFinding[],
  failOn: readonly Severity[],
): Promise<string[]> {
  const lowest = Math.max(
    -1,
    ...failOn.filter((word) => word !== 'UNKNOWN').map((word) => SEVERITIES.indexOf(word)),
  );
  const failing = SEVERITIES.filter((word, at) =>
    word === 'UNKNOWN' ? failOn.includes(word) : at <= lowest,
  );
  if (failing.length === 0) return [];
  const words = failing.map((word) => `'${word}'`).join(', ');
  const rule = ['vulnerabilities', 'secrets', 'misconfigurations', 'licences']
    .map((variable) => `${variable}.exists(found, found.severity in [${words}])`)
    .join(' || ');
  const facts = describeFindings(
    findings.map(({ found, severity }) => ({ found: { ...found, severity }, said: { excused: false } })),
  );
  const image = { digest: '', size: 0n, platforms: [] };
  const [answer] = await createEvaluator(LIMITS)([readExpression(rule)], {
    ...facts,
    image,
    config: [],
    now: new Date(),
  });
  if (answer === undefined || 'error' in answer) {
    throw new Unavailable(`fail-on could not be evaluated: ${answer?.error ?? 'it has no answer'}`);
  }
  return answer.value ? findings.filter(({ severity }) => failing.includes(severity)).map(tellFinding) : [];
}
