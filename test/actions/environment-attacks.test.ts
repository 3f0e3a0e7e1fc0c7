import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openPlainStore } from '../../scripts/demo/tamper.ts';
import { recordTag } from '../../shared/environment/tags.ts';
import { PREDICATE_TYPES } from '../../shared/evidence/predicate.ts';
import type { Promotion } from '../../shared/evidence/promotion.ts';
import type { Digest } from '../../shared/image/digest.ts';
import { parseDigestReference, parseReference } from '../../shared/image/reference.ts';
import { publishStatements } from '../../shared/sigstore/publish.ts';
import { openSigner } from '../../shared/sigstore/signer.ts';
import { copyImage } from '../../shared/store/copy.ts';
import { listSubjects } from '../../shared/store/subjects.ts';
import { runContext } from '../sigstore/context.ts';
import { readRecord } from './record.ts';
import { releaseImage } from './release.ts';
import { GATE_WORKFLOW, RELEASE_WORKFLOW, type Run, startWorld, type World } from './world.ts';

/*
 * What people try who may do some of it: push to the environment's registry, delete there, sign as a promoter, name another policy, approve.
 * The world is made once; each case has an environment of its own. More of them stand in promote.test.ts (a record by the wrong role, a
 * replay, tags that moved) and environment.test.ts (a deleted withdrawal, self-approval).
 */

const POLICY = '.github/hallmark.yml';
const MAIN = { ref: 'refs/heads/main' };

const NAMES =
  'old fork pull gone elsewhere one two hold hold-eu unlogged never branch clock vsa late broken api source'.split(
    ' ',
  );
const policy = (host: string, path = '') => `
version: 1
repository-id: 123456789
trust:
  builder:  [{ signer-workflow: octo/app/${RELEASE_WORKFLOW} }]
  gate:     [{ signer-workflow: octo/app/${GATE_WORKFLOW}, ref: refs/heads/main }]
  promoter: [{ signer-workflow: octo/app/${GATE_WORKFLOW}, ref: refs/heads/main }]
environments:
${NAMES.map((name) => `  ${name}: { repository: ${host}/octo/${/^(one|two|hold)/.test(name) ? 'shared' : name}${path}, rules: [signed, provenance] }`).join('\n')}
  after:    { repository: ${host}/octo/after, after: vsa, rules: [signed] }
  approved: { repository: ${host}/octo/approved, approvals: 1, rules: [signed] }
  over:     { repository: ${host}/octo/over, rules: [never] }
rules:
  never: { title: Never, deny: "true" }
`;

let world: World;
let first: string;
let second: string;
let host: string;

beforeAll(async () => {
  world = await startWorld();
  ({ host } = world.registry);
  world.github.commit('octo/app', { [POLICY]: policy(host), '.github/moved.yml': policy(host, '-new') });
  first = await release('one');
  second = await release('two');
  world.github.reviews.permissions.hubot = 'write';
}, 60_000);
afterAll(() => world.close());
beforeEach(() => {
  world.github.reviews.runs.length = 0;
});

const release = (content: string) => releaseImage(world, content);

const promote = (image: string, environment: string, inputs: Record<string, string> = {}, run: Run = {}) =>
  world.run(
    'promote',
    { image, environment, policy: POLICY, ...inputs },
    { workflow: GATE_WORKFLOW, ...run },
  );
const mark = (mode: string, environment: string, inputs: Record<string, string> = {}) =>
  promote('', environment, { mode, reason: 'because', ...inputs });

/** The promotion that has to pass for the attack to mean anything; returns its record. */
async function hold(environment: string, ...images: string[]): Promise<string> {
  let record = '';
  for (const image of images) {
    const done = await promote(image, environment);
    expect(done.outputs, done.log).toMatchObject({ outcome: 'passed' });
    record = done.outputs.record ?? '';
  }
  return record;
}

