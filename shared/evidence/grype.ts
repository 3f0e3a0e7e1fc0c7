import * as z from 'zod';
import { type Finding, makeFinding, optionalText as text } from './finding.ts';
import { readSeverity } from './severity.ts';

const vulnerability = z.object({
  id: z.string().min(1),
  dataSource: text,
  namespace: text,
  severity: text,
  description: text,
  cvss: z.array(z.object({ version: text, metrics: z.object({ baseScore: z.number() }) })).nullish(),
  fix: z.object({ versions: z.array(z.string()).nullish(), state: text }).nullish(),
});

/** anchore/grype, schema/grype/json; unknown fields are ignored. */
const schema = z.object({
  descriptor: z.object({ name: z.literal('grype') }),
  matches: z.array(
    z.object({
      vulnerability,
      relatedVulnerabilities: z.array(z.object({ id: z.string() })).nullish(),
      artifact: z.object({
        name: z.string().min(1),
        version: text,
        purl: text,
        locations: z.array(z.object({ path: text, layerID: text })).nullish(),
      }),
    }),
  ),
});

/** The matches of Grype's JSON report; undefined when it is none. */
export function readGrype(json: object, platform: string): Finding[] | undefined {
  if (!('matches' in json)) return undefined;
  return schema.parse(json).matches.map(({ vulnerability: found, relatedVulnerabilities, artifact }) => {
    const [place] = artifact.locations ?? [];
    const severity = readSeverity(found.severity);
    // Version 2 scores are on another scale.
    const scores = (found.cvss ?? []).filter(({ version }) => /^[34]/.test(version));
    const cvss = Math.max(0, ...scores.map(({ metrics }) => metrics.baseScore));
    return makeFinding({
      class: 'vulnerability',
      id: found.id,
      aliases: (relatedVulnerabilities ?? []).map(({ id }) => id).filter((id) => id !== found.id),
      severity,
      ...(found.namespace !== '' && { severities: { [found.namespace.slice(0, 100)]: severity } }),
      title: found.description,
      url: found.dataSource,
      package: artifact.name,
      version: artifact.version,
      purl: artifact.purl,
      fixed: found.fix?.versions?.join(', ') ?? '',
      status: found.fix?.state ?? '',
      target: place?.path ?? '',
      layer: place?.layerID ?? '',
      ...(cvss > 0 && cvss <= 10 && { cvss }),
      scanner: 'grype',
      platform,
    });
  });
}
