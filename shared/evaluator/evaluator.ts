import { Worker } from 'node:worker_threads';
import type { Evaluated, EvaluateExpressions } from '../policy/judge.ts';

export interface Limits {
  /** For all expressions together, in milliseconds. */
  readonly time: number;
  /** The worker's heap, in MiB. */
  readonly memory: number;
}

const LIMITS: Limits = { time: 5000, memory: 64 };

/**
 * Evaluates in a worker thread that ends with its limits: what has no answer by then is an error, and so denies.
 * The thread is started at once, so that whoever still waits for evidence does not wait for it too; unused, it keeps nothing running.
 */
export function createEvaluator(limits: Limits = LIMITS): EvaluateExpressions {
  let ready: Worker | undefined = startWorker(limits);
  return (expressions, facts) =>
    new Promise((resolve) => {
      const answers: Evaluated[] = [];
      // One that could not start says so when it is asked.
      const worker = ready === undefined || ready.threadId === -1 ? startWorker(limits) : ready;
      ready = undefined;
      worker.ref();
      const finish = (error: string): void => {
        clearTimeout(timer);
        // The promise of termination says nothing that is not known; no answer that comes now counts.
        void worker.terminate();
        resolve(expressions.map((_, at) => answers[at] ?? { error }));
      };
      const timer = setTimeout(() => finish(`it took longer than ${limits.time / 1000} s`), limits.time);
      worker.on('message', (answer: Evaluated) => {
        answers.push(answer);
        if (answers.length === expressions.length) finish('');
      });
      worker.on('error', (error: NodeJS.ErrnoException) =>
        finish(
          error.code === 'ERR_WORKER_OUT_OF_MEMORY'
            ? `it took more than ${limits.memory} MiB of memory`
            : `its evaluation failed: ${error.message}`,
        ),
      );
      worker.on('exit', () => finish('its evaluation ended too early'));
      worker.postMessage({ expressions, facts });
    });
}

function startWorker({ memory }: Limits): Worker {
  const worker = new Worker(locateWorker(), {
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: memory, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 },
  });
  worker.on('error', () => undefined);
  worker.unref();
  return worker;
}

/** The sources run as they are; a bundle has the worker's own bundle beside it (scripts/build.ts). */
function locateWorker(): URL {
  const here = new URL(import.meta.url);
  const file = here.pathname.endsWith('.ts') ? 'worker.ts' : '../evaluator/index.js';
  return new URL(file, here);
}
