import { afterAll, beforeAll, expect, test } from 'vitest';
import { PREDICATE_TYPES } from '../../shared/evidence/predicate.ts';
import type { RunContext } from '../../shared/github/context.ts';
import { type LoadedPolicy, loadPolicy } from '../../shared/github/policy.ts';
import type { Digest } from '../../shared/image/digest.ts';
import { parseReference } from '../../shared/image/reference.ts';
import { publishStatements } from '../../shared/sigstore/publish.ts';
import { openSigner } from '../../shared/sigstore/signer.ts';
import type { StatementVerifier } from '../../shared/sigstore/verifier.ts';
import { openStore, storeOptions } from '../../shared/store/open.ts';
import { mapParallel } from '../../shared/store/parallel.ts';
import type { Store } from '../../shared/store/store.ts';
import { listSubjects } from '../../shared/store/subjects.ts';
import { readEnvironment } from '../../shared/verbs/environment.ts';
import { openPolicyVerifier } from '../../shared/verbs/judge.ts';
import { promote } from '../../shared/verbs/promote.ts';
import type { Fault, SeenRequest } from '../servers/registry.ts';
import { runContext } from '../sigstore/context.ts';
import { putImage } from '../sigstore/image.ts';
import { GATE_WORKFLOW, RELEASE_WORKFLOW, startWorld, type World } from './world.ts';

/*
 * Promotions that are killed, that meet each other, and whose registries lie.
 */

const POLICY = '.github/hallmark.yml';
const ENVIRONMENTS = 250;

const policy = (host: string) => `
version: 1
repository-id: 123456789
trust:
  builder:  [{ signer-workflow: octo/app/${RELEASE_WORKFLOW} }]
  gate:     [{ signer-workflow: octo/app/${GATE_WORKFLOW} }]
  promoter: [{ signer-workflow: octo/app/${GATE_WORKFLOW} }]
environments:
${Array.from({ length: ENVIRONMENTS }, (_, n) => `  e${n}: { repository: ${host}/octo/e${n}, rules: [signed] }`).join('\n')}
`;

type Plan = (request: SeenRequest) => Fault | undefined | Promise<Fault | undefined>;

let world: World;
let loaded: LoadedPolicy;
let verifier: StatementVerifier;
/** What is played for the requests about one environment and its source. */
const plans = new Map<string, Plan>();
let used = 0;

