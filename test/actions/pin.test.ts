import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ActionRun } from '../../scripts/action.ts';
import type { Fault, SeenRequest } from '../servers/registry.ts';
import { startWorld, type World } from './world.ts';

/*
 * pin from dist/, over the embedded registry and the stub of GitHub: what it says, what it writes, and what it does not.
 */

let world: World;
let fault: ((request: SeenRequest) => Fault | undefined) | undefined;
/** Commits of octo/setup: the two of its branch, one of its release branch, and a fork's. */
const commits = { first: '', second: '', release: 'a'.repeat(40), fork: '' };

beforeAll(async () => {
  const other = { id: 5, defaultBranch: 'main', files: {} };
  world = await startWorld({
    repositories: [{ ...other, name: 'octo/setup' }],
    registry: { onRequest: (request) => fault?.(request) },
  });
  commits.first = world.github.commit('octo/setup', { 'action.yml': 'name: one' });
  commits.second = world.github.commit('octo/setup', { 'action.yml': 'name: two' });
  commits.fork = world.github.commitInFork('octo/setup', { 'action.yml': 'name: evil' });
  world.github.push('octo/setup', commits.release, undefined, 'release');
  const { tags, branches } = world.github.writing;
  branches.set('octo/setup:releases/v0', commits.release);
  for (const tag of ['v1', 'v1.1.0', 'both']) tags.set(`octo/setup:${tag}`, { commit: commits.second });
  tags.set('octo/setup:v1.0.0', { commit: commits.first, annotated: true });
  tags.set('octo/setup:v1.10.0-rc.1', { commit: commits.first });
  tags.set('octo/setup:v2', { commit: commits.first });
  tags.set('octo/setup:v2.0.0', { commit: commits.first, annotated: true });
  tags.set('octo/setup:stray', { commit: commits.fork });
  branches.set('octo/setup:both', commits.first);
}, 60_000);
afterAll(() => world.close());
beforeEach(() => {
  fault = undefined;
  world.github.clearFaults();
  for (const name of readdirSync(world.workspace)) {
    if (name !== '.hallmark') rmSync(join(world.workspace, name), { recursive: true });
  }
});

/** Puts an index under a tag; gives its digest. */
async function push(image: string, content: string): Promise<string> {
  const [name, tag] = image.split(':');
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  const answer = await fetch(`http://${world.registry.host}/v2/${name}/manifests/${tag}`, {
    method: 'PUT',
    headers: { 'content-type': mediaType },
    body: JSON.stringify({ schemaVersion: 2, mediaType, manifests: [], annotations: { content } }),
  });
  expect(answer.status).toBe(201);
  return answer.headers.get('docker-content-digest') ?? '';
}

function write(files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(world.workspace, path)), { recursive: true });
    writeFileSync(join(world.workspace, path), text);
  }
}
const read = (path: string): string => readFileSync(join(world.workspace, path), 'utf8');
const run = (inputs: Record<string, string> = {}): Promise<ActionRun> => world.run('pin', inputs);
const at = (image: string): string => `${world.registry.host}/${image}`;
const step = (uses: string): string => `on: push\njobs:\n  a:\n    steps:\n      - uses: ${uses}\n`;
const WORKFLOW = '.github/workflows/ci.yml';

