import { describe, expect, test } from 'vitest';
import {
  bootConfigSchema,
  explainCommand,
  explainUser,
  findStrayWrites,
  readHealthcheck,
} from '../../shared/boot/config.ts';

test.each([
  ['1000', true],
  ['65532:65532', true],
  ['65532:0', true],
  ['', false],
  [null, false],
  ['0', false],
  ['00', false],
  ['0:1000', false],
  [':1000', false],
  ['root', false],
  ['node', false],
  ['-1', false],
  ['0x1', false],
  ['+0', false],
  ['0000:0', false],
  ['2147483647', true],
  ['2147483648', false],
  ['4294967296', false],
])('USER %s may be booted: %s', (User, allowed) => {
  expect(explainUser({ config: { User } }) === undefined).toBe(allowed);
});

test('an image without a config runs as root', () => {
  expect(explainUser({})).toContain('runs as root');
});

test.each([
  [{}, false],
  [{ Entrypoint: [], Cmd: null }, false],
  [{ Entrypoint: ['/app'] }, true],
  [{ Cmd: ['/app'] }, true],
])('with %j it has a command: %s', (config, has) => {
  expect(explainCommand({ config }) === undefined).toBe(has);
});

describe('HEALTHCHECK', () => {
  test.each([
    [
      ['CMD', 'node', 'health.mjs'],
      ['node', 'health.mjs'],
    ],
    [
      ['CMD-SHELL', 'wget -q localhost || exit 1'],
      ['/bin/sh', '-c', 'wget -q localhost || exit 1'],
    ],
    [['NONE'], undefined],
    [['CMD'], undefined],
    [[], undefined],
    [undefined, undefined],
  ])('%j', (Test, command) => {
    expect(readHealthcheck({ config: { Healthcheck: { Test } } })?.command).toEqual(command);
  });
});

test.each<[string, object, { within: number; tryFor: number }]>([
  ['what Docker takes where it says nothing', {}, { within: 90, tryFor: 30 }],
  ['what Docker takes for nothing', { Interval: 0, Retries: 0, Timeout: 0 }, { within: 90, tryFor: 30 }],
  ['its own', { Interval: 2e9, Timeout: 4e9, StartPeriod: 60e9, Retries: 5 }, { within: 70, tryFor: 4 }],
  ['its start period before the rest', { StartPeriod: 120e9 }, { within: 210, tryFor: 30 }],
  ['parts of a second', { Interval: 5e8, Timeout: 1e6, Retries: 1 }, { within: 0.5, tryFor: 1 }],
  ['no time that has gone', { Interval: -1, StartPeriod: -1 }, { within: 90, tryFor: 30 }],
  ['no more than a timer takes', { Timeout: 9e18 }, { within: 90, tryFor: 86_400 }],
])('HEALTHCHECK has %s: %j', (_, times, expected) => {
  const Healthcheck = { Test: ['CMD', 'true'], ...times };
  const config = bootConfigSchema.parse({ config: { Healthcheck } });
  expect(readHealthcheck(config)).toMatchObject(expected);
});

test('HEALTHCHECK goes through the shell of the image', () => {
  const config = { Healthcheck: { Test: ['CMD-SHELL', 'true'] }, Shell: ['/bin/ash', '-ec'] };
  expect(readHealthcheck({ config })?.command).toEqual(['/bin/ash', '-ec', 'true']);
});

test.each([
  { changed: [], stray: [] },
  { changed: ['/tmp', '/tmp/a'], stray: ['/tmp/a'] },
  { changed: ['/data', '/data/a'], stray: [] },
  { changed: ['/database'], stray: ['/database'] },
  { changed: ['/var', '/var/lib', '/var/lib/app'], stray: [] },
  { changed: ['/var', '/var/lib', '/var/lib/app', '/var/log'], stray: ['/var/log'] },
])('of $changed stray are $stray', ({ changed, stray }) => {
  const config = { config: { Volumes: { '/data/': {}, '/var/lib/app': {} } } };
  expect(findStrayWrites(changed, config)).toEqual(stray);
});
