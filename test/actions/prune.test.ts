import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StubPackage } from '../servers/github-packages.ts';
import { Repository } from '../servers/registry-repository.ts';
import { GATE_WORKFLOW, RELEASE_WORKFLOW, startWorld, type World } from './world.ts';

const POLICY = '.github/hallmark.yml';
const policy = (host: string) => `
version: 1
repository-id: 123456789
trust:
  builder:  [{ signer-workflow: octo/app/${RELEASE_WORKFLOW} }]
  gate:     [{ signer-workflow: octo/app/${GATE_WORKFLOW} }]
  promoter: [{ signer-workflow: octo/app/${GATE_WORKFLOW} }]
environments:
  staging: { repository: ${host}/octo/app, rules: [signed, provenance] }
  prod:    { repository: ${host}/octo/prod, after: staging, rules: [signed, provenance] }
`;

const digestOf = (image = ''): string => image.split('@')[1] ?? '';
/** Digests of everything that a repository of the embedded registry holds. */
const listManifests = (world: World, name = 'octo/app'): string[] =>
  readdirSync(join(world.registry.folder, 'repositories', encodeURIComponent(name), 'manifests')).sort();
const count = (world: World, method: string): number =>
  world.registry.requests.filter((request) => request.method === method).length;

/** Requests to the registry that are not allowed. */
let fault: RegExp | undefined;

async function openWorld(
  referrers: boolean,
  contents: readonly string[],
  platforms: string,
): Promise<{ world: World; images: string[] }> {
  const world = await startWorld({
    registry: {
      referrers,
      onRequest: ({ method, path }) => (fault?.test(`${method} ${path}`) ? { status: 403 } : undefined),
    },
  });
  world.github.commit('octo/app', { [POLICY]: policy(world.registry.host) });
  const images: string[] = [];
  for (const content of contents) {
    world.commit({ 'app.txt': content }, content);
    const { outputs, log } = await world.run('build', {
      repository: `${world.registry.host}/octo/app`,
      files: 'app.txt:/app.txt',
      platforms,
    });
    expect(outputs, log).toMatchObject({ outcome: 'passed' });
    const image = outputs.image ?? '';
    expect((await world.run('attest', { image, signature: 'true' })).code).toBe(0);
    images.push(image);
  }
  return { world, images };
}

const promote = async (world: World, image: string, environment: string): Promise<void> => {
  const done = await world.run(
    'promote',
    { image, environment, policy: POLICY },
    { workflow: GATE_WORKFLOW },
  );
  expect(done.outputs, done.log).toMatchObject({ outcome: 'passed' });
};
/** By the shortest limit, so that nothing stays only because it is young. */
const prune = (world: World, inputs: Record<string, string> = {}) =>
  world.run('prune', {
    repository: `${world.registry.host}/octo/app`,
    policy: POLICY,
    keep: 'tag:v*',
    'older-than': '0s',
    ...inputs,
  });

