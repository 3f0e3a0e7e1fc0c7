import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ActionRun } from '../../scripts/action.ts';
import { type Run, startWorld, type World } from './world.ts';

let world: World;
let sha: string;

beforeAll(async () => {
  world = await startWorld();
  sha = world.commit({ 'app/server.js': 'console.log("hello")\n' }, 'First');
}, 60_000);
afterAll(() => world.close());

const BOTH = 'linux/amd64,linux/arm64';
const WORKFLOW = 'octo/app/.github/workflows/release.yml';
const place = (name: string): string => `${world.registry.host}/${name}`;
const layers = { builder: 'layers', files: 'app:/app' };

async function build(name: string, inputs: Record<string, string>, run: Run = {}): Promise<ActionRun> {
  return world.run('build', { repository: place(name), ...inputs }, run);
}

/** What a job for one platform gives: its image by digest. */
async function one(name: string, platform: string, inputs: Record<string, string> = {}, run: Run = {}) {
  const built = await build(
    name,
    { ...layers, platforms: platform, 'push-by-digest': 'true', ...inputs },
    run,
  );
  expect(built.code, built.log).toBe(0);
  return built.outputs.image ?? '';
}

const both = (name: string, run: Run = {}): Promise<string[]> =>
  Promise.all(BOTH.split(',').map((platform) => one(name, platform, {}, run)));

const merge = (name: string, images: readonly string[], inputs: Record<string, string> = {}, run: Run = {}) =>
  build(name, { merge: images.join('\n'), platforms: BOTH, ...inputs }, run);

async function get(path: string): Promise<{ status: number; bytes: Buffer; type: string }> {
  const accept = 'application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json';
  const answer = await fetch(`http://${world.registry.host}/v2/${path}`, { headers: { accept } });
  return {
    status: answer.status,
    bytes: Buffer.from(await answer.arrayBuffer()),
    type: answer.headers.get('content-type') ?? '',
  };
}

async function put(name: string, manifest: unknown, type: string, reference?: string): Promise<string> {
  const bytes = JSON.stringify(manifest);
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const answer = await fetch(`http://${world.registry.host}/v2/${name}/manifests/${reference ?? digest}`, {
    method: 'PUT',
    body: bytes,
    headers: { 'content-type': type },
  });
  expect(answer.status).toBe(201);
  return digest;
}

async function tagsOf(name: string): Promise<string[]> {
  const { status, bytes } = await get(`${name}/tags/list`);
  const tags = status === 200 ? (JSON.parse(bytes.toString()) as { tags: string[] | null }).tags : null;
  return (tags ?? []).filter((tag) => !tag.startsWith('sha256-')).toSorted();
}

const writesSince = (before: number) =>
  world.registry.requests.slice(before).filter(({ method }) => !['GET', 'HEAD'].includes(method));

/** The materials that the provenance of an image names, commit included. */
async function materialsOf(image: string): Promise<string[]> {
  const verified = await world.run('verify', {
    image,
    'signer-workflow': WORKFLOW,
    'predicate-types': 'https://slsa.dev/provenance/v1',
  });
  expect(verified.code, verified.log).toBe(0);
  const [name, digest] = image.split('@');
  const path = (name ?? '').slice(world.registry.host.length + 1);
  const { manifests } = JSON.parse((await get(`${path}/referrers/${digest}`)).bytes.toString()) as {
    manifests: { digest: string }[];
  };
  const found = await Promise.all(
    manifests.map(async (referrer) => {
      const manifest = JSON.parse((await get(`${path}/manifests/${referrer.digest}`)).bytes.toString());
      const bundle = JSON.parse((await get(`${path}/blobs/${manifest.layers[0].digest}`)).bytes.toString());
      const statement = JSON.parse(Buffer.from(bundle.dsseEnvelope.payload, 'base64').toString());
      return statement.predicate.buildDefinition.resolvedDependencies as { uri: string }[];
    }),
  );
  return found.flat().map(({ uri }) => uri);
}

