import { expect, test } from 'vitest';
import { createEvaluator } from '../../shared/evaluator/evaluator.ts';
import type { Facts, Gathered } from '../../shared/policy/facts.ts';
import type { Need } from '../../shared/policy/rule.ts';
import { ruleSchema } from '../../shared/policy/rule.ts';
import { compareFacts } from '../../shared/policy/worse.ts';

const RULES = {
  'no-critical': { title: 'x', needs: ['scan'], deny: "vulnerabilities.exists(v, v.severity == 'CRITICAL')" },
  few: { title: 'x', deny: 'vulnerabilities.size() > 2' },
  'no-secrets': { title: 'x', deny: 'secrets.exists(s, true)' },
  small: { title: 'x', deny: 'image.size > 10' },
  listed: { title: 'x', needs: ['sbom'] },
  signed: { title: 'x', needs: ['signature'] },
  odd: { title: 'x', deny: 'image.size / 0 > 1' },
  fixable: { title: 'x', deny: "vulnerabilities.exists(v, v.fixed != '')" },
  tested: { title: 'x', deny: '!tests.passed' },
  fresh: { title: 'x', needs: ['scan'], deny: 'image.size > 10' },
  excused: { title: 'x', deny: "excused.exists(e, e.class == 'secret')" },
};
const rules = Object.fromEntries(Object.entries(RULES).map(([name, rule]) => [name, ruleSchema.parse(rule)]));

interface Image {
  readonly found?: readonly string[];
  readonly secrets?: readonly string[];
  readonly size?: number;
  readonly missing?: readonly Need[];
  /** Packages in which something is excused. */
  readonly excused?: readonly string[];
  /** Whether the tests passed. */
  readonly tests?: boolean;
}

/** `CVE-1 openssl` is critical, `cve-1 openssl` is not; `CVE-1 openssl 3` is fixed in 3, and `CVE-1 openssl 3 arm64` is of another platform. */
function gathered(image: Image): Gathered {
  const { found = [], secrets = [], size = 1, missing = [], excused = [], tests = true } = image;
  const vulnerabilities = found.map((text) => {
    const [id = '', name = '', fixed = '', machine = 'amd64'] = text.split(' ');
    return {
      id: id.toUpperCase(),
      package: name,
      version: '1',
      fixed,
      severity: id.startsWith('CVE') ? 'CRITICAL' : 'LOW',
      title: '',
      url: '',
      platform: `linux/${machine}`,
      target: '',
    };
  });
  const facts = {
    image: { digest: 'sha256:1', size: BigInt(size), platforms: ['linux/amd64'] },
    config: [],
    vulnerabilities,
    secrets: secrets.map((target) => ({
      rule: 'key',
      category: '',
      severity: 'HIGH',
      title: '',
      target,
      line: 1n,
      platform: '',
    })),
    excused: excused.map((target) => ({ class: 'secret', id: 'key', package: '', severity: 'HIGH', target })),
    ...(!missing.includes('test') && { tests: { passed: tests } }),
    now: new Date(),
  } as unknown as Facts;
  return { facts, missing: new Map(missing.map((need) => [need, ['it is missing']])) };
}

