// Runs in a worker thread of its own: evaluates expressions one by one and posts each answer, so that what was answered
// before a limit was reached still counts.
import { parentPort } from 'node:worker_threads';
import { type Expression, evaluateExpression, evaluateShown, typeFacts } from '../policy/expression.ts';
import type { Facts } from '../policy/facts.ts';
import type { Evaluated } from '../policy/judge.ts';

/** How many of the things that decided a rule are named. */
const ITEMS = 5;

parentPort?.once(
  'message',
  ({ expressions, facts }: { expressions: readonly Expression[]; facts: Facts }) => {
    const values = typeFacts({ ...facts });
    for (const { strict, shown } of expressions) {
      let answer: Evaluated;
      try {
        const value = evaluateExpression(strict, values);
        const tell = (items: boolean): string[] => [
          ...new Set(
            shown
              .filter((part) => part.items === items)
              .flatMap((part) => evaluateShown(part, values, ITEMS)),
          ),
        ];
        answer = { value, values: tell(false), items: value ? tell(true) : [] };
      } catch (error) {
        // The library adds the expression, which is not the one that was written.
        const [first = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
        answer = { error: first.slice(0, 300) };
      }
      parentPort?.postMessage(answer);
    }
  },
);