const digestOf = (image: string): Digest => parseDigestReference(image).digest;
const storeOf = (repository: string) => openPlainStore(parseReference(`${host}/octo/${repository}`));
async function tagAs(repository: string, tag: string, digest: Digest): Promise<void> {
  const store = storeOf(repository);
  const found = await store.getManifest(digest);
  await store.putManifest(found?.bytes ?? Buffer.alloc(0), found?.descriptor.mediaType ?? '', tag);
}
async function deleteFrom(repository: string, reference: string): Promise<void> {
  const url = `http://${host}/v2/octo/${repository}/manifests/${reference}`;
  expect((await fetch(url, { method: 'DELETE' })).ok).toBe(true);
}

/** Signs the record that follows a genuine one, changed, as whoever runs the gate's workflow on main (or another ref), and tags it. */
async function appendBy(
  environment: string,
  record: string,
  change: Partial<Promotion>,
  { ref = MAIN.ref, log = true } = {},
): Promise<void> {
  const genuine = await readRecord(record);
  const { withdraws: _, ...before } = genuine;
  const promotion = {
    ...before,
    sequence: genuine.sequence + 1,
    previous: digestOf(record),
    ...change,
  };
  const store = storeOf(environment);
  const claims = {
    ref,
    job_workflow_ref: `octo/app/${GATE_WORKFLOW}@${ref}`,
    workflow_ref: `octo/app/${GATE_WORKFLOW}@${ref}`,
    event_name: 'push',
    repository_id: '123456789',
  };
  const signer = await openSigner(world.services, runContext(world.sigstore, claims));
  await publishStatements(
    store,
    await listSubjects(store, promotion.digest),
    log ? signer : { ...signer, sign: (statements) => signer.sign(statements, { log }) },
    [{ predicateType: PREDICATE_TYPES.promotion[0], predicate: promotion, subjects: [promotion.digest] }],
  );
  await tagAs(environment, recordTag(environment, promotion.sequence, promotion.digest), promotion.digest);
}

interface Attack {
  readonly name: string;
  readonly environment: string;
  /** Its repository, where the name is not the same. */
  readonly repository?: string;
  /** Leaves what `run` then meets. */
  readonly prepare?: () => Promise<unknown>;
  readonly run: () => ReturnType<typeof promote>;
  readonly outcome?: string;
  readonly says: RegExp;
}

