import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { makeFinding } from '../../shared/evidence/finding.ts';
import { SCAN_EXTENSION } from '../../shared/evidence/predicate.ts';
import {
  buildScanPredicate,
  normalizeReport,
  readReport,
  readScan,
  type ScanScope,
  trivyReportSchema,
} from '../../shared/evidence/scan.ts';
import { parseDigest } from '../../shared/image/digest.ts';
import { SECRETS } from '../trivy/sample.ts';

const recorded = JSON.parse(readFileSync(new URL('../fixtures/trivy/sample.json', import.meta.url), 'utf8'));
const scope: ScanScope = {
  manifest: parseDigest(`sha256:${'a'.repeat(64)}`),
  platform: 'linux/amd64',
  scanners: ['vuln', 'secret'],
  startedAt: '2026-11-21T01:00:00Z',
  scannedAt: '2026-11-21T01:00:02Z',
  database: {
    repository: 'registry.example/trivy-db',
    digest: parseDigest(`sha256:${'d'.repeat(64)}`),
    updatedAt: '2026-11-21T00:00:00Z',
  },
};
const sample = normalizeReport(trivyReportSchema.parse(recorded), scope);

describe('what a real report says', () => {
  it('has each vulnerability with its package, fix and place', () => {
    expect(sample.findings.filter((found) => found.class === 'vulnerability')).toHaveLength(8);
    expect(sample.findings[0]).toEqual({
      class: 'vulnerability',
      id: 'CVE-2019-10744',
      package: 'lodash',
      version: '4.17.4',
      fixed: '4.17.12',
      severity: 'CRITICAL',
      title: 'Prototype Pollution in lodash',
      url: 'https://avd.aquasec.com/nvd/cve-2019-10744',
      platform: 'linux/amd64',
      target: 'app/node_modules/lodash/package.json',
      cvss: 9.1,
      aliases: ['GHSA-jf85-cpcp-j695'],
      severities: { ghsa: 'CRITICAL' },
      purl: 'pkg:npm/lodash@4.17.4',
      status: 'fixed',
      category: '',
      layer: 'sha256:30ddf2201a8b8b75e558c9d2649009b9006a88d1e89e2737055e28241d9c084a',
      scanner: 'trivy',
    });
  });

  it('has each secret with its place', () => {
    expect(sample.findings.filter((found) => found.class === 'secret')).toEqual([
      makeFinding({
        class: 'secret',
        id: 'aws-access-key-id',
        category: 'AWS',
        severity: 'CRITICAL',
        title: 'AWS Access Key ID',
        target: '/app/config.ini',
        line: 1,
        layer: 'sha256:30ddf2201a8b8b75e558c9d2649009b9006a88d1e89e2737055e28241d9c084a',
        scanner: 'trivy',
        platform: 'linux/amd64',
      }),
    ]);
  });

  it('is complete, of one version of Trivy', () => {
    expect(sample).toMatchObject({ complete: true, version: '0.72.0', ...scope });
  });
});

it.each([
  ['CRITICAL', 'CRITICAL'],
  ['high', 'HIGH'],
  ['NEGLIGIBLE', 'UNKNOWN'],
  ['', 'UNKNOWN'],
  [undefined, 'UNKNOWN'],
])('the severity %j counts as %s', (word, severity) => {
  const report = trivyReportSchema.parse(withFinding({ Severity: word }));
  expect(normalizeReport(report, scope).findings[0]?.severity).toBe(severity);
});