describe.each([true, false])('a registry, with the referrers API: %s', (referrers) => {
  let world: World;
  let images: string[];
  beforeAll(async () => {
    const contents = ['one', 'two', 'three', 'four', 'five'];
    ({ world, images } = await openWorld(referrers, contents, 'linux/amd64,linux/arm64'));
  }, 120_000);
  afterAll(() => world.close());

  test('while an environment shows no promotion, nothing is planned', async () => {
    const { code, outputs, log } = await prune(world, { 'dry-run': 'false' });
    expect(code).toBe(1);
    expect(outputs.outcome).toBe('unavailable');
    expect(log).toContain('/octo/prod shows no promotion to prod');
    expect(count(world, 'DELETE')).toBe(0);
  });

  test('without a policy it asks for one', async () => {
    const { outputs, log } = await prune(world, { policy: '' });
    expect(outputs.outcome).toBe('invalid');
    expect(log).toContain('policy: is required');
  });

  test.each<[string, Record<string, string>, string]>([
    ['a rule that is none', { keep: 'v*' }, 'keep: takes a number of images as in 10'],
    ['a file that names nothing', { running: 'app.txt' }, 'names no digest, and no tag'],
    ['an environment’s name', { policy: 'none', repository: 'oci:out' }, 'repository: '],
  ])('%s is the caller’s fault', async (_, inputs, message) => {
    const { outputs, log } = await prune(world, inputs);
    expect(outputs.outcome, log).toBe('invalid');
    expect(log).toContain(message);
  });

  test('what is held, was held, and runs stays with its evidence; the rest goes', async () => {
    const [first = '', second = '', third = '', fourth = '', fifth = ''] = images;
    await promote(world, first, 'staging');
    await promote(world, second, 'staging');
    await promote(world, second, 'prod');
    // By one platform's digest, as kubectl has it.
    const index = new Repository(world.registry.folder, 'octo/app').getManifest(digestOf(third));
    const [platform] = JSON.parse(index.bytes.toString()).manifests;
    writeFileSync(
      join(world.workspace, 'pods.json'),
      JSON.stringify({ items: [{ status: { containerStatuses: [{ imageID: `x@${platform.digest}` }] } }] }),
    );
    const before = listManifests(world);

    const plan = await prune(world, { running: 'pods.json' });
    expect(plan.outputs, plan.log).toMatchObject({ outcome: 'passed', kept: expect.stringMatching(/^\d+$/) });
    expect(plan.log).toContain('Nothing was deleted');
    expect(listManifests(world)).toEqual(before);
    expect(count(world, 'DELETE')).toBe(0);

    const done = await prune(world, { running: 'pods.json', 'dry-run': 'false' });
    expect(done.outputs, done.log).toMatchObject({ outcome: 'passed', deleted: plan.outputs.deleted });
    const after = listManifests(world);
    expect(before.length - after.length).toBe(Number(done.outputs.deleted));
    for (const image of [fourth, fifth]) expect(after).not.toContain(digestOf(image));
    for (const image of [first, second, third]) {
      const verified = await world.run('verify', {
        image,
        'signer-workflow': `octo/app/${RELEASE_WORKFLOW}`,
        'predicate-types': 'signature, provenance',
      });
      expect(verified.outputs, verified.log).toMatchObject({ outcome: 'passed' });
    }
    for (const said of [
      'staging holds it; prod holds it',
      'staging held it 1 image ago',
      'runs, by pods.json',
    ]) {
      expect(done.summary).toContain(said);
    }
    const { going, kept } = JSON.parse(readFileSync(done.outputs.plan ?? '', 'utf8'));
    expect(
      going.every((line: { deleted: boolean; reason: string }) => line.deleted && line.reason !== ''),
    ).toBe(true);
    const found = kept.map(({ digest }: { digest: string }) => digest).sort();
    // Without the API each further piece of evidence leaves the index before it behind, to which nothing leads any more.
    expect(found).toEqual(
      referrers ? after : expect.arrayContaining([digestOf(first), digestOf(second), digestOf(third)]),
    );
    expect(after).toEqual(expect.arrayContaining(found));

    const again = await prune(world, { running: 'pods.json', 'dry-run': 'false' });
    expect(again.outputs).toMatchObject({ outcome: 'passed', deleted: '0' });
    const back = await world.run(
      'rollback',
      { environment: 'staging', reason: 'it still can', policy: POLICY },
      { workflow: GATE_WORKFLOW },
    );
    expect(back.outputs, back.log).toMatchObject({ outcome: 'passed', digest: digestOf(first) });
  }, 120_000);

  test.each<[string, () => void]>([
    ['the tags of another environment', () => (fault = /^GET .*octo\/prod\/tags/)],
    ['what another environment holds', () => (fault = /^GET .*octo\/prod\/manifests\/sha256:/)],
    ['a record', () => (fault = /^GET .*octo\/prod\/blobs/)],
    ['the policy', () => world.github.fail('repos/get-content', 500, 9)],
    ['the protection of its branch', () => world.github.fail('repos/get-branch', 500, 9)],
  ])('nothing is deleted when %s cannot be read', async (_, fail) => {
    const before = listManifests(world);
    fail();
    const { outputs, log } = await prune(world, { 'dry-run': 'false' });
    fault = undefined;
    world.github.clearFaults();
    expect(outputs.outcome, log).toBe('unavailable');
    expect(listManifests(world)).toEqual(before);
  });

  test('a tag that says it is a promotion and has no record stops it', async () => {
    const repository = new Repository(world.registry.folder, 'octo/app');
    const { bytes, mediaType } = repository.getManifest(digestOf(images[2]));
    const tag = `env-staging.000009-${digestOf(images[2]).slice(7, 19)}`;
    repository.putManifest(tag, bytes, mediaType);
    const deletions = count(world, 'DELETE');
    const { outputs, log } = await prune(world, { 'dry-run': 'false' });
    expect(outputs.outcome, log).toBe('refused');
    expect(count(world, 'DELETE')).toBe(deletions);
    repository.deleteManifest(tag);
  });
});

