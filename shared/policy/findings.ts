import type { Finding, FindingClass } from '../evidence/finding.ts';
import type { Severity } from '../evidence/severity.ts';
import type { Excused } from './excuses.ts';

/** A finding and what exceptions and VEX say of it. */
export interface Stated {
  readonly found: Finding;
  readonly said: Excused;
}

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
  /** What VEX says of it, as `affected`; empty when it says nothing. */
  readonly vex: string;
  readonly published?: Date;
  readonly firstSeen?: Date;
  readonly exploited?: Date;
}

/** A finding that is excused, and by what. */
export interface ExcusedFacts {
  readonly class: FindingClass;
  readonly id: string;
  readonly package: string;
  readonly severity: string;
  readonly target: string;
  readonly platform: string;
  /** `exception` or `vex`. */
  readonly by: string;
  readonly owner: string;
  readonly reason: string;
  readonly until?: Date;
  readonly exploited?: Date;
}

/** Findings as the variables of rules, one list a class. */
export interface FindingFacts {
  readonly vulnerabilities: readonly VulnerabilityFacts[];
  readonly secrets: readonly (object & { readonly severity: Severity })[];
  readonly misconfigurations: readonly object[];
  readonly licences: readonly object[];
}

/** What rules see of findings: the fields that variables.ts declares, and no others. */
export function describeFindings(stated: readonly Stated[]): FindingFacts {
  const of = (wanted: FindingClass): Finding[] =>
    stated.flatMap(({ found }) => (found.class === wanted ? [found] : []));
  return {
    vulnerabilities: stated.filter(({ found }) => found.class === 'vulnerability').map(describeVulnerability),
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

function describeVulnerability({ found, said }: Stated): VulnerabilityFacts {
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
    vex: said.vex?.status ?? '',
    ...(cvss !== undefined && { cvss }),
    ...readTime('published', found.published),
    ...readTime('firstSeen', found.firstSeen),
    ...readTime('exploited', found.exploited),
  };
}

/** Why each is excused: where both an exception and VEX do, the exception, which has an end. */
export function describeExcused(stated: readonly Stated[]): ExcusedFacts[] {
  return stated.map(({ found, said: { exception, vex } }) => ({
    class: found.class,
    id: found.id,
    package: found.package,
    severity: found.severity,
    target: found.target,
    platform: found.platform,
    by: exception === undefined ? 'vex' : 'exception',
    owner: exception?.owner ?? '',
    reason: exception?.reason ?? `${vex?.status}: ${vex?.justification}`,
    ...(exception?.until && { until: exception.until }),
    ...readTime('exploited', found.exploited),
  }));
}

/** How many excused findings are told one by one. */
const MAX_TOLD = 20;

/** What was excused in words, each once over all platforms: nobody should have to look for it. */
export function tellExcused(excused: readonly ExcusedFacts[]): string[] {
  const told = excused.map(({ id, package: name, target, by, owner, reason, until }) => {
    const who = by === 'vex' ? 'by VEX' : `by ${owner} until ${until?.toISOString().slice(0, 10)}`;
    return `${id} in ${name || target} is excused ${who}: ${reason}`;
  });
  const distinct = [...new Set(told)];
  const more = distinct.length - MAX_TOLD;
  return more > 0 ? [...distinct.slice(0, MAX_TOLD), `and ${more} more are excused`] : distinct;
}

/** Left out when it is no time: a rule that asks without has() then has an error, and denies. */
function readTime(name: string, text: string | undefined): Readonly<Record<string, Date>> {
  const time = new Date(text ?? '');
  return Number.isNaN(time.getTime()) ? {} : { [name]: time };
}
