import { createHash } from 'node:crypto';
import * as z from 'zod';
import {
  optionalList as listOf,
  severitySchema as severity,
  optionalText as text,
} from '../evidence/finding.ts';
import type { Severity } from '../evidence/severity.ts';
import { cleanText, escapeMarkdown, formatLink, formatTable } from '../report/markdown.ts';
import { LAYOUT_FOLDER } from './layout.ts';
import { parseReport } from './report.ts';

/*
 * SARIF 2.1.0 as Trivy writes it (pkg/report/sarif.go, 0.72.0), so that code scanning shows it as it shows Trivy's own. That takes ten seconds for
 * 50,000 findings, ends in a panic on a path that is no URI, holds names from the image as they are, and has no fingerprints.
 */

const number = z.number().catch(0).default(0);
const region = z.object({ StartLine: number, EndLine: number });
const score = z.object({
  ...{ V2Vector: text, V2Score: number, V3Vector: text, V3Score: number },
  ...{ V40Vector: text, V40Score: number },
});

const reportSchema = z.object({
  Trivy: z.object({ Version: z.string() }),
  ArtifactName: z.string(),
  Metadata: z.object({ ImageID: text, RepoDigests: listOf(z.string()) }),
  Results: listOf(
    z.object({
      Target: text,
      Class: text,
      Packages: listOf(z.object({ Name: text, Version: text, Locations: listOf(region) })),
      Vulnerabilities: listOf(
        z.object({
          ...{ VulnerabilityID: z.string(), Severity: severity, SeveritySource: text },
          ...{ PkgName: text, PkgPath: text, InstalledVersion: text, FixedVersion: text },
          ...{ Title: text, Description: text, PrimaryURL: text },
          CVSS: z.record(z.string(), score).nullish(),
        }),
      ),
      Misconfigurations: listOf(
        z.object({
          ...{ ID: z.string(), Severity: severity, Type: text, Title: text, Description: text },
          ...{ PrimaryURL: text, CauseMetadata: region.nullish() },
        }),
      ),
      Secrets: listOf(region.extend({ RuleID: z.string(), Severity: severity, Title: text })),
      Licenses: listOf(
        z.object({
          ...{ Name: z.string(), Severity: severity, Category: text },
          ...{ PkgName: text, FilePath: text, Link: text },
        }),
      ),
    }),
  ),
});
type Result = z.output<typeof reportSchema>['Results'][number];

/** One finding on its way into SARIF. */
interface Entry {
  readonly id: string;
  readonly tag: 'vulnerability' | 'misconfiguration' | 'secret' | 'license';
  readonly rule: string;
  readonly severity: Severity;
  readonly title: string;
  readonly description: string;
  readonly url: string;
  readonly cvss?: z.output<typeof score> | undefined;
  /** A word and what it says, a line each; what is empty is left out. */
  readonly facts: readonly (readonly [word: string, value: string])[];
  readonly path: string;
  /** The package at the path, or none. */
  readonly name: string;
  readonly version: string;
  readonly regions: readonly z.output<typeof region>[];
}

const SECRET_RULES = 'https://github.com/aquasecurity/trivy/blob/main/pkg/fanal/secret/builtin-rules.go';
/** Characters that code scanning shows of a short description. */
const MOST = 1024;
/** Trivy's own, where there is no CVSS score. */
const SCORES: Record<Severity, string> = {
  ...{ CRITICAL: '9.5', HIGH: '8.0', MEDIUM: '5.5', LOW: '2.0', UNKNOWN: '0.0' },
};
const LEVELS: Record<Severity, string> = {
  ...{ CRITICAL: 'error', HIGH: 'error', MEDIUM: 'warning', LOW: 'note', UNKNOWN: 'note' },
};

/**
 * A report of Trivy (its JSON, as scan writes it) as SARIF 2.1.0. Every path is a URI reference inside the image; packages of the system, and what is
 * said of the image itself, lie at `artifact`, the path of its repository. `Unavailable` when it is no whole report.
 */
