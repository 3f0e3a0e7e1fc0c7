import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { openPlainStore } from '../../scripts/demo/tamper.ts';
import { findTool } from '../../scripts/tools.ts';
import { readReport } from '../../shared/evidence/scan.ts';
import { parseReference } from '../../shared/image/reference.ts';
import { startWorld, type World } from '../actions/world.ts';
import { HOSTILE } from '../report/hostile.ts';
import { findMissing } from '../servers/peers.ts';
import { publishTrivyDb } from '../servers/trivy-db.ts';
import { SECRETS, writeSample } from '../trivy/sample.ts';

/** Trivy's own SARIF of an image whose files have hostile names: Trivy 0.72.0 ends in a panic on many of them by itself. */

const missing = await findMissing({ tools: ['trivy'] });
const sarifSchema = z.object({
  runs: z.array(
    z.object({
      results: z.array(
        z.object({
          locations: z.array(
            z.object({ physicalLocation: z.object({ artifactLocation: z.object({ uri: z.string() }) }) }),
          ),
        }),
      ),
    }),
  ),
});

describe.skipIf(missing)(`hostile paths in an image${missing && ` (skipped: ${missing})`}`, () => {
  let world: World;
  let trivy: string;
  beforeAll(async () => {
    world = await startWorld();
    trivy = String(findTool('trivy'));
  });
  afterAll(() => world.close());

  it('are all found, in SARIF as places inside the image, in the report as they are', async () => {
    const place = `${world.registry.host}/octo/app`;
    // What a file may be called (POSIX: neither NUL nor a name over 255 bytes), and what a tar may say besides.
    const names = HOSTILE.filter((name) => !name.includes('\0') && name.length < 80);
    const planted = [
      ...names.map((name, at) => `app/${at}/${name}`),
      '../../up',
      '/etc/../down',
      '100%',
      'a:b',
    ];
    const files = Object.fromEntries(
      planted.flatMap((path) => [
        [`${path}/lodash/package.json`, '{"name":"lodash","version":"4.17.4"}'],
        [`${path}.ini`, `aws_access_key_id = ${SECRETS[0]}\n`],
      ]),
    );
    const { digest } = await writeSample(openPlainStore(parseReference(place)), ['linux/amd64'], files);
    const inputs = { image: `${place}@${digest}`, 'trivy-path': trivy };
    const database = await publishTrivyDb(world.registry.host);
    const run = await world.run('scan', { ...inputs, 'db-repository': database });
    expect(run.outputs.outcome, run.log).toBe('passed');

    const { findings } = readReport(readFileSync(String(run.outputs.report), 'utf8'));
    const sarif = sarifSchema.parse(JSON.parse(readFileSync(String(run.outputs.sarif), 'utf8')));
    const results = sarif.runs.flatMap((one) => one.results);
    expect(results).toHaveLength(findings.length);
    expect(new Set(findings.map(({ target }) => target))).toContain('/100%.ini');
    const uris = new Set(
      results.flatMap(({ locations }) => locations.map((one) => one.physicalLocation.artifactLocation.uri)),
    );
    expect(uris.size).toBeGreaterThan(200);
    for (const uri of uris) {
      expect(uri).not.toMatch(/[\p{C}?#\\]|^\/\/|^[a-z][a-z\d+.-]*:|(?:^|\/)\.\.(?:\/|$)/iu);
      expect(() => decodeURIComponent(uri), uri).not.toThrow();
    }
  });
});
