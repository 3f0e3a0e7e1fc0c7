import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPlainStore, tamperImage } from '../../scripts/demo/tamper.ts';
import { PREDICATE_TYPES } from '../../shared/evidence/predicate.ts';
import { parseDigestReference, parseReference } from '../../shared/image/reference.ts';
import { publishStatements } from '../../shared/sigstore/publish.ts';
import { openSigner } from '../../shared/sigstore/signer.ts';
import { copyImage } from '../../shared/store/copy.ts';
import { listSubjects } from '../../shared/store/subjects.ts';
import { runContext } from '../sigstore/context.ts';
import { readRecord } from './record.ts';
import { releaseImage } from './release.ts';
import { GATE_WORKFLOW, RELEASE_WORKFLOW, type Run, startWorld, type World } from './world.ts';

const POLICY = '.github/hallmark.yml';
const AUDITED = '.github/audited.yml';
const LAX = '.github/lax.yml';
const MOVED = '.github/moved.yml';
const STRANGER = '.github/workflows/hotfix.yml';

const policy = (host: string, promoter: string) => `
version: 1
repository-id: 123456789
trust:
  builder:  [{ signer-workflow: octo/app/${RELEASE_WORKFLOW} }]
  gate:     [{ signer-workflow: octo/app/${GATE_WORKFLOW} }]
  promoter: [{ signer-workflow: octo/app/${promoter} }]
environments:
${['prod', 'lab', 'forged', 'replay', 'moved', 'race', 'closed', 'lax', 'emptied']
  .map(
    (name) =>
      `  ${name}: { repository: ${host}/octo/${name}, rules: [${name === 'lab' ? 'signed' : 'signed, provenance'}] }`,
  )
  .join('\n')}
`;

let world: World;
let first: string;
let second: string;

beforeAll(async () => {
  world = await startWorld();
  const { host } = world.registry;
  world.github.commit('octo/app', {
    [POLICY]: policy(host, GATE_WORKFLOW),
    [AUDITED]: policy(host, '.github/workflows/audited.yml'),
    [MOVED]: `${policy(host, GATE_WORKFLOW)}moved-from: [octo/app/${LAX}]\n`,
    [LAX]: `${policy(host, GATE_WORKFLOW).replaceAll('signed, provenance', 'small')}
rules:
  small: { title: Small, deny: "image.size > 1000000" }`,
  });
  first = await release('one');
  second = await release('two');
}, 60_000);
afterAll(() => world.close());

/** An image with provenance and a signature, by the workflow of `run`. */
const release = (content: string, run: Run = {}, repository = 'app') =>
  releaseImage(world, content, { repository: `${world.registry.host}/octo/${repository}` }, run);

function promote(image: string, environment: string, inputs: Record<string, string> = {}, run: Run = {}) {
  return world.run(
    'promote',
    { image, environment, policy: POLICY, ...inputs },
    { workflow: GATE_WORKFLOW, ...run },
  );
}

const storeOf = (environment: string) =>
  openPlainStore(parseReference(`${world.registry.host}/octo/${environment}`));
const digestOf = (image: string) => parseDigestReference(image).digest;
const pointerOf = async (environment: string) =>
  (await storeOf(environment).resolve(`env-${environment}`))?.digest;
const recordTagsOf = async (environment: string) =>
  (await storeOf(environment).listTags()).filter((tag) => tag.startsWith(`env-${environment}.`)).sort();