export function renderSarif(report: unknown, artifact: string): string {
  const { Trivy, ArtifactName, Metadata, Results } = parseReport(reportSchema, report);
  const entries = Results.flatMap((result) => listEntries(result, artifact));
  // Of the findings of one rule the last describes it, where the first stood.
  const rules = new Map(entries.map((entry) => [entry.id, entry]));
  const indexes = new Map([...rules.keys()].map((id, index) => [id, index]));
  const seen = new Map<string, number>();
  const driver = {
    ...{ name: 'Trivy', fullName: 'Trivy Vulnerability Scanner', version: Trivy.Version },
    informationUri: 'https://github.com/aquasecurity/trivy',
    rules: [...rules.values()].map(describeRule),
  };
  const results = entries.map((entry) => ({
    ...{ ruleId: entry.id, ruleIndex: indexes.get(entry.id), level: LEVELS[entry.severity] },
    message: { text: entry.facts.filter(isSaid).map(formatFact).join('\n') },
    locations: listLocations(entry),
    partialFingerprints: { primaryLocationLineHash: fingerprint(entry, seen) },
  }));
  const properties = {
    ...{ imageID: Metadata.ImageID, imageName: ArtifactName },
    ...{ repoDigests: Metadata.RepoDigests, repoTags: [] },
  };
  return JSON.stringify({
    $schema:
      'https://raw.githubusercontent.com/oasis-tcs/sarif-spec/main/sarif-2.1/schema/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [{ tool: { driver }, results, columnKind: 'utf16CodeUnits', properties }],
  });
}

function listEntries(result: Result, artifact: string): Entry[] {
  const ofSystem = result.Class === 'os-pkgs';
  // Of the image itself Trivy says that it is in the layout it read.
  const target = ofSystem || ['', LAYOUT_FOLDER].includes(result.Target) ? artifact : result.Target;
  const lines = new Map<string, Entry['regions']>();
  for (const { Name, Version, Locations } of result.Packages) {
    const key = `${Name}@${Version}`;
    if (!lines.has(key)) lines.set(key, Locations);
  }
  return [
    ...result.Vulnerabilities.map((found): Entry => {
      const { VulnerabilityID: id, PkgName, InstalledVersion, Title } = found;
      return {
        ...{ id, tag: 'vulnerability', severity: found.Severity, url: found.PrimaryURL, title: Title },
        rule: ofSystem ? 'OsPackageVulnerability' : 'LanguageSpecificPackageVulnerability',
        description: found.Description || Title,
        cvss: new Map(Object.entries(found.CVSS ?? {})).get(found.SeveritySource),
        facts: [
          ['Package', PkgName],
          ['Installed Version', InstalledVersion],
          ['Vulnerability', id],
          ['Severity', found.Severity],
          ['Fixed Version', found.FixedVersion],
        ],
        ...{ path: found.PkgPath || target, name: PkgName, version: InstalledVersion },
        regions: lines.get(`${PkgName}@${InstalledVersion}`) ?? [],
      };
    }),
    ...result.Misconfigurations.map(
      (found): Entry => ({
        ...{ id: found.ID, tag: 'misconfiguration', rule: 'Misconfiguration', severity: found.Severity },
        ...{ title: found.Title, description: found.Description, url: found.PrimaryURL },
        facts: [
          ['Artifact', target],
          ['Type', found.Type],
          ['Misconfiguration', found.ID],
          ['Severity', found.Severity],
          ['Check', found.Title],
        ],
        ...{ path: target, name: '', version: '' },
        regions: found.CauseMetadata ? [found.CauseMetadata] : [],
      }),
    ),
    ...result.Secrets.map(
      (found): Entry => ({
        ...{ id: found.RuleID, tag: 'secret', rule: 'Secret', severity: found.Severity },
        ...{ title: found.Title, description: found.Title, url: SECRET_RULES },
        facts: [
          ['Artifact', target],
          ['Secret', found.Title],
          ['Severity', found.Severity],
        ],
        ...{ path: target, name: '', version: '', regions: [found] },
      }),
    ),
    ...result.Licenses.map((found): Entry => {
      const title = `${found.Name} in ${found.PkgName || found.FilePath}`;
      return {
        // The image says both.
        id: cleanText(`${found.PkgName}:${found.Name}`, MOST),
        ...{ tag: 'license', rule: 'License', severity: found.Severity },
        ...{ title, description: title, url: found.Link },
        facts: [
          ['Artifact', target],
          ['License', found.Name],
          ['PkgName', found.PkgName],
          ['Classification', found.Category],
          ['Path', found.FilePath],
        ],
        ...{ path: found.FilePath || target, name: found.PkgName, version: '', regions: [] },
      };
    }),
  ];
}

