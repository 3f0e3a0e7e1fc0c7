import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { listActions, readExample } from '../../scripts/docs.ts';
import { toolPath } from '../../scripts/tools.ts';
import { startWorld, type World } from '../actions/world.ts';
import { publishTrivyDb } from '../servers/trivy-db.ts';

const stepsSchema = z.array(
  z.strictObject({
    id: z.string().optional(),
    uses: z.string(),
    with: z.record(z.string(), z.union([z.string(), z.boolean(), z.number()]).transform(String)),
  }),
);

/** The order in which a workflow would use them; the suite's workflow that signs, and whether it takes a real scan. */
const order = [
  { name: 'pin', workflow: 'pipeline', scanned: false },
  { name: 'build', workflow: 'pipeline', scanned: false },
  { name: 'sign', workflow: 'pipeline', scanned: false },
  { name: 'verify', workflow: 'pipeline', scanned: false },
  { name: 'scan', workflow: 'pipeline', scanned: true },
  { name: 'sbom', workflow: 'pipeline', scanned: true },
  { name: 'attest', workflow: 'pipeline', scanned: true },
  { name: 'gate', workflow: 'gate', scanned: true },
  { name: 'promote', workflow: 'gate', scanned: true },
  { name: 'report', workflow: 'gate', scanned: true },
  { name: 'rehearse', workflow: 'gate', scanned: true },
  { name: 'rollback', workflow: 'gate', scanned: true },
  { name: 'status', workflow: 'gate', scanned: true },
  { name: 'prune', workflow: 'gate', scanned: true },
];

/** What needs an engine (test/interop/boot.test.ts), or a layout that no step before leaves (test/actions/push.test.ts). */
const elsewhere = ['push', 'test'];

/** The cases of the page about policies. */
const CASES =
  /```yaml\n(version: 1\ncases:[\s\S]*?)```/.exec(
    readFileSync(fileURLToPath(new URL('../../action-docs/policy.md', import.meta.url)), 'utf8'),
  )?.[1] ?? '';

const trivy = toolPath('trivy');
const missing = existsSync(trivy) ? '' : 'Trivy is not built; npm run test:interop builds it';

/** The policy in the README. */
function readPolicy(): string {
  const readme = readFileSync(fileURLToPath(new URL('../../README.md', import.meta.url)), 'utf8');
  const blocks = [...readme.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, block]) => block ?? '');
  const policies = blocks.filter((block) => /^environments:/m.test(block));
  expect(policies).toHaveLength(1);
  return policies[0] ?? '';
}

describe("the pages' examples, run from dist/ under the README's policy", () => {
  const outputs: Record<string, Record<string, string>> = {};
  let world: World;
  let database: string;

  beforeAll(async () => {
    world = await startWorld();
    const policy = `${local(readPolicy())}trusted-root: trusted-root.json\n`;
    world.github.commit('octo/app', {
      '.github/hallmark.yml': policy,
      'trusted-root.json': readFileSync(world.trustedRootFile, 'utf8'),
    });
    world.commit(
      {
        'out/server': '#!/bin/sh\n',
        '.gitignore': '.hallmark/\n',
        '.github/hallmark.yml': policy,
        '.github/hallmark.cases.yml': CASES,
        'trusted-root.json': readFileSync(world.trustedRootFile, 'utf8'),
      },
      'A server',
    );
    database = await publishTrivyDb(world.registry.host);
  });
  afterAll(() => world?.close());

  /** ghcr.io is the embedded registry. */
  function local(text: string): string {
    return text.replaceAll('ghcr.io', world.registry.host);
  }

  function fill(value: string): string {
    return local(value).replace(
      /\$\{\{ steps\.([\w-]+)\.outputs\.([\w-]+) \}\}/g,
      (_, id: string, output: string) => {
        const found = outputs[id]?.[output];
        if (found === undefined) throw new Error(`no earlier example has the output ${id}.${output}`);
        return found;
      },
    );
  }

  test('every action has one', () => {
    expect([...order.map(({ name }) => name), ...elsewhere].sort()).toEqual(listActions());
  });

  test.for(order)('$name', { timeout: 60_000 }, async (example, { skip }) => {
    if (example.scanned && missing !== '') skip(missing);
    if (example.name === 'rollback') {
      // There has to be something to go back from.
      world.commit({ 'out/server': '#!/bin/sh\nexit 0\n' }, 'Another server');
      for (const name of ['build', 'scan', 'sbom', 'attest', 'promote']) {
        await runExample(order.find((one) => one.name === name) ?? example);
      }
    }
    await runExample(example);
  });

  async function runExample({ name, workflow, scanned }: (typeof order)[number]): Promise<void> {
    const steps = stepsSchema.parse(parse(readExample(name)));
    const own = steps.filter(({ uses }) => uses.startsWith('hallmark-actions/'));
    expect(own.map(({ uses }) => uses)).toEqual([`hallmark-actions/hallmark/actions/${name}@<commit>`]);
    for (const step of own) {
      const inputs = Object.fromEntries(Object.entries(step.with).map(([key, value]) => [key, fill(value)]));
      if (scanned && ['scan', 'sbom', 'rollback'].includes(name)) inputs['trivy-path'] = trivy;
      if (['scan', 'rollback'].includes(name)) inputs['db-repository'] = database;
      const result = await world.run(name, inputs, {
        claims: {
          job_workflow_ref: `hallmark-actions/hallmark/.github/workflows/${workflow}.yml@${'0123456789'.repeat(4)}`,
        },
      });
      expect(result.code, result.log).toBe(0);
      expect(result.outputs['outcome']).toBe('passed');
      expect(result.outputs['unwritten'] ?? '[]').toBe('[]');
      if (step.id !== undefined) outputs[step.id] = result.outputs;
    }
  }
});
