// What scan compares an image with, through dist, with the real Trivy, registry, Sigstore and records.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ActionRun } from '../../scripts/action.ts';
import { openPlainStore } from '../../scripts/demo/tamper.ts';
import { findTool } from '../../scripts/tools.ts';
import { readReport } from '../../shared/evidence/scan.ts';
import type { Digest } from '../../shared/image/digest.ts';
import { parseReference } from '../../shared/image/reference.ts';
import { type Review, reviewSchema } from '../../shared/report/review.ts';
import type { Store } from '../../shared/store/store.ts';
import { publishTrivyDb } from '../servers/trivy-db.ts';
import { writeLayered } from '../trivy/layered.ts';
import { SECRETS } from '../trivy/sample.ts';
import { GATE_WORKFLOW, RELEASE_WORKFLOW, type Run, startWorld, type World } from './world.ts';

const real = findTool('trivy');
const missing = real === undefined ? ' (skipped: no Trivy 0.72.0 here)' : '';
const POLICY = '.github/hallmark.yml';
const policyOf = (host: string) => `
version: 1
repository-id: 123456789
trust:
  builder:  [{ signer-workflow: octo/app/${RELEASE_WORKFLOW} }]
  scanner:  [{ signer-workflow: octo/app/${RELEASE_WORKFLOW} }]
  gate:     [{ signer-workflow: octo/app/${GATE_WORKFLOW} }]
  promoter: [{ signer-workflow: octo/app/${GATE_WORKFLOW} }]
environments:
  staging: { repository: ${host}/octo/staging, rules: [signed] }
  empty: { repository: ${host}/octo/empty, rules: [signed] }
`;

const packageOf = (name: string, version: string, license = 'MIT') => ({
  [`app/node_modules/${name}/package.json`]: JSON.stringify({ name, version, license }),
});
/** The database of the tests knows six of lodash 4.17.4, none of 4.17.21 and two of minimist 1.2.0. */
const OLD = { ...packageOf('lodash', '4.17.4'), ...packageOf('minimist', '1.2.8') };
const NEW = { ...packageOf('lodash', '4.17.21', 'BUSL-1.1'), ...packageOf('minimist', '1.2.0') };
const BOTH = { ...packageOf('lodash', '4.17.4'), ...packageOf('minimist', '1.2.0') };