describe('without write', () => {
  test('every place that floats or cannot be told is refused, at its line; no registry is asked', async () => {
    const text = {
      Dockerfile: `FROM ${at('octo/node:22')} AS build\nFROM \${BASE}\nFROM build\n`,
      'deploy/app.yaml': `apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: ${at('octo/app')}\n`,
      'charts/a/templates/x.yaml': '{{ if x }}\n  - image: nginx:1.27\n',
      [WORKFLOW]: step('octo/setup@v1'),
    };
    write(text);
    const before = world.registry.requests.length;
    const done = await run();
    expect(done.code).toBe(1);
    expect(done.outputs).toMatchObject({ outcome: 'refused', changed: '3' });
    expect(JSON.parse(done.outputs.files ?? '')).toEqual([WORKFLOW, 'Dockerfile', 'deploy/app.yaml']);
    for (const line of [
      `Dockerfile:1: ${at('octo/node:22')} floats`,
      'Dockerfile:2: ${BASE} is named by a variable',
      `deploy/app.yaml:5: ${at('octo/app:latest')} floats`,
      'charts/a/templates/x.yaml:2: nginx:1.27 stands in a template, or in what is no YAML',
      `${WORKFLOW}:5: octo/setup@v1 floats`,
    ]) {
      expect(done.log).toContain(line);
    }
    expect(done.log).toContain('::warning file=Dockerfile,line=1::');
    expect(done.summary).toContain('Dockerfile:2');
    expect(world.registry.requests).toHaveLength(before);
    for (const [path, content] of Object.entries(text)) expect(read(path)).toBe(content);
  });

  test('what is pinned passes, and what may float by name or is left out', async () => {
    const digest = `sha256:${'0'.repeat(64)}`;
    write({
      Dockerfile: `FROM node:22@${digest}\nFROM \${BASE}\nFROM ghcr.io/octo/base:1\n`,
      'bad/Dockerfile': 'FROM node:22\n',
    });
    const done = await run({ except: '${BASE}\nghcr.io/octo/*', paths: '**/Dockerfile\n!bad' });
    expect(done.outputs, done.log).toMatchObject({ outcome: 'passed', changed: '0', files: '[]' });
  });

  test.each<[string, string, string, string]>([
    ['a path that leads out', '../Dockerfile', '', 'takes paths and globs below the workspace'],
    ['an absolute path', '/etc/Dockerfile', '', 'takes paths and globs below the workspace'],
    ['a path that is not there', 'a/Dockerfile', '', 'names no file of a kind'],
    ['a file of another kind', 'README.md', '', 'names no file of a kind'],
    ['a branch that is an option', '', '--force', 'may be the name of a branch'],
    ['a branch that leads upwards', '', 'a/../b', 'may be the name of a branch'],
  ])('%s is invalid', async (_, paths, branch, message) => {
    write({ Dockerfile: 'FROM node:22\n', 'README.md': 'FROM node:22\n' });
    const done = await run({ paths, branch });
    expect(done.outputs).toMatchObject({ outcome: 'invalid' });
    expect(done.log).toContain(message);
  });

  test('a workspace without a checkout is invalid, not clean', async () => {
    const done = await run();
    expect(done.outputs).toMatchObject({ outcome: 'invalid' });
    expect(done.log).toContain('Check the repository out');
  });

  test('what is written in a name is text in the log and in the summary', async () => {
    write({
      'a/::error::x<img>`|Dockerfile.x': '',
      'x/<b>\u001b[31m.dockerfile': 'FROM $\u001b[31m::warning::x|`<img>\n',
    });
    const done = await run();
    expect(done.outputs).toMatchObject({ outcome: 'refused' });
    expect(done.log.split('\n').filter((line) => line.startsWith('::warning::x'))).toEqual([]);
    expect(done.log).not.toContain('\u001b');
    expect(done.summary).not.toMatch(/(?<!`[^`\n]*)<img>/);
  });
});