beforeAll(async () => {
  world = await startWorld({
    registry: {
      onRequest: (request) =>
        plans.get(/\/octo\/(?:e|source)(\d+)\//.exec(request.path)?.[1] ?? '')?.(request),
    },
  });
  world.github.commit('octo/app', { [POLICY]: policy(world.registry.host) });
  world.commit({}, 'anything');
  const inputs = { 'github-token': world.github.token };
  loaded = await loadPolicy(POLICY, inputs, contextOf(GATE_WORKFLOW));
  verifier = await openPolicyVerifier(loaded, world.services, contextOf(GATE_WORKFLOW));
}, 60_000);
afterAll(() => world.close());

function contextOf(workflow: string): RunContext {
  const claims = { job_workflow_ref: `octo/app/${workflow}@refs/heads/main` };
  return runContext(world.sigstore, claims, { workspace: world.workspace, apiUrl: world.github.url });
}

const open = (repository: string): Store =>
  openStore(
    parseReference(`${world.registry.host}/octo/${repository}`),
    storeOptions(contextOf(RELEASE_WORKFLOW)),
  );

/** A signed index of one platform. */
async function release(repository: string, salt: string): Promise<string> {
  const store = open(repository);
  const image = await putImage(store, ['amd64'], salt, {}, 'index');
  const signer = await openSigner(world.services, contextOf(RELEASE_WORKFLOW));
  await publishStatements(store, image, signer, [
    { predicateType: PREDICATE_TYPES.signature[0], predicate: {} },
  ]);
  return `${store.place}@${image.digest}`;
}

/** An environment that holds one image, and another image in a source of its own. */
async function prepare(): Promise<{ id: string; environment: string; first: string; next: string }> {
  const id = String(used);
  used += 1;
  const environment = `e${id}`;
  const [first, next] = [await release(`source${id}`, 'first'), await release(`source${id}`, 'next')];
  await promoteHere(first, environment);
  return { id, environment, first, next };
}

/** The same promotion as `run`, in this process. */
const promoteHere = (image: string, environment: string) =>
  promote({ ...world.services, image, environment, policy: POLICY }, contextOf(GATE_WORKFLOW));

const run = (image: string, environment: string, kill?: AbortSignal) =>
  world.run(
    'promote',
    { image, environment, policy: POLICY },
    { workflow: GATE_WORKFLOW, ...(kill && { kill }) },
  );
const digestOf = (image: string): Digest => image.split('@')[1] as Digest;
const digestsOf = (records: readonly { promotion: { digest: Digest } }[]): Digest[] =>
  records.map(({ promotion }) => promotion.digest);

/** What any reader makes of the environment. */
const read = (environment: string) => readEnvironment(open(environment), environment, verifier, loaded);

/** What refers to the image or its platform at the source and not in the environment; everything when the image is not there. */
async function findLost(image: string, environment: string): Promise<Digest[]> {
  const [from, to] = [open(image.split('@')[0]?.split('/').at(-1) ?? ''), open(environment)];
  const { all } = await listSubjects(from, digestOf(image));
  const lost = await Promise.all(
    all.map(async ({ digest }) => {
      const there = (await to.listReferrers(digest)).map((one) => one.digest);
      const whole = [digest, ...(await from.listReferrers(digest)).map((one) => one.digest)];
      const held = (await to.getManifest(digest)) === undefined ? there : [digest, ...there];
      return whole.filter((one) => !held.includes(one));
    }),
  );
  return lost.flat();
}

test('killed at every request in turn: complete or untouched, and whole when it runs again', {
  timeout: 600_000,
}, async () => {
  const clean = await prepare();
  let total = 0;
  plans.set(clean.id, () => {
    total += 1;
    return undefined;
  });
  const done = await run(clean.next, clean.environment);
  expect(done.outputs, done.log).toMatchObject({ outcome: 'passed', previous: digestOf(clean.first) });
  expect(total).toBeGreaterThan(40);

  const numbers = Array.from({ length: total }, (_, index) => index + 1);
  const cases = await mapParallel(numbers, 3, async (at) => {
    const { id, environment, first, next } = await prepare();
    const kill = new AbortController();
    let seen = 0;
    plans.set(id, () => {
      seen += 1;
      if (seen < at || kill.signal.aborted) return undefined;
      kill.abort();
      return 'drop';
    });
    await run(next, environment, kill.signal);
    plans.delete(id);
    const killed = kill.signal.aborted;
    const after = await read(environment);
    const moved = after.standing.length > 1;
    expect({ at, stands: digestsOf(after.standing) }).toEqual({
      at,
      stands: [digestOf(first), ...(moved ? [digestOf(next)] : [])],
    });
    // The pointer may lag behind the record, never go ahead of it.
    expect(digestsOf(after.standing), `pointer at ${at}`).toContain(after.pointer);
    if (moved) expect({ at, lost: await findLost(next, environment) }).toEqual({ at, lost: [] });

    const { outcome, outputs } = await promoteHere(next, environment);
    expect({ at, outcome, digest: outputs.digest }).toEqual({
      at,
      outcome: undefined,
      digest: digestOf(next),
    });
    const whole = await read(environment);
    expect({ at, stands: digestsOf(whole.standing), pointer: whole.pointer }).toEqual({
      at,
      stands: [digestOf(first), digestOf(next)],
      pointer: digestOf(next),
    });
    // The record of the run that was killed may lie beside the one that stands: it says the same.
    expect(digestsOf(whole.superseded).filter((digest) => digest !== digestOf(next))).toEqual([]);
    expect({ at, lost: await findLost(next, environment) }).toEqual({ at, lost: [] });
    expect(String(outputs.record).split('@')[1]).toBe(whole.standing[1]?.record);
    return { killed, moved, twins: whole.superseded.length };
  });
  // Requests that go out together do not come in the same order each time, so the last numbers may not be reached.
  expect(cases.filter(({ killed }) => killed).length).toBeGreaterThan(total - 8);
  expect(cases.some(({ moved }) => moved)).toBe(true);
  expect(cases.some(({ moved }) => !moved)).toBe(true);
  expect(cases.some(({ twins }) => twins > 0)).toBe(true);
});

test.each([2, 10])(
  '%d at once: all are recorded, one stands, the others are superseded',
  {
    timeout: 120_000,
  },
  async (count) => {
    const { id, environment, first } = await prepare();
    const images: string[] = [];
    for (let n = 0; n < count; n += 1) images.push(await release(`source${id}`, `rival ${n}`));
    // Each reads the environment before any of them writes: they all continue the same record.
    let waiting: (() => void)[] = [];
    plans.set(id, async ({ path }) => {
      if (waiting.length < count && path.includes(`/octo/${environment}/tags/list`)) {
        await new Promise<void>((resolve) => {
          waiting.push(resolve);
          if (waiting.length === count) for (const go of waiting) go();
        });
      }
      return undefined;
    });
    const runs = await Promise.all(images.map((image) => run(image, environment)));
    plans.delete(id);
    waiting = [];

    const state = await read(environment);
    const [before, stands] = digestsOf(state.standing);
    const all = images.map(digestOf);
    expect(before).toBe(digestOf(first));
    expect(state.standing).toHaveLength(2);
    expect([stands, ...digestsOf(state.superseded)].sort()).toEqual(all.toSorted());
    expect(state.pointer).toBe(stands);
    for (const [at, { outputs, log }] of runs.entries()) {
      const own = all[at] === stands;
      // Another may have passed before one that was logged in the same second was seen; the one that stands always did.
      expect(own ? ['passed'] : ['passed', 'refused'], log).toContain(outputs.outcome);
      if (outputs.outcome === 'refused') expect(log).toContain('this one is recorded as superseded');
    }
    expect(await findLost(`${images[all.indexOf(stands as Digest)]}`, environment)).toEqual([]);

    const next = await release(`source${id}`, 'after them');
    const done = await run(next, environment);
    expect(done.outputs, done.log).toMatchObject({ outcome: 'passed', previous: stands });
  },
);

/** What of one promotion a fault is played for. */
interface Parts {
  readonly source: string;
  readonly environment: string;
  readonly index: string;
  readonly platform: string;
  readonly config: string;
  /** The signature's manifest and its bundle. */
  readonly signature: string;
  readonly bundle: string;
}

const OTHER = { status: 200, body: Buffer.from('{"schemaVersion":2,"other":"bytes"}') };
const GONE = { status: 404 };
const is = (request: SeenRequest, method: string, path: string): boolean =>
  request.method === method && request.path.endsWith(path);
const answerTo =
  (fault: Fault, method: string, path: (parts: Parts) => string) =>
  (parts: Parts): Plan =>
  (request) =>
    is(request, method, path(parts)) ? fault : undefined;
/** A plan that begins when the verdict is written beside the source: everything is judged by then. */
const afterVerdict =
  (plan: (parts: Parts) => Plan) =>
  (parts: Parts): Plan => {
    const later = plan(parts);
    let judged = false;
    return (request) => {
      judged ||= request.method === 'PUT' && request.path.includes(`/octo/${parts.source}/manifests/`);
      return judged ? later(request) : undefined;
    };
  };
/** The registry mounts nothing, so that bytes are sent. */
const withoutMounts =
  (plan: (parts: Parts) => Plan) =>
  (parts: Parts): Plan => {
    const later = plan(parts);
    return (request) => (request.path.includes('mount=') ? { status: 405 } : later(request));
  };

test.each<{ name: string; plan: (parts: Parts) => Plan; says: RegExp }>([
  {
    name: 'a source that gives another index under its digest',
    plan: answerTo(OTHER, 'GET', ({ source, index }) => `octo/${source}/manifests/${index}`),
    says: /source\d+ holds other bytes than/,
  },
  {
    name: 'a source that changes the index when it is judged',
    plan: afterVerdict(answerTo(OTHER, 'GET', ({ source, index }) => `octo/${source}/manifests/${index}`)),
    says: /source\d+ holds other bytes than/,
  },
  {
    name: 'a source that changes a platform when it is judged',
    plan: afterVerdict(
      answerTo(OTHER, 'GET', ({ source, platform }) => `octo/${source}/manifests/${platform}`),
    ),
    says: /source\d+ holds other bytes than/,
  },
  {
    name: 'a source that changes a blob when it is judged',
    plan: withoutMounts(
      afterVerdict(answerTo(OTHER, 'GET', ({ source, config }) => `octo/${source}/blobs/${config}`)),
    ),
    says: /source\d+ holds other bytes than/,
  },
  {
    name: 'a source that loses evidence when it is judged',
    plan: afterVerdict(({ source, index, platform }) => {
      // By digest, and by the tag that each bundle has of its own.
      const manifests = `octo/${source}/manifests/sha256`;
      return ({ method, path }) =>
        method === 'GET' && path.includes(manifests) && !path.endsWith(index) && !path.endsWith(platform)
          ? GONE
          : undefined;
    }),
    says: /does not count at .*e\d+: it is not there/,
  },
  {
    name: 'a destination that corrupts a blob that it was sent',
    plan: withoutMounts(
      answerTo(OTHER, 'GET', ({ environment, config }) => `octo/${environment}/blobs/${config}`),
    ),
    says: /e\d+ holds other bytes than/,
  },
  {
    name: 'a destination that loses a blob that it took over',
    plan: answerTo(GONE, 'HEAD', ({ environment, config }) => `octo/${environment}/blobs/${config}`),
    says: /e\d+ does not have sha256:\w+, which it took over/,
  },
  {
    name: 'a destination that corrupts evidence',
    plan: answerTo(OTHER, 'GET', ({ environment, bundle }) => `octo/${environment}/blobs/${bundle}`),
    says: /does not count at .*e\d+: .*holds other bytes than/,
  },
  {
    name: 'a destination that drops a referrer',
    plan: ({ environment, signature }) => {
      const own = signature.slice(7, 23);
      return ({ method, path }) =>
        method === 'PUT' && path.includes(`octo/${environment}/manifests/`) && path.endsWith(`.${own}`)
          ? { status: 201, headers: { 'oci-subject': 'taken' } }
          : undefined;
    },
    says: /e\d+ does not have sha256:\w+, which it took[\s\S]*e\d+ does not list sha256:\w+ beside/,
  },
  {
    name: 'a destination that says another digest than it was sent',
    plan: answerTo(
      { status: 201, headers: { 'docker-content-digest': `sha256:${'0'.repeat(64)}` } },
      'PUT',
      ({ environment, index }) => `octo/${environment}/manifests/${index}`,
    ),
    says: /was sent sha256:\w+ and says it stored sha256:0{64}/,
  },
  {
    name: 'a destination that gives another index under its digest',
    plan: answerTo(OTHER, 'GET', ({ environment, index }) => `octo/${environment}/manifests/${index}`),
    says: /e\d+ holds other bytes than/,
  },
  {
    name: 'a destination that takes the record and does not have it',
    plan: ({ environment, index }) => {
      let copied = false;
      return ({ method, path }) => {
        // The index is the last that is copied; the next manifest beside it is the record.
        copied ||= method === 'PUT' && path.endsWith(`octo/${environment}/manifests/${index}`);
        const beside = `octo/${environment}/manifests/${index.replace(':', '-')}.`;
        return copied && method === 'PUT' && path.includes(beside)
          ? { status: 201, headers: { 'oci-subject': index } }
          : undefined;
      };
    },
    says: /took the record, and does not have it/,
  },
])('$name is refused before anything moves', { timeout: 60_000 }, async ({ plan, says }) => {
  const { id, environment, first, next } = await prepare();
  const source = `source${id}`;
  const store = open(source);
  const index = digestOf(next);
  const { platforms } = await listSubjects(store, index);
  const [signature] = await store.listReferrers(index);
  const bundle = JSON.parse(String((await store.getManifest(signature?.digest ?? ''))?.bytes)).layers[0]
    .digest;
  plans.set(
    id,
    plan({
      source,
      environment,
      index,
      platform: platforms[0]?.descriptor.digest ?? '',
      config: platforms[0]?.manifest.config.digest ?? '',
      signature: signature?.digest ?? '',
      bundle,
    }),
  );
  const done = await run(next, environment);
  expect(done.outputs, done.log).toMatchObject({ outcome: 'refused' });
  expect(done.log.replaceAll('%0A', '\n')).toMatch(says);
  plans.delete(id);
  const after = await read(environment);
  expect(digestsOf(after.standing)).toEqual([digestOf(first)]);
  expect(after.pointer).toBe(digestOf(first));

  const again = await run(next, environment);
  expect(again.outputs, again.log).toMatchObject({ outcome: 'passed', previous: digestOf(first) });
  expect(await findLost(next, environment)).toEqual([]);
});

test('a pointer that the destination does not move is refused, and put right when it runs again', {
  timeout: 60_000,
}, async () => {
  const { id, environment, first, next } = await prepare();
  plans.set(id, (request) =>
    is(request, 'PUT', `octo/${environment}/manifests/env-${environment}`) ? { status: 201 } : undefined,
  );
  const done = await run(next, environment);
  expect(done.outputs, done.log).toMatchObject({ outcome: 'refused' });
  expect(done.log).toMatch(/env-e\d+ was written as sha256:\w+ and reads as sha256:/);
  plans.delete(id);
  expect(digestsOf((await read(environment)).standing)).toEqual([digestOf(first), digestOf(next)]);
  const again = await run(next, environment);
  expect(again.outputs, again.log).toMatchObject({ outcome: 'passed', previous: digestOf(first) });
  expect((await read(environment)).pointer).toBe(digestOf(next));
});

test('a tag of the source that moves under way changes nothing', { timeout: 60_000 }, async () => {
  const { id, environment, next } = await prepare();
  const store = open(`source${id}`);
  const put = async (image: string): Promise<void> => {
    const stored = await store.getManifest(digestOf(image));
    if (stored) await store.putManifest(stored.bytes, stored.descriptor.mediaType, 'latest');
  };
  await put(next);
  const other = await release(`source${id}`, 'other');
  let moved = false;
  plans.set(id, async ({ method, path }) => {
    if (!moved && method === 'PUT' && path.includes(`/octo/source${id}/manifests/`)) {
      moved = true;
      await put(other);
    }
    return undefined;
  });
  const done = await run(`${next.split('@')[0]}:latest@${digestOf(next)}`, environment);
  plans.delete(id);
  expect(done.outputs, done.log).toMatchObject({ outcome: 'passed', digest: digestOf(next) });
  expect((await store.resolve('latest'))?.digest).toBe(digestOf(other));
  expect(await open(environment).resolve(digestOf(other))).toBeUndefined();
});