describe.each(['Organization', 'User'] as const)(
  "GitHub's packages API, of an account that is a %s",
  (type) => {
    let world: World;
    let images: string[];
    const kept = new Map<string, string>();
    const OLD = '2026-01-01T00:00:00Z';
    beforeAll(async () => {
      // GitHub is asked for one deletion a second.
      ({ world, images } = await openWorld(false, ['one', 'two', 'three'], 'linux/amd64'));
      const repository = new Repository(world.registry.folder, 'octo/app');
      const ids = new Map<string, number>();
      const container: StubPackage = {
        owner: 'octo',
        name: 'app',
        type,
        versions: () =>
          listManifests(world).map((name) => {
            if (!ids.has(name)) ids.set(name, 1000 + ids.size);
            const tags = repository.listTags().filter((tag) => repository.getManifest(tag).digest === name);
            const why = kept.get(name);
            return { id: ids.get(name) ?? 0, name, tags, created_at: OLD, ...(why && { kept: why }) };
          }),
        remove: ({ name }) => repository.deleteManifest(name),
      };
      world.github.packages.push(container);
    }, 120_000);
    afterAll(() => world.close());

    const pruneThere = (inputs: Record<string, string> = {}) =>
      prune(world, { policy: 'none', api: 'github', 'older-than': '30d', ...inputs });
    const deletions = (): number => world.github.requests.filter(({ method }) => method === 'DELETE').length;
    const operation = type === 'User' ? 'user' : 'org';

    test.each<[string, () => void]>([
      [
        'the list of versions fails',
        () =>
          world.github.fail(`packages/get-all-package-versions-for-package-owned-by-${operation}`, 500, 9),
      ],
      ['the account cannot be asked for', () => world.github.fail('users/get-by-username', 500, 9)],
    ])('nothing is deleted when %s', async (_, fail) => {
      fail();
      const { outputs, log } = await pruneThere({ 'dry-run': 'false' });
      world.github.clearFaults();
      expect(outputs.outcome, log).toBe('unavailable');
      expect(deletions()).toBe(0);
    });

    test('a token that may only read is told what it needs, and nothing is gone', async () => {
      const token = world.github.issueToken({ contents: 'read', packages: 'read' });
      const before = listManifests(world);
      const { outputs, log } = await pruneThere({ 'dry-run': 'false', 'github-token': token });
      expect(outputs.outcome, log).toBe('invalid');
      expect(log).toContain('packages: write');
      expect(listManifests(world)).toEqual(before);
    });

    test('what GitHub keeps keeps its parts; everything else goes by its number, after a wait that GitHub asks for', async () => {
      const [first = '', second = ''] = images.map(digestOf);
      kept.set(
        first,
        'Publicly visible package versions with more than 5000 downloads cannot be deleted. Contact GitHub support for further assistance.',
      );
      world.github.fail(`packages/delete-package-version-for-${operation}`, 429, 1, { 'retry-after': '1' });
      // A plain list, by the tag that build gave it.
      const tags = new Repository(world.registry.folder, 'octo/app');
      const tag = tags
        .listTags()
        .find((one) => one.startsWith('sha-') && tags.getManifest(one).digest === second);
      writeFileSync(join(world.workspace, 'list.txt'), `app ${world.registry.host}/octo/app:${tag}\n`);
      const done = await pruneThere({ 'dry-run': 'false', running: 'list.txt' });
      expect(done.outputs, done.log).toMatchObject({ outcome: 'passed' });
      expect(done.log).toContain('GitHub keeps it: Publicly visible');
      expect(count(world, 'DELETE')).toBe(0);
      for (const image of images.slice(0, 2)) {
        const verified = await world.run('verify', {
          image,
          'signer-workflow': `octo/app/${RELEASE_WORKFLOW}`,
          'predicate-types': 'signature, provenance',
        });
        expect(verified.outputs, verified.log).toMatchObject({ outcome: 'passed' });
      }
      for (const image of images.slice(2)) expect(listManifests(world)).not.toContain(digestOf(image));
      expect(world.registry.requests.some(({ path }) => path.includes('hallmark-prune'))).toBe(false);
    }, 180_000);
  },
);
