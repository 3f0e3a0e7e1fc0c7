import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startWorld, type World } from '../actions/world.ts';
import { findMissing, type Peer, startBuildkitd } from '../servers/peers.ts';
import { putBusybox, useBuildx } from './buildx.ts';

const missing = await findMissing({
  programs: ['runc', 'busybox'],
  tools: ['buildkitd', 'buildx'],
  root: true,
});
const PLATFORMS = ['linux/amd64', 'linux/arm64', 'linux/arm/v7'];
const POLICY = '.github/hallmark.yml';

describe.skipIf(missing)(`BuildKit, one platform a job${missing && ` (skipped: ${missing})`}`, () => {
  let world: World;
  let engine: Peer;
  let variables: Record<string, string>;
  let base: string;
  let sha: string;

  const place = (name: string): string => `${world.registry.host}/${name}`;
  const build = (name: string, inputs: Record<string, string>) =>
    world.run('build', { repository: place(name), ...inputs }, { sha, variables });

  beforeAll(async () => {
    world = await startWorld();
    engine = await startBuildkitd([world.registry.host]);
    variables = await useBuildx(world, { remote: engine.address });
    world.github.commit('octo/app', {
      [POLICY]: `version: 1
repository-id: 123456789
trust:
  builder: [{ signer-workflow: octo/app/.github/workflows/release.yml }]
  base: [{ signer-workflow: octo/app/.github/workflows/bases.yml }]
environments: { staging: { repository: ${place('staging')}, rules: [provenance] } }
`,
    });
    putBusybox(world);
    world.commit({}, 'A base');
    const built = await world.run(
      'build',
      {
        repository: place('base'),
        builder: 'layers',
        files: 'busybox:/',
        platforms: PLATFORMS.join(','),
      },
      { workflow: '.github/workflows/bases.yml' },
    );
    expect(built.code, built.log).toBe(0);
    base = built.outputs.image ?? '';
    sha = world.commit({ Dockerfile: `FROM ${base}\nCOPY app /app\n`, 'app/index.html': 'hello\n' }, 'App');
  }, 120_000);
  afterAll(async () => {
    await Promise.all([world?.close(), engine?.close()]);
  });

  test('merges what each job pushed, upon a base of as many platforms that is vouched for', async () => {
    const images = [];
    for (const platform of PLATFORMS) {
      const built = await build('app', {
        platforms: platform,
        'push-by-digest': 'true',
        'base-policy': POLICY,
        reproducible: 'false',
      });
      expect(built.code, built.log).toBe(0);
      expect(built.outputs).toMatchObject({ tags: '', reused: 'false' });
      images.push(built.outputs.image ?? '');
    }
    const merged = await build('app', { merge: images.join('\n'), platforms: PLATFORMS.join(',') });
    expect(merged.code, merged.log).toBe(0);
    const answer = await fetch(`http://${world.registry.host}/v2/app/manifests/sha-${sha}`, {
      headers: { accept: 'application/vnd.oci.image.index.v1+json' },
    });
    expect(answer.headers.get('docker-content-digest')).toBe(merged.outputs.digest);
    const { manifests } = (await answer.json()) as { manifests: { platform: unknown }[] };
    expect(manifests.map(({ platform }) => platform)).toEqual([
      { architecture: 'amd64', os: 'linux' },
      { architecture: 'arm64', os: 'linux' },
      { architecture: 'arm', os: 'linux', variant: 'v7' },
    ]);
    const verified = await world.run('verify', {
      image: merged.outputs.image ?? '',
      'signer-workflow': 'octo/app/.github/workflows/release.yml',
      'predicate-types': 'https://slsa.dev/provenance/v1',
    });
    expect(verified.code, verified.log).toBe(0);
    // It is reused upon what its own provenance says that it was made of, which merge took from the platforms'.
    const again = await build('app', { platforms: PLATFORMS.join(','), 'base-policy': POLICY });
    expect(again).toMatchObject({ code: 0, outputs: { reused: 'true', digest: merged.outputs.digest } });
    expect(again.log).toContain(`${base.split('@')[1]}`);
  });
});
