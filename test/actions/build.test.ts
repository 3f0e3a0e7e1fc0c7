import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ActionRun } from '../../scripts/action.ts';
import { type Run, startWorld, type World } from './world.ts';

let world: World;
let sha: string;

beforeAll(async () => {
  world = await startWorld();
  sha = world.commit(
    { 'app/server.js': 'console.log("hello")\n', 'app/lib/a.js': '1\n', Dockerfile: 'FROM scratch\n' },
    'First',
  );
}, 60_000);
afterAll(() => world.close());

const layers = { builder: 'layers', files: 'app:/app', entrypoint: 'node /app/server.js' };

const dockerfile = { builder: 'buildkit', files: '', entrypoint: '' };

const place = (name: string): string => `${world.registry.host}/${name}`;

async function build(name: string, inputs: Record<string, string> = {}, run: Run = {}): Promise<ActionRun> {
  return world.run('build', { repository: place(name), ...layers, ...inputs }, run);
}

async function get(
  path: string,
  accept = 'application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json',
) {
  const answer = await fetch(`http://${world.registry.host}/v2/${path}`, { headers: { accept } });
  const bytes = Buffer.from(await answer.arrayBuffer());
  return {
    status: answer.status,
    bytes,
    digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
  };
}

async function tagsOf(name: string): Promise<string[]> {
  const { status, bytes } = await get(`${name}/tags/list`);
  const tags = status === 200 ? (JSON.parse(bytes.toString()) as { tags: string[] | null }).tags : null;
  return (tags ?? []).filter((tag) => !tag.startsWith('sha256-')).toSorted();
}

function makeKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
}

/** A pull request's run, whose head is aaaa… and whose merge commit is the one checked out. */
function pullRequest(number: number): Run {
  const event = join(world.folder, `event-${number}.json`);
  writeFileSync(event, JSON.stringify({ pull_request: { number, head: { sha: 'a'.repeat(40) } } }));
  return {
    event: 'pull_request',
    ref: `refs/pull/${number}/merge`,
    variables: { GITHUB_EVENT_PATH: event },
  };
}

async function putManifest(name: string, tag: string, manifest: Buffer): Promise<void> {
  const answer = await fetch(`http://${world.registry.host}/v2/${name}/manifests/${tag}`, {
    method: 'PUT',
    body: new Uint8Array(manifest),
    headers: { 'content-type': 'application/vnd.oci.image.manifest.v1+json' },
  });
  expect(answer.status).toBe(201);
}

function writesSince(before: number) {
  return world.registry.requests.slice(before).filter(({ method }) => !['GET', 'HEAD'].includes(method));
}

