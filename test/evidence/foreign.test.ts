import { describe, expect, it } from 'vitest';
import { type Finding, makeFinding } from '../../shared/evidence/finding.ts';
import { readForeignReport } from '../../shared/evidence/foreign.ts';
import { readExploitedList } from '../../shared/evidence/kev.ts';

const PLATFORM = 'linux/amd64';
const LAYER = `sha256:${'1'.repeat(64)}`;
const read = (report: unknown): Finding[] =>
  readForeignReport(JSON.stringify(report), 'report.json', PLATFORM);
const of = (known: Partial<Finding>, scanner: string): Finding =>
  makeFinding({ class: 'vulnerability', id: '', severity: 'UNKNOWN', ...known, scanner, platform: PLATFORM });

const grype = {
  matches: [
    {
      vulnerability: {
        id: 'GHSA-jf85-cpcp-j695',
        dataSource: 'https://github.com/advisories/GHSA-jf85-cpcp-j695',
        namespace: 'github:language:javascript',
        severity: 'Critical',
        description: 'Prototype Pollution in lodash',
        cvss: [
          { version: '2.0', metrics: { baseScore: 9.9 } },
          { version: '3.1', metrics: { baseScore: 9.1 } },
        ],
        fix: { versions: ['4.17.12'], state: 'fixed' },
        epss: [{ epss: 0.02 }],
      },
      relatedVulnerabilities: [{ id: 'CVE-2019-10744' }],
      matchDetails: [{ type: 'exact-direct-match' }],
      artifact: {
        name: 'lodash',
        version: '4.17.4',
        purl: 'pkg:npm/lodash@4.17.4',
        locations: [{ path: '/app/package.json', layerID: LAYER }],
      },
    },
    {
      vulnerability: {
        id: 'CVE-2016-2781',
        severity: 'Negligible',
        fix: { versions: null, state: 'wont-fix' },
      },
      artifact: { name: 'coreutils', version: '9.1', locations: null },
    },
  ],
  descriptor: { name: 'grype', version: '0.100.0' },
};

const clair = {
  manifest_hash: LAYER,
  packages: { p1: { id: 'p1', name: 'openssl', version: '3.0.2' }, p2: { name: 'zlib', version: '1' } },
  environments: { p1: [{ package_db: 'var/lib/dpkg/status', introduced_in: LAYER }] },
  vulnerabilities: {
    v1: {
      name: 'CVE-2024-1 on Ubuntu 22.04 LTS (jammy) - medium',
      description: 'A fault',
      issued: '2024-01-02T00:00:00Z',
      links: 'https://example.com/1 https://example.com/2',
      severity: 'medium',
      normalized_severity: 'Medium',
      fixed_in_version: '3.0.3',
    },
    v2: { name: 'DSA-1-1', normalized_severity: 'Defcon1' },
  },
  package_vulnerabilities: { p1: ['v1', 'v2'], p2: null },
};

const issue = {
  id: 'SNYK-DEBIAN12-ZLIB-1',
  title: 'Integer Overflow',
  severity: 'critical',
  packageName: 'zlib/zlib1g',
  version: '1:1.2.13',
  identifiers: { CVE: ['CVE-2023-45853'], CWE: ['CWE-190'] },
  cvssScore: 9.8,
  nearestFixedInVersion: '',
  publicationTime: '2023-10-14T00:00:00Z',
};
const snyk = {
  ok: false,
  packageManager: 'deb',
  vulnerabilities: [
    { ...issue, from: ['a'] },
    { ...issue, from: ['b'] },
  ],
  applications: [
    {
      targetFile: '/app/package.json',
      vulnerabilities: [
        {
          id: 'SNYK-JS-LODASH-1',
          title: 'Pollution',
          severity: 'high',
          packageName: 'lodash',
          version: '4.17.4',
          fixedIn: ['4.17.12', '5.0.0'],
        },
        {
          id: 'snyk:lic:npm:x:GPL-3.0',
          title: 'GPL-3.0 license',
          severity: 'medium',
          type: 'license',
          license: 'GPL-3.0',
          packageName: 'x',
          version: '1',
        },
      ],
    },
  ],
};

