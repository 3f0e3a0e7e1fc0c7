import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Keeps the heap small, for a step that goes through hundreds of images, each of which is garbage once it is done with. Otherwise V8 lets the space
 * for new objects grow by some 100 MB, and the one for old objects by half and more before it is cleared. V8 reads these flags each time a
 * space would grow; one that does not know them ignores them. `growth` is how many per cent the old objects may become more before they are
 * gone through: each time takes the longer the more of them stay.
 */
export function keepHeapSmall(growth = 10): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString(`--heap-growing-percent=${growth}`);
}

/** How many bytes may pass before the buffers they came in are collected. */
const PASSED = 8 * 1024 * 1024;
let passed = 0;
let collect: ((options: { type: 'minor' }) => void) | undefined;

/**
 * Counts bytes that pass through this process in buffers of their own, and has V8 collect those. By itself it lets some 70 MB of them lie, because
 * buffers are not on its heap; each collection takes less than a millisecond.
 */
export function countPassed(bytes: number): void {
  passed += bytes;
  if (passed < PASSED) return;
  passed = 0;
  collect ??= findCollector();
  collect({ type: 'minor' });
}

function findCollector(): NonNullable<typeof collect> {
  // Only new contexts have it, and only while the flag is set.
  setFlagsFromString('--expose-gc');
  const found = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  return found;
}
