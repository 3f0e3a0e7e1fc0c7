import { describe, expect, test } from 'vitest';
import { createEvaluator } from '../../shared/evaluator/evaluator.ts';
import { readBuiltInRules } from '../../shared/evaluator/rules.ts';
import type { Evidence, Rejected } from '../../shared/evidence/evidence.ts';
import { SCANNERS } from '../../shared/evidence/severity.ts';
import { shortDigest } from '../../shared/image/digest.ts';
import type { Rules } from '../../shared/policy/file.ts';
import { type JudgedEnvironment, judgeFacts } from '../../shared/policy/judge.ts';
import { ruleSchema } from '../../shared/policy/rule.ts';
import { VARIABLES } from '../../shared/policy/variables.ts';
import type { Verdict } from '../../shared/policy/verdict.ts';
import {
  ALL,
  CRITICAL,
  digest,
  GOOD,
  IMAGE,
  instead,
  PROVENANCE,
  SIGNATURE,
  scan,
  TRUST,
} from './evidence.ts';
import { ago, BY_KEY, type Given, gather, LACKING, observe, SUFFICIENT } from './lacking.ts';

const builtIn = readBuiltInRules();
const EVERYTHING = Object.keys(builtIn);

interface Case extends Given {
  rules?: readonly string[];
  known?: Rules;
  environment?: Partial<JudgedEnvironment>;
  limits?: { time: number; memory: number };
}

async function judge(given: Case = {}): Promise<Verdict> {
  const environment = { name: 'prod', rules: given.rules ?? EVERYTHING, ...given.environment };
  return judgeFacts(
    given.known ?? builtIn,
    environment,
    gather(given),
    createEvaluator(given.limits),
    observe(given),
  );
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

test.each(SUFFICIENT)('%s is allowed by all built-in rules', async (_, given) => {
  const verdict = await judge(given);
  expect(verdict.reasons).toEqual([]);
  expect(verdict.decision).toBe('allow');
  expect(verdict.rules.map(({ outcome }) => outcome)).toEqual(EVERYTHING.map(() => 'passed'));
});

test.each(LACKING)('%s is denied by the rule that is about it', async (_, given, denies, reason) => {
  const verdict = await judge(given);
  expect(verdict.decision).toBe('deny');
  expect(verdict.rules.filter(({ outcome }) => outcome === 'denied').map(({ name }) => name)).toEqual(denies);
  expect(verdict.reasons.join('\n')).toContain(reason);
  for (const { name, hint, reasons, values } of verdict.rules) {
    // Where a rule could not look, its own hint would name a fault that nobody found.
    const looked = values !== undefined || /could not be evaluated|it asks for/.test(reasons.join());
    const unseen = builtIn[name]?.deny !== undefined && !looked;
    const own = unseen
      ? expect.stringMatching(/^Attest [a-z ]+ evidence for every platform/)
      : builtIn[name]?.hint;
    expect([name, hint]).toEqual([name, denies.includes(name) ? own : undefined]);
  }
  for (const name of denies) expect(builtIn[name]?.hint).toBeDefined();
});

test('a verdict has what every rule read, also where it passed', async () => {
  const { rules } = await judge({ rules: ['fresh-scan', 'tests-passed', 'signed', 'non-root'] });
  expect(rules.map(({ name, values }) => [name, values])).toEqual([
    [
      'fresh-scan',
      [
        'now is 2026-11-21T12:00:00.000Z',
        'scan.scannedAt is 2026-11-21T11:00:00.000Z',
        'scan.databaseUpdatedAt is 2026-11-21T06:00:00.000Z',
      ],
    ],
    ['tests-passed', ['tests.passed is true']],
    ['signed', undefined],
    ['non-root', []],
  ]);
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
  [
    'approvals that nobody looked for',
    { ...rule({ deny: 'approvals.size() < 1' }), observed: false },
    'and nobody looked',
  ],
  [
    'approvals that it does not even come to',
    { ...rule({ deny: 'false && approvals.size() < 1' }), observed: false },
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
    'a label that is text where a boolean is meant',
    rule({ deny: "config[0].labels['team'] == 'false'  && 1 / 0 == 1" }),
    'division by zero',
  ],
  [
    'a list that is empty where its first item is meant',
    { ...rule({ deny: "config[0].entrypoint[0] == '/bin/sh'" }) },
    'index out of bounds',
  ],
  [
    'a user that is longer than anything',
    {
      ...rule({
        deny: "size(config[1].user.split('')) < 0 || vulnerabilities.exists(v, config[1].user.split('').exists(c, c == 'b'))",
      }),
      image: {
        ...IMAGE,
        platforms: IMAGE.platforms.map((one) => ({
          ...one,
          config: { config: { User: 'a'.repeat(2_000_000), Labels: {} } },
        })),
      },
      found: crowded,
      limits: { time: 1500, memory: 64 },
    },
    'it took',
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
      warnings: ['mine (Mine): this is not so: image.size is 1000'],
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

test.each(Object.entries(VARIABLES))('the example of %s can be judged', async (name, { example }) => {
  const everything = (subject: 'b' | 'c') => scan(subject, {}, { scanners: SCANNERS });
  const given = { ...rule({ deny: example }), found: instead('scan', everything('b'), everything('c')) };
  expect(given.known.mine?.deny?.variables).toContain(name);
  const { rules } = await judge(given);
  expect(rules[0]?.reasons.join()).not.toContain('could not be evaluated');
});
