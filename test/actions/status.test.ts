import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseOutputs } from '../../scripts/action.ts';
import { statusSchema } from '../../shared/report/status/schema.ts';
import { kubeList, pod } from '../verbs/status-world.ts';
import { GATE_WORKFLOW, inputsOf, RELEASE_WORKFLOW, startWorld, type World } from './world.ts';

/*
 * Status as a runner starts it, of an environment that the other actions made. What it makes of each kind of trouble stands in test/verbs.
 */

const POLICY = '.github/hallmark.yml';
let world: World;
const images: string[] = [];

beforeAll(async () => {
  world = await startWorld();
  const { host } = world.registry;
  world.github.commit('octo/app', {
    [POLICY]: `
version: 1
repository-id: 123456789
trust:
  builder:  [{ signer-workflow: octo/app/${RELEASE_WORKFLOW} }]
  gate:     [{ signer-workflow: octo/app/${GATE_WORKFLOW} }]
  promoter: [{ signer-workflow: octo/app/${GATE_WORKFLOW} }]
environments:
  prod: { repository: "${host}/octo/prod", rules: [signed, provenance] }
`,
  });
  for (const content of ['one', 'two']) {
    world.commit({ 'app.txt': content }, content);
    const built = await world.run('build', { repository: `${host}/octo/app`, files: 'app.txt:/app.txt' });
    const image = built.outputs.image ?? '';
    await world.run('attest', { image, signature: 'true' });
    const done = await world.run(
      'promote',
      { image, environment: 'prod', policy: POLICY, reason: content },
      { workflow: GATE_WORKFLOW },
    );
    expect(done.outputs, done.log).toMatchObject({ outcome: 'passed' });
    images.push(done.outputs.image ?? '');
  }
}, 120_000);
afterAll(() => world.close());

const ask = (inputs: Record<string, string> = {}, variables: Record<string, string> = {}) =>
  // It signs nothing, so it needs no token for that.
  world.run(
    'status',
    { environment: 'prod', policy: POLICY, ...inputs },
    { variables: { ACTIONS_ID_TOKEN_REQUEST_URL: undefined, ...variables } },
  );

test('says what is there, and writes nothing but files', async () => {
  const writes = () => world.registry.requests.filter(({ method }) => !/GET|HEAD/.test(method)).length;
  const before = writes();
  const { code, outputs, summary, log } = await ask();
  expect(code, log).toBe(0);
  expect(writes()).toBe(before);
  expect(outputs).toMatchObject({
    ...{ outcome: 'passed', image: images[1], repository: `${world.registry.host}/octo/prod` },
    ...{ drifted: 'false', coverage: '100' },
  });
  for (const name of ['report', 'page', 'metrics', 'events']) expect(outputs[name]).toMatch(/\/status\./);
  for (const part of ['mona', 'prod', '1 step back']) expect(summary).toContain(part);
});

test('takes what runs from standard input, and fails on drift where it is asked to', async () => {
  const running = kubeList(
    pod('web-abc-1', { image: images[0] ?? '', id: images[0] ?? '' }),
    pod('web-abc-2', { image: images[1] ?? '', id: images[1] ?? '' }),
  );
  const { status, outputs } = await pipe(running, { 'fail-on': 'drift' });
  expect(outputs).toMatchObject({ outcome: 'refused', drifted: 'true' });
  expect(status).toBe(1);
  const document = statusSchema.parse(JSON.parse(readFileSync(outputs['report'] ?? '', 'utf8')));
  expect(document.environments[0]).toMatchObject({
    running: [{ digest: images[0]?.split('@')[1] }, { digest: images[1]?.split('@')[1] }],
    drift: { value: [{ kind: 'rollout', where: 'shop/web-abc-1' }] },
  });
  for (const name of ['page', 'metrics', 'events']) expect(existsSync(outputs[name] ?? '')).toBe(true);
});

test('nothing on standard input is not nothing that runs', async () => {
  const { status, outputs } = await pipe('', {});
  expect(outputs).toMatchObject({ outcome: 'invalid', drifted: 'unknown' });
  expect(status).toBe(1);
});

test.each<[string, Record<string, string>, Record<string, string>, string]>([
  ['without a policy', { policy: '' }, {}, 'invalid'],
  ['with an alarm that there is not', { 'fail-on': 'weather' }, {}, 'invalid'],
  ["with GitHub's API down", {}, { GITHUB_API_URL: 'http://127.0.0.1:1' }, 'unavailable'],
  ['with a policy that nobody wrote', { policy: 'none.yml' }, {}, 'invalid'],
])('%s nobody is told that nothing drifted', async (_, inputs, variables, outcome) => {
  const { code, outputs } = await ask(inputs, variables);
  expect(outputs).toMatchObject({ outcome, drifted: 'unknown', coverage: 'unknown' });
  expect(code).toBe(1);
});

/** The same with something on standard input, as in `kubectl get pods -o json | …`. */
async function pipe(input: string, inputs: Record<string, string>) {
  const [output, summary] = [join(world.folder, 'output'), join(world.folder, 'summary')];
  for (const file of [output, summary]) writeFileSync(file, '');
  const given: Record<string, string> = {
    ...{ environment: 'prod', policy: POLICY, running: '-', sigstore: 'custom' },
    ...{ 'trusted-root': world.trustedRootFile, 'github-token': world.github.token, ...inputs },
  };
  const variables = Object.entries(inputsOf('status')).map(([name, { default: fallback = '' }]) => [
    `INPUT_${name.toUpperCase()}`,
    given[name] ?? String(fallback),
  ]);
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../dist/status/index.js')], {
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: world.workspace,
    env: {
      ...world.env(),
      ...Object.fromEntries(variables),
      ...{ GITHUB_OUTPUT: output, GITHUB_STEP_SUMMARY: summary },
    },
  });
  child.stdin.end(input);
  const [status] = await once(child, 'close');
  return { status, outputs: parseOutputs(readFileSync(output, 'utf8')) };
}
