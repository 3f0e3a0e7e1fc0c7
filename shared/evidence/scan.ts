import * as z from 'zod';
import { type Digest, isDigest } from '../image/digest.ts';
import { Invalid } from '../outcome/outcome.ts';
import { SCAN_EXTENSION } from './predicate.ts';
import { SCANNERS, SEVERITIES, type Severity } from './severity.ts';

/** Anything that is no severity we know counts as `UNKNOWN`, never as harmless. */
const severity = z
  .string()
  .optional()
  .transform((word): Severity => SEVERITIES.find((known) => known === word?.toUpperCase()) ?? 'UNKNOWN');
const digest = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value), 'is no digest');
const time = z.iso.datetime({ offset: true });
const name = z.string().default('');

const findingFields = z.object({
  package: name,
  version: name,
  /** The versions that fix it, as the advisory lists them; '' when there is none. */
  fixed: name,
  title: name,
  url: name,
  /** The file or package database it was found in. */
  target: name,
  /** The highest CVSS 3 or 4 base score any source gives. */
  cvss: z.number().optional(),
});
const secretFields = z.object({
  rule: z.string(),
  category: name,
  severity,
  title: name,
  target: name,
  line: z.number().int(),
});
const databaseFields = z.object({
  /** `host/path:tag`, as `db-repository` named it. */
  repository: z.string(),
  /** Manifest digest of the database's OCI artifact. */
  digest,
  updatedAt: time,
});
const scopeFields = z.object({
  /** The platform manifest that was scanned: the subject. */
  manifest: digest,
  /** `linux/amd64` */
  platform: z.string(),
  scanners: z.array(z.enum(SCANNERS)),
  startedAt: time,
  scannedAt: time,
  /** Undefined when vulnerabilities were not looked for. */
  database: databaseFields.optional(),
});

/** One vulnerability of one package in one place. */
export interface Finding extends z.infer<typeof findingFields> {
  readonly id: string;
  readonly severity: Severity;
  readonly platform: string;
}
/** Where a secret lies and of what kind it is; never the secret. */
export interface SecretFinding extends z.infer<typeof secretFields> {
  readonly platform: string;
}
/** Which vulnerability database was used. */
export type ScanDatabase = z.infer<typeof databaseFields>;
/** What was scanned, when, for what, and with which database. */
export type ScanScope = z.infer<typeof scopeFields>;
/** One platform's scan, unfiltered: the same whether it comes from a report on disk or from a signed predicate. */
export interface ScanResult extends ScanScope {
  readonly findings: readonly Finding[];
  readonly secrets: readonly SecretFinding[];
  /** Version of Trivy. */
  readonly version: string;
  /** True when vulnerabilities (with a known database) and secrets were both looked for. */
  readonly complete: boolean;
}

const score = z.object({ V3Score: z.number().optional(), V40Score: z.number().optional() });

/** Trivy's JSON report, schema version 2 (trivy pkg/types/report.go); lists that are empty are left out by Trivy, unknown fields are ignored. */
export const trivyReportSchema = z.object({
  SchemaVersion: z.literal(2),
  Trivy: z.object({ Version: z.string() }),
  ArtifactType: z.literal('container_image'),
  Metadata: z.object({ ImageID: z.string() }),
  Results: z
    .array(
      z.object({
        Target: name,
        Packages: z.array(z.unknown()).default([]),
        Vulnerabilities: z
          .array(
            z.object({
              VulnerabilityID: z.string().min(1),
              PkgName: z.string().min(1),
              PkgPath: name,
              InstalledVersion: name,
              FixedVersion: name,
              Severity: severity,
              Title: name,
              PrimaryURL: name,
              CVSS: z.record(z.string(), score).default({}),
            }),
          )
          .default([]),
        Secrets: z
          .array(
            z.object({
              RuleID: z.string().min(1),
              Category: name,
              Severity: severity,
              Title: name,
              StartLine: z.number().int().default(0),
            }),
          )
          .default([]),
      }),
    )
    .default([]),
});
export type TrivyReport = z.infer<typeof trivyReportSchema>;

/** The report that scan writes: Trivy's, and under `Hallmark` what Trivy does not say of itself. */
const reportSchema = trivyReportSchema.extend({ Hallmark: scopeFields });

/** Reads the text of a report that scan wrote. Throws `Invalid` naming `input` for anything else, also a bare Trivy report: it does not say which database it used. */
export function readReport(text: string, input = 'scan-report'): ScanResult {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new Invalid(input, 'is no JSON, or was cut off', { cause });
  }
  const parsed = reportSchema.safeParse(json);
  if (!parsed.success) {
    const [first] = parsed.error.issues;
    throw new Invalid(input, `is no report of the scan action: ${first?.path.join('.')}: ${first?.message}`, {
      hint: 'Pass the "report" output of scan. A report of Trivy alone names neither the image\'s digest nor the database.',
    });
  }
  return normalizeReport(parsed.data, parsed.data.Hallmark);
}

