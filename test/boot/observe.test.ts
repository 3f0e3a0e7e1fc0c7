import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { ExecCheck } from '../../shared/boot/check.ts';
import type { Container } from '../../shared/engines/container.ts';
import { observeStart } from '../../shared/engines/observe.ts';

const NEVER = Number.POSITIVE_INFINITY;
const no = async (): Promise<never> => Promise.reject(new Error('nobody asks for that here'));

/** A container whose commands end with 0 from `up` seconds after its start on, and which ends after `down`. */
function fake({ up, down = NEVER }: { up: number; down?: number }) {
  let begun = 0;
  const elapsed = (): number => (performance.now() - begun) / 1000;
  const tried: number[] = [];
  const container: Container = {
    start: async () => {
      begun = performance.now();
      return undefined;
    },
    readState: async () => ({ Running: elapsed() < down, ExitCode: 0, OOMKilled: false }),
    exec: async (_, seconds) => {
      tried.push(seconds);
      return { status: elapsed() >= up ? 0 : 1, text: '' };
    },
    ...{ readAddress: no, stop: no, readLogs: no, listChanges: no, remove: no },
  };
  return { container, tried };
}

const asked: ExecCheck = { kind: 'exec', line: 'exec true -> 0', command: ['true'], status: 0, texts: [] };
const health = (within: number): ExecCheck => ({ ...asked, line: 'HEALTHCHECK', within, tryFor: 30 });
const LATE = 'gave exit code 1, not 0';

describe('a check is asked until it holds, for as long as all may take or it says itself', () => {
  test.each<[string, ExecCheck, Parameters<typeof fake>[0], string | undefined]>([
    ['that comes in time holds', asked, { up: 0.1 }, undefined],
    ['that comes later does not', asked, { up: 1.5 }, LATE],
    ["that comes within the image's own time holds", health(5), { up: 1.5 }, undefined],
    ['that comes after it does not', health(0.6), { up: 1.5 }, LATE],
    ["is given no less than all by the image's own time", health(0.01), { up: 0.2 }, undefined],
    ['of what has ended is not waited for', health(60), { up: NEVER, down: 0.2 }, LATE],
  ])('one %s', async (_, check, life, why) => {
    const { container } = fake(life);
    const start = await observeStart(container, [check], 0.4, AbortSignal.timeout(10_000));
    expect(start.answers).toEqual([{ check, why }]);
  });

  test("one's own time is no other's", async () => {
    const { container } = fake({ up: 1.5 });
    const start = await observeStart(container, [asked, health(5)], 0.4, AbortSignal.timeout(10_000));
    expect(start.answers.map(({ why }) => why)).toEqual([LATE, undefined]);
  });

  test('the time of the step ends it in any case', async () => {
    const { container } = fake({ up: NEVER });
    const starting = observeStart(container, [health(3600)], 0.4, AbortSignal.timeout(600));
    await expect(starting).rejects.toMatchObject({ outcome: 'unavailable' });
  });
});

test('one try takes what the image says, and five seconds where it says nothing', async () => {
  const { container, tried } = fake({ up: 0 });
  await observeStart(container, [asked, health(5)], 1, AbortSignal.timeout(10_000));
  expect(tried).toEqual([5, 30]);
});

test('a try that never ends is told with the time that it had', async () => {
  const { container } = fake({ up: 0 });
  const hanging: Container = {
    ...container,
    exec: async (_, seconds) => {
      await sleep(seconds * 1000 + 20);
      throw new Error('it did not end in time');
    },
  };
  const check = { ...health(0.1), tryFor: 1 };
  const { answers } = await observeStart(hanging, [check], 0.1, AbortSignal.timeout(10_000));
  expect(answers).toEqual([{ check, why: 'gave no answer within 1 s' }]);
});
