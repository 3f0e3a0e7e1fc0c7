import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { formatAdmission } from '../../shared/policy/admission.ts';
import { readPolicy, readRules } from '../../shared/policy/file.ts';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const rules = readRules(read('shared/policy/rules.yaml'), 'rules.yaml');
const readme = /```yaml\n(version: 1\n[\s\S]*?)```/.exec(read('README.md'))?.[1] ?? '';
const source = { repository: 'octo/app', policy: 'octo/app/.github/hallmark.yml' };
const admit = (policy: string, environment = 'prod'): string =>
  formatAdmission(readPolicy(policy, 'policy.yml', rules), environment, source);

/** A policy with one builder and one gate. */
const policy = (builder: string, gate = builder): string => `version: 1
repository-id: 1
trust: { builder: [${builder}], gate: [${gate}] }
environments: { prod: { repository: ghcr.io/octo/app, rules: [signed] } }
`;

interface Identity {
  readonly subject?: string;
  readonly subjectRegExp?: string;
}

/** The identities of the first document, and what the others ask for, whatever their shape. */
function identitiesOf(text: string): Identity[] {
  const [kyverno] = parseAllDocuments(text).map((one) => one.toJS());
  return kyverno.spec.rules[0].verifyImages[0].attestations[0].attestors[0].entries.map(
    ({ keyless }: { keyless: Identity }) => keyless,
  );
}

test("the README's policy", async () => {
  await expect(admit(readme)).toMatchFileSnapshot('../fixtures/admission.yml');
});

describe('the documents', () => {
  const documents = parseAllDocuments(admit(readme));

  test('are YAML without errors, one of Kyverno and one a requirement of policy-controller', () => {
    expect(documents.flatMap(({ errors, warnings }) => [...errors, ...warnings])).toEqual([]);
    expect(documents.map((one) => [one.toJS().kind, one.toJS().metadata.name])).toEqual([
      ['ClusterPolicy', 'hallmark-prod'],
      ['ClusterImagePolicy', 'hallmark-prod-provenance'],
      ['ClusterImagePolicy', 'hallmark-prod-verdict'],
    ]);
  });

  test('hold the verdict to its environment', () => {
    const verdict = documents[2]?.toJS().spec.authorities[0].attestations[0].policy.data as string;
    const wanted = verdict.split('\n').find((line) => line.includes('policy: uri'));
    const uri = new RegExp(JSON.parse(wanted?.split('=~')[1] ?? ''));
    const commit = 'a'.repeat(40);
    const at = 'https://github.com/octo/app/.github/hallmark.yml';
    expect(uri.test(`${at}@${commit}#prod`)).toBe(true);
    expect(uri.test(`${at}@${commit}#staging`)).toBe(false);
    expect(uri.test(`${at.replace('.yml', 'Xyml')}@${commit}#prod`)).toBe(false);
    expect(uri.test(`${at.replace('octo', 'evil/octo')}@${commit}#prod`)).toBe(false);
    expect(uri.test(`https://evil.example/${at}@${commit}#prod`)).toBe(false);
  });
});

const KEY = `{ key: "sha256:${'0'.repeat(64)}", repository: ghcr.io/octo/app, until: 2030-01-01 }`;
const WORKFLOW = 'https://github.com/octo/app/.github/workflows/release.yml';
describe('who may have signed', () => {
  test.each<[string, string, string[], string[]]>([
    [
      'a workflow of the repository at its refs',
      '{ signer-workflow: octo/app/.github/workflows/release.yml, ref: [refs/heads/main, "glob:refs/tags/v*"] }',
      [`${WORKFLOW}@refs/heads/main`, `${WORKFLOW}@refs/tags/v1.2`],
      [
        `${WORKFLOW}@refs/heads/other`,
        `${WORKFLOW}@refs/heads/main2`,
        `https://evil.example/?${WORKFLOW}@refs/tags/v1`,
        WORKFLOW.replace('release.yml', 'releaseXyml@refs/tags/v1'),
      ],
    ],
    [
      'a workflow at one ref',
      '{ signer-workflow: "octo/ci/.github/workflows/b.yml@refs/tags/v1", ref: refs/heads/main }',
      ['https://github.com/octo/ci/.github/workflows/b.yml@refs/tags/v1'],
      ['https://github.com/octo/ci/.github/workflows/b.yml@refs/heads/main'],
    ],
    [
      'a workflow of another repository, whose ref the policy does not name',
      '{ signer-workflow: octo/ci/.github/workflows/b.yml, ref: refs/heads/main }',
      ['https://github.com/octo/ci/.github/workflows/b.yml@refs/tags/v7'],
      ['https://github.com/octo/ci/.github/workflows/c.yml@refs/tags/v7'],
    ],
    [
      'any workflow of a repository',
      '{ signer-repo: octo/ci }',
      ['https://github.com/octo/ci/.github/workflows/b.yml@refs/tags/v7'],
      ['https://github.com/octo/ci2/.github/workflows/b.yml@refs/tags/v7'],
    ],
    [
      'a workflow of a GHE.com tenant',
      '{ signer-workflow: octo/app/.github/workflows/b.yml, issuer: "https://token.actions.octo.ghe.com" }',
      ['https://octo.ghe.com/octo/app/.github/workflows/b.yml@refs/heads/main'],
      ['https://github.com/octo/app/.github/workflows/b.yml@refs/heads/main'],
    ],
  ])('%s', (_, rule, admitted, refused) => {
    const matches = (text: string): boolean =>
      identitiesOf(admit(policy(rule))).some(({ subject, subjectRegExp }) =>
        subjectRegExp === undefined ? subject === text : new RegExp(subjectRegExp).test(text),
      );
    expect(admitted.filter((one) => !matches(one))).toEqual([]);
    expect(refused.filter(matches)).toEqual([]);
  });

  test.each([
    ['nobody but a key', policy(KEY, '{ signer-repo: octo/ci }'), 'prod', /no workflow as builder/],
    ['no such environment', policy('{ signer-repo: octo/ci }'), 'test', /has no "test"/],
  ])('%s is invalid', (_, text, environment, message) => {
    expect(() => admit(text, environment)).toThrow(message);
  });
});
