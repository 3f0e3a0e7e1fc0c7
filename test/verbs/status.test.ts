import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { StatusDocument } from '../../shared/report/status/schema.ts';
import { kubeList, type Place, pod, type StatusWorld, startStatusWorld } from './status-world.ts';

/*
 * What status makes of environments that are as they should be and of those that are not: each has records that were signed for real, in a
 * repository of its own.
 */

let world: StatusWorld;
beforeAll(async () => {
  world = await startStatusWorld(70);
}, 60_000);
afterAll(() => world.close());
afterEach(() => {
  world.disturb(undefined);
  world.github.clearFaults();
});

type Inputs = Parameters<StatusWorld['ask']>[0];
type Found = NonNullable<StatusDocument['environments'][number]>;

interface Case {
  readonly name: string;
  /** Makes the environment as it is, and says what status is asked. */
  arrange(place: Place): Promise<Inputs | undefined>;
  /** `passed` when absent. */
  readonly outcome?: 'refused' | 'unavailable';
  /** A part of every reason, in order. */
  readonly reasons?: readonly string[];
  readonly drifted?: string;
  readonly coverage?: number | 'unknown';
  /** Kind, where and what is found, of every drift. */
  readonly drift?: readonly (readonly [kind: string, where: string, found: string])[];
  also?(found: Found): void;
}

/** Two images, one promoted after the other. */
async function promoteTwo(place: Place) {
  const one = await place.release('one');
  const two = await place.release('two');
  await place.record('promote', one);
  await place.record('promote', two);
  return { one, two };
}
const running = (...items: readonly object[]): Inputs => ({ running: { '': kubeList(...items) } });
const named = (place: Place, digest: string) => ({
  image: `${place.repository}:1`,
  id: `${place.repository}@${digest}`,
});

function deployment(place: Place, digest: string, replicas: number, updated: number): object {
  return {
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'shop' },
    spec: {
      replicas,
      template: { spec: { containers: [{ name: 'app', image: `${place.repository}@${digest}` }] } },
    },
    status: { replicas, updatedReplicas: updated, readyReplicas: replicas },
  };
}

/** A manifest of Kubernetes in the workspace. */
function writeManifest(place: Place, image: string): Inputs {
  const name = `${place.name}.yaml`;
  writeFileSync(
    join(world.workspace, name),
    `apiVersion: v1\nkind: Pod\nmetadata: { name: web }\nspec:\n  containers:\n    - name: app\n      image: ${image}\n`,
  );
  return { manifests: [`./${name}`] };
}

/** Answers of the registry about one repository that are not the truth. */
function disturb(place: Place, pattern: RegExp, status = 403): void {
  world.disturb(({ path }) =>
    path.startsWith(`/v2/octo/${place.name}/`) && pattern.test(path) ? { status } : undefined,
  );
}

