import type { RunContext } from '../github/context.ts';
import { Failure, Invalid, type Outcome, Refused, Unavailable } from '../outcome/outcome.ts';
import type { StepResult } from '../outcome/result.ts';
import type { Action } from './action.ts';
import { readContext, readProxies } from './context.ts';
import { appendSummary, escapeLog, reportDebug, reportError, setOutput } from './runner.ts';

/** Longest a step may take unless its `timeout` input says otherwise, in seconds. */
const DEFAULT_TIMEOUT = 1800;
/** How long after its deadline a step may still tidy up and say what it waited for, in milliseconds. */
const GRACE = 10_000;
const CANCELLED = ['SIGINT', 'SIGTERM'] as const;
/** How long after a step's end a connection that a library left open may hold the process, in milliseconds. */
const LINGER = 1000;

/**
 * Runs one action as a step: reads the inputs, does the work, writes outputs, outcome and summary.
 * The only place that catches errors. The exit code is 0 for `passed` and 1 for everything else.
 */
export async function runStep(name: string, load: () => Promise<{ action: Action }>): Promise<void> {
  const result = await finish(name, load);
  // Everything is said below, at once. A process with nothing left to do ends before this; its exit code is the one set here.
  setTimeout(() => process.exit(), LINGER).unref();
  const outcome = result.outcome ?? 'passed';
  for (const [output, value] of Object.entries(result.outputs)) setOutput(output, value);
  setOutput('outcome', outcome);
  if (result.summary !== undefined) appendSummary(result.summary);
  if (outcome === 'passed') return;
  const reasons = result.reasons ?? [];
  reportError(reasons.join('\n') || outcome, `hallmark ${name}: ${outcome}`);
  if (result.summary === undefined) appendSummary(summarizeFailure(name, outcome, reasons));
  process.exitCode = 1;
}

async function finish(name: string, load: () => Promise<{ action: Action }>): Promise<StepResult> {
  let outputs: StepResult['outputs'] = {};
  try {
    const { action } = await load();
    outputs = action.failureOutputs ?? {};
    const inputs = readInputs(action);
    const proxies = readProxies();
    if (proxies !== undefined) (await import('../store/transport.ts')).useProxies(proxies);
    const timeout = (inputs as { timeout?: unknown }).timeout;
    const seconds = typeof timeout === 'number' ? timeout : DEFAULT_TIMEOUT;
    const controller = new AbortController();
    const message = `the step's deadline of ${seconds} s has passed`;
    const timer = setTimeout(() => controller.abort(new Error(message)), seconds * 1000);
    // What a runner sends some seconds before it kills the step of a job that is cancelled: what was started is tidied up as at the deadline.
    const cancel = (): void => controller.abort(new Error('the job was cancelled'));
    for (const signal of CANCELLED) process.once(signal, cancel);
    // For work that does not look at the signal. Without this timer a wait for nothing would end the process with no outcome.
    let overdue: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      overdue = setTimeout(() => reject(new Unavailable(message)), seconds * 1000 + GRACE);
    });
    try {
      return await Promise.race([
        action.run(inputs, readContext(name, controller.signal) satisfies RunContext),
        late,
      ]);
    } finally {
      clearTimeout(timer);
      clearTimeout(overdue);
      for (const signal of CANCELLED) process.off(signal, cancel);
    }
  } catch (error) {
    const failure = describeFailure(error);
    return { ...failure, outputs: { ...outputs, ...failure.outputs } };
  }
}

/** Reads and checks every input; all faults are said at once. */
export function readInputs(action: Action, env: NodeJS.ProcessEnv = process.env): Record<string, unknown> {
  const raw = Object.fromEntries(
    Object.keys(action.inputs.shape).map((name) => [
      name,
      env[`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`] ?? '',
    ]),
  );
  const parsed = action.inputs.safeParse(raw);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => {
    const input = String(issue.path[0] ?? 'inputs');
    return new Invalid(input, issue.message).message;
  });
  const first = String(parsed.error.issues[0]?.path[0] ?? 'inputs');
  throw faults.length === 1
    ? new Invalid(first, parsed.error.issues[0]?.message ?? 'is not valid')
    : new Invalid('inputs', faults.join('; '));
}

function describeFailure(error: unknown): StepResult {
  if (error instanceof Failure) {
    reportDebug(`${error.stack}\n${describeCause(error.cause)}`);
    const cause = error instanceof Unavailable ? describeCause(error.cause, error.message) : '';
    const reasons = [
      ...(error instanceof Refused ? error.reasons : [error.message]),
      ...(cause === '' ? [] : [`Cause: ${cause}`]),
      ...(error.hint === undefined ? [] : [error.hint]),
      ...(error instanceof Unavailable && error.retrySafe ? ['It is safe to run this step again.'] : []),
    ];
    return { outcome: error.outcome, reasons, outputs: error.outputs };
  }
  // Temporary files are written in many places, and a full disk is nobody's fault.
  if (error instanceof Error && ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '')) {
    reportDebug(error.stack ?? error.message);
    return {
      outcome: 'unavailable' satisfies Outcome,
      reasons: [
        `The runner's disk is full (${error.message})`,
        'Nothing was judged as passed. Make room on it, and run this step again.',
      ],
      outputs: {},
    };
  }
  // Nothing that is not understood may pass, and a fault of ours is not the caller's.
  reportDebug(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return {
    outcome: 'unavailable' satisfies Outcome,
    reasons: [
      `An error that should not happen: ${error instanceof Error ? error.message : String(error)}`,
      'Nothing was judged as passed. Please report this with the debug log.',
    ],
    outputs: {},
  };
}

/** The chain of causes, each once and none that the message itself says. */
function describeCause(cause: unknown, message = ''): string {
  const parts: string[] = [];
  for (
    let at = cause;
    at !== undefined && at !== null && parts.length < 5;
    at = (at as { cause?: unknown }).cause
  ) {
    const said = at instanceof Error ? at.message : String(at);
    if (![message, ...parts].some((part) => part.includes(said))) parts.push(said);
  }
  return parts.join(': ');
}

function summarizeFailure(name: string, outcome: Outcome, reasons: readonly string[]): string {
  const body = reasons.map((reason) => `    ${escapeLog(reason).replaceAll('\n', '\n    ')}`).join('\n');
  return `### Hallmark ${name}: ${outcome}\n\n${body}\n`;
}
