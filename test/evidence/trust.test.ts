import { describe, expect, test } from 'vitest';
import type { Signer } from '../../shared/evidence/identity.ts';
import { explainMismatch, identityRuleSchema, type KeyUse, rolesOf } from '../../shared/evidence/trust.ts';

const KEY = `sha256:${'a'.repeat(64)}`;
const workflow = 'https://github.com/octo/app/.github/workflows/release.yml@refs/heads/main';
const signer: Signer = {
  subject: workflow,
  issuer: 'https://token.actions.githubusercontent.com',
  signerWorkflow: workflow,
  runnerEnvironment: 'github-hosted',
  repository: 'https://github.com/octo/app',
  ref: 'refs/heads/main',
  repositoryId: '123456789',
  workflow,
  trigger: 'push',
};
const rule = { 'signer-workflow': 'octo/app/.github/workflows/release.yml' };
const gate = 'https://github.com/octo/policies/.github/workflows/gate.yml';
const reusable: Signer = {
  ...signer,
  subject: `${gate}@refs/tags/v1`,
  signerWorkflow: `${gate}@refs/tags/v1`,
};

function signedBy(uri: string): Signer {
  return { ...signer, subject: uri, signerWorkflow: uri };
}

describe('who meets a rule', () => {
  test.each<[string, object, Signer]>([
    ['the workflow, on any ref', rule, signer],
    [
      'the workflow with its ref',
      { 'signer-workflow': `${rule['signer-workflow']}@refs/heads/main` },
      signer,
    ],
    [
      'a tag with an @ of its own',
      { ...rule, ref: 'refs/tags/@octo/app@1.0.0' },
      {
        ...signedBy(workflow.replace('refs/heads/main', 'refs/tags/@octo/app@1.0.0')),
        ref: 'refs/tags/@octo/app@1.0.0',
      },
    ],
    [
      'such a tag pinned with the workflow',
      { 'signer-workflow': `${rule['signer-workflow']}@refs/tags/app@1.0.0` },
      signedBy(workflow.replace('refs/heads/main', 'refs/tags/app@1.0.0')),
    ],
    ['any workflow of a repository', { 'signer-repo': 'octo/app' }, signer],
    ['one of several refs', { ...rule, ref: ['refs/heads/next', 'refs/heads/main'] }, signer],
    ['a ref by glob', { ...rule, ref: 'glob:refs/heads/*' }, signer],
    ['a workflow by glob', { 'signer-workflow': 'glob:octo/*/.github/workflows/release.yml' }, signer],
    ['a glob over several segments', { 'signer-workflow': 'glob:octo/**' }, signer],
    [
      'a reusable workflow, its own ref free',
      {
        'signer-workflow': 'octo/policies/.github/workflows/gate.yml',
        ref: 'refs/heads/main',
        'repository-id': '123456789',
      },
      reusable,
    ],
    [
      'a reusable workflow, its own ref given',
      {
        'signer-workflow': 'octo/policies/.github/workflows/gate.yml@refs/tags/v1',
        repository: 'octo/app',
      },
      reusable,
    ],
    [
      'a reusable workflow called by a given one',
      { 'signer-repo': 'octo/policies', workflow: 'octo/app/.github/workflows/release.yml' },
      reusable,
    ],
    ['a number given as a number', { ...rule, 'repository-id': 123456789 }, signer],
    [
      'an event that is allowed by name',
      { ...rule, trigger: ['pull_request'] },
      { ...signer, trigger: 'pull_request' },
    ],
    ['a key', { key: `sha256:${'a'.repeat(64)}` }, { key: 'a'.repeat(64) }],
  ])('%s', (_, given, who) => {
    expect(explainMismatch(identityRuleSchema.parse(given), who)).toBeUndefined();
  });
});

