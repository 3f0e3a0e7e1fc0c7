import type { Need } from './rule.ts';

/*
 * What a rule can see. Every field has a type, so that a misspelt one is found when the policy is read.
 * Integers are 64 bits, timestamps and durations are CEL's own (cel-spec, "Values").
 */

interface Variable {
  /** A CEL type, or the fields of an object. */
  readonly type: string;
  readonly description: string;
  /** A condition that names it. */
  readonly example: string;
  /** The evidence it is made of: a rule that names the variable needs it, whether it says so or not. */
  readonly need?: Need;
}

/** Types of objects, by field. In the order in which they build on each other. */
export const TYPES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Image: { digest: 'string', size: 'int', platforms: 'list<string>' },
  Config: {
    platform: 'string',
    size: 'int',
    created: 'google.protobuf.Timestamp',
    directory: 'string',
    env: 'list<string>',
    user: 'string',
    entrypoint: 'list<string>',
    cmd: 'list<string>',
    labels: 'map<string, string>',
    ports: 'list<string>',
  },
  Material: { name: 'string', uri: 'string', digest: 'string' },
  Provenance: {
    builder: 'string',
    buildType: 'string',
    repository: 'string',
    commit: 'string',
    ref: 'string',
    workflow: 'string',
    trigger: 'string',
    runner: 'string',
    materials: 'list<Material>',
    signedAt: 'google.protobuf.Timestamp',
  },
  Package: { name: 'string', version: 'string', purl: 'string', platform: 'string' },
  Sbom: { packages: 'list<Package>' },
  Vulnerability: {
    id: 'string',
    package: 'string',
    version: 'string',
    fixed: 'string',
    severity: 'string',
    title: 'string',
    url: 'string',
    platform: 'string',
    target: 'string',
    purl: 'string',
    status: 'string',
    scanner: 'string',
    vex: 'string',
    cvss: 'double',
    published: 'google.protobuf.Timestamp',
    firstSeen: 'google.protobuf.Timestamp',
    exploited: 'google.protobuf.Timestamp',
  },
  Secret: {
    rule: 'string',
    category: 'string',
    severity: 'string',
    title: 'string',
    target: 'string',
    line: 'int',
    platform: 'string',
    scanner: 'string',
  },
  Misconfiguration: {
    id: 'string',
    category: 'string',
    severity: 'string',
    title: 'string',
    target: 'string',
    line: 'int',
    platform: 'string',
    scanner: 'string',
  },
  Licence: {
    id: 'string',
    category: 'string',
    severity: 'string',
    package: 'string',
    target: 'string',
    platform: 'string',
    scanner: 'string',
  },
  Excused: {
    class: 'string',
    id: 'string',
    package: 'string',
    severity: 'string',
    target: 'string',
    platform: 'string',
    by: 'string',
    owner: 'string',
    reason: 'string',
    until: 'google.protobuf.Timestamp',
    exploited: 'google.protobuf.Timestamp',
  },
  Scan: {
    scannedAt: 'google.protobuf.Timestamp',
    databaseUpdatedAt: 'google.protobuf.Timestamp',
    exploitedAt: 'google.protobuf.Timestamp',
  },
  Tests: { passed: 'bool' },
  Approval: { by: 'string', at: 'google.protobuf.Timestamp', how: 'string' },
  Base: { name: 'string', digest: 'string', attested: 'bool' },
  Promotion: {
    environment: 'string',
    current: 'string',
    soaked: 'int',
    requestedBy: 'string',
    reason: 'string',
  },
};

export const VARIABLES: Readonly<Record<string, Variable>> = {
  image: {
    type: 'Image',
    description:
      'What the digest itself holds; `size` is the largest platform: compressed layers and config, in bytes.',
    example: 'image.size > 500000000',
  },
  config: {
    type: 'list<Config>',
    description:
      'The image configuration of each platform; `env` holds names without values, `created` is what the builder wrote and may be missing.',
    example: "config.exists(c, '22/tcp' in c.ports)",
  },
  provenance: {
    type: 'Provenance',
    description:
      'How the image was built, from the newest provenance of a builder; `materials` is what it was made of, each with an empty `digest` where nothing pins it; `signedAt` is missing where no log or timestamp proves it.',
    need: 'provenance',
    example: "provenance.runner != 'github-hosted'",
  },
  sbom: {
    type: 'Sbom',
    description: 'The packages in the image, over all platforms.',
    need: 'sbom',
    example: "sbom.packages.exists(p, p.name == 'openssh-server')",
  },
  vulnerabilities: {
    type: 'list<Vulnerability>',
    description:
      'What the newest scan of each platform found, without what is excused. `fixed` is empty when there is no fix; `cvss`, `published`, `firstSeen` and `exploited` (when CISA listed it) may be missing: test with has().',
    need: 'scan',
    example:
      "vulnerabilities.exists(v, v.severity == 'HIGH' && has(v.firstSeen) && now - v.firstSeen > duration('720h'))",
  },
  secrets: {
    type: 'list<Secret>',
    description: 'Secrets that the newest scan of each platform found, without what is excused.',
    need: 'scan',
    example: "secrets.exists(s, s.target != '/app/fixtures/key.pem')",
  },
  misconfigurations: {
    type: 'list<Misconfiguration>',
    description:
      'What the checks of Trivy, or of another scanner, found, without what is excused. A scan of a platform without the scanner misconfig is an error here, so it denies.',
    need: 'scan',
    example: "misconfigurations.exists(m, m.severity == 'HIGH')",
  },
  licences: {
    type: 'list<Licence>',
    description:
      'Licences of packages and files, without what is excused. A scan of a platform without the scanner license is an error here, so it denies.',
    need: 'scan',
    example: "licences.exists(l, l.id.startsWith('AGPL'))",
  },
  excused: {
    type: 'list<Excused>',
    description:
      'What the lists above leave out, because an exception in force (`by` is exception) or a VEX statement (vex) excuses it.',
    need: 'scan',
    example: "excused.exists(e, e.class == 'secret')",
  },
  scan: {
    type: 'Scan',
    description:
      'When the image was scanned, and how old the database was: the oldest over all platforms. `exploitedAt` is when the list of what is known to be exploited was released: missing when a platform was scanned without one.',
    need: 'scan',
    example: "now - scan.scannedAt > duration('168h')",
  },
  tests: {
    type: 'Tests',
    description: 'Whether the newest test results of every platform say PASSED.',
    need: 'test',
    example: '!tests.passed',
  },
  approvals: {
    type: 'list<Approval>',
    description:
      'Who approved this digest for this environment; `how` is run (a review of this run) or review (of the pull request).',
    example: 'approvals.size() < 2',
  },
  base: {
    type: 'Base',
    description:
      'The image that this one was built on, as the gate found it: by verified provenance, annotations or labels, when its layers are the lowest of this one. `attested` when an identity of the role base has signed it, or given provenance for it.',
    example: "!base.attested && !base.name.startsWith('ghcr.io/octo/')",
  },
  promotion: {
    type: 'Promotion',
    description:
      'Where the image would go: `current` is the digest there now (empty when there is none), `soaked` the seconds it has been in the environment before.',
    example: "promotion.current == '' && promotion.reason == ''",
  },
  now: {
    type: 'google.protobuf.Timestamp',
    description: 'The time at which the gate judges.',
    example: 'now.getDayOfWeek() == 5',
  },
};
