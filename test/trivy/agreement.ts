// What every report of a scan says, beside what Trivy says when it is run by hand on the image in the registry.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import * as z from 'zod';
import { readReport } from '../../shared/evidence/scan.ts';

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
export const sarifSchema = z.object({
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

/** Paths of one platform's reports, by the outputs of scan. */
export interface Reports {
  readonly report: string;
  readonly sarif: string;
  readonly 'sbom-cyclonedx': string;
  readonly 'sbom-spdx': string;
}

/**
 * Holds each of the reports to the findings `ids` and to the packages that `trivy image` by itself finds, with `args` beside the usual ones.
 * `cache` is a folder that it may use. Returns the packages' URLs.
 */
export async function expectAgreement(
  reports: Reports,
  ids: readonly string[],
  bare: { trivy: string; cache: string; image: string; args: readonly string[] },
): Promise<string[]> {
  const { stdout } = await promisify(execFile)(
    bare.trivy,
    [
      ...['image', bare.image, '--insecure', '--list-all-pkgs', '--format', 'json', '--quiet'],
      ...['--cache-dir', bare.cache, ...bare.args],
    ],
    { env: { HOME: bare.cache, PATH: '/usr/bin:/bin' }, maxBuffer: 1e8, timeout: 60_000 },
  );
  const theirs = bareSchema.parse(JSON.parse(stdout)).Results;
  const read = <T>(output: keyof Reports, schema: z.ZodType<T>): T =>
    schema.parse(JSON.parse(readFileSync(reports[output], 'utf8')));

  const { findings } = readReport(readFileSync(reports.report, 'utf8'));
  expect(findings.map(({ id }) => id).sort()).toEqual(ids);
  const found = theirs.flatMap((result) => [
    ...result.Vulnerabilities.map(({ VulnerabilityID }) => VulnerabilityID),
    ...result.Secrets.map(({ RuleID }) => RuleID),
  ]);
  expect(found.sort()).toEqual(ids);
  const [{ results }] = read('sarif', sarifSchema).runs;
  expect(results.map(({ ruleId }) => ruleId).sort()).toEqual(ids);
  const cyclonedx = read('sbom-cyclonedx', cyclonedxSchema);
  const vulnerabilities = findings.filter((one) => one.class === 'vulnerability').map(({ id }) => id);
  expect(cyclonedx.vulnerabilities.map(({ id }) => id).sort()).toEqual(vulnerabilities.sort());

  const packages = theirs.flatMap(({ Packages }) => Packages.map(({ Identifier }) => Identifier.PURL)).sort();
  expect(cyclonedx.components.flatMap(({ purl }) => purl ?? []).sort()).toEqual(packages);
  const named = read('sbom-spdx', spdxSchema).packages.flatMap(({ externalRefs }) =>
    externalRefs.flatMap(({ referenceType, referenceLocator }) =>
      referenceType === 'purl' && !referenceLocator.startsWith('pkg:oci/') ? [referenceLocator] : [],
    ),
  );
  expect(named.sort()).toEqual(packages);
  return packages;
}
