import { describe, expect, test } from 'vitest';
import { readBuiltInRules } from '../../shared/evaluator/rules.ts';
import { Invalid } from '../../shared/outcome/outcome.ts';
import { type PolicyFile, readPolicy, trustOf } from '../../shared/policy/file.ts';

const CENTRAL = `version: 1
allow: []
trust:
  builder:  [{ signer-workflow: "glob:octo/*/.github/workflows/release.yml", ref: [refs/heads/main, "glob:refs/tags/v*"] }]
  gate:     [{ signer-workflow: octo/policies/.github/workflows/gate.yml }]
distrust: [{ run: "7", reason: stolen }]
max-exception-days: 30
environments:
  staging: { rules: [signed] }
  prod:    { after: staging, soak: 2h, approvals: 2, freeze: [{ days: [sun], reason: rest }], rules: [signed, small] }
rules:
  small: { title: Under 500 MB, deny: "image.size > 500000000" }
`;
const LOCAL = `version: 1
extends: octo/policies/base.yml@${'a'.repeat(40)}
repository-id: 1
environments:
  staging: { repository: ghcr.io/octo/app-staging }
  prod:    { repository: ghcr.io/octo/app }
`;
const builtIn = readBuiltInRules();

function extend(local: string, central = CENTRAL): PolicyFile {
  return readPolicy(local, 'local.yml', builtIn, { text: central, file: 'central.yml' });
}

function faultsOf(local: string, central = CENTRAL): string {
  try {
    extend(local, central);
  } catch (error) {
    if (error instanceof Invalid) return error.message;
    throw error;
  }
  return '';
}

test('a local policy that adds nothing is the central one, in its own places', () => {
  const policy = extend(LOCAL);
  expect(policy.environments.prod).toMatchObject({
    repository: 'ghcr.io/octo/app',
    after: 'staging',
    soak: 7200,
    approvals: 2,
    rules: ['signed', 'small'],
  });
  expect(policy['repository-id']).toBe('1');
  expect(policy['max-exception-days']).toBe(30);
  expect(trustOf(policy).gate?.[0]?.['repository-id']).toBe('1');
  expect(trustOf(policy).distrust).toHaveLength(1);
});

describe('a local policy may tighten', () => {
  const prod = (more: string): string => LOCAL.replace('ghcr.io/octo/app }', `ghcr.io/octo/app, ${more} }`);
  const also = (more: string): string => `${LOCAL}${more}\n`;
  test.each<[name: string, local: string, check: (policy: PolicyFile) => unknown, becomes: unknown]>([
    [
      'with rules',
      prod('rules: [sbom, small]'),
      ({ environments }) => environments.prod?.rules,
      ['signed', 'small', 'sbom'],
    ],
    ['with a longer soak', prod('soak: 3h'), ({ environments }) => environments.prod?.soak, 10_800],
    ['with the same soak', prod('soak: 120m'), ({ environments }) => environments.prod?.soak, 7200],
    ['with more approvals', prod('approvals: 3'), ({ environments }) => environments.prod?.approvals, 3],
    [
      'with a freeze more',
      prod('freeze: [{ days: [sat], reason: x }]'),
      ({ environments }) => environments.prod?.freeze?.length,
      2,
    ],
    [
      'with the same order',
      prod('after: staging'),
      ({ environments }) => environments.prod?.after,
      'staging',
    ],
    [
      'with a rule of its own',
      also('rules: { tiny: { title: Tiny, deny: "image.size > 5" } }'),
      ({ rules }) => rules.tiny?.title,
      'Tiny',
    ],
    [
      'with fewer days for exceptions',
      also('max-exception-days: 7'),
      (policy) => policy['max-exception-days'],
      7,
    ],
    [
      'with distrust',
      also('distrust: [{ run: "8", reason: x }]'),
      ({ distrust }) => distrust.map(({ run }) => run),
      ['7', '8'],
    ],
    [
      'with one workflow of many, on one ref',
      also(
        'trust: { builder: [{ signer-workflow: octo/app/.github/workflows/release.yml, ref: refs/heads/main }] }',
      ),
      ({ trust }) => trust.builder?.[0]?.['signer-workflow'],
      'octo/app/.github/workflows/release.yml',
    ],
    [
      'with the ref of a workflow that had none',
      also(
        'trust: { gate: [{ signer-workflow: octo/policies/.github/workflows/gate.yml@refs/heads/main, trigger: push }] }',
      ),
      ({ trust }) => trust.gate?.[0]?.trigger,
      ['push'],
    ],
  ])('%s', (_, local, check, becomes) => {
    expect(faultsOf(local)).toBe('');
    expect(check(extend(local))).toEqual(becomes);
  });
});

