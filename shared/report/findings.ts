import { countSeverities, type Finding, type ScanResult, type SecretFinding } from '../evidence/scan.ts';
import { SEVERITIES } from '../evidence/severity.ts';
import { shortDigest } from '../image/digest.ts';
import { escapeMarkdown, formatCode, formatLink, formatTable } from './markdown.ts';

/** How many rows a reader is shown; the report has all. */
const ROWS = 25;

/** The scan of an image as Markdown for the job summary: verdict first, then counts, then what to do about it. */
export function formatFindings(
  image: string,
  scans: readonly ScanResult[],
  reasons: readonly string[],
): string {
  const [first] = scans;
  const parts = [`### Hallmark scan: ${reasons.length > 0 ? 'refused' : 'passed'}`];
  if (reasons.length > 0) {
    const more = reasons.length > ROWS ? [`- and ${reasons.length - ROWS} more`] : [];
    const shown = reasons.slice(0, ROWS).map((reason) => `- ${escapeMarkdown(reason)}`);
    parts.push([...shown, ...more].join('\n'));
  }
  parts.push(`${formatCode(image)}\n\n${describeScan(first)}`);
  if (first && first.scanners.length > 0) {
    parts.push(
      formatTable(
        ['', ...SEVERITIES.map((word) => word.toLowerCase())],
        scans.map((scan) => {
          const counts = countSeverities([scan]);
          return [formatCode(scan.platform), ...SEVERITIES.map((word) => String(counts[word]))];
        }),
      ),
    );
  }
  const secrets = unite(scans, (scan) => scan.secrets);
  if (secrets.length > 0)
    parts.push('#### Secrets', formatTable(SECRET_HEAD, secrets.slice(0, ROWS).map(secretRow)));
  const findings = unite(scans, (scan) => scan.findings);
  if (findings.length > 0) {
    parts.push('#### Vulnerabilities', formatTable(FINDING_HEAD, findings.slice(0, ROWS).map(findingRow)));
  }
  const hidden = Math.max(0, findings.length - ROWS) + Math.max(0, secrets.length - ROWS);
  if (hidden > 0) parts.push(`_${hidden} more in the report._`);
  return `${parts.join('\n\n')}\n`;
}

function describeScan(scan: ScanResult | undefined): string {
  if (!scan) return '';
  const { database, scanners, version } = scan;
  const looked = scanners.length > 0 ? `looked for: ${scanners.join(', ')}` : 'packages only, nothing judged';
  const known = database
    ? `, database of ${escapeMarkdown(database.updatedAt)} (${formatCode(shortDigest(database.digest))})`
    : '';
  return `Trivy ${escapeMarkdown(version)}${known}; ${looked}.`;
}

interface Shared<T> {
  readonly found: T;
  readonly platforms: string[];
}

/** What several platforms share is one row; the worst first, and of those the ones that can be fixed. */
function unite<T extends Finding | SecretFinding>(
  scans: readonly ScanResult[],
  read: (scan: ScanResult) => readonly T[],
): Shared<T>[] {
  const rows = new Map<string, Shared<T>>();
  for (const found of scans.flatMap(read)) {
    const key = JSON.stringify({ ...found, platform: '' });
    const row = rows.get(key) ?? { found, platforms: [] };
    if (!row.platforms.includes(found.platform)) row.platforms.push(found.platform);
    rows.set(key, row);
  }
  return [...rows.values()].sort((a, b) => rank(a.found) - rank(b.found));
}

function rank(found: Finding | SecretFinding): number {
  const unfixed = 'fixed' in found && found.fixed === '' ? 1 : 0;
  return SEVERITIES.indexOf(found.severity) * 2 + unfixed;
}

const FINDING_HEAD = ['Severity', 'Vulnerability', 'Package', 'Installed', 'Fixed in', 'Where', 'Platforms'];

function findingRow({ found, platforms }: Shared<Finding>): string[] {
  return [
    found.severity.toLowerCase(),
    `${formatLink(found.id, found.url)} ${escapeMarkdown(found.title)}`,
    formatCode(found.package),
    formatCode(found.version),
    found.fixed === '' ? 'no fix' : formatCode(found.fixed),
    formatCode(found.target),
    platforms.map(formatCode).join(', '),
  ];
}

const SECRET_HEAD = ['Severity', 'Secret', 'Where', 'Line', 'Platforms'];

function secretRow({ found, platforms }: Shared<SecretFinding>): string[] {
  return [
    found.severity.toLowerCase(),
    escapeMarkdown(`${found.title} (${found.rule})`),
    formatCode(found.target),
    String(found.line),
    platforms.map(formatCode).join(', '),
  ];
}
