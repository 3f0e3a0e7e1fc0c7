import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readBuiltInRules } from '../../shared/evaluator/rules.ts';
import { readPolicy } from '../../shared/policy/file.ts';
import { BAD, GOOD } from './policies.ts';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
// Formats go by their patterns, which stand beside them.
const compile = (name: string) =>
  new Ajv({ strict: false, validateFormats: false, allErrors: true }).compile(
    JSON.parse(read(`schema/${name}.json`)),
  );
const accepts = compile('policy');

/** What one key asks of another, what CEL says, and what only YAML has: editors hear of it from the action. */
const UNSEEN = new Set([
  'a key with two roles',
  'a key for ever',
  'a key for every repository',
  'an environment without a registry',
  'an environment with a tag',
  'a mirror without a registry',
  'a rule that is missing',
  'a rule named like a part of JavaScript',
  'after an environment that is missing',
  'after itself',
  'a circle of two',
  'a soak without an environment before',
  'a rule with the name of a condition',
  'distrust of nobody',
  'distrust that ends before it begins',
  'a central policy that is read without GitHub',
  'a double key',
  'an alias',
  'a tag',
  'a second document',
  'YAML that does not parse',
]);

const page = read('action-docs/policy.md');
const block = (start: string): string =>
  [...page.matchAll(/```yaml\n([\s\S]*?)```/g)]
    .map(([, text = '']) => text)
    .find((text) => text.startsWith(start)) ?? '';
const LOCAL = block('version: 1\nextends:');
const CENTRAL = block('# octo/policies/base.yml\n');
const DISTRUST = block('distrust:');

function validate(text: string): boolean {
  return accepts(parse(text, { strict: false, uniqueKeys: false, logLevel: 'silent' }));
}

test("the page's policies are read, the local one on the central one", () => {
  const builtIn = readBuiltInRules();
  const trust = 'trust: { builder: [{ signer-workflow: octo/app/.github/workflows/release.yml }] }\n';
  const local = `${LOCAL.replace('  prod:', '  staging: { repository: ghcr.io/octo/staging }\n  prod:')}${trust}`;
  const whole = readPolicy(local, 'local.yml', builtIn, { text: CENTRAL, file: 'base.yml' });
  expect(whole.environments.prod).toMatchObject({ after: 'staging', approvals: 2 });
  expect(whole.environments.prod?.rules).toEqual([
    'signed',
    'provenance',
    'sbom',
    'no-critical',
    'tests-passed',
  ]);
  expect(readPolicy(`${GOOD}${DISTRUST}`, 'policy.yml', builtIn).distrust).toHaveLength(3);
});

describe('the published schema', () => {
  test.each([
    ['of design.md', GOOD],
    ['of the README', /```yaml\n(version: 1\n[\s\S]*?)```/.exec(read('README.md'))?.[1] ?? ''],
    ['of the demo', read('demo/policy.yml')],
    ['on top of a central one', LOCAL],
    ['that others extend', CENTRAL],
    ['with distrust', `${GOOD}${DISTRUST}`],
  ])('takes the policy %s', (_, text) => {
    validate(text);
    expect(accepts.errors ?? []).toEqual([]);
  });

  const seen = BAD.filter(([name]) => !UNSEEN.has(name) && !name.startsWith('CEL '));
  test.each(seen)('refuses %s', (_, from, to) => {
    expect(validate(GOOD.replace(from, () => to))).toBe(false);
  });

  test.each([
    ['of the cookbook', read('action-docs/cookbook.cases.yml')],
    ...[...page.matchAll(/```yaml\n(version: 1\ncases:[\s\S]*?)```/g)].map(([, text = ''], at) => [
      `number ${at + 1} of the page`,
      text,
    ]),
  ])('takes the cases %s', (_, text) => {
    const takes = compile('cases');
    takes(parse(text ?? ''));
    expect(takes.errors ?? []).toEqual([]);
    expect(takes({ ...parse(text ?? ''), otherwise: 1 })).toBe(false);
  });

  test.each(['policy', 'cases'])('describes every key of %s', (name) => {
    const nameless: string[] = [];
    const visit = (schema: Record<string, unknown>, path: string): void => {
      for (const [key, value] of Object.entries(
        (schema.properties ?? {}) as Record<string, Record<string, unknown>>,
      )) {
        if (value.description === undefined && value.$ref === undefined) nameless.push(`${path}${key}`);
        visit(value, `${path}${key}.`);
      }
      for (const inner of [schema.additionalProperties, schema.items]) {
        if (typeof inner === 'object' && inner !== null) visit(inner as Record<string, unknown>, path);
      }
    };
    const { then: _, ...schema } = JSON.parse(read(`schema/${name}.json`));
    visit(schema, '');
    for (const [id, one] of Object.entries(schema.definitions ?? {}))
      visit(one as Record<string, unknown>, `${id}.`);
    expect(nameless).toEqual([]);
  });
});