describe('one commit, one image', () => {
  test('built, proven, tagged; then reused, and nothing is built', async () => {
    const first = await build('once');
    expect(first).toMatchObject({
      code: 0,
      outputs: { outcome: 'passed', reused: 'false', tags: `sha-${sha}` },
    });
    expect(first.outputs.image).toBe(`${place('once')}@${first.outputs.digest}`);
    expect(first.outputs.repository).toBe(place('once'));
    expect(JSON.parse(first.outputs.metadata ?? '')).toMatchObject({
      builder: 'layers',
      commit: sha,
      platforms: [{ platform: 'linux/amd64' }],
    });
    expect(first.summary).toContain(sha);
    expect((await get(`once/manifests/sha-${sha}`)).digest).toBe(first.outputs.digest);

    const before = world.registry.requests.length;
    const second = await build('once');
    expect(second).toMatchObject({
      code: 0,
      outputs: { reused: 'true', image: first.outputs.image, tags: `sha-${sha}` },
    });
    expect(writesSince(before)).toEqual([]);
  });

  test('the image is what was asked for', async () => {
    const { outputs } = await build('content', {
      env: 'MODE=fast',
      user: '65532',
      labels: 'team=a',
      annotations: 'note=b',
    });
    const manifest = JSON.parse((await get(`content/manifests/${outputs.digest}`)).bytes.toString());
    expect(manifest.annotations).toMatchObject({ note: 'b', 'org.opencontainers.image.revision': sha });
    const config = JSON.parse((await get(`content/blobs/${manifest.config.digest}`)).bytes.toString());
    expect(config).toMatchObject({
      os: 'linux',
      architecture: 'amd64',
      created: '2026-11-21T00:00:00Z',
      config: {
        Entrypoint: ['node', '/app/server.js'],
        Env: ['MODE=fast'],
        User: '65532',
        Labels: {
          team: 'a',
          'org.opencontainers.image.revision': sha,
          'org.opencontainers.image.source': 'https://github.com/octo/app',
          'org.opencontainers.image.created': '2026-11-21T00:00:00Z',
        },
      },
    });
    const layer = gunzipSync((await get(`content/blobs/${manifest.layers[0].digest}`)).bytes);
    expect(`sha256:${createHash('sha256').update(layer).digest('hex')}`).toBe(config.rootfs.diff_ids[0]);
  });

  test('proven by a key where there is no Sigstore instance, and by that key alone', async () => {
    const noInstance = { sigstore: '', 'fulcio-url': '', 'rekor-url': '', 'tsa-url': '', 'trusted-root': '' };
    const sign = (key: string): Promise<ActionRun> =>
      build('by-key', { ...noInstance, key: 'SIGNING_KEY' }, { variables: { SIGNING_KEY: key } });
    const [mine, theirs] = [makeKey(), makeKey()];
    expect(await sign(mine)).toMatchObject({ code: 0, outputs: { reused: 'false' } });
    expect(await sign(mine)).toMatchObject({ code: 0, outputs: { reused: 'true' } });
    expect(await sign(theirs)).toMatchObject({ code: 1, outputs: { outcome: 'refused' } });
  });

  test('tag rules, layers by rule and zstd', async () => {
    const inputs = {
      tags: 'type=raw,value=git-{{sha}}\ntype=semver,pattern={{version}}',
      layers: '/app/lib',
      compression: 'zstd',
    };
    const built = await build('rules', inputs, { ref: 'refs/tags/v2.0.0' });
    expect(built.code, built.log).toBe(0);
    expect(built.outputs['tags']?.split('\n')).toEqual([`sha-${sha}`, '2.0.0', `git-${sha.slice(0, 7)}`]);
    const manifest = JSON.parse((await get(`rules/manifests/${built.outputs['digest']}`)).bytes.toString());
    const zstd = 'application/vnd.oci.image.layer.v1.tar+zstd';
    expect(manifest.layers.map(({ mediaType }: { mediaType: string }) => mediaType)).toEqual([zstd, zstd]);
    const floating = await build(
      'rules',
      { tags: 'type=semver,pattern={{major}}' },
      { ref: 'refs/tags/v2.0.0' },
    );
    expect(floating.outputs).toEqual({ outcome: 'invalid' });
    expect(floating.log).toContain('the next release would take it');
  });

  test('a git tag names the version, of the image that its commit has', async () => {
    const first = await build('versions');
    const tagged = await build('versions', { tags: 'build-42' }, { ref: 'refs/tags/v1.2.3-rc.1' });
    expect(tagged.outputs).toMatchObject({
      reused: 'true',
      version: '1.2.3-rc.1',
      digest: first.outputs.digest,
    });
    expect(tagged.outputs.tags).toBe(`sha-${sha}\n1.2.3-rc.1\nbuild-42`);
    expect(await tagsOf('versions')).toEqual(['1.2.3-rc.1', 'build-42', `sha-${sha}`]);
  });

  test('on a base of several platforms, the one that is asked for', async () => {
    const base = await build('base', { platforms: 'linux/amd64,linux/arm64', provenance: 'false' });
    const top = await build('top', {
      base: base.outputs.image ?? '',
      files: 'app/lib:/app/more',
      platforms: 'linux/arm64',
    });
    expect(top).toMatchObject({ code: 0 });
    const manifest = JSON.parse((await get(`top/manifests/${top.outputs.digest}`)).bytes.toString());
    expect(manifest.layers).toHaveLength(2);
    const platforms = JSON.parse(base.outputs.metadata ?? '').platforms as {
      platform: string;
      digest: string;
    }[];
    expect(manifest.annotations['org.opencontainers.image.base.digest']).toBe(
      platforms.find(({ platform }) => platform === 'linux/arm64')?.digest,
    );
    const wrong = await build('none', { base: base.outputs.image ?? '', platforms: 'linux/s390x' });
    expect(wrong).toMatchObject({ code: 1, outputs: { outcome: 'invalid' } });
    expect(wrong.log).toContain('linux/amd64, linux/arm64');
  });

  test('a pull request is named by its head, not by the merge commit', async () => {
    const run = pullRequest(7);
    const result = await build('pull', { tags: '1.0.0' }, run);
    expect(result).toMatchObject({ code: 0, outputs: { tags: `pr-7-${'a'.repeat(40)}`, reused: 'false' } });
    expect(await tagsOf('pull')).toEqual([`pr-7-${'a'.repeat(40)}`]);
    expect((await build('pull', {}, run)).outputs).toMatchObject({ reused: 'true' });
  });

  test('to disk, for a run that may not push', async () => {
    const run: Run = {
      variables: { ACTIONS_ID_TOKEN_REQUEST_URL: undefined, ACTIONS_ID_TOKEN_REQUEST_TOKEN: undefined },
    };
    const { outputs, code } = await build('disk', { push: 'false' }, run);
    expect(code).toBe(0);
    expect(outputs.image).toMatch(/^oci:\.hallmark\/image-[0-9a-f]{12}@sha256:[0-9a-f]{64}$/);
    expect(
      existsSync(join(world.workspace, outputs.repository?.slice('oci:'.length) ?? '', 'index.json')),
    ).toBe(true);
    expect(await tagsOf('disk')).toEqual([]);
    expect(outputs.digest).toBe((await build('disk')).outputs.digest);
  });
});