describe('who does not, and why', () => {
  test.each<[string, object, Signer, RegExp]>([
    [
      'another workflow',
      rule,
      signedBy(workflow.replace('release', 'other')),
      /^signer-workflow is "octo\/app\/.github\/workflows\/other.yml"/,
    ],
    [
      'a name that only starts alike',
      rule,
      signedBy(workflow.replace('release.yml', 'release.yml.bak')),
      /^signer-workflow is/,
    ],
    [
      'a name that only ends alike',
      rule,
      signedBy(workflow.replace('/octo/', '/evil-octo/')),
      /^signer-workflow is/,
    ],
    [
      'a file whose name plays a ref',
      rule,
      signedBy('https://github.com/octo/app/.github/workflows/release.yml@x.yml@refs/heads/main'),
      /^signer-workflow is/,
    ],
    [
      'a branch whose name plays the file and the ref that a glob wants',
      { 'signer-workflow': 'glob:octo/app/**/release.yml@refs/heads/main' },
      signedBy(
        'https://github.com/octo/app/.github/workflows/evil.yml@refs/heads/x/release.yml@refs/heads/main',
      ),
      /^signer-workflow is "octo\/app\/.github\/workflows\/evil.yml"/,
    ],
    [
      'another server',
      rule,
      signedBy(workflow.replace('github.com', 'github.com.evil.example')),
      /^signer-workflow is not in the certificate/,
    ],
    [
      'a dot that is no wildcard',
      { 'signer-workflow': 'octo/app/.github/workflows/release.yml' },
      signedBy(workflow.replace('release.yml', 'releaseXyml')),
      /^signer-workflow is/,
    ],
    [
      'a glob that must stay in its segment',
      { 'signer-workflow': 'glob:octo/*' },
      signer,
      /^signer-workflow is/,
    ],
    [
      'another issuer',
      rule,
      { ...signer, issuer: 'https://token.actions.githubusercontent.com.evil.example' },
      /^issuer is/,
    ],
    [
      'another ref',
      { ...rule, ref: 'refs/heads/main' },
      { ...signer, ref: 'refs/heads/main2' },
      /^ref is "refs\/heads\/main2"/,
    ],
    [
      'a workflow of the repository from another branch',
      { ...rule, ref: 'refs/heads/main' },
      signedBy(workflow.replace('main', 'evil')),
      /^ref of the signer-workflow is "refs\/heads\/evil"/,
    ],
    [
      'a reusable workflow from another ref',
      { 'signer-workflow': 'octo/policies/.github/workflows/gate.yml@refs/heads/main' },
      reusable,
      /^ref of the signer-workflow is "refs\/tags\/v1"/,
    ],
    ...[
      ['a reusable workflow', { 'signer-workflow': 'octo/policies/.github/workflows/gate.yml' }] as const,
      ['any workflow of a repository', { 'signer-repo': 'octo/policies' }] as const,
    ].map(([what, given]): [string, object, Signer, RegExp] => [
      `${what} that anybody may have called`,
      given,
      reusable,
      /^source repository is "octo\/app", not that of the signing workflow: say which/,
    ]),
    [
      'pull_request_target',
      rule,
      { ...signer, trigger: 'pull_request_target' },
      /^trigger is "pull_request_target"/,
    ],
    ['a pull request', rule, { ...signer, trigger: 'pull_request' }, /^trigger is "pull_request"/],
    [
      'no trigger in the certificate',
      rule,
      { ...signer, trigger: undefined },
      /^trigger is not in the certificate/,
    ],
    [
      'another repository of the same name',
      { ...rule, 'repository-id': '1' },
      signer,
      /^repository-id is "123456789", not "1"/,
    ],
    [
      "a runner of one's own",
      { ...rule, 'runner-environment': 'github-hosted' },
      { ...signer, runnerEnvironment: 'self-hosted' },
      /^runner-environment is/,
    ],
    ['another repository', { ...rule, repository: 'octo/other' }, signer, /^repository is "octo\/app"/],
    [
      'another triggered workflow',
      { ...rule, workflow: 'octo/app/.github/workflows/ci.yml' },
      signer,
      /^workflow is/,
    ],
    [
      'a subject that is not the signing workflow',
      rule,
      { ...signer, subject: 'mallory@evil.example' },
      /^certificate subject is/,
    ],
    ['a key instead of a workflow', rule, { key: 'a'.repeat(64) }, /^was signed with a key/],
    [
      'a workflow instead of a key',
      { key: `sha256:${'a'.repeat(64)}` },
      signer,
      /^was signed with a certificate/,
    ],
    [
      'another key',
      { key: `sha256:${'a'.repeat(64)}` },
      { key: 'b'.repeat(64) },
      /^was signed with key sha256:b/,
    ],
    [
      'nobody at all',
      rule,
      {},
      /issuer is not in the certificate.*signer-workflow is not in the certificate/,
    ],
  ])('%s', (_, given, who, reason) => {
    expect(explainMismatch(identityRuleSchema.parse(given), who)).toMatch(reason);
  });

  test('every reason is given', () => {
    const reason = explainMismatch(
      identityRuleSchema.parse({ ...rule, ref: 'refs/heads/next', 'repository-id': 1 }),
      {
        ...signer,
        trigger: 'issue_comment',
      },
    );
    expect(reason?.split('; ').map((part) => part.split(' is ')[0])).toEqual([
      'ref',
      'ref of the signer-workflow',
      'trigger',
      'repository-id',
    ]);
  });
});