describe('one platform a job', () => {
  test('pushed by digest with its provenance, without a tag; merged into the image that one job would have made', async () => {
    const run: Run = { ref: 'refs/tags/v1.2.3' };
    const images = await both('fan', run);
    expect(await tagsOf('fan')).toEqual([]);
    const merged = await merge('fan', images, { tags: 'build-7' }, run);
    expect(merged.code, merged.log).toBe(0);
    expect(merged.outputs).toMatchObject({
      outcome: 'passed',
      reused: 'false',
      version: '1.2.3',
      tags: `sha-${sha}\n1.2.3\nbuild-7`,
      image: `${place('fan')}@${merged.outputs.digest}`,
    });
    expect(JSON.parse(merged.outputs.metadata ?? '')).toMatchObject({
      builder: 'merge',
      commit: sha,
      platforms: BOTH.split(',').map((platform, at) => ({ platform, digest: images[at]?.split('@')[1] })),
    });
    expect(await tagsOf('fan')).toEqual(['1.2.3', 'build-7', `sha-${sha}`]);
    const whole = await build('whole', { ...layers, platforms: BOTH }, run);
    expect(merged.outputs.digest).toBe(whole.outputs.digest);
    // One statement is about the index and each platform.
    for (const image of [merged.outputs.image ?? '', ...images]) {
      const verified = await world.run('verify', {
        image,
        'signer-workflow': WORKFLOW,
        'predicate-types': 'https://slsa.dev/provenance/v1',
      });
      expect(verified.code, verified.log).toBe(0);
    }
  });

  test('its provenance names what each platform was made of', async () => {
    const bases = await Promise.all(
      ['first', 'second'].map(async (name) => {
        const base = await build(`base-${name}`, {
          ...layers,
          env: `NAME=${name}`,
          platforms: BOTH,
          provenance: 'false',
        });
        return base.outputs.image ?? '';
      }),
    );
    const images = await Promise.all(
      BOTH.split(',').map((platform, at) => one('bases', platform, { base: bases[at] ?? '' })),
    );
    const merged = await merge('bases', images);
    expect(merged.code, merged.log).toBe(0);
    const materials = await materialsOf(merged.outputs.image ?? '');
    expect(materials).toHaveLength(3);
    expect(materials[0]).toBe('git+https://github.com/octo/app@refs/heads/main');
    expect(materials.slice(1).map((uri) => decodeURIComponent(uri))).toEqual(
      bases.map((base) => expect.stringContaining(base.split('@')[1] ?? '')),
    );
  });

  test('run again, each job takes what is there', async () => {
    const images = await both('again');
    const merged = await merge('again', images);
    const before = world.registry.requests.length;
    expect(await both('again')).toEqual(images);
    const again = await merge('again', images);
    expect(again).toMatchObject({ code: 0, outputs: { reused: 'true', digest: merged.outputs.digest } });
    expect(writesSince(before)).toEqual([]);
  });

  test('a job that starts later takes its platform of the image that one job made', async () => {
    const whole = await build('late', { ...layers, platforms: BOTH });
    const images = await both('late');
    expect(JSON.parse(whole.outputs.metadata ?? '').platforms).toEqual(
      images.map((image) => expect.objectContaining({ digest: image.split('@')[1] })),
    );
    expect((await merge('late', images)).outputs).toMatchObject({
      reused: 'true',
      digest: whole.outputs.digest,
    });
  });

  test('without the log nothing is tagged, and a re-run is not in its own way', async () => {
    const images = await both('down');
    const down = await merge('down', images, { 'rekor-url': 'http://127.0.0.1:9', timeout: '10s' });
    expect(down.outputs).toEqual({ outcome: 'unavailable' });
    expect(await tagsOf('down')).toEqual([]);
    expect(await merge('down', images)).toMatchObject({ code: 0, outputs: { reused: 'false' } });
  });
});

