import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Check } from '../boot/check.ts';
import { type BootConfig, findStrayWrites, readHealthcheck } from '../boot/config.ts';
import type { TestCase } from '../boot/results.ts';
import {
  type Container,
  type ContainerLimits,
  type ContainerState,
  createContainer,
} from '../engines/container.ts';
import type { Engine } from '../engines/engine.ts';
import type { LoadedImage } from '../engines/load.ts';
import { observeStart, type Start } from '../engines/observe.ts';
import type { RunContext } from '../github/context.ts';

/** How an image is booted. Times are seconds. */
export interface BootInputs {
  readonly 'read-only'?: boolean | undefined;
  readonly 'max-start'?: number | undefined;
  readonly 'stop-timeout'?: number | undefined;
  /** MiB */
  readonly memory?: number | undefined;
  readonly 'pids-limit'?: number | undefined;
  readonly env: readonly (readonly [string, string])[];
}

/** What a boot showed: its cases by rule, and the seconds until the first check held. */
export interface BootResult {
  readonly cases: readonly TestCase[];
  readonly seconds: number | undefined;
}

const GONE = 'it did not stay up';
/** The most of stray paths that are named. */
const PATHS = 5;
/** The exit code of what SIGKILL ended. */
const KILLED = 137;

/**
 * Boots an image three times: as it will run, once more in the same container, and with a writable root to see what it writes there. Every
 * container is gone when this returns, also by an error.
 */
