import * as z from 'zod';
import { type Digest, isDigest } from '../image/digest.ts';
import { Invalid } from '../outcome/outcome.ts';
import { CLASSES, type Finding, makeFinding, placeOf, severitySchema } from './finding.ts';
import { SCAN_EXTENSION } from './predicate.ts';
import { SCANNERS, SEVERITIES } from './severity.ts';
import { readResults, resultsSchema } from './trivy.ts';

const digest = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value), 'is no digest');
const time = z.iso.datetime({ offset: true });
const name = z.string().default('');

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
  /** By which index archives of Java were told; undefined when there were none. */
  javaIndex: databaseFields.optional(),
  /** When CISA released the catalogue of what is known to be exploited; undefined when none was asked. */
  exploitedAt: time.optional(),
});

/** Which vulnerability database was used. */
export type ScanDatabase = z.infer<typeof databaseFields>;
/** What was scanned, when, for what, and with which database. */
export type ScanScope = z.infer<typeof scopeFields>;
/** One platform's scan, unfiltered: the same whether it comes from a report on disk or from a signed predicate. */
export interface ScanResult extends ScanScope {
  readonly findings: readonly Finding[];
  /** Version of Trivy. */
  readonly version: string;
  /** True when vulnerabilities (with a known database) and secrets were both looked for. */
  readonly complete: boolean;
}

/** Trivy's JSON report of an image, schema version 2 (trivy pkg/types/report.go). */
export const trivyReportSchema = z.object({
  SchemaVersion: z.literal(2),
  Trivy: z.object({ Version: z.string() }),
  ArtifactType: z.literal('container_image'),
  Metadata: z.object({ ImageID: z.string() }),
  Results: resultsSchema,
});
export type TrivyReport = z.infer<typeof trivyReportSchema>;

const words = z.record(z.string(), z.string()).default({});
const severity = z.enum(SEVERITIES);
/** A finding without its class, severity and platform, which stand elsewhere. What is empty is left out. */
const findingFields = z.object({
  aliases: z.array(z.string()).readonly().default([]),
  severities: z.record(z.string(), severity).default({}),
  title: name,
  url: name,
  package: name,
  version: name,
  purl: name,
  fixed: name,
  status: name,
  category: name,
  target: name,
  line: z.number().int().optional(),
  cvss: z.number().optional(),
  published: z.string().optional(),
  exploited: z.string().optional(),
  firstSeen: z.string().optional(),
  layer: name,
  scanner: z.string().default('trivy'),
});
const otherFields = findingFields.extend({ id: z.string(), severity: severitySchema });
/** A secret has its id as `rule`, as predicates of the first form had it. */
const secretFields = findingFields.extend({ rule: z.string(), severity: severitySchema });

/** What scan adds to Trivy's report under `Hallmark`: what Trivy does not say of itself, and what it does not know. */
export const additionsSchema = scopeFields.extend({
  /** The day CISA listed a vulnerability, by its id. */
  exploited: words,
  /** When a verified scan first had a finding, by `placeOf`. */
  firstSeen: words,
  /** What other scanners reported. */
  others: z.array(otherFields.extend({ class: z.enum(CLASSES) })).default([]),
});
export type ScanAdditions = z.input<typeof additionsSchema>;

/** The report that scan writes. */
const reportSchema = trivyReportSchema.extend({ Hallmark: additionsSchema });

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

/** One platform's findings out of Trivy's report and what scan adds to it. */
export function normalizeReport(report: TrivyReport, additions: ScanAdditions): ScanResult {
  const { exploited = {}, firstSeen = {}, others = [], ...scope } = additions;
  const { platform } = scope;
  const findings = [
    ...readResults(report.Results, { scanner: 'trivy', platform }),
    ...others.map((found) => ({ ...otherFields.parse(found), class: found.class, platform })),
  ];
  return {
    ...scope,
    version: report.Trivy.Version,
    findings: findings.map((found) => {
      const listed = [found.id, ...found.aliases].find((id) => Object.hasOwn(exploited, id));
      const place = placeOf(found);
      return {
        ...found,
        ...(found.class === 'vulnerability' &&
          listed !== undefined && { exploited: exploited[listed] ?? '' }),
        ...(Object.hasOwn(firstSeen, place) && { firstSeen: firstSeen[place] ?? '' }),
      };
    }),
    complete: isComplete(scope),
  };
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
  [SCAN_EXTENSION]: scopeFields.extend({
    secrets: z.array(secretFields),
    misconfigurations: z.array(otherFields).default([]),
    licences: z.array(otherFields).default([]),
  }),
});

