import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readRecord } from './record.ts';
import { releaseImage } from './release.ts';
import { GATE_WORKFLOW, RELEASE_WORKFLOW, type Run, startWorld, type World } from './world.ts';

/*
 * Promotions and rollbacks that write manifests, in the repository itself and in one elsewhere, and the deployments beside them.
 */

const POLICY = '.github/hallmark.yml';
const NAMES = ['commit', 'pull', 'moved', 'locked', 'denied', 'elsewhere', 'late', 'mirror', 'files'];

/** By this one nobody here may promote. */
const AUDITED = '.github/audited.yml';

const policy = (host: string, promoter = GATE_WORKFLOW) => `
version: 1
repository-id: 123456789
trust:
  builder:  [{ signer-workflow: octo/app/${RELEASE_WORKFLOW} }]
  gate:     [{ signer-workflow: octo/app/${GATE_WORKFLOW} }]
  promoter: [{ signer-workflow: octo/app/${promoter} }]
environments:
${NAMES.map((name) => `  ${name}: { repository: ${host}/octo/${name}, rules: [signed, provenance] }`).join('\n')}
`;

/** With a comment, an order and line ends of its own, and an image that is none of ours. */
const deployment = (image: string) =>
  [
    'apiVersion: apps/v1   # kept',
    'kind: Deployment',
    'metadata: { name: app }',
    'spec:',
    '  template:',
    '    spec:',
    '      containers:',
    '        - name: proxy',
    '          image: docker.io/envoyproxy/envoy:v1.31 # not ours',
    `        - image: ${image} # ours`,
    '          name: "app"',
    '',
  ].join('\r\n');

let world: World;
const images: string[] = [];
/** What they were built from. */
const commits: string[] = [];

beforeAll(async () => {
  world = await startWorld({
    repositories: [{ name: 'octo/gitops', id: 77, defaultBranch: 'main', protected: false, files: {} }],
  });
  world.github.commit('octo/app', {
    [POLICY]: policy(world.registry.host),
    [AUDITED]: policy(world.registry.host, '.github/workflows/audited.yml'),
  });
  images.push(await release('one'), await release('two'));
  const [base, head = ''] = commits;
  world.github.push('octo/app', head, base, 'Fixes #1 [skip ci] @everyone\n\nCo-authored-by: x');
  images.push(await release('three'));
}, 60_000);
afterAll(() => world.close());
beforeEach(() => {
  world.github.writing.beforeMove = undefined;
  world.github.writing.locked.clear();
  world.github.clearFaults();
});

async function release(content: string): Promise<string> {
  const image = await releaseImage(world, content);
  commits.push(world.env().GITHUB_SHA ?? '');
  return image;
}

const run = (action: string, environment: string, inputs: Record<string, string>, given: Run = {}) =>
  world.run(action, { policy: POLICY, environment, ...inputs }, { workflow: GATE_WORKFLOW, ...given });
const promote = (image: string | undefined, environment: string, inputs: Record<string, string> = {}) =>
  run('promote', environment, { image: image ?? '', ...inputs });

const digestOf = (image = '') => image.split('@')[1] ?? '';
const shortOf = (image = '') => digestOf(image).slice(7, 19);
const place = (environment: string) => `${world.registry.host}/octo/${environment}`;
const pinned = (environment: string, image: string | undefined) => `${place(environment)}@${digestOf(image)}`;
const file = (path: string, repository = 'octo/app') => world.github.filesOf(repository).get(path);
/** Manifests of an environment on the default branch, at a tag. */
function plant(environment: string, files?: Record<string, string>): string {
  return world.github.commit(
    'octo/app',
    files ?? { [`deploy/${environment}/app.yaml`]: deployment(`${place(environment)}:v1`) },
  );
}
const recordsOf = async (environment: string): Promise<string[]> => {
  const answer = await fetch(`http://${world.registry.host}/v2/octo/${environment}/tags/list`);
  const { tags = [] } = (await answer.json()) as { tags?: string[] };
  return tags.filter((tag) => /^env-.+\.\d{6}-/.test(tag)).sort();
};
const headOf = async (repository = 'octo/app'): Promise<string> => {
  const answer = await fetch(`${world.github.url}/repos/${repository}/branches/main`, {
    headers: { authorization: `token ${world.github.token}` },
  });
  return ((await answer.json()) as { commit: { sha: string } }).commit.sha;
};

