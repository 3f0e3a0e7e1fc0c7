import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { ensureTool } from '../../scripts/tools.ts';
import { readForeignReport } from '../../shared/evidence/foreign.ts';
import { runProcess } from '../../shared/process/run.ts';
import { TRIVY_VERSION } from '../../shared/trivy/release.ts';
import { renderSarif } from '../../shared/trivy/sarif.ts';
import { findMissing } from '../servers/peers.ts';

/**
 * The reports that Trivy's own project keeps for its integration tests, as they come with the module that Trivy is built of: each is read without
 * loss, and its SARIF is the one that Trivy makes of it.
 */
const missing = await findMissing({ programs: ['go'], tools: ['trivy'] });
const reports = missing ? [] : listReports();

const items = z.array(z.record(z.string(), z.unknown())).default([]);
const rawSchema = z.object({
  ArtifactType: z.string(),
  Results: z
    .array(
      z.object({
        Target: z.string(),
        Class: z.string().optional(),
        ...{ Vulnerabilities: items, Misconfigurations: items, Secrets: items, Licenses: items },
      }),
    )
    .default([]),
});

// Ours is one line of visible text.
const line = z.object({ text: z.string().transform((text) => text.replace(/\s+/g, ' ').trim()) });
const ruleSchema = z
  .object({
    ...{ id: z.string(), name: z.string(), helpUri: z.string().optional() },
    ...{ shortDescription: line, defaultConfiguration: z.unknown(), properties: z.unknown() },
  })
  // Where Trivy has no title it writes none, which code scanning does not take.
  .transform((rule) => ({ ...rule, shortDescription: rule.shortDescription.text || rule.id }));
const sarifSchema = z.object({
  version: z.literal('2.1.0'),
  runs: z.tuple([
    z.object({
      tool: z.object({ driver: z.object({ name: z.string(), rules: z.array(ruleSchema) }) }),
      results: z.array(
        z.object({
          ...{ ruleId: z.string(), ruleIndex: z.number(), level: z.string() },
          message: z.object({ text: z.string() }),
          locations: z.array(
            z.object({
              physicalLocation: z.object({
                artifactLocation: z.object({ uri: z.string().transform(decodeURIComponent) }),
                region: z.unknown(),
              }),
            }),
          ),
        }),
      ),
    }),
  ]),
});

function listReports(): [name: string, text: string][] {
  const cwd = fileURLToPath(new URL('../tools/trivy', import.meta.url));
  const module = `github.com/aquasecurity/trivy@v${TRIVY_VERSION}`;
  const told = execFileSync('go', ['mod', 'download', '-json', module], { cwd, timeout: 300_000 });
  const { Dir } = z.object({ Dir: z.string() }).parse(JSON.parse(told.toString()));
  const folder = join(Dir, 'integration', 'testdata');
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json.golden'))
    .map((name): [string, string] => [name, readFileSync(join(folder, name), 'utf8')])
    .filter(([, text]) => text.includes('"SchemaVersion": 2'));
}

describe.skipIf(missing)(`Trivy's own reports${missing && ` (skipped: ${missing})`}`, () => {
  let folder: string;
  let trivy: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'hallmark-reports-'));
    trivy = await ensureTool('trivy');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('are many, and of every class', () => {
    expect(reports.length).toBeGreaterThan(70);
    const found = reports.flatMap(([name, text]) => readForeignReport(text, name, 'linux/amd64'));
    const classes = new Set(found.map((one) => one.class));
    expect([...classes].sort()).toEqual(['licence', 'misconfiguration', 'secret', 'vulnerability']);
  });

  test.each(reports)('%s is read without loss', (name, text) => {
    const raw = rawSchema.parse(JSON.parse(text));
    const wanted = raw.Results.flatMap((result) => [
      ...result.Vulnerabilities.map((one) => [
        ...[
          'vulnerability',
          one['VulnerabilityID'],
          one['Severity'],
          one['PkgName'],
          one['InstalledVersion'],
        ],
        ...[one['FixedVersion'] ?? '', one['PrimaryURL'] ?? ''],
      ]),
      ...result.Misconfigurations.map((one) => [
        ...['misconfiguration', one['ID'], one['Severity'], '', '', '', one['PrimaryURL'] ?? ''],
      ]),
      ...result.Secrets.map((one) => ['secret', one['RuleID'], one['Severity'], '', '', '', '']),
      ...result.Licenses.map((one) => [
        ...['licence', one['Name'], one['Severity'], one['PkgName'], '', '', one['Link'] ?? ''],
      ]),
    ]);
    const found = readForeignReport(text, name, 'linux/amd64');
    expect(
      found.map((one) => [one.class, one.id, one.severity, one.package, one.version, one.fixed, one.url]),
    ).toEqual(wanted);
  });

  test.each(reports)('%s becomes the SARIF that Trivy makes of it', async (name, text) => {
    const raw = rawSchema.parse(JSON.parse(text));
    const system = raw.Results.find((result) => result.Class === 'os-pkgs')?.Target ?? '';
    // It takes the first word for a reference, and Docker Hub's own images lie in library/.
    const artifact = system.replace(/\s*\(.*$/, '').replace(/^[^/]+$/, 'library/$&');
    const [report, output] = [join(folder, name), join(folder, `${name}.sarif`)];
    writeFileSync(report, text);
    const args = ['convert', '--quiet', '--format', 'sarif', '--output', output, report];
    const env = { HOME: folder, PATH: '/usr/bin:/bin' };
    const { code, stderr } = await runProcess(trivy, args, { env, deadline: AbortSignal.timeout(60_000) });
    expect(code, stderr).toBe(0);
    const [theirs] = sarifSchema.parse(JSON.parse(readFileSync(output, 'utf8'))).runs;
    const written = renderSarif({ Metadata: {}, ...JSON.parse(text) }, artifact);
    const [ours] = sarifSchema.parse(JSON.parse(written)).runs;
    const bare = ({ message: _, ...result }: (typeof ours.results)[number]) => result;
    expect(ours.results.map(bare)).toEqual(theirs.results.map(bare));
    expect(ours.tool).toEqual(theirs.tool);
  });
});
