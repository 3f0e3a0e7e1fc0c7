import { execFile } from 'node:child_process';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';

const STEP = new URL('../../shared/step/step.ts', import.meta.url).href;
const INPUTS = new URL('../../shared/step/inputs.ts', import.meta.url).href;

/** Runs `work` as the whole of an action with a deadline of one second. */
async function runStep(
  work: string,
): Promise<{ code: number; signal: string | undefined; log: string; took: number }> {
  const program = `
    import * as z from 'zod';
    import { connect } from 'node:net';
    import { runStep } from '${STEP}';
    import { duration } from '${INPUTS}';
    const run = async (_, context) => { ${work} };
    await runStep('test', async () => ({ action: { inputs: z.object({ timeout: duration }), outputs: [], run } }));`;
  const started = Date.now();
  return new Promise((done) => {
    execFile(
      process.execPath,
      ['--input-type=module', '--eval', program],
      { env: { PATH: process.env['PATH'], INPUT_TIMEOUT: '1s' } },
      (error, log) =>
        done({
          code: Number(error?.code ?? 0),
          signal: error?.signal,
          log,
          took: Date.now() - started,
        }),
    );
  });
}

test('a connection that was left open holds no step', async () => {
  const silent = createServer();
  await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done));
  const { port } = silent.address() as { port: number };
  const open = `await new Promise((done) => connect(${port}, '127.0.0.1', done));`;
  const passed = await runStep(`${open} return { outputs: {} };`);
  const failed = await runStep(`${open} throw new Error('no');`);
  silent.close();
  expect(passed).toMatchObject({ code: 0 });
  expect(failed).toMatchObject({ code: 1 });
  expect(Math.max(passed.took, failed.took)).toBeLessThan(10_000);
}, 30_000);

test('work that never ends is unavailable soon after the deadline', async () => {
  const { code, log } = await runStep('return new Promise(() => {});');
  expect(code).toBe(1);
  expect(log).toContain("unavailable::the step's deadline of 1 s has passed");
}, 30_000);

test('a full disk is no fault of ours', async () => {
  // A device that is always full (Linux).
  const { code, log } = await runStep(
    `const { writeFile } = await import('node:fs/promises'); await writeFile('/dev/full', 'x'); return { outputs: {} };`,
  );
  expect(code).toBe(1);
  expect(log).toContain("unavailable::The runner's disk is full (ENOSPC");
  expect(log).not.toContain('should not happen');
}, 30_000);

test.each(['SIGINT', 'SIGTERM'])(
  'a job that is cancelled (%s) ends its work as at the deadline',
  async (signal) => {
    const { code, log } = await runStep(`
    const ended = new Promise((done) => context.deadline.addEventListener('abort', done));
    process.kill(process.pid, '${signal}');
    await ended;
    console.log('tidied up: ' + context.deadline.reason.message);
    throw context.deadline.reason;`);
    expect(code).toBe(1);
    expect(log).toContain('tidied up: the job was cancelled');
  },
  30_000,
);

test('what a runner sends next lets it tidy up, and the same signal again ends it at once', async () => {
  const { log, signal } = await runStep(`
    const tell = async (name) => {
      process.kill(process.pid, name);
      await new Promise((done) => setTimeout(done, 100));
    };
    await tell('SIGINT');
    await tell('SIGTERM');
    console.log('tidied up: ' + context.deadline.reason.message);
    await tell('SIGINT');
    return { outputs: {} };`);
  expect(log).toContain('tidied up: the job was cancelled');
  expect(signal).toBe('SIGINT');
}, 30_000);
