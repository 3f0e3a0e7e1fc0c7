// What scan says is what Trivy says when it is run by hand on the image in the registry.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { ensureTool } from '../../scripts/tools.ts';
import { readReport, trivyReportSchema } from '../../shared/evidence/scan.ts';
import { parseReference } from '../../shared/image/reference.ts';
import { openStore } from '../../shared/store/open.ts';
import { startWorld, type World } from '../actions/world.ts';
import { findMissing } from '../servers/peers.ts';
import { publishTrivyDb } from '../servers/trivy-db.ts';
import { writeSample } from '../trivy/sample.ts';

const missing = await findMissing({ tools: ['trivy'] });
const log = {
  info() {},
  notice() {},
  warning() {},
  mask() {},
  group: <T>(_: string, work: () => Promise<T>) => work(),
};

const theirReport = z.object({
  ArtifactName: z.string(),
  Metadata: z.object({ ImageID: z.string() }),
  Results: z.array(
    z.looseObject({
      Vulnerabilities: z.array(z.looseObject({})).optional(),
      Secrets: z.array(z.unknown()).optional(),
    }),
  ),
});

describe.skipIf(missing)(`Trivy run by hand${missing && ` (skipped: ${missing})`}`, () => {
  let world: World;
  let trivy: string;
  let database: string;
  let image: string;
  let cache: string;

  beforeAll(async () => {
    world = await startWorld();
    trivy = await ensureTool('trivy');
    cache = mkdtempSync(join(tmpdir(), 'hallmark-trivy-'));
    database = await publishTrivyDb(world.registry.host);
    const place = `${world.registry.host}/octo/app`;
    const deadline = AbortSignal.timeout(60_000);
    const store = openStore(parseReference(place), { workspace: world.workspace, path: '', deadline, log });
    image = `${place}@${(await writeSample(store)).digest}`;
  });
  afterAll(async () => {
    await world.close();
    rmSync(cache, { recursive: true });
  });

  async function run(...args: string[]): Promise<unknown> {
    const env = { HOME: cache, PATH: '/usr/bin:/bin' };
    const options = { cwd: cache, env, maxBuffer: 1e9, timeout: 60_000 };
    const all = [...args, '--cache-dir', cache, '--db-repository', database, '--format', 'json', '--quiet'];
    return JSON.parse((await promisify(execFile)(trivy, all, options)).stdout);
  }

  it('finds the same vulnerabilities and packages', async () => {
    const { outputs } = await world.run('scan', { image, 'trivy-path': trivy, 'db-repository': database });
    const ours = JSON.parse(readFileSync(String(outputs.report), 'utf8'));
    const theirs = theirReport.parse(await run('image', image, '--insecure', '--list-all-pkgs'));
    expect(ours.Results[0]).toEqual({
      ...theirs.Results[0],
      // Trivy derives it from the image's name.
      Vulnerabilities: theirs.Results[0]?.Vulnerabilities?.map((found) => ({
        ...found,
        Fingerprint: expect.any(String),
      })),
    });
    expect(ours.Metadata.ImageID).toBe(theirs.Metadata.ImageID);
    expect(ours.ArtifactName).toBe(theirs.ArtifactName);
    const { findings } = readReport(JSON.stringify(ours));
    expect(findings.filter((found) => found.class === 'secret')).toHaveLength(
      theirs.Results[1]?.Secrets?.length ?? 0,
    );
  });

  it('reads the SBOM that scan wrote, and finds the same vulnerabilities in it', async () => {
    const { outputs } = await world.run('sbom', { image, 'trivy-path': trivy });
    for (const output of ['sbom-cyclonedx', 'sbom-spdx']) {
      const report = trivyReportSchema
        .pick({ Results: true })
        .parse(await run('sbom', String(outputs[output])));
      const ids = report.Results.flatMap(({ Vulnerabilities }) =>
        Vulnerabilities.map(({ VulnerabilityID }) => VulnerabilityID),
      );
      expect(ids.sort()).toEqual([
        'CVE-2018-16487',
        'CVE-2018-3721',
        'CVE-2019-10744',
        'CVE-2020-28500',
        'CVE-2020-7598',
        'CVE-2020-8203',
        'CVE-2021-23337',
        'CVE-2021-44906',
      ]);
    }
  });
});
