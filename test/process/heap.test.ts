import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { countPassed } from '../../shared/process/heap.ts';

it('leaves little of what has passed', async () => {
  const chunk = 64 * 1024;
  let most = 0;
  for (let passed = 0; passed < 256 * 1024 * 1024; passed += chunk) {
    // Fresh from the system, as what a socket reads.
    Buffer.allocUnsafeSlow(chunk).fill(1);
    countPassed(chunk);
    if (passed % (1024 * 1024) === 0) await turn();
    most = Math.max(most, process.memoryUsage().arrayBuffers);
  }
  expect(most).toBeLessThan(40 * 1024 * 1024);
});
