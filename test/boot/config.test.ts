import { describe, expect, test } from 'vitest';
import { explainCommand, explainUser, findStrayWrites, readHealthcheck } from '../../shared/boot/config.ts';

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