function describeRule({ id, rule, tag, severity, title, description, url, cvss, facts }: Entry): object {
  const said = facts.filter(isSaid);
  const lines = description.split(/\r?\n/);
  const short = cleanText(title, MOST) || id;
  const full = lines.map(plain).join('\n');
  const table = formatTable(
    said.map(([word]) => word),
    [said.map(([, value]) => escapeMarkdown(value))],
  );
  const scores = {
    ...{ cvssv2_vector: cvss?.V2Vector, cvssv2_score: cvss?.V2Score },
    ...{ cvssv3_vector: cvss?.V3Vector, cvssv3_baseScore: cvss?.V3Score },
    ...{ cvssv40_vector: cvss?.V40Vector, cvssv40_baseScore: cvss?.V40Score },
  };
  return {
    ...{ id, name: rule },
    // GitHub takes neither of them empty ("SARIF support for code scanning", reportingDescriptor object).
    shortDescription: { text: short },
    fullDescription: { text: full.trim() || short },
    defaultConfiguration: { level: LEVELS[severity] },
    ...(/^https?:/.test(url) && URL.canParse(url) && { helpUri: new URL(url).href }),
    help: {
      text: [...said.map(formatFact), '', full].join('\n'),
      markdown: [table, '', ...lines.map((line) => escapeMarkdown(line)), '', formatLink(id, url)].join('\n'),
    },
    properties: {
      ...Object.fromEntries(Object.entries(scores).filter(([, value]) => value)),
      precision: 'very-high',
      'security-severity': cvss?.V3Score ? cvss.V3Score.toFixed(1) : SCORES[severity],
      tags: [tag, 'security', severity],
    },
  };
}

function listLocations({ path, name, version, regions }: Entry): object[] {
  const places = regions.length > 0 ? regions : [{ StartLine: 1, EndLine: 1 }];
  return places.map(({ StartLine, EndLine }) => ({
    physicalLocation: {
      artifactLocation: { uri: toUri(path), uriBaseId: 'ROOTPATH' },
      // Lines begin at 1 (3.30.5); what has none is said of the file.
      region: {
        startLine: Math.max(StartLine, 1),
        startColumn: 1,
        endLine: Math.max(EndLine, StartLine, 1),
        endColumn: 1,
      },
    },
    message: { text: plain(name === '' ? path : `${path}: ${name}${version && `@${version}`}`) },
  }));
}

/**
 * What stays the same of a finding in one place while its package gets another version and its line another number: code scanning knows it again
 * by this, and without it shows it twice when it comes by the API (docs.github.com, "SARIF support for code scanning", partialFingerprints).
 */
function fingerprint({ id, path, name }: Entry, seen: Map<string, number>): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([id, path, name]))
    .digest('hex')
    .slice(0, 16);
  const count = (seen.get(hash) ?? 0) + 1;
  seen.set(hash, count);
  return `${hash}:${count}`;
}

/** A path as a URI reference (RFC 3986, 3.3) that names neither a scheme nor a host nor a way up. */
function toUri(path: string): string {
  const parts = path.toWellFormed().split('/');
  const encoded = parts.map((part) =>
    /^\.{1,2}$/.test(part)
      ? '_'
      : encodeURIComponent(part).replace(/%(?:24|26|2B|2C|3B|3D|40)/g, decodeURIComponent),
  );
  return encoded.join('/').replace(/^\/+/, '/');
}

function isSaid([, value]: Entry['facts'][number]): boolean {
  return value !== '';
}

function formatFact([word, value]: Entry['facts'][number]): string {
  return `${word}: ${plain(value)}`;
}

/** One line of text in which no link begins (SARIF 2.1.0, 3.11.6). */
function plain(line: string): string {
  return cleanText(line).replace(/[\\[\]]/g, '\\$&');
}
