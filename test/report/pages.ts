import type { Page, PageImage, PageProvenance, PageVerdict } from '../../shared/report/page.ts';
import { type Review, type ReviewFinding, reviewSchema } from '../../shared/report/review.ts';

/** The pages that reviewers see: each is a golden file and a picture. */

export const DIGEST = `sha256:${'4f2a9c81d0e3b657'.repeat(4)}`;
export const COMMIT = '7c1f0a9b2d3e4f5061728394a5b6c7d8e9f00112';
const REPOSITORY = 'https://github.com/octo/app';
const IMAGE = `ghcr.io/octo/app@${DIGEST}`;
const BASELINE = `ghcr.io/octo/app@sha256:${'91c5d7e2a4b80f36'.repeat(4)}`;
const POLICY = `octo/policies/hallmark.yml@${'b2'.repeat(20)}`;

export function finding(change: Partial<ReviewFinding> = {}): ReviewFinding {
  return {
    class: 'vulnerability',
    id: 'CVE-2026-2511',
    severity: 'HIGH',
    title: 'openssl: Denial of service in certificate parsing',
    url: 'https://avd.aquasec.com/nvd/cve-2026-2511',
    package: 'openssl',
    version: '3.0.11-1',
    fixed: '3.0.13-1',
    target: 'app (debian 12.4)',
    platforms: ['linux/amd64', 'linux/arm64'],
    scanners: ['trivy'],
    state: 'new',
    ...change,
  };
}

export function review(change: Partial<Review> = {}): Review {
  return reviewSchema.parse({
    version: 1,
    image: IMAGE,
    commit: COMMIT,
    platforms: [
      { name: 'linux/amd64', digest: DIGEST, size: 52_104_331, before: 50_887_120 },
      { name: 'linux/arm64', digest: DIGEST, size: 50_551_002, before: 50_551_002 },
    ],
    dockerfile: 'Dockerfile',
    outcome: 'passed',
    judged: true,
    scanner: {
      name: 'trivy',
      version: '0.72.0',
      databaseUpdatedAt: '2026-11-21T00:31:07Z',
      scanners: ['vuln', 'secret'],
    },
    baseline: { kind: 'base-branch', image: BASELINE, reason: '' },
    ...change,
  });
}

export const PROVENANCE: PageProvenance = {
  verified: true,
  repository: REPOSITORY,
  workflow: 'octo/app/.github/workflows/release.yml',
  commit: COMMIT,
  ref: 'refs/heads/main',
  run: `${REPOSITORY}/actions/runs/4711/attempts/1`,
  log: { index: '123456789', url: 'https://search.sigstore.dev/?logIndex=123456789' },
  attestation: `${REPOSITORY}/attestations/88112`,
};

export function verdict(change: Partial<PageVerdict> = {}): PageVerdict {
  return {
    decision: 'allow',
    environment: 'prod',
    preview: false,
    reasons: [],
    warnings: [],
    rules: [
      { name: 'signed', title: 'Signed by the builder', outcome: 'passed', reasons: [] },
      {
        name: 'provenance',
        title: 'Built by the trusted workflow, with provenance',
        outcome: 'passed',
        reasons: [],
      },
      { name: 'no-critical', title: 'No fixable critical vulnerability', outcome: 'passed', reasons: [] },
    ],
    destination: 'ghcr.io/octo/app',
    policy: POLICY,
    ...change,
  };
}

export function page(image: Partial<PageImage>, change: Partial<Page> = {}): Page {
  return {
    name: 'default',
    images: [{ image: IMAGE, ...image }],
    repository: REPOSITORY,
    commit: COMMIT,
    run: `${REPOSITORY}/actions/runs/4712`,
    ...change,
  };
}

const DOCKERFILE_LINE = { digest: DIGEST, createdBy: 'RUN apt-get', line: 7 };

