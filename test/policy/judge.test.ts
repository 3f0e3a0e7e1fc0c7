import { describe, expect, test } from 'vitest';
import { createEvaluator } from '../../shared/evaluator/evaluator.ts';
import { readBuiltInRules } from '../../shared/evaluator/rules.ts';
import type { Evidence, Rejected } from '../../shared/evidence/evidence.ts';
import type { Signer } from '../../shared/evidence/identity.ts';
import { shortDigest } from '../../shared/image/digest.ts';
import { gatherFacts, type JudgedImage } from '../../shared/policy/facts.ts';
import type { Rules } from '../../shared/policy/file.ts';
import { type JudgedEnvironment, judgeFacts } from '../../shared/policy/judge.ts';
import { ruleSchema } from '../../shared/policy/rule.ts';
import type { Verdict } from '../../shared/policy/verdict.ts';
import {
  ALL,
  CRITICAL,
  digest,
  evidence,
  GOOD,
  IMAGE,
  instead,
  NOW,
  PROVENANCE,
  SBOM,
  SECRET,
  SIGNATURE,
  scan,
  TRUST,
} from './evidence.ts';

const builtIn = readBuiltInRules();
const EVERYTHING = Object.keys(builtIn);

interface Case {
  found?: readonly Evidence[];
  rejected?: readonly Rejected[];
  image?: JudgedImage;
  rules?: readonly string[];
  known?: Rules;
  environment?: Partial<JudgedEnvironment>;
  trust?: typeof TRUST;
  limits?: { time: number; memory: number };
}

async function judge(given: Case = {}): Promise<Verdict> {
  const gathered = gatherFacts(
    given.image ?? IMAGE,
    { evidence: given.found ?? GOOD, rejected: given.rejected ?? [] },
    given.trust ?? TRUST,
    NOW,
  );
  const environment = { name: 'prod', rules: given.rules ?? EVERYTHING, ...given.environment };
  return judgeFacts(given.known ?? builtIn, environment, gathered, createEvaluator(given.limits));
}

/** Rules of one: `mine`. */
function rule(source: Record<string, unknown>): { known: Rules; rules: string[] } {
  return { known: { mine: ruleSchema.parse({ title: 'Mine', ...source }) }, rules: ['mine'] };
}

test('what is there of a need and does not count is told with the reason why', async () => {
  const rejected: Rejected = {
    source: SIGNATURE.source,
    predicateType: SIGNATURE.statement.predicateType,
    signer: SIGNATURE.signer,
    reason: 'not builder: trigger is "pull_request_target"',
  };
  const verdict = await judge({ found: [], rejected: [rejected], rules: ['signed', 'sbom'] });
  const signed = verdict.reasons.find((reason) => reason.startsWith('signed'));
  const sbom = verdict.reasons.find((reason) => reason.startsWith('sbom'));
  expect(signed).toContain(
    `${shortDigest(rejected.source)} does not count: not builder: trigger is "pull_request_target"`,
  );
  expect(sbom).toContain('there is no sbom evidence');
  expect(sbom).not.toContain('does not count');
});

test('what does not verify at all is told of every need that is not met: a few, and how many more', async () => {
  const rejected = [1, 2, 3, 4, 5].map(
    (at): Rejected => ({
      source: digest(String(at)),
      predicateType: undefined,
      signer: undefined,
      reason: 'the bundle does not verify',
    }),
  );
  const found = GOOD.filter(({ kind }) => kind !== 'signature');
  const { reasons } = await judge({ found, rejected, rules: ['signed', 'provenance'] });
  expect(reasons).toHaveLength(3);
  expect(reasons[0]).toMatch(
    /; 1{12} does not count: the bundle does not verify;.*; and 2 more do not count$/,
  );
  expect(reasons.slice(1).join()).not.toContain('does not count');
});

test('an image with everything that the built-in rules ask for is allowed', async () => {
  const verdict = await judge();
  expect(verdict.reasons).toEqual([]);
  expect(verdict.decision).toBe('allow');
  expect(verdict.rules.map(({ outcome }) => outcome)).toEqual(EVERYTHING.map(() => 'passed'));
});

