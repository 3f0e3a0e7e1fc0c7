import { describe, expect, it } from 'vitest';
import { createEvaluator } from '../../shared/evaluator/evaluator.ts';
import type { Evidence } from '../../shared/evidence/evidence.ts';
import type { Exception } from '../../shared/policy/exceptions.ts';
import { gatherFacts } from '../../shared/policy/facts.ts';
import { judgeFacts } from '../../shared/policy/judge.ts';
import { ruleSchema } from '../../shared/policy/rule.ts';
import type { Verdict } from '../../shared/policy/verdict.ts';
import { CRITICAL, evidence, IMAGE, instead, SECRET, scan, TRUST } from './evidence.ts';

const NOW = new Date('2026-11-21T12:00:00Z');
const found = instead(
  'scan',
  scan('b', { findings: [CRITICAL, SECRET] }),
  scan('c', { findings: [CRITICAL] }),
);
const exception: Exception = {
  finding: CRITICAL.id,
  scope: { package: 'minimist' },
  owner: '@octo/security',
  reason: 'not reachable',
  until: new Date('2026-12-01T00:00:00Z'),
  file: 'exceptions.yml',
  line: 3,
};
const RULES = {
  'no-critical': "vulnerabilities.exists(v, v.severity == 'CRITICAL')",
  'no-secrets': 'secrets.exists(s, true)',
  'none-excused': 'excused.exists(e, true)',
  'no-exploited': '!has(scan.exploitedAt) || vulnerabilities.exists(v, has(v.exploited))',
  'not-exploited':
    '!has(scan.exploitedAt) || vulnerabilities.exists(v, has(v.exploited)) || excused.exists(e, has(e.exploited))',
  'no-checks': 'misconfigurations.exists(m, true)',
};

async function judge(
  rules: readonly (keyof typeof RULES)[],
  given: { found?: readonly Evidence[]; exceptions?: readonly Exception[] } = {},
): Promise<Verdict> {
  const known = Object.fromEntries(
    Object.entries(RULES).map(([name, deny]) => [name, ruleSchema.parse({ title: name, deny })]),
  );
  const gathered = gatherFacts(IMAGE, { evidence: given.found ?? found, rejected: [] }, TRUST, NOW, {
    exceptions: given.exceptions ?? [],
    environment: 'prod',
  });
  return judgeFacts(known, { name: 'prod', rules }, gathered, createEvaluator());
}

/** A VEX statement in a signed one about some subjects: `a` is the index, `b` and `c` its platforms. */
function vex(subjects: readonly string[], status = 'not_affected'): Evidence {
  const predicate = {
    timestamp: '2026-11-20T00:00:00Z',
    statements: [
      {
        vulnerability: { name: CRITICAL.id },
        products: [{ '@id': `pkg:oci/app@sha256%3A${'a'.repeat(64)}` }],
        status,
        justification: 'component_not_present',
      },
    ],
  };
  const digests = subjects.map((one) => `sha256:${one.repeat(64)}`) as unknown as Evidence['subjects'];
  return evidence('vex', predicate, { subjects: digests });
}

describe('a rule does not see what is excused', () => {
  it.each<[string, Parameters<typeof judge>[1], 'allow' | 'deny']>([
    ['nothing is', {}, 'deny'],
    ['an exception', { exceptions: [exception] }, 'allow'],
    ['one that ended', { exceptions: [{ ...exception, until: NOW }] }, 'deny'],
    [
      'one for another environment',
      { exceptions: [{ ...exception, scope: { environment: 'staging' } }] },
      'deny',
    ],
    [
      'one for one platform of two',
      { exceptions: [{ ...exception, scope: { platform: 'linux/amd64' } }] },
      'deny',
    ],
    ['VEX about the image', { found: [...found, vex(['a'])] }, 'allow'],
    ['VEX about both platforms', { found: [...found, vex(['b', 'c'])] }, 'allow'],
    ['VEX signed for one platform', { found: [...found, vex(['b'])] }, 'deny'],
    ['VEX that says it is affected', { found: [...found, vex(['a'], 'affected')] }, 'deny'],
  ])('%s', async (_, given, decision) => {
    expect(await judge(['no-critical'], given)).toMatchObject({ decision });
  });
});

it('an excuse for one finding is none for another', async () => {
  const { reasons } = await judge(['no-critical', 'no-secrets'], { exceptions: [exception] });
  expect(reasons).toHaveLength(1);
  expect(reasons[0]).toContain('aws-access-key-id');
});

it('what is excused is told, once for all platforms', async () => {
  const { warnings } = await judge(['no-critical'], { exceptions: [exception] });
  expect(warnings).toEqual([
    'CVE-2021-44906 in minimist is excused by @octo/security until 2026-12-01: not reachable',
  ]);
  const { warnings: byVex } = await judge(['no-critical'], { found: [...found, vex(['a'])] });
  expect(byVex).toEqual([
    'CVE-2021-44906 in minimist is excused by VEX: not_affected: component_not_present',
  ]);
});

it('a rule can still ask for what is excused', async () => {
  expect(await judge(['none-excused'])).toMatchObject({ decision: 'allow' });
  expect(await judge(['none-excused'], { exceptions: [exception] })).toMatchObject({ decision: 'deny' });
});

describe('what was not looked for is not taken for clean', () => {
  it.each<['no-exploited' | 'no-checks', Partial<Parameters<typeof scan>[2]>, 'allow' | 'deny']>([
    ['no-exploited', { exploitedAt: null }, 'deny'],
    ['no-exploited', { exploitedAt: '2026-11-20T00:00:00Z' }, 'allow'],
    ['no-checks', {}, 'deny'],
    ['no-checks', { scanners: ['vuln', 'secret', 'misconfig'] }, 'allow'],
  ])('%s after %j: %s', async (rule, scope, decision) => {
    const clean = instead('scan', scan('b', {}, scope), scan('c', {}, scope));
    expect(await judge([rule], { found: clean })).toMatchObject({ decision });
  });

  it('and what is known to be exploited is refused', async () => {
    const scope = { exploitedAt: '2026-11-20T00:00:00Z' };
    const listed = { ...CRITICAL, exploited: '2026-01-01' };
    const exploited = instead('scan', scan('b', { findings: [listed] }, scope), scan('c', {}, scope));
    expect(await judge(['no-exploited'], { found: exploited })).toMatchObject({ decision: 'deny' });
    const excepted = { found: exploited, exceptions: [exception] };
    expect(await judge(['no-exploited'], excepted)).toMatchObject({ decision: 'allow' });
    expect(await judge(['not-exploited'], excepted)).toMatchObject({ decision: 'deny' });
  });
});
