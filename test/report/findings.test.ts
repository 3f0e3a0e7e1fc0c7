import { expect, it } from 'vitest';
import type { Finding, ScanResult } from '../../shared/evidence/scan.ts';
import { parseDigest } from '../../shared/image/digest.ts';
import { formatFindings } from '../../shared/report/findings.ts';

const image = `ghcr.io/octo/app@sha256:${'a'.repeat(64)}`;
const finding: Finding = {
  id: 'CVE-2019-10744',
  package: 'lodash',
  version: '4.17.4',
  fixed: '4.17.12',
  severity: 'CRITICAL',
  title: 'Prototype Pollution',
  url: 'https://avd.aquasec.com/nvd/cve-2019-10744',
  target: 'app/package.json',
  platform: 'linux/amd64',
};

function scanOf(findings: readonly Finding[], change: Partial<ScanResult> = {}): ScanResult {
  return {
    manifest: parseDigest(`sha256:${'b'.repeat(64)}`),
    platform: 'linux/amd64',
    scanners: ['vuln', 'secret'],
    startedAt: '2026-11-21T01:00:00Z',
    scannedAt: '2026-11-21T01:00:02Z',
    database: {
      repository: 'registry.example/trivy-db',
      digest: parseDigest(`sha256:${'d'.repeat(64)}`),
      updatedAt: '2026-11-21T00:00:00Z',
    },
    version: '0.72.0',
    complete: true,
    secrets: [],
    findings,
    ...change,
  };
}

it('gives the verdict first, then what was known, then counts and findings', () => {
  const lines = formatFindings(image, [scanOf([finding])], ['CRITICAL: CVE-2019-10744']).split('\n');
  expect(lines[0]).toBe('### Hallmark scan: refused');
  expect(lines[2]).toBe('- CRITICAL: CVE-2019-10744');
  expect(lines).toContain(`\`${image}\``);
  expect(lines.join()).toContain(
    'database of 2026-11-21T00:00:00Z (`dddddddddddd`); looked for: vuln, secret.',
  );
  expect(lines).toContain('| `linux/amd64` | 1 | 0 | 0 | 0 | 0 |');
});

it('shows the worst first, and of those what can be fixed', () => {
  const findings: Finding[] = [
    { ...finding, id: 'LOW-1', severity: 'LOW' },
    { ...finding, id: 'NOFIX-1', fixed: '' },
    { ...finding, id: 'FIX-1' },
  ];
  const text = formatFindings(image, [scanOf(findings)], []);
  expect([...text.matchAll(/\[(\w+)-1\]/g)].map(([, id]) => id)).toEqual(['FIX', 'NOFIX', 'LOW']);
  expect(text).toContain('| no fix |');
});

it('shows once what two platforms share', () => {
  const other = { ...finding, platform: 'linux/arm64' };
  const scans = [scanOf([finding]), scanOf([other], { platform: 'linux/arm64' })];
  const text = formatFindings(image, scans, []);
  expect(text.match(/Prototype Pollution/g)).toHaveLength(1);
  expect(text).toContain('`linux/amd64`, `linux/arm64` |');
});

it('says how many it does not show', () => {
  const findings = Array.from({ length: 30 }, (_, index) => ({ ...finding, id: `CVE-${index}` }));
  const reasons = findings.map(({ id }) => id);
  const text = formatFindings(image, [scanOf(findings)], reasons);
  expect(text).toContain('- and 5 more');
  expect(text).toContain('_5 more in the report._');
});

it('counts nothing where nothing was looked for', () => {
  const text = formatFindings(image, [scanOf([], { scanners: [], database: undefined })], []);
  expect(text).toContain('packages only, nothing judged');
  expect(text).not.toContain('critical');
});

it.each<[string, Partial<Finding>]>([
  ['markup in a title', { title: '<img src=x onerror=alert(1)> [click](http://evil) @octo' }],
  ['a table cell that ends itself', { package: 'a | b', target: 'x`|`y\n| forged | row |' }],
  ['an address that runs', { url: 'javascript:alert(1)' }],
])('keeps %s text', (_, change) => {
  const text = formatFindings(image, [scanOf([{ ...finding, ...change }])], []);
  expect(text).not.toMatch(/<img|\[click\]\(|(?<!\\)@octo|javascript:|^\| forged/m);
  const row = text.split('\n').find((line) => line.startsWith('| critical |')) ?? '';
  expect(row.match(/(?<!\\)\|/g)).toHaveLength(8);
});