test('a promotion is copied, recorded and pointed at; the same again writes nothing', {
  timeout: 60_000,
}, async () => {
  const digest = digestOf(first);
  const inputs = { reason: 'a first release' };
  const started = world.registry.requests.length;
  const one = await promote(first, 'prod', inputs);
  const needed = world.registry.requests.length - started;
  expect(one.outputs, one.log).toEqual({
    image: `${world.registry.host}/octo/prod@${digest}`,
    repository: `${world.registry.host}/octo/prod`,
    digest,
    previous: '',
    record: expect.stringContaining(`${world.registry.host}/octo/prod@sha256:`),
    outcome: 'passed',
  });
  expect(await pointerOf('prod')).toBe(digest);
  expect(await recordTagsOf('prod')).toEqual([`env-prod.000001-${digest.slice(7, 19)}`]);

  const record = await readRecord(one.outputs['record'] ?? '');
  expect(record).toMatchObject({
    environment: 'prod',
    repository: `${world.registry.host}/octo/prod`,
    repositoryId: '123456789',
    digest,
    sequence: 1,
    requestedBy: 'mona',
    reason: 'a first release',
  });
  expect(record.previous).toBeUndefined();
  expect(Buffer.from(record.policy.content, 'base64').toString()).toBe(
    policy(world.registry.host, GATE_WORKFLOW),
  );

  const source = openPlainStore(parseReference(first));
  const arrived = (await storeOf('prod').listReferrers(digest)).map((referrer) => referrer.digest);
  const travelled = (await source.listReferrers(digest)).map((referrer) => referrer.digest);
  expect(travelled).toContain(record.verdict);
  expect(arrived).toEqual(expect.arrayContaining(travelled));

  const before = world.registry.requests.length;
  const again = await promote(first, 'prod', inputs);
  expect(again.outputs, again.log).toEqual(one.outputs);
  const requests = world.registry.requests.slice(before);
  expect(requests.filter(({ method }) => !/^(GET|HEAD)$/.test(method))).toEqual([]);
  expect(requests.length * 3, `${requests.length} requests after ${needed}`).toBeLessThan(needed);
  expect(await recordTagsOf('prod')).toHaveLength(1);
});

test('the next promotion continues the chain, and a pointer that was moved by hand is put right', {
  timeout: 60_000,
}, async () => {
  const before = world.registry.requests.length;
  const done = await promote(second, 'prod');
  expect(done.outputs, done.log).toMatchObject({ outcome: 'passed', previous: digestOf(first) });
  // What stood there before is read once, not again after the record is written.
  const reads = world.registry.requests
    .slice(before)
    .filter(
      ({ method, path }) => method === 'GET' && path.endsWith(`/octo/prod/manifests/${digestOf(first)}`),
    );
  expect(reads).toHaveLength(1);
  const record = await readRecord(done.outputs['record'] ?? '');
  expect(record.sequence).toBe(2);
  expect(record.previous).toMatch(/^sha256:/);

  const store = storeOf('prod');
  const old = await store.getManifest(digestOf(first));
  await store.putManifest(old?.bytes ?? Buffer.alloc(0), old?.descriptor.mediaType ?? '', 'env-prod');
  const healed = await promote(second, 'prod');
  expect(healed.outputs, healed.log).toEqual(done.outputs);
  expect(healed.log).toContain('put right');
  expect(await pointerOf('prod')).toBe(digestOf(second));
});

describe('what is refused leaves the environment as it was', () => {
  const host = () => world.registry.host;
  test.each<{
    name: string;
    image: () => string | Promise<string>;
    inputs?: Record<string, string>;
    run?: Run;
    outcome: string;
    says: RegExp;
  }>([
    {
      name: 'an image without evidence',
      image: async () => {
        world.commit({}, 'unsigned');
        const inputs = {
          repository: `${host()}/octo/unsigned`,
          files: 'app.txt:/app.txt',
          provenance: 'false',
        };
        return (await world.run('build', inputs)).outputs['image'] ?? '';
      },
      outcome: 'refused',
      says: /signed .*no signature evidence[\s\S]*provenance .*no provenance evidence/,
    },
    {
      name: 'an image whose evidence is by a workflow that the policy does not trust',
      image: () => release('stranger', { workflow: STRANGER }, 'stranger'),
      outcome: 'refused',
      says: /signed .*no signature evidence/,
    },
    {
      name: 'a changed image with the genuine evidence attached',
      image: () => tamperImage(second),
      outcome: 'refused',
      says: /signed .*no signature evidence/,
    },
    {
      name: 'a verdict by a run that is no gate',
      image: () => second,
      run: { workflow: RELEASE_WORKFLOW },
      outcome: 'refused',
      says: /does not count at .*octo\/closed: not gate/,
    },
    {
      name: 'a record by a run that is no promoter',
      image: () => second,
      inputs: { policy: AUDITED },
      outcome: 'refused',
      says: /does not let this run promote: signer-workflow is/,
    },
    {
      name: 'anything without a policy',
      image: () => second,
      inputs: { policy: '' },
      outcome: 'refused',
      says: /there is no policy/,
    },
    {
      name: 'a job without id-token: write',
      image: () => second,
      run: {
        variables: { ACTIONS_ID_TOKEN_REQUEST_URL: undefined, ACTIONS_ID_TOKEN_REQUEST_TOKEN: undefined },
      },
      outcome: 'invalid',
      says: /id-token: write/,
    },
    {
      name: 'a tag',
      image: () => `${host()}/octo/app:latest`,
      outcome: 'invalid',
      says: /image: needs a digest/,
    },
    {
      name: 'an image that is not there',
      image: () => `${host()}/octo/app@sha256:${'0'.repeat(64)}`,
      outcome: 'invalid',
      says: /image: .*holds no sha256:0/,
    },
    {
      name: 'an environment that the policy does not name',
      image: () => second,
      inputs: { environment: 'moon' },
      outcome: 'invalid',
      says: /environment: .*prod/,
    },
    {
      name: 'a name that is none',
      image: () => second,
      inputs: { environment: 'Prod' },
      outcome: 'invalid',
      says: /environment: may hold/,
    },
  ])('$name', { timeout: 60_000 }, async ({ image, inputs = {}, run = {}, outcome, says }) => {
    const result = await promote(await image(), 'closed', inputs, run);
    expect(result.outputs['outcome'], result.log).toBe(outcome);
    expect(result.log.replaceAll('%0A', '\n')).toMatch(says);
    expect(result.code).toBe(1);
    expect((await storeOf('closed').listTags()).filter((tag) => tag.startsWith('env-'))).toEqual([]);
  });
});

