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
import { readEnvironment } from '../../shared/verbs/environment.ts';
import { openPolicyVerifier } from '../../shared/verbs/judge.ts';
import { promote } from '../../shared/verbs/promote.ts';
import { rollback } from '../../shared/verbs/rollback.ts';
import { startProxy } from '../servers/proxy.ts';
import type { Fault } from '../servers/registry.ts';
import { runContext } from '../sigstore/context.ts';
import { putImage } from '../sigstore/image.ts';
import { GATE_WORKFLOW, RELEASE_WORKFLOW, startWorld, type World } from './world.ts';

/*
 * Promotions and rollbacks that write manifests and a deployment, with approvals, each killed or failed at every request to Sigstore (token,
 * certificate, log, timestamp) and to GitHub. What the registry does is in promote-faults.test.ts.
 */

type Move = 'promote' | 'rollback';

const PLACES = 330;
const numbers = Array.from({ length: PLACES }, (_, n) => n);
/** Moves that are made at the same time: they mostly wait, a second between two writes to GitHub. */
const AT_ONCE = 20;

/** One for each place: every run reads all of its policy. */
const policyPath = (n: number | string) => `.github/hallmark-${n}.yml`;
const policy = (host: string, n: number) => `
version: 1
repository-id: 123456789
trust:
  builder:  [{ signer-workflow: octo/app/${RELEASE_WORKFLOW} }]
  gate:     [{ signer-workflow: octo/app/${GATE_WORKFLOW} }]
  promoter: [{ signer-workflow: octo/app/${GATE_WORKFLOW} }]
environments:
  e${n}: { repository: ${host}/octo/e${n}, approvals: 1, rules: [signed, provenance] }
`;

let world: World;
let verifier: StatementVerifier;
/** One after the other. */
let commits: readonly string[];
let used = 0;

/** What is moved where, and what the environment holds one after the other. */
interface Place {
  readonly id: string;
  readonly environment: string;
  readonly policy: LoadedPolicy;
  readonly runId: string;
  readonly token: string;
  readonly image: string;
  readonly before: readonly Digest[];
  readonly after: readonly Digest[];
}

beforeAll(async () => {
  const gitops = (n: number) =>
    ({ name: `octo/gitops${n}`, id: 1000 + n, defaultBranch: 'main', protected: false, files: {} }) as const;
  world = await startWorld({ repositories: numbers.map(gitops) });
  const { host } = world.registry;
  const policies = numbers.map((n) => [policyPath(n), policy(host, n)] as const);
  world.github.commit('octo/app', Object.fromEntries(policies));
  commits = [world.commit({}, 'first'), world.commit({}, 'next')];
  verifier = await openPolicyVerifier(await load('0'), world.services, contextOf(GATE_WORKFLOW));
}, 60_000);
afterAll(() => world.close());

/** The run of a workflow in this process. */
function contextOf(workflow: string, overrides: Partial<RunContext> = {}, sha = ''): RunContext {
  const { runId: run_id, runAttempt: run_attempt } = { runId: '1', runAttempt: '1', ...overrides };
  const job_workflow_ref = `octo/app/${workflow}@refs/heads/main`;
  const claims = { job_workflow_ref, run_id, run_attempt, ...(sha && { sha }) };
  const folders = { workspace: world.workspace, apiUrl: world.github.url };
  return runContext(world.sigstore, claims, { ...folders, ...overrides });
}

const load = (id: string): Promise<LoadedPolicy> =>
  loadPolicy(policyPath(id), { 'github-token': world.github.token }, contextOf(GATE_WORKFLOW));

const open = (repository: string): Store =>
  openStore(
    parseReference(`${world.registry.host}/octo/${repository}`),
    storeOptions(contextOf(RELEASE_WORKFLOW)),
  );

/** A signed image with its provenance. */
async function release(repository: string, commit: string): Promise<string> {
  const store = open(repository);
  const image = await putImage(store, ['amd64'], commit, {}, 'index');
  const signer = await openSigner(world.services, contextOf(RELEASE_WORKFLOW, {}, commit));
  const provenance = {
    buildDefinition: {
      buildType: 'https://actions.github.io/buildtypes/workflow/v1',
      externalParameters: {},
      resolvedDependencies: [
        { uri: 'git+https://github.com/octo/app@refs/heads/main', digest: { gitCommit: commit } },
      ],
    },
    runDetails: { builder: { id: `https://github.com/octo/app/${RELEASE_WORKFLOW}@refs/heads/main` } },
  };
  await publishStatements(store, image, signer, [
    { predicateType: PREDICATE_TYPES.signature[0], predicate: {} },
    { predicateType: PREDICATE_TYPES.provenance[0], predicate: provenance },
  ]);
  return `${store.place}@${image.digest}`;
}