describe('a commit', () => {
  const inputs = { manifests: 'deploy/commit/**/*.yaml' };

  test('changes the image line alone, and the record names it', { timeout: 60_000 }, async () => {
    const before = plant('commit');
    const done = await promote(images[0], 'commit', inputs);
    expect(done.outputs, done.log).toMatchObject({ outcome: 'passed' });
    expect(file('deploy/commit/app.yaml')).toBe(deployment(pinned('commit', images[0])));
    const head = await headOf();
    expect(done.outputs['manifests-url']).toBe(`https://github.com/octo/app/commit/${head}`);
    const record = await readRecord(done.outputs.record ?? '');
    expect(record.manifests).toEqual({
      repository: 'octo/app',
      commit: head,
      paths: ['deploy/commit/app.yaml'],
    });
    expect(head).not.toBe(before);
    const message = world.github.messageOf('octo/app');
    expect(message).toContain(`Promote octo/commit to commit: ${shortOf(images[0])}`);
    expect(message).toContain(`Record: ${place('commit')}:env-commit.000001-${shortOf(images[0])}`);
    expect(message).toContain(`Verdict: ${record.verdict}`);
    expect(done.summary).toContain('deploy/commit/app.yaml');
  });

  test('is made once: the same again changes nothing', { timeout: 60_000 }, async () => {
    const head = await headOf();
    const again = await promote(images[0], 'commit', inputs);
    expect(again.outputs, again.log).toMatchObject({
      outcome: 'passed',
      'manifests-url': `https://github.com/octo/app/commit/${head}`,
    });
    expect(await headOf()).toBe(head);
    expect(await recordsOf('commit')).toHaveLength(1);
  });

  test('tells the commits and pull requests between, and none of their words', {
    timeout: 60_000,
  }, async () => {
    const [base, head = ''] = commits;
    world.github.reviews.merges.push({
      ...{ number: 12, author: 'mona', head, commit: head, commits: [], reviews: [] },
    });
    const done = await promote(images[1], 'commit', inputs);
    expect(done.outputs, done.log).toMatchObject({ outcome: 'passed' });
    const message = world.github.messageOf('octo/app');
    expect(message).toContain(`Brings 1 commit: https://github.com/octo/app/compare/${base}...${head}`);
    expect(message).toContain(`- octo/app@${head}\n- octo/app#12`);
    expect(message).not.toMatch(/skip ci|Fixes|everyone/);
  });

  test('is taken back by a rollback, which the record names alike', { timeout: 60_000 }, async () => {
    const without = await run('rollback', 'commit', { 'dry-run': 'true', ...inputs });
    expect(without.outputs, without.log).toMatchObject({ outcome: 'passed' });
    expect(file('deploy/commit/app.yaml')).toBe(deployment(pinned('commit', images[1])));
    const done = await run('rollback', 'commit', { reason: 'broken', ...inputs });
    expect(done.outputs, done.log).toMatchObject({ outcome: 'passed', digest: digestOf(images[0]) });
    expect(file('deploy/commit/app.yaml')).toBe(deployment(pinned('commit', images[0])));
    const record = await readRecord(done.outputs.record ?? '');
    expect(record).toMatchObject({ action: 'rollback', manifests: { commit: await headOf() } });
    expect(world.github.messageOf('octo/app')).toMatch(
      /^Roll octo\/commit back in commit: .+Takes back 1 commit:/s,
    );
  });
});