const sarif = (result: object, rule: object, name = 'Grype'): unknown => ({
  version: '2.1.0',
  $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
  runs: [
    {
      tool: {
        driver: { name, rules: [{ id: 'CVE-2024-1-openssl', helpUri: 'https://example.com/', ...rule }] },
      },
      results: [{ ruleId: 'CVE-2024-1-openssl', message: { text: 'A fault' }, ...result }],
    },
  ],
});
const bySarif = (known: Partial<Finding>): Finding =>
  of(
    {
      id: 'CVE-2024-1',
      aliases: ['CVE-2024-1-openssl'],
      title: 'A fault',
      url: 'https://example.com/',
      package: 'openssl',
      severity: 'MEDIUM',
      ...known,
    },
    'grype',
  );
const at = (uri: string, startLine?: number): object => ({
  locations: [{ physicalLocation: { artifactLocation: { uri }, region: { startLine } } }],
});

describe('every finding of another scanner is read, under its name', () => {
  it.each<[string, unknown, Finding[]]>([
    [
      'Grype',
      grype,
      [
        of(
          {
            id: 'GHSA-jf85-cpcp-j695',
            aliases: ['CVE-2019-10744'],
            severity: 'CRITICAL',
            severities: { 'github:language:javascript': 'CRITICAL' },
            title: 'Prototype Pollution in lodash',
            url: 'https://github.com/advisories/GHSA-jf85-cpcp-j695',
            package: 'lodash',
            version: '4.17.4',
            purl: 'pkg:npm/lodash@4.17.4',
            fixed: '4.17.12',
            status: 'fixed',
            target: '/app/package.json',
            layer: LAYER,
            cvss: 9.1,
          },
          'grype',
        ),
        of(
          { id: 'CVE-2016-2781', severity: 'LOW', package: 'coreutils', version: '9.1', status: 'wont-fix' },
          'grype',
        ),
      ],
    ],
    [
      'Clair',
      clair,
      [
        of(
          {
            id: 'CVE-2024-1',
            severity: 'MEDIUM',
            title: 'A fault',
            url: 'https://example.com/1',
            package: 'openssl',
            version: '3.0.2',
            fixed: '3.0.3',
            target: 'var/lib/dpkg/status',
            layer: LAYER,
            published: '2024-01-02T00:00:00Z',
          },
          'clair',
        ),
        of(
          {
            id: 'DSA-1-1',
            severity: 'CRITICAL',
            package: 'openssl',
            version: '3.0.2',
            target: 'var/lib/dpkg/status',
            layer: LAYER,
          },
          'clair',
        ),
      ],
    ],
    [
      'Snyk, an issue with two paths once',
      snyk,
      [
        of(
          {
            id: 'SNYK-DEBIAN12-ZLIB-1',
            aliases: ['CVE-2023-45853'],
            severity: 'CRITICAL',
            title: 'Integer Overflow',
            url: 'https://security.snyk.io/vuln/SNYK-DEBIAN12-ZLIB-1',
            package: 'zlib/zlib1g',
            version: '1:1.2.13',
            target: 'deb',
            cvss: 9.8,
            published: '2023-10-14T00:00:00Z',
          },
          'snyk',
        ),
        of(
          {
            id: 'SNYK-JS-LODASH-1',
            severity: 'HIGH',
            title: 'Pollution',
            url: 'https://security.snyk.io/vuln/SNYK-JS-LODASH-1',
            package: 'lodash',
            version: '4.17.4',
            fixed: '4.17.12, 5.0.0',
            target: '/app/package.json',
          },
          'snyk',
        ),
        of(
          {
            class: 'licence',
            id: 'GPL-3.0',
            severity: 'MEDIUM',
            title: 'GPL-3.0 license',
            url: 'https://security.snyk.io/vuln/snyk%3Alic%3Anpm%3Ax%3AGPL-3.0',
            package: 'x',
            version: '1',
            target: '/app/package.json',
          },
          'snyk',
        ),
      ],
    ],
    ['Snyk, a list of projects without issues', [{ ok: true, vulnerabilities: [] }], []],
    [
      'SARIF with a score',
      sarif(at('/lib/x.so', 3), { properties: { 'security-severity': '9.8' } }),
      [bySarif({ severity: 'CRITICAL', target: '/lib/x.so', line: 3 })],
    ],
    [
      'SARIF with the package in the message, as Grype writes it',
      sarif(
        {
          message: {
            text: 'A high vulnerability in deb package: openssl, version 3.0.2-1 was found at: /lib',
          },
        },
        {},
      ),
      [
        bySarif({
          version: '3.0.2-1',
          title: 'A high vulnerability in deb package: openssl, version 3.0.2-1 was found at: /lib',
        }),
      ],
    ],
    [
      'SARIF with the package in the message, as Trivy writes it',
      sarif(
        {
          ruleId: 'CVE-2024-1',
          message: { text: 'Package: libssl\nInstalled Version: 3\nVulnerability CVE-2024-1' },
        },
        {},
        'Trivy',
      ),
      [
        of(
          {
            id: 'CVE-2024-1',
            severity: 'MEDIUM',
            title: 'Package: libssl\nInstalled Version: 3\nVulnerability CVE-2024-1',
            package: 'libssl',
            version: '3',
          },
          'trivy (another run)',
        ),
      ],
    ],
    [
      'SARIF of which a result is worse than the score of its rule',
      sarif({ level: 'error' }, { properties: { 'security-severity': '2.0' } }),
      [bySarif({ severity: 'HIGH' })],
    ],
    [
      'SARIF with what nobody has rated, as Trivy writes it',
      sarif({ level: 'note' }, { properties: { 'security-severity': '0.0', tags: ['UNKNOWN'] } }),
      [bySarif({ severity: 'UNKNOWN' })],
    ],
    ['SARIF with a level', sarif({ level: 'error' }, {}), [bySarif({ severity: 'HIGH' })]],
    [
      'SARIF with a level of the rule',
      sarif({}, { defaultConfiguration: { level: 'note' } }),
      [bySarif({ severity: 'LOW' })],
    ],
    [
      'SARIF with a level nobody knows',
      sarif({ level: 'constructor' }, {}),
      [bySarif({ severity: 'UNKNOWN' })],
    ],
    [
      'SARIF that is suppressed: the report is unfiltered',
      sarif({ suppressions: [{ kind: 'external' }] }, {}),
      [bySarif({})],
    ],
    ['SARIF that says what is well', sarif({ kind: 'pass' }, {}), []],
    [
      'SARIF of a secret',
      sarif({}, { properties: { tags: ['Secret', 'security'] } }),
      [bySarif({ class: 'secret' })],
    ],
    [
      'SARIF with a package in a logical location, by an index',
      sarif(
        {
          ruleId: undefined,
          ruleIndex: 0,
          locations: [{ logicalLocations: [{ fullyQualifiedName: '@babel/core@7.0.0' }] }],
        },
        {},
      ),
      [bySarif({ package: '@babel/core', version: '7.0.0' })],
    ],
  ])('%s', (_, report, findings) => {
    expect(read(report)).toEqual(findings);
  });
});

