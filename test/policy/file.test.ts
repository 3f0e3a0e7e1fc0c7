import { describe, expect, test } from 'vitest';
import { readBuiltInRules } from '../../shared/evaluator/rules.ts';
import { Invalid } from '../../shared/outcome/outcome.ts';
import { findEnvironment, readPolicy, trustOf } from '../../shared/policy/file.ts';
import { BAD, GOOD } from './policies.ts';

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

test.each(BAD)('%s is found when the file is read', (_, from, to, place, message) => {
  expect(GOOD).toMatch(from);
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
