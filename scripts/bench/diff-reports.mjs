// node scripts/bench/diff-reports.mjs: compares two reports of 50,000 findings and 5,000 packages as scan does once it has read them.
// In a process of its own, so that its memory can be measured; prints the milliseconds that it took.
// From build/, which scripts/build.ts leaves: Node's reading of TypeScript takes memory that no action does.
import { compareFindings } from '../../build/shared/evidence/compare.js';
import { comparePackages } from '../../build/shared/evidence/difference.js';
import { makeFinding } from '../../build/shared/evidence/finding.js';
import { mergeFindings } from '../../build/shared/evidence/merge.js';
import { SEVERITIES } from '../../build/shared/evidence/severity.js';
import { keepHeapSmall } from '../../build/shared/process/heap.js';
import { describeFinding } from '../../build/shared/report/findings.js';

const PACKAGES = 5000;
const EACH = 10;
const platform = 'linux/amd64';
const LAYER = `sha256:${'a'.repeat(64)}`;
const SEVERITIES_OF = { ghsa: 'HIGH', nvd: 'MEDIUM' };

/** A report of which, from one to the other, a tenth of the findings and of the packages is not what it was. */
function makeReport(changed) {
  const findings = [];
  const packages = [];
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

// As scan does before it analyses an image to compare with.
keepHeapSmall(30);
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
