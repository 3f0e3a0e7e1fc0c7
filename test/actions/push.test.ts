import { randomBytes } from 'node:crypto';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ActionRun } from '../../scripts/action.ts';
import type { Fault, SeenRequest } from '../servers/registry.ts';
import { type Run, startWorld, type World } from './world.ts';

let world: World;
/** In a layout of the workspace, signed there. */
let image: string;
let fault: ((request: SeenRequest) => Fault | undefined) | undefined;

beforeAll(async () => {
  world = await startWorld({ registry: { onRequest: (request) => fault?.(request) } });
  // Large enough to be asked for before it is sent.
  world.commit({ 'app/server.js': 'hello\n', 'app/data': randomBytes(200_000) }, 'First');
  const inputs = { push: 'false', builder: 'layers', files: 'app:/app', entrypoint: 'node /app/server.js' };
  image =
    passed(await world.run('build', { ...inputs, platforms: 'linux/amd64,linux/arm64' })).outputs['image'] ??
    '';
  passed(await world.run('attest', { image, signature: 'true' }));
}, 60_000);
afterAll(() => world.close());

function passed(run: ActionRun): ActionRun {
  if (run.code !== 0) throw new Error(run.log);
  return run;
}

const repository = (name: string): string => `${world.registry.host}/octo/${name}`;
const push = (name: string, inputs: Record<string, string> = {}, run: Run = {}): Promise<ActionRun> =>
  world.run('push', { image, repository: repository(name), ...inputs }, run);
const digest = (): string => image.slice(image.indexOf('@') + 1);
const tagsOf = async (name: string): Promise<string[]> => {
  const answer = await fetch(`http://${repository(name).replace('/', '/v2/')}/tags/list`);
  return answer.ok ? ((await answer.json()) as { tags: string[] }).tags : [];
};

test('the image arrives by its digest, with what is attached to it, and is tagged', async () => {
  const run = passed(await push('whole', { tags: 'build-42, 1.2.3' }));
  expect(run.outputs).toMatchObject({
    image: `${repository('whole')}@${digest()}`,
    repository: repository('whole'),
    digest: digest(),
    tags: 'build-42\n1.2.3',
    outcome: 'passed',
  });
  expect(await tagsOf('whole')).toEqual(expect.arrayContaining(['build-42', '1.2.3']));
  const verified = passed(
    await world.run('verify', {
      image: `${repository('whole')}@${digest()}`,
      'signer-workflow': 'octo/app/.github/workflows/release.yml',
    }),
  );
  expect(verified.outputs['outcome']).toBe('passed');
});

test('a second push sends nothing', async () => {
  passed(await push('twice'));
  world.registry.requests.length = 0;
  passed(await push('twice'));
  const writing = world.registry.requests.filter(({ method }) => method !== 'GET' && method !== 'HEAD');
  expect(writing.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
});

test('one that breaks off tags nothing, and the next goes on from there', async () => {
  fault = ({ method, path }) =>
    method === 'PUT' && path.includes('/octo/broken/manifests/') ? { status: 403 } : undefined;
  world.registry.requests.length = 0;
  const isSent = ({ method, path, headers }: SeenRequest): boolean =>
    method === 'PUT' && path.includes('/uploads/') && Number(headers['content-length']) > 100_000;
  const broken = await push('broken', { tags: 'build-1' });
  fault = undefined;
  expect(broken.outputs['outcome']).toBe('unavailable');
  expect(await tagsOf('broken')).not.toContain('build-1');
  expect(world.registry.requests.filter(isSent)).toHaveLength(1);
  passed(await push('broken', { tags: 'build-1' }));
  expect(world.registry.requests.filter(isSent)).toHaveLength(1);
  expect(await tagsOf('broken')).toContain('build-1');
});

describe('what is no push', () => {
  test.each<[string, () => Record<string, string>, string, RegExp]>([
    [
      'an image in a registry',
      () => ({ image: `${repository('whole')}@${digest()}` }),
      'invalid',
      /image.*takes a layout/,
    ],
    [
      'a layout without a digest',
      () => ({ image: image.slice(0, image.indexOf('@')) }),
      'invalid',
      /needs a digest/,
    ],
    ['a layout outside the workspace', () => ({ image: `oci:../out@${digest()}` }), 'invalid', /workspace/],
    ['a layout that is not there', () => ({ image: `oci:nowhere@${digest()}` }), 'invalid', /nowhere/],
    [
      'an image that the layout does not hold',
      () => ({ image: `${image.slice(0, -4)}0000` }),
      'invalid',
      /holds no/,
    ],
    [
      "a commit's tag, which is build's",
      () => ({ tags: `sha-${'0'.repeat(40)}` }),
      'invalid',
      /given by build alone/,
    ],
    ["an environment's", () => ({ tags: 'env-prod' }), 'invalid', /belongs to an environment/],
    ['a floating one', () => ({ tags: 'latest' }), 'invalid', /floating/],
    ['a repository without a registry', () => ({ repository: 'octo/app' }), 'invalid', /names no registry/],
  ])('%s', async (_, inputs, outcome, reason) => {
    const run = await push('nothing', inputs());
    expect(run.outputs['outcome']).toBe(outcome);
    expect(run.log).toMatch(reason);
    expect(await tagsOf('nothing')).toEqual([]);
  });

  test('a tag that names another image, before anything is sent', async () => {
    passed(await push('taken', { tags: 'build-7' }));
    const inputs = {
      push: 'false',
      builder: 'layers',
      files: 'app:/other',
      entrypoint: 'node /other/server.js',
    };
    const other = passed(await world.run('build', inputs)).outputs['image'] ?? '';
    world.registry.requests.length = 0;
    const run = await push('taken', { image: other, tags: 'build-7' });
    expect(run.outputs['outcome']).toBe('refused');
    expect(run.log).toContain('build-7 exists already and names');
    expect(world.registry.requests.filter(({ method }) => method === 'PUT' || method === 'POST')).toEqual([]);
  });

  test('bytes that are not what the layout says', async () => {
    const inputs = {
      push: 'false',
      builder: 'layers',
      files: 'app:/third',
      entrypoint: 'node /third/server.js',
    };
    const spoilt = passed(await world.run('build', inputs)).outputs['image'] ?? '';
    const folder = join(world.workspace, spoilt.slice('oci:'.length, spoilt.indexOf('@')), 'blobs', 'sha256');
    const manifest = spoilt.slice(spoilt.indexOf('@sha256:') + 8);
    for (const blob of readdirSync(folder).filter((name) => name !== manifest)) {
      rmSync(join(folder, blob));
      writeFileSync(join(folder, blob), 'spoilt');
    }
    const run = await push('spoilt', { image: spoilt, tags: 'build-8' });
    expect(run.outputs['outcome']).toBe('refused');
    expect(await tagsOf('spoilt')).toEqual([]);
  });
});
