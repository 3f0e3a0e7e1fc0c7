import { describe, expect, it } from 'vitest';
import { makeFinding } from '../../shared/evidence/finding.ts';
import { readVex } from '../../shared/evidence/vex.ts';
import { parseDigest } from '../../shared/image/digest.ts';
import { type Exception, readExceptions, tellScope } from '../../shared/policy/exceptions.ts';
import { createExcuser } from '../../shared/policy/excuses.ts';
import { readTrivyignore } from '../../shared/policy/trivyignore.ts';

const NOW = new Date('2026-11-21T12:00:00Z');
const FILE = '.github/hallmark-exceptions.yml';
const found = makeFinding({
  class: 'vulnerability',
  id: 'CVE-2019-10744',
  aliases: ['GHSA-jf85-cpcp-j695'],
  severity: 'CRITICAL',
  package: 'lodash',
  version: '4.17.4',
  purl: 'pkg:npm/lodash@4.17.4',
  target: 'app/node_modules/lodash/package.json',
  scanner: 'trivy',
  platform: 'linux/amd64',
});

function write(fields: Record<string, string>, scope = 'package: lodash'): string {
  const all = {
    finding: 'CVE-2019-10744',
    scope: `{ ${scope} }`,
    owner: '"@octo/security"',
    reason: Not,
    until: '2026-12-31',
    ...fields,
  };
  const lines = Object.entries(all).flatMap(([name, value]) =>
    value === '' ? [] : [`    ${name}: ${value}`],
  );
  return `version: 1\nexceptions:\n  -\n${lines.join('\n')}\n`;
}
const Not = 'not reachable';
const read = (text: string, maxDays = 90): Exception[] => readExceptions(text, FILE, { maxDays, now: NOW });
const image = { digests: [parseDigest(`sha256:${'a'.repeat(64)}`)], repository: 'ghcr.io/octo/app' };

it('reads who excepts what, where, why and until when, and where it stands', () => {
  const [exception] = read(write({}, 'package: lodash, platform: linux/amd64'));
  expect(exception).toEqual({
    finding: 'CVE-2019-10744',
    scope: { package: 'lodash', platform: 'linux/amd64' },
    owner: '@octo/security',
    reason: Not,
    until: new Date('2026-12-31T00:00:00Z'),
    file: FILE,
    line: 4,
  });
  expect(exception && tellScope(exception)).toBe('package lodash, platform linux/amd64');
});

describe('a faulty file is invalid, with the place', () => {
  it.each<[string, string, RegExp]>([
    ['an unknown key', write({ because: 'so' }), /:9:5: unknown key "because"/],
    ['no owner', write({ owner: '' }), /"owner" is missing/],
    ['an empty reason', write({ reason: '" "' }), /:7:\d+: "reason" is empty/],
    ['no end', write({ until: '' }), /"until" is no date/],
    ['an end that is none', write({ until: 'never' }), /:8:12: "until" is no date/],
    ['an end past 90 days', write({ until: '2027-02-20' }), /:8:12: is more than 90 days from now/],
    ['no scope', write({ scope: '' }), /"scope" is missing/],
    ['an empty scope', write({}, ''), /names nothing/],
    ['a scope of something else', write({}, 'image: app'), /unknown key "image"/],
    ['another version', 'version: 2\nexceptions: []\n', /"version"/],
    ['an alias', 'version: 1\nexceptions: &a []\nmore: *a\n', /aliases are not allowed/],
  ])('%s', (_, text, message) => {
    expect(() => read(text)).toThrow(
      expect.objectContaining({
        outcome: 'invalid',
        input: 'exceptions',
        message: expect.stringMatching(message),
      }),
    );
  });

  it('and more days are allowed where the policy says so', () => {
    expect(read(write({ until: '2027-02-20' }), 120)).toHaveLength(1);
  });
});

describe('an exception excuses', () => {
  it.each<[string, string, string, boolean]>([
    ['its finding', write({}), '', true],
    ['it by another name', write({ finding: 'ghsa-JF85-cpcp-j695' }), '', true],
    ['no other finding', write({ finding: 'CVE-2019-10745' }), '', false],
    ['no other package', write({}, 'package: lodash-es'), '', false],
    ['no other version', write({}, 'version: 4.17.5'), '', false],
    ['no other place', write({}, 'target: other/package.json'), '', false],
    ['no other platform', write({}, 'platform: linux/arm64'), '', false],
    ['only when everything of its scope fits', write({}, 'package: lodash, version: "4.17.5"'), '', false],
    ['in its environment', write({}, 'environment: staging'), 'staging', true],
    ['in no other environment', write({}, 'environment: staging'), 'prod', false],
    [
      'where no environment is asked about, none of an environment',
      write({}, 'environment: staging'),
      '',
      false,
    ],
    ['until the day begins', write({ until: '2026-11-22' }), '', true],
    ['nothing from that day on', write({ until: '2026-11-21' }), '', false],
  ])('%s', (_, text, environment, excused) => {
    const exceptions = read(text);
    const excuser = createExcuser(
      { exceptions, vex: [] },
      { image, now: NOW, ...(environment !== '' && { environment }) },
    );
    expect(excuser.ask(found).excused).toBe(excused);
    expect([...excuser.used]).toEqual(excused ? exceptions : []);
  });
});