const BY_KEY: Signer = { key: 'ab'.repeat(32) };
const withUser = (user: string): JudgedImage => ({
  ...IMAGE,
  platforms: IMAGE.platforms.map((one, at) =>
    at === 1 ? { ...one, config: { config: { User: user } } } : one,
  ),
});
const only = (...subjects: string[]): Partial<Evidence> => ({ subjects: subjects.map(digest) });
const ago = (minutes: number): string => new Date(NOW.getTime() - minutes * 60_000).toISOString();

/** Evidence that lacks one thing, the one rule that then denies, and its reason. */
const LACKING: [name: string, given: Case, denies: string[], reason: string][] = [
  ['no signature', { found: instead('signature') }, ['signed'], 'no signature evidence for the index'],
  [
    'a signature of the index alone',
    { found: instead('signature', { ...SIGNATURE, ...only('a') }) },
    ['signed'],
    'no signature evidence for linux/amd64',
  ],
  [
    'a signature of one platform',
    { found: instead('signature', { ...SIGNATURE, ...only('a', 'b') }) },
    ['signed'],
    'for linux/arm64',
  ],
  [
    'a signature of the platforms alone',
    { found: instead('signature', { ...SIGNATURE, ...only('b', 'c') }) },
    ['signed'],
    'for the index',
  ],
  ['no provenance', { found: instead('provenance') }, ['provenance'], 'no provenance evidence for the index'],
  [
    'provenance in two halves',
    { found: instead('provenance', { ...PROVENANCE, ...only('a', 'b') }, { ...PROVENANCE, ...only('c') }) },
    ['provenance'],
    'no single provenance covers',
  ],
  [
    'provenance that is none',
    { found: instead('provenance', evidence('provenance', {})) },
    ['provenance'],
    'is no SLSA provenance v1',
  ],
  [
    'provenance of another commit than its certificate',
    { found: instead('provenance', { ...PROVENANCE, signer: { commit: 'f'.repeat(40) } }) },
    ['provenance'],
    'its certificate ffff',
  ],
  [
    'provenance of another repository than its certificate',
    {
      found: instead('provenance', {
        ...PROVENANCE,
        signer: { repository: 'https://github.com/octo/other' },
      }),
    },
    ['provenance'],
    'its certificate https://github.com/octo/other',
  ],
  [
    'provenance of another builder than its certificate',
    {
      found: instead('provenance', {
        ...PROVENANCE,
        signer: { signerWorkflow: 'https://github.com/octo/app/.github/workflows/other.yml@refs/heads/main' },
      }),
    },
    ['provenance'],
    'release.yml@refs/heads/main, its certificate https://github.com/octo/app/.github/workflows/other.yml',
  ],
  ['no bill of materials', { found: instead('cyclonedx') }, ['sbom'], 'no sbom evidence for linux/amd64'],
  [
    'a bill of materials of one platform',
    { found: instead('cyclonedx', { ...SBOM, ...only('b') }) },
    ['sbom'],
    'for linux/arm64',
  ],
  [
    'a bill of materials of the index alone',
    { found: instead('cyclonedx', { ...SBOM, ...only('a') }) },
    ['sbom'],
    'for linux/amd64',
  ],
  [
    'a bill of materials without components',
    { found: instead('cyclonedx', evidence('cyclonedx', {})) },
    ['sbom'],
    'is no CycloneDX document',
  ],
  [
    'no scan',
    { found: instead('scan') },
    ['no-secrets', 'no-critical', 'fresh-scan'],
    'no scan evidence for linux/amd64',
  ],
  [
    'a scan of one platform',
    { found: instead('scan', scan('b')) },
    ['no-secrets', 'no-critical', 'fresh-scan'],
    'for linux/arm64',
  ],
  [
    'a scan of another image, attached to this one',
    { found: instead('scan', scan('b'), scan('b', {}, {}, only('c'))) },
    ['no-secrets', 'no-critical', 'fresh-scan'],
    'is about another image',
  ],
  [
    'a scan by an unknown scanner',
    { found: instead('scan', scan('b'), evidence('scan', { scanner: {} }, only('c'))) },
    ['no-secrets', 'no-critical', 'fresh-scan'],
    'cannot read',
  ],
  [
    'a scan that did not look for secrets',
    { found: instead('scan', scan('b'), scan('c', {}, { scanners: ['vuln'] })) },
    ['no-secrets', 'no-critical', 'fresh-scan'],
    'did not look for both',
  ],
  [
    'a fixable critical vulnerability',
    { found: instead('scan', scan('b', { findings: [CRITICAL] }), scan('c')) },
    ['no-critical'],
    'CVE-2021-44906 minimist 1.2.5 package.json linux/amd64',
  ],
  [
    'a secret on one platform',
    { found: instead('scan', scan('b'), scan('c', { findings: [SECRET] })) },
    ['no-secrets'],
    'aws-access-key-id /app/.env',
  ],
  [
    'a scan of yesterday',
    { found: instead('scan', scan('b', {}, { scannedAt: ago(25 * 60) }), scan('c')) },
    ['fresh-scan'],
    'this is not so',
  ],
  [
    'a scan signed yesterday that says it is of today',
    { found: instead('scan', scan('b'), scan('c', {}, {}, { signedAt: ago(25 * 60) })) },
    ['fresh-scan'],
    'this is not so',
  ],
  [
    'an old database',
    { found: instead('scan', scan('b'), scan('c', {}, { databaseUpdatedAt: ago(73 * 60) })) },
    ['fresh-scan'],
    'this is not so',
  ],
  [
    'a clean scan that is older than a bad one',
    {
      found: [
        ...instead('scan', scan('b'), scan('c')),
        scan('b', { findings: [CRITICAL] }, {}, { signedAt: ago(0) }),
      ],
    },
    ['no-critical'],
    'CVE-2021-44906',
  ],
  [
    // Anybody can have the old signature of a key stamped again; what it signs says when it was.
    'an old clean scan by a key, stamped anew, beside a bad one',
    {
      found: [
        ...instead('scan', scan('c')),
        scan('b', {}, { scannedAt: ago(300) }, { signer: BY_KEY, signedAt: ago(0) }),
        scan('b', { findings: [CRITICAL] }, { scannedAt: ago(60) }, { signer: BY_KEY, signedAt: ago(60) }),
      ],
    },
    ['no-critical'],
    'CVE-2021-44906',
  ],
  [
    'an old clean scan, stamped anew while its certificate lived, beside a bad one',
    {
      found: [
        ...instead('scan', scan('c')),
        scan('b', {}, { scannedAt: ago(9) }, { signedAt: ago(0) }),
        scan('b', { findings: [CRITICAL] }, { scannedAt: ago(5) }, { signedAt: ago(4) }),
      ],
    },
    ['no-critical'],
    'CVE-2021-44906',
  ],
  [
    'passed tests by a key, stamped anew, beside failed ones',
    {
      found: instead(
        'test',
        evidence('test', { result: 'PASSED' }, { signer: BY_KEY, signedAt: ago(0) }),
        evidence('test', { result: 'FAILED' }, { signer: BY_KEY, signedAt: ago(60) }),
      ),
    },
    ['tests-passed'],
    'this is not so',
  ],
  [
    'a clean scan beside a bad one that has no time',
    { found: [...GOOD, scan('b', { findings: [CRITICAL] }, {}, { signedAt: undefined })] },
    ['no-critical'],
    'CVE-2021-44906',
  ],
  [
    'a clean scan and a bad one of the same second',
    { found: [...GOOD, scan('b', { findings: [CRITICAL] })] },
    ['no-critical'],
    'CVE-2021-44906',
  ],
  ['no test results', { found: instead('test') }, ['tests-passed'], 'no test evidence for linux/amd64'],
  [
    'failed tests',
    { found: instead('test', evidence('test', { result: 'FAILED', configuration: [] })) },
    ['tests-passed'],
    'this is not so',
  ],
  [
    'tests with warnings',
    { found: instead('test', evidence('test', { result: 'WARNED', configuration: [] })) },
    ['tests-passed'],
    'this is not so',
  ],
  [
    'test results with a word of their own',
    { found: instead('test', evidence('test', { result: 'OK' })) },
    ['tests-passed'],
    'is no in-toto test result',
  ],
  ['no user', { image: withUser('') }, ['non-root'], 'linux/arm64'],
  ['root by name', { image: withUser('root') }, ['non-root'], 'root linux/arm64'],
  ['root by number', { image: withUser('0') }, ['non-root'], '0 linux/arm64'],
  ['root by a longer number', { image: withUser('00') }, ['non-root'], '00 linux/arm64'],
  ['root by a number with a sign', { image: withUser('+0:1000') }, ['non-root'], '+0:1000 linux/arm64'],
  ['root with a group', { image: withUser('0:1000') }, ['non-root'], '0:1000 linux/arm64'],
  ['root by name with a group', { image: withUser('root:app') }, ['non-root'], 'root:app linux/arm64'],
];