test.each<[string, string, Image, Image | undefined, boolean]>([
  ['both are clean', 'no-critical', {}, {}, false],
  ['the target has a critical one and what runs has none', 'no-critical', { found: ['CVE-1 ssl'] }, {}, true],
  ['both have the same', 'no-critical', { found: ['CVE-1 ssl'] }, { found: ['CVE-1 ssl'] }, false],
  [
    'what runs has more',
    'no-critical',
    { found: ['CVE-1 ssl'] },
    { found: ['CVE-1 ssl', 'CVE-2 ssl'] },
    false,
  ],
  ['each has another', 'no-critical', { found: ['CVE-1 ssl'] }, { found: ['CVE-2 ssl'] }, true],
  ['the same in another package', 'no-critical', { found: ['CVE-1 ssl'] }, { found: ['CVE-1 tls'] }, true],
  [
    'the same, and worse there than here',
    'no-critical',
    { found: ['CVE-1 ssl'] },
    { found: ['cve-1 ssl', 'CVE-2 x'] },
    true,
  ],
  [
    'more, none of them critical',
    'no-critical',
    { found: ['CVE-1 ssl', 'cve-2 x'] },
    { found: ['CVE-1 ssl'] },
    false,
  ],
  [
    'too many here, few there',
    'few',
    { found: ['cve-1 a', 'cve-2 a', 'cve-3 a'] },
    { found: ['cve-1 a'] },
    true,
  ],
  [
    'too many in both, and more of them here',
    'few',
    { found: ['cve-1 a', 'cve-2 a', 'cve-3 a', 'cve-4 a', 'cve-5 a'] },
    { found: ['cve-1 a', 'cve-2 a', 'cve-3 a'] },
    true,
  ],
  [
    'too many in both, and the same',
    'few',
    { found: ['cve-1 a', 'cve-2 a', 'cve-3 a'] },
    { found: ['cve-1 a', 'cve-2 a', 'cve-3 a', 'cve-4 a'] },
    false,
  ],
  [
    'the same on another platform',
    'no-critical',
    { found: ['CVE-1 ssl 3 arm64'] },
    { found: ['CVE-1 ssl 3 amd64'] },
    true,
  ],
  [
    'the same, with a fix only here',
    'fixable',
    { found: ['CVE-1 ssl 3'] },
    { found: ['CVE-1 ssl', 'CVE-2 x 1'] },
    true,
  ],
  [
    'a finding, where nobody looked at what runs',
    'no-critical',
    { found: ['CVE-1 ssl'] },
    { missing: ['scan'] },
    true,
  ],
  ['tests that failed, where what runs has none', 'tested', { tests: false }, { missing: ['test'] }, true],
  ['tests that failed in both', 'tested', { tests: false }, { tests: false }, false],
  ['no tests, where those of what runs failed', 'tested', { missing: ['test'] }, { tests: false }, true],
  ['no scan, where what runs breaks the rule', 'fresh', { missing: ['scan'] }, { size: 20 }, true],
  ['another secret that is excused', 'excused', { excused: ['/a'] }, { excused: ['/b'] }, true],
  ['the same secret that is excused', 'excused', { excused: ['/a'] }, { excused: ['/a', '/b'] }, false],
  ['a secret in both', 'no-secrets', { secrets: ['/a'] }, { secrets: ['/a'] }, false],
  ['a secret in another file', 'no-secrets', { secrets: ['/a'] }, { secrets: ['/b'] }, true],
  ['both too large', 'small', { size: 20 }, { size: 11 }, false],
  ['too large, what runs is not', 'small', { size: 20 }, { size: 1 }, true],
  ['evidence that neither has', 'listed', { missing: ['sbom'] }, { missing: ['sbom'] }, false],
  ['evidence that only what runs has', 'listed', { missing: ['sbom'] }, {}, true],
  ['no signature, as what runs', 'signed', { missing: ['signature'] }, { missing: ['signature'] }, true],
  ['an error in both', 'odd', {}, {}, false],
  ['what runs cannot be read', 'small', { size: 20 }, undefined, true],
  ['what runs cannot be read, the target is good', 'small', {}, undefined, false],
])('%s', async (_, name, target, running, veto) => {
  const { verdict, rules: results } = await compareFacts(
    rules,
    { name: 'prod', rules: [name] },
    gathered(target),
    running && gathered(running),
    createEvaluator(),
  );
  expect(results.some(({ outcome }) => outcome === 'denied')).toBe(veto);
  // By itself it is as good or bad as it is: the summary is not made better by what runs.
  if (veto) expect(verdict.decision).toBe('deny');
  if (!veto)
    expect(results.filter(({ outcome }) => outcome === 'warned').length).toBe(
      verdict.decision === 'deny' ? 1 : 0,
    );
});
