import { expect, test } from 'vitest';
import { type Annotation, listAnnotations } from '../../shared/report/annotations.ts';
import type { Page } from '../../shared/report/page.ts';
import { DIGEST, finding, page, review, verdict } from './pages.ts';

const layer = { digest: DIGEST, createdBy: '', line: 7 };
const exception = {
  finding: 'CVE-2026-1',
  scope: '',
  owner: '@octo/security',
  reason: 'none',
  until: '2026-11-01',
  file: '.github/exceptions.yml',
  line: 3,
};
const rule = {
  name: 'no-critical',
  title: 'No critical',
  outcome: 'denied' as const,
  reasons: ['CVE-2026-1'],
};
const LODASH = finding({ package: 'lodash', version: '4.17.4', fixed: '4.17.12' });

type Shown = Pick<Annotation, 'path' | 'line' | 'level' | 'title'>;

test.each<[string, Page, Shown[]]>([
  [
    'a finding on the Dockerfile line that brought it',
    page({ review: review({ findings: [finding({ layer })] }) }),
    [{ path: 'Dockerfile', line: 7, level: 'warning', title: 'high: CVE-2026-2511' }],
  ],
  [
    'several from one line once, as gravely as the worst',
    page({
      review: review({
        outcome: 'refused',
        reasons: ['CRITICAL: CVE-2026-1 in openssl'],
        findings: [finding({ layer }), finding({ id: 'CVE-2026-1', layer })],
      }),
    }),
    [{ path: 'Dockerfile', line: 7, level: 'failure', title: '2 findings from this line' }],
  ],
  [
    'nothing without a certain line',
    page({ review: review({ findings: [finding({ layer: { ...layer, line: undefined } })] }) }),
    [],
  ],
  [
    'nothing where the Dockerfile is not known',
    page({ review: review({ dockerfile: undefined, findings: [finding({ layer })] }) }),
    [],
  ],
  [
    'nothing that was known before',
    page({ review: review({ findings: [finding({ layer, state: 'known' })] }) }),
    [],
  ],
  [
    'nothing that is excused',
    page({
      review: review({ findings: [finding({ layer, exception: { owner: 'x', reason: 'y', until: 'z' } })] }),
    }),
    [],
  ],
  [
    'exceptions on their lines, but for the used',
    page({
      review: review({
        exceptions: (['used', 'unused', 'expired', 'proposed'] as const).map((state, index) => ({
          ...exception,
          state,
          line: index + 1,
        })),
      }),
    }),
    [
      { path: '.github/exceptions.yml', line: 3, level: 'warning', title: 'Exception expired' },
      { path: '.github/exceptions.yml', line: 2, level: 'notice', title: 'Exception unused' },
      { path: '.github/exceptions.yml', line: 4, level: 'notice', title: 'Exception proposed' },
    ],
  ],
  [
    'a denied rule on its line of the policy',
    page({
      verdict: verdict({ decision: 'deny', rules: [{ ...rule, at: { path: 'hallmark.yml', line: 14 } }] }),
    }),
    [{ path: 'hallmark.yml', line: 14, level: 'failure', title: 'no-critical: No critical' }],
  ],
  [
    'nothing of a rule whose line is not known',
    page({ verdict: verdict({ decision: 'deny', rules: [rule] }) }),
    [],
  ],
  [
    'the one line of a lockfile that can be meant',
    page({
      review: review({ findings: [{ ...LODASH, locked: { path: 'web/package-lock.json', line: 3 } }] }),
    }),
    [{ path: 'web/package-lock.json', line: 3, level: 'warning', title: 'high: CVE-2026-2511' }],
  ],
  [
    'the same of two images once',
    page(
      {},
      { images: [1, 2].map(() => ({ image: 'x', review: review({ findings: [finding({ layer })] }) })) },
    ),
    [{ path: 'Dockerfile', line: 7, level: 'warning', title: 'high: CVE-2026-2511' }],
  ],
  [
    'what a fork says as unverified',
    page({ review: review({ findings: [finding({ layer })] }) }, { fork: true }),
    [{ path: 'Dockerfile', line: 7, level: 'warning', title: 'Unverified: high: CVE-2026-2511' }],
  ],
])('annotates %s', (_, given, expected) => {
  expect(
    listAnnotations(given).map(({ path, line, level, title }) => ({ path, line, level, title })),
  ).toEqual(expected);
});

test.each(['/etc/passwd', '../x', 'a/../b', './x', 'a//b', 'a\\b', 'a\nb', '', `${'a'.repeat(501)}`])(
  'annotates nothing at %j',
  (path) => {
    expect(
      listAnnotations(page({ review: review({ dockerfile: path, findings: [finding({ layer })] }) })),
    ).toEqual([]);
  },
);

test('gives the gravest thousand', () => {
  const exceptions = Array.from({ length: 3000 }, (_, index) => ({
    ...exception,
    state: 'unused' as const,
    line: index + 1,
  }));
  const rules = [{ ...rule, at: { path: 'hallmark.yml', line: 1 } }];
  const found = listAnnotations(
    page({ review: review({ exceptions }), verdict: verdict({ decision: 'deny', rules }) }),
  );
  expect(found).toHaveLength(1000);
  expect(found[0]?.level).toBe('failure');
});
