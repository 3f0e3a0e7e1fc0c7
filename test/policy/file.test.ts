import { describe, expect, test } from 'vitest';
import { readBuiltInRules } from '../../shared/evaluator/rules.ts';
import { Invalid } from '../../shared/outcome/outcome.ts';
import { findEnvironment, readPolicy, trustOf } from '../../shared/policy/file.ts';

/** The policy of design.md. */
const GOOD = `version: 1
repository-id: 123456789
trust:
  builder:  [{ signer-workflow: octo/app/.github/workflows/release.yml, ref: [refs/heads/main, "glob:refs/tags/v*"], runner-environment: github-hosted }]
  scanner:  [{ signer-workflow: octo/app/.github/workflows/release.yml }]
  gate:     [{ signer-workflow: octo/policies/.github/workflows/gate.yml }]
  promoter: [{ signer-workflow: octo/policies/.github/workflows/gate.yml, repository-id: 42 }]
environments:
  staging: { repository: ghcr.io/octo/app-staging, rules: [signed, provenance, sbom, no-secrets, no-critical] }
  prod:    { repository: ghcr.io/octo/app, after: staging, soak: 2h, approvals: 1, rules: [signed, fresh-scan] }
rules:
  no-critical: { title: No fixable critical vulnerability, needs: [scan], deny: "vulnerabilities.exists(v, v.severity == 'CRITICAL' && v.fixed != '')" }
  small:       { title: Under 500 MB, warn: "image.size > 500000000", from: 2027-01-01 }
`;
const KEY = `sha256:${'a'.repeat(64)}`;
const BOUND = `{ key: "${KEY}", repository: ghcr.io/octo/app, until: 2027-01-31 }`;
const builtIn = readBuiltInRules();
const read = (text: string) => readPolicy(text, 'policy.yml', builtIn);

function faultsOf(text: string): string {
  try {
    read(text);
  } catch (error) {
    if (error instanceof Invalid) return error.message;
    throw error;
  }
  throw new Error('the policy was read');
}

describe('a good policy', () => {
  test('is read with its own rules before the built-in ones', () => {
    const policy = read(GOOD);
    expect(Object.keys(policy.environments)).toEqual(['staging', 'prod']);
    expect(policy.rules['no-critical']?.title).toBe('No fixable critical vulnerability');
    expect(policy.rules.small?.from?.toISOString()).toBe('2027-01-01T00:00:00.000Z');
    expect(policy.rules.signed?.needs).toEqual(['signature']);
  });

  test('asks every certificate for its repository, unless an identity names another', () => {
    const trust = trustOf(read(GOOD));
    expect(trust.builder?.[0]?.['repository-id']).toBe('123456789');
    expect(trust.promoter?.[0]?.['repository-id']).toBe('42');
  });

  test('has the environments it names and no other', () => {
    const policy = read(GOOD);
    expect(findEnvironment(policy, 'staging').repository).toBe('ghcr.io/octo/app-staging');
    for (const name of ['stage', 'constructor', '__proto__']) {
      expect(() => findEnvironment(policy, name)).toThrow(Invalid);
    }
  });
});