const healthy: Case[] = [
  {
    name: 'nothing but records and the tag',
    arrange: async (place) => {
      await promoteTwo(place);
      return {};
    },
    also: ({ current, candidates, records }) => {
      expect(current).toMatchObject({ sequence: 2, requestedBy: 'mona', reason: 'because of promote' });
      expect(candidates).toMatchObject([{ steps: 1, reasons: [] }]);
      expect(records).toMatchObject({ value: [{ sequence: 1 }, { sequence: 2 }] });
    },
  },
  ...(
    [
      ['the index, by Docker', (place, { digest }) => `docker-pullable://${place.repository}@${digest}`],
      ['the index, by containerd', (place, { digest }) => `${place.repository}@${digest}`],
      ['a platform, by CRI-O', (place, { all }) => `${place.repository}@${all[2]?.digest}`],
      ['a config, by Docker', (_, { platforms }) => `docker://${platforms[0]?.manifest.config.digest}`],
      ['a config alone', (_, { platforms }) => platforms[1]?.manifest.config.digest ?? ''],
      ['a mirror', (_, { digest }) => `mirror.example/cache/app@${digest}`],
    ] satisfies [string, (place: Place, image: Awaited<ReturnType<Place['release']>>) => string][]
  ).map(
    ([name, id]): Case => ({
      name: `pods that name ${name}`,
      arrange: async (place) => {
        const { two } = await promoteTwo(place);
        const image = name === 'a mirror' ? 'mirror.example/cache/app:1' : `${place.repository}:1`;
        return running(pod('web-abc-1', { image, id: id(place, two) }));
      },
      also: ({ running: all, current }) =>
        expect(all).toMatchObject([{ name: 'shop/web-abc-1', digest: current?.digest }]),
    }),
  ),
  {
    name: 'a pod of another environment, whose image the node has under the name of this one too',
    arrange: async (place) => {
      const { one, two } = await promoteTwo(place);
      const other = place.repository.replace(/[^/]*$/, 'twin');
      const seen = { name: 'app', ...named(place, one.digest), state: { running: {} } };
      return running(pod('web-abc-1', named(place, two.digest)), {
        kind: 'Pod',
        metadata: { name: 'twin' },
        spec: { containers: [{ name: 'app', image: `${other}:1` }] },
        status: { phase: 'Running', containerStatuses: [{ ...seen, imageID: seen.id }] },
      });
    },
    also: ({ running: all }) => expect(all).toMatchObject([{ name: 'shop/web-abc-1' }]),
  },
  {
    name: 'a plain list',
    arrange: async (place) => {
      const { two } = await promoteTwo(place);
      return { running: { '': `# ours\n${place.repository}@${two.digest} web\n` } };
    },
  },
  {
    name: 'two regions',
    arrange: async (place) => {
      const { two } = await promoteTwo(place);
      const list = kubeList(pod('web-abc-1', named(place, two.digest)));
      return { running: { eu: list, us: list } };
    },
    also: ({ running: all }) => expect(all?.map(({ label }) => label)).toEqual(['eu', 'us']),
  },
  {
    name: 'a deployment that is rolled out',
    arrange: async (place) => {
      const { two } = await promoteTwo(place);
      return running(deployment(place, two.digest, 3, 3));
    },
  },
  {
    name: 'a manifest in the workspace that names the digest',
    arrange: async (place) => {
      const { two } = await promoteTwo(place);
      return writeManifest(place, `${place.repository}@${two.digest}`);
    },
    also: ({ wanted }) =>
      expect(wanted).toMatchObject([{ where: expect.stringMatching(/^\.\/e\d+\.yaml:7$/) }]),
  },
  {
    name: "a manifest by GitHub's API that names the environment's tag",
    arrange: async (place) => {
      await promoteTwo(place);
      world.github.commit('octo/app', {
        'deploy/app.yaml': `apiVersion: v1\nkind: Pod\nspec: { containers: [{ image: "${place.repository}:env-${place.name}" }] }\n`,
      });
      return { manifests: ['deploy/*.yaml'] };
    },
    also: ({ wanted, current }) =>
      expect(wanted).toMatchObject([{ where: 'octo/app/deploy/app.yaml:3', digest: current?.digest }]),
  },
  {
    name: 'pods of other images, which are passed over',
    arrange: async (place) => {
      const { two } = await promoteTwo(place);
      return running(
        pod('web-abc-1', named(place, two.digest)),
        pod('db-1', { image: 'postgres:17', id: `docker.io/library/postgres@sha256:${'d'.repeat(64)}` }),
      );
    },
    also: ({ running: all }) => expect(all).toHaveLength(1),
  },
  {
    name: 'an environment to which nothing was promoted yet',
    arrange: async (place) => {
      await place.point('v1', await place.release('one'));
      return {};
    },
    also: ({ current, records }) => {
      expect(current).toBeUndefined();
      expect(records).toEqual({ value: [] });
    },
  },
  {
    name: 'after a rollback',
    arrange: async (place) => {
      const { one, two } = await promoteTwo(place);
      await place.record('rollback', one, { withdraws: two.digest });
      return running(pod('web-abc-1', named(place, one.digest)));
    },
    also: ({ current, candidates }) => {
      expect(current).toMatchObject({ action: 'rollback', sequence: 3 });
      expect(candidates).toMatchObject([{ reasons: [expect.stringMatching(/^withdrawn by mona at /)] }]);
    },
  },
  {
    name: 'a hold',
    arrange: async (place) => {
      const { two } = await promoteTwo(place);
      await place.record('hold', two);
      return {};
    },
    also: ({ hold }) => expect(hold).toMatchObject({ reason: 'because of hold', sequence: 3 }),
  },
  {
    name: 'a record that lost against another of the same moment',
    arrange: async (place) => {
      const { one, two } = await promoteTwo(place);
      const previous = await place.record('promote', one);
      await place.record('promote', two);
      // The log's times are whole seconds.
      await wait(1100);
      await place.forge(await place.release('three'), { sequence: 4, previous }, { by: 'gate' });
      return {};
    },
    also: ({ current, superseded }) => {
      expect(current).toMatchObject({ sequence: 4 });
      expect(superseded).toMatchObject([{ sequence: 4 }]);
    },
  },
  {
    name: 'a record by a stranger without a tag, which changes nothing',
    arrange: async (place) => {
      const { two } = await promoteTwo(place);
      await place.forge(two, { sequence: 3 }, { tag: false });
      return {};
    },
    also: ({ foreign }) => {
      expect(foreign).toHaveLength(1);
      expect(foreign[0]).toContain('does not count: not promoter');
    },
  },
  {
    name: 'what came by break-glass',
    arrange: async (place) => {
      const { one } = await promoteTwo(place);
      const at = new Date().toISOString();
      await place.record('promote', one, {
        override: {
          rules: ['no-critical'],
          approvedBy: [{ by: 'hubot', at, how: 'run', url: '' }],
          until: at,
          followUp: '2027-01-01T00:00:00Z',
        },
      });
      return {};
    },
    also: ({ current }) =>
      expect(current).toMatchObject({
        waived: ['no-critical'],
        followUp: '2027-01-01T00:00:00Z',
        approvedBy: [{ by: 'hubot' }],
      }),
  },
  {
    name: 'an image behind which nothing goes back',
    arrange: async (place) => {
      await place.record('promote', await place.release('one'));
      const migrated = await place.release('two', undefined, {
        'io.github.hallmark-actions.irreversible': 'the schema',
      });
      await place.record('promote', migrated);
      return {};
    },
    also: ({ candidates }) =>
      expect(candidates).toMatchObject([
        { reasons: [expect.stringContaining('nothing older runs after it')] },
      ]),
  },
  {
    name: 'when commits were made, while GitHub does not say it',
    arrange: async (place) => {
      const source = { repository: 'https://github.com/octo/app', commit: 'c'.repeat(40) };
      await place.record('promote', await place.release('one'), { source });
      world.github.fail('git/get-commit', 500, 10);
      return {};
    },
    also: ({ images }) => expect(images).toMatchObject([{ committed: { unknown: expect.any(String) } }]),
  },
];

