/** From the worst to the least known. */
export const SEVERITIES = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'UNKNOWN'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** What other words scanners have (Grype, Snyk, Clair, distributions). */
const WORDS: Readonly<Record<string, Severity>> = {
  DEFCON1: 'CRITICAL',
  IMPORTANT: 'HIGH',
  MODERATE: 'MEDIUM',
  NEGLIGIBLE: 'LOW',
};

/** The severity that a scanner's word means; one that nobody knows is `UNKNOWN`, never harmless. */
export function readSeverity(word: string): Severity {
  const upper = word.toUpperCase();
  return (
    SEVERITIES.find((known) => known === upper) ??
    (Object.hasOwn(WORDS, upper) ? WORDS[upper] : undefined) ??
    'UNKNOWN'
  );
}

/** What a scan may look for. A policy that asks for secrets must not be answered by a scan that did not look for them. */
export const SCANNERS = ['vuln', 'secret', 'misconfig', 'license'] as const;
export type Scanner = (typeof SCANNERS)[number];
