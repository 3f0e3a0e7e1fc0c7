import { type Finding, keyOf } from './finding.ts';
import { SEVERITIES, type Severity } from './severity.ts';

/** What is one thing for a reader: the same finding on several platforms, or by several scanners. */
export interface MergedFinding {
  /** The one to show: the image's own scanner before others. */
  readonly found: Finding;
  /** The worst that any of them says. */
  readonly severity: Severity;
  /** Every single one; an excuse for this has to excuse each. */
  readonly all: readonly Finding[];
}

/**
 * Merges findings over platforms, and what another scanner reports into what ours found of the same package under the same name.
 * In the order of severity, and of those what can be fixed first. Nothing is dropped: `all` of the results together are the findings.
 */
export function mergeFindings(findings: readonly Finding[]): MergedFinding[] {
  const groups = new Map<string, Finding[]>();
  const named = new Map<string, Finding[]>();
  // Ours first, so that others find them.
  const sorted = findings.toSorted((a, b) => rankScanner(a) - rankScanner(b));
  // Names are for others alone, and of many findings they are most of the memory.
  const alone = findings.every(({ scanner }) => scanner === OWN);
  for (const found of sorted) {
    const key = keyOf(found);
    const group = (found.scanner === OWN ? undefined : findNamed(named, found)) ?? groups.get(key);
    if (group !== undefined) {
      group.push(found);
      continue;
    }
    const made = [found];
    groups.set(key, made);
    if (alone) continue;
    for (const name of namesOf(found)) if (!named.has(name)) named.set(name, made);
  }
  return Array.from(groups.values(), mergeGroup).sort((a, b) => rank(a) - rank(b));
}

const OWN = 'trivy';

function rankScanner({ scanner }: Finding): number {
  return scanner === OWN ? 0 : 1;
}

/** Under which names another scanner may mean the same; of a secret or a misconfiguration rules differ too much to say. */
function namesOf(found: Finding): string[] {
  if (found.class !== 'vulnerability') return [];
  return [found.id, ...found.aliases].map((id) => `${id.toLowerCase()} ${found.package} ${found.version}`);
}

function findNamed(named: ReadonlyMap<string, Finding[]>, found: Finding): Finding[] | undefined {
  for (const name of namesOf(found)) {
    const group = named.get(name);
    if (group !== undefined) return group;
  }
  return undefined;
}

function mergeGroup(all: readonly Finding[]): MergedFinding {
  const found = all[0] as Finding;
  let { severity } = found;
  for (const one of all) {
    if (SEVERITIES.indexOf(one.severity) < SEVERITIES.indexOf(severity)) severity = one.severity;
  }
  return { found, severity, all };
}

function rank({ severity, found }: MergedFinding): number {
  const unfixed = found.class === 'vulnerability' && found.fixed === '' ? 1 : 0;
  return SEVERITIES.indexOf(severity) * 2 + unfixed;
}

/** How many there are of each severity. What several platforms or scanners share counts once. */
export function countSeverities(merged: readonly MergedFinding[]): Record<Severity, number> {
  const counts: Record<Severity, number> = { CRITICAL: 0, HIGH: 0, MEDIUM: 0, LOW: 0, UNKNOWN: 0 };
  for (const { severity } of merged) counts[severity] += 1;
  return counts;
}

/** The platforms that have it, each once. */
export function platformsOf({ all }: MergedFinding): string[] {
  return listOnce(all, ({ platform }) => platform);
}

/** Who found it, each once. */
export function scannersOf({ all }: MergedFinding): string[] {
  return listOnce(all, ({ scanner }) => scanner);
}

function listOnce(all: readonly Finding[], nameOf: (found: Finding) => string): string[] {
  // Most findings are of one platform and one scanner, and a set for each of 50,000 is most of the memory.
  return all.length === 1 ? all.map(nameOf) : [...new Set(all.map(nameOf))];
}