/** Each attempt, where in the local file it stands, what is said of it, and the word of `allow` that lets it be. */
const LOOSER: [
  name: string,
  from: string | RegExp,
  to: string,
  place: string,
  message: string,
  allow: string,
][] = [
  ['a shorter soak', 'octo/app }', 'octo/app, soak: 1h }', '6:50', 'does not allow "soak"', 'soak'],
  [
    'fewer approvals',
    'octo/app }',
    'octo/app, approvals: 1 }',
    '6:55',
    'does not allow "approvals"',
    'approvals',
  ],
  [
    'another order',
    'octo/app }',
    'octo/app, after: dev }\n  dev: { repository: ghcr.io/octo/dev, rules: [signed] }',
    '6:51',
    'does not allow "after"',
    'after, environments',
  ],
  [
    'an environment of its own',
    'octo/app }',
    'octo/app }\n  dev: { repository: ghcr.io/octo/dev, rules: [signed] }',
    '7:3',
    'does not allow "environments"',
    'environments',
  ],
  [
    'a rule of the same name',
    /$/,
    'rules: { small: { title: Small, deny: "false" } }\n',
    '7:10',
    'does not allow "rules"',
    'rules',
  ],
  [
    'a built-in rule of the same name',
    /$/,
    'rules: { signed: { title: Signed, deny: "false" } }\n',
    '7:10',
    'does not allow "rules"',
    'rules',
  ],
  [
    'more days for exceptions',
    /$/,
    'max-exception-days: 31\n',
    '7:21',
    'does not allow "max-exception-days"',
    'max-exception-days',
  ],
  [
    'exceptions of its own',
    /$/,
    'exceptions: mine.yml\n',
    '7:13',
    'does not allow "exceptions"',
    'exceptions',
  ],
  [
    'a root of its own',
    /$/,
    'trusted-root: root.json\n',
    '7:15',
    'does not allow "trusted-root"',
    'trusted-root',
  ],
  [
    'mirrors of its own',
    /$/,
    'mirrors: { trivy-db: [registry.example.com/trivy-db:2] }\n',
    '7:10',
    'does not allow "mirrors"',
    'mirrors',
  ],
  [
    'a place that it was',
    /$/,
    'moved-from: [octo/old/policy.yml]\n',
    '7:13',
    'does not allow "moved-from"',
    'moved-from',
  ],
  [
    'a role for somebody',
    /$/,
    'trust: { scanner: [{ signer-repo: octo/app }] }\n',
    '7:20',
    'does not trust as scanner',
    'trust.scanner',
  ],
  [
    'another workflow',
    /$/,
    'trust: { gate: [{ signer-workflow: octo/app/.github/workflows/gate.yml }] }\n',
    '7:17',
    'does not trust as gate',
    'trust.gate',
  ],
  [
    'another branch',
    /$/,
    'trust: { builder: [{ signer-workflow: octo/app/.github/workflows/release.yml, ref: refs/heads/dev }] }\n',
    '7:20',
    'does not trust as builder',
    'trust.builder',
  ],
  [
    'any branch',
    /$/,
    'trust: { builder: [{ signer-workflow: octo/app/.github/workflows/release.yml }] }\n',
    '7:20',
    'does not trust as builder',
    'trust.builder',
  ],
  [
    'a wider pattern',
    /$/,
    'trust: { builder: [{ signer-workflow: "glob:octo/**", ref: refs/heads/main }] }\n',
    '7:20',
    'does not trust as builder',
    'trust.builder',
  ],
  [
    'more triggers',
    /$/,
    'trust: { gate: [{ signer-workflow: octo/policies/.github/workflows/gate.yml, trigger: pull_request_target }] }\n',
    '7:17',
    'does not trust as gate',
    'trust.gate',
  ],
  [
    'another issuer',
    /$/,
    'trust: { gate: [{ signer-workflow: octo/policies/.github/workflows/gate.yml, issuer: "https://evil.example" }] }\n',
    '7:17',
    'does not trust as gate',
    'trust.gate',
  ],
  [
    'another source',
    /$/,
    'trust: { gate: [{ signer-workflow: octo/policies/.github/workflows/gate.yml, repository-id: 666 }] }\n',
    '7:17',
    'does not trust as gate',
    'trust.gate',
  ],
  [
    'a key for a workflow',
    /$/,
    `trust: { gate: [{ key: "sha256:${'b'.repeat(64)}", repository: ghcr.io/octo/app, until: 2027-01-01 }] }\n`,
    '7:17',
    'does not trust as gate',
    'trust.gate',
  ],
  [
    'a base image by anybody',
    /$/,
    'trust: { base: [{ signer-repo: evil/images }] }\n',
    '7:17',
    'does not trust as base',
    'trust.base',
  ],
];

describe('a local policy may not loosen', () => {
  test.each(LOOSER)('with %s', (_, from, to, place, message) => {
    const faults = faultsOf(LOCAL.replace(from, () => to));
    expect(faults).toContain(`local.yml:${place}: `);
    expect(faults).toContain(message);
  });

  test.each(LOOSER)('with %s, unless the central one allows it', (_, from, to, __, ___, allow) => {
    expect(
      faultsOf(
        LOCAL.replace(from, () => to),
        CENTRAL.replace('allow: []', `allow: [${allow}]`),
      ),
    ).toBe('');
  });

  test.each<[name: string, local: string, central: string, message: string]>([
    [
      'by another number',
      LOCAL,
      CENTRAL.replace('allow: []', 'allow: []\nrepository-id: 2'),
      'is 2 in the central policy',
    ],
    [
      'by another repository',
      LOCAL,
      CENTRAL.replace('prod:    {', 'prod: { repository: ghcr.io/octo/other,'),
      'does not allow "repository"',
    ],
    ['by what is not made to be extended', LOCAL, CENTRAL.replace('allow: []\n', ''), 'it has no "allow"'],
    [
      'through a third one',
      LOCAL,
      CENTRAL.replace('allow: []', `allow: []\nextends: a/b/c@${'c'.repeat(40)}`),
      'extends no other',
    ],
    [
      'by a central one with a fault',
      LOCAL,
      CENTRAL.replace('image.size', 'image.sise'),
      'central.yml:12:46: "deny" is no expression',
    ],
    [
      'by a central rule that is nowhere',
      LOCAL,
      CENTRAL.replace('[signed, small]', '[signed, smal]'),
      'central.yml:10:',
    ],
    [
      'by leaving out where an environment is',
      LOCAL.replace(/ +prod:.*\n/, ''),
      CENTRAL,
      '"repository" is missing',
    ],
  ])('%s', (_, local, central, message) => {
    expect(faultsOf(local, central)).toContain(message);
  });
});
