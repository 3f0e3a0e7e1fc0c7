// An archive of Java without a name inside: only Trivy's Java index, by its SHA-1, tells which it is. The index is made here as Trivy's own is
// (trivy-java-db pkg/db/db.go), and served from the registry.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openPlainStore } from '../../scripts/demo/tamper.ts';
import { ensureTool } from '../../scripts/tools.ts';
import { readReport } from '../../shared/evidence/scan.ts';
import { parseReference } from '../../shared/image/reference.ts';
import { JAVA_INDEX } from '../../shared/trivy/database.ts';
import { startWorld, type World } from '../actions/world.ts';
import { findMissing } from '../servers/peers.ts';
import { packLayer, publishTrivyDb } from '../servers/trivy-db.ts';
import { packZip } from '../servers/zip.ts';
import { expectAgreement, type Reports } from '../trivy/agreement.ts';
import { writeLayered } from '../trivy/layered.ts';

const missing = await findMissing({ tools: ['trivy', 'trivy-db'] });
const METADATA = fileURLToPath(new URL('../fixtures/trivy-db/metadata.json', import.meta.url));

const ADVISORIES = `
- bucket: data-source
  pairs:
    - { key: "maven::fixture", value: { ID: ghsa, Name: fixture, URL: "https://example.com/" } }
- bucket: "maven::fixture"
  pairs:
    - { bucket: "org.example:engine", pairs: [{ key: CVE-2099-7, value: { PatchedVersions: [1.2.4], VulnerableVersions: [<1.2.4] } }] }
- bucket: vulnerability
  pairs:
    - { key: CVE-2099-7, value: { Title: Java, Severity: CRITICAL, VendorSeverity: { ghsa: 4 } } }
`;

describe.skipIf(missing)(`an archive of Java${missing && ` (skipped: ${missing})`}`, () => {
  let world: World;
  let folder: string;
  let image: string;
  let inputs: Record<string, string>;
  let index: string;

  beforeAll(async () => {
    world = await startWorld();
    folder = mkdtempSync(join(tmpdir(), 'hallmark-java-'));
    const jar = packZip([{ name: 'org/example/Engine.class', content: 'bytes' }]);
    const place = `${world.registry.host}/octo/app`;
    const files = { 'app/lib/a.jar': jar };
    image = `${place}@${await writeLayered(openPlainStore(parseReference(place)), [{ createdBy: 'COPY . .', files }])}`;
    const [advisories, made] = [join(folder, 'advisories.yaml'), join(folder, 'db.tar.gz')];
    writeFileSync(advisories, ADVISORIES);
    execFileSync(await ensureTool('trivy-db'), [made, METADATA, advisories]);
    const database = await publishTrivyDb(world.registry.host, readFileSync(made));
    index = await publishTrivyDb(world.registry.host, await makeIndex(jar), 'trivy-java-db', JAVA_INDEX);
    inputs = { image, 'trivy-path': await ensureTool('trivy'), 'db-repository': database };
  });
  afterAll(async () => {
    await world.close();
    rmSync(folder, { recursive: true });
  });
  beforeEach(() => {
    world.registry.requests.length = 0;
  });

  /** An index that knows one archive. */
  async function makeIndex(jar: Buffer): Promise<Buffer> {
    const file = join(folder, 'trivy-java.db');
    const made = new DatabaseSync(file);
    made.exec(`
      CREATE TABLE artifacts(id INTEGER PRIMARY KEY, group_id TEXT, artifact_id TEXT);
      CREATE TABLE indices(artifact_id INTEGER, version TEXT, sha1 BLOB, archive_type TEXT, foreign key (artifact_id) references artifacts(id));
      CREATE UNIQUE INDEX artifacts_idx ON artifacts(artifact_id, group_id);
      CREATE INDEX indices_artifact_idx ON indices(artifact_id);
      CREATE UNIQUE INDEX indices_sha1_idx ON indices(sha1);
      INSERT INTO artifacts VALUES (1, 'org.example', 'engine');
    `);
    const sha1 = createHash('sha1').update(jar).digest();
    made.prepare("INSERT INTO indices VALUES (1, '1.2.3', ?, 'jar')").run(sha1);
    made.close();
    const dates = { UpdatedAt: '2026-11-20T00:00:00Z', NextUpdate: '2026-11-23T00:00:00Z' };
    return packLayer({
      'trivy-java.db': readFileSync(file),
      'metadata.json': JSON.stringify({ Version: JAVA_INDEX.schema, ...dates }),
    });
  }

  it('is told by the index, which is kept for later runs and named in the report', async () => {
    const kept = { ...inputs, 'java-db-repository': index, 'cache-dir': join(folder, 'kept') };
    for (const layers of [1, 0]) {
      world.registry.requests.length = 0;
      const { outputs, log } = await world.run('scan', { ...kept, 'fail-on': 'critical' });
      expect(outputs.outcome, log).toBe('refused');
      const report = readReport(readFileSync(String(outputs.report), 'utf8'));
      expect(report.findings).toMatchObject([
        { id: 'CVE-2099-7', package: 'org.example:engine', version: '1.2.3' },
      ]);
      expect(report.javaIndex).toMatchObject({
        repository: index.replace(/:1$/, ''),
        updatedAt: '2026-11-20T00:00:00Z',
      });
      const asked = world.registry.requests.filter(({ path }) => /java-db\/blobs/.test(path));
      expect(asked).toHaveLength(layers);
    }
  });

  it('is the same in every report, and for a bare run', async () => {
    const { outputs, log } = await world.run('scan', { ...inputs, 'java-db-repository': index });
    expect(outputs.outcome, log).toBe('passed');
    const args = ['--db-repository', String(inputs['db-repository']), '--java-db-repository', index];
    const bare = { trivy: String(inputs['trivy-path']), cache: join(folder, 'bare'), image, args };
    expect(await expectAgreement(outputs as unknown as Reports, ['CVE-2099-7'], bare)).toEqual([
      'pkg:maven/org.example/engine@1.2.3',
    ]);
  });

  it('is in the SBOM of the preset sbom as well', async () => {
    const given = { image, 'trivy-path': String(inputs['trivy-path']), 'java-db-repository': index };
    const { outputs } = await world.run('sbom', given);
    const bom = JSON.parse(readFileSync(String(outputs['sbom-cyclonedx']), 'utf8'));
    expect(bom.components).toMatchObject([{ purl: 'pkg:maven/org.example/engine@1.2.3' }]);
  });

  it.each([
    ['that is down', '127.0.0.1:9/trivy-java-db:1', 'unavailable'],
    ['that is no reference', 'trivy-java-db', 'invalid'],
  ])('cannot be told by an index %s: %s, never passed', async (_, repository, outcome) => {
    const run = await world.run('scan', { ...inputs, 'java-db-repository': repository });
    expect(run.outputs).toMatchObject({ outcome });
    expect(run.log).toMatch(/[Jj]ava/);
  });
});