const drifted: Case[] = [
  {
    name: 'wanted: a manifest names an older image',
    arrange: async (place) => {
      const { one } = await promoteTwo(place);
      return writeManifest(place, `${place.repository}:1@${one.digest}`);
    },
    drift: [['wanted', '.yaml:7', ':1@sha256:']],
  },
  {
    name: 'wanted: a manifest names a tag that is not there',
    arrange: async (place) => {
      await promoteTwo(place);
      return writeManifest(place, `${place.repository}:gone`);
    },
    drift: [['wanted', '.yaml:7', ':gone']],
  },
  {
    name: 'wanted: a manifest names what nobody knows',
    arrange: async (place) => {
      await promoteTwo(place);
      return writeManifest(place, `${place.repository}@sha256:${'e'.repeat(64)}`);
    },
    drift: [['wanted', '.yaml:7', '@sha256:eeee']],
  },
  {
    name: 'pointer: somebody moved the tag',
    arrange: async (place) => {
      const { one } = await promoteTwo(place);
      await place.point(`env-${place.name}`, one);
      return {};
    },
    drift: [['pointer', 'env-e', 'sha256:']],
  },
  {
    name: 'pointer: somebody deleted the tag',
    arrange: async (place) => {
      await promoteTwo(place);
      await place.remove(`env-${place.name}`);
      return {};
    },
    drift: [['pointer', 'env-e', 'nothing']],
  },
  {
    name: 'pointer: there is one, and nothing was promoted',
    arrange: async (place) => {
      await place.point(`env-${place.name}`, await place.release('one'));
      return {};
    },
    drift: [['pointer', 'env-e', 'sha256:']],
    coverage: 100,
  },
  {
    name: 'running: everything runs an older image',
    arrange: async (place) => {
      const { one } = await promoteTwo(place);
      return running(pod('web-abc-1', named(place, one.digest)), pod('web-abc-2', named(place, one.digest)));
    },
    drift: [['running', 'shop/web-abc-1, shop/web-abc-2', 'sha256:']],
  },
  {
    name: 'running: an older image, by the name of its platform',
    arrange: async (place) => {
      const { one } = await promoteTwo(place);
      return running(pod('web-abc-1', named(place, one.all[1]?.digest ?? '')));
    },
    drift: [['running', 'shop/web-abc-1', 'sha256:']],
    also: ({ running: all, candidates, drift }) => {
      expect(all).toMatchObject([{ digest: candidates[0]?.digest }]);
      expect(JSON.stringify(drift)).not.toContain('never promoted');
    },
  },
  {
    name: 'running: an image that was never promoted, and of which nothing is attested',
    arrange: async (place) => {
      await promoteTwo(place);
      const other = await place.release('other', []);
      return running(pod('web-abc-1', named(place, other.digest)));
    },
    drift: [['running', 'shop/web-abc-1', 'was never promoted']],
    // Three kinds of evidence of the one that is held, and none of the one that runs.
    coverage: 50,
  },
  {
    name: 'running: an image that the registry has not',
    arrange: async (place) => {
      await promoteTwo(place);
      return running(pod('web-abc-1', named(place, `sha256:${'e'.repeat(64)}`)));
    },
    coverage: 'unknown',
    drift: [['running', 'shop/web-abc-1', 'was never promoted']],
  },
  {
    name: 'running: nothing says of which digest',
    arrange: async (place) => {
      await promoteTwo(place);
      return { running: { '': `${place.repository}:latest` } };
    },
    coverage: 'unknown',
    drift: [['running', 'line 1', 'nothing says of which digest']],
  },
  {
    name: 'running: something, where nothing was promoted',
    arrange: async (place) => {
      const one = await place.release('one');
      return running(pod('web-abc-1', named(place, one.digest)));
    },
    drift: [['running', 'shop/web-abc-1', 'was never promoted']],
  },
  {
    name: 'running: nothing in one of two regions',
    arrange: async (place) => {
      const { two } = await promoteTwo(place);
      return { running: { eu: kubeList(pod('web-abc-1', named(place, two.digest))), us: kubeList() } };
    },
    drift: [['running', 'us', 'nothing of']],
  },
  {
    name: 'running: what a rollback left, and withdrew',
    arrange: async (place) => {
      const { one, two } = await promoteTwo(place);
      await place.record('rollback', one, { withdraws: two.digest });
      return running(pod('web-abc-1', named(place, one.digest)), pod('web-abc-2', named(place, two.digest)));
    },
    drift: [['running', 'shop/web-abc-2', 'withdrawn by mona']],
  },
  {
    name: 'running: what is held and was withdrawn since',
    arrange: async (place) => {
      const { two } = await promoteTwo(place);
      await place.record('withdraw', two);
      return running(pod('web-abc-1', named(place, two.digest)));
    },
    drift: [['running', 'shop/web-abc-1', 'because of withdraw']],
  },
  {
    name: 'rollout: half runs the older image',
    arrange: async (place) => {
      const { one, two } = await promoteTwo(place);
      const items = [one, two, two, one].map(({ digest }, at) => pod(`web-abc-${at}`, named(place, digest)));
      return running(...items);
    },
    drift: [['rollout', 'shop/web-abc-0, shop/web-abc-3', 'sha256:']],
  },
  {
    name: 'rollout: what was promoted cannot be started',
    arrange: async (place) => {
      const { two } = await promoteTwo(place);
      const image = `${place.repository}@${two.digest}`;
      return running(
        pod('web-abc-1', { image, waiting: 'ImagePullBackOff' }),
        pod('web-abc-2', { image, id: image }),
      );
    },
    drift: [['rollout', 'shop/web-abc-1', 'does not run: ImagePullBackOff']],
  },
  {
    name: 'rollout: a deployment is half updated',
    arrange: async (place) => {
      const { two } = await promoteTwo(place);
      return running(deployment(place, two.digest, 5, 2));
    },
    drift: [['rollout', 'shop/web', '2 of 5 are updated']],
  },
  {
    name: 'rollout: two regions apart',
    arrange: async (place) => {
      const { one, two } = await promoteTwo(place);
      return {
        running: {
          eu: kubeList(pod('web-abc-1', named(place, two.digest))),
          us: kubeList(pod('web-abc-1', named(place, one.digest))),
        },
      };
    },
    drift: [['rollout', 'us: shop/web-abc-1', 'sha256:']],
  },
  {
    name: 'in all four ways at once',
    arrange: async (place) => {
      const { one, two } = await promoteTwo(place);
      await place.point(`env-${place.name}`, one);
      const items = [one.digest, two.digest, `sha256:${'e'.repeat(64)}`].map((digest, at) =>
        pod(`web-abc-${at}`, named(place, digest)),
      );
      return { ...writeManifest(place, `${place.repository}@${one.digest}`), ...running(...items) };
    },
    coverage: 'unknown',
    drift: [
      ['wanted', '.yaml:7', 'sha256:'],
      ['pointer', 'env-e', 'sha256:'],
      ['rollout', 'shop/web-abc-0', 'sha256:'],
      ['running', 'shop/web-abc-2', 'was never promoted'],
    ],
  },
];