it.each<[string, object, string]>([
  ['no version of the schema', { SchemaVersion: 1 }, 'SchemaVersion'],
  ['no version of Trivy', { Trivy: undefined }, 'Trivy'],
  ['another artifact', { ArtifactType: 'filesystem' }, 'ArtifactType'],
  ['no image id', { Metadata: {} }, 'ImageID'],
  ['a finding without id', withFinding({ VulnerabilityID: '' }), 'VulnerabilityID'],
  ['a secret without rule', { Results: [{ Secrets: [{ Severity: 'HIGH' }] }] }, 'RuleID'],
  ['results that are no list', { Results: {} }, 'Results'],
  ['no word of ours (a bare Trivy report)', { Hallmark: undefined }, 'Hallmark'],
  ['a digest that is none', { Hallmark: { ...scope, manifest: 'sha256:abc' } }, 'Hallmark.manifest'],
  ['a time that is none', { Hallmark: { ...scope, scannedAt: 'yesterday' } }, 'Hallmark.scannedAt'],
])('a report with %s is invalid', (_, change, where) => {
  expect(() => readReport(JSON.stringify({ ...recorded, Hallmark: scope, ...change }))).toThrow(
    expect.objectContaining({
      outcome: 'invalid',
      input: 'scan-report',
      message: expect.stringContaining(where),
    }),
  );
});

it('a report that was cut off is invalid', () => {
  const whole = JSON.stringify({ ...recorded, Hallmark: scope });
  expect(readReport(whole)).toEqual(sample);
  expect(() => readReport(whole.slice(0, -1))).toThrow(/cut off/);
});

describe('the predicate', () => {
  const predicate = JSON.parse(JSON.stringify(buildScanPredicate(sample)));

  it('has what in-toto vulns v0.2 requires', () => {
    expect(predicate).toMatchObject({
      scanner: {
        uri: 'pkg:github/aquasecurity/trivy@v0.72.0',
        version: '0.72.0',
        db: {
          uri: `oci://registry.example/trivy-db@sha256:${'d'.repeat(64)}`,
          lastUpdate: '2026-11-21T00:00:00Z',
        },
      },
      metadata: { scanStartedOn: scope.startedAt, scanFinishedOn: scope.scannedAt },
    });
    expect(predicate.scanner.result[0]).toMatchObject({
      id: 'CVE-2019-10744',
      severity: [
        { method: 'trivy', score: 'CRITICAL' },
        { method: 'cvss_score', score: '9.1' },
      ],
    });
  });

  it('reads back as the same scan, unfiltered', () => {
    expect(readScan(predicate)).toEqual(sample);
  });

  it.each(SECRETS)('does not hold the secret %#', (secret) => {
    expect(JSON.stringify(recorded) + SECRETS[0]).toContain(secret);
    expect(JSON.stringify(predicate)).not.toContain(secret);
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['another shape', { scanner: { uri: 'pkg:github/anchore/grype', result: [] } }],
    ['no extension', { ...predicate, [SCAN_EXTENSION]: undefined }],
    ['a scanner nobody knows', change(predicate, { scanners: ['vuln', 'tarot'] })],
    ['no platform', change(predicate, { platform: undefined })],
    ['no secrets list', change(predicate, { secrets: undefined })],
  ])('of %s is no scan', (_, value) => {
    expect(readScan(value)).toBeUndefined();
  });

  it.each<[string, Partial<ScanScope>, boolean]>([
    ['vulnerabilities alone', { scanners: ['vuln'] }, false],
    ['secrets alone', { scanners: ['secret'], database: undefined }, false],
    ['no known database', { database: undefined }, false],
    ['licences as well', { scanners: ['vuln', 'secret', 'license'] }, true],
  ])('of a scan for %s: complete is %o', (_, part, complete) => {
    expect(readScan(change(predicate, part))?.complete).toBe(complete);
  });

  it.each<[string, Partial<ScanScope>]>([
    ['vuln is not in scanners', { scanners: ['secret'] }],
    ['there is no database', { database: undefined }],
  ])('is not made when %s: no result would read as no vulnerability', (_, part) => {
    expect(() => buildScanPredicate({ ...sample, ...part })).toThrow(
      expect.objectContaining({ outcome: 'invalid' }),
    );
  });
});

function withFinding(change: object): object {
  const finding = { VulnerabilityID: 'CVE-1', PkgName: 'a', InstalledVersion: '1', ...change };
  return { ...recorded, Results: [{ Target: 'x', Vulnerabilities: [finding] }] };
}

function change(predicate: Record<string, object>, part: object): unknown {
  return JSON.parse(
    JSON.stringify({ ...predicate, [SCAN_EXTENSION]: { ...predicate[SCAN_EXTENSION], ...part } }),
  );
}
