// node scripts/bench/diff-reports.ts: compares two reports of 50,000 findings and 5,000 packages as scan does once it has read them.
// In a process of its own, so that its memory can be measured; prints the milliseconds that it took.
import { compareFindings } from '../../shared/evidence/compare.ts';
import { comparePackages } from '../../shared/evidence/difference.ts';
import { type Finding, makeFinding } from '../../shared/evidence/finding.ts';
import { mergeFindings } from '../../shared/evidence/merge.ts';
import type { Package } from '../../shared/evidence/packages.ts';
import { SEVERITIES } from '../../shared/evidence/severity.ts';
import { describeFinding } from '../../shared/report/findings.ts';

const PACKAGES = 5000;
const EACH = 10;
const platform = 'linux/amd64';
const LAYER = `sha256:${'a'.repeat(64)}`;
const SEVERITIES_OF = { ghsa: 'HIGH', nvd: 'MEDIUM' } as const;

/** A report of which, from one to the other, a tenth of the findings and of the packages is not what it was. */
function makeReport(changed: boolean): { findings: Finding[]; packages: Package[] } {
  const findings: Finding[] = [];
  const packages: Package[] = [];
  for (let at = 0; at < PACKAGES; at += 1) {
    const version = `1.${at % 7}.${changed && at % 10 === 0 ? 99 : at % 13}`;
    const url = `pkg:npm/package-${at}@${version}`;
    packages.push({ name: `package-${at}`, type: 'npm', version, licences: ['MIT'], url });
    for (let one = 0; one < EACH; one += 1) {
      const number = at * EACH + one + (changed && one === 0 ? PACKAGES * EACH : 0);
      findings.push(
        makeFinding({
          class: 'vulnerability',
          scanner: 'trivy',
          platform,
          id: `CVE-2026-${number}`,
          severity: SEVERITIES[one % SEVERITIES.length] ?? 'UNKNOWN',
          severities: SEVERITIES_OF,
          aliases: [`GHSA-${number}`],
          title: `Something in package-${at} is not what it should be`,
          url: `https://avd.aquasec.com/nvd/cve-2026-${number}`,
          package: `package-${at}`,
          version,
          fixed: '2.0.0',
          status: 'fixed',
          cvss: 7.5,
          purl: `pkg:npm/package-${at}@${version}`,
          target: `app/node_modules/package-${at}/package.json`,
          layer: LAYER,
        }),
      );
    }
  }
  return { findings, packages };
}

const before = makeReport(false);
const now = makeReport(true);
const start = performance.now();
const [earlier, later] = [before, now].map(({ findings }) => mergeFindings(findings));
if (earlier === undefined || later === undefined) throw new Error('there is nothing to compare');
const { fresh, fixed } = compareFindings(
  { merged: later, platforms: [platform] },
  { merged: earlier, platforms: [platform] },
);
const shown = later.map((one) => describeFinding(one, { state: fresh.has(one) ? 'new' : 'known' }));
const { upgraded } = comparePackages(
  new Map([[platform, now.packages]]),
  new Map([[platform, before.packages]]),
);
const took = performance.now() - start;
const found = [shown.length, fresh.size, fixed.length, upgraded.length];
const expected = [PACKAGES * EACH, PACKAGES, PACKAGES, PACKAGES / 10];
if (found.join() !== expected.join())
  throw new Error(`the comparison is wrong: ${found} and not ${expected}`);
console.log(Math.round(took));