/** Records that do not hold: nobody can say what the environment holds, so nothing is "no drift". */
const broken: Case[] = [
  {
    name: 'a record by a stranger, with a tag',
    arrange: async (place) => {
      const { one } = await promoteTwo(place);
      await place.forge(one, { sequence: 3 });
      return {};
    },
    reasons: ['has no record by a promoter that says so'],
    also: ({ faults }) => expect(faults[0]).toContain('evil.yml'),
  },
  {
    name: 'a record whose tag is gone',
    arrange: async (place) => {
      const { one } = await promoteTwo(place);
      await place.remove(place.tagOf(1, one.digest));
      return {};
    },
    reasons: ['gap: promotion 1 of 2 is missing'],
  },
  {
    name: 'a tag whose record is gone',
    arrange: async (place) => {
      const one = await place.release('one');
      await place.remove(await place.record('promote', one));
      return {};
    },
    reasons: ['has no record by a promoter that says so'],
  },
  {
    name: 'a fork',
    arrange: async (place) => {
      const { one } = await promoteTwo(place);
      await place.forge(one, { sequence: 2 }, { by: 'gate' });
      return {};
    },
    reasons: ['fork: '],
    // What continues the chain still stands.
    also: ({ current }) => expect(current).toMatchObject({ sequence: 2 }),
  },
  {
    name: 'a fork and a gap',
    arrange: async (place) => {
      const { one, two } = await promoteTwo(place);
      await place.forge(one, { sequence: 2 }, { by: 'gate' });
      await place.forge(two, { sequence: 5 }, { by: 'gate' });
      return {};
    },
    reasons: ['fork: ', 'gap: promotion 3 of 5'],
  },
  {
    name: 'a record by another policy',
    arrange: async (place) => {
      const { one } = await promoteTwo(place);
      const policy = { uri: `octo/evil/policy.yml@${'a'.repeat(40)}`, digest: one.digest, content: '' };
      await place.forge(one, { sequence: 3, policy }, { by: 'gate' });
      return {};
    },
    reasons: ['was let in by octo/evil/policy.yml@'],
  },
  {
    name: 'a tag that was moved to another image',
    arrange: async (place) => {
      const { one, two } = await promoteTwo(place);
      await place.point(place.tagOf(1, one.digest), two);
      return {};
    },
    reasons: ['is written once and never moves', 'gap: promotion 1 of 2'],
  },
  {
    name: 'a rollback to what was never there',
    arrange: async (place) => {
      const { one } = await promoteTwo(place);
      const previous = await place.record('promote', one);
      await place.forge(
        await place.release('x'),
        { action: 'rollback', sequence: 4, previous },
        { by: 'gate' },
      );
      return {};
    },
    reasons: ['goes back to an image that'],
  },
  {
    name: 'an image of which a platform was deleted',
    arrange: async (place) => {
      const { one } = await promoteTwo(place);
      await place.remove(one.all[1]?.digest ?? '');
      return {};
    },
    reasons: ['is incomplete', 'has no record', 'gap: promotion 1 of 2'],
  },
];

