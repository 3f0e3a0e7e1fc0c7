import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ActionRun } from '../../scripts/action.ts';
import { type Run, startWorld, type World } from './world.ts';

const BASES: Run = { workflow: '.github/workflows/bases.yml' };
const POLICY = '.github/hallmark.yml';

let world: World;

/** A policy that takes base images of one workflow. */
const policyOf = (base: string): string => `version: 1
repository-id: 123456789
trust:
  builder: [{ signer-workflow: octo/app/.github/workflows/release.yml }]
${base}
environments:
  staging: { repository: ${world.registry.host}/app-staging, rules: [provenance] }
`;

beforeAll(async () => {
  world = await startWorld();
  world.commit({ 'app/server.js': 'console.log("hello")\n' }, 'First');
  world.github.commit('octo/app', {
    [POLICY]: policyOf('  base: [{ signer-workflow: octo/app/.github/workflows/bases.yml }]'),
    'nobody.yml': policyOf(''),
  });
}, 60_000);
afterAll(() => world.close());

const place = (name: string): string => `${world.registry.host}/${name}`;
const layers = { builder: 'layers', files: 'app:/app' };

async function makeBase(
  name: string,
  inputs: Record<string, string> = {},
  run: Run = BASES,
): Promise<string> {
  const built = await world.run('build', { repository: place(name), ...layers, ...inputs }, run);
  expect(built.code, built.log).toBe(0);
  return built.outputs.image ?? '';
}

async function build(name: string, base: string, inputs: Record<string, string> = {}): Promise<ActionRun> {
  const upon = { base, 'base-policy': POLICY };
  return world.run('build', { repository: place(name), ...layers, ...upon, ...inputs });
}

/** The images by digest that an index is of. */
async function platformsOf(image: string): Promise<string[]> {
  const [name = '', digest] = image.split('@');
  const path = name.slice(world.registry.host.length + 1);
  const answer = await fetch(`http://${world.registry.host}/v2/${path}/manifests/${digest}`, {
    headers: { accept: 'application/vnd.oci.image.index.v1+json' },
  });
  const { manifests } = (await answer.json()) as { manifests: { digest: string }[] };
  return manifests.map((one) => `${name}@${one.digest}`);
}

const writesSince = (before: number) =>
  world.registry.requests.slice(before).filter(({ method }) => !['GET', 'HEAD'].includes(method));

async function sign(image: string, run: Run, inputs: Record<string, string> = { signature: 'true' }) {
  const signed = await world.run('attest', { image, ...inputs }, run);
  expect(signed.code, signed.log).toBe(0);
}

describe('a base image that the policy takes', () => {
  test.each([
    ['proven by the role base', () => makeBase('proven')],
    [
      'signed by the role base',
      async () => {
        const base = await makeBase('signed', { provenance: 'false' });
        await sign(base, BASES);
        return base;
      },
    ],
    ['of several platforms', () => makeBase('several', { platforms: 'linux/amd64,linux/arm64' })],
  ] satisfies [string, () => Promise<string>][])('%s', async (name, base) => {
    const image = await base();
    const built = await build(`on-${name.replaceAll(' ', '-')}`, image);
    expect(built.code, built.log).toBe(0);
    expect(built.log).toContain('base: vouched for by the role base');
  });

  test('a platform of one that is proven, named by its own digest', async () => {
    const image = await makeBase('index', { platforms: 'linux/amd64,linux/arm64' });
    const [, second] = await platformsOf(image);
    const built = await build('on-platform', second ?? '');
    expect(built.code, built.log).toBe(0);
  });

  test('of an image that was built before, by what its provenance names', async () => {
    const good = await makeBase('good');
    expect(await build('before', good)).toMatchObject({ code: 0, outputs: { reused: 'false' } });
    expect(await build('before', good)).toMatchObject({ code: 0, outputs: { reused: 'true' } });
    // Built when nobody asked, and asked for now: what the input names today is not what it was made of.
    const bad = await makeBase('bad', { provenance: 'false' });
    expect(await build('unasked', bad, { 'base-policy': '' })).toMatchObject({ code: 0 });
    const reused = await build('unasked', good);
    expect(reused.outputs).toEqual({ outcome: 'refused' });
    expect(reused.log).toContain('pkg:oci/bad@');
  });
});

