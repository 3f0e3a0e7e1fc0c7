import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readReport, type ScanScope } from '../../shared/evidence/scan.ts';
import { parseDigest } from '../../shared/image/digest.ts';
import { buildReport } from '../../shared/trivy/report.ts';
import { SECRETS } from './sample.ts';

const recorded = readFileSync(new URL('../fixtures/trivy/sample.json', import.meta.url), 'utf8');
const manifest = parseDigest(`sha256:${'a'.repeat(64)}`);
const scope: ScanScope = {
  manifest,
  platform: 'linux/amd64',
  scanners: ['vuln', 'secret'],
  startedAt: '2026-11-21T01:00:00Z',
  scannedAt: '2026-11-21T01:00:02Z',
};
const image = {
  name: `registry.example/octo/app@${manifest}`,
  config: parseDigest(JSON.parse(recorded).Metadata.ImageID),
  inRegistry: true,
  layers: new Map(),
};

it('keeps packages and findings, and says which image and manifest it is about', () => {
  const { text, scan, packages } = buildReport(recorded, scope, image);
  const report = JSON.parse(text);
  expect(packages).toBe(2);
  expect(scan.findings).toHaveLength(9);
  expect(readReport(text)).toEqual(scan);
  expect(report).toMatchObject({
    ArtifactName: image.name,
    Metadata: { RepoDigests: [image.name] },
    Hallmark: scope,
  });
  expect(report.Results[0]).toEqual(JSON.parse(recorded).Results[0]);
});

it('gives an image of a layout no registry to be from', () => {
  const { text } = buildReport(recorded, scope, { ...image, name: `oci:out@${manifest}`, inRegistry: false });
  expect(JSON.parse(text).Metadata).not.toHaveProperty('RepoDigests');
});

it.each(SECRETS.slice(1))('takes "%s" out', (secret) => {
  expect(recorded).toContain(secret);
  expect(buildReport(recorded, scope, image).text).not.toContain(secret);
});

it('takes the commands out that the message of a misconfiguration quotes', () => {
  const found = { ID: 'DS-0021', Severity: 'HIGH', Title: "'apt-get' missing '-y'", Status: 'FAIL' };
  const Message = `'-y' flag is missed: 'TOKEN=${SECRETS[2]} apt-get install curl'`;
  const Results = [{ Target: 'history', Class: 'config', Misconfigurations: [{ ...found, Message }] }];
  const written = JSON.stringify({ ...JSON.parse(recorded), Results });
  const { text, scan } = buildReport(written, scope, image);
  expect(text).not.toContain(SECRETS[2]);
  expect(scan.findings).toMatchObject([{ id: 'DS-0021', title: found.Title }]);
  expect(JSON.stringify(scan)).not.toContain(SECRETS[2]);
});

it('refuses a report about another image', () => {
  const config = parseDigest(`sha256:${'b'.repeat(64)}`);
  expect(() => buildReport(recorded, scope, { ...image, config })).toThrow(
    expect.objectContaining({ outcome: 'refused', message: expect.stringContaining(config) }),
  );
});

it.each<[string, string]>([
  ['was cut off', recorded.slice(0, 5000)],
  ['is empty', ''],
  ['is something else', '{"error":"rate limited"}'],
  ['is of another schema', recorded.replace('"SchemaVersion": 2', '"SchemaVersion": 3')],
  [
    'has a finding without id',
    recorded.replace('"VulnerabilityID": "CVE-2019-10744"', '"VulnerabilityID": ""'),
  ],
])('a report that %s is unavailable, not clean', (_, text) => {
  expect(() => buildReport(text, scope, image)).toThrow(expect.objectContaining({ outcome: 'unavailable' }));
});