describe('actions by their commit', () => {
  test.each<[string, () => string, string | undefined]>([
    ['of a tag', () => `${commits.second} # v1.1.0`, undefined],
    ['of an annotated tag', () => `${commits.first} # v1.0.0`, undefined],
    ['behind a tag that moved on', () => `${commits.first} # v1`, undefined],
    ['behind a branch', () => `${commits.first} # main`, undefined],
    ['of the default branch, without a comment', () => commits.first, undefined],
    ['of a release branch, without a comment', () => `${commits.release} # for reasons`, undefined],
    ['of another version', () => `${commits.second} # v1.0.0`, 'its comment says v1.0.0, which is'],
    [
      'ahead of its version',
      () => `${commits.second} # v2`,
      'its comment says v2, which does not lead to this commit',
    ],
    [
      'of a version that is not there',
      () => `${commits.first} # v9.9.9`,
      'its comment says v9.9.9, which octo/setup does not have',
    ],
    ["of a fork's", () => commits.fork, 'no branch of octo/setup leads to this commit'],
    ["of a fork's, with a version", () => `${commits.fork} # v1.1.0`, 'its comment says v1.1.0, which is'],
    ["of a fork's, with a version that moves", () => `${commits.fork} # v1`, 'does not lead to this commit'],
    ["of a fork's, with a branch", () => `${commits.fork} # main`, 'does not lead to this commit'],
    ['that is nowhere', () => '9'.repeat(40), 'no branch of octo/setup leads to this commit'],
  ])('a commit %s', async (_, commit, reason) => {
    write({ [WORKFLOW]: step(`octo/setup@${commit()}`) });
    const done = await run();
    expect(done.outputs, done.log).toMatchObject({ outcome: reason === undefined ? 'passed' : 'refused' });
    expect(done.log).toContain(reason ?? '');
    // Where it may write it says the same, and leaves the place alone.
    const written = await run({ write: 'files' });
    expect(written.outputs).toMatchObject({ outcome: 'passed', changed: '0' });
    expect(written.log).toContain(reason ?? '');
    expect(read(WORKFLOW)).toBe(step(`octo/setup@${commit()}`));
  });

  test('of a tag that was moved to a commit of no branch is not taken', async () => {
    write({ [WORKFLOW]: step('octo/setup@stray') });
    const written = await run({ write: 'files' });
    expect(written.outputs, written.log).toMatchObject({ outcome: 'refused' });
    expect(written.log).toContain(
      `its tag stray is at ${commits.fork}: no branch of octo/setup leads to this commit`,
    );
    expect(read(WORKFLOW)).toBe(step('octo/setup@stray'));
  });

  test('of a repository that is not there is refused', async () => {
    write({ [WORKFLOW]: step(`octo/nothing@${commits.first}`) });
    const done = await run();
    expect(done.outputs).toMatchObject({ outcome: 'refused' });
    expect(done.log).toContain('there is no octo/nothing');
  });

  test.each<[string, string, string]>([
    ['no token', '', 'invalid'],
    ['no answer of GitHub', 'fault', 'unavailable'],
  ])(
    'with %s nothing is said to be good',
    async (_, token, outcome) => {
      write({ [WORKFLOW]: step(`octo/setup@${commits.first}`) });
      if (token === 'fault') world.github.fail('repos/compare-commits-with-basehead', 500, 10);
      const done = await run(token === '' ? { 'github-token': '' } : {});
      expect(done.outputs).toMatchObject({ outcome });
    },
    30_000,
  );
});

