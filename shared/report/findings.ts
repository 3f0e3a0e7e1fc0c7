import type { Finding } from '../evidence/finding.ts';
import { type MergedFinding, platformsOf } from '../evidence/merge.ts';
import { SEVERITIES } from '../evidence/severity.ts';
import { escapeMarkdown, formatCode, formatLink, formatTable } from './markdown.ts';
import type { Review, ReviewFinding } from './review.ts';

/** How many rows a reader is shown; the review has all. */
const ROWS = 25;

/** What a reviewer sees of one finding; `known` is what the baseline and the excuses say of it. */
export function describeFinding(
  { found, severity, all }: MergedFinding,
  known: Pick<ReviewFinding, 'state' | 'exception' | 'vex'>,
): ReviewFinding {
  const { line, cvss, published, exploited, firstSeen } = found;
  const severities = Object.assign(
    {},
    ...all.map((one) => ({
      ...(one.scanner !== found.scanner && { [one.scanner]: one.severity }),
      ...one.severities,
    })),
  ) as ReviewFinding['severities'];
  return {
    class: found.class,
    id: cut(found.id),
    severity,
    severities,
    title: cut(found.title),
    url: cut(found.url),
    package: cut(found.package),
    version: cut(found.version),
    fixed: cut(found.fixed),
    status: cut(found.status),
    target: cut(found.target),
    ...(line !== undefined && { line }),
    ...(cvss !== undefined && { cvss }),
    ...(published !== undefined && { published: published.slice(0, 40) }),
    ...(exploited !== undefined && { exploited: exploited.slice(0, 40) }),
    ...(firstSeen !== undefined && { firstSeen: firstSeen.slice(0, 40) }),
    ...(found.layer !== '' && { layer: { digest: cut(found.layer), createdBy: '' } }),
    platforms: platformsOf({ found, severity, all }),
    scanners: [...new Set(all.map(({ scanner }) => scanner))].slice(0, 16),
    ...known,
  };
}

/** A text that a review can hold. */
function cut(text: string): string {
  return text.length > 4096 ? `${text.slice(0, 4095)}…` : text;
}

/** A finding in one line, for logs and lists of reasons. */
export function tellFinding({ found, severity }: MergedFinding): string {
  return `${severity}: ${tellSubject(found)}`;
}

function tellSubject({ class: kind, id, title, target, line, fixed, version, ...found }: Finding): string {
  const place = line === undefined ? target : `${target}, line ${line}`;
  if (kind === 'secret') return `secret (${title || id}) in ${place}`;
  if (kind === 'misconfiguration') return `${id} (${title}) in ${place}`;
  if (kind === 'licence') return `licence ${id} of ${found.package || target}`;
  const fix = fixed === '' ? 'no fix yet' : `fixed in ${fixed}`;
  const by = found.scanner === 'trivy' ? '' : `, by ${found.scanner}`;
  return `${id} in ${found.package} ${version} (${fix}), ${target}${by}`;
}

/** The scan of an image as Markdown for the job summary: verdict first, then counts, then what to do about it. */
export function formatFindings(review: Review): string {
  const { reasons, findings } = review;
  const parts = [`### Hallmark scan: ${review.outcome}`];
  if (reasons.length > 0) {
    const more = reasons.length > ROWS ? [`- and ${reasons.length - ROWS} more`] : [];
    const shown = reasons.slice(0, ROWS).map((reason) => `- ${escapeMarkdown(reason)}`);
    parts.push([...shown, ...more].join('\n'));
  }
  parts.push(`${formatCode(review.image)}\n\n${describeScan(review)}`);
  if (findings.length > 0) {
    parts.push(
      formatTable(
        ['', ...SEVERITIES.map((word) => word.toLowerCase())],
        review.platforms.map(({ name }) => [
          formatCode(name),
          ...SEVERITIES.map((word) =>
            String(
              findings.filter((found) => found.severity === word && found.platforms.includes(name)).length,
            ),
          ),
        ]),
      ),
      formatTable(HEAD, findings.slice(0, ROWS).map(formatRow)),
    );
  }
  if (findings.length > ROWS) parts.push(`_${findings.length - ROWS} more in the report._`);
  return `${parts.join('\n\n')}\n`;
}

function describeScan({ scanner, baseline, judged }: Review): string {
  const known =
    scanner.databaseUpdatedAt === undefined
      ? ''
      : `, database of ${escapeMarkdown(scanner.databaseUpdatedAt)}`;
  const against =
    baseline === undefined
      ? ''
      : baseline.image === ''
        ? ` No baseline (${escapeMarkdown(baseline.reason)}), so everything counts as new.`
        : ` Compared with ${formatCode(baseline.image)}.`;
  return `Trivy ${escapeMarkdown(scanner.version)}${known}${judged ? '' : '; nothing judged'}.${against}`;
}

const HEAD = ['Severity', 'Finding', 'Package', 'Installed', 'Fixed in', 'Where', 'Platforms', 'Note'];

function formatRow(found: ReviewFinding): string[] {
  const code = (text: string): string => (text === '' ? '' : formatCode(text));
  return [
    found.severity.toLowerCase(),
    `${formatLink(found.id, found.url)} ${escapeMarkdown(found.title)}`,
    code(found.package),
    code(found.version),
    found.class === 'vulnerability' && found.fixed === '' ? 'no fix' : code(found.fixed),
    formatCode(found.line === undefined ? found.target : `${found.target}:${found.line}`),
    found.platforms.map(formatCode).join(', '),
    [
      ...(found.state === 'new' ? ['new'] : []),
      ...(found.exploited === undefined ? [] : ['exploited']),
      ...(found.exception === undefined
        ? []
        : [`excepted until ${escapeMarkdown(found.exception.until || 'ever')}`]),
      ...(found.vex === undefined ? [] : [`VEX: ${escapeMarkdown(found.vex.status)}`]),
    ].join(', '),
  ];
}