describe('every class of Trivy is read, whatever stands beside it', () => {
  const layer = { Digest: LAYER, DiffID: LAYER };
  const report = (result: object, artifact = 'container_image'): unknown => ({
    SchemaVersion: 2,
    Trivy: { Version: 'dev' },
    ArtifactType: artifact,
    ReportID: '017b7d41',
    Results: [
      { Target: 'image (debian 12.1)', Class: 'os-pkgs', Type: 'debian', Unheard: { of: 1 }, ...result },
      { Target: 'empty' },
    ],
  });
  const vulnerability = {
    VulnerabilityID: 'CVE-2019-1549',
    VendorIDs: ['DSA-4539-1', 'GHSA-a'],
    PkgID: 'libssl@1.1.1',
    PkgName: 'libssl',
    PkgIdentifier: { PURL: 'pkg:deb/debian/libssl@1.1.1', UID: 'f' },
    InstalledVersion: '1.1.1',
    Status: 'will_not_fix',
    Layer: layer,
    SeveritySource: 'nvd',
    PrimaryURL: 'https://avd.aquasec.com/nvd/cve-2019-1549',
    DataSource: { ID: 'debian' },
    Title: 'openssl: a fault',
    Severity: 'MEDIUM',
    VendorSeverity: { nvd: 2, redhat: 1, cbl: 4, other: 0 },
    CVSS: { nvd: { V2Score: 9, V3Score: 5.3 }, x: { V40Score: 6.1 } },
    CweIDs: ['CWE-330'],
    PublishedDate: '2019-09-10T17:15:00Z',
  };

  it.each<[string, object, Partial<Finding>[]]>([
    [
      'a vulnerability of a distribution without a fix',
      { Vulnerabilities: [vulnerability] },
      [
        {
          id: 'CVE-2019-1549',
          aliases: ['GHSA-a'],
          severity: 'MEDIUM',
          severities: { nvd: 'MEDIUM', redhat: 'LOW', cbl: 'CRITICAL', other: 'UNKNOWN' },
          title: 'openssl: a fault',
          url: 'https://avd.aquasec.com/nvd/cve-2019-1549',
          package: 'libssl',
          version: '1.1.1',
          purl: 'pkg:deb/debian/libssl@1.1.1',
          status: 'will_not_fix',
          target: 'debian 12.1',
          layer: LAYER,
          cvss: 6.1,
          published: '2019-09-10T17:15:00Z',
        },
      ],
    ],
    [
      'one of another numbering, of a lockfile, of which little is known',
      {
        Target: 'Cargo.lock',
        Class: 'lang-pkgs',
        Vulnerabilities: [
          { VulnerabilityID: 'openSUSE-SU-2020:0062-1', PkgName: 'x', CVSS: null, VendorIDs: null },
        ],
      },
      [{ id: 'openSUSE-SU-2020:0062-1', package: 'x', target: 'Cargo.lock' }],
    ],
    [
      'a misconfiguration that failed, and none that passed',
      {
        Target: 'Dockerfile',
        Class: 'config',
        MisconfSummary: { Successes: 1, Failures: 1 },
        Misconfigurations: [
          {
            Type: 'Dockerfile Security Check',
            ID: 'DS-0002',
            Title: 'Image user should not be root',
            Message: 'Specify at least 1 USER command',
            Severity: 'HIGH',
            PrimaryURL: 'https://avd.aquasec.com/misconfig/ds-0002',
            Status: 'FAIL',
            CauseMetadata: {
              Provider: 'Dockerfile',
              StartLine: 4,
              Code: { Lines: [{ Content: 'USER root' }] },
            },
          },
          { ID: 'DS-0001', Status: 'PASS', Severity: 'LOW' },
        ],
      },
      [
        {
          class: 'misconfiguration',
          id: 'DS-0002',
          severity: 'HIGH',
          title: 'Image user should not be root',
          url: 'https://avd.aquasec.com/misconfig/ds-0002',
          category: 'Dockerfile',
          target: 'Dockerfile',
          line: 4,
        },
      ],
    ],
    [
      'a secret',
      {
        Target: '/deploy.sh',
        Class: 'secret',
        Secrets: [
          {
            RuleID: 'aws-access-key-id',
            Category: 'AWS',
            Severity: 'CRITICAL',
            Title: 'AWS',
            StartLine: 3,
            Match: '***',
          },
        ],
      },
      [
        {
          class: 'secret',
          id: 'aws-access-key-id',
          category: 'AWS',
          severity: 'CRITICAL',
          title: 'AWS',
          target: '/deploy.sh',
          line: 3,
        },
      ],
    ],
    [
      'licences of packages and of files',
      {
        Target: 'OS Packages',
        Class: 'license',
        Licenses: [
          {
            Severity: 'HIGH',
            Category: 'restricted',
            PkgName: 'alpine-baselayout',
            FilePath: '',
            Name: 'GPL-2.0-only',
            Confidence: 1,
            Link: '',
          },
          {
            Severity: 'LOW',
            PkgName: '',
            FilePath: '/LICENSE',
            Name: 'MIT',
            Link: 'https://spdx.org/licenses/MIT.html',
          },
        ],
      },
      [
        {
          class: 'licence',
          id: 'GPL-2.0-only',
          severity: 'HIGH',
          title: 'GPL-2.0-only (restricted)',
          package: 'alpine-baselayout',
          category: 'restricted',
          target: 'OS Packages',
        },
        {
          class: 'licence',
          id: 'MIT',
          severity: 'LOW',
          title: 'MIT',
          url: 'https://spdx.org/licenses/MIT.html',
          target: '/LICENSE',
        },
      ],
    ],
    [
      'what a plug-in wrote: no finding',
      { Class: 'custom', CustomResources: [{ Type: 'x', Data: '1' }] },
      [],
    ],
  ])('%s', (_, result, findings) => {
    const wanted = findings.map((found) => of(found, 'trivy (another run)'));
    for (const artifact of ['container_image', 'repository', 'cyclonedx', 'vm']) {
      expect(read(report(result, artifact))).toEqual(wanted);
    }
  });
});