/** Three fall to one upgrade, one has no fix, two are not what the policy asks about. */
const CRITICALS: ReviewFinding[] = [
  finding({
    id: 'CVE-2026-2511',
    severity: 'CRITICAL',
    cvss: 9.8,
    exploited: '2026-11-18',
    layer: DOCKERFILE_LINE,
  }),
  finding({
    id: 'CVE-2026-2512',
    severity: 'CRITICAL',
    cvss: 9.1,
    title: 'openssl: Heap overflow in PKCS#7',
    layer: DOCKERFILE_LINE,
  }),
  finding({
    id: 'CVE-2026-2513',
    severity: 'CRITICAL',
    cvss: 9,
    title: 'openssl: Timing side channel in ECDSA',
    fixed: '3.0.12-2',
    layer: DOCKERFILE_LINE,
  }),
  finding({
    id: 'GHSA-jf85-cpcp-j695',
    severity: 'CRITICAL',
    cvss: 9.1,
    title: 'Prototype Pollution in lodash',
    package: 'lodash',
    version: '4.17.4',
    fixed: '4.17.12',
    target: 'app/package-lock.json',
    platforms: ['linux/amd64'],
  }),
  finding({
    id: 'CVE-2025-9999',
    severity: 'MEDIUM',
    title: 'zlib: Out-of-bounds read',
    package: 'zlib1g',
    version: '1:1.2.13',
    fixed: '',
    layer: { digest: DIGEST, createdBy: '', base: true },
  }),
];

const OLD = (['HIGH', 'MEDIUM', 'LOW'] as const).flatMap((severity, index) =>
  Array.from({ length: 3 + index }, (_, number) =>
    finding({
      id: `CVE-2024-${1000 * (index + 1) + number}`,
      severity,
      title: 'glibc: Buffer overflow in iconv',
      package: 'libc6',
      version: '2.36-9',
      fixed: index === 0 ? '' : '2.36-10',
      state: 'known',
      layer: { digest: DIGEST, createdBy: '', base: true },
    }),
  ),
);

const PACKAGES = {
  added: [{ name: 'left-pad', type: 'npm', from: '', to: '1.3.0', licences: ['WTFPL'], platforms: [] }],
  removed: [
    { name: 'request', type: 'npm', from: '2.88.2', to: '', licences: ['Apache-2.0'], platforms: [] },
  ],
  upgraded: [
    { name: 'express', type: 'npm', from: '4.18.2', to: '4.19.2', licences: ['MIT'], platforms: [] },
  ],
  downgraded: [],
  relicensed: [
    {
      name: 'redis',
      type: 'deb',
      from: 'BSD-3-Clause',
      to: 'RSALv2',
      licences: ['RSALv2'],
      platforms: ['linux/arm64'],
    },
  ],
};

const CRITICAL_REASONS = [
  'no-critical (No fixable critical vulnerability): CVE-2026-2511 in openssl 3.0.11-1; CVE-2026-2512 in openssl 3.0.11-1; CVE-2026-2513 in openssl 3.0.11-1; GHSA-jf85-cpcp-j695 in lodash 4.17.4',
];

const DENIED = verdict({
  decision: 'deny',
  reasons: CRITICAL_REASONS,
  rules: [
    { name: 'signed', title: 'Signed by the builder', outcome: 'passed', reasons: [] },
    {
      name: 'no-critical',
      title: 'No fixable critical vulnerability',
      outcome: 'denied',
      reasons: CRITICAL_REASONS,
      values: ['vulnerabilities has 18'],
      hint: 'Upgrade what has a fix, or except it for a while.',
      at: { path: 'hallmark.yml', line: 14 },
    },
  ],
});

const NEW_CRITICALS = review({
  findings: [...CRITICALS, ...OLD],
  fixed: [
    finding({
      id: 'CVE-2025-1111',
      package: 'curl',
      version: '7.88.1',
      fixed: '7.88.2',
      title: 'curl: Use after free',
    }),
  ],
  packages: PACKAGES,
});

const EXCEPTION = {
  scope: 'image',
  reason: 'Not reachable: the parser is not built in',
  file: 'hallmark-exceptions.yml',
};