test.each(LACKING)('%s is denied by the rule that is about it', async (_, given, denies, reason) => {
  const verdict = await judge(given);
  expect(verdict.decision).toBe('deny');
  expect(verdict.rules.filter(({ outcome }) => outcome === 'denied').map(({ name }) => name)).toEqual(denies);
  expect(verdict.reasons.join('\n')).toContain(reason);
});

const many = Array.from({ length: 2000 }, (_, at) => ({
  ...CRITICAL,
  id: `CVE-${at}`,
  severity: 'LOW' as const,
}));
const crowded = instead('scan', scan('b', { findings: many }), scan('c'));
const scored = (...scores: (number | undefined)[]): Evidence[] =>
  instead(
    'scan',
    scan('b', { findings: scores.map((cvss) => ({ ...CRITICAL, ...(cvss !== undefined && { cvss }) })) }),
    scan('c'),
  );
const all = (list: string, depth: number): string =>
  depth === 0 ? 'true' : `${list}.all(v${depth}, ${all(list, depth - 1)} && v${depth}.id != '')`;

/** Ways in which an expression could be taken for "no": none of them may allow. */
const FAIL_OPEN: [name: string, given: Case, reason: string][] = [
  [
    'an error on the left of a false &&',
    rule({ deny: "vulnerabilities[9].id == 'x' && false" }),
    'index out of bounds',
  ],
  [
    'an error on the right of a false &&',
    rule({ deny: "false && vulnerabilities[9].id == 'x'" }),
    'index out of bounds',
  ],
  [
    'an error on the left of a ||',
    { ...rule({ deny: "!(vulnerabilities[9].id == 'x' || true)" }) },
    'index out of bounds',
  ],
  [
    'an error on the right of a ||',
    { ...rule({ deny: "!(true || vulnerabilities[9].id == 'x')" }) },
    'index out of bounds',
  ],
  ['an error deep inside', rule({ deny: 'false && (true || (false && 1 / 0 == 1))' }), 'division by zero'],
  [
    'an error at one element of exists',
    { ...rule({ deny: '!vulnerabilities.exists(v, v.cvss > 9.0)' }), found: scored(9.8, undefined) },
    'No such key: cvss',
  ],
  [
    'an error at the last element of exists',
    { ...rule({ deny: '!vulnerabilities.exists(v, v.cvss > 9.0)' }), found: scored(undefined, 9.8) },
    'No such key: cvss',
  ],
  [
    'an error at one element of all',
    { ...rule({ deny: 'vulnerabilities.all(v, v.cvss > 9.0)' }), found: scored(1, undefined) },
    'No such key: cvss',
  ],
  [
    'an error in exists_one',
    { ...rule({ deny: 'vulnerabilities.exists_one(v, v.cvss > 9.0)' }), found: scored(1, undefined) },
    'No such key: cvss',
  ],
  [
    'an error in filter',
    { ...rule({ deny: 'vulnerabilities.filter(v, v.cvss > 9.0).size() > 5' }), found: scored(1, undefined) },
    'No such key: cvss',
  ],
  [
    'an error in map',
    { ...rule({ deny: 'vulnerabilities.map(v, v.cvss).size() > 5' }), found: scored(1, undefined) },
    'No such key: cvss',
  ],
  [
    'an error behind a guard that lets it through',
    { ...rule({ deny: "vulnerabilities.exists(v, has(v.cvss) && config[7].user == '')" }), found: scored(1) },
    'index out of bounds',
  ],
  ['a label that is missing', rule({ deny: "config[0].labels['tier'] == 'x'" }), 'No such key: tier'],
  ['a number that overflows', rule({ deny: 'image.size * 9223372036854775807 < 0' }), 'integer overflow'],
  ['a time that is none', rule({ deny: "now < timestamp('yesterday, I think')" }), 'timestamp()'],
  [
    'an empty list that was never scanned',
    { ...rule({ deny: 'vulnerabilities.exists(v, true)' }), found: [] },
    'no scan evidence for linux/amd64',
  ],
  [
    'all of an empty list that was never scanned',
    { ...rule({ deny: '!vulnerabilities.all(v, false)' }), found: [] },
    'no scan evidence',
  ],
  [
    'a variable behind a variable, not said in needs',
    { ...rule({ deny: 'false && size(sbom.packages) == 0' }), found: [] },
    'no sbom evidence',
  ],
  [
    'the size of an image without platforms',
    { ...rule({ needs: ['scan'], deny: 'image.size > 5' }), image: { ...IMAGE, platforms: [] } },
    'no platform that could run',
  ],
  [
    'a role that is given to nobody',
    { ...rule({ needs: ['scan'] }), trust: { builder: TRUST.builder ?? [] }, found: [] },
    'the policy trusts nobody as scanner',
  ],
  ['approvals that nobody looked for', rule({ deny: 'approvals.size() < 1' }), 'and nobody looked'],
  [
    'approvals that it does not even come to',
    rule({ deny: 'false && approvals.size() < 1' }),
    'and nobody looked',
  ],
  [
    'a rule over platforms, of an image that has none',
    { rules: ['non-root'], image: { ...IMAGE, platforms: [] } },
    'no platform that could run',
  ],
  ['a rule that is not there', { rules: ['nobody-knows'] }, 'there is no such rule'],
  ['no rules at all', { rules: [] }, 'nothing was judged'],
  ['an order of environments', { environment: { after: 'staging' } }, '"after", and nobody looked'],
  ['a soak', { environment: { soak: 7200 } }, '"soak", and nobody looked'],
  ['a number of approvals', { environment: { approvals: 1 } }, '"approvals", and nobody looked'],
  [
    'a freeze',
    { environment: { freeze: [{ days: ['fri'], reason: 'weekend' }] } },
    '"freeze", and nobody looked',
  ],
  [
    'loops within loops',
    {
      ...rule({ deny: `!(${all('vulnerabilities', 4)})` }),
      found: crowded,
      limits: { time: 1500, memory: 64 },
    },
    'took longer than 1.5 s',
  ],
  [
    'lists within lists',
    {
      ...rule({
        deny: 'vulnerabilities.map(v, vulnerabilities.map(w, vulnerabilities.map(x, v.id + w.id + x.id))).size() == 0',
      }),
      found: crowded,
    },
    'MiB of memory',
  ],
  [
    'what comes after a rule that took all the time',
    {
      known: {
        slow: ruleSchema.parse({ title: 'Slow', deny: `!(${all('vulnerabilities', 4)})` }),
        ...builtIn,
      },
      rules: ['slow', 'non-root'],
      found: crowded,
      limits: { time: 1500, memory: 64 },
    },
    'non-root (Does not run as root): it could not be evaluated',
  ],
];

