import { describe, expect, it } from 'vitest';
import { compareFindings } from '../../shared/evidence/compare.ts';
import { type Finding, makeFinding } from '../../shared/evidence/finding.ts';
import { countSeverities, mergeFindings, platformsOf } from '../../shared/evidence/merge.ts';

const AMD = 'linux/amd64';
const ARM = 'linux/arm64';

function finding(id: string, changes: Partial<Finding> = {}): Finding {
  return makeFinding({
    class: 'vulnerability',
    id,
    severity: 'HIGH',
    package: 'lodash',
    version: '4.17.4',
    fixed: '4.17.12',
    target: 'app/package.json',
    scanner: 'trivy',
    platform: AMD,
    ...changes,
  });
}

describe('merged is', () => {
  it.each<[string, Finding[], number]>([
    ['what two platforms share', [finding('CVE-1'), finding('CVE-1', { platform: ARM })], 1],
    [
      'what another scanner calls the same',
      [finding('CVE-1'), finding('CVE-1', { scanner: 'grype', target: '/x' })],
      1,
    ],
    [
      'what another scanner knows by an alias, in any order',
      [finding('GHSA-a', { scanner: 'grype', aliases: ['CVE-1'], target: '/x' }), finding('CVE-1')],
      1,
    ],
    ['not another package', [finding('CVE-1'), finding('CVE-1', { package: 'lodash-es' })], 2],
    ['not another version', [finding('CVE-1'), finding('CVE-1', { version: '4.17.5', scanner: 'grype' })], 2],
    ['not another place', [finding('CVE-1'), finding('CVE-1', { target: 'b/package.json' })], 2],
    [
      'not what spaces in a name make look the same',
      [finding('a b', { package: 'c' }), finding('a', { package: 'b c' })],
      2,
    ],
    [
      'not a secret of the same rule elsewhere',
      [finding('aws', { class: 'secret', line: 1 }), finding('aws', { class: 'secret', line: 2 })],
      2,
    ],
  ])('%s', (_, findings, count) => {
    const merged = mergeFindings(findings);
    expect(merged).toHaveLength(count);
    expect(merged.flatMap(({ all }) => all)).toHaveLength(findings.length);
  });

  it('shown as ours, with the worst severity that any scanner gives', () => {
    const [merged] = mergeFindings([
      finding('CVE-1', { scanner: 'grype', severity: 'CRITICAL', platform: ARM }),
      finding('CVE-1', { severity: 'LOW' }),
    ]);
    expect(merged).toMatchObject({ severity: 'CRITICAL', found: { scanner: 'trivy' } });
    expect(merged && platformsOf(merged)).toEqual([AMD, ARM]);
  });

  it('in the order of severity, and first what can be fixed', () => {
    const merged = mergeFindings([
      finding('LOW', { severity: 'LOW' }),
      finding('UNFIXED', { severity: 'CRITICAL', fixed: '' }),
      finding('FIXED', { severity: 'CRITICAL' }),
    ]);
    expect(merged.map(({ found }) => found.id)).toEqual(['FIXED', 'UNFIXED', 'LOW']);
    expect(countSeverities(merged)).toEqual({ CRITICAL: 2, HIGH: 0, MEDIUM: 0, LOW: 1, UNKNOWN: 0 });
  });
});

describe('compared with what was there before,', () => {
  it.each<[string, Finding[], Finding[], string[], string[]]>([
    ['the same is known', [finding('CVE-1')], [finding('CVE-1')], [], []],
    [
      'another is new, and what is gone is fixed',
      [finding('CVE-2')],
      [finding('CVE-1')],
      ['CVE-2'],
      ['CVE-1'],
    ],
    [
      'a version that is still vulnerable is known',
      [finding('CVE-1', { version: '4.17.5' })],
      [finding('CVE-1')],
      [],
      [],
    ],
    [
      'a file that moved is known',
      [finding('CVE-1', { target: 'lib/package.json' })],
      [finding('CVE-1')],
      [],
      [],
    ],
    [
      'a second copy is new',
      [finding('CVE-1'), finding('CVE-1', { target: 'lib/package.json' })],
      [finding('CVE-1')],
      ['CVE-1'],
      [],
    ],
    [
      'of two copies one left is known',
      [finding('CVE-1')],
      [finding('CVE-1'), finding('CVE-1', { target: 'b' })],
      [],
      ['CVE-1'],
    ],
    [
      'a platform that did not have it makes it new',
      [finding('CVE-1'), finding('CVE-1', { platform: ARM })],
      [finding('CVE-1'), finding('CVE-3', { platform: ARM })],
      ['CVE-1'],
      ['CVE-3'],
    ],
    [
      'another package is new',
      [finding('CVE-1', { package: 'x' })],
      [finding('CVE-1')],
      ['CVE-1'],
      ['CVE-1'],
    ],
    ['another severity is known', [finding('CVE-1', { severity: 'CRITICAL' })], [finding('CVE-1')], [], []],
    ['nothing before makes all new', [finding('CVE-1')], [], ['CVE-1'], []],
  ])('%s', (_, now, before, fresh, fixed) => {
    const platforms = [AMD, ARM];
    const result = compareFindings(
      { merged: mergeFindings(now), platforms },
      { merged: mergeFindings(before), platforms },
    );
    expect([...result.fresh].map(({ found }) => found.id)).toEqual(fresh);
    expect(result.fixed.map(({ found }) => found.id)).toEqual(fixed);
  });

  it('a platform that is new itself is compared with all there was', () => {
    const now = mergeFindings([finding('CVE-1', { platform: ARM }), finding('CVE-2', { platform: ARM })]);
    const before = mergeFindings([finding('CVE-1'), finding('CVE-3')]);
    const { fresh, fixed } = compareFindings(
      { merged: now, platforms: [ARM] },
      { merged: before, platforms: [AMD] },
    );
    expect([...fresh].map(({ found }) => found.id)).toEqual(['CVE-2']);
    expect(fixed.map(({ found }) => found.id)).toEqual(['CVE-3']);
  });

  it('a platform that is not looked at now has nothing fixed', () => {
    const before = mergeFindings([finding('CVE-1'), finding('CVE-3', { platform: ARM })]);
    const { fixed } = compareFindings(
      { merged: mergeFindings([finding('CVE-1')]), platforms: [AMD] },
      { merged: before, platforms: [AMD, ARM] },
    );
    expect(fixed).toEqual([]);
  });
});
