import { describe, expect, test } from 'vitest';
import { PREDICATE_TYPES } from '../../shared/evidence/predicate.ts';
import { buildProvenance, workflowClaimsSchema } from '../../shared/evidence/provenance.ts';
import { explainFaults } from '../../shared/evidence/schema.ts';
import { buildVerdict } from '../../shared/evidence/verdict.ts';
import { parseDigest } from '../../shared/image/digest.ts';
import { scan } from '../policy/evidence.ts';
import { githubClaims } from '../servers/sigstore.ts';

const DIGEST = parseDigest(`sha256:${'a'.repeat(64)}`);
const TIME = '2026-11-21T00:00:00Z';
const [PROVENANCE, VERDICT, SCAN] = [
  PREDICATE_TYPES.provenance[0],
  PREDICATE_TYPES.verdict[0],
  PREDICATE_TYPES.scan[0],
];
const provenance = buildProvenance(workflowClaimsSchema.parse(githubClaims()), {
  resolvedDependencies: [{ uri: 'pkg:docker/alpine@3', digest: { sha256: 'a'.repeat(64) } }],
  buildStartedAt: TIME,
});
const verdict = buildVerdict({
  verifier: 'https://github.com/octo/policies/.github/workflows/gate.yml@refs/heads/main',
  resource: `ghcr.io/octo/app@${DIGEST}`,
  policy: { uri: `https://github.com/octo/app/policy.yml@${'b'.repeat(40)}#prod`, digest: DIGEST },
  passed: true,
  judgedAt: TIME,
  inputs: [{ uri: `ghcr.io/octo/app@${DIGEST}`, digest: DIGEST }],
  observed: {},
});
const cyclonedx = {
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  components: [{ type: 'library', name: 'a' }],
};
const spdx = {
  spdxVersion: 'SPDX-2.3',
  SPDXID: 'SPDXRef-DOCUMENT',
  name: 'app',
  dataLicense: 'CC0-1.0',
  creationInfo: { created: TIME, creators: ['Tool: test'] },
  packages: [{ SPDXID: 'SPDXRef-a', name: 'a', downloadLocation: 'NOASSERTION' }],
};
const said = { vulnerability: { name: 'CVE-2026-1' }, status: 'fixed' };
const vex = {
  '@context': 'https://openvex.dev/ns/v0.2.0',
  '@id': 'https://example.com/vex',
  author: 'octo',
  timestamp: TIME,
  version: 1,
  statements: [said],
};

describe('what fits its published schema', () => {
  test.each<[string, string, unknown]>([
    ['our provenance', PROVENANCE, provenance],
    ['our verdict', VERDICT, verdict],
    ['our scan', SCAN, scan('b').statement.predicate],
    ['CycloneDX', PREDICATE_TYPES.cyclonedx[0], cyclonedx],
    ['SPDX 2', PREDICATE_TYPES.spdx[0], spdx],
    [
      'SPDX 3',
      PREDICATE_TYPES.spdx[2],
      { '@context': 'https://spdx.org/rdf/3.0.1/spdx-context.jsonld', '@graph': [{ type: 'SpdxDocument' }] },
    ],
    ['OpenVEX', PREDICATE_TYPES.vex[0], vex],
    ['a test result', PREDICATE_TYPES.test[0], { result: 'WARNED', configuration: [{ name: 'ci.yml' }] }],
    ['a type of anybody', 'https://example.com/x', 7],
  ])('%s', (_, type, predicate) => {
    expect(explainFaults(type, predicate)).toEqual([]);
  });
});

describe('what does not, with the path in the document', () => {
  const without = (field: string) => ({ ...spdx, [field]: undefined });
  test.each<[string, string, unknown, RegExp[]]>([
    ['no object', PROVENANCE, 'x', [/^the document is wrong: expected object/]],
    [
      'provenance without a builder',
      PROVENANCE,
      { ...provenance, runDetails: { builder: {} } },
      [/^runDetails.builder.id is missing$/],
    ],
    [
      'a dependency that names nothing',
      PROVENANCE,
      { ...provenance, buildDefinition: { ...provenance.buildDefinition, resolvedDependencies: [{}] } },
      [/^buildDefinition.resolvedDependencies\[0\] needs a name, uri, digest or content$/],
    ],
    [
      'a verdict of its own kind',
      VERDICT,
      { ...verdict, verificationResult: 'MAYBE', timeVerified: 'now' },
      [/^timeVerified is no RFC 3339 time$/, /^verificationResult .*"PASSED"/],
    ],
    [
      'a scan without results',
      SCAN,
      { scanner: { uri: 'https://x' } },
      [/^scanner.result is missing$/, /^metadata is missing$/],
    ],
    [
      'CycloneDX of another version',
      PREDICATE_TYPES.cyclonedx[0],
      { ...cyclonedx, specVersion: '2' },
      [/^specVersion may be 1/],
    ],
    [
      'a component without a type',
      PREDICATE_TYPES.cyclonedx[0],
      { ...cyclonedx, components: [{ name: 'a' }] },
      [/^components\[0\].type is missing$/],
    ],
    [
      'SPDX without its creation',
      PREDICATE_TYPES.spdx[0],
      without('creationInfo'),
      [/^creationInfo is missing$/],
    ],
    [
      'SPDX 3 without a graph',
      PREDICATE_TYPES.spdx[2],
      { '@context': 'https://spdx.org/rdf/3.0.1/x' },
      [/^@graph is missing$/],
    ],
    ['VEX without statements', PREDICATE_TYPES.vex[0], { ...vex, statements: [] }, [/^statements /]],
    [
      'VEX that does not say why',
      PREDICATE_TYPES.vex[0],
      {
        ...vex,
        statements: [
          { ...said, status: 'not_affected' },
          { ...said, status: 'affected' },
        ],
      },
      [
        /^statements\[0\].justification or impact_statement is required/,
        /^statements\[1\].action_statement is required/,
      ],
    ],
    [
      'a word that OpenVEX lacks',
      PREDICATE_TYPES.vex[1],
      { ...vex, statements: [{ ...said, status: 'ok' }] },
      [/^statements\[0\].status /],
    ],
    [
      'a result in lower case',
      PREDICATE_TYPES.test[0],
      { result: 'passed', configuration: [] },
      [/^result .*"PASSED"/],
    ],
    [
      'more faults than are told',
      PREDICATE_TYPES.cyclonedx[0],
      { ...cyclonedx, components: Array(9).fill({ type: 'library' }) },
      [...Array(5).fill(/^components\[\d\].name is missing$/), /^and 4 more$/],
    ],
  ])('%s', (_, type, predicate, expected) => {
    const faults = explainFaults(type, predicate);
    expect(faults).toEqual(expected.map((fault) => expect.stringMatching(fault)));
  });
});
