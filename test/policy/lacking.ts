import type { Evidence, Rejected } from '../../shared/evidence/evidence.ts';
import type { Signer } from '../../shared/evidence/identity.ts';
import { type Gathered, gatherFacts, type JudgedImage } from '../../shared/policy/facts.ts';
import type { Observation } from '../../shared/policy/judge.ts';
import {
  CRITICAL,
  digest,
  evidence,
  GOOD,
  IMAGE,
  instead,
  NOW,
  PROVENANCE,
  provenance,
  SBOM,
  SECRET,
  SIGNATURE,
  scan,
  TRUST,
} from './evidence.ts';

/** What is judged: everything that the built-in rules ask for, where nothing else is given. */
export interface Given {
  readonly found?: readonly Evidence[];
  readonly rejected?: readonly Rejected[];
  readonly image?: JudgedImage;
  readonly trust?: typeof TRUST;
  /** Whether a trusted base signed the image below; undefined when nothing says which that is. */
  readonly base?: boolean | undefined;
  /** False when nobody looked. */
  readonly observed?: boolean;
}

export function gather(given: Given): Gathered {
  const { found = GOOD, rejected = [], image = IMAGE, trust = TRUST } = given;
  return gatherFacts(image, { evidence: found, rejected }, trust, NOW);
}

/** What a gate saw for itself. */
export function observe(given: Given): Observation | undefined {
  if (given.observed === false) return undefined;
  const attested = 'base' in given ? given.base : true;
  return {
    conditions: [],
    facts: {
      approvals: [],
      promotion: { environment: 'prod', current: '', soaked: 0n, requestedBy: 'octo', reason: '' },
      ...(attested !== undefined && { base: { name: 'ghcr.io/octo/base', digest: digest('9'), attested } }),
    },
    unseen: attested === undefined ? { base: 'nothing says what it was built on' } : {},
  };
}

export const BY_KEY: Signer = { key: 'ab'.repeat(32) };
const withUser = (user: string): JudgedImage => ({
  ...IMAGE,
  platforms: IMAGE.platforms.map((one, at) =>
    at === 1 ? { ...one, config: { config: { User: user } } } : one,
  ),
});
const only = (...subjects: string[]): Partial<Evidence> => ({ subjects: subjects.map(digest) });
export const ago = (minutes: number): string => new Date(NOW.getTime() - minutes * 60_000).toISOString();

const OF_PROVENANCE = ['provenance', 'source-branch', 'hermetic-materials'];
const OF_SCAN = ['no-secrets', 'no-critical', 'no-known-exploited', 'fresh-scan'];