/**
 * The predicate `https://in-toto.io/attestation/vulns/v0.2` of one platform's scan, unfiltered; its subject is `scan.manifest`.
 * What the type has no place for stands in each result's annotations and under SCAN_EXTENSION.
 * Throws `Invalid` for a scan that did not look for vulnerabilities: an empty result would say that there are none.
 */
export function buildScanPredicate(scan: ScanResult, input = 'scan-report'): Record<string, unknown> {
  const { findings, version, complete: _, ...scope } = scan;
  const { database, scanners, startedAt, scannedAt } = scope;
  if (!scanners.includes('vuln') || database === undefined) {
    throw new Invalid(
      input,
      'is of a scan that did not look for vulnerabilities; scan with "vuln" in scanners',
    );
  }
  const of = (kind: Finding['class']): Finding[] => findings.filter((found) => found.class === kind);
  return {
    scanner: {
      uri: `pkg:github/aquasecurity/trivy@v${version}`,
      version,
      db: {
        uri: `oci://${database.repository}@${database.digest}`,
        version: database.digest,
        lastUpdate: database.updatedAt,
      },
      result: of('vulnerability').map((found) => ({
        id: found.id,
        severity: [
          { method: 'trivy', score: found.severity },
          ...(found.cvss === undefined ? [] : [{ method: 'cvss_score', score: String(found.cvss) }]),
        ],
        annotations: [withoutEmpty(findingFields.parse(found))],
      })),
    },
    metadata: { scanStartedOn: startedAt, scanFinishedOn: scannedAt },
    [SCAN_EXTENSION]: {
      ...scope,
      secrets: of('secret').map(({ id, ...found }) =>
        withoutEmpty(secretFields.parse({ ...found, rule: id })),
      ),
      misconfigurations: of('misconfiguration').map((found) => withoutEmpty(otherFields.parse(found))),
      licences: of('licence').map((found) => withoutEmpty(otherFields.parse(found))),
    },
  };
}

function withoutEmpty(fields: object): object {
  return Object.fromEntries(
    Object.entries(fields).filter(
      ([, value]) =>
        value !== undefined &&
        value !== '' &&
        !(typeof value === 'object' && value !== null && Object.keys(value).length === 0),
    ),
  );
}

/**
 * Reads such a predicate back. Undefined for any other shape (another scanner's, an older version of the type):
 * a policy then treats the scan as missing.
 */
export function readScan(predicate: unknown): ScanResult | undefined {
  const parsed = predicateSchema.safeParse(predicate);
  if (!parsed.success) return undefined;
  const { scanner, [SCAN_EXTENSION]: extension } = parsed.data;
  const { secrets, misconfigurations, licences, ...scope } = extension;
  const { platform } = scope;
  return {
    ...scope,
    version: scanner.version,
    findings: [
      ...scanner.result.map(({ id, severity: scores, annotations: [rest] }) =>
        makeFinding({
          ...rest,
          class: 'vulnerability',
          id,
          severity: severitySchema.parse(scores.find(({ method }) => method === 'trivy')?.score),
          platform,
        }),
      ),
      ...misconfigurations.map((found) => makeFinding({ ...found, class: 'misconfiguration', platform })),
      ...secrets.map(({ rule, ...found }) => makeFinding({ ...found, class: 'secret', id: rule, platform })),
      ...licences.map((found) => makeFinding({ ...found, class: 'licence', platform })),
    ],
    complete: isComplete(scope),
  };
}
