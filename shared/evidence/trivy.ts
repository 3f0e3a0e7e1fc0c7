import * as z from 'zod';
import {
  type Finding,
  optionalList as listOf,
  makeFinding,
  severitySchema as severity,
  optionalText as text,
} from './finding.ts';
import { SEVERITIES, type Severity } from './severity.ts';

const layer = z
  .object({ Digest: text, DiffID: text })
  .nullish()
  .transform((found) => found?.Digest || found?.DiffID || '');
const line = z.number().int().nonnegative().optional().catch(undefined);

const vulnerability = z.object({
  VulnerabilityID: z.string().min(1),
  VendorIDs: listOf(z.string()),
  PkgName: z.string().min(1),
  PkgPath: text,
  PkgIdentifier: z.object({ PURL: text }).nullish(),
  InstalledVersion: text,
  FixedVersion: text,
  Status: text,
  Layer: layer,
  Severity: severity,
  /** 0 to 4, from unknown to critical, by source (trivy-db pkg/types/types.go). */
  VendorSeverity: z.record(z.string(), z.number()).nullish(),
  Title: text,
  PrimaryURL: text,
  PublishedDate: text,
  CVSS: z
    .record(z.string(), z.object({ V3Score: z.number().optional(), V40Score: z.number().optional() }))
    .nullish(),
});

const secret = z.object({
  RuleID: z.string().min(1),
  Category: text,
  Severity: severity,
  Title: text,
  StartLine: line,
  Layer: layer,
});

const misconfiguration = z.object({
  ID: z.string().min(1),
  Severity: severity,
  Title: text,
  PrimaryURL: text,
  Status: text,
  Layer: layer,
  CauseMetadata: z.object({ Provider: text, StartLine: line }).nullish(),
});

const licence = z.object({
  Name: z.string().min(1),
  Severity: severity,
  Category: text,
  PkgName: text,
  FilePath: text,
  Link: text,
});

/** The results of Trivy's JSON report, schema version 2 (trivy pkg/types/report.go): empty lists are left out by Trivy, unknown fields are ignored. */
export const resultsSchema = listOf(
  z.object({
    Target: text,
    Class: text,
    Packages: listOf(z.unknown()),
    Vulnerabilities: listOf(vulnerability),
    Misconfigurations: listOf(misconfiguration),
    Secrets: listOf(secret),
    Licenses: listOf(licence),
  }),
);
type Result = z.infer<typeof resultsSchema>[number];

/** Every finding of every class. */
export function readResults(
  results: readonly Result[],
  about: { readonly scanner: string; readonly platform: string },
): Finding[] {
  return results.flatMap((result) => [
    ...result.Vulnerabilities.map((found) => readVulnerability(found, result, about)),
    ...result.Misconfigurations.filter(({ Status }) => Status === '' || Status === 'FAIL').map(
      ({ CauseMetadata, ...found }) =>
        makeFinding({
          ...about,
          class: 'misconfiguration',
          id: found.ID,
          severity: found.Severity,
          // The message quotes commands and values as they are, secrets in them too.
          title: found.Title,
          url: found.PrimaryURL,
          category: CauseMetadata?.Provider ?? '',
          target: result.Target,
          layer: found.Layer,
          ...(CauseMetadata?.StartLine && { line: CauseMetadata.StartLine }),
        }),
    ),
    ...result.Secrets.map((found) =>
      makeFinding({
        ...about,
        class: 'secret',
        id: found.RuleID,
        severity: found.Severity,
        title: found.Title,
        category: found.Category,
        target: result.Target,
        layer: found.Layer,
        ...(found.StartLine !== undefined && { line: found.StartLine }),
      }),
    ),
    ...result.Licenses.map((found) =>
      makeFinding({
        ...about,
        class: 'licence',
        id: found.Name,
        severity: found.Severity,
        title: found.Category === '' ? found.Name : `${found.Name} (${found.Category})`,
        url: found.Link,
        package: found.PkgName,
        category: found.Category,
        target: found.FilePath || result.Target,
      }),
    ),
  ]);
}

function readVulnerability(
  found: z.infer<typeof vulnerability>,
  { Target, Class }: Result,
  about: { readonly scanner: string; readonly platform: string },
): Finding {
  const scores = Object.values(found.CVSS ?? {}).flatMap(({ V3Score = 0, V40Score = 0 }) => [
    V3Score,
    V40Score,
  ]);
  const cvss = Math.max(0, ...scores);
  return makeFinding({
    ...about,
    class: 'vulnerability',
    id: found.VulnerabilityID,
    // A distribution's advisory covers several vulnerabilities, so its number is no other name of one of them.
    aliases: found.VendorIDs.filter((id) => /^(?:GHSA|CVE)-/i.test(id)),
    severity: found.Severity,
    severities: Object.fromEntries(
      Object.entries(found.VendorSeverity ?? {}).map(([source, level]) => [source, severityOf(level)]),
    ),
    title: found.Title,
    url: found.PrimaryURL,
    package: found.PkgName,
    version: found.InstalledVersion,
    purl: found.PkgIdentifier?.PURL ?? '',
    fixed: found.FixedVersion,
    status: found.Status,
    // For the packages of a distribution Trivy names the artifact and the distribution's version.
    target: found.PkgPath || (Class === 'os-pkgs' ? (/\(([^()]+)\)$/.exec(Target)?.[1] ?? Target) : Target),
    layer: found.Layer,
    ...(cvss > 0 && cvss <= 10 && { cvss }),
    ...(found.PublishedDate !== '' && { published: found.PublishedDate }),
  });
}

function severityOf(level: number): Severity {
  return SEVERITIES[4 - level] ?? 'UNKNOWN';
}
