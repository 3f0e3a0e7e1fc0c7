import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createEvaluator } from '../../shared/evaluator/evaluator.ts';
import { readBuiltInRules } from '../../shared/evaluator/rules.ts';
import { Invalid } from '../../shared/outcome/outcome.ts';
import { type CaseResult, judgeCase, readCases } from '../../shared/policy/cases.ts';
import { readPolicy } from '../../shared/policy/file.ts';
import { NOW } from './evidence.ts';

const read = (path: string): string =>
  readFileSync(new URL(`../../action-docs/${path}`, import.meta.url), 'utf8');
const builtIn = readBuiltInRules();
const head = `version: 1
repository-id: 1
trust: { builder: [{ signer-workflow: octo/app/.github/workflows/release.yml }] }
`;
const POLICY = readPolicy(
  `${head}environments: { prod: { repository: ghcr.io/octo/app, rules: [${Object.keys(builtIn)}, small] } }
rules: { small: { title: Small, warn: "image.size > 5000" } }
`,
  'policy.yml',
  builtIn,
);

async function judge(cases: string, policy = POLICY): Promise<CaseResult[]> {
  const read = readCases(`version: 1\ncases:\n${cases}`, 'cases.yml', policy, NOW);
  return Promise.all(read.map((one) => judgeCase(one, policy, createEvaluator(), NOW)));
}

describe('the cookbook', () => {
  const page = read('cookbook.md');
  const rules = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)]
    .map(([, block = '']) => block.replace(/^(?=.)/gm, '  '))
    .join('');
  const names = [...rules.matchAll(/^ {2}([a-z0-9-]+):$/gm)].map(([, name]) => name ?? '');
  const environments = names.map((name) => `  ${name}: { repository: ghcr.io/octo/app, rules: [${name}] }\n`);
  const policy = readPolicy(
    `${head}environments:\n${environments.join('')}rules:\n${rules}`,
    'cookbook.md',
    builtIn,
  );
  const cases = readCases(read('cookbook.cases.yml'), 'cookbook.cases.yml', policy, NOW);

  test('has twenty rules and more, none built in', () => {
    expect(names.length).toBeGreaterThanOrEqual(20);
    expect(names.filter((name) => Object.hasOwn(builtIn, name))).toEqual([]);
  });

  test.each(names)('has %s both ways', async (name) => {
    const own = cases.filter(({ environment }) => environment === name);
    const results = await Promise.all(own.map((one) => judgeCase(one, policy, createEvaluator(), NOW)));
    expect(results.map(({ fault }) => fault).filter((fault) => fault !== undefined)).toEqual([]);
    const outcomes = results.map(({ verdict }) => verdict.rules[0]?.outcome);
    expect(outcomes.toSorted()).toEqual([
      outcomes.includes('warned') ? 'passed' : 'denied',
      outcomes.includes('warned') ? 'warned' : 'passed',
    ]);
    expect(results.flatMap(({ verdict }) => verdict.reasons).join()).not.toContain('could not be evaluated');
  });
});