/** An environment with images, approvals, manifests and a token of its own, before a promotion of the second image or a rollback to the first. */
async function prepare(move: Move): Promise<Place> {
  const id = String(used);
  used += 1;
  const environment = `e${id}`;
  const place = open(environment).place;
  // Of its own: every verdict stays with its image, and whoever judges that image reads them all.
  const [first = '', next = ''] = await mapParallel(commits, 2, (commit) => release(`source${id}`, commit));
  const held = move === 'promote' ? [first] : [first, next];
  const before = held.map(digestOf);
  const image = move === 'promote' ? next : first;
  const runId = `5${id}`;
  for (const one of [first, next]) {
    world.github.reviews.runs.push({
      run: Number(runId),
      environment,
      login: 'hubot',
      comment: digestOf(one),
    });
  }
  for (const one of held) {
    await promote(
      { ...world.services, environment, policy: policyPath(id), image: one },
      contextOf(GATE_WORKFLOW, { runId }),
    );
  }
  world.github.commit(`octo/gitops${id}`, { 'values.yaml': `image: ${place}@${before.at(-1)}\n` });
  // Writes with one token wait a second for each other, as GitHub asks.
  const token = world.github.issueToken({
    contents: 'write',
    deployments: 'write',
    actions: 'read',
    'pull-requests': 'read',
  });
  const after = [...before, digestOf(image)];
  return { id, environment, policy: await load(id), runId, token, image, before, after };
}

const digestOf = (image: string): Digest => image.split('@')[1] as Digest;

/** The move in this process, as the next attempt of its run. */
function runAgain(move: Move, { id, environment, runId, token, image }: Place) {
  const inputs = {
    ...{
      ...world.services,
      environment,
      policy: policyPath(id),
      reason: 'a fault is played',
      deployment: true,
    },
    ...{ manifests: [`octo/gitops${id}//values.yaml`], 'manifests-token': token, 'github-token': token },
  };
  const context = contextOf(GATE_WORKFLOW, { runId, runAttempt: '2' });
  return move === 'promote' ? promote({ ...inputs, image }, context) : rollback(inputs, context);
}

/** What any reader makes of the environment, and what its manifests name. */
async function read({ id, environment, policy }: Place) {
  const { standing, pointer } = await readEnvironment(open(environment), environment, verifier, policy);
  const stands = standing.map(({ promotion }) => promotion.digest);
  const text = world.github.filesOf(`octo/gitops${id}`).get('values.yaml');
  return { stands, pointer, named: /sha256:[0-9a-f]{64}/.exec(text ?? '')?.[0] };
}

type Service = 'sigstore' | 'github';
type Play = (at: number, service: Service) => Fault | undefined;

/** The move as a runner does it, with the services behind proxies; \`play\` is asked at each of their requests, numbered from 1. */
async function run(move: Move, place: Place, play: Play, kill?: AbortSignal) {
  const { id, environment, runId, token, image } = place;
  const asked: string[] = [];
  const watch =
    (service: Service) =>
    ({ method, path }: { method: string; path: string }) => {
      asked.push(`${method} ${path}`);
      return play(asked.length, service);
    };
  const [sigstore, github] = await Promise.all([
    startProxy(world.sigstore.url, watch('sigstore')),
    startProxy(world.github.url, watch('github')),
  ]);
  const claims = { job_workflow_ref: `octo/app/${GATE_WORKFLOW}@refs/heads/main`, run_id: runId };
  const tokens = world.env({ workflow: GATE_WORKFLOW, claims }).ACTIONS_ID_TOKEN_REQUEST_URL ?? '';
  const done = await world.run(
    move,
    {
      ...{ 'fulcio-url': sigstore.url, 'rekor-url': sigstore.url, 'tsa-url': sigstore.url },
      ...{ environment, policy: policyPath(id), reason: 'a fault is played', deployment: 'true' },
      ...{ manifests: `octo/gitops${id}//values.yaml`, 'manifests-token': token, 'github-token': token },
      ...(move === 'promote' && { image }),
    },
    {
      workflow: GATE_WORKFLOW,
      variables: {
        GITHUB_API_URL: github.url,
        GITHUB_RUN_ID: runId,
        ACTIONS_ID_TOKEN_REQUEST_URL: tokens.replace(world.sigstore.url, sigstore.url),
      },
      ...(kill && { kill }),
    },
  );
  await Promise.all([sigstore.close(), github.close()]);
  return { ...done, asked };
}