describe('what is not understood is invalid, for it would look as if nothing was found', () => {
  const many = Array.from({ length: 100_001 }, () => grype.matches[1]);
  it.each<[string, string, RegExp]>([
    ['something else', '{"hello":1}', /neither SARIF nor JSON of Grype/],
    ['a list of something else', '[1]', /neither SARIF/],
    ['vulnerabilities of a scanner nobody knows', '{"vulnerabilities":[]}', /neither SARIF/],
    ['a number', '1', /neither SARIF/],
    ['half a report', JSON.stringify(grype).slice(0, -9), /cut off/],
    ['matches without ids', JSON.stringify({ ...grype, matches: [{ artifact: {} }] }), /matches\.0/],
    ['another version of SARIF', JSON.stringify({ version: '2.0.0', runs: [] }), /version/],
    ['another version of Trivy', JSON.stringify({ SchemaVersion: 1, Results: [] }), /SchemaVersion/],
    [
      'Clair without what it refers to',
      JSON.stringify({ ...clair, vulnerabilities: {} }),
      /"v1" is not in the report/,
    ],
    ['more than anybody has', JSON.stringify({ ...grype, matches: many }), /at most 100000/],
  ])('%s', (_, text, message) => {
    expect(() => readForeignReport(text, 'report.json', PLATFORM)).toThrow(
      expect.objectContaining({
        outcome: 'invalid',
        input: 'reports',
        message: expect.stringMatching(message),
      }),
    );
  });

  it('and text without end is cut', () => {
    const [found] = read({
      ...grype,
      matches: [{ ...grype.matches[1], artifact: { name: 'a'.repeat(10_000), version: '' } }],
    });
    expect(found?.package).toHaveLength(4096);
  });
});