describe('a case', () => {
  test.each<[name: string, text: string]>([
    ['of a good image', '{ verdict: allow, denies: [], warns: [] }'],
    ['of missing evidence', '{ missing: [sbom], verdict: deny, denies: [sbom] }'],
    [
      'of evidence that several rules need',
      '{ missing: [provenance], verdict: deny, denies: [provenance, source-branch, hermetic-materials] }',
    ],
    ['of a time', '{ given: { scan: { scannedAt: 25h ago } }, verdict: deny, denies: [fresh-scan] }'],
    [
      'of a moment',
      '{ given: { scan: { scannedAt: "2026-11-20T11:00:00Z" } }, verdict: deny, denies: [fresh-scan] }',
    ],
    ['of a warning', '{ given: { image: { size: 5001 } }, verdict: allow, warns: [small] }'],
    [
      'of findings',
      '{ given: { vulnerabilities: [{ severity: CRITICAL, fixed: "1" }] }, verdict: deny, denies: [no-critical] }',
    ],
  ])('%s is met', async (_, text) => {
    const [result] = await judge(`  - ${text.replace('{', '{ name: x, environment: prod,')}\n`);
    expect(result?.fault).toBeUndefined();
  });

  test.each<[name: string, text: string, fault: string]>([
    ['another decision', '{ verdict: deny }', 'deny was expected, and it is allow'],
    [
      'another decision, with the reason',
      '{ missing: [sbom], verdict: allow }',
      'it is deny; sbom (Has a bill of materials',
    ],
    [
      'another rule',
      '{ missing: [sbom], verdict: deny, denies: [signed] }',
      'denied by signed was expected, and it is by sbom',
    ],
    [
      'no warning',
      '{ verdict: allow, warns: [small] }',
      'warned by small was expected, and it is by nothing',
    ],
  ])('is not met by %s', async (_, text, fault) => {
    const [result] = await judge(`  - ${text.replace('{', '{ name: x, environment: prod,')}\n`);
    expect(result?.fault).toContain(fault);
  });

  test.each<[name: string, text: string, fault: string]>([
    ['an unknown environment', '{ environment: dev, verdict: deny }', '3:29: the policy has no "dev"'],
    [
      'an unknown rule',
      '{ environment: prod, verdict: deny, denies: [nobody] }',
      'there is no rule "nobody"',
    ],
    [
      'an unknown variable',
      '{ environment: prod, verdict: deny, given: { picture: 1 } }',
      'there is no variable "picture"',
    ],
    [
      'an unknown field',
      '{ environment: prod, verdict: deny, given: { image: { sise: 1 } } }',
      'Image has no field "sise"',
    ],
    [
      'text for a number',
      '{ environment: prod, verdict: deny, given: { image: { size: big } } }',
      'is no int',
    ],
    [
      'text for a boolean',
      '{ environment: prod, verdict: deny, given: { tests: { passed: "yes" } } }',
      'is no bool',
    ],
    [
      'a mapping for a list',
      '{ environment: prod, verdict: deny, given: { secrets: {} } }',
      'is to be a list',
    ],
    ['a time that is none', '{ environment: prod, verdict: deny, given: { now: tomorrow } }', 'is no time'],
    ['a verdict of its own', '{ environment: prod, verdict: perhaps }', '"verdict" may be allow, deny'],
    ['an unknown key', '{ environment: prod, verdict: deny, then: x }', 'unknown key "then"'],
  ])('with %s is found when the file is read', async (_, text, fault) => {
    await expect(judge(`  - ${text.replace('{', '{ name: x,')}\n`)).rejects.toThrow(Invalid);
    await expect(judge(`  - ${text.replace('{', '{ name: x,')}\n`)).rejects.toThrow(fault);
  });
});

test("the page's cases about more than rules are met", async () => {
  const policy = readPolicy(
    `${head}environments:
  staging: { repository: ghcr.io/octo/staging, rules: [signed] }
  prod: { repository: ghcr.io/octo/app, after: staging, soak: 2h, approvals: 1, rules: [signed] }
`,
    'policy.yml',
    builtIn,
  );
  const [, page = ''] = /```yaml\nversion: 1\ncases:\n([^`]*observed[^`]*)```/.exec(read('policy.md')) ?? [];
  const results = await judge(page, policy);
  expect(results).toHaveLength(4);
  expect(results.flatMap(({ fault }) => fault ?? [])).toEqual([]);
});