describe('the same bytes', () => {
  test('whatever the files’ times and the umask', async () => {
    const first = await build('same-a', { provenance: 'false' });
    utimesSync(join(world.workspace, 'app/server.js'), 1, 1);
    utimesSync(join(world.workspace, 'app'), 1, 1);
    chmodSync(join(world.workspace, 'app/server.js'), 0o600);
    chmodSync(join(world.workspace, 'app/lib'), 0o700);
    const second = await build('same-b', { provenance: 'false' });
    expect(second.outputs.digest).toBe(first.outputs.digest);
  });
});

describe('refused, and nothing is written', () => {
  test.each([
    ['workflow', { workflow: '.github/workflows/evil.yml' }],
    ['repository', { claims: { repository_id: '1' } }],
  ] satisfies [string, Run][])(
    'a commit’s tag whose provenance is real, but by another %s',
    async (what, run) => {
      // Built by the other, so that everything about it verifies.
      expect(await build(`other-${what}`, {}, run)).toMatchObject({ code: 0 });
      const before = world.registry.requests.length;
      const result = await build(`other-${what}`);
      expect(result).toMatchObject({ code: 1, outputs: { outcome: 'refused' } });
      expect(result.log).toContain('nothing proves');
      expect(writesSince(before)).toEqual([]);
    },
  );

  test('a token that others’ pull requests could ask for proves nothing, so no tag is written', async () => {
    const result = await build('untrusted', {}, { claims: { event_name: 'pull_request_target' } });
    expect(result).toMatchObject({ code: 1, outputs: { outcome: 'refused' } });
    expect(result.log).toContain('trigger is');
    expect(await tagsOf('untrusted')).toEqual([]);
  });

  test('a commit’s tag that holds something else', async () => {
    const other = await build('else', { provenance: 'false', env: 'OTHER=1' });
    const before = world.registry.requests.length;
    const result = await build('else');
    expect(result).toMatchObject({ code: 1, outputs: { outcome: 'refused' } });
    expect(result.log).toContain(`sha-${sha} exists already`);
    const unproven = await build('else', { provenance: 'false' });
    expect(unproven).toMatchObject({ code: 1, outputs: { outcome: 'refused' } });
    expect(unproven.log).toContain(other.outputs.digest);
    expect(writesSince(before)).toEqual([]);
    // Without provenance the same digest is all there is to compare.
    expect(await build('else', { provenance: 'false', env: 'OTHER=1' })).toMatchObject({ code: 0 });
  });

  test('a version’s tag that holds another image', async () => {
    const other = await build('moved', {}, pullRequest(8));
    const { bytes } = await get(`moved/manifests/${other.outputs.digest}`);
    const changed = Buffer.from(JSON.stringify({ ...JSON.parse(bytes.toString()), annotations: {} }));
    await putManifest('moved', '1.2.3', changed);
    const before = world.registry.requests.length;
    const result = await build('moved', {}, { ref: 'refs/tags/v1.2.3' });
    expect(result).toMatchObject({ code: 1, outputs: { outcome: 'refused' } });
    expect(result.log).toContain('1.2.3 exists already');
    expect(writesSince(before)).toEqual([]);
    expect(await tagsOf('moved')).toEqual(['1.2.3', `pr-8-${'a'.repeat(40)}`]);
  });
});