test.each(FAIL_OPEN)(
  '%s does not open the gate',
  async (_, given, reason) => {
    const verdict = await judge(given);
    expect(verdict.decision).toBe('deny');
    expect(verdict.reasons.join('\n')).toContain(reason);
  },
  20_000,
);

describe('what may be left out', () => {
  test.each([
    [
      'a field that may be missing, tested with has()',
      'vulnerabilities.exists(v, has(v.cvss) && v.cvss > 9.0)',
      scored(undefined, 1),
    ],
    [
      'the rest of a chain behind has()',
      'vulnerabilities.exists(v, has(v.cvss) && v.cvss > 7.0 && v.cvss < 9.0)',
      scored(undefined, 9.5),
    ],
    ['the other way round', '!vulnerabilities.all(v, !has(v.cvss) || v.cvss < 9.0)', scored(undefined, 1)],
    [
      'the branch of a choice that is not taken',
      "size(vulnerabilities) > 0 ? vulnerabilities[0].id == 'x' : false",
      GOOD,
    ],
  ])('%s', async (_, deny, found) => {
    expect(await judge({ ...rule({ deny }), found })).toMatchObject({ decision: 'allow', reasons: [] });
  });
});

describe('a rule', () => {
  test('that warns is shown and never denies', async () => {
    const verdict = await judge(rule({ warn: 'image.size > 10' }));
    expect(verdict).toMatchObject({
      decision: 'allow',
      reasons: [],
      warnings: ['mine (Mine): this is not so'],
    });
  });

  test('that warns warns of missing evidence and errors too', async () => {
    expect((await judge({ ...rule({ needs: ['scan'], warn: 'false' }), found: [] })).warnings).toHaveLength(
      2,
    );
    expect((await judge(rule({ warn: '1 / 0 == 1' }))).warnings.join()).toContain('division by zero');
  });

  test.each([
    ['before its day', '2026-11-22', 'allow', 1],
    ['on its day', '2026-11-21', 'deny', 0],
    ['after its day', '2026-11-20', 'deny', 0],
  ] as const)('denies from a day on: %s', async (_, from, decision, warnings) => {
    const verdict = await judge(rule({ deny: 'image.size > 10', from }));
    expect(verdict.decision).toBe(decision);
    expect(verdict.warnings).toHaveLength(warnings);
  });

  test('is not the only one to speak: every reason is given', async () => {
    const verdict = await judge({ found: [], environment: { soak: 7200 } });
    const named = verdict.reasons.join('\n');
    for (const name of [
      'soak',
      'signed',
      'provenance',
      'sbom',
      'no-secrets',
      'no-critical',
      'fresh-scan',
      'tests-passed',
    ]) {
      expect(named).toContain(name);
    }
  });

  test('names no more than a few of what decided it', async () => {
    const found = instead(
      'scan',
      scan('b', { findings: many.map((one) => ({ ...one, severity: 'CRITICAL' as const })) }),
      scan('c'),
    );
    const [reason = ''] = (await judge({ found, rules: ['no-critical'] })).reasons;
    expect(reason).toContain('and 1995 more');
    expect(reason.length).toBeLessThan(500);
  });
});

