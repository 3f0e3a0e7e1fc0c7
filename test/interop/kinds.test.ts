// Real Trivy on an image of each kind of package: every report of a scan has the same findings and packages, and they are those of a bare run.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPlainStore } from '../../scripts/demo/tamper.ts';
import { ensureTool } from '../../scripts/tools.ts';
import { readReport } from '../../shared/evidence/scan.ts';
import { MEDIA_TYPE } from '../../shared/image/descriptor.ts';
import { parseReference } from '../../shared/image/reference.ts';
import { startWorld, type World } from '../actions/world.ts';
import { findMissing } from '../servers/peers.ts';
import { publishTrivyDb } from '../servers/trivy-db.ts';
import { expectAgreement, type Reports, sarifSchema } from '../trivy/agreement.ts';
import { type LayerSource, writeLayered } from '../trivy/layered.ts';
import { SECRETS } from '../trivy/sample.ts';

const missing = await findMissing({ tools: ['trivy', 'trivy-db', 'crane'] });
const METADATA = fileURLToPath(new URL('../fixtures/trivy-db/metadata.json', import.meta.url));

/** One advisory of each kind that the fixture of the database lacks. Ids and ranges are made up for the files below. */
const ADVISORIES = `
- bucket: data-source
  pairs:
    - { key: "npm::fixture", value: { ID: ghsa, Name: fixture, URL: "https://example.com/" } }
    - { key: "pip::fixture", value: { ID: ghsa, Name: fixture, URL: "https://example.com/" } }
    - { key: "go::fixture", value: { ID: ghsa, Name: fixture, URL: "https://example.com/" } }
    - { key: "debian 12", value: { ID: debian, Name: fixture, URL: "https://example.com/" } }
- bucket: "npm::fixture"
  pairs:
    - { bucket: lodash, pairs: [{ key: CVE-2099-1, value: { PatchedVersions: [4.17.12], VulnerableVersions: [<4.17.12] } }] }
- bucket: "pip::fixture"
  pairs:
    - { bucket: requests, pairs: [{ key: CVE-2099-2, value: { PatchedVersions: [2.20.0], VulnerableVersions: [<2.20.0] } }] }
- bucket: "go::fixture"
  pairs:
    - { bucket: github.com/spf13/cobra, pairs: [{ key: CVE-2099-3, value: { PatchedVersions: [99.0.0], VulnerableVersions: [<99.0.0] } }] }
- bucket: "debian 12"
  pairs:
    - { bucket: openssl, pairs: [{ key: CVE-2099-4, value: { FixedVersion: 3.0.9-1 } }, { key: CVE-2099-5, value: { Status: 5 } }] }
- bucket: vulnerability
  pairs:
    - { key: CVE-2099-1, value: { Title: npm, Severity: CRITICAL, VendorSeverity: { ghsa: 4 } } }
    - { key: CVE-2099-2, value: { Title: Python, Severity: HIGH, VendorSeverity: { ghsa: 3 } } }
    - { key: CVE-2099-3, value: { Title: Go, Severity: MEDIUM, VendorSeverity: { ghsa: 2 } } }
    - { key: CVE-2099-4, value: { Title: Debian, Severity: LOW, VendorSeverity: { debian: 1 } } }
    - { key: CVE-2099-5, value: { Title: Debian without a fix, Severity: LOW, VendorSeverity: { debian: 1 } } }
`;

const DELETED: LayerSource[] = [
  { createdBy: 'COPY . .', files: { 'app/config.ini': `aws_access_key_id = ${SECRETS[0]}\n` } },
  { createdBy: 'RUN rm app/config.ini', files: { 'app/.wh.config.ini': '' } },
];

const IMAGES: [string, () => Promise<LayerSource[]>, string[]][] = [
  [
    'npm',
    async () => [
      {
        createdBy: 'COPY . .',
        files: { 'app/node_modules/lodash/package.json': '{"name":"lodash","version":"4.17.4"}' },
      },
    ],
    ['CVE-2099-1'],
  ],
  [
    'Python',
    async () => [
      {
        createdBy: 'COPY . .',
        files: {
          'usr/lib/python3/dist-packages/requests-2.19.1.dist-info/METADATA':
            'Metadata-Version: 2.1\nName: requests\nVersion: 2.19.1\nLicense: Apache 2.0\n',
        },
      },
    ],
    ['CVE-2099-2'],
  ],
  [
    'a Go binary',
    async () => [{ createdBy: 'COPY . .', files: { 'app/server': readFileSync(await ensureTool('crane')) } }],
    ['CVE-2099-3'],
  ],
  [
    'Debian',
    async () => [
      {
        createdBy: 'ADD rootfs.tar.xz /',
        files: {
          'etc/os-release': 'ID=debian\nVERSION_ID="12"\n',
          'etc/debian_version': '12.1\n',
          'var/lib/dpkg/status':
            'Package: libssl3\nStatus: install ok installed\nArchitecture: amd64\nSource: openssl\nVersion: 3.0.8-1\nMaintainer: a\nDescription: b\n\n',
        },
      },
    ],
    ['CVE-2099-4', 'CVE-2099-5'],
  ],
  ['a secret in a layer whose file a later one deletes', async () => DELETED, ['aws-access-key-id']],
];