describe.skipIf(missing)(`baselines${missing}`, () => {
  let world: World;
  let database: string;
  let place: string;
  let store: Store;
  let fault: { path: RegExp; status: number } | undefined;

  beforeAll(async () => {
    world = await startWorld({
      registry: {
        onRequest: ({ path }) => {
          if (path.includes('/library/silent/')) return new Promise(() => {});
          return fault?.path.test(path) ? { status: fault.status } : undefined;
        },
      },
    });
    const { host } = world.registry;
    database = await publishTrivyDb(host);
    place = `${host}/octo/app`;
    world.github.commit('octo/app', { [POLICY]: policyOf(host) });
  });
  afterAll(() => world.close());
  // Of its own deadline for each test.
  beforeEach(() => {
    store = openPlainStore(parseReference(place));
  });
  afterEach(() => {
    fault = undefined;
    world.github.clearFaults();
    rmSync(join(world.workspace, 'Dockerfile'), { force: true });
  });

  const write = (files: Record<string, string>, to = store): Promise<Digest> =>
    writeLayered(to, [{ createdBy: `COPY . . # ${SECRETS[2]}`, files }]);

  async function tag(name: string, digest: Digest, to = store): Promise<void> {
    const stored = await to.getManifest(digest);
    await to.putManifest(stored?.bytes ?? Buffer.alloc(0), stored?.descriptor.mediaType ?? '', name);
  }

  async function scan(digest: Digest, inputs: Record<string, string>, run: Run = {}): Promise<ActionRun> {
    const common = { image: `${place}@${digest}`, 'trivy-path': String(real), 'db-repository': database };
    return world.run('scan', { ...common, ...inputs }, run);
  }
  /** The outputs but for the review, which says of any end why. */
  const answersOf = ({ outputs: { review: _, ...rest } }: ActionRun) => rest;
  const reviewOf = ({ outputs, log }: ActionRun): Review => {
    expect(outputs.review, log).toBeDefined();
    return reviewSchema.parse(JSON.parse(readFileSync(String(outputs.review), 'utf8')));
  };

  /** A run for a pull request from one commit to another. */
  function pullRequest(base: string, head: string): Run {
    const file = join(world.folder, 'event.json');
    writeFileSync(file, JSON.stringify({ pull_request: { base: { sha: base }, head: { sha: head } } }));
    return { event: 'pull_request', ref: 'refs/pull/1/merge', variables: { GITHUB_EVENT_PATH: file } };
  }
  let pushed = 0;
  /** A commit above `parent`, or above `main`. */
  function push(parent: string): string {
    pushed += 1;
    const sha = String(pushed).padStart(40, 'd');
    world.github.push('octo/app', sha, parent);
    return sha;
  }
  const onMain = (): string => {
    pushed += 1;
    return world.github.commit('octo/app', { 'app.txt': String(pushed) });
  };

  it('says what became of findings, packages, licences and sizes since any image', async () => {
    const old = await write(OLD);
    const run = await scan(await write(NEW), { baseline: `${place}@${old}` });
    expect(run.outputs).toMatchObject({ outcome: 'passed', new: '2', fixed: '6' });
    const review = reviewOf(run);
    expect(review.baseline).toEqual({ kind: 'reference', image: `${place}@${old}`, reason: '' });
    expect(new Set(review.findings.map(({ state }) => state))).toEqual(new Set(['new']));
    const change = (name: string, from: string, to: string, licence: string) => ({
      ...{ name, type: 'npm', from, to, licences: [licence], platforms: ['linux/amd64'] },
    });
    expect(review.packages).toEqual({
      added: [],
      removed: [],
      upgraded: [change('lodash', '4.17.4', '4.17.21', 'BUSL-1.1')],
      downgraded: [change('minimist', '1.2.8', '1.2.0', 'MIT')],
      relicensed: [change('lodash', 'MIT', 'BUSL-1.1', 'BUSL-1.1')],
    });
    const [platform] = review.platforms;
    expect(platform?.before).toBeGreaterThan(0);
    expect(platform?.layers).toMatchObject([{ createdBy: 'COPY . .', known: false }]);
    expect(platform?.removed).toMatchObject([{ createdBy: 'COPY . .' }]);
    for (const secret of SECRETS) expect(JSON.stringify(review)).not.toContain(secret);
  });

  it('with new-only judges what the change brings, and nothing else', async () => {
    const baseline = `${place}@${await write(OLD)}`;
    const refused = await scan(await write(BOTH), { baseline, 'new-only': 'true', 'fail-on': 'low' });
    expect(refused.outputs).toMatchObject({ outcome: 'refused', new: '2', fixed: '0', critical: '2' });
    expect(refused.log).toMatch(/minimist/);
    expect(refused.log).not.toMatch(/in lodash/);
    const passed = await scan(await write({ ...OLD, 'a.txt': 'a' }), {
      ...{ baseline, 'new-only': 'true', 'fail-on': 'low' },
    });
    expect(passed.outputs).toMatchObject({ outcome: 'passed', new: '0', fixed: '0' });
    expect(reviewOf(passed).findings.map(({ state }) => state)).toEqual(Array(6).fill('known'));
  });

  it('an image is no baseline of itself: behind a moved tag nothing counts as known', async () => {
    const digest = await write({ ...BOTH, 'moved.txt': 'moved' });
    await tag('latest', digest);
    const asked = { baseline: `${place}:latest`, 'new-only': 'true', 'fail-on': 'low' };
    const run = await scan(digest, asked);
    expect(run.outputs).toMatchObject({ outcome: 'refused' });
    expect(run.outputs).not.toHaveProperty('new');
    expect(reviewOf(run).baseline).toEqual({
      ...{ kind: 'reference', image: '', reason: `${place}@${digest} is the image itself` },
    });
    // Nor is it what its own labels call its base.
    const labelled = await writeLayered(store, [{ createdBy: 'COPY . .', files: BOTH }], {
      'org.opencontainers.image.base.name': `${place}:latest`,
    });
    await tag('latest', labelled);
    const based = await scan(labelled, { ...asked, baseline: 'base-image' });
    expect(based.outputs).toMatchObject({ outcome: 'refused' });
    expect(reviewOf(based).baseline?.reason).toMatch(/is the image itself/);
  });

  it('as sbom says the difference of packages, and judges nothing', async () => {
    const image = `${place}@${await write(NEW)}`;
    const inputs = { image, baseline: `${place}@${await write(OLD)}`, 'trivy-path': String(real) };
    const run = await world.run('sbom', inputs);
    expect(run.outputs).toMatchObject({ outcome: 'passed' });
    expect(reviewOf(run).packages?.upgraded).toHaveLength(1);
    expect(run.summary).toMatch(/upgraded \| `lodash` npm \| `4\.17\.4` \| `4\.17\.21`/);
    expect(run.summary).toContain('Layers: 1 (1 new, 1 removed)');
  });

  describe('base-branch', () => {
    it('is the image of the commit that a pull request started from, by its tag', async () => {
      const base = onMain();
      const old = await write(OLD);
      await tag(`sha-${base}`, old);
      const head = push(base);
      onMain();
      const run = await scan(await write(NEW), { baseline: 'base-branch' }, pullRequest(base, head));
      expect(run.outputs).toMatchObject({ new: '2', fixed: '6' });
      expect(reviewOf(run).baseline).toEqual({ kind: 'base-branch', image: `${place}@${old}`, reason: '' });
    });

    it('goes back by first parents to one that has an image, and says so', async () => {
      const older = onMain();
      const old = await write(OLD);
      await tag(`sha-${older}`, old);
      const base = onMain();
      const run = await scan(await write(NEW), { baseline: 'base-branch' }, pullRequest(base, push(base)));
      expect(reviewOf(run).baseline?.image).toBe(`${place}@${old}`);
      expect(run.log).toContain(`compared with sha-${older}`);
    });

    it('of a push to the branch itself is the commit before', async () => {
      const before = onMain();
      const old = await write(OLD);
      await tag(`sha-${before}`, old);
      const sha = onMain();
      await tag(`sha-${sha}`, await write({ ...NEW, 'b.txt': 'b' }));
      const run = await scan(await write(NEW), { baseline: 'base-branch' }, { sha });
      expect(reviewOf(run).baseline?.image).toBe(`${place}@${old}`);
    });

    it('of an image on disk is in the repository that is named', async () => {
      const base = onMain();
      const old = await write(OLD);
      await tag(`sha-${base}`, old);
      const layout = openPlainStore(parseReference(`oci:${join(world.workspace, 'layout')}`));
      const image = `oci:layout@${await write(NEW, layout)}`;
      const inPull = pullRequest(base, push(base));
      const run = await scan(old, { image, baseline: `base-branch:${place}` }, inPull);
      expect(reviewOf(run).baseline?.image).toBe(`${place}@${old}`);
      const unnamed = await scan(old, { image, baseline: 'base-branch' }, inPull);
      expect(answersOf(unnamed)).toEqual({ outcome: 'invalid' });
      expect(unnamed.log).toContain('base-branch:ghcr.io/octo/app');
    });

    it('that has no image is a reason, and then nothing counts as known', async () => {
      const other = `${world.registry.host}/octo/other`;
      const image = `${other}@${await write(OLD, openPlainStore(parseReference(other)))}`;
      const base = onMain();
      const inPull = pullRequest(base, push(base));
      const run = await scan(
        `sha256:${'0'.repeat(64)}` as Digest,
        { image, baseline: 'base-branch' },
        inPull,
      );
      expect(run.outputs).toMatchObject({ outcome: 'passed' });
      expect(run.outputs).not.toHaveProperty('new');
      const review = reviewOf(run);
      expect(review.baseline).toMatchObject({ kind: 'base-branch', image: '' });
      expect(review.baseline?.reason).toMatch(
        /has no image of the \d+ commits that this change started from/,
      );
      expect(review.findings.map(({ state }) => state)).toEqual(Array(6).fill('unknown'));
      expect(review.packages).toBeUndefined();
      const judged = await scan(
        `sha256:${'0'.repeat(64)}` as Digest,
        {
          ...{ image, baseline: 'base-branch', 'new-only': 'true', 'fail-on': 'critical' },
        },
        inPull,
      );
      expect(judged.outputs).toMatchObject({ outcome: 'refused' });
    });

    it('under a policy is an image whose provenance names the commit; a tag alone proves nothing', async () => {
      const sha = world.commit({ ...OLD, 'app.txt': 'one' }, 'one');
      world.github.push('octo/app', sha);
      const built = await world.run('build', {
        ...{ repository: place, files: 'app:/app', builder: 'layers' },
      });
      expect(built.code, built.log).toBe(0);
      const image = built.outputs.image ?? '';
      const scanned = await world.run('scan', {
        image,
        'trivy-path': String(real),
        'db-repository': database,
      });
      const attested = await world.run('attest', { image, 'scan-report': scanned.outputs.report ?? '' });
      expect(attested.code, attested.log).toBe(0);
      const planted = push(sha);
      await tag(`sha-${planted}`, await write(BOTH));
      const run = await scan(
        await write(BOTH),
        { baseline: 'base-branch', policy: POLICY },
        pullRequest(planted, push(planted)),
      );
      const review = reviewOf(run);
      expect(review.baseline?.image).toBe(image);
      const [seen, unseen] = [true, false].map((known) =>
        review.findings.filter(({ firstSeen }) => (firstSeen !== undefined) === known),
      );
      expect(seen?.map(({ package: name, state }) => `${name} ${state}`)).toEqual(
        Array(6).fill('lodash known'),
      );
      expect(unseen?.map(({ package: name, state }) => `${name} ${state}`)).toEqual(
        Array(2).fill('minimist new'),
      );
      const { findings } = readReport(readFileSync(String(run.outputs.report), 'utf8'));
      const dated = findings.filter(({ firstSeen }) => firstSeen !== undefined);
      expect(dated.map(({ package: name }) => name)).toEqual(Array(6).fill('lodash'));
    });
  });

  describe('what cannot be reached', () => {
    it('Sigstore is a reason too, and no matter to a scan that asks no evidence', {
      timeout: 60_000,
    }, async () => {
      const base = onMain();
      await tag(`sha-${base}`, await write(OLD));
      const digest = await write(NEW);
      // There is no such instance here, and none that could be reached.
      const far = { policy: POLICY, sigstore: 'public', 'trusted-root': '' };
      const inPull = pullRequest(base, push(base));
      const plain = await scan(digest, far, inPull);
      expect(plain.outputs, plain.log).toMatchObject({ outcome: 'passed' });
      const shown = await scan(digest, { ...far, baseline: 'base-branch' }, inPull);
      expect(shown.outputs).toMatchObject({ outcome: 'passed' });
      expect(reviewOf(shown).baseline?.reason).toMatch(/sigstore/i);
      const asked = { ...far, baseline: 'base-branch', 'new-only': 'true', 'fail-on': 'critical' };
      expect(answersOf(await scan(digest, asked, inPull))).toEqual({ outcome: 'unavailable' });
    });

    const breakPath = (path: RegExp): void => {
      fault = { path, status: 500 };
    };
    /** Makes it so, given the digest of the baseline's layer. */
    type Break = (layer: string) => void;
    it.each<[string, Break, RegExp]>([
      ['GitHub', () => world.github.fail('repos/compare-commits-with-basehead', 500, 20), /gave no answer/],
      ['a layer', (layer) => breakPath(new RegExp(layer)), /500/],
    ])(
      '%s is a reason, and unavailable when the verdict depends on it',
      {
        timeout: 60_000,
      },
      async (what, breakIt, message) => {
        const base = onMain();
        const old = await write({ ...OLD, [`${what}.txt`]: what });
        await tag(`sha-${base}`, old);
        const digest = await write(NEW);
        const inPull = pullRequest(base, push(base));
        const { layers } = JSON.parse(String((await store.getManifest(old))?.bytes));
        breakIt(layers[0].digest);
        const shown = await scan(digest, { baseline: 'base-branch' }, inPull);
        expect(shown.outputs).toMatchObject({ outcome: 'passed' });
        expect(reviewOf(shown).baseline?.reason).toMatch(message);
        world.github.clearFaults();
        breakIt(layers[0].digest);
        const asked = { baseline: 'base-branch', 'new-only': 'true', 'fail-on': 'critical' };
        const depends = await scan(digest, asked, inPull);
        expect(answersOf(depends)).toEqual({ outcome: 'unavailable' });
      },
    );
  });

  describe('environment', () => {
    it('is what its records say, whatever its tag says', { timeout: 60_000 }, async () => {
      const digest = await write(NEW);
      const inputs = { baseline: 'environment:staging', policy: POLICY };
      const before = await scan(digest, inputs);
      expect(reviewOf(before).baseline).toEqual({
        ...{ kind: 'environment:staging', image: '', reason: 'nothing was promoted to staging yet' },
      });

      const old = await write(OLD);
      const image = `${place}@${old}`;
      expect((await world.run('attest', { image, signature: 'true' })).code).toBe(0);
      const promoted = await world.run(
        'promote',
        { image, environment: 'staging', policy: POLICY },
        { workflow: GATE_WORKFLOW },
      );
      expect(promoted.code, promoted.log).toBe(0);
      const staging = `${world.registry.host}/octo/staging`;
      const there = openPlainStore(parseReference(staging));
      await tag('env-staging', await write(NEW, there), there);
      const run = await scan(digest, inputs);
      expect(reviewOf(run).baseline?.image).toBe(`${staging}@${old}`);
      expect(run.log).toMatch(/the records count/);
      expect(run.outputs).toMatchObject({ new: '2', fixed: '6' });
    });

    it('whose records do not hold is no baseline: everything is judged', async () => {
      const empty = openPlainStore(parseReference(`${world.registry.host}/octo/empty`));
      const planted = await write(BOTH, empty);
      await tag(`env-empty.000001-${planted.slice(7, 19)}`, planted, empty);
      const run = await scan(await write(BOTH), {
        ...{ baseline: 'environment:empty', policy: POLICY, 'new-only': 'true', 'fail-on': 'low' },
      });
      expect(run.outputs).toMatchObject({ outcome: 'refused' });
      expect(reviewOf(run).baseline?.reason).toMatch(/no record by a promoter/);
    });
  });

  describe('base-image', () => {
    const BASE = [{ createdBy: '/bin/sh -c #(nop) ADD file:a in / ', files: packageOf('lodash', '4.17.4') }];
    const OWN = [
      { createdBy: 'WORKDIR /app', files: { 'app/.keep': '' } },
      {
        createdBy: 'RUN |1 TOKEN=word-in-the-history /bin/sh -c npm ci # buildkit',
        files: packageOf('minimist', '1.2.0'),
      },
      { createdBy: 'CMD ["node"]' },
    ];

    it('is what FROM brings, with the newer image of its tag; each finding has its layer and line', async () => {
      const library = `${world.registry.host}/library/node`;
      const there = openPlainStore(parseReference(library));
      const base = await writeLayered(there, BASE);
      await tag(
        '22',
        await writeLayered(there, [{ createdBy: 'ADD x', files: packageOf('lodash', '4.17.21') }]),
        there,
      );
      const digest = await writeLayered(store, [...BASE, ...OWN], {
        'org.opencontainers.image.base.name': `${library}:22`,
        'org.opencontainers.image.base.digest': base,
      });
      writeFileSync(
        join(world.workspace, 'Dockerfile'),
        `# an app\nFROM ${library}:22\nARG TOKEN\n`.replace(
          'ARG TOKEN\n',
          'WORKDIR /app\nRUN --mount=type=cache,target=/x \\\n  npm ci\nCMD node\n',
        ),
      );
      const run = await scan(digest, { baseline: 'base-image' });
      const review = reviewOf(run);
      expect(run.outputs).toMatchObject({ new: '2', fixed: '0' });
      expect(review.baseline?.image).toBe(`${library}@${base}`);
      expect(review.base).toMatchObject({ image: `${library}@${base}`, fixes: 6 });
      expect(review.dockerfile).toBe('Dockerfile');
      const layerOf = (name: string) => review.findings.find((found) => found.package === name)?.layer;
      expect(layerOf('lodash')).toMatchObject({ base: true, line: 2, createdBy: 'ADD file:a in /' });
      expect(layerOf('minimist')).toMatchObject({ base: false, line: 4, createdBy: 'RUN npm ci' });
    });

    it('is found by the Dockerfile alone, and by nothing when its layers are others', async () => {
      const library = `${world.registry.host}/library/alone`;
      const there = openPlainStore(parseReference(library));
      await tag('1', await writeLayered(there, BASE), there);
      await tag('2', await writeLayered(there, [{ createdBy: 'ADD y', files: { y: 'y' } }]), there);
      const digest = await writeLayered(store, [...BASE, ...OWN]);
      const lines = 'WORKDIR /app\nRUN npm ci\nCMD node\n';
      writeFileSync(join(world.workspace, 'Dockerfile'), `FROM ${library}:1\n${lines}`);
      expect(reviewOf(await scan(digest, { baseline: 'base-image' })).baseline?.reason).toBe('');
      writeFileSync(join(world.workspace, 'Dockerfile'), `FROM ${library}:2\n${lines}`);
      const review = reviewOf(await scan(digest, { baseline: 'base-image' }));
      expect(review.baseline?.reason).toMatch(/their layers differ/);
      expect(review.dockerfile).toBe('');
      expect(review.findings.every(({ layer }) => layer?.line === undefined)).toBe(true);
      expect(review.findings.find((found) => found.package === 'minimist')?.layer?.createdBy).toBe(
        'RUN npm …',
      );
    });

    it('that does not answer holds up no scan that was not asked for it', { timeout: 60_000 }, async () => {
      const library = `${world.registry.host}/library/silent`;
      writeFileSync(join(world.workspace, 'Dockerfile'), `FROM ${library}:1\nRUN npm ci\n`);
      const run = await scan(await write(OLD), {});
      expect(run.outputs).toMatchObject({ outcome: 'passed' });
      expect(reviewOf(run).dockerfile).toBe('');
      const asked = { baseline: 'base-image', 'new-only': 'true', 'fail-on': 'low', timeout: '15s' };
      expect(answersOf(await scan(await write(OLD), asked))).toEqual({ outcome: 'unavailable' });
    });

    it('that nothing names is a reason', async () => {
      const run = await scan(await write(OLD), { baseline: 'base-image' });
      expect(reviewOf(run).baseline?.reason).toMatch(/nothing says what it was built on/);
    });
  });

  it.each<[string, Record<string, string>, string]>([
    ['no kind of baseline', { baseline: 'main' }, 'baseline: may be base-branch, environment:'],
    ['a word for environment that is none', { baseline: 'env:prod' }, 'baseline: may be base-branch'],
    ['an image without tag and digest', { baseline: 'ghcr.io/octo/app' }, 'baseline:'],
    ['no environment', { baseline: 'environment:Prod!' }, 'baseline:'],
    ['an environment without a policy', { baseline: 'environment:staging' }, 'policy:'],
    [
      'an environment that the policy has not',
      { baseline: 'environment:prod', policy: POLICY },
      'environment:',
    ],
    ['no repository', { baseline: 'base-branch:octo' }, 'baseline:'],
    ['new-only without a baseline', { 'new-only': 'true', 'fail-on': 'high' }, 'new-only:'],
    ['new-only without anything to judge by', { 'new-only': 'true', baseline: 'base-image' }, 'new-only:'],
    ['a Dockerfile that is not there', { file: 'Dockerfile.none' }, 'file:'],
    ['a Dockerfile outside', { file: '../Dockerfile' }, 'file:'],
  ])('%s is invalid', async (_, inputs, message) => {
    const run = await scan(await write(OLD), inputs);
    expect(answersOf(run)).toEqual({ outcome: 'invalid' });
    expect(run.log).toContain(message);
  });

  it('an image that is not there is a reason, not a pass in silence', async () => {
    const run = await scan(await write(OLD), { baseline: `${place}:none` });
    expect(reviewOf(run).baseline).toEqual({
      kind: 'reference',
      image: '',
      reason: `${place} holds no none`,
    });
    expect(run.log).toMatch(/Nothing is compared with reference/);
  });
});
