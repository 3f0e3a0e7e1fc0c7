import type { Finding } from '../evidence/finding.ts';
import { type MergedFinding, platformsOf, scannersOf } from '../evidence/merge.ts';
import type { Severity } from '../evidence/severity.ts';
import type { ReviewFinding } from './review.ts';

/** What a reviewer sees of one finding; `known` is what the baseline and the excuses say of it. */
export function describeFinding(
  merged: MergedFinding,
  known: Pick<ReviewFinding, 'state' | 'exception' | 'vex' | 'locked'>,
): ReviewFinding {
  const { found, severity, all } = merged;
  const { line, cvss, published, exploited, firstSeen } = found;
  const severities: Record<string, Severity> = {};
  for (const one of all) {
    if (one.scanner !== found.scanner) severities[one.scanner] = one.severity;
    Object.assign(severities, one.severities);
  }
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
    platforms: platformsOf(merged),
    scanners: scannersOf(merged).slice(0, 16),
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
  return `${id} in ${found.package} ${version} (${fix})${target && `, ${target}`}${by}`;
}