/** Evidence that lacks one thing, the one rule that then denies, and its reason. */
export const LACKING: [name: string, given: Given, denies: string[], reason: string][] = [
  ['no signature', { found: instead('signature') }, ['signed'], 'no signature evidence for the index'],
  [
    'a signature of the index alone',
    { found: instead('signature', { ...SIGNATURE, ...only('a') }) },
    ['signed'],
    'no signature evidence for linux/amd64',
  ],
  [
    'a signature of one platform',
    { found: instead('signature', { ...SIGNATURE, ...only('a', 'b') }) },
    ['signed'],
    'for linux/arm64',
  ],
  [
    'a signature of the platforms alone',
    { found: instead('signature', { ...SIGNATURE, ...only('b', 'c') }) },
    ['signed'],
    'for the index',
  ],
  ['no provenance', { found: instead('provenance') }, OF_PROVENANCE, 'no provenance evidence for the index'],
  [
    'provenance in two halves',
    { found: instead('provenance', { ...PROVENANCE, ...only('a', 'b') }, { ...PROVENANCE, ...only('c') }) },
    OF_PROVENANCE,
    'no single provenance covers',
  ],
  [
    'provenance that is none',
    { found: instead('provenance', evidence('provenance', {})) },
    OF_PROVENANCE,
    'is no SLSA provenance v1',
  ],
  [
    'provenance of another commit than its certificate',
    { found: instead('provenance', { ...PROVENANCE, signer: { commit: 'f'.repeat(40) } }) },
    OF_PROVENANCE,
    'its certificate ffff',
  ],
  [
    'provenance of another repository than its certificate',
    {
      found: instead('provenance', {
        ...PROVENANCE,
        signer: { repository: 'https://github.com/octo/other' },
      }),
    },
    OF_PROVENANCE,
    'its certificate https://github.com/octo/other',
  ],
  [
    'provenance of another builder than its certificate',
    {
      found: instead('provenance', {
        ...PROVENANCE,
        signer: { signerWorkflow: 'https://github.com/octo/app/.github/workflows/other.yml@refs/heads/main' },
      }),
    },
    OF_PROVENANCE,
    'release.yml@refs/heads/main, its certificate https://github.com/octo/app/.github/workflows/other.yml',
  ],
  ['no bill of materials', { found: instead('cyclonedx') }, ['sbom'], 'no sbom evidence for linux/amd64'],
  [
    'a bill of materials of one platform',
    { found: instead('cyclonedx', { ...SBOM, ...only('b') }) },
    ['sbom'],
    'for linux/arm64',
  ],
  [
    'a bill of materials of the index alone',
    { found: instead('cyclonedx', { ...SBOM, ...only('a') }) },
    ['sbom'],
    'for linux/amd64',
  ],
  [
    'a bill of materials without components',
    { found: instead('cyclonedx', evidence('cyclonedx', {})) },
    ['sbom'],
    'is no CycloneDX document',
  ],
  ['no scan', { found: instead('scan') }, OF_SCAN, 'no scan evidence for linux/amd64'],
  ['a scan of one platform', { found: instead('scan', scan('b')) }, OF_SCAN, 'for linux/arm64'],
  [
    'a scan of another image, attached to this one',
    { found: instead('scan', scan('b'), scan('b', {}, {}, only('c'))) },
    OF_SCAN,
    'is about another image',
  ],
  [
    'a scan by an unknown scanner',
    { found: instead('scan', scan('b'), evidence('scan', { scanner: {} }, only('c'))) },
    OF_SCAN,
    'cannot read',
  ],
  [
    'a scan that did not look for secrets',
    { found: instead('scan', scan('b'), scan('c', {}, { scanners: ['vuln'] })) },
    OF_SCAN,
    'did not look for both',
  ],
  [
    'a fixable critical vulnerability',
    { found: instead('scan', scan('b', { findings: [CRITICAL] }), scan('c')) },
    ['no-critical'],
    'CVE-2021-44906 minimist 1.2.5 package.json linux/amd64',
  ],
  [
    'a secret on one platform',
    { found: instead('scan', scan('b'), scan('c', { findings: [SECRET] })) },
    ['no-secrets'],
    'aws-access-key-id /app/.env',
  ],
  [
    'a scan of yesterday',
    { found: instead('scan', scan('b', {}, { scannedAt: ago(25 * 60) }), scan('c')) },
    ['fresh-scan'],
    'this is not so',
  ],
  [
    'a scan signed yesterday that says it is of today',
    { found: instead('scan', scan('b'), scan('c', {}, {}, { signedAt: ago(25 * 60) })) },
    ['fresh-scan'],
    'this is not so',
  ],
  [
    'an old database',
    { found: instead('scan', scan('b'), scan('c', {}, { databaseUpdatedAt: ago(73 * 60) })) },
    ['fresh-scan'],
    'this is not so',
  ],
  [
    'a clean scan that is older than a bad one',
    {
      found: [
        ...instead('scan', scan('b'), scan('c')),
        scan('b', { findings: [CRITICAL] }, {}, { signedAt: ago(0) }),
      ],
    },
    ['no-critical'],
    'CVE-2021-44906',
  ],
  [
    // Anybody can have the old signature of a key stamped again; what it signs says when it was.
    'an old clean scan by a key, stamped anew, beside a bad one',
    {
      found: [
        ...instead('scan', scan('c')),
        scan('b', {}, { scannedAt: ago(300) }, { signer: BY_KEY, signedAt: ago(0) }),
        scan('b', { findings: [CRITICAL] }, { scannedAt: ago(60) }, { signer: BY_KEY, signedAt: ago(60) }),
      ],
    },
    ['no-critical'],
    'CVE-2021-44906',
  ],
  [
    'an old clean scan, stamped anew while its certificate lived, beside a bad one',
    {
      found: [
        ...instead('scan', scan('c')),
        scan('b', {}, { scannedAt: ago(9) }, { signedAt: ago(0) }),
        scan('b', { findings: [CRITICAL] }, { scannedAt: ago(5) }, { signedAt: ago(4) }),
      ],
    },
    ['no-critical'],
    'CVE-2021-44906',
  ],
  [
    'passed tests by a key, stamped anew, beside failed ones',
    {
      found: instead(
        'test',
        evidence('test', { result: 'PASSED' }, { signer: BY_KEY, signedAt: ago(0) }),
        evidence('test', { result: 'FAILED' }, { signer: BY_KEY, signedAt: ago(60) }),
      ),
    },
    ['tests-passed'],
    'this is not so',
  ],
  [
    'a clean scan beside a bad one that has no time',
    { found: [...GOOD, scan('b', { findings: [CRITICAL] }, {}, { signedAt: undefined })] },
    ['no-critical'],
    'CVE-2021-44906',
  ],
  [
    'a clean scan and a bad one of the same second',
    { found: [...GOOD, scan('b', { findings: [CRITICAL] })] },
    ['no-critical'],
    'CVE-2021-44906',
  ],
  ['no test results', { found: instead('test') }, ['tests-passed'], 'no test evidence for linux/amd64'],
  [
    'failed tests',
    { found: instead('test', evidence('test', { result: 'FAILED', configuration: [] })) },
    ['tests-passed'],
    'this is not so',
  ],
  [
    'tests with warnings',
    { found: instead('test', evidence('test', { result: 'WARNED', configuration: [] })) },
    ['tests-passed'],
    'this is not so',
  ],
  [
    'test results with a word of their own',
    { found: instead('test', evidence('test', { result: 'OK' })) },
    ['tests-passed'],
    'is no in-toto test result',
  ],
  ['no user', { image: withUser('') }, ['non-root'], 'linux/arm64'],
  ['root by name', { image: withUser('root') }, ['non-root'], 'root linux/arm64'],
  ['root by number', { image: withUser('0') }, ['non-root'], '0 linux/arm64'],
  ['root by a longer number', { image: withUser('00') }, ['non-root'], '00 linux/arm64'],
  ['root by a number with a sign', { image: withUser('+0:1000') }, ['non-root'], '+0:1000 linux/arm64'],
  ['root with a group', { image: withUser('0:1000') }, ['non-root'], '0:1000 linux/arm64'],
  ['root by name with a group', { image: withUser('root:app') }, ['non-root'], 'root:app linux/arm64'],
  [
    'provenance of a topic branch',
    { found: instead('provenance', provenance({ ref: 'refs/heads/topic' })) },
    ['source-branch'],
    'provenance.ref is "refs/heads/topic"',
  ],
  [
    'provenance of a branch whose name begins like main',
    { found: instead('provenance', provenance({ ref: 'refs/heads/main2' })) },
    ['source-branch'],
    'refs/heads/main2',
  ],
  [
    'provenance of a tag that is no version',
    { found: instead('provenance', provenance({ ref: 'refs/tags/latest' })) },
    ['source-branch'],
    'refs/tags/latest',
  ],
  [
    'provenance of a pull request',
    { found: instead('provenance', provenance({ ref: 'refs/pull/7/merge' })) },
    ['source-branch'],
    'refs/pull/7/merge',
  ],
  [
    'a material that nothing pins',
    { found: instead('provenance', provenance({ materials: [{ uri: 'https://example.com/tool.tgz' }] })) },
    ['hermetic-materials'],
    'https://example.com/tool.tgz',
  ],
  [
    'a material that is pinned by a hash that breaks',
    {
      found: instead(
        'provenance',
        provenance({ materials: [{ uri: 'https://example.com/a', digest: { md5: 'aa' } }] }),
      ),
    },
    ['hermetic-materials'],
    'https://example.com/a',
  ],
  [
    'provenance without materials',
    {
      found: instead(
        'provenance',
        provenance({ source: false }, { repository: 'https://github.com/octo/app', ref: 'refs/heads/main' }),
      ),
    },
    ['hermetic-materials'],
    'a list of 0',
  ],
  ['a base that nobody signed', { base: false }, ['base-image-attested'], 'base.attested is false'],
  [
    'no base that could be found',
    { base: undefined },
    ['base-image-attested'],
    'nothing says what it was built on',
  ],
  ['a base that nobody looked for', { observed: false }, ['base-image-attested'], 'and nobody looked'],
  [
    'a scan without a list of what is exploited',
    { found: instead('scan', scan('b'), scan('c', {}, { exploitedAt: null })) },
    ['no-known-exploited'],
    'No such key: exploitedAt',
  ],
  [
    'a list of what is exploited of last week',
    { found: instead('scan', scan('b'), scan('c', {}, { exploitedAt: ago(169 * 60) })) },
    ['no-known-exploited'],
    'scan.exploitedAt is 2026-11-14T11:00:00.000Z',
  ],
  [
    'a vulnerability that is known to be exploited, low as it is',
    {
      found: instead(
        'scan',
        scan('b'),
        scan('c', { findings: [{ ...CRITICAL, severity: 'LOW', fixed: '', exploited: ago(60) }] }),
      ),
    },
    ['no-known-exploited'],
    'CVE-2021-44906',
  ],
  [
    'a critical vulnerability that is known to be exploited',
    { found: instead('scan', scan('b'), scan('c', { findings: [{ ...CRITICAL, exploited: ago(60) }] })) },
    ['no-critical', 'no-known-exploited'],
    'CVE-2021-44906',
  ],
  [
    'a scan a minute too old',
    { found: instead('scan', scan('b', {}, { scannedAt: ago(24 * 60 + 1) }), scan('c')) },
    ['fresh-scan'],
    'scan.scannedAt is 2026-11-20T11:59:00.000Z',
  ],
  [
    'a database a minute too old',
    { found: instead('scan', scan('b'), scan('c', {}, { databaseUpdatedAt: ago(72 * 60 + 1) })) },
    ['fresh-scan'],
    'scan.databaseUpdatedAt is 2026-11-18T11:59:00.000Z',
  ],
  ['root by a number below nothing', { image: withUser('-0') }, ['non-root'], '-0 linux/arm64'],
  ['root as a group alone', { image: withUser(':1000') }, ['non-root'], ':1000 linux/arm64'],
  [
    'a bill of materials whose components are text',
    { found: instead('cyclonedx', evidence('cyclonedx', { components: 'none' })) },
    ['sbom'],
    'is no CycloneDX document',
  ],
  [
    'a bill of materials that is a list',
    { found: instead('cyclonedx', evidence('cyclonedx', [])) },
    ['sbom'],
    'is no CycloneDX document',
  ],
  [
    'test results with a boolean for a word',
    { found: instead('test', evidence('test', { result: true })) },
    ['tests-passed'],
    'is no in-toto test result',
  ],
  [
    'test results without a result',
    { found: instead('test', evidence('test', null)) },
    ['tests-passed'],
    'is no in-toto test result',
  ],
  [
    'a scan whose findings are text',
    {
      found: instead(
        'scan',
        scan('b'),
        evidence('scan', { scanner: { version: '1', result: 'none' } }, only('c')),
      ),
    },
    OF_SCAN,
    'cannot read',
  ],
  [
    'provenance whose materials are text',
    {
      found: instead(
        'provenance',
        evidence('provenance', {
          buildDefinition: { buildType: 'x', externalParameters: {}, resolvedDependencies: 'all' },
          runDetails: { builder: { id: 'x' } },
        }),
      ),
    },
    OF_PROVENANCE,
    'is no SLSA provenance v1',
  ],
  [
    'nothing at all',
    { found: [], base: undefined },
    [
      'signed',
      'provenance',
      'source-branch',
      'hermetic-materials',
      'base-image-attested',
      'sbom',
      'no-secrets',
      'no-critical',
      'no-known-exploited',
      'fresh-scan',
      'tests-passed',
    ],
    'there is no scan evidence',
  ],
];

