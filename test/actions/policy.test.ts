import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GATE_WORKFLOW, RELEASE_WORKFLOW, type Run, startWorld, type World } from './world.ts';

/*
 * What a policy can say beside its rules, and the rehearsal of one, from dist/.
 */

const POLICY = '.github/hallmark.yml';
const GATE: Run = { workflow: GATE_WORKFLOW };

let world: World;
/** Built on `base`, both signed and with provenance; it is in staging. */
let image: string;
let base: string;

const policy = (rules = 'signed, provenance', more = ''): string => `version: 1
repository-id: 123456789
trust:
  builder:  [{ signer-workflow: octo/app/${RELEASE_WORKFLOW} }]
  gate:     [{ signer-workflow: octo/app/${GATE_WORKFLOW} }]
  promoter: [{ signer-workflow: octo/app/${GATE_WORKFLOW} }]
${more}
environments:
  staging: { repository: ${world.registry.host}/octo/staging, rules: [${rules}] }
`;

async function release(repository: string, inputs: Record<string, string> = {}): Promise<string> {
  world.commit({ 'app.txt': repository }, repository);
  const place = `${world.registry.host}/octo/${repository}`;
  const built = await world.run('build', { repository: place, files: `app.txt:/${repository}`, ...inputs });
  expect(built.outputs, built.log).toMatchObject({ outcome: 'passed' });
  const name = built.outputs.image ?? '';
  const signed = await world.run('attest', { image: name, signature: 'true' });
  expect(signed.outputs, signed.log).toMatchObject({ outcome: 'passed' });
  return name;
}

/** Judges the image by a policy that stands on the protected branch. */
async function gate(text: string, mode = 'audit') {
  world.github.commit('octo/app', { [POLICY]: text });
  return world.run('gate', { image, environment: 'staging', policy: POLICY, mode }, GATE);
}

beforeAll(async () => {
  world = await startWorld();
  world.github.commit('octo/app', { [POLICY]: policy() });
  base = await release('base');
  image = await release('app', { base });
  const staged = await world.run('promote', { image, environment: 'staging', policy: POLICY }, GATE);
  expect(staged.outputs, staged.log).toMatchObject({ outcome: 'passed' });
}, 120_000);
afterAll(() => world?.close());

describe('a base image', () => {
  const trusted = `  base: [{ signer-workflow: octo/app/${RELEASE_WORKFLOW} }]`;

  test('that a trusted identity signed is let pass', { timeout: 30_000 }, async () => {
    const run = await gate(policy('base-image-attested', trusted));
    expect(run.outputs, run.log).toMatchObject({ decision: 'allow', reasons: '[]' });
  });

  test.each([
    ['nobody', ''],
    ['another', `  base: [{ signer-workflow: octo/app/.github/workflows/other.yml }]`],
  ])('that %s is trusted to sign is not', { timeout: 30_000 }, async (_, trust) => {
    const run = await gate(policy('base-image-attested', trust));
    expect(run.outputs, run.log).toMatchObject({ decision: 'deny' });
    expect(run.outputs.reasons).toContain('base.attested is false');
  });
});

describe('distrust', () => {
  const distrust = (what: string): string => `distrust: [{ ${what}, reason: the runner was taken over }]`;

  test('takes evidence away after the fact, and says why', { timeout: 30_000 }, async () => {
    const run = await gate(
      policy('signed, provenance', distrust(`signer-workflow: octo/app/${RELEASE_WORKFLOW}`)),
      'audit',
    );
    expect(run.outputs, run.log).toMatchObject({ decision: 'deny' });
    expect(run.outputs.reasons).toContain('the runner was taken over');
    expect(run.summary).toContain('### Distrusted: 2');
  });

  test('leaves what was signed before it', { timeout: 30_000 }, async () => {
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
    const bounded = distrust(`signer-workflow: octo/app/${RELEASE_WORKFLOW}, from: ${tomorrow}`);
    expect((await gate(policy('signed, provenance', bounded))).outputs).toMatchObject({ decision: 'allow' });
  });

  test('of the promoter stops the environment, and says so', { timeout: 30_000 }, async () => {
    const taken = policy('signed', distrust(`signer-workflow: octo/app/${GATE_WORKFLOW}`));
    world.github.commit('octo/app', { [POLICY]: taken });
    const run = await world.run('promote', { image, environment: 'staging', policy: POLICY }, GATE);
    expect(run.outputs, run.log).toMatchObject({ outcome: 'refused' });
    expect(run.log).toContain('has no record by a promoter that says so');
    expect(run.log).toContain('the runner was taken over');
  });
});

test('whom the policy distrusts from now on leaves no record', { timeout: 60_000 }, async () => {
  const today = new Date().toISOString().slice(0, 10);
  const other = GATE_WORKFLOW.replace('gate', 'night');
  const text = policy(
    'signed',
    `distrust: [{ signer-workflow: octo/app/${other}, from: ${today}, reason: taken over }]`,
  )
    .replace('/octo/staging', '/octo/fresh')
    .replace(
      `promoter: [{ signer-workflow: octo/app/${GATE_WORKFLOW} }]`,
      `promoter: [{ signer-workflow: octo/app/${other} }]`,
    );
  world.github.commit('octo/app', { 'night.yml': text });
  const run = await world.run(
    'promote',
    { image, environment: 'staging', policy: 'night.yml' },
    { workflow: other },
  );
  expect(run.outputs, run.log).toMatchObject({ outcome: 'refused' });
  expect(run.log).toContain('taken over');
  const answer = await fetch(`http://${world.registry.host}/v2/octo/fresh/tags/list`);
  expect(await answer.text()).not.toContain('env-staging');
});

