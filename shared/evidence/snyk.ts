import * as z from 'zod';
import { type Finding, keyOf, makeFinding, optionalText as text } from './finding.ts';
import { readSeverity } from './severity.ts';

const names = z.array(z.string()).nullish();
const project = z.object({
  ok: z.boolean().optional(),
  displayTargetFile: text,
  targetFile: text,
  packageManager: text,
  vulnerabilities: z.array(
    z.object({
      id: z.string().min(1),
      title: text,
      severity: text,
      /** `license` for what is no vulnerability. */
      type: text,
      packageName: text,
      name: text,
      version: text,
      license: text,
      identifiers: z.object({ CVE: names, GHSA: names }).nullish(),
      cvssScore: z.number().nullish(),
      nearestFixedInVersion: text,
      fixedIn: names,
      publicationTime: text,
    }),
  ),
});
/** snyk container test --json: one project with the applications in it, or a list of projects. */
const schema = z.union([z.array(project), project.extend({ applications: z.array(project).nullish() })]);

/** The issues of Snyk's JSON report; undefined when it is none. Snyk lists an issue once for each path to its package: here it is one. */
export function readSnyk(json: object, platform: string): Finding[] | undefined {
  const [first]: unknown[] = Array.isArray(json) ? json : [json];
  // Others have lists of vulnerabilities too; this is Snyk's alone.
  if (typeof first !== 'object' || first === null || !('ok' in first)) return undefined;
  const report = schema.parse(json);
  const projects = Array.isArray(report) ? report : [report, ...(report.applications ?? [])];
  const findings = projects.flatMap(({ vulnerabilities, displayTargetFile, targetFile, packageManager }) =>
    vulnerabilities.map((found) => {
      const cvss = found.cvssScore ?? 0;
      const licence = found.type === 'license';
      return makeFinding({
        class: licence ? 'licence' : 'vulnerability',
        id: (licence && found.license) || found.id,
        aliases: licence ? [] : [...(found.identifiers?.CVE ?? []), ...(found.identifiers?.GHSA ?? [])],
        severity: readSeverity(found.severity),
        title: found.title,
        url: `https://security.snyk.io/vuln/${encodeURIComponent(found.id)}`,
        package: found.packageName || found.name,
        version: found.version,
        fixed: found.nearestFixedInVersion || (found.fixedIn ?? []).join(', '),
        target: displayTargetFile || targetFile || packageManager,
        ...(cvss > 0 && cvss <= 10 && { cvss }),
        ...(found.publicationTime !== '' && { published: found.publicationTime }),
        scanner: 'snyk',
        platform,
      });
    }),
  );
  return [...new Map(findings.map((found) => [keyOf(found), found])).values()];
}