/** Evidence that lacks nothing, however near to it. */
export const SUFFICIENT: [name: string, given: Given][] = [
  ['everything', {}],
  ['a version tag', { found: instead('provenance', provenance({ ref: 'refs/tags/v1.2.3' })) }],
  ['the branch master', { found: instead('provenance', provenance({ ref: 'refs/heads/master' })) }],
  [
    'materials by a long hash',
    { found: instead('provenance', provenance({ materials: [{ uri: 'a', digest: { sha512: 'aa' } }] })) },
  ],
  [
    'a scan of exactly a day',
    { found: instead('scan', scan('b', {}, { scannedAt: ago(24 * 60) }), scan('c')) },
  ],
  [
    'a database of exactly three days',
    { found: instead('scan', scan('b'), scan('c', {}, { databaseUpdatedAt: ago(72 * 60) })) },
  ],
  [
    'a list of what is exploited of exactly a week',
    { found: instead('scan', scan('b'), scan('c', {}, { exploitedAt: ago(168 * 60) })) },
  ],
  [
    'a critical vulnerability without a fix',
    { found: instead('scan', scan('b', { findings: [{ ...CRITICAL, fixed: '' }] }), scan('c')) },
  ],
  [
    'a high vulnerability with a fix',
    { found: instead('scan', scan('b', { findings: [{ ...CRITICAL, severity: 'HIGH' }] }), scan('c')) },
  ],
  ['a user whose number ends in zeros', { image: withUser('1000') }],
  ['a user by name', { image: withUser('app:root') }],
  ['a user whose name begins like root', { image: withUser('rooter') }],
  [
    'a newer clean scan beside a bad one',
    { found: [...GOOD, scan('b', { findings: [CRITICAL] }, {}, { signedAt: ago(600) })] },
  ],
  [
    'packages in SPDX',
    { found: instead('cyclonedx', evidence('spdx', { packages: [{ name: 'minimist' }] })) },
  ],
];
