import type { Finding, FindingClass } from '../evidence/finding.ts';

/** A vulnerability as rules see it. */
export interface VulnerabilityFacts
  extends Pick<
    Finding,
    | 'id'
    | 'package'
    | 'version'
    | 'fixed'
    | 'severity'
    | 'title'
    | 'url'
    | 'platform'
    | 'target'
    | 'purl'
    | 'status'
    | 'scanner'
    | 'cvss'
  > {
  readonly published?: Date;
  readonly firstSeen?: Date;
  readonly exploited?: Date;
}

/** Findings as the variables of rules, one list a class. */
export interface FindingFacts {
  readonly vulnerabilities: readonly VulnerabilityFacts[];
  readonly secrets: readonly object[];
  readonly misconfigurations: readonly object[];
  readonly licences: readonly object[];
}

/** What rules see of findings: the fields that variables.ts declares, and no others. */
export function describeFindings(findings: readonly Finding[]): FindingFacts {
  const of = (wanted: FindingClass): Finding[] => findings.filter((found) => found.class === wanted);
  return {
    vulnerabilities: of('vulnerability').map(describeVulnerability),
    secrets: of('secret').map(({ id, category, severity, title, target, line, platform, scanner }) => ({
      rule: id,
      category,
      severity,
      title,
      target,
      line: BigInt(line ?? 0),
      platform,
      scanner,
    })),
    misconfigurations: of('misconfiguration').map(
      ({ id, category, severity, title, target, line, platform, scanner }) => ({
        id,
        category,
        severity,
        title,
        target,
        line: BigInt(line ?? 0),
        platform,
        scanner,
      }),
    ),
    licences: of('licence').map(({ id, category, severity, package: name, target, platform, scanner }) => ({
      id,
      category,
      severity,
      package: name,
      target,
      platform,
      scanner,
    })),
  };
}

function describeVulnerability(found: Finding): VulnerabilityFacts {
  const { id, version, fixed, severity, title, url, platform, target, purl, status, scanner, cvss } = found;
  return {
    id,
    package: found.package,
    version,
    fixed,
    severity,
    title,
    url,
    platform,
    target,
    purl,
    status,
    scanner,
    ...(cvss !== undefined && { cvss }),
    ...readTime('published', found.published),
    ...readTime('firstSeen', found.firstSeen),
    ...readTime('exploited', found.exploited),
  };
}

/** Left out when it is no time: a rule that asks without has() then has an error, and denies. */
function readTime(name: string, text: string | undefined): Readonly<Record<string, Date>> {
  const time = new Date(text ?? '');
  return Number.isNaN(time.getTime()) ? {} : { [name]: time };
}
