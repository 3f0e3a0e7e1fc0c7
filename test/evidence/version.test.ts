import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compareVersions } from '../../shared/evidence/version.ts';

/** From the earliest to the latest, as the ecosystem itself orders them. */
const ORDERED: readonly [type: string, versions: readonly string[]][] = [
  ['npm', ['1.0.0-alpha', '1.0.0-alpha.1', '1.0.0-beta.2', '1.0.0-beta.11', '1.0.0', '1.9.0', '1.10.0']],
  ['golang', ['v0.0.0-20200101000000-abcdefabcdef', 'v0.1.0', 'v1.2.3', 'v2.0.0+incompatible', 'v10.0.0']],
  ['pypi', ['1.0.dev1', '1.0a1', '1.0b2', '1.0rc1', '1.0', '1.0.post1', '1.1', '1!0.1']],
  ['maven', ['1.9', '1.10', '2.0.1']],
  ['gem', ['1.2.9', '1.2.10']],
  ['nuget', ['1.0.0-beta', '1.0.0', '1.0.1']],
  [
    'deb',
    ['1.0~rc1-1', '1.0-1', '1.0-1+b1', '1.0-1+deb12u1', '1.0-1.1', '1.0-2', '1.0a-1', '1.0.1-1', '1:0.1-1'],
  ],
  ['rpm', ['1.0~rc1-1', '1.0-1.el9', '1.0-1.el9_1', '1.0-2.el9', '1.0^git1-1', '1.0.1-1', '1:0.1-1']],
  [
    'apk',
    ['1.2_alpha1', '1.2_rc1', '1.2-r0', '1.2-r3', '1.2_git20240101', '1.2_p1', '1.2a', '1.2.1', '1.10'],
  ],
];

describe.each(ORDERED)('%s', (type, versions) => {
  const pairs = versions.flatMap((a, at) => versions.slice(at + 1).map((b) => [a, b] as const));
  it.each(pairs)('%s comes before %s', (a, b) => {
    expect(compareVersions(type, a, b)).toBeLessThan(0);
    expect(compareVersions(type, b, a)).toBeGreaterThan(0);
  });
});

it.each([
  ['maven', '1.0-SNAPSHOT', '1.0'],
  ['gem', '1.0.rc1', '1.0'],
  ['composer', 'dev-main', '1.0.0'],
  ['npm', 'latest', '1.0.0'],
  ['golang', '(devel)', 'v1.0.0'],
  ['pypi', '1.0', '1.0.0'],
  ['apk', '1.02', '1.1'],
  ['deb', '', '1.0'],
  ['generic', 'a', 'b'],
])('%s: says nothing of %s and %s', (type, a, b) => {
  expect(compareVersions(type, a, b)).toBeUndefined();
  expect(compareVersions(type, b, a)).toBeUndefined();
});

const dpkg = existsSync('/usr/bin/dpkg');
it.skipIf(!dpkg)(`orders as dpkg does${dpkg ? '' : ' (skipped: no dpkg here)'}`, () => {
  const versions = [
    '1',
    '1~',
    '1-1',
    '1.2-1',
    '1.2a-1',
    '1.2+x-1',
    '1.2~b-1',
    '0:1',
    '2:0',
    '1.2-1-3',
    '1.02',
    '1.2.',
  ];
  for (const a of versions) {
    for (const b of versions) {
      const later = (x: string, y: string): boolean => {
        try {
          execFileSync('dpkg', ['--compare-versions', x, 'gt', y]);
          return true;
        } catch {
          return false;
        }
      };
      const theirs = later(a, b) ? 1 : later(b, a) ? -1 : 0;
      expect([a, b, Math.sign(compareVersions('deb', a, b) ?? 0)]).toEqual([a, b, theirs]);
    }
  }
});