describe('a rehearsal', () => {
  const CASES = `version: 1
cases:
  - { name: a good image, environment: staging, verdict: allow }
  - { name: one without provenance, environment: staging, missing: [provenance], verdict: deny, denies: [provenance] }
`;
  const rehearse = (files: Record<string, string>, inputs: Record<string, string>) => {
    mkdirSync(join(world.workspace, '.github'), { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(world.workspace, name), text);
    const run = { event: 'pull_request', ref: 'refs/pull/7/merge', workflow: '.github/workflows/pr.yml' };
    return world.run('rehearse', { policy: POLICY, 'trusted-root': world.trustedRootFile, ...inputs }, run);
  };

  test('passes a policy whose cases are met, and writes nothing', { timeout: 30_000 }, async () => {
    const [registry, github] = [world.registry.requests.length, world.github.requests.length];
    const run = await rehearse(
      { [POLICY]: policy(), 'cases.yml': CASES },
      { cases: 'cases.yml', environment: 'staging' },
    );
    expect(run.outputs, run.log).toMatchObject({ outcome: 'passed', failed: '0', denied: '0' });
    expect(run.summary).toContain('2 of 2 cases are met');
    expect(run.summary).toContain('Of 1 promotions');
    const requests = [...world.registry.requests.slice(registry), ...world.github.requests.slice(github)];
    expect(requests.filter(({ method }) => !['GET', 'HEAD'].includes(method))).toEqual([]);
  });

  test('fails one whose cases are not', { timeout: 30_000 }, async () => {
    const run = await rehearse({ [POLICY]: policy('signed'), 'cases.yml': CASES }, { cases: 'cases.yml' });
    expect(run.outputs, run.log).toMatchObject({ outcome: 'refused', failed: '1' });
    expect(run.log).toContain('one without provenance (staging): deny was expected, and it is allow');
  });

  test('shows what would have been denied, and fails nothing', { timeout: 30_000 }, async () => {
    const run = await rehearse({ [POLICY]: policy('signed, sbom') }, { environment: 'staging' });
    expect(run.outputs, run.log).toMatchObject({ outcome: 'passed', denied: '1' });
    expect(run.log).toContain('there is no sbom evidence');
    expect(run.summary).toContain('would have denied 1');
  });

  test.each([
    ['a fault in the policy', { [POLICY]: 'version: 2' }, { environment: 'staging' }, 'hallmark.yml:1:10'],
    [
      'a fault in the cases',
      { 'cases.yml': 'version: 1\ncases: [{}]' },
      { cases: 'cases.yml' },
      'cases.yml:2:9',
    ],
    ['neither cases nor an environment', {}, {}, 'nothing to test the policy by'],
    ['an environment that there is not', {}, { environment: 'dev' }, 'the policy has no "dev"'],
  ])('tells %s', { timeout: 30_000 }, async (_, files, inputs, message) => {
    const run = await rehearse({ [POLICY]: policy(), ...files }, inputs as Record<string, string>);
    expect(run.outputs, run.log).toMatchObject({ outcome: 'invalid' });
    expect(run.log).toContain(message);
  });
});

describe('a gate', () => {
  test.each(['audit', 'preview'])('writes nothing anywhere in %s', { timeout: 30_000 }, async (mode) => {
    const before = [world.registry, world.github, world.sigstore].map(({ requests }) => requests.length);
    const run = await gate(policy('signed, sbom'), mode);
    expect(run.outputs, run.log).toMatchObject({ outcome: 'passed', decision: 'deny' });
    const requests = [world.registry, world.github, world.sigstore].flatMap((server, at) =>
      server.requests.slice(before[at]).filter(({ method }) => !['GET', 'HEAD'].includes(method)),
    );
    expect(requests).toEqual([]);
  });

  test('writes to the registry alone', { timeout: 30_000 }, async () => {
    const before = world.github.requests.length;
    const run = await gate(policy('signed, sbom'), 'enforce');
    expect(run.outputs, run.log).toMatchObject({ outcome: 'refused' });
    expect(run.outputs.vsa).toContain('/octo/app@sha256:');
    expect(world.github.requests.slice(before).filter(({ method }) => method !== 'GET')).toEqual([]);
  });
});

test('a policy stands on a central one by its commit', { timeout: 30_000 }, async () => {
  const central = world.github.commit('octo/app', {
    'base.yml':
      'version: 1\nallow: [trust.builder, trust.gate, trust.promoter]\nenvironments: { staging: { rules: [sbom] } }\n',
  });
  const local = policy('signed').replace('version: 1', `version: 1\nextends: octo/app/base.yml@${central}`);
  const run = await gate(local);
  expect(run.outputs, run.log).toMatchObject({ decision: 'deny' });
  expect(run.outputs.reasons).toContain('there is no sbom evidence');
  expect(run.outputs.reasons).not.toContain('signed (');
});
