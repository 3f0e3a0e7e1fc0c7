import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Finding, makeFinding } from '../../shared/evidence/finding.ts';
import { evidence, IMAGE, NOW, provenance, SIGNATURE, scan, TESTS } from '../../test/policy/evidence.ts';
import { type Figure, median, runProgram } from './figure.ts';

const ROUNDS = 9;
const GOAL = 50;
const FINDINGS = 100;
const PACKAGES = 500;
const JUDGE = fileURLToPath(new URL('./gate.mjs', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));

/** Eight rules of a team's own, beside the twelve that are shipped. */
const OWN: Record<string, string> = {
  small: 'image.size > 500000000',
  labelled: "config.exists(c, !('team' in c.labels))",
  'no-scripts': "sbom.packages.exists(p, p.purl.startsWith('pkg:npm/left-pad@'))",
  'no-sshd': "sbom.packages.exists(p, p.name == 'openssh-server')",
  'few-highs': "size(vulnerabilities.filter(v, v.severity == 'HIGH' && v.fixed != '')) > 1000",
  'no-old-cve': "vulnerabilities.exists(v, v.id.startsWith('CVE-2014-'))",
  'of-this-repository': "provenance.repository != 'https://github.com/octo/app'",
  'one-index': 'image.platforms.size() > 8',
};

/** What a gate takes of the processor for twenty rules, when ten pieces of evidence of the usual size are read and verified. */
export async function measure(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'hallmark-gate-'));
  try {
    const file = join(folder, 'gate.json');
    writeFileSync(file, JSON.stringify(describeGate()));
    // Where a bundle's worker is, seen from build/shared/evaluator/evaluator.js.
    cpSync(join(root, 'dist/evaluator/index.js'), join(root, 'build/shared/evaluator/index.js'));
    const runs: { cpu: number; wall: number }[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const run = JSON.parse(await runProgram(process.execPath, [JUDGE, file]));
      if (run.decision !== 'allow' || run.rules !== 20)
        throw new Error(`the gate said ${JSON.stringify(run)}`);
      runs.push(run);
    }
    const cpu = median(runs.map((run) => run.cpu));
    return [
      {
        what: `gate: 20 rules over 10 pieces of evidence, ${2 * FINDINGS} findings, ${PACKAGES} packages`,
        peer: `goal ${GOAL} ms of CPU`,
        ours: `${Math.round(cpu)} ms of CPU, in both threads; ${Math.round(median(runs.map((run) => run.wall)))} ms`,
        ratio: `${(cpu / GOAL).toFixed(2)}×`,
        goal: `< ${GOAL} ms`,
        met: cpu < GOAL,
      },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function describeGate() {
  const signer = 'octo/app/.github/workflows/release.yml';
  const shipped = [
    'signed',
    'provenance',
    'source-branch',
    'hermetic-materials',
    'base-image-attested',
    'sbom',
  ];
  const more = ['no-secrets', 'no-critical', 'no-known-exploited', 'fresh-scan', 'tests-passed', 'non-root'];
  const trust = ['builder', 'scanner', 'tester', 'vex', 'gate', 'promoter'].map((role) => [
    role,
    [{ 'signer-workflow': signer }],
  ]);
  const policy = {
    version: 1,
    'repository-id': 123456789,
    trust: Object.fromEntries(trust),
    environments: {
      prod: { repository: 'ghcr.io/octo/app', rules: [...shipped, ...more, ...Object.keys(OWN)] },
    },
    rules: Object.fromEntries(Object.entries(OWN).map(([name, deny]) => [name, { title: name, deny }])),
  };
  const findings = (platform: string): Finding[] =>
    Array.from({ length: FINDINGS }, (_, n) =>
      makeFinding({
        class: 'vulnerability',
        scanner: 'trivy',
        id: `CVE-2025-${10_000 + n}`,
        package: `package-${n}`,
        version: '1.0.0',
        severity: n % 3 === 0 ? 'HIGH' : 'LOW',
        title: 'A vulnerability of the usual kind, described in a sentence or two',
        target: 'package-lock.json',
        platform,
      }),
    );
  const components = Array.from({ length: PACKAGES }, (_, n) => ({
    type: 'library',
    name: `package-${n}`,
    version: '1.0.0',
    purl: `pkg:npm/package-${n}@1.0.0`,
    licenses: [{ license: { id: 'MIT' } }],
  }));
  const sbom = { bomFormat: 'CycloneDX', specVersion: '1.6', components };
  const material = { uri: 'pkg:docker/alpine@3', digest: { sha256: 'f'.repeat(64) } };
  return {
    policy: JSON.stringify(policy),
    environment: 'prod',
    image: IMAGE,
    now: NOW,
    evidence: [
      SIGNATURE,
      provenance({ materials: [material] }),
      evidence('cyclonedx', sbom),
      evidence('spdx', { spdxVersion: 'SPDX-2.3', packages: [] }),
      scan('b', { findings: findings('linux/amd64') }),
      scan('c', { findings: findings('linux/arm64') }),
      TESTS,
      evidence('test', { result: 'PASSED', configuration: [] }),
      evidence('vex', { '@context': 'https://openvex.dev/ns/v0.2.0', statements: [] }),
      evidence('verdict', {}),
    ],
  };
}
