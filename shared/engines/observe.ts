import { setTimeout as sleep } from 'node:timers/promises';
import { type Check, type Given, judgeCheck } from '../boot/check.ts';
import { Unavailable } from '../outcome/outcome.ts';
import type { Container, ContainerState } from './container.ts';
import { askHttp } from './http.ts';

/** A check and why it did not hold, or undefined when it did. */
export interface CheckAnswer {
  readonly check: Check;
  readonly why: string | undefined;
}

/** What one start of a container showed. Times are seconds. */
export interface Start {
  /** Why the image's command could not be run at all. */
  readonly failed?: string;
  /** From the start to the first check that held; undefined when none did, or there is none. */
  readonly seconds: number | undefined;
  readonly answers: readonly CheckAnswer[];
  /** Once all checks were answered. */
  readonly state: ContainerState;
}

/** How long an image must stay up at least, and how long one try of a check may take unless it says so itself, in seconds. */
const STAY = 1;
const TRY = 5;
const PAUSE = 50;

/**
 * Starts a container and asks each check until it holds, in turn, at most `wait` seconds for all of them (each is tried once at least), and
 * longer where a check says so itself. A container that ends by itself fails what is left.
 */
export async function observeStart(
  container: Container,
  checks: readonly Check[],
  wait: number,
  deadline: AbortSignal,
): Promise<Start> {
  const begun = performance.now();
  const elapsed = (): number => (performance.now() - begun) / 1000;
  const failed = await container.start();
  if (failed !== undefined) {
    const answers = checks.map((check) => ({ check, why: 'it was not started' }));
    return { failed, seconds: undefined, answers, state: await container.readState() };
  }
  const started = elapsed();
  const address = checks.some(({ kind }) => kind === 'http') ? await container.readAddress() : '';
  const answers: CheckAnswer[] = [];
  let seconds: number | undefined;
  for (const check of checks) {
    const last = Math.max(wait, check.within ?? 0);
    let why = await tryCheck(container, address, check, deadline);
    while (why !== undefined && elapsed() < last && (await container.readState()).Running) {
      await sleep(PAUSE);
      why = await tryCheck(container, address, check, deadline);
    }
    if (why === undefined) seconds ??= elapsed();
    answers.push({ check, why });
  }
  // What ends at once may have answered before.
  await sleep(Math.max(0, started + STAY - elapsed()) * 1000);
  return { seconds, answers, state: await container.readState() };
}

async function tryCheck(
  container: Container,
  address: string,
  check: Check,
  deadline: AbortSignal,
): Promise<string | undefined> {
  if (deadline.aborted) throw new Unavailable('the checks were not answered: no time is left');
  // Without an address Node would ask this machine itself.
  if (check.kind === 'http' && address === '') return 'gave no answer: it has no address';
  const begun = performance.now();
  const seconds = check.tryFor ?? TRY;
  let given: Given;
  try {
    given =
      check.kind === 'http'
        ? await askHttp(address, check, seconds)
        : await container.exec(check.command, seconds);
  } catch (error) {
    if (deadline.aborted) throw new Unavailable('the checks were not answered in time', { cause: error });
    if (performance.now() - begun >= seconds * 1000) return `gave no answer within ${seconds} s`;
    return `gave no answer: ${(error as Error).message}`;
  }
  return judgeCheck(check, given);
}