describe.skipIf(missing)(`what an image is made of${missing && ` (skipped: ${missing})`}`, () => {
  let world: World;
  let trivy: string;
  let database: string;
  let cache: string;

  beforeAll(async () => {
    world = await startWorld();
    trivy = await ensureTool('trivy');
    cache = mkdtempSync(join(tmpdir(), 'hallmark-kinds-'));
    const [advisories, made] = [join(cache, 'advisories.yaml'), join(cache, 'db.tar.gz')];
    writeFileSync(advisories, ADVISORIES);
    execFileSync(await ensureTool('trivy-db'), [made, METADATA, advisories]);
    database = await publishTrivyDb(world.registry.host, readFileSync(made));
  });
  afterAll(async () => {
    await world.close();
    rmSync(cache, { recursive: true });
  });

  it.each(IMAGES)('%s: every report agrees, and with a bare run', async (_, layers, ids) => {
    const place = `${world.registry.host}/octo/app`;
    const image = `${place}@${await writeLayered(openPlainStore(parseReference(place)), await layers())}`;
    const { outputs, log } = await world.run('scan', {
      image,
      'trivy-path': trivy,
      'db-repository': database,
    });
    expect(outputs.outcome, log).toBe('passed');
    const args = ['--db-repository', database];
    const packages = await expectAgreement(outputs as unknown as Reports, ids, { trivy, cache, image, args });
    expect(packages.length > 0 || ids[0] === 'aws-access-key-id').toBe(true);
  });

  it('an index of two platforms: every report of each agrees, and with a bare run of each', async () => {
    const place = `${world.registry.host}/octo/app`;
    const store = openPlainStore(parseReference(place));
    const [npm, , , debian] = IMAGES;
    if (npm === undefined || debian === undefined) throw new Error('there are no two');
    const made = new Map([
      ['linux/amd64', { architecture: 'amd64', kind: npm }],
      ['linux/arm64', { architecture: 'arm64', kind: debian }],
    ]);
    const manifests = [];
    for (const { architecture, kind } of made.values()) {
      const digest = await writeLayered(store, await kind[1](), undefined, architecture);
      const written = await store.getManifest(digest);
      manifests.push({ ...written?.descriptor, platform: { os: 'linux', architecture } });
    }
    const index = { schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests };
    const { digest } = await store.putManifest(Buffer.from(JSON.stringify(index)), MEDIA_TYPE.index);
    const image = `${place}@${digest}`;
    const { outputs, log } = await world.run('scan', {
      ...{ image, 'trivy-path': trivy, 'db-repository': database },
    });
    expect(outputs.outcome, log).toBe('passed');
    for (const [platform, { kind }] of made) {
      const pathOf = (output: string): string =>
        /=(.*)$/.exec(
          outputs[output]?.split('\n').find((line) => line.startsWith(`${platform}=`)) ?? '',
        )?.[1] ?? '';
      const reports: Reports = {
        ...{ report: pathOf('report'), sarif: pathOf('sarif') },
        ...{ 'sbom-cyclonedx': pathOf('sbom-cyclonedx'), 'sbom-spdx': pathOf('sbom-spdx') },
      };
      const args = ['--db-repository', database, '--platform', platform];
      expect(await expectAgreement(reports, kind[2], { trivy, cache, image, args })).toHaveLength(1);
    }
  });

  it('misconfigurations and licences, of files and of the image itself, each in every report that has a place for it', async () => {
    const place = `${world.registry.host}/octo/app`;
    const layers: LayerSource[] = [
      {
        createdBy: 'COPY . .',
        files: {
          'app/node_modules/lodash/package.json': '{"name":"lodash","version":"4.17.4","license":"GPL-3.0"}',
          'app/Dockerfile': 'FROM debian:latest\nENV GREETING=word-in-the-dockerfile\n',
        },
      },
    ];
    const image = `${place}@${await writeLayered(openPlainStore(parseReference(place)), layers)}`;
    const { outputs, log } = await world.run('scan', {
      ...{ image, 'trivy-path': trivy, 'db-repository': database },
      ...{ scanners: 'vuln,secret,misconfig,license', 'fail-on': 'medium' },
    });
    expect(outputs.outcome, log).toBe('refused');
    const text = readFileSync(String(outputs.report), 'utf8');
    const { findings } = readReport(text);
    const named = findings.map((found) => `${found.class} ${found.id} ${found.package || found.target}`);
    expect(named).toContain('vulnerability CVE-2099-1 lodash');
    expect(named).toContain('misconfiguration DS-0001 app/Dockerfile');
    expect(named).toContain('licence GPL-3.0-only lodash');
    const sarif = readFileSync(String(outputs.sarif), 'utf8');
    expect(sarifSchema.parse(JSON.parse(sarif)).runs[0].results).toHaveLength(findings.length);
    // The lines that a check points to may hold anything.
    for (const written of [text, sarif, log]) expect(written).not.toContain('word-in-the-dockerfile');
    expect(log).toContain('licence GPL-3.0-only of lodash');
  });
});