export async function bootImage(
  engine: Engine,
  image: LoadedImage,
  config: BootConfig,
  checks: readonly Check[],
  inputs: BootInputs,
  context: RunContext,
): Promise<BootResult> {
  const folder = await mkdtemp(join(context.temp, 'hallmark-test-'));
  try {
    let envFile: string | undefined;
    if (inputs.env.length > 0) {
      // In a file: a command line can be read by everybody on the machine.
      envFile = join(folder, 'env');
      await writeFile(envFile, inputs.env.map(([key, value]) => `${key}=${value}\n`).join(''), {
        mode: 0o600,
      });
    }
    const limits: ContainerLimits = {
      readOnly: inputs['read-only'] ?? true,
      memory: inputs.memory ?? 512,
      processes: inputs['pids-limit'] ?? 256,
      envFile,
      network: checks.some(({ kind }) => kind === 'http'),
    };
    const health = readHealthcheck(config);
    const boot: Boot = {
      checks: health === undefined ? checks : [...checks, health],
      maxStart: inputs['max-start'] ?? 30,
      grace: inputs['stop-timeout'] ?? 10,
      context,
    };
    const open = (readOnly: boolean): Promise<Container> =>
      createContainer(engine, image, { ...limits, readOnly });
    const first = await use(await open(limits.readOnly), async (container) => ({
      ...(await bootTwice(container, boot)),
      changes: limits.readOnly ? undefined : await container.listChanges(),
    }));
    const { seconds } = first.start;
    // A start that was only slow has shown all that follows.
    const patient = { ...boot, maxStart: Number.POSITIVE_INFINITY };
    const fault = explainStart(first.start, patient);
    if (first.changes !== undefined)
      return { seconds, cases: [...first.cases, judgeWrites(first.changes, config, fault)] };
    const writable = await use(await open(false), async (container) => {
      const start = await startOnce(container, boot);
      return { fault: explainStart(start, patient), changes: await container.listChanges() };
    });
    const writes = judgeWrites(writable.changes, config, writable.fault);
    return { seconds, cases: [...first.cases, judgeReadOnly(fault, writable.fault), writes] };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Boot {
  readonly checks: readonly Check[];
  readonly maxStart: number;
  readonly grace: number;
  readonly context: RunContext;
}

async function use<T>(container: Container, work: (container: Container) => Promise<T>): Promise<T> {
  try {
    return await work(container);
  } finally {
    await container.remove();
  }
}

/** Twice the time that it may take, so that one that is slow is told from one that never comes. */
function startOnce(container: Container, { checks, maxStart, context }: Boot): Promise<Start> {
  return observeStart(container, checks, 2 * maxStart, context.deadline);
}

async function bootTwice(container: Container, boot: Boot): Promise<{ start: Start; cases: TestCase[] }> {
  const start = await startOnce(container, boot);
  const logs = await container.readLogs();
  showLogs(logs, boot.context);
  const cases = judgeStart(start, boot);
  if (!start.state.Running) {
    const skipped = GONE;
    return {
      start,
      cases: [
        ...cases,
        { rule: 'logs', skipped },
        { rule: 'stop', skipped },
        { rule: 'second-start', skipped },
      ],
    };
  }
  const silent = logs.stdout.trim() === '' && logs.stderr.trim() === '';
  cases.push({ rule: 'logs', why: silent ? 'it printed nothing to standard output' : undefined });
  const before = await container.readState();
  await container.stop(boot.grace);
  const after = await container.readState();
  cases.push({ rule: 'stop', why: explainStop(before, after, boot.grace) });
  cases.push(await startAgain(container, start, boot));
  return { start, cases };
}

function explainStop(before: ContainerState, after: ContainerState, grace: number): string | undefined {
  if (!before.Running) return `it ended by itself with exit code ${before.ExitCode} before it was asked to`;
  return after.ExitCode === KILLED ? `it did not end within ${grace} s of SIGTERM and was killed` : undefined;
}

/** A start that did not hold has nothing that a second one could differ from. */
async function startAgain(container: Container, first: Start, boot: Boot): Promise<TestCase> {
  const rule = 'second-start';
  if (explainStart(first, boot) !== undefined) return { rule, skipped: 'the first start did not hold' };
  const why = explainStart(await startOnce(container, boot), boot);
  return { rule, why: why && `started again in the same container, ${why}` };
}

function judgeStart({ failed, seconds, answers, state }: Start, { maxStart }: Boot): TestCase[] {
  // Nobody else has killed it by now; podman does not always hear of it from the kernel.
  const starved = state.OOMKilled || (!state.Running && state.ExitCode === KILLED);
  const ended = !state.Running && !starved;
  const end = failed ?? `it ended by itself with exit code ${state.ExitCode}`;
  const slow = seconds !== undefined && seconds > maxStart;
  return [
    { rule: 'start', why: ended ? end : undefined },
    {
      rule: 'start-up',
      why: slow ? `it took ${seconds.toFixed(1)} s, and may take ${maxStart} s` : undefined,
    },
    ...answers.map(({ check, why }): TestCase => {
      const about =
        check.line === 'HEALTHCHECK'
          ? { rule: 'health' as const }
          : { rule: 'run' as const, name: check.line };
      // What is not there cannot answer: that is one fault, not one for each check.
      return why === undefined || state.Running ? { ...about, why } : { ...about, skipped: GONE };
    }),
    {
      rule: 'memory',
      why: starved ? 'it was killed for using more memory than its limit' : undefined,
    },
  ];
}

/** Why a start is none, in a few words; undefined when all held. */
function explainStart(start: Start, boot: Boot): string | undefined {
  const failed = judgeStart(start, boot).find(({ why }) => why !== undefined);
  return failed && `${failed.name ?? failed.rule}: ${failed.why}`;
}

/** By why it did not run as it should with a root that cannot be written, and with one that can. Only one of the two is its fault. */
function judgeReadOnly(fault: string | undefined, writable: string | undefined): TestCase {
  const rule = 'read-only';
  if (fault === undefined)
    return {
      rule,
      why: writable && `it works only where it may not write to its root; otherwise, ${writable}`,
    };
  return writable === undefined
    ? { rule, why: 'it works only where it may write to its root' }
    : { rule, skipped: 'it does not work with a writable root either' };
}

/** `fault` says why it did not run as it should with that root: then it has not shown all that it writes. */
function judgeWrites(changes: readonly string[], config: BootConfig, fault: string | undefined): TestCase {
  const rule = 'writes';
  const stray = findStrayWrites(changes, config);
  if (stray.length === 0) return fault === undefined ? { rule } : { rule, skipped: 'it did not run' };
  const more = stray.length > PATHS ? ` and ${stray.length - PATHS} more` : '';
  return {
    rule,
    why: `it writes outside of its volumes: ${stray.slice(0, PATHS).join(', ')}${more}`,
  };
}

function showLogs({ stdout, stderr }: { stdout: string; stderr: string }, { log }: RunContext): void {
  const lines = [...stdout.split('\n'), ...stderr.split('\n')].filter((line) => line.trim() !== '');
  for (const line of lines.slice(-20)) log.info(`  | ${line.slice(0, 500)}`);
}
