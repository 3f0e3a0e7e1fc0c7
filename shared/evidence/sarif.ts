import * as z from 'zod';
import { type Finding, type FindingClass, makeFinding, optionalText as text } from './finding.ts';
import { SEVERITIES, type Severity } from './severity.ts';

const rule = z.object({
  id: z.string(),
  helpUri: text,
  shortDescription: z.object({ text }).nullish(),
  defaultConfiguration: z.object({ level: text }).nullish(),
  properties: z
    .object({
      'security-severity': z.union([z.string(), z.number()]).nullish(),
      tags: z.array(z.string()).nullish(),
    })
    .nullish(),
});
const location = z.object({
  physicalLocation: z
    .object({
      artifactLocation: z.object({ uri: text }).nullish(),
      region: z.object({ startLine: z.number().int().positive().optional() }).nullish(),
    })
    .nullish(),
  logicalLocations: z.array(z.object({ fullyQualifiedName: text })).nullish(),
});
/** SARIF 2.1.0, as far as scanners of images use it; unknown fields are ignored. */
const schema = z.object({
  version: z.literal('2.1.0'),
  runs: z.array(
    z.object({
      tool: z.object({ driver: z.object({ name: z.string().min(1), rules: z.array(rule).nullish() }) }),
      results: z
        .array(
          z.object({
            ruleId: z.string().optional(),
            ruleIndex: z.number().int().optional(),
            rule: z.object({ id: z.string().optional(), index: z.number().int().optional() }).nullish(),
            kind: z.string().default('fail'),
            level: text,
            message: z.object({ text }),
            locations: z.array(location).nullish(),
          }),
        )
        .nullish(),
    }),
  ),
});
type Rule = z.output<typeof rule>;
type Location = z.output<typeof location>;

/** The results of every run that say that something is wrong, suppressed ones too; undefined when it is no SARIF. */
export function readSarif(json: object, platform: string): Finding[] | undefined {
  if (!('runs' in json)) return undefined;
  return schema.parse(json).runs.flatMap(({ tool: { driver }, results }) => {
    const rules = new Map((driver.rules ?? []).map((one) => [one.id, one]));
    return (results ?? [])
      .filter(({ kind }) => kind === 'fail' || kind === 'open' || kind === 'review')
      .map((result) => {
        const index = result.ruleIndex ?? result.rule?.index;
        const named = result.ruleId ?? result.rule?.id;
        const known = (named === undefined ? undefined : rules.get(named)) ?? driver.rules?.[index ?? -1];
        const id = named ?? known?.id ?? 'unknown rule';
        const [place] = result.locations ?? [];
        const { name, aliases, package: packageName } = readRuleId(id);
        const line = place?.physicalLocation?.region?.startLine;
        return makeFinding({
          class: classOf(known),
          id: name,
          aliases,
          severity: severityOf(known, result.level),
          title: result.message.text || (known?.shortDescription?.text ?? ''),
          url: known?.helpUri ?? '',
          ...readPackage(place, result.message.text, packageName),
          target: place?.physicalLocation?.artifactLocation?.uri ?? '',
          ...(line !== undefined && { line }),
          scanner: driver.name.toLowerCase().slice(0, 100),
          platform,
        });
      });
  });
}

/** Grype writes the package behind the id of the vulnerability: `CVE-2024-1-openssl`. */
function readRuleId(id: string): { name: string; aliases: string[]; package: string } {
  const match = /^(CVE-\d{4}-\d+|GHSA(?:-[0-9a-z]{4}){3})(?:-(.+))?$/i.exec(id);
  if (match === null) return { name: id, aliases: [], package: '' };
  const [, name = id, packageName = ''] = match;
  return { name, aliases: name === id ? [] : [id], package: packageName };
}

/** How Grype and Trivy name the package in a message: SARIF itself has no place for it. */
const MESSAGES = [
  /\bpackage: (?<name>\S+), version (?<version>\S+) was found at:/,
  /^Package: (?<name>\S+)\r?\nInstalled Version: (?<version>\S+)$/m,
];

/** Snyk names it in a logical location: `openssl@1.1.1`, `@babel/core@7.0.0`. */
function readPackage(
  place: Location | undefined,
  message: string,
  fallback: string,
): { package: string; version: string } {
  const whole = place?.logicalLocations?.find(({ fullyQualifiedName }) =>
    fullyQualifiedName.includes('@', 1),
  );
  const name = whole?.fullyQualifiedName ?? '';
  const at = name.lastIndexOf('@');
  if (at > 0) return { package: name.slice(0, at), version: name.slice(at + 1) };
  const told = MESSAGES.map((pattern) => pattern.exec(message.slice(0, 4096))?.groups).find(Boolean);
  return { package: told?.['name'] ?? fallback, version: told?.['version'] ?? '' };
}

function classOf(known: Rule | undefined): FindingClass {
  const tags = (known?.properties?.tags ?? []).map((tag) => tag.toLowerCase());
  if (tags.includes('secret')) return 'secret';
  if (tags.includes('misconfiguration')) return 'misconfiguration';
  return tags.includes('license') ? 'licence' : 'vulnerability';
}

const LEVELS: ReadonlyMap<string, Severity> = new Map([
  ['error', 'HIGH'],
  ['warning', 'MEDIUM'],
  ['note', 'LOW'],
]);

/**
 * The score as GitHub reads it (docs.github.com, "SARIF support": over 9.0, 7.0, 4.0), or the level where that is worse: a rule has one score, and
 * a vulnerability may be worse in one package than in another.
 */
function severityOf(known: Rule | undefined, level: string): Severity {
  const score = Number(known?.properties?.['security-severity'] ?? Number.NaN);
  const named = LEVELS.get(level || known?.defaultConfiguration?.level || 'warning') ?? 'UNKNOWN';
  // Trivy gives what nobody has rated the level of what is harmless, and says so in a tag.
  const unrated = named === 'LOW' && known?.properties?.tags?.includes('UNKNOWN') === true;
  if (!(score > 0)) return unrated ? 'UNKNOWN' : named;
  const scored = score >= 9 ? 'CRITICAL' : score >= 7 ? 'HIGH' : score >= 4 ? 'MEDIUM' : 'LOW';
  return level !== '' && SEVERITIES.indexOf(named) < SEVERITIES.indexOf(scored) ? named : scored;
}
