import { expect, it } from 'vitest';
import { compareFindings } from '../../shared/evidence/compare.ts';
import { type Finding, makeFinding } from '../../shared/evidence/finding.ts';
import { mergeFindings } from '../../shared/evidence/merge.ts';

function cve(id: string, about: Partial<Finding> = {}): Finding {
  return makeFinding({
    class: 'vulnerability',
    id,
    severity: 'HIGH',
    scanner: 'trivy',
    platform: 'linux/amd64',
    package: 'lodash',
    version: '1.0.0',
    target: 'app/a',
    ...about,
  });
}
const secret = (line: number, target = 'app/config'): Finding =>
  cve('aws', { class: 'secret', package: '', version: '', target, line });

/** An image that has linux/amd64 and every platform on which something is found. */
const compared = (findings: readonly Finding[]) => ({
  platforms: [...new Set(['linux/amd64', ...findings.map(({ platform }) => platform)])],
  merged: mergeFindings(findings),
});
const ARM = { platform: 'linux/arm64' };
const tell = ({ found }: ReturnType<typeof mergeFindings>[number]): string => `${found.id} ${found.target}`;

it.each<[string, Finding[], Finding[], string[], string[]]>([
  ['nothing', [cve('A')], [cve('A')], [], []],
  ['one more', [cve('A')], [cve('A'), cve('B')], ['B app/a'], []],
  ['one less', [cve('A'), cve('B')], [cve('A')], [], ['B app/a']],
  ['an upgrade that fixes one of two', [cve('A'), cve('B')], [cve('B', { version: '2' })], [], ['A app/a']],
  ['a file that moved', [cve('A')], [cve('A', { target: 'app/b' })], [], []],
  ['a second copy', [cve('A')], [cve('A', { target: 'app/b' }), cve('A')], ['A app/b'], []],
  ['a copy less', [cve('A'), cve('A', { target: 'app/b' })], [cve('A')], [], ['A app/b']],
  [
    'a second copy, and none where the first was',
    [cve('A')],
    [cve('A', { target: 'b' }), cve('A', { target: 'c' })],
    ['A c'],
    [],
  ],
  ['the same in another package', [cve('A')], [cve('A', { package: 'other' })], ['A app/a'], ['A app/a']],
  ['another class of the same name', [cve('A')], [cve('A', { class: 'licence' })], ['A app/a'], ['A app/a']],
  ['a secret that moved within its file', [secret(3)], [secret(9)], [], []],
  ['a second secret in the file', [secret(3)], [secret(2), secret(3)], ['aws app/config'], []],
  ['a secret in another file', [secret(3)], [secret(3, 'app/new')], ['aws app/new'], ['aws app/config']],
  ['another severity of the same', [cve('A')], [cve('A', { severity: 'LOW' })], [], []],
  [
    'the same on a platform that was clean',
    [cve('A'), cve('B', ARM)],
    [cve('A'), cve('A', ARM)],
    ['A app/a'],
    ['B app/a'],
  ],
  ['a platform more', [cve('A')], [cve('A'), cve('A', ARM), cve('B', ARM)], ['B app/a'], []],
  ['a platform less', [cve('A'), cve('A', ARM), cve('B', ARM)], [cve('A')], [], []],
  [
    'a platform in the place of two, whose one copy does not excuse two',
    [cve('A'), cve('A', ARM)],
    [cve('A', { platform: 'linux/riscv64' }), cve('A', { platform: 'linux/riscv64', target: 'app/b' })],
    ['A app/b'],
    [],
  ],
])('%s', (_, before, now, fresh, fixed) => {
  const result = compareFindings(compared(now), compared(before));
  expect([...result.fresh].map(tell)).toEqual(fresh);
  expect(result.fixed.map(tell)).toEqual(fixed);
});