test('of the scans by a key the last one made counts', async () => {
  const bad = scan('b', { findings: [CRITICAL] }, { scannedAt: ago(600) }, { signer: BY_KEY });
  const clean = scan('b', {}, { scannedAt: ago(1) }, { signer: BY_KEY, signedAt: ago(0) });
  const verdict = await judge({ found: instead('scan', bad, clean, scan('c')) });
  expect(verdict).toMatchObject({ decision: 'allow', reasons: [] });
});

test('the newest scan of each platform counts, not an older bad one', async () => {
  const found = [...GOOD, scan('b', { findings: [CRITICAL] }, {}, { signedAt: ago(600) })];
  expect(await judge({ found })).toMatchObject({ decision: 'allow' });
});

test('what is judged of provenance is what the certificate proves', async () => {
  const signer = {
    repository: 'https://github.com/octo/app',
    commit: 'e'.repeat(40),
    ref: 'refs/heads/main',
    trigger: 'push',
  };
  const found = instead('provenance', { ...PROVENANCE, signer, subjects: ALL });
  const given = rule({ deny: "provenance.ref != 'refs/heads/main' || provenance.trigger != 'push'" });
  expect(await judge({ ...given, found })).toMatchObject({ decision: 'allow' });
  expect(await judge({ ...given, found: GOOD })).toMatchObject({ decision: 'deny' });
});