describe('refused, and nothing is built', () => {
  test.each([
    [
      'nothing vouches for it',
      () => makeBase('silent', { provenance: 'false', env: 'A=1' }),
      /silent@sha256:\w+ \(sha256:\w+\) has no signature and no provenance by the role base .*: nothing is attached/,
    ],
    ['another workflow vouches for it', () => makeBase('other', {}, {}), /not builder: signer-workflow is/],
    [
      'the right workflow on behalf of others',
      async () => {
        const base = await makeBase('behalf', { provenance: 'false', env: 'A=2' });
        await sign(base, { ...BASES, claims: { event_name: 'pull_request_target' } });
        return base;
      },
      /trigger is "pull_request_target"/,
    ],
    [
      'the right workflow says what is in it, and no more',
      async () => {
        const base = await makeBase('listed', { provenance: 'false', env: 'A=3' });
        const sbom = join(world.workspace, '.hallmark', 'sbom.json');
        writeFileSync(
          sbom,
          JSON.stringify({ bomFormat: 'CycloneDX', specVersion: '1.6', version: 1, components: [] }),
        );
        await sign(base, BASES, { sbom });
        return base;
      },
      /has no signature and no provenance/,
    ],
    [
      'one of its platforms alone is vouched for',
      async () => {
        const platforms = 'linux/amd64,linux/arm64';
        const base = await makeBase('part', { platforms, provenance: 'false', env: 'A=4' });
        const [first] = await platformsOf(base);
        await sign(first ?? '', BASES);
        return base;
      },
      /part@sha256:\w+ \(sha256:\w+\) has no signature and no provenance/,
    ],
    ['it is not there', () => `${place('none')}@sha256:${'0'.repeat(64)}`, /base: there is no .*none@sha256/],
  ] satisfies [string, () => Promise<string> | string, RegExp][])('%s', async (_, base, reason) => {
    const image = await base();
    const before = world.registry.requests.length;
    const result = await build('refused', image);
    expect(result.outputs, result.log).toEqual({ outcome: 'refused' });
    expect(result.log).toMatch(reason);
    expect(result.log).not.toContain('Builder:');
    expect(writesSince(before)).toEqual([]);
    // To disk no more than to a registry.
    const preview = await build('refused', image, { push: 'false' });
    expect(preview.outputs).toEqual({ outcome: 'refused' });
  });
});

describe('not refused, because nobody can tell', () => {
  test.each([
    ['a registry out of reach', () => `127.0.0.1:9/base@sha256:${'0'.repeat(64)}`, {}, 'unavailable', ''],
    ['a policy that is not there', () => makeBase('p1'), { 'base-policy': 'none.yml' }, 'invalid', 'policy'],
    [
      'a policy that trusts nobody for bases',
      () => makeBase('p2'),
      { 'base-policy': 'nobody.yml' },
      'invalid',
      'base-policy',
    ],
    [
      'a merge, which has no base',
      () => '',
      { files: '', builder: '', platforms: 'linux/amd64', merge: `localhost:1/x@sha256:${'0'.repeat(64)}` },
      'invalid',
      'base-policy',
    ],
  ] satisfies [string, () => Promise<string> | string, Record<string, string>, string, string][])(
    '%s',
    async (_, base, inputs, outcome, input) => {
      const result = await build('untold', await base(), { timeout: '20s', ...inputs });
      expect(result.outputs, result.log).toEqual({ outcome });
      expect(result.log).toMatch(new RegExp(`::error[^:]*::${input}`));
    },
  );
});
