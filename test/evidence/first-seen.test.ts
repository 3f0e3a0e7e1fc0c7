import { expect, it } from 'vitest';
import { type Finding, makeFinding, placeOf } from '../../shared/evidence/finding.ts';
import { listFirstSeen } from '../../shared/evidence/first-seen.ts';
import type { ScanResult } from '../../shared/evidence/scan.ts';
import { parseDigest } from '../../shared/image/digest.ts';

const finding = (changes: Partial<Finding> = {}): Finding =>
  makeFinding({
    class: 'vulnerability',
    id: 'CVE-1',
    package: 'lodash',
    severity: 'HIGH',
    scanner: 'trivy',
    platform: 'linux/amd64',
    ...changes,
  });
const scan = (scannedAt: string, ...findings: Finding[]): ScanResult => ({
  manifest: parseDigest(`sha256:${'a'.repeat(64)}`),
  platform: 'linux/amd64',
  scanners: ['vuln'],
  startedAt: scannedAt,
  scannedAt,
  version: '0.72.0',
  findings,
  complete: false,
});

it.each<[string, ScanResult[], string | undefined]>([
  ['the scan that has it', [scan('2026-11-02T00:00:00Z', finding())], '2026-11-02T00:00:00Z'],
  [
    'the earliest of several, in any order',
    [scan('2026-11-02T00:00:00Z', finding()), scan('2026-11-01T00:00:00Z', finding({ target: 'elsewhere' }))],
    '2026-11-01T00:00:00Z',
  ],
  [
    'what that scan had from one before',
    [scan('2026-11-02T00:00:00Z', finding({ firstSeen: '2026-01-01T00:00:00Z' }))],
    '2026-01-01T00:00:00Z',
  ],
  [
    'never later than the scan',
    [scan('2026-11-02T00:00:00Z', finding({ firstSeen: '2027-01-01T00:00:00Z' }))],
    '2026-11-02T00:00:00Z',
  ],
  [
    'nothing that is no time',
    [scan('2026-11-02T00:00:00Z', finding({ firstSeen: 'long ago' }))],
    '2026-11-02T00:00:00Z',
  ],
  ['no scan of another package', [scan('2026-11-02T00:00:00Z', finding({ package: 'minimist' }))], undefined],
])('a finding is first seen in %s', (_, scans, date) => {
  expect(listFirstSeen(scans).get(placeOf(finding()))).toBe(date);
});