describe('write: files', () => {
  test('pins every kind, keeps what else there is, and the second time changes nothing', async () => {
    const [node, app] = [await push('octo/node:22', 'node'), await push('octo/app:v1', 'app')];
    const files = (pinned: boolean): Record<string, string> => {
      const to = (image: string, digest: string): string => at(pinned ? `${image}@${digest}` : image);
      return {
        Dockerfile: `FROM ${to('octo/node:22', node)} AS build\r\nFROM \${BASE}\r\nCOPY --from=${to('octo/app:v1', app)} / /\r\n`,
        'k/app.yaml': `apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: ${to('octo/app:v1', app)} # x\n`,
        'k/kustomization.yaml': `images:\n- name: app\n  newName: ${at('octo/app')}\n  newTag: v1\n${pinned ? `  digest: ${app}\n` : ''}`,
        'main.tf': `module "m" {\n  image = "${to('octo/app:v1', app)}"\n}\n`,
        [WORKFLOW]: step(pinned ? `octo/setup@${commits.second} # v1.1.0` : 'octo/setup@v1'),
        'more/action.yml': `runs:\n  steps:\n    - uses: octo/setup/x@${pinned ? `${commits.first} # v2.0.0` : 'v2'}\n`,
      };
    };
    write(files(false));
    chmodSync(join(world.workspace, 'k/app.yaml'), 0o750);
    const before = world.registry.requests.length;
    const done = await run({ write: 'files' });
    expect(done.outputs, done.log).toMatchObject({ outcome: 'passed', changed: '7' });
    for (const [path, text] of Object.entries(files(true))) expect(read(path)).toBe(text);
    expect(statSync(join(world.workspace, 'k/app.yaml')).mode & 0o777).toBe(0o750);
    expect(readdirSync(join(world.workspace, 'k')).sort()).toEqual(['app.yaml', 'kustomization.yaml']);
    expect(done.log).toContain('Dockerfile:2: ${BASE} is left as it is: is named by a variable');
    // Each image once, however many places name it.
    expect(
      world.registry.requests
        .slice(before)
        .map(({ method }) => method)
        .sort(),
    ).toEqual(['GET', 'GET', 'HEAD', 'HEAD']);

    const again = await run({ write: 'files' });
    expect(again.outputs).toMatchObject({ outcome: 'passed', changed: '0', files: '[]' });
    for (const [path, text] of Object.entries(files(true))) expect(read(path)).toBe(text);
    expect((await run({ except: '${BASE}' })).outputs).toMatchObject({ outcome: 'passed' });
  }, 30_000);

  test('update looks for what the tag beside a digest names by now', async () => {
    const old = await push('octo/base:1', 'one');
    write({ Dockerfile: `FROM ${at(`octo/base:1@${old}`)}\nFROM ${at(`octo/base@${old}`)}\n` });
    const now = await push('octo/base:1', 'two');
    expect((await run()).outputs).toMatchObject({ outcome: 'passed' });
    const checked = await run({ update: 'true' });
    expect(checked.outputs).toMatchObject({ outcome: 'refused', changed: '1' });
    expect(checked.log).toContain(`Dockerfile:1: ${at('octo/base:1')}@${old.slice(7, 19)} is ${now} by now`);
    expect((await run({ write: 'files' })).outputs).toMatchObject({ changed: '0' });
    expect((await run({ write: 'files', update: 'true' })).outputs).toMatchObject({ changed: '1' });
    expect(read('Dockerfile')).toBe(`FROM ${at(`octo/base:1@${now}`)}\nFROM ${at(`octo/base@${old}`)}\n`);
  }, 30_000);

  const digest = (of: string): string => `sha256:${of.repeat(64)}`;
  const isManifest = ({ path }: SeenRequest): boolean => path.includes('/octo/bad/');
  test.each<[string, (request: SeenRequest) => Fault | undefined, string, string]>([
    ['no such tag', () => undefined, 'refused', 'has no tag 1'],
    [
      'a registry that fails',
      (request) => (isManifest(request) ? { status: 500 } : undefined),
      'unavailable',
      'octo/bad',
    ],
    [
      'one that asks for a login',
      (request) => (isManifest(request) ? { status: 401 } : undefined),
      'unavailable',
      'wants a login',
    ],
    [
      'one that drops the connection',
      (request) => (isManifest(request) ? 'drop' : undefined),
      'unavailable',
      'octo/bad',
    ],
    [
      'one that answers two digests',
      (request) => {
        if (!isManifest(request)) return undefined;
        const headers = {
          'docker-content-digest': digest('a'),
          'content-type': 'application/vnd.oci.image.index.v1+json',
          'content-length': '2',
        };
        return request.method === 'HEAD' ? { status: 200, headers } : { status: 200, body: '{}' };
      },
      'refused',
      'holds other bytes than',
    ],
    [
      'one that does not have what it says',
      (request) => {
        const headers = {
          'docker-content-digest': digest('a'),
          'content-type': 'application/vnd.oci.image.index.v1+json',
          'content-length': '2',
        };
        if (!isManifest(request)) return undefined;
        return request.method === 'HEAD' ? { status: 200, headers } : { status: 404 };
      },
      'refused',
      'does not have it',
    ],
    [
      'one that answers a page',
      (request) =>
        isManifest(request)
          ? { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' }
          : undefined,
      'refused',
      'is no image manifest',
    ],
  ])(
    '%s: nothing is written',
    async (_, play, outcome, message) => {
      await push('octo/node:22', 'node');
      const text = {
        Dockerfile: `FROM ${at('octo/node:22')}\nFROM ${at('octo/bad:1')}\n`,
        'b/Dockerfile': `FROM ${at('octo/node:22')}\n`,
      };
      write(text);
      fault = play;
      const done = await run({ write: 'files' });
      expect(done.outputs, done.log).toMatchObject({ outcome });
      expect(done.log).toContain(message);
      for (const [path, content] of Object.entries(text)) expect(read(path)).toBe(content);
    },
    60_000,
  );

  test.each<[string, string, string]>([
    ['a ref that is not there', 'octo/setup@v7', 'octo/setup has no tag or branch v7'],
    ['a tag and a branch of one name', 'octo/setup@both', 'has a tag and a branch both'],
  ])('%s: nothing is written', async (_, uses, message) => {
    await push('octo/node:22', 'node');
    write({ Dockerfile: `FROM ${at('octo/node:22')}\n`, [WORKFLOW]: step(uses) });
    const done = await run({ write: 'files' });
    expect(done.outputs).toMatchObject({ outcome: 'refused' });
    expect(done.log).toContain(message);
    expect(read('Dockerfile')).toBe(`FROM ${at('octo/node:22')}\n`);
  });

  test('links are not followed, wherever they lead', async () => {
    await push('octo/node:22', 'node');
    const outside = join(world.folder, 'outside');
    mkdirSync(outside, { recursive: true });
    writeFileSync(join(outside, 'Dockerfile'), `FROM ${at('octo/node:22')}\n`);
    write({ 'real/Dockerfile': 'FROM scratch\n' });
    symlinkSync(join(outside, 'Dockerfile'), join(world.workspace, 'Dockerfile'));
    symlinkSync(outside, join(world.workspace, 'folder'));
    symlinkSync('real', join(world.workspace, 'inside'));
    const done = await run({ write: 'files' });
    expect(done.outputs, done.log).toMatchObject({ outcome: 'passed', changed: '0' });
    expect(readFileSync(join(outside, 'Dockerfile'), 'utf8')).toBe(`FROM ${at('octo/node:22')}\n`);
    expect((await run({ write: 'files', paths: 'Dockerfile' })).outputs).toMatchObject({
      outcome: 'invalid',
    });
    expect((await run({ write: 'files', paths: 'folder/Dockerfile' })).outputs).toMatchObject({
      outcome: 'invalid',
    });
  }, 30_000);

  test('what is not UTF-8, or larger than anybody writes, is left whole and said', async () => {
    await push('octo/node:22', 'node');
    const latin = Buffer.concat([Buffer.from(`# \u00e9\nFROM ${at('octo/node:22')}\n`, 'latin1')]);
    write({ 'big/values.yaml': `image: ${at('octo/node:22')}\n#${'x'.repeat(4 * 1024 * 1024)}` });
    writeFileSync(join(world.workspace, 'Dockerfile'), latin);
    const done = await run({ write: 'files' });
    expect(done.outputs, done.log).toMatchObject({ outcome: 'passed', changed: '0' });
    expect(done.log).toContain('Dockerfile:1: Dockerfile is left as it is: is not UTF-8');
    expect(done.log).toContain('big/values.yaml is left as it is: cannot be read, or has more than');
    expect(readFileSync(join(world.workspace, 'Dockerfile'))).toEqual(latin);
    expect((await run()).outputs).toMatchObject({ outcome: 'refused' });
  }, 30_000);
});

describe('write: pull-request', () => {
  const branch = 'octo/app:hallmark/pin';
  const open = () => world.github.writing.pulls.filter(({ state }) => state === 'open');
  const filesOf = (): ReadonlyMap<string, string> =>
    world.github.filesOf('octo/app', world.github.writing.branches.get(branch));
  /** The same files in the workspace and at the head of main. */
  function plant(files: Record<string, string>): void {
    write(files);
    world.github.commit('octo/app', files);
  }
  const request = (inputs: Record<string, string> = {}): Promise<ActionRun> =>
    run({ write: 'pull-request', token: world.github.issueToken('all', 'pin-app[bot]'), ...inputs });

  beforeEach(() => {
    world.github.writing.branches.delete(branch);
    for (const pull of world.github.writing.pulls) pull.state = 'closed';
  });

  test('is opened once, and kept up to date in place', async () => {
    const node = await push('octo/node:22', 'node');
    plant({ Dockerfile: `FROM ${at('octo/node:22')}\n`, [WORKFLOW]: step('octo/setup@v1') });
    const done = await request();
    expect(done.outputs, done.log).toMatchObject({ outcome: 'passed', changed: '2' });
    expect(open()).toHaveLength(1);
    const [pull] = open();
    expect(done.outputs['pull-request-url']).toBe(`https://github.com/octo/app/pull/${pull?.number}`);
    expect(pull).toMatchObject({ base: 'main', head: 'hallmark/pin', title: 'Pin 2 references in 2 files' });
    expect(pull?.body).toContain(node);
    expect(filesOf().get('Dockerfile')).toBe(`FROM ${at(`octo/node:22@${node}`)}\n`);
    expect(filesOf().get(WORKFLOW)).toBe(step(`octo/setup@${commits.second} # v1.1.0`));
    expect(read('Dockerfile')).toBe(`FROM ${at('octo/node:22')}\n`);
    const first = world.github.writing.branches.get(branch);

    const again = await request();
    expect(again.outputs['pull-request-url']).toBe(done.outputs['pull-request-url']);
    expect(world.github.writing.branches.get(branch)).toBe(first);

    const newer = await push('octo/node:22', 'newer');
    const moved = await request();
    expect(moved.outputs['pull-request-url'], moved.log).toBe(done.outputs['pull-request-url']);
    expect(filesOf().get('Dockerfile')).toBe(`FROM ${at(`octo/node:22@${newer}`)}\n`);
    expect(open()).toHaveLength(1);
    expect(open()[0]?.body).toContain(newer);
  }, 60_000);

  test('of newer bases, for images to be rebuilt from a new commit', async () => {
    const old = await push('octo/base:2', 'one');
    plant({ Dockerfile: `FROM ${at(`octo/base:2@${old}`)}\n`, [WORKFLOW]: '' });
    expect((await request({ update: 'true', paths: 'Dockerfile' })).outputs).toMatchObject({
      changed: '0',
    });
    const now = await push('octo/base:2', 'two');
    expect((await request({ update: 'true', paths: 'Dockerfile' })).outputs).toMatchObject({
      outcome: 'passed',
      changed: '1',
    });
    expect(filesOf().get('Dockerfile')).toBe(`FROM ${at(`octo/base:2@${now}`)}\n`);
  }, 60_000);

  test('that somebody closed is not opened again for the same', async () => {
    await push('octo/node:22', 'node');
    plant({ Dockerfile: `FROM ${at('octo/node:22')}\n` });
    await request({ paths: 'Dockerfile' });
    for (const pull of open()) pull.state = 'closed';
    const again = await request({ paths: 'Dockerfile' });
    expect(again.outputs, again.log).toMatchObject({ outcome: 'passed' });
    expect(open()).toEqual([]);
    await push('octo/node:22', 'newest');
    expect((await request({ paths: 'Dockerfile' })).outputs['pull-request-url']).toContain('/pull/');
    expect(open()).toHaveLength(1);
  }, 60_000);

  test.each<[string, () => void, string, string]>([
    [
      'others pushed to the branch',
      () => {
        const head = world.github.commitInFork('octo/app', { 'mine.txt': 'work' });
        world.github.writing.branches.set(branch, head);
      },
      'refused',
      'holds commits that pin did not make',
    ],
    [
      'somebody amended the commit of pin',
      () => {
        const sha = '7'.repeat(40);
        world.github.push('octo/app', sha, undefined, `Pin 1 reference\n\nHallmark-Tree: ${'0'.repeat(40)}`);
        world.github.writing.branches.set(branch, sha);
      },
      'refused',
      'holds commits that pin did not make',
    ],
    [
      'main went on',
      () => world.github.commit('octo/app', { Dockerfile: '# newer\n' }),
      'invalid',
      'are not those of main',
    ],
    ['GitHub fails', () => world.github.fail('git/create-tree', 500, 10), 'unavailable', 'git/trees'],
    [
      'the branch is protected',
      () => world.github.fail('git/create-ref', 422, 10),
      'invalid',
      'takes no branch hallmark/pin',
    ],
  ])(
    '%s: nothing is written over',
    async (_, prepare, outcome, message) => {
      await push('octo/node:22', 'node');
      plant({ Dockerfile: `FROM ${at('octo/node:22')}\n` });
      prepare();
      const before = world.github.writing.branches.get(branch);
      const done = await request({ paths: 'Dockerfile' });
      expect(done.outputs, done.log).toMatchObject({ outcome });
      expect(done.log).toContain(message);
      expect(world.github.writing.branches.get(branch)).toBe(before);
      expect(open()).toEqual([]);
    },
    60_000,
  );

  test("with a job's own token says that nothing will run on it", async () => {
    await push('octo/node:22', 'node');
    plant({ Dockerfile: `FROM ${at('octo/node:22')}\n` });
    const done = await request({ paths: 'Dockerfile', token: '' });
    expect(done.outputs, done.log).toMatchObject({ outcome: 'passed' });
    expect(done.log).toContain('No workflow runs on a pull request of');
  });

  test('with a token that may only read is invalid', async () => {
    await push('octo/node:22', 'node');
    plant({ Dockerfile: `FROM ${at('octo/node:22')}\n` });
    const token = world.github.issueToken({ contents: 'read', 'pull-requests': 'read' });
    const done = await request({ paths: 'Dockerfile', token });
    expect(done.outputs).toMatchObject({ outcome: 'invalid' });
    expect(done.log).toContain('token: may not write this');
    expect(
      done.log.split('\n').filter((line) => line.includes(token) && !line.startsWith('::add-mask::')),
    ).toEqual([]);
    expect(open()).toEqual([]);
  });
});