it('reads a .trivyignore as exceptions without an owner', () => {
  const text = '# why\nCVE-2019-10744\n\nCVE-2020-1 exp:2026-11-20 # old\nCVE-2020-2 exp:soon\n';
  const lines = readTrivyignore(text, '.trivyignore');
  expect(
    lines.map(({ finding, owner, until, line }) => [finding, owner, until?.toISOString(), line]),
  ).toEqual([
    ['CVE-2019-10744', '', undefined, 2],
    ['CVE-2020-1', '', '2026-11-20T00:00:00.000Z', 4],
  ]);
  expect(createExcuser({ exceptions: lines, vex: [] }, { image, now: NOW }).ask(found).excused).toBe(true);
});

function vex(...statements: object[]): unknown {
  return {
    '@context': 'https://openvex.dev/ns/v0.2.0',
    '@id': 'https://octo.example/vex-1',
    author: 'Octo',
    timestamp: '2026-11-01T00:00:00Z',
    version: 1,
    statements,
  };
}
const OCI = `pkg:oci/app@sha256%3A${'a'.repeat(64)}`;
const statement = (changes: object): object => ({
  vulnerability: { name: 'CVE-2019-10744' },
  products: [{ '@id': OCI }],
  status: 'not_affected',
  justification: 'vulnerable_code_not_in_execute_path',
  ...changes,
});
const product = (id: string, ...subcomponents: string[]): object => ({
  products: [{ '@id': id, subcomponents: subcomponents.map((one) => ({ '@id': one })) }],
});

describe('OpenVEX excuses', () => {
  it.each<[string, object[], boolean, string | undefined]>([
    ['what is not affected in the image by digest', [statement({})], true, 'not_affected'],
    ['what is fixed', [statement({ status: 'fixed', justification: undefined })], true, 'fixed'],
    [
      'by an alias',
      [statement({ vulnerability: { name: 'X-1', aliases: ['GHSA-jf85-cpcp-j695'] } })],
      true,
      'not_affected',
    ],
    [
      'by a name that is text, as before v0.2',
      [statement({ vulnerability: 'CVE-2019-10744' })],
      true,
      'not_affected',
    ],
    ['a subcomponent of the image', [statement(product(OCI, 'pkg:npm/lodash'))], true, 'not_affected'],
    ['the package itself', [statement(product('pkg:npm/lodash@4.17.4'))], true, 'not_affected'],
    [
      'an image by its repository',
      [statement(product('pkg:oci/app?repository_url=ghcr.io/octo/app'))],
      true,
      'not_affected',
    ],
    [
      'an image by hash',
      [statement({ products: [{ hashes: { 'sha-256': 'a'.repeat(64) } }] })],
      true,
      'not_affected',
    ],
    [
      'an image by an identifier',
      [statement({ products: [{ identifiers: { purl: OCI } }] })],
      true,
      'not_affected',
    ],
    ['nothing without a reason', [statement({ justification: undefined })], false, 'not_affected'],
    ['nothing that is affected', [statement({ status: 'affected' })], false, 'affected'],
    [
      'nothing that is looked into',
      [statement({ status: 'under_investigation' })],
      false,
      'under_investigation',
    ],
    ['no other vulnerability', [statement({ vulnerability: { name: 'CVE-2019-1' } })], false, undefined],
    ['no other image', [statement(product(`pkg:oci/app@sha256%3A${'b'.repeat(64)}`))], false, undefined],
    [
      'no image of another repository',
      [statement(product('pkg:oci/app?repository_url=ghcr.io/evil/app'))],
      false,
      undefined,
    ],
    ['no image without digest or repository', [statement(product('pkg:oci/app'))], false, undefined],
    ['no other subcomponent', [statement(product(OCI, 'pkg:npm/minimist'))], false, undefined],
    ['no other version', [statement(product('pkg:npm/lodash@4.17.5'))], false, undefined],
    ['no package of another ecosystem', [statement(product('pkg:deb/debian/lodash'))], false, undefined],
    ['no part of another product', [statement(product('pkg:npm/other', 'pkg:npm/lodash'))], false, undefined],
    ['nothing without a product', [statement({ products: [] })], false, undefined],
    [
      'nothing that a later statement takes back',
      [statement({}), statement({ status: 'affected', timestamp: '2026-11-02T00:00:00Z' })],
      false,
      'affected',
    ],
    [
      'what a later statement says',
      [statement({ status: 'affected' }), statement({ timestamp: '2026-11-02T00:00:00Z' })],
      true,
      'not_affected',
    ],
    [
      'nothing where two of one time differ',
      [statement({}), statement({ status: 'affected' })],
      false,
      'affected',
    ],
  ])('%s', (_, statements, excused, status) => {
    const said = createExcuser(
      { exceptions: [], vex: readVex(vex(...statements)) ?? [] },
      { image, now: NOW },
    ).ask(found);
    expect([said.excused, said.vex?.status]).toEqual([excused, status]);
  });

  it.each<[string, unknown]>([
    ['text', 'vex'],
    ['a document without a time', { statements: [] }],
    ['a status nobody knows', vex(statement({ status: 'harmless' }))],
  ])('%s is no OpenVEX', (_, document) => {
    expect(readVex(document)).toBeUndefined();
  });
});