test('without provenance there is no tag, and a re-run is not in its own way', async () => {
  const down = await build('unproven', { 'rekor-url': 'http://127.0.0.1:9', timeout: '10s' });
  expect(down).toMatchObject({ code: 1, outputs: { outcome: 'unavailable' } });
  expect(await tagsOf('unproven')).toEqual([]);
  expect(await build('unproven')).toMatchObject({ code: 0, outputs: { reused: 'false' } });
  expect(await tagsOf('unproven')).toEqual([`sha-${sha}`]);
}, 60_000);

describe('bad input: named, invalid, nothing written', () => {
  beforeAll(() => {
    mkdirSync(join(world.folder, 'outside'), { recursive: true });
    symlinkSync(join(world.folder, 'outside'), join(world.workspace, 'away'));
    symlinkSync('../../../outside', join(world.workspace, 'app/lib/leak'));
  });
  afterAll(() => {
    rmSync(join(world.workspace, 'away'));
    rmSync(join(world.workspace, 'app/lib/leak'));
  });

  test.each([
    ['no repository', { repository: '' }, 'repository'],
    ['a repository without registry', { repository: 'octo/app' }, 'repository'],
    ['a repository with a tag', { repository: 'localhost:5000/app:latest' }, 'repository'],
    ['an unknown builder', { builder: 'kaniko' }, 'builder'],
    ['a missing Dockerfile', { ...dockerfile, file: 'Dockerfile.none' }, 'file'],
    ['no Dockerfile and nothing to assemble', { ...dockerfile, builder: 'auto', context: 'app' }, 'file'],
    ['layers of nothing', { files: '' }, 'files'],
    ['a context that is missing', { context: 'none' }, 'context'],
    ['a context that is a file', { context: 'Dockerfile' }, 'context'],
    ['a context outside of the workspace', { context: '..' }, 'context'],
    ['a context that is a link out of the workspace', { context: 'away' }, 'context'],
    ['a Dockerfile outside of the workspace', { ...dockerfile, file: '../Dockerfile' }, 'file'],
    ['a file that is missing', { files: 'none:/none' }, 'files'],
    ['a file outside of the context', { files: '../x:/x' }, 'files'],
    ['a link that leads out', { files: 'app:/app' }, 'files'],
    ['files without a target', { files: 'app' }, 'files'],
    ['a base without digest', { base: 'localhost:5000/base:1' }, 'base'],
    ['a base with half a digest', { base: 'localhost:5000/base@sha256:0123' }, 'base'],
    ['a platform that is none', { platforms: 'amd64' }, 'platforms'],
    ['a floating tag', { tags: 'latest' }, 'tags'],
    ['an environment’s tag', { tags: 'env-prod' }, 'tags'],
    ['a tag of the evidence', { tags: `sha256-${'0'.repeat(64)}` }, 'tags'],
    ['a commit’s tag of one’s own', { tags: `sha-${'0'.repeat(40)}` }, 'tags'],
    ['half an entrypoint', { entrypoint: '["node"' }, 'entrypoint'],
    ['a quoted entrypoint', { entrypoint: 'sh -c "true"' }, 'entrypoint'],
    ['a user that buildkit would pass over', { ...dockerfile, user: '65532' }, 'user'],
    ['a user without anything to assemble', { ...dockerfile, builder: 'auto', user: '65532' }, 'user'],
    ['a cache that is BuildKit’s', { 'cache-from': 'type=gha' }, 'cache-from'],
    ['a cache outside of the workspace', { 'cache-to': 'type=local,dest=../cache' }, 'cache-to'],
    ['secrets that layers would pass over', { secrets: 'a=b' }, 'secrets'],
    ['push that is neither', { push: 'maybe' }, 'push'],
  ])('%s', async (_name, inputs, input) => {
    const before = world.registry.requests.length;
    const result = await build('bad', inputs as Record<string, string>);
    expect(result.outputs).toEqual({ outcome: 'invalid' });
    expect(result.code).toBe(1);
    expect(result.log).toMatch(new RegExp(`::error[^:]*::${input}: `));
    expect(writesSince(before)).toEqual([]);
  });

  test.each([
    ['another commit than the run’s', { sha: 'b'.repeat(40) }, 'context'],
    [
      'a run that may not ask for a token',
      { variables: { ACTIONS_ID_TOKEN_REQUEST_URL: undefined } },
      'permissions',
    ],
    ['a token for another commit', { claims: { sha: 'b'.repeat(40) } }, 'provenance'],
    ['a trigger that others can pull', { event: 'workflow_run' }, 'push'],
    ['a pull request without an event', { event: 'pull_request' }, 'event'],
    ['build metadata in a version', { ref: 'refs/tags/v1.2.3+5' }, 'ref'],
  ] satisfies [string, Run, string][])('%s', async (_name, run, input) => {
    const before = world.registry.requests.length;
    const result = await build('bad', { files: 'app/server.js:/server.js' }, run);
    expect(result.outputs).toEqual({ outcome: 'invalid' });
    expect(result.log).toMatch(new RegExp(`::error[^:]*::${input}: `));
    expect(writesSince(before)).toEqual([]);
  });

  test('tracked files that differ from the commit', async () => {
    writeFileSync(join(world.workspace, 'Dockerfile'), 'FROM scratch\nLABEL changed=true\n');
    try {
      const result = await build('bad');
      expect(result.outputs).toEqual({ outcome: 'invalid' });
      expect(result.log).toContain('tracked files differ from the commit: Dockerfile');
    } finally {
      writeFileSync(join(world.workspace, 'Dockerfile'), 'FROM scratch\n');
    }
  });
});