describe('refused, and nothing is written', () => {
  let mine: string[];
  beforeAll(async () => {
    mine = await both('attacks');
  });

  const refusal = async (images: readonly string[], inputs: Record<string, string> = {}, run: Run = {}) => {
    const before = world.registry.requests.length;
    const result = await merge('attacks', images, inputs, run);
    expect(result.outputs, result.log).toEqual({ outcome: 'refused' });
    expect(writesSince(before)).toEqual([]);
    expect(await tagsOf('attacks')).toEqual([]);
    return result.log;
  };

  /** A copy of the first platform with something put into it that nobody proved. */
  async function forge(change: Record<string, unknown>): Promise<string> {
    const { bytes, type } = await get(`attacks/manifests/${mine[0]?.split('@')[1]}`);
    const digest = await put('attacks', { ...JSON.parse(bytes.toString()), ...change }, type);
    return `${place('attacks')}@${digest}`;
  }

  const others: Record<string, Run> = {
    'by another workflow': { workflow: '.github/workflows/evil.yml' },
    'of another repository': { claims: { repository_id: '666' } },
    'by a trigger that others can pull': { claims: { event_name: 'pull_request_target' } },
  };

  test.each(['by another workflow', 'of another repository'])('a platform proven %s', async (whose) => {
    const theirs = await one('attacks', 'linux/arm64', { env: `WHOSE=${whose}` }, others[whose]);
    const log = await refusal([mine[0] ?? '', theirs]);
    expect(log).toContain(`${theirs} carries no provenance for commit ${sha} by this workflow`);
    expect(log).toMatch(/signer-workflow is|repository-id is/);
  });

  test('a platform of another commit', async () => {
    const theirs = await one('attacks', 'linux/arm64', { env: 'OLD=1' });
    const before = sha;
    sha = world.commit({ 'app/server.js': 'console.log("newer")\n' }, 'Second');
    try {
      const now = await one('attacks', 'linux/amd64');
      const log = await refusal([now, theirs]);
      expect(log).toContain(`it is about ${before} commit of octo/app`);
      mine = await both('attacks');
    } finally {
      expect(sha).not.toBe(before);
    }
  });

  test('a platform that nobody proved, and one that is not there', async () => {
    const unproven = await forge({ annotations: { forged: 'true' } });
    const absent = `${place('attacks')}@sha256:${'0'.repeat(64)}`;
    const log = await refusal([unproven, absent]);
    expect(log).toContain(`${unproven} carries no provenance`);
    expect(log).toContain(`holds no sha256:${'0'.repeat(64)}`);
  });

  test('an index around a platform that is proven', async () => {
    const [name = '', digest = ''] = (mine[0] ?? '').split('@');
    const { bytes, type: mediaType } = await get(`attacks/manifests/${digest}`);
    const platform = { os: 'linux', architecture: 'arm64' };
    const type = 'application/vnd.oci.image.index.v1+json';
    const manifests = [{ mediaType, digest, size: bytes.length, platform }];
    const around = await put('attacks', { schemaVersion: 2, mediaType: type, manifests }, type);
    // It would make of linux/amd64 what is said to be linux/arm64.
    const log = await refusal([mine[0] ?? '', `${name}@${around}`]);
    expect(log).toContain(`it leaves out ${around}`);
  });

  test.each([
    ['one too few', () => [mine[0] ?? ''], BOTH, 'has 0 of linux/arm64, not one'],
    ['the same twice', () => [mine[0] ?? '', ...mine], BOTH, 'has 2 of linux/amd64, not one'],
    ['one too many', () => mine, 'linux/amd64', 'has linux/arm64, which platforms does not ask for'],
    ['another one', () => mine, 'linux/amd64,linux/s390x', 'has 0 of linux/s390x, not one'],
    ['one of another variant', () => mine, `linux/amd64,linux/arm64/v9`, 'has 0 of linux/arm64/v9'],
  ] satisfies [string, () => string[], string, string][])('%s', async (_, images, platforms, reason) => {
    expect(await refusal(images(), { platforms })).toContain(reason);
  });

  test("a commit's tag that names something else", async () => {
    const images = await both('taken');
    const { bytes, type } = await get(`taken/manifests/${images[0]?.split('@')[1]}`);
    await put('taken', { ...JSON.parse(bytes.toString()), annotations: {} }, type, `sha-${sha}`);
    const before = world.registry.requests.length;
    const result = await merge('taken', images);
    expect(result.outputs).toEqual({ outcome: 'refused' });
    expect(result.log).toContain('nothing proves that it is this commit');
    expect(writesSince(before)).toEqual([]);
    // Nor does a job for one platform build beside it.
    const job = await build('taken', { ...layers, platforms: 'linux/amd64', 'push-by-digest': 'true' });
    expect(job.outputs).toEqual({ outcome: 'refused' });
  });

  test("the commit's image is there, of other platforms", async () => {
    await build('fewer', { ...layers, platforms: 'linux/amd64' });
    const job = await build('fewer', { ...layers, platforms: 'linux/arm64', 'push-by-digest': 'true' });
    expect(job.outputs).toEqual({ outcome: 'refused' });
    expect(job.log).toContain('of linux/amd64 without linux/arm64');
    const images = await both('more');
    const merged = await merge(
      'fewer',
      images.map((image) => image.replace('/more@', '/fewer@')),
    );
    expect(merged.outputs).toEqual({ outcome: 'refused' });
    expect(merged.log).toContain("this commit's image already, has 0 of linux/arm64");
  });

  test('a platform that a token of others’ pull requests would prove is not pushed as proven', async () => {
    const job = await build(
      'untrusted',
      { ...layers, platforms: 'linux/amd64', 'push-by-digest': 'true' },
      others['by a trigger that others can pull'],
    );
    expect(job.outputs).toEqual({ outcome: 'refused' });
  });
});

