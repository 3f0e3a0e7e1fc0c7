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