test('a layer that an earlier commit’s run made is neither compressed nor sent again', async () => {
  const cached = {
    ...{ layers: '/app/lib', provenance: 'false' },
    ...{ 'cache-from': 'type=local,src=.hallmark/layers', 'cache-to': 'type=local,dest=.hallmark/layers' },
  };
  world.commit({ 'app/lib/data': randomBytes(100_000) }, 'Second');
  const first = await build('cached', cached);
  expect(first.code, first.log).toBe(0);
  world.commit({ 'app/server.js': 'console.log("changed")\n' }, 'Third');
  const before = world.registry.requests.length;
  const second = await build('cached', cached);
  expect(second.code, second.log).toBe(0);
  const layersOf = async ({ outputs }: ActionRun): Promise<{ digest: string; size: number }[]> =>
    JSON.parse((await get(`cached/manifests/${outputs.digest}`)).bytes.toString()).layers;
  const [[kept], [same, own]] = [await layersOf(first), await layersOf(second)];
  expect(same).toEqual(kept);
  expect(second.log).toContain(`Cached: ${kept?.digest}`);
  const sent = writesSince(before).filter(({ path }) => path.includes('digest='));
  expect(sent.some(({ path }) => path.includes(encodeURIComponent(own?.digest ?? 'none')))).toBe(true);
  expect(sent.some(({ path }) => path.includes(encodeURIComponent(same?.digest ?? 'none')))).toBe(false);
  const checked = await build('cached', { ...cached, reproducible: 'check' });
  expect(checked.code, checked.log).toBe(0);
  expect(checked.log).not.toContain('Cached:');
});

test('nothing stays behind in the runner’s temporary folder', () => {
  expect(readdirSync(join(world.folder, 'temp')).filter((name) => name.startsWith('hallmark-build'))).toEqual(
    [],
  );
});