/** One platform's findings out of Trivy's report. */
export function normalizeReport(report: TrivyReport, scope: ScanScope): ScanResult {
  const { platform } = scope;
  const findings = report.Results.flatMap(({ Target, Vulnerabilities }) =>
    Vulnerabilities.map((found): Finding => {
      const scores = Object.values(found.CVSS).flatMap(({ V3Score, V40Score }) => [
        V3Score ?? 0,
        V40Score ?? 0,
      ]);
      const cvss = Math.max(0, ...scores);
      return {
        id: found.VulnerabilityID,
        package: found.PkgName,
        version: found.InstalledVersion,
        fixed: found.FixedVersion,
        severity: found.Severity,
        title: found.Title,
        url: found.PrimaryURL,
        target: found.PkgPath || Target,
        platform,
        ...(cvss > 0 && { cvss }),
      };
    }),
  );
  const secrets = report.Results.flatMap(({ Target, Secrets }) =>
    Secrets.map(
      (found): SecretFinding => ({
        rule: found.RuleID,
        category: found.Category,
        severity: found.Severity,
        title: found.Title,
        target: Target,
        line: found.StartLine,
        platform,
      }),
    ),
  );
  return { ...scope, version: report.Trivy.Version, findings, secrets, complete: isComplete(scope) };
}

function isComplete({ scanners, database }: ScanScope): boolean {
  return scanners.includes('vuln') && scanners.includes('secret') && database !== undefined;
}

const predicateSchema = z.object({
  scanner: z.object({
    version: z.string(),
    result: z.array(
      z.object({
        id: z.string(),
        severity: z.array(z.object({ method: z.string(), score: z.string() })),
        annotations: z.tuple([findingFields]),
      }),
    ),
  }),
  [SCAN_EXTENSION]: scopeFields.extend({ secrets: z.array(secretFields) }),
});

/**
 * The predicate `https://in-toto.io/attestation/vulns/v0.2` of one platform's scan, unfiltered; its subject is `scan.manifest`.
 * What the type has no place for stands in each result's annotations and under SCAN_EXTENSION.
 * Throws `Invalid` for a scan that did not look for vulnerabilities: an empty result would say that there are none.
 */
export function buildScanPredicate(scan: ScanResult, input = 'scan-report'): Record<string, unknown> {
  const { database, findings, secrets, version, manifest, platform, scanners, startedAt, scannedAt } = scan;
  if (!scanners.includes('vuln') || database === undefined) {
    throw new Invalid(
      input,
      'is of a scan that did not look for vulnerabilities; scan with "vuln" in scanners',
    );
  }
  return {
    scanner: {
      uri: `pkg:github/aquasecurity/trivy@v${version}`,
      version,
      db: {
        uri: `oci://${database.repository}@${database.digest}`,
        version: database.digest,
        lastUpdate: database.updatedAt,
      },
      result: findings.map(({ id, severity: word, platform: _, ...rest }) => ({
        id,
        severity: [
          { method: 'trivy', score: word },
          ...(rest.cvss === undefined ? [] : [{ method: 'cvss_score', score: String(rest.cvss) }]),
        ],
        annotations: [rest],
      })),
    },
    metadata: { scanStartedOn: startedAt, scanFinishedOn: scannedAt },
    [SCAN_EXTENSION]: {
      manifest,
      platform,
      scanners,
      startedAt,
      scannedAt,
      database,
      secrets: secrets.map(({ platform: _, ...rest }) => rest),
    },
  };
}

/**
 * Reads such a predicate back. Undefined for any other shape (another scanner's, an older version of the type):
 * a policy then treats the scan as missing.
 */
export function readScan(predicate: unknown): ScanResult | undefined {
  const parsed = predicateSchema.safeParse(predicate);
  if (!parsed.success) return undefined;
  const { scanner, [SCAN_EXTENSION]: extension } = parsed.data;
  const { secrets, ...scope } = extension;
  const { platform } = scope;
  return {
    ...scope,
    version: scanner.version,
    findings: scanner.result.map(({ id, severity: scores, annotations: [rest] }) => ({
      ...rest,
      id,
      severity: severity.parse(scores.find(({ method }) => method === 'trivy')?.score),
      platform,
    })),
    secrets: secrets.map((secret) => ({ ...secret, platform })),
    complete: isComplete(scope),
  };
}

/** How many findings and secrets there are of each severity. What several platforms share counts once. */
export function countSeverities(scans: readonly ScanResult[]): Record<Severity, number> {
  const counts: Record<Severity, number> = { CRITICAL: 0, HIGH: 0, MEDIUM: 0, LOW: 0, UNKNOWN: 0 };
  const seen = new Set<string>();
  for (const found of scans.flatMap((scan) => [...scan.findings, ...scan.secrets])) {
    const key = JSON.stringify({ ...found, platform: '' });
    if (!seen.has(key)) counts[found.severity] += 1;
    seen.add(key);
  }
  return counts;
}