const down: Case[] = [
  ['the list of tags', /\/tags\/list/],
  ['a tag', /manifests\/env-e\d+$/],
  ['manifests', /manifests\/sha256:/],
  ['referrers', /\/referrers\//],
  ['blobs', /\/blobs\//],
].map(
  ([name, pattern]): Case => ({
    name: `a registry that gives no ${name}`,
    arrange: async (place) => {
      await promoteTwo(place);
      disturb(place, pattern as RegExp);
      return {};
    },
    coverage: 'unknown',
    reasons: [`e`],
    also: ({ records, current, drift }) => {
      expect(records).toMatchObject({ unknown: expect.any(String) });
      expect(current).toBeUndefined();
      expect(drift).toMatchObject({ unknown: expect.any(String) });
    },
  }),
);

async function look({ arrange, ...expected }: Case): Promise<void> {
  const place = await world.makeEnvironment();
  const result = await world.ask({ environment: place.name, ...(await arrange(place)) });
  const document = JSON.parse(readFileSync(String(result.outputs['report']), 'utf8')) as StatusDocument;
  const [found] = document.environments;
  if (found === undefined) throw new Error('no environment was reported');
  const { outputs, reasons = [], outcome } = result;
  expect(reasons).toEqual((expected.reasons ?? []).map((part) => expect.stringContaining(part)));
  const { coverage = 100 } = expected;
  expect({ ...outputs, outcome }).toMatchObject({
    drifted: expected.drifted,
    coverage,
    outcome: expected.outcome,
  });
  if (expected.drift !== undefined) {
    const value = expected.drift.map(([kind, where, what]) => ({
      kind,
      where: expect.stringContaining(where),
      found: expect.stringContaining(what),
    }));
    expect(found.drift).toMatchObject({ value });
    expect('value' in found.drift && found.drift.value).toHaveLength(value.length);
  }
  expected.also?.(found);
  expect(result.summary).toContain(place.name);
}

const slow = { timeout: 60_000 };
describe('no drift', () => {
  test.for(healthy)('$name', slow, (one) =>
    look({ drifted: 'false', drift: [], ...one, outcome: undefined }),
  );
});
describe('drift, which is reported', () => {
  test.for(drifted)('$name', slow, (one) => look({ drifted: 'true', ...one }));
});
describe('records that do not hold are refused', () => {
  test.for(broken)('$name', slow, (one) =>
    look({
      coverage: 'unknown',
      ...one,
      outcome: 'refused',
      drifted: 'unknown',
      also: (found) => {
        expect(found.drift).toMatchObject({ unknown: expect.stringContaining('do not hold') });
        one.also?.(found);
      },
    }),
  );
});
describe('what cannot be read is unavailable, and never no drift', () => {
  test.for(down)('$name', slow, (one) => look({ ...one, outcome: 'unavailable', drifted: 'unknown' }));
});
describe('a registry that shows nothing is not taken for an empty one', () => {
  // A login that may not see a repository is answered as if there were none.
  const hidden: Case[] = (
    [
      ['of the repository', /./],
      ['of its tags', /\/tags\/list/],
    ] as const
  ).map(([what, pattern]) => ({
    name: `404 ${what}`,
    arrange: async (place) => {
      await promoteTwo(place);
      disturb(place, pattern, 404);
      return {};
    },
    coverage: 'unknown',
    also: ({ records, drift }) => {
      expect(records).toMatchObject({ unknown: expect.stringContaining('shows nothing') });
      expect(drift).toMatchObject({ unknown: expect.any(String) });
    },
  }));
  test.for([
    ...hidden,
    { name: 'nothing was ever pushed', arrange: async () => ({}), coverage: 'unknown' as const },
  ])('$name', slow, (one) => look({ ...one, drifted: 'unknown' }));
});