describe('bad input: named, invalid, nothing written', () => {
  const some = (name: string): string => `${place(name)}@sha256:${'0'.repeat(64)}`;
  const job = { ...layers, platforms: 'linux/amd64', 'push-by-digest': 'true' };
  test.each([
    ['a platform by tag', () => ({ merge: `${place('bad')}:v1` }), 'merge'],
    ['a platform in another repository', () => ({ merge: some('elsewhere') }), 'merge'],
    ['no platforms to merge', () => ({ merge: some('bad'), platforms: '' }), 'platforms'],
    ['no platforms to build', () => ({ ...job, platforms: '' }), 'platforms'],
    ['two platforms in one job', () => ({ ...job, platforms: BOTH }), 'platforms'],
    ['a platform to disk', () => ({ ...job, push: 'false' }), 'push-by-digest'],
    ['an index on disk', () => ({ merge: some('bad'), push: 'false' }), 'merge'],
    ['a platform without provenance', () => ({ ...job, provenance: 'false' }), 'provenance'],
    ['an index without provenance', () => ({ merge: some('bad'), provenance: 'false' }), 'provenance'],
    ['tags of one platform', () => ({ ...job, tags: 'build-7' }), 'tags'],
    ['both at once', () => ({ ...job, merge: some('bad') }), 'merge'],
    ['files that merge would pass over', () => ({ merge: some('bad'), files: 'app:/app' }), 'files'],
    ['a Dockerfile that merge would pass over', () => ({ merge: some('bad'), file: 'Dockerfile' }), 'file'],
    [
      'a check that merge would pass over',
      () => ({ merge: some('bad'), reproducible: 'check' }),
      'reproducible',
    ],
    ['labels that merge would pass over', () => ({ merge: some('bad'), labels: 'a=b' }), 'labels'],
  ] satisfies [string, () => Record<string, string>, string][])('%s', async (_, inputs, input) => {
    const before = world.registry.requests.length;
    const result = await build('bad', { platforms: BOTH, ...inputs() });
    expect(result.outputs, result.log).toEqual({ outcome: 'invalid' });
    expect(result.log).toMatch(new RegExp(`::error[^:]*::${input}: `));
    expect(writesSince(before)).toEqual([]);
  });
});
