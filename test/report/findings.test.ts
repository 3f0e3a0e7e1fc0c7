import { expect, it } from 'vitest';
import { type Finding, makeFinding } from '../../shared/evidence/finding.ts';
import { mergeFindings } from '../../shared/evidence/merge.ts';
import { describeFinding, formatFindings } from '../../shared/report/findings.ts';
import { type Review, reviewSchema } from '../../shared/report/review.ts';

const finding = makeFinding({
  class: 'vulnerability',
  id: 'CVE-2019-10744',
  package: 'lodash',
  version: '4.17.4',
  fixed: '4.17.12',
  severity: 'CRITICAL',
  title: 'Prototype Pollution',
  url: 'https://avd.aquasec.com/nvd/cve-2019-10744',
  target: 'app/package.json',
  platform: 'linux/amd64',
  scanner: 'trivy',
});

function reviewOf(findings: readonly Finding[], change: Partial<Review> = {}): Review {
  return reviewSchema.parse({
    version: 1,
    image: `ghcr.io/octo/app@sha256:${'a'.repeat(64)}`,
    platforms: [{ name: 'linux/amd64', digest: `sha256:${'b'.repeat(64)}`, size: 1, layers: [] }],
    outcome: 'passed',
    judged: true,
    reasons: [],
    scanner: { name: 'trivy', version: '0.72.0', databaseUpdatedAt: '2026-11-21T00:00:00Z' },
    findings: mergeFindings(findings).map((one) => describeFinding(one, { state: 'unknown' })),
    ...change,
  });
}

it('gives the verdict first, then what was known, then counts and findings', () => {
  const review = reviewOf([finding], { outcome: 'refused', reasons: ['CRITICAL: CVE-2019-10744'] });
  const lines = formatFindings(review).split('\n');
  expect(lines[0]).toBe('### Hallmark scan: refused');
  expect(lines[2]).toBe('- CRITICAL: CVE-2019-10744');
  expect(lines).toContain(`\`${review.image}\``);
  expect(lines.join()).toContain('database of 2026-11-21T00:00:00Z');
  expect(lines).toContain('| `linux/amd64` | 1 | 0 | 0 | 0 | 0 |');
});

it('shows the worst first, and of those what can be fixed', () => {
  const findings: Finding[] = [
    { ...finding, id: 'LOW-1', severity: 'LOW' },
    { ...finding, id: 'NOFIX-1', fixed: '' },
    { ...finding, id: 'FIX-1' },
  ];
  const text = formatFindings(reviewOf(findings));
  expect([...text.matchAll(/\[(\w+)-1\]/g)].map(([, id]) => id)).toEqual(['FIX', 'NOFIX', 'LOW']);
  expect(text).toContain('| no fix |');
});

it('shows once what two platforms share', () => {
  const text = formatFindings(reviewOf([finding, { ...finding, platform: 'linux/arm64' }]));
  expect(text.match(/Prototype Pollution/g)).toHaveLength(1);
  expect(text).toContain('`linux/amd64`, `linux/arm64` |');
});

it('says how many it does not show', () => {
  const findings = Array.from({ length: 30 }, (_, index) => ({ ...finding, id: `CVE-${index}` }));
  const text = formatFindings(reviewOf(findings, { reasons: findings.map(({ id }) => id) }));
  expect(text).toContain('- and 5 more');
  expect(text).toContain('_5 more in the report._');
});

it.each<[string, Partial<Finding>]>([
  ['markup in a title', { title: '<img src=x onerror=alert(1)> [click](http://evil) @octo' }],
  ['a table cell that ends itself', { package: 'a | b', target: 'x`|`y\n| forged | row |' }],
  ['an address that runs', { url: 'javascript:alert(1)' }],
])('keeps %s text', (_, change) => {
  const text = formatFindings(reviewOf([{ ...finding, ...change }]));
  expect(text).not.toMatch(/<img|\[click\]\(|(?<!\\)@octo|javascript:|^\| forged/m);
  const row = text.split('\n').find((line) => line.startsWith('| critical |')) ?? '';
  expect(row.match(/(?<!\\)\|/g)).toHaveLength(9);
});