const FAULTS: { name: string; play: (at: number) => Play; kills?: boolean; at?: RegExp }[] = [
  { name: 'killed', kills: true, play: (at) => (now) => (now >= at ? 'drop' : undefined) },
  {
    name: 'with a service that refuses from then on',
    play: (at) => {
      let failed: Service | undefined;
      return (now, service) => {
        if (now === at) failed = service;
        return service === failed ? { status: 400, body: '{"message":"no"}' } : undefined;
      };
    },
  },
  {
    // GitHub's answers are read through schemas; those of signing services end up in bundles.
    name: 'with something else for an answer when it signs',
    at: /\/api\/v\d\/|\/token/,
    play: (at) => (now) => (now === at ? { status: 200, body: '{}' } : undefined),
  },
];
/** What people look at, and what a rollback goes without (a statement that could not be signed with the log is signed anew with a timestamp alone). */
const BESIDE: Record<Move, RegExp> = {
  promote: /\/deployments|\/compare\/|\/commits/,
  rollback: /\/deployments|\/log\/entries|\/timestamp|\/compare\/|\/git\/|\/commits/,
};

test.each((['promote', 'rollback'] as const).flatMap((move) => FAULTS.map((fault) => ({ move, ...fault }))))(
  '$move $name, at every request in turn: complete or untouched, and whole when it runs again',
  {
    timeout: 600_000,
  },
  async ({ move, play, kills, at: wanted = /./ }) => {
    const clean = await prepare(move);
    const { outputs, log, asked } = await run(move, clean, () => undefined);
    expect(outputs, log).toMatchObject({ outcome: 'passed', digest: digestOf(clean.image) });
    expect(await read(clean)).toEqual(whole(clean.after));

    const places = asked.flatMap((request, index) => (wanted.test(request) ? [index + 1] : []));
    const cases = await mapParallel(places, AT_ONCE, async (at) => {
      const place = await prepare(move);
      const { before, after } = place;
      const kill = kills ? new AbortController() : undefined;
      const plan = play(at);
      const faulted = await run(
        move,
        place,
        (now, service) => {
          const fault = plan(now, service);
          if (fault !== undefined) kill?.abort();
          return fault;
        },
        kill?.signal,
      );
      const what = `${at}: ${faulted.asked[at - 1]}\n${faulted.log}`;
      const found = await read(place);
      const { outcome } = faulted.outputs;
      const moved = found.stands.length === after.length;
      expect(found.stands, what).toEqual(moved ? after : before);
      // Neither the tag nor a manifest goes ahead of the record.
      const known = moved ? [before.at(-1), after.at(-1)] : [before.at(-1)];
      expect(known, what).toContain(found.pointer);
      expect(known, what).toContain(found.named);
      if (outcome === 'passed') {
        expect(found, what).toEqual(whole(after));
        if (kill === undefined) expect(faulted.asked[at - 1], what).toMatch(BESIDE[move]);
      } else if (kill === undefined) expect(['refused', 'unavailable'], what).toContain(outcome);

      const again = await runAgain(move, place);
      expect(again.outcome, what).toBeUndefined();
      expect(again.outputs, what).toMatchObject({ digest: after.at(-1) });
      expect(await read(place), what).toEqual(whole(after));
      return { moved, outcome };
    });
    expect(cases.some(({ moved }) => !moved)).toBe(true);
    // Once the record stands nothing more is signed.
    if (wanted.source === '.') expect(cases.some(({ moved }) => moved)).toBe(true);
  },
);

const whole = (stands: readonly Digest[]) => ({ stands, pointer: stands.at(-1), named: stands.at(-1) });