describe('the catalogue of what is known to be exploited', () => {
  const catalogue = {
    title: 'CISA Catalog of Known Exploited Vulnerabilities',
    catalogVersion: '2026.11.20',
    dateReleased: '2026-11-20T15:00:00.1234Z',
    count: 1,
    vulnerabilities: [{ cveID: 'CVE-2021-44228', vendorProject: 'Apache', dateAdded: '2021-12-10' }],
  };

  it('says when it was released and what it lists', () => {
    expect(readExploitedList(JSON.stringify(catalogue), 'kev.json')).toEqual({
      releasedAt: '2026-11-20T15:00:00.1234Z',
      listed: { 'CVE-2021-44228': '2021-12-10' },
    });
  });

  it.each<[string, string]>([
    ['half of it', JSON.stringify(catalogue).slice(0, -5)],
    ['one without a date', JSON.stringify({ ...catalogue, dateReleased: undefined })],
    ['one without a list', JSON.stringify({ ...catalogue, vulnerabilities: undefined })],
    [
      'an entry that is none',
      JSON.stringify({ ...catalogue, vulnerabilities: [{ cveID: '__proto__', dateAdded: '2021-12-10' }] }),
    ],
  ])('%s is invalid', (_, text) => {
    expect(() => readExploitedList(text, 'kev.json')).toThrow(
      expect.objectContaining({ outcome: 'invalid', input: 'kev' }),
    );
  });
});
