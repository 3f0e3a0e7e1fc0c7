import * as z from 'zod';
import { type Finding, makeFinding, optionalText as text } from './finding.ts';
import { readSeverity } from './severity.ts';

/** quay/claircore, VulnerabilityReport; unknown fields are ignored. */
const schema = z.object({
  packages: z.record(z.string(), z.object({ name: z.string().min(1), version: text })).nullish(),
  environments: z
    .record(z.string(), z.array(z.object({ package_db: text, introduced_in: text })).nullish())
    .nullish(),
  vulnerabilities: z
    .record(
      z.string(),
      z.object({
        name: z.string().min(1),
        description: text,
        issued: text,
        links: text,
        normalized_severity: text,
        fixed_in_version: text,
      }),
    )
    .nullish(),
  package_vulnerabilities: z.record(z.string(), z.array(z.string()).nullish()),
});

/**
 * The findings of Clair's report; undefined when it is none. A vulnerability or package that the report refers to and does not have is a
 * `ZodError`: passing over it would lose a finding.
 */
export function readClair(json: object, platform: string): Finding[] | undefined {
  if (!('package_vulnerabilities' in json)) return undefined;
  const report = schema.parse(json);
  return Object.entries(report.package_vulnerabilities).flatMap(([packageId, ids]) =>
    (ids ?? []).map((id) => {
      const found = report.vulnerabilities?.[id];
      const artifact = report.packages?.[packageId];
      if (found === undefined || artifact === undefined) {
        const path = ['package_vulnerabilities', packageId];
        throw new z.ZodError([
          { code: 'custom', path, message: `"${id}" is not in the report`, input: undefined },
        ]);
      }
      const [place] = report.environments?.[packageId] ?? [];
      // An Ubuntu vulnerability is called "CVE-2024-1 on Ubuntu 22.04 LTS (jammy) - medium".
      const name = /^(?:CVE-\d{4}-\d+|GHSA(?:-\w{4}){3})\b/.exec(found.name)?.[0] ?? found.name;
      return makeFinding({
        class: 'vulnerability',
        id: name,
        severity: readSeverity(found.normalized_severity),
        title: found.description,
        url: found.links.split(' ')[0] ?? '',
        package: artifact.name,
        version: artifact.version,
        fixed: found.fixed_in_version,
        target: place?.package_db ?? '',
        layer: place?.introduced_in ?? '',
        ...(found.issued !== '' && { published: found.issued }),
        scanner: 'clair',
        platform,
      });
    }),
  );
}