describe('a case about more than rules', () => {
  const RELEASE = 'octo/app/.github/workflows/release.yml';
  const policy = readPolicy(
    `version: 1
repository-id: 1
trust:
  builder: [{ signer-workflow: ${RELEASE}, ref: [refs/heads/main], runner-environment: github-hosted }]
  scanner: [{ signer-workflow: octo/scans/.github/workflows/scan.yml, repository: octo/app }]
distrust: [{ run: "17", until: 2026-11-20, reason: taken over }]
environments:
  staging: { repository: ghcr.io/octo/staging, rules: [signed, sbom] }
  prod:
    repository: ghcr.io/octo/app
    after: staging
    soak: 2h
    approvals: 1
    freeze: [{ days: [sat, sun], reason: a weekend }]
    rules: [signed, sbom, twice]
rules: { twice: { title: Nobody alone, warn: "approvals.size() < 2 || promotion.soaked < 10800" } }
`,
    'policy.yml',
    builtIn,
  );
  const FINE = 'soaked: 3h, approvals: [hubot, mona]';
  // A Monday.
  const given = 'given: { now: "2026-11-23T12:00:00Z" }';

  test.each<[name: string, text: string]>([
    ['passes', `${given}, observed: { ${FINE} }, verdict: allow, denies: [], warns: []`],
    ['is not judged by what it does not speak of', 'verdict: allow, denies: []'],
    [
      'was never in the environment before',
      `${given}, observed: {}, verdict: deny, denies: [after, soak, approvals]`,
    ],
    [
      'was not there long enough',
      `${given}, observed: { approvals: [hubot, mona], soaked: 119m }, verdict: deny, denies: [soak]`,
    ],
    [
      'was there just long enough',
      `${given}, observed: { approvals: [hubot, mona], soaked: 2h }, verdict: allow, warns: [twice]`,
    ],
    [
      'left before it had soaked',
      `${given}, observed: { approvals: [hubot, mona], soaked: 119m, gone: true }, verdict: deny, denies: [soak]`,
    ],
    ['left after it had soaked', `${given}, observed: { ${FINE}, gone: true }, verdict: allow`],
    [
      'came there by break-glass',
      `${given}, observed: { ${FINE}, break-glass: true }, verdict: deny, denies: [after]`,
    ],
    [
      'has no good verdict there',
      `${given}, observed: { ${FINE}, verdict: false }, verdict: deny, denies: [after]`,
    ],
    [
      'was approved by nobody',
      `${given}, observed: { soaked: 3h }, verdict: deny, denies: [approvals], warns: [twice]`,
    ],
    [
      'was approved by one twice',
      `${given}, observed: { soaked: 3h, approvals: [hubot, HUBOT] }, verdict: allow`,
    ],
    [
      'comes on a weekend',
      `given: { now: "2026-11-22T12:00:00Z" }, observed: { ${FINE} }, verdict: deny, denies: [freeze]`,
    ],
    ['comes into a hold', `${given}, observed: { ${FINE}, hold: incident }, verdict: deny, denies: [hold]`],
    [
      'was withdrawn',
      `${given}, observed: { ${FINE}, withdrawn: broken }, verdict: deny, denies: [withdrawn]`,
    ],
    [
      'is of an older commit',
      `${given}, observed: { ${FINE}, older: true }, verdict: deny, denies: [descends]`,
    ],
    ['is signed by who may', `signers: { signature: { signer-workflow: ${RELEASE} } }, verdict: allow`],
    [
      'is signed by another workflow',
      'signers: { signature: { signer-workflow: octo/app/.github/workflows/evil.yml } }, verdict: deny, denies: [signed]',
    ],
    [
      'is signed from another branch',
      `signers: { signature: { signer-workflow: ${RELEASE}, ref: refs/heads/evil } }, verdict: deny, denies: [signed]`,
    ],
    [
      'is signed on a pull request',
      `signers: { signature: { signer-workflow: ${RELEASE}, trigger: pull_request_target } }, verdict: deny, denies: [signed]`,
    ],
    [
      'is signed by a fork of the same name',
      `signers: { signature: { signer-workflow: ${RELEASE}, repository-id: 666 } }, verdict: deny, denies: [signed]`,
    ],
    [
      'is signed on a runner of their own',
      `signers: { signature: { signer-workflow: ${RELEASE}, runner-environment: self-hosted } }, verdict: deny, denies: [signed]`,
    ],
    [
      'has a bill of materials by who only scans',
      'signers: { sbom: { signer-workflow: octo/scans/.github/workflows/scan.yml, repository: octo/app } }, verdict: allow',
    ],
    [
      'has a signature by who only scans',
      'signers: { signature: { signer-workflow: octo/scans/.github/workflows/scan.yml, repository: octo/app } }, verdict: deny, denies: [signed]',
    ],
    [
      'is signed by a run that is distrusted',
      `signers: { signature: { signer-workflow: ${RELEASE}, run: "17", at: "2026-11-19T00:00:00Z" } }, verdict: deny, denies: [signed]`,
    ],
    [
      'is signed by that run when it was clean again',
      `signers: { signature: { signer-workflow: ${RELEASE}, run: "17", at: "2026-11-20T00:00:00Z" } }, verdict: allow`,
    ],
  ])('%s', async (_, text) => {
    const environment = text.startsWith('signers') ? 'staging' : 'prod';
    const [result] = await judge(`  - { name: x, environment: ${environment}, ${text} }\n`, policy);
    expect(result?.fault).toBeUndefined();
  });

  test.each<[name: string, text: string, fault: string]>([
    ['a time that is none', 'observed: { soaked: long }', '"soaked" is no time; write it as 90s'],
    [
      'a day on which nothing is signed',
      `signers: { sbom: { signer-workflow: ${RELEASE}, at: once } }`,
      'is no time',
    ],
    ['a signer of nothing', `signers: { verdict: { signer-workflow: ${RELEASE} } }`, 'verdict'],
    ['nobody as signer', 'signers: { sbom: { ref: refs/heads/main } }', '"signer-workflow" is missing'],
    ['text for yes', 'observed: { gone: "yes" }', '"gone" is to be'],
    ['an unknown key', 'observed: { approved: [hubot] }', 'unknown key "approved"'],
  ])('with %s is found when the file is read', async (_, text, fault) => {
    const read = judge(`  - { name: x, environment: prod, verdict: deny, ${text} }\n`, policy);
    await expect(read).rejects.toThrow(Invalid);
    await expect(
      judge(`  - { name: x, environment: prod, verdict: deny, ${text} }\n`, policy),
    ).rejects.toThrow(fault);
  });
});