/** What is changed in the good policy, where the fault is, and what is said of it. */
const BAD: [name: string, from: string, to: string, place: string, message: string][] = [
  ['a typo in a key of the file', 'environments:', 'enviroments:', '8:1', 'unknown key "enviroments"'],
  ['a typo in a key of an environment', 'soak: 2h', 'soek: 2h', '10:60', 'unknown key "soek"'],
  ['a typo in a key of a rule', ', deny: "vul', ', dney: "vul', '12:75', 'unknown key "dney"'],
  [
    'a typo in a key of an identity',
    '{ signer-workflow: octo/policies',
    '{ signer-workfow: octo/policies',
    '6:16',
    'unknown key "signer-workfow"',
  ],
  ['an unknown role', 'builder: ', 'bilder: ', '4:3', 'unknown key "bilder"'],
  [
    'a key that JavaScript would swallow',
    'environments:\n',
    'environments:\n  __proto__: {}\n',
    '9:3',
    'unknown key "__proto__"',
  ],
  ['no version', 'version: 1\n', '', '1:1', '"version" is missing'],
  ['another version', 'version: 1', 'version: 2', '1:10', '"version" may be 1'],
  ['no repository id', 'repository-id: 123456789\n', '', '1:1', '"repository-id" is missing'],
  [
    'a repository id that is a name',
    'repository-id: 123456789',
    'repository-id: octo/app',
    '2:16',
    "the repository's number",
  ],
  [
    'an identity that names nobody',
    '{ signer-workflow: octo/policies/.github/workflows/gate.yml }',
    '{ ref: refs/heads/main }',
    '6:14',
    'names nobody',
  ],
  [
    'a key for ever',
    '{ signer-workflow: octo/policies/.github/workflows/gate.yml }',
    `{ key: "${KEY}", repository: ghcr.io/octo/app }`,
    '6:14',
    '"until" is missing',
  ],
  [
    'a key for every repository',
    '{ signer-workflow: octo/policies/.github/workflows/gate.yml }',
    `{ key: "${KEY}", until: 2027-01-31 }`,
    '6:14',
    '"repository" is missing',
  ],
  [
    'a key with two roles',
    'scanner:  [{ signer-workflow: octo/app/.github/workflows/release.yml }]\n  gate:     [{ signer-workflow: octo/policies/.github/workflows/gate.yml }]',
    `scanner: [${BOUND}]\n  gate: [${BOUND}]`,
    '6:10',
    'this key has the role scanner already',
  ],
  [
    'a role without identities',
    'gate:     [{ signer-workflow: octo/policies/.github/workflows/gate.yml }]',
    'gate: []',
    '6:9',
    '"gate" is less than 1',
  ],
  ['a name in capitals', 'staging: {', 'Staging: {', '9:3', 'is no name'],
  ['a name that is too long', 'staging: {', `${'s'.repeat(41)}: {`, '9:3', 'is no name'],
  ['an environment without rules', '[signed, fresh-scan]', '[]', '10:91', '"rules" names no rule'],
  [
    'an environment without a registry',
    'ghcr.io/octo/app,',
    'octo/app,',
    '10:26',
    '"repository" names no registry',
  ],
  [
    'an environment with a tag',
    'ghcr.io/octo/app,',
    '"ghcr.io/octo/app:1",',
    '10:26',
    'without tag or digest',
  ],
  ['a rule that is missing', 'fresh-scan]', 'fresh-scam]', '10:100', 'there is no rule "fresh-scam"'],
  [
    'a rule named like a part of JavaScript',
    'fresh-scan]',
    'constructor]',
    '10:100',
    'there is no rule "constructor"',
  ],
  [
    'after an environment that is missing',
    'after: staging',
    'after: stagin',
    '10:51',
    'there is no environment "stagin"',
  ],
  ['after itself', 'after: staging', 'after: prod', '10:51', 'goes in a circle: prod after prod'],
  [
    'a circle of two',
    'app-staging, rules',
    'app-staging, after: prod, rules',
    '9:59',
    'staging after prod after staging',
  ],
  ['a time without unit', 'soak: 2h', 'soak: 2', '10:66', '"soak" is to be text'],
  ['a time with an unknown unit', 'soak: 2h', 'soak: 2w', '10:66', '"soak" is no time'],
  [
    'a number of approvals that is a word',
    'approvals: 1',
    'approvals: one',
    '10:81',
    '"approvals" is to be a number',
  ],
  ['no approvals', 'approvals: 1', 'approvals: 0', '10:81', '"approvals" is less than 1'],
  ['a day that does not exist', '2027-01-01', '2027-02-30', '13:77', '"from" is no date'],
  ['a date with a time', '2027-01-01', '2027-01-01T00:00:00Z', '13:77', '"from" is no date'],
  [
    'evidence that does not exist',
    'needs: [scan]',
    'needs: [scans]',
    '12:68',
    '"needs" may be signature, provenance',
  ],
  [
    'a rule with two conditions',
    'warn: "image',
    'deny: "false", warn: "image',
    '13:16',
    'has both "deny" and "warn"',
  ],
  ['a rule that asks for nothing', ', warn: "image.size > 500000000"', '', '13:16', 'asks for nothing'],
  ['CEL that does not parse', '> 500000000"', '> "', '13:59', 'Unexpected token: EOF'],
  ['CEL with a misspelt field', 'image.size', 'image.sise', '13:52', 'No such key: sise'],
  ['CEL with a misspelt field of a list', 'v.severity', 'v.sevrity', '12:110', 'No such key: sevrity'],
  ['CEL with an unknown variable', 'image.size', 'picture.size', '13:46', 'Unknown variable: picture'],
  ['CEL that compares a number with text', '> 500000000', "> 'big'", '13:46', 'no such overload'],
  [
    'CEL that is no condition',
    'image.size > 500000000',
    'image.size',
    '13:46',
    'is a int, where true or false is wanted',
  ],
  ['CEL that is text', '"image.size > 500000000"', '"\'true\'"', '13:46', 'is a string'],
  [
    'CEL with a regular expression',
    'image.size > 500000000',
    "image.digest.matches('(a+)+$')",
    '13:46',
    'matches() is not in the language',
  ],
  [
    'CEL with a function of the library alone',
    'image.size > 500000000',
    'cel.bind(x, 1, x == 1)',
    '13:46',
    'bind() is not in the language',
  ],
  [
    'CEL nested too deep',
    'image.size > 500000000',
    `${'('.repeat(60)}true${')'.repeat(60)}`,
    '13:78',
    'maxDepth',
  ],
  [
    'CEL that is too long',
    'image.size > 500000000',
    `true${' || true'.repeat(600)}`,
    '13:4142',
    'longer than 4096',
  ],
  ['a double key', 'version: 1', 'version: 1\nversion: 1', '2:1', 'unique'],
  ['an alias', 'repository-id: 123456789', 'repository-id: *id', '2:16', 'aliases are not allowed'],
  ['a merged mapping', 'version: 1', 'version: 1\n<<: {}', '2:1', 'unknown key "<<"'],
  ['a tag', 'version: 1', 'version: !!js/function 1', '1:10', 'Unresolved tag'],
  ['a second document', 'version: 1', 'version: 1\n---\na: 1', '2:1', 'multiple documents'],
  ['YAML that does not parse', 'trust:', 'trust: ]', '3:8', 'flow-seq-end'],
  ['a list', GOOD, '- version: 1', '1:1', 'is to be a mapping'],
  ['nothing', GOOD, '', '1:1', 'is to be a mapping'],
];

