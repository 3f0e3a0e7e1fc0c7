// Runs in a worker thread of its own: evaluates expressions one by one and posts each answer, so that what was answered
// before a limit was reached still counts.
import { parentPort, workerData } from 'node:worker_threads';
import { type Expression, evaluateExamples, evaluateExpression, typeFacts } from '../policy/expression.ts';
import type { Facts } from '../policy/facts.ts';
import type { Evaluated } from '../policy/judge.ts';

/** How many of the things that decided a rule are named. */
const EXAMPLES = 5;

const { expressions, facts } = workerData as { expressions: readonly Expression[]; facts: Facts };
const values = typeFacts({ ...facts });

for (const { strict, examples } of expressions) {
  let answer: Evaluated;
  try {
    const value = evaluateExpression(strict, values);
    answer = {
      value,
      ...(value && examples !== undefined && { examples: evaluateExamples(examples, values, EXAMPLES) }),
    };
  } catch (error) {
    // The library adds the expression, which is not the one that was written.
    const [first = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    answer = { error: first.slice(0, 300) };
  }
  parentPort?.postMessage(answer);
}
