import { expect, test } from 'vitest';
import { findPlatform, formatPlatform, parsePlatform } from '../../shared/image/platform.ts';

test.each([
  ['linux/amd64', ['linux/amd64/v3', 'linux/amd64'], 'linux/amd64'],
  ['linux/amd64', ['linux/amd64/v3', 'linux/amd64/v1'], 'linux/amd64/v1'],
  ['linux/amd64', ['linux/arm64', 'linux/amd64/v3'], 'linux/amd64/v3'],
  ['linux/arm64', ['linux/arm64/v9', 'linux/arm64/v8'], 'linux/arm64/v8'],
  ['linux/arm64/v8', ['linux/arm64'], 'linux/arm64'],
  ['linux/arm', ['linux/arm/v6', 'linux/arm/v7'], 'linux/arm/v7'],
  ['linux/amd64', ['windows/amd64', 'linux/arm64'], undefined],
])('%s takes of %j %s', (wanted, there, taken) => {
  const all = there.map((text) => ({ platform: parsePlatform(text) }));
  const found = findPlatform(all, parsePlatform(wanted));
  expect(found && formatPlatform(found.platform)).toBe(taken);
});