test.each(BAD)('%s is found when the file is read', (_, from, to, place, message) => {
  expect(GOOD).toContain(from);
  const faults = faultsOf(GOOD.replace(from, () => to));
  expect(faults).toContain(`policy.yml:${place}: `);
  expect(faults).toContain(message);
});

describe('a fault', () => {
  test('shows its line with a mark', () => {
    const faults = faultsOf(GOOD.replace('image.size', 'image.sise')).split('\n');
    const [line = '', mark = ''] = faults.slice(2);
    expect(line).toContain('small:       { title: Under 500 MB');
    expect(line.slice(mark.indexOf('^') - 6, mark.indexOf('^') + 4)).toBe('image.sise');
  });

  test('does not hide the next one', () => {
    const faults = faultsOf(GOOD.replace('soak:', 'soek:').replace('v.severity', 'v.sevrity'));
    expect(faults).toContain('unknown key "soek"');
    expect(faults).toContain('No such key: sevrity');
  });

  test('in a text of several lines is placed at its beginning', () => {
    const block = 'rules:\n  big:\n    title: Big\n    deny: |-\n      image.size >\n        image.sise\n';
    expect(faultsOf(GOOD.replace(/rules:\n[\s\S]*$/, block))).toContain(
      'policy.yml:14:11: "deny" is no expression',
    );
  });

  test.each([
    ['brackets', '['.repeat(100_000)],
    ['mappings', '{a: '.repeat(50_000)],
    ['a huge file', `# ${'x'.repeat(300_000)}\n${GOOD}`],
    ['a binary', '\u0000\u0001\ufffd'.repeat(1000)],
  ])('is all that comes of %s', (_, text) => {
    expect(() => read(text)).toThrow(Invalid);
  });
});