test('what another policy let in stops everything, unless this policy says that it was there before', {
  timeout: 60_000,
}, async () => {
  world.commit({ 'app.txt': 'bare' }, 'bare');
  const inputs = { repository: `${world.registry.host}/octo/bare`, files: 'app.txt:/app.txt' };
  const built = await world.run('build', { ...inputs, provenance: 'false' });
  const bare = built.outputs['image'] ?? '';
  const before = await promote(bare, 'lax', { policy: LAX });
  expect(before.outputs, before.log).toMatchObject({ outcome: 'passed' });
  for (const image of [bare, first]) {
    const stopped = await promote(image, 'lax');
    expect(stopped.outputs, stopped.log).toMatchObject({ outcome: 'refused' });
    expect(stopped.log).toMatch(/env-lax\.000001-\w+ was let in by octo\/app\/\S+, not by octo\/app\//);
  }

  // Where that policy was this one's place before, what it let in stands, and is judged anew all the same.
  const unsigned = await promote(bare, 'lax', { policy: MOVED });
  expect(unsigned.outputs, unsigned.log).toMatchObject({ outcome: 'refused' });
  expect(unsigned.log).toContain('there is no signature evidence');
  const good = await promote(first, 'lax', { policy: MOVED });
  expect(good.outputs, good.log).toMatchObject({ outcome: 'passed', previous: before.outputs['digest'] });
  expect(await recordTagsOf('lax')).toHaveLength(2);
});

describe('a chain that does not hold stops everything', () => {
  test('no record at all, where the pointer shows that there were some', { timeout: 60_000 }, async () => {
    await promote(first, 'emptied');
    for (const tag of await recordTagsOf('emptied')) {
      await fetch(`http://${world.registry.host}/v2/octo/emptied/manifests/${tag}`, { method: 'DELETE' });
    }
    const next = await promote(second, 'emptied');
    expect(next.outputs, next.log).toMatchObject({ outcome: 'refused' });
    expect(next.log).toContain('no promotion is recorded');
    expect(await recordTagsOf('emptied')).toEqual([]);
  });

  async function putTag(environment: string, tag: string, image: string): Promise<void> {
    const source = await openPlainStore(parseReference(image)).getManifest(digestOf(image));
    await storeOf(environment).putManifest(
      source?.bytes ?? Buffer.alloc(0),
      source?.descriptor.mediaType ?? '',
      tag,
    );
  }

  test('a forged record: signed, but not by a promoter', { timeout: 60_000 }, async () => {
    const genuine = await promote(first, 'forged');
    expect(genuine.outputs['outcome'], genuine.log).toBe('passed');
    const record = await readRecord(genuine.outputs['record'] ?? '');
    // Who may push, and runs code in the release workflow, signs a record of its own and gives it a tag.
    const store = storeOf('forged');
    const context = runContext(world.sigstore, {
      job_workflow_ref: `octo/app/${RELEASE_WORKFLOW}@refs/heads/main`,
    });
    const signer = await openSigner(world.services, context);
    const previous = parseDigestReference(genuine.outputs['record'] ?? '').digest;
    await publishStatements(store, await listSubjects(store, digestOf(first)), signer, [
      { predicateType: PREDICATE_TYPES.promotion[0], predicate: { ...record, sequence: 2, previous } },
    ]);
    await putTag('forged', `env-forged.000002-${digestOf(first).slice(7, 19)}`, first);

    const stopped = await promote(second, 'forged');
    expect(stopped.outputs['outcome'], stopped.log).toBe('refused');
    expect(stopped.log).toMatch(
      /env-forged\.000002-\w+ has no record by a promoter that says so; sha256:\w+ does not count: not promoter/,
    );
    expect(await pointerOf('forged')).toBe(digestOf(first));
  });

  test('genuine records of another environment, copied with their image', { timeout: 60_000 }, async () => {
    await copyImage(storeOf('prod'), storeOf('replay'), digestOf(first), { referrers: true });
    await putTag('replay', `env-replay.000001-${digestOf(first).slice(7, 19)}`, first);
    const stopped = await promote(second, 'replay');
    expect(stopped.outputs['outcome'], stopped.log).toBe('refused');
    expect(stopped.log).toContain('env-replay.000001');
    expect(await pointerOf('replay')).toBeUndefined();
  });

  test('a promotion’s tag that was moved to another image', { timeout: 60_000 }, async () => {
    for (const image of [first, second]) {
      const genuine = await promote(image, 'moved');
      expect(genuine.outputs['outcome'], genuine.log).toBe('passed');
    }
    await putTag('moved', `env-moved.000001-${digestOf(first).slice(7, 19)}`, second);
    const stopped = await promote(first, 'moved');
    expect(stopped.outputs['outcome'], stopped.log).toBe('refused');
    expect(stopped.log).toContain('written once and never moves');
    expect(await pointerOf('moved')).toBe(digestOf(second));
  });
});

test('two promotions at once: one stands, both are recorded, and the next goes on from there', {
  timeout: 60_000,
}, async () => {
  const runs = await Promise.all([promote(first, 'race'), promote(second, 'race')]);
  const outcomes = runs.map(({ outputs }) => outputs['outcome']);
  expect(outcomes, runs.map(({ log }) => log).join('\n')).toContain('passed');
  expect(await recordTagsOf('race')).toHaveLength(2);
  for (const { outputs, log } of runs.filter((run) => run.code !== 0)) {
    expect(outputs['outcome']).toBe('refused');
    expect(log).toContain('this one is recorded as superseded');
  }

  const held = await pointerOf('race');
  const third = await release('three');
  const next = await promote(third, 'race');
  expect(next.outputs, next.log).toMatchObject({ outcome: 'passed', previous: held });
  expect(await pointerOf('race')).toBe(digestOf(third));

  const older = await promote(first, 'race');
  expect(older.outputs, older.log).toMatchObject({ outcome: 'refused', previous: digestOf(third) });
  expect(older.log).toMatch(/its commit \w{40} is older than \w{40}, which runs: only a rollback goes back/);
  expect(await pointerOf('race')).toBe(digestOf(third));
});

test('an image is promoted from a layout on disk', { timeout: 60_000 }, async () => {
  world.commit({ 'app.txt': 'three' }, 'three');
  const built = await world.run('build', { files: 'app.txt:/app.txt', push: 'false' });
  const image = built.outputs['image'] ?? '';
  expect(image, built.log).toMatch(/^oci:.*@sha256:/);
  const attested = await world.run('attest', { image, signature: 'true' });
  expect(attested.outputs['outcome'], attested.log).toBe('passed');
  const done = await promote(image, 'lab');
  expect(done.outputs, done.log).toMatchObject({ outcome: 'passed', digest: digestOf(image) });
  expect(await pointerOf('lab')).toBe(digestOf(image));
});
