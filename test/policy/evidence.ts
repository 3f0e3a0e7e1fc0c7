// Evidence as collectEvidence hands it over, for tables: verified, by a signer who holds the role.
import type { Evidence } from '../../shared/evidence/evidence.ts';
import { type Finding, makeFinding } from '../../shared/evidence/finding.ts';
import type { Signer } from '../../shared/evidence/identity.ts';
import { type EvidenceKind, PREDICATE_TYPES, ROLES, ROLES_OF } from '../../shared/evidence/predicate.ts';
import { buildScanPredicate } from '../../shared/evidence/scan.ts';
import type { Scanner } from '../../shared/evidence/severity.ts';
import { STATEMENT_TYPE } from '../../shared/evidence/statement.ts';
import type { Trust } from '../../shared/evidence/trust.ts';
import { type Digest, parseDigest } from '../../shared/image/digest.ts';
import type { JudgedImage, JudgedPlatform } from '../../shared/policy/facts.ts';

export const NOW = new Date('2026-11-21T12:00:00Z');
export const digest = (seed: string): Digest => parseDigest(`sha256:${seed.repeat(64).slice(0, 64)}`);

const platform = (name: string, seed: string, user = '1000'): JudgedPlatform => ({
  name,
  digest: digest(seed),
  size: 1000,
  config: { config: { User: user, Labels: { team: 'a' } } },
});

/** An index (digest a…) of linux/amd64 (b…) and linux/arm64 (c…). */
export const IMAGE: JudgedImage = {
  digest: digest('a'),
  platforms: [platform('linux/amd64', 'b'), platform('linux/arm64', 'c')],
};
export const ALL: readonly Digest[] = [digest('a'), digest('b'), digest('c')];

const identity = { 'signer-workflow': 'octo/app/.github/workflows/release.yml' };
export const TRUST: Trust = Object.fromEntries(ROLES.map((role) => [role, [identity]]));

let count = 0;
/** One piece of evidence about all subjects, signed a minute ago, unless told otherwise. */
export function evidence(kind: EvidenceKind, predicate: unknown, changes: Partial<Evidence> = {}): Evidence {
  count += 1;
  return {
    kind,
    roles: ROLES_OF[kind],
    subjects: ALL,
    source: digest(count.toString(16).padStart(4, '0')),
    statement: { _type: STATEMENT_TYPE, subject: [], predicateType: PREDICATE_TYPES[kind][0], predicate },
    signer: {},
    signedAt: '2026-11-21T11:59:00.000Z',
    logIndex: '1',
    ...changes,
  };
}

export const CRITICAL = makeFinding({
  class: 'vulnerability',
  scanner: 'trivy',
  id: 'CVE-2021-44906',
  package: 'minimist',
  version: '1.2.5',
  fixed: '1.2.6',
  severity: 'CRITICAL',
  title: 'Prototype pollution',
  url: 'https://example.com/',
  target: 'package.json',
  platform: 'linux/amd64',
});
export const SECRET = makeFinding({
  class: 'secret',
  scanner: 'trivy',
  id: 'aws-access-key-id',
  category: 'AWS',
  severity: 'CRITICAL',
  title: 'AWS key',
  target: '/app/.env',
  line: 3,
  platform: 'linux/amd64',
});

/** The scan of one platform: clean, an hour old, with a database of this morning. */
export function scan(
  subject: 'b' | 'c',
  found: { findings?: readonly Finding[] } = {},
  scope: {
    scannedAt?: string;
    databaseUpdatedAt?: string;
    scanners?: readonly Scanner[];
    /** Null where the scan had no list. */
    exploitedAt?: string | null;
  } = {},
  changes: Partial<Evidence> = {},
): Evidence {
  const predicate = buildScanPredicate({
    manifest: digest(subject),
    platform: subject === 'b' ? 'linux/amd64' : 'linux/arm64',
    scanners: [...(scope.scanners ?? ['vuln', 'secret'])],
    startedAt: '2026-11-21T10:59:00Z',
    scannedAt: scope.scannedAt ?? '2026-11-21T11:00:00Z',
    database: {
      repository: 'ghcr.io/aquasecurity/trivy-db:2',
      digest: digest('d'),
      updatedAt: scope.databaseUpdatedAt ?? '2026-11-21T06:00:00Z',
    },
    ...(scope.exploitedAt !== null && { exploitedAt: scope.exploitedAt ?? '2026-11-20T00:00:00Z' }),
    version: '0.72.0',
    complete: true,
    findings: found.findings ?? [],
  });
  return evidence('scan', predicate, { subjects: [digest(subject)], ...changes });
}

export const SIGNATURE = evidence('signature', {});

/** Provenance of a commit on a ref, from materials. */
export function provenance(
  of: { ref?: string; materials?: readonly object[]; source?: boolean } = {},
  signer: Signer = {},
): Evidence {
  const { ref = 'refs/heads/main', materials = [], source = true } = of;
  const commit = { uri: `git+https://github.com/octo/app@${ref}`, digest: { gitCommit: 'e'.repeat(40) } };
  return evidence(
    'provenance',
    {
      buildDefinition: {
        buildType: 'https://actions.github.io/buildtypes/workflow/v1',
        externalParameters: {},
        resolvedDependencies: [...(source ? [commit] : []), ...materials],
      },
      runDetails: {
        builder: { id: 'https://github.com/octo/app/.github/workflows/release.yml@refs/heads/main' },
      },
    },
    { signer },
  );
}
export const PROVENANCE = provenance();
export const SBOM = evidence('cyclonedx', {
  components: [{ name: 'minimist', version: '1.2.8', purl: 'pkg:npm/minimist@1.2.8' }],
});
export const TESTS = evidence('test', { result: 'PASSED', configuration: [] });

/** Everything that the built-in rules ask for. */
export const GOOD: readonly Evidence[] = [SIGNATURE, PROVENANCE, SBOM, TESTS, scan('b'), scan('c')];

/** The good evidence with one kind taken out and other pieces put in its place. */
export function instead(kind: EvidenceKind, ...others: readonly Evidence[]): Evidence[] {
  return [...GOOD.filter((one) => one.kind !== kind), ...others];
}