describe('a pull request', () => {
  const inputs = { manifests: 'deploy/pull/app.yaml', 'manifests-mode': 'pull-request' };
  const own = () => world.github.writing.pulls;

  test('carries the verdict and the record, and is opened once', { timeout: 60_000 }, async () => {
    plant('pull');
    const head = await headOf();
    const done = await promote(images[0], 'pull', { ...inputs, reason: 'for <b>@mona</b> #7' });
    expect(done.outputs, done.log).toMatchObject({
      outcome: 'passed',
      'manifests-url': 'https://github.com/octo/app/pull/1',
    });
    expect(await headOf()).toBe(head);
    const branch = `hallmark/env-pull.000001-${shortOf(images[0])}`;
    const record = await readRecord(done.outputs.record ?? '');
    expect(own()).toMatchObject([{ base: 'main', head: branch }]);
    expect(own()[0]?.body).toContain(record.verdict);
    expect(own()[0]?.body).toContain(`env-pull.000001-${shortOf(images[0])}`);
    expect(own()[0]?.body).not.toMatch(/<b>|@mona|#7/);
    expect(record.manifests?.commit).toBe(world.github.writing.branches.get(`octo/app:${branch}`));
    const files = world.github.filesOf('octo/app', record.manifests?.commit);
    expect(files.get('deploy/pull/app.yaml')).toBe(deployment(pinned('pull', images[0])));

    const again = await promote(images[0], 'pull', inputs);
    expect(again.outputs, again.log).toMatchObject({
      outcome: 'passed',
      'manifests-url': 'https://github.com/octo/app/pull/1',
    });
    expect(own()).toHaveLength(1);
  });

  test('says which older one is still open', { timeout: 60_000 }, async () => {
    const done = await promote(images[1], 'pull', inputs);
    expect(done.outputs, done.log).toMatchObject({ outcome: 'passed' });
    expect(done.log).toContain('#1 of octo/app set an older choice of pull and are still open');
    expect(own()[1]?.body).toContain('[pull request 1](<https://github.com/octo/app/pull/1>)');
  });

  test('that could not be opened is opened by the next run, from the commit that the record names', {
    timeout: 60_000,
  }, async () => {
    world.github.fail('git/create-ref', 503, 9);
    const one = await run('rollback', 'pull', { reason: 'broken', ...inputs });
    expect(one.outputs, one.log).toMatchObject({ outcome: 'unavailable' });
    expect(one.log).toContain('Run promote with');
    world.github.clearFaults();
    const two = await promote(pinned('pull', images[0]), 'pull', inputs);
    expect(two.outputs, two.log).toMatchObject({ outcome: 'passed' });
    const record = await readRecord(two.outputs.record ?? '');
    expect(record).toMatchObject({ action: 'rollback', sequence: 3 });
    const branch = `octo/app:hallmark/env-pull.000003-${shortOf(images[0])}`;
    expect(world.github.writing.branches.get(branch)).toBe(record.manifests?.commit);
  });
});

describe('a branch', () => {
  test('that moved meanwhile gets the lines on top', { timeout: 60_000 }, async () => {
    plant('moved');
    let pushes = 0;
    world.github.writing.beforeMove = () => {
      if (pushes++ < 2) world.github.commit('octo/app', { 'other.txt': `${pushes}` });
    };
    const done = await promote(images[0], 'moved', { manifests: 'deploy/moved/app.yaml' });
    expect(done.outputs, done.log).toMatchObject({ outcome: 'passed' });
    expect(file('other.txt')).toBe('2');
    expect(file('deploy/moved/app.yaml')).toBe(deployment(pinned('moved', images[0])));
    expect(world.github.messageOf('octo/app')).toContain('env-moved.000001');
  });

  test('that never rests is not forced', { timeout: 60_000 }, async () => {
    world.github.writing.beforeMove = () => {
      world.github.commit('octo/app', { 'other.txt': String(Math.random()) });
    };
    const done = await promote(images[1], 'moved', { manifests: 'deploy/moved/app.yaml' });
    expect(done.outputs, done.log).toMatchObject({ outcome: 'unavailable' });
    expect(done.log).toContain('somebody else kept pushing to octo/app');
    expect(file('deploy/moved/app.yaml')).toBe(deployment(pinned('moved', images[0])));
    expect(await recordsOf('moved')).toHaveLength(2);
    world.github.writing.beforeMove = undefined;
    const again = await promote(images[1], 'moved', { manifests: 'deploy/moved/app.yaml' });
    expect(again.outputs, again.log).toMatchObject({ outcome: 'passed' });
    expect(file('deploy/moved/app.yaml')).toBe(deployment(pinned('moved', images[1])));
    expect(await recordsOf('moved')).toHaveLength(2);
  });

  test.each([
    [422, 'Repository rule violations found\n\nChanges must be made through a pull request.'],
    [409, 'Protected branch update failed'],
    [403, 'Resource protected'],
  ])(
    'that is protected (%s) is left, and the run after completes it',
    { timeout: 60_000 },
    async (status, message) => {
      const path = `deploy/locked/${status}.yaml`;
      plant('locked', { [path]: deployment(`${place('locked')}:v1`) });
      const manifests = { manifests: path };
      const [image] = images;
      world.github.writing.locked.set('octo/app', { status, message });
      const refused = await promote(image, 'locked', manifests);
      expect(refused.outputs, refused.log).toMatchObject({ outcome: 'invalid' });
      expect(refused.log).toContain(
        `main of octo/app takes no commit from this token (${status}: ${message.slice(0, 18)}`,
      );
      expect(refused.log).toContain('manifests-mode: pull-request');
      expect(file(path)).toContain(':v1');
      const other = await promote(image, 'locked', { ...manifests, 'manifests-mode': 'pull-request' });
      expect(other.outputs, other.log).toMatchObject({ outcome: 'passed' });
      world.github.writing.locked.clear();
      const done = await promote(image, 'locked', manifests);
      expect(done.outputs, done.log).toMatchObject({ outcome: 'passed' });
      expect(file(path)).toBe(deployment(pinned('locked', image)));
    },
  );
});

describe('another repository', () => {
  const manifests = 'octo/gitops//apps/*.yaml@main';
  const plantThere = () =>
    world.github.commit('octo/gitops', { 'apps/app.yaml': deployment(`${place('elsewhere')}:v1`) });

  test('takes a token of its own, which the job has to be given', { timeout: 60_000 }, async () => {
    plantThere();
    const without = await promote(images[0], 'elsewhere', { manifests });
    expect(without.outputs, without.log).toMatchObject({ outcome: 'invalid' });
    expect(without.log).toContain('manifests-token: is required for octo/gitops');
    const reader = world.github.issueToken({ contents: 'read' });
    const denied = await promote(images[0], 'elsewhere', { manifests, 'manifests-token': reader });
    expect(denied.outputs, denied.log).toMatchObject({ outcome: 'invalid' });
    expect(denied.log).toContain('manifests-token: may not write this');
    // Found before anything was recorded.
    expect(await recordsOf('elsewhere')).toEqual([]);
    expect(file('apps/app.yaml', 'octo/gitops')).toContain(':v1');
  });

  test('is changed by promote and by rollback', { timeout: 90_000 }, async () => {
    const token = world.github.issueToken({ contents: 'write' }, 'our-app[bot]');
    const inputs = { manifests, 'manifests-token': token };
    for (const image of images.slice(0, 2)) {
      const done = await promote(image, 'elsewhere', inputs);
      expect(done.outputs, done.log).toMatchObject({ outcome: 'passed' });
      expect(file('apps/app.yaml', 'octo/gitops')).toBe(deployment(pinned('elsewhere', image)));
      const { manifests: written } = await readRecord(done.outputs.record ?? '');
      expect(written).toMatchObject({ repository: 'octo/gitops', commit: await headOf('octo/gitops') });
      expect(done.log).not.toMatch(new RegExp(`(?<!::add-mask::)${token}`));
    }
    const back = await run('rollback', 'elsewhere', { reason: 'broken', ...inputs });
    expect(back.outputs, back.log).toMatchObject({ outcome: 'passed' });
    expect(file('apps/app.yaml', 'octo/gitops')).toBe(deployment(pinned('elsewhere', images[0])));
  });

  test('that is not named in a rollback is said to stay', { timeout: 60_000 }, async () => {
    const next = await promote(images[2], 'elsewhere', {
      manifests,
      'manifests-token': world.github.token,
    });
    expect(next.outputs, next.log).toMatchObject({ outcome: 'passed' });
    const back = await run('rollback', 'elsewhere', { reason: 'broken' });
    expect(back.outputs, back.log).toMatchObject({ outcome: 'passed' });
    expect(back.log).toContain(`apps/app.yaml of octo/gitops keep naming ${digestOf(images[2])}`);
  });
});

describe('what is recorded is what manifests name', () => {
  test('a run that may not promote changes none', { timeout: 60_000 }, async () => {
    plant('denied');
    const head = await headOf();
    const done = await promote(images[0], 'denied', { manifests: 'deploy/denied/app.yaml', policy: AUDITED });
    expect(done.outputs, done.log).toMatchObject({ outcome: 'refused' });
    expect(done.log).toContain('the policy does not let this run promote');
    expect(await headOf()).toBe(head);
    expect(await recordsOf('denied')).toEqual([]);
  });

  test('the last of two promotions has the last word', { timeout: 90_000 }, async () => {
    plant('late');
    const inputs = { manifests: 'deploy/late/app.yaml' };
    world.github.writing.beforeMove = async () => {
      world.github.writing.beforeMove = undefined;
      const later = await promote(images[1], 'late', inputs);
      expect(later.outputs, later.log).toMatchObject({ outcome: 'passed' });
    };
    const done = await promote(images[0], 'late', inputs);
    expect(done.outputs, done.log).toMatchObject({ outcome: 'passed' });
    expect(done.outputs['manifests-url']).toBeUndefined();
    expect(done.log).toContain('late holds another image by now');
    expect(file('deploy/late/app.yaml')).toBe(deployment(pinned('late', images[1])));
  });

  test('a rollback goes back without GitHub, and promote writes its manifests afterwards', {
    timeout: 120_000,
  }, async () => {
    const inputs = { manifests: 'deploy/late/app.yaml' };
    world.github.fail('git/get-ref', 503, 20);
    const done = await run('rollback', 'late', { reason: 'broken', ...inputs });
    expect(done.outputs, done.log).toMatchObject({ outcome: 'unavailable' });
    expect(done.log).toContain('The record names no commit of the manifests');
    expect(await recordsOf('late')).toHaveLength(3);
    expect(file('deploy/late/app.yaml')).toBe(deployment(pinned('late', images[1])));
    world.github.clearFaults();
    const completed = await promote(pinned('late', images[0]), 'late', inputs);
    expect(completed.outputs, completed.log).toMatchObject({ outcome: 'passed' });
    expect(file('deploy/late/app.yaml')).toBe(deployment(pinned('late', images[0])));
    expect(await recordsOf('late')).toHaveLength(3);
  });
});

describe('files', () => {
  const chart = `image: ${'{{ .Values.image }}'}\n`;
  beforeAll(() => {
    const ours = `${place('files')}:v1`;
    plant('files', {
      'k8s/app.yaml': deployment(ours),
      'k8s/other.yaml': deployment('ghcr.io/octo/other:v1'),
      'k8s/README.md': `image: ${ours}\n`,
      'k8s/config.yaml': `colour: blue\nimage: ${ours}\n`,
      'k8s/linked.link.yaml': deployment(ours),
      'chart/templates/app.yaml': `{{- if .Values.on }}\n${chart}{{- end }}\n`,
      'chart/values.yaml': `image: { repository: "${place('files')}", tag: v1 } # ours\n`,
    });
  });

  test('that are no manifests or templates are left alone, with a notice', { timeout: 60_000 }, async () => {
    const before = new Map(world.github.filesOf('octo/app'));
    const done = await promote(images[0], 'files', { manifests: 'k8s/**\nchart/**' });
    expect(done.outputs, done.log).toMatchObject({ outcome: 'passed' });
    const changed = [...world.github.filesOf('octo/app')].filter(([path, text]) => before.get(path) !== text);
    expect(changed.map(([path]) => path).sort()).toEqual(['chart/values.yaml', 'k8s/app.yaml']);
    for (const path of ['k8s/README.md', 'k8s/config.yaml', 'chart/templates/app.yaml']) {
      expect(done.log).toContain(`octo/app/${path} is no manifest, or is a template: left as it is.`);
    }
    expect((await readRecord(done.outputs.record ?? '')).manifests?.paths).toEqual([
      'chart/values.yaml',
      'k8s/app.yaml',
    ]);
  });

  test.each<[string, Record<string, string>, string]>([
    [
      'a path that is no manifest',
      { manifests: 'k8s/config.yaml' },
      'octo/app/k8s/config.yaml is no Kubernetes object',
    ],
    ['a path without a file', { manifests: 'k8s/none.yaml' }, 'octo/app at main has no file k8s/none.yaml'],
    ['a symbolic link', { manifests: 'k8s/linked.link.yaml' }, 'has no file k8s/linked.link.yaml'],
    ['a glob without a match', { manifests: 'helm/**' }, 'has no file helm/**'],
    [
      'files that name another image',
      { manifests: 'k8s/other.yaml' },
      'none of k8s/other.yaml in octo/app names an image of',
    ],
    [
      'a branch that is not there',
      { manifests: 'k8s/app.yaml@trunk' },
      'there is no branch trunk of octo/app',
    ],
    [
      'what leaves the repository',
      { manifests: '../k8s/app.yaml' },
      'takes lines of path, path@branch or owner/repo//path@branch',
    ],
    ['an absolute path', { manifests: '/k8s/app.yaml' }, 'takes lines of path'],
    [
      'two branches',
      { manifests: 'k8s/app.yaml\nchart/values.yaml@release' },
      'one repository and one branch',
    ],
    ['two repositories', { manifests: 'octo/a//x.yaml\nocto/b//x.yaml' }, 'one repository and one branch'],
    [
      'another mode',
      { manifests: 'k8s/app.yaml', 'manifests-mode': 'push' },
      'may be commit, pull-request, not "push"',
    ],
  ])('%s is an input error before anything is judged', { timeout: 60_000 }, async (_, inputs, message) => {
    const before = [await headOf(), ...(await recordsOf('files'))];
    const done = await promote(images[1], 'files', inputs);
    expect(done.outputs, done.log).toMatchObject({ outcome: 'invalid' });
    expect(done.log).toContain(message);
    expect([await headOf(), ...(await recordsOf('files'))]).toEqual(before);
  });
});

describe('the deployment', () => {
  const all = () => world.github.writing.deployments;

  test('says what happens, and is asked for', { timeout: 90_000 }, async () => {
    const quiet = await promote(images[0], 'mirror');
    expect(quiet.outputs, quiet.log).toMatchObject({ outcome: 'passed' });
    expect(quiet.outputs['deployment-id']).toBeUndefined();
    expect(all()).toEqual([]);
    const done = await promote(images[1], 'mirror', { deployment: 'true' });
    expect(done.outputs, done.log).toMatchObject({ outcome: 'passed', 'deployment-id': '1' });
    const { source } = await readRecord(done.outputs.record ?? '');
    const record = `${place('mirror')}:env-mirror.000002-${shortOf(images[1])}`;
    expect(all()).toMatchObject([
      {
        environment: 'mirror',
        ref: source?.commit,
        auto_merge: false,
        required_contexts: [],
        payload: { image: pinned('mirror', images[1]), record },
        statuses: [{ state: 'in_progress' }, { state: 'success' }],
      },
    ]);
    const back = await run('rollback', 'mirror', { reason: 'broken', deployment: 'true' });
    expect(back.outputs, back.log).toMatchObject({ outcome: 'passed', 'deployment-id': '2' });
    expect(all().map(({ statuses }) => statuses.at(-1)?.state)).toEqual(['inactive', 'success']);
  });

  test('fails with the promotion', { timeout: 60_000 }, async () => {
    const done = await promote(images[0], 'denied', { deployment: 'true', policy: AUDITED });
    expect(done.outputs, done.log).toMatchObject({ outcome: 'refused' });
    expect(all()[2]?.statuses).toMatchObject([
      { state: 'in_progress' },
      { state: 'failure', description: expect.stringContaining('the policy does not let this run promote') },
    ]);
  });

  test('that cannot be written is a warning', { timeout: 60_000 }, async () => {
    const token = world.github.issueToken({ contents: 'read' });
    const done = await promote(images[2], 'mirror', { deployment: 'true', 'github-token': token });
    expect(done.outputs, done.log).toMatchObject({ outcome: 'passed' });
    expect(done.outputs['deployment-id']).toBeUndefined();
    expect(done.log).toMatch(/::warning.*The deployment of mirror is not mirrored.*deployments: write/);
  });
});