describe('rules that are none', () => {
  test.each<[string, object, RegExp]>([
    ['nobody named', { ref: 'refs/heads/main' }, /names nobody/],
    ['a typo', { ...rule, reff: 'refs/heads/main' }, /reff/],
    ['an empty list', { ...rule, ref: [] }, /ref/],
    ['a number that is a name', { ...rule, 'repository-id': 'octo' }, /repository-id/],
    [
      'a workflow that names no repository',
      { 'signer-workflow': 'release.yml' },
      /may be owner\/repo\/.github/,
    ],
    ['a workflow as an address', { 'signer-workflow': workflow }, /may be owner\/repo\/.github/],
    [
      'a workflow as a pattern',
      { 'signer-workflow': 'octo/app/.github/workflows/*.yml' },
      /begin with glob:/,
    ],
    ['a workflow with a branch by name', { 'signer-workflow': `${rule['signer-workflow']}@main` }, /@refs/],
    [
      'a triggered workflow with a ref',
      { ...rule, workflow: `${rule['signer-workflow']}@refs/x` },
      /may be owner/,
    ],
    ['a repository with a folder', { 'signer-repo': 'octo/app/x' }, /may be owner\/repo/],
    ['a branch by name', { ...rule, ref: ['refs/heads/main', 'main'] }, /may be a ref in full/],
    ['a star that is not written as a glob', { ...rule, ref: 'refs/heads/*' }, /begin with glob:/],
    ['an event that is none', { ...rule, trigger: 'on push' }, /may be an event/],
    ['an issuer that is no address', { ...rule, issuer: 'github' }, /URL of an OIDC issuer/],
    ['a runner that is none', { ...rule, 'runner-environment': 'github' }, /github-hosted or self-hosted/],
    ['an owner as an address', { ...rule, owner: 'https://github.com/octo' }, /the name of an account/],
    ['an owner number that is none', { ...rule, 'owner-id': -1 }, /may be a number/],
    ['a key that is a path', { key: 'cosign.pub' }, /sha256:<64 hex>/],
    ['a key and a ref', { key: KEY, ref: 'refs/heads/main' }, /is of a certificate; a key has no such thing/],
    ['a certificate and a day', { ...rule, until: '2027-01-31' }, /goes with key/],
    ['a time that is no day', { key: KEY, until: 'soon' }, /may be a day/],
  ])('%s', (_, given, message) => {
    expect(JSON.stringify(identityRuleSchema.safeParse(given).error?.issues)).toMatch(message);
  });
});

describe('a key counts for one repository, and until a day', () => {
  const bounded = identityRuleSchema.parse({ key: KEY, repository: 'ghcr.io/octo/app', until: '2027-01-31' });
  const ended = identityRuleSchema.parse({ key: KEY, until: '2020-01-01' });
  const repository = 'ghcr.io/octo/app';
  test.each<[string, typeof bounded, KeyUse, RegExp | undefined]>([
    ['on the day before', bounded, { repository, signedAt: '2027-01-30T23:59:59Z' }, undefined],
    [
      'on the day',
      bounded,
      { repository, signedAt: '2027-01-31T00:00:00Z' },
      /^the key counts until 2027-01-31, and this is of 2027-01-31T/,
    ],
    ['proven before an end that has come', ended, { signedAt: '2019-12-31T00:00:00Z' }, undefined],
    [
      'not proven, after the end',
      ended,
      {},
      /^the key counts until 2020-01-01, and this is of now, since no earlier time is proven$/,
    ],
    ['a time that is none', bounded, { repository, signedAt: 'yesterday' }, /^the key counts until/],
    [
      'another repository',
      bounded,
      { repository: `${repository}2`, signedAt: '2026-01-01T00:00:00Z' },
      /^the key counts for ghcr.io\/octo\/app, not for ghcr.io\/octo\/app2$/,
    ],
    [
      'no repository',
      bounded,
      { signedAt: '2026-01-01T00:00:00Z' },
      /^the key counts for .*, not for an image of no name$/,
    ],
  ])('%s', (_, given, use, reason) => {
    const said = explainMismatch(given, { key: 'a'.repeat(64) }, use);
    if (reason === undefined) expect(said).toBeUndefined();
    else expect(said).toMatch(reason);
  });
});

test('a signer holds every role whose rules it meets, and no other', () => {
  const other = identityRuleSchema.parse({ 'signer-repo': 'octo/policies' });
  const ours = identityRuleSchema.parse(rule);
  expect(rolesOf({ builder: [other, ours], scanner: [ours], gate: [other], promoter: [] }, signer)).toEqual([
    'builder',
    'scanner',
  ]);
});
