// Real Trivy on an image of each kind of package: every report of a scan has the same findings and packages, and they are those of a bare run.
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { openPlainStore } from '../../scripts/demo/tamper.ts';
import { ensureTool } from '../../scripts/tools.ts';
import { readReport } from '../../shared/evidence/scan.ts';
import { parseReference } from '../../shared/image/reference.ts';
import { startWorld, type World } from '../actions/world.ts';
import { findMissing } from '../servers/peers.ts';
import { publishTrivyDb } from '../servers/trivy-db.ts';
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

const bareSchema = z.object({
  Results: z
    .array(
      z.object({
        Packages: z.array(z.object({ Identifier: z.object({ PURL: z.string() }) })).default([]),
        Vulnerabilities: z.array(z.object({ VulnerabilityID: z.string() })).default([]),
        Secrets: z.array(z.object({ RuleID: z.string() })).default([]),
      }),
    )
    .default([]),
});
const sarifSchema = z.object({
  runs: z.tuple([z.object({ results: z.array(z.object({ ruleId: z.string() })) })]),
});
const cyclonedxSchema = z.object({
  components: z.array(z.object({ purl: z.string().optional() })).default([]),
  vulnerabilities: z.array(z.object({ id: z.string() })).default([]),
});
const spdxSchema = z.object({
  packages: z.array(
    z.object({
      externalRefs: z
        .array(z.object({ referenceType: z.string(), referenceLocator: z.string() }))
        .default([]),
    }),
  ),
});

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
    const read = <T>(output: string, schema: z.ZodType<T>): T =>
      schema.parse(JSON.parse(readFileSync(String(outputs[output]), 'utf8')));
    const { stdout } = await promisify(execFile)(
      trivy,
      [
        ...['image', image, '--insecure', '--list-all-pkgs', '--format', 'json', '--quiet'],
        ...['--cache-dir', cache, '--db-repository', database],
      ],
      { env: { HOME: cache, PATH: '/usr/bin:/bin' }, maxBuffer: 1e8, timeout: 60_000 },
    );
    const bare = bareSchema.parse(JSON.parse(stdout)).Results;

    const { findings } = readReport(readFileSync(String(outputs.report), 'utf8'));
    expect(findings.map(({ id }) => id).sort()).toEqual(ids);
    const theirs = bare.flatMap((result) => [
      ...result.Vulnerabilities.map(({ VulnerabilityID }) => VulnerabilityID),
      ...result.Secrets.map(({ RuleID }) => RuleID),
    ]);
    expect(theirs.sort()).toEqual(ids);
    const [{ results }] = read('sarif', sarifSchema).runs;
    expect(results.map(({ ruleId }) => ruleId).sort()).toEqual(ids);
    const cyclonedx = read('sbom-cyclonedx', cyclonedxSchema);
    const vulnerabilities = findings.filter((found) => found.class === 'vulnerability').map(({ id }) => id);
    expect(cyclonedx.vulnerabilities.map(({ id }) => id).sort()).toEqual(vulnerabilities.sort());

    const packages = bare.flatMap(({ Packages }) => Packages.map(({ Identifier }) => Identifier.PURL)).sort();
    expect(cyclonedx.components.flatMap(({ purl }) => purl ?? []).sort()).toEqual(packages);
    const named = read('sbom-spdx', spdxSchema).packages.flatMap(({ externalRefs }) =>
      externalRefs.flatMap(({ referenceType, referenceLocator }) =>
        referenceType === 'purl' && !referenceLocator.startsWith('pkg:oci/') ? [referenceLocator] : [],
      ),
    );
    expect(named.sort()).toEqual(packages);
    expect(packages.length > 0 || ids[0] === 'aws-access-key-id').toBe(true);
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
