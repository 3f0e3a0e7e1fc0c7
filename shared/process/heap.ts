import { setFlagsFromString } from 'node:v8';

/**
 * Keeps the heap small, for a step that goes through hundreds of images, each of which is garbage once it is done with. Otherwise V8 lets the space
 * for new objects grow by some 100 MB, and the one for old objects by half and more before it is cleared. V8 reads these flags each time a
 * space would grow; one that does not know them ignores them.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=10');
}
