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

/** A part of a custom resource definition's schema (Kubernetes, "Structural schemas"). */
interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
}

/** What an API server that validates strictly finds wrong with a value. */
function findFaults(schema: Schema, value: unknown, path = ''): string[] {
  const type = Array.isArray(value) ? 'array' : Number.isInteger(value) ? 'integer' : typeof value;
  if (schema.type !== undefined && schema.type !== type) return [`${path}: is ${type}, not ${schema.type}`];
  if (schema.enum && !schema.enum.includes(value)) return [`${path}: is not one of ${schema.enum.join()}`];
  if (schema.pattern && !new RegExp(schema.pattern).test(String(value)))
    return [`${path}: ${schema.pattern}`];
  if (Array.isArray(value)) {
    return value.flatMap((one, at) => findFaults(schema.items ?? {}, one, `${path}[${at}]`));
  }
  if (typeof value !== 'object' || value === null) return [];
  const missing = (schema.required ?? []).filter((name) => !(name in value));
  const open = schema['x-kubernetes-preserve-unknown-fields'] === true;
  return [
    ...missing.map((name) => `${path}.${name}: is missing`),
    ...Object.entries(value).flatMap(([name, inner]) => {
      // The API server itself knows these of every object.
      if (path === '' && ['apiVersion', 'kind', 'metadata'].includes(name)) return [];
      const known = schema.properties?.[name];
      if (known !== undefined) return findFaults(known, inner, `${path}.${name}`);
      return open ? [] : [`${path}.${name}: is unknown`];
    }),
  ];
}

describe("the documents keep to the cluster's own definitions of them", () => {
  const schemas = JSON.parse(read('test/fixtures/admission-schemas.json')) as Record<string, Schema>;
  const check = (text: string): string[] =>
    parseAllDocuments(text).flatMap((one) => {
      const document = one.toJS();
      return findFaults(schemas[document.kind] ?? { enum: [] }, document);
    });

  test.each([
    ["the README's policy", readme],
    ['a builder known by a pattern', policy('{ signer-repo: octo/ci, ref: "glob:refs/tags/v*" }')],
    [
      'a builder known exactly',
      policy(`{ signer-workflow: "octo/ci/.github/workflows/b.yml@refs/tags/v1" }`),
    ],
  ])('%s', (_, text) => {
    expect(check(admit(text))).toEqual([]);
  });

  test.each<[string, [from: string, to: string], string]>([
    [
      'a field by another name',
      ['mutateDigest:', 'mutateDigests:'],
      '.spec.rules[0].verifyImages[0].mutateDigests: is unknown',
    ],
    [
      'a word that is none',
      ['SigstoreBundle', 'Bundle'],
      '.spec.rules[0].verifyImages[0].type: is not one of',
    ],
    [
      'text where a truth value stands',
      ['required: true', 'required: "true"'],
      '.required: is string, not boolean',
    ],
    ['an operator that is none', ['operator: Equals', 'operator: Like'], '.operator: is not one of Equals'],
    [
      'a field of policy-controller by another name',
      ['signatureFormat:', 'format:'],
      '.spec.authorities[0].format: is unknown',
    ],
    ['another kind', ['ClusterImagePolicy', 'ImagePolicy'], ': is not one of'],
  ])('%s would be found', (_, [from, to], fault) => {
    expect(check(admit(readme).replace(from, to)).join('\n')).toContain(fault);
  });
});