describe('each is refused for its own reason, and the environment stays as it was', () => {
  test.each<Attack>([
    {
      name: 'an older commit than the one that runs',
      environment: 'old',
      prepare: () => hold('old', second),
      run: () => promote(first, 'old'),
      says: /descends .*its commit \w+ is older than \w+, which runs: only a rollback goes back/,
    },
    {
      name: 'a policy by a commit of a fork',
      environment: 'fork',
      run: async () => {
        const commit = world.github.commitInFork('octo/app', { [POLICY]: policy(host) });
        return promote(first, 'fork', { policy: `octo/app/${POLICY}@${commit}` });
      },
      says: /is not reachable from main of octo\/app: fork commits answer to a SHA too/,
    },
    {
      name: "a pull request's own policy",
      environment: 'pull',
      run: () => {
        const commit = 'beef'.padEnd(40, '0');
        world.github.push('octo/app', commit);
        return promote(first, 'pull', { policy: `octo/app/${POLICY}@${commit}` }, { event: 'pull_request' });
      },
      says: /is not reachable from main of octo\/app/,
    },
    {
      name: 'a policy that stands in the workspace alone',
      environment: 'pull',
      run: async () => {
        world.commit({ '.github/mine.yml': policy(host) }, 'a policy of my own');
        return promote(first, 'pull', { policy: '.github/mine.yml' });
      },
      outcome: 'invalid',
      says: /there is no octo\/app\/.github\/mine\.yml at commit/,
    },
    {
      name: 'a policy that was deleted',
      environment: 'gone',
      prepare: async () => {
        world.github.commit('octo/app', { '.github/gone.yml': policy(host) });
        world.github.commit('octo/app', { '.github/gone.yml': undefined });
      },
      run: () => promote(first, 'gone', { policy: '.github/gone.yml' }),
      outcome: 'invalid',
      says: /there is no octo\/app\/.github\/gone\.yml at commit/,
    },
    {
      name: 'the records of the same environment in another repository, copied with their image',
      environment: 'elsewhere',
      repository: 'elsewhere-new',
      prepare: async () => {
        await hold('elsewhere', first);
        await copyImage(storeOf('elsewhere'), storeOf('elsewhere-new'), digestOf(first), { referrers: true });
        await tagAs('elsewhere-new', recordTag('elsewhere', 1, digestOf(first)), digestOf(first));
      },
      run: () => promote(second, 'elsewhere', { policy: '.github/moved.yml' }),
      says: /env-elsewhere\.000001-\w+ has no record by a promoter that says so/,
    },
    {
      name: 'the record of another environment in the same repository',
      environment: 'two',
      repository: 'shared',
      prepare: async () => {
        await hold('one', first);
        await tagAs('shared', recordTag('two', 1, digestOf(first)), digestOf(first));
      },
      run: () => promote(second, 'two'),
      says: /env-two\.000001-\w+ has no record by a promoter that says so/,
    },
    {
      name: 'a hold whose tag was deleted',
      environment: 'hold',
      repository: 'shared',
      prepare: async () => {
        await hold('hold', first);
        const held = await mark('hold', 'hold', { reason: 'incident 44' });
        expect(held.outputs, held.log).toMatchObject({ outcome: 'passed' });
        await deleteFrom('shared', recordTag('hold', 2, digestOf(first)));
      },
      run: () => promote(second, 'hold'),
      says: /hold \(Nothing holds the environment\): held by mona at .*: incident 44/,
    },
    {
      name: 'a withdrawal whose tag was deleted',
      environment: 'late',
      prepare: async () => {
        await hold('late', first);
        const done = await mark('withdraw', 'late', { image: first, reason: 'leaks' });
        expect(done.outputs, done.log).toMatchObject({ outcome: 'passed' });
        await deleteFrom('late', recordTag('late', 2, digestOf(first)));
      },
      run: () => promote(first, 'late'),
      says: /withdrawn \(The image was not withdrawn\): withdrawn by mona at .*: leaks/,
    },
    {
      name: 'a promotion that is in no log, by a promoter',
      environment: 'unlogged',
      prepare: async () => {
        const record = await hold('unlogged', first);
        await appendBy('unlogged', record, {}, { log: false });
      },
      run: () => promote(second, 'unlogged'),
      says: /env-unlogged\.000002-\w+ has no record .*it is in no log, and only a rollback may be/,
    },
    {
      name: 'a rollback that is in no log, to what was never there',
      environment: 'never',
      prepare: async () => {
        const record = await hold('never', first);
        await copyImage(openPlainStore(parseReference(second)), storeOf('never'), digestOf(second), {
          referrers: true,
        });
        await appendBy('never', record, { action: 'rollback', digest: digestOf(second) }, { log: false });
      },
      run: () => promote(second, 'never'),
      says: /env-never\.000002-\w+ goes back to an image that never never held/,
    },
    {
      name: "a record by the promoter's workflow on a branch that anybody may push to",
      environment: 'branch',
      prepare: async () => {
        const record = await hold('branch', first);
        await appendBy('branch', record, {}, { ref: 'refs/heads/feature' });
      },
      run: () => promote(second, 'branch'),
      says: /env-branch\.000002-\w+ has no record .*not promoter: ref is "refs\/heads\/feature"/,
    },
    {
      name: 'a clock that is ahead, by which anything has soaked',
      environment: 'clock',
      run: () => {
        const ahead =
          'const D=Date,o=72e5;globalThis.Date=class extends D{constructor(...a){super(...(a.length?a:[D.now()+o]))}static now(){return D.now()+o}}';
        const variables = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(ahead)}` };
        return promote(first, 'clock', {}, { variables });
      },
      outcome: 'invalid',
      says: /id-token: expired at/,
    },
    {
      name: 'a record that stands on an old verdict, of another environment',
      environment: 'after',
      prepare: async () => {
        const record = await hold('vsa', first);
        const { verdict } = await readRecord(await hold('broken', first));
        await copyImage(openPlainStore(parseReference(first)), storeOf('vsa'), digestOf(first), {
          referrers: true,
        });
        await appendBy('vsa', record, { verdict });
      },
      run: () => promote(first, 'after'),
      says: /the verdict of vsa is about \S+octo\/broken@sha256:\w+, not \S+octo\/vsa@/,
    },
    {
      name: 'an approval of a digest that begins alike',
      environment: 'approved',
      run: () => {
        const comment = `ship ${digestOf(first).slice(0, 19)}`;
        world.github.reviews.runs.push({ run: 1000, environment: 'approved', login: 'hubot', comment });
        return promote(first, 'approved');
      },
      says: /the approval of this run by hubot does not name the digest/,
    },
    {
      name: 'what break-glass let in, when its hour is over',
      environment: 'over',
      prepare: async () => {
        const record = await hold('source', first);
        await copyImage(openPlainStore(parseReference(first)), storeOf('over'), digestOf(first), {
          referrers: true,
        });
        const time = new Date(Date.now() - 1000).toISOString();
        const override = { rules: ['never'], approvedBy: [], until: time, followUp: time };
        const place = { environment: 'over', repository: `${host}/octo/over` };
        await appendBy('over', record, { ...place, sequence: 1, previous: undefined, override });
        await tagAs('over', 'env-over', digestOf(first));
      },
      run: () => promote(first, 'over'),
      says: /never \(Never\)/,
    },
    {
      name: "commits, while GitHub's API gives no answer",
      environment: 'api',
      prepare: () => hold('api', first),
      run: async () => {
        world.github.fail('repos/compare-commits-with-basehead', 500, 8);
        return promote(second, 'api').finally(() => world.github.clearFaults());
      },
      outcome: 'unavailable',
      says: /compare\/\w+\.\.\.\w+ gave no answer/,
    },
  ])('$name', { timeout: 120_000 }, async ({ environment, prepare, run, outcome = 'refused', ...rest }) => {
    await prepare?.();
    const store = storeOf(rest.repository ?? environment);
    const look = async () => [
      (await store.resolve(`env-${environment}`))?.digest,
      (await store.listTags()).filter((tag) => tag.startsWith(`env-${environment}.`)),
    ];
    const before = await look();
    const result = await run();
    expect(result.outputs, result.log).toMatchObject({ outcome });
    expect(result.log).toMatch(rest.says);
    expect(await look()).toEqual(before);
  });
});

test('a hold that is told to be in force stays so when a promotion that was signed before it comes in after', {
  timeout: 120_000,
}, async () => {
  const record = await hold('gone', first);
  const sequence = 2;
  const previous = digestOf(record);
  // Signed now, and kept back until the hold stands.
  const genuine = await readRecord(record);
  const store = storeOf('gone');
  const subjects = await listSubjects(store, digestOf(first));
  const signer = await openSigner(
    world.services,
    runContext(world.sigstore, {
      ...MAIN,
      job_workflow_ref: `octo/app/${GATE_WORKFLOW}@${MAIN.ref}`,
      workflow_ref: `octo/app/${GATE_WORKFLOW}@${MAIN.ref}`,
      repository_id: '123456789',
    }),
  );
  const predicate = { ...genuine, sequence, previous };
  const claim = { predicateType: PREDICATE_TYPES.promotion[0], predicate, subjects: [digestOf(first)] };
  let arrive: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const late = publishStatements(store, subjects, signer, [claim], { check: () => held });
  await new Promise((resolve) => setTimeout(resolve, 2500));
  const done = await mark('hold', 'gone', { reason: 'incident 45' });
  expect(done.outputs, done.log).toMatchObject({ outcome: 'passed' });
  arrive();
  await late;
  const next = await promote(second, 'gone');
  expect(next.outputs, next.log).toMatchObject({ outcome: 'refused' });
  expect(next.log).toContain('incident 45');
  const released = await mark('release', 'gone');
  expect(released.outputs, released.log).toMatchObject({ outcome: 'passed' });
  await hold('gone', second);
});

test('a hold of one environment is none of another whose name begins alike, in the same repository', {
  timeout: 60_000,
}, async () => {
  await hold('hold-eu', first, second);
});