export const PAGES: Record<string, Page> = {
  clean: page({ review: review(), verdict: verdict(), provenance: PROVENANCE }),
  'new-criticals': page({ review: NEW_CRITICALS, verdict: DENIED, provenance: PROVENANCE }),
  'only-old': page({ review: review({ findings: OLD }), verdict: verdict(), provenance: PROVENANCE }),
  'no-fail-on': page({
    review: review({
      judged: false,
      platforms: [{ name: 'linux/amd64', digest: DIGEST, size: 52_104_331, layers: [] }],
      findings: CRITICALS.map((one) => ({ ...one, state: 'unknown' as const })),
      baseline: {
        kind: 'base-branch',
        image: '',
        reason: 'no image was built from the last 20 commits of main',
      },
    }),
  }),
  '5000-findings': page({
    review: review({
      outcome: 'refused',
      findings: Array.from({ length: 5000 }, (_, index) =>
        finding({
          id: `CVE-2026-${10_000 + index}`,
          severity: (['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'UNKNOWN'] as const)[index % 5] ?? 'LOW',
          package: `package-${index % 100}`,
          version: '1.0.0',
          fixed: '1.0.1',
        }),
      ),
      reasons: Array.from(
        { length: 1000 },
        (_, index) =>
          `CRITICAL: CVE-2026-${10_000 + index * 5} in package-${(index * 5) % 100} 1.0.0 (fixed in 1.0.1), app`,
      ),
    }),
  }),
  exceptions: page({
    review: review({
      findings: [
        finding({ severity: 'CRITICAL', cvss: 9.8, fixed: '' }),
        finding({
          id: 'CVE-2026-2600',
          severity: 'CRITICAL',
          exception: { owner: '@octo/security', reason: EXCEPTION.reason, until: '2026-12-31' },
        }),
        finding({
          id: 'CVE-2026-2700',
          severity: 'HIGH',
          vex: { status: 'not_affected', justification: 'vulnerable_code_not_present' },
        }),
      ],
      outcome: 'refused',
      reasons: ['CRITICAL: CVE-2026-2511 in openssl 3.0.11-1 (no fix yet), app (debian 12.4)'],
      exceptions: [
        {
          ...EXCEPTION,
          finding: 'CVE-2026-2511',
          owner: '@octo/security',
          until: '2026-11-01',
          state: 'expired',
          line: 3,
        },
        {
          ...EXCEPTION,
          finding: 'CVE-2026-2600',
          owner: '@octo/security',
          until: '2026-12-31',
          state: 'used',
          line: 9,
        },
        {
          ...EXCEPTION,
          finding: 'CVE-2020-0001',
          owner: '',
          until: '',
          state: 'unused',
          file: '.trivyignore',
          line: 1,
        },
      ],
    }),
  }),
  'in-part': page({
    review: review({
      findings: OLD,
      platforms: [{ name: 'linux/amd64', digest: DIGEST, size: 52_104_331, before: 50_887_120, layers: [] }],
      gaps: [
        'linux/arm64 was not scanned',
        'Trivy found no packages in linux/amd64: it knows of no vulnerability because it knows of no package',
      ],
    }),
  }),
  unavailable: page({
    review: review({
      outcome: 'unavailable',
      reasons: [
        'the vulnerability database could not be fetched from ghcr.io/aquasecurity/trivy-db: status 429, tried 5 times in 90 s',
        'It is safe to run this step again.',
      ],
      platforms: [],
      scanner: { name: 'trivy', version: '0.72.0' },
    }),
  }),
  preview: page({
    review: { ...NEW_CRITICALS, image: `oci:image@${DIGEST}` },
    image: `oci:image@${DIGEST}`,
    verdict: {
      ...DENIED,
      preview: true,
      warnings: ['signed: not judged in preview, it needs signed evidence'],
    },
  }),
  fork: page(
    { review: { ...NEW_CRITICALS, outcome: 'refused', reasons: CRITICAL_REASONS }, provenance: PROVENANCE },
    { fork: true },
  ),
  'many-images': page(
    {},
    {
      images: Array.from({ length: 12 }, (_, index): PageImage => {
        const image = `ghcr.io/octo/service-${index + 1}@${DIGEST}`;
        if (index === 4) return { image, review: NEW_CRITICALS, verdict: DENIED, provenance: PROVENANCE };
        if (index === 7) return { image, unavailable: 'its scan report is not in the artifact of the run' };
        return { image, review: review({ findings: OLD }), verdict: verdict(), provenance: PROVENANCE };
      }),
    },
  ),
};
