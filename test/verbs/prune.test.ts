import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { Digest } from '../../shared/image/digest.ts';
import { expectStaying, type Model, modelOf } from '../environment/registry-model.ts';
import { type SeenRequest, startRegistry } from '../servers/registry.ts';
import { Repository } from '../servers/registry-repository.ts';
import { makeFolder } from '../store/fixtures.ts';
import { findVisible, openRegistry, pruneModel, pushModel } from './prune-world.ts';

/** Hundreds of runs. */
const slow = { timeout: 120_000 };

type Server = Awaited<ReturnType<typeof startRegistry>>;

let repositories = 0;
/** A fresh repository of the registry that holds the model, but for what somebody has deleted. */
async function pushFresh(server: Server, model: Model) {
  repositories += 1;
  const name = `octo/app-${repositories}`;
  const place = `${server.host}/${name}`;
  const written = await pushModel(openRegistry(place), model);
  const digests = written.map(({ digest }) => digest);
  const repository = new Repository(server.folder, name);
  for (const [at, { missing }] of model.manifests.entries()) {
    if (missing) repository.deleteManifest(digests[at] as string);
  }
  const present = (): Digest[] => digests.filter((digest) => has(repository, digest));
  return { place, written, digests, repository, present };
}

function has(repository: Repository, digest: string): boolean {
  try {
    return repository.getManifest(digest).digest === digest;
  } catch {
    return false;
  }
}

/** What is there afterwards by the model: what must stay, and what nothing leads to. */
function expectPresent(model: Model, digests: readonly Digest[], referrers: boolean): Digest[] {
  const visible = findVisible(model, referrers);
  const staying = expectStaying(model, (place) => visible.has(place));
  return digests.filter(
    (_, place) => !model.manifests[place]?.missing && (staying.has(place) || !visible.has(place)),
  );
}

describe.each([true, false])('a registry, with the referrers API: %s', (referrers) => {
  test('loses just what nothing needs, and no run after it finds more', async () => {
    const server = await startRegistry({ referrers });
    const folder = makeFolder();
    try {
      await fc.assert(
        fc.asyncProperty(modelOf(10), async (model) => {
          const { place, digests, repository, present } = await pushFresh(server, model);
          const wanted = expectPresent(model, digests, referrers);
          const before = present();
          const plan = await pruneModel(place, model, digests, folder, true);
          expect(present()).toEqual(before);
          const done = await pruneModel(place, model, digests, folder);
          expect(done.outputs).toMatchObject({
            deleted: plan.outputs['deleted'],
            kept: plan.outputs['kept'],
          });
          expect(present()).toEqual(wanted);
          expect(repository.listTags().filter((tag) => tag.startsWith('hallmark'))).toEqual([]);
        }),
        { numRuns: 60, endOnFailure: true },
      );
    } finally {
      await server.close();
    }
  });

  test(
    'any request fails, each in turn: nothing that stays is lost, nothing at all while it plans, and the next run does the rest',
    slow,
    async () => {
      let failing = Number.POSITIVE_INFINITY;
      let count = 0;
      let deletes = 0;
      let armed = false;
      const server = await startRegistry({
        referrers,
        onRequest: ({ method }: SeenRequest) => {
          if (!armed) return undefined;
          count += 1;
          if (method === 'DELETE') deletes += 1;
          return count === failing ? { status: 403 } : undefined;
        },
      });
      const folder = makeFolder();
      try {
        for (failing = 1; ; failing += 1) {
          const { place, digests, present } = await pushFresh(server, SAMPLE);
          const before = present();
          const wanted = expectPresent(SAMPLE, digests, referrers);
          count = deletes = 0;
          armed = true;
          const result = await pruneModel(place, SAMPLE, digests, folder).catch((error) => error);
          armed = false;
          expect(present()).toEqual(expect.arrayContaining(wanted));
          if (deletes === 0) expect(present()).toEqual(before);
          if (count < failing) {
            expect(result.outputs['deleted']).toBe(before.length - wanted.length);
            break;
          }
          expect(result.outcome, `request ${failing}`).toBe('unavailable');
          await pruneModel(place, SAMPLE, digests, folder);
          expect(present()).toEqual(wanted);
        }
        expect(failing).toBeGreaterThan(40);
      } finally {
        await server.close();
      }
    },
  );
});

const none = {
  children: [],
  subject: undefined,
  base: undefined,
  tags: [],
  evidenceOf: [],
  age: undefined,
  missing: false,
};
/** Two indexes that share a platform, one of them old; evidence about both, and about evidence; an orphan; an environment. */
const SAMPLE: Model = {
  newest: 0,
  patterns: ['v*'],
  held: [],
  manifests: [
    { ...none, age: 60 },
    { ...none, age: 60 },
    { ...none, age: 60 },
    { ...none, children: [0, 1], tags: ['sha-3'], age: 60 },
    { ...none, children: [1, 2], tags: ['v1.4'], age: 60 },
    { ...none, subject: 3, evidenceOf: [3], age: 60 },
    { ...none, subject: 5, age: 60 },
    { ...none, subject: 4, evidenceOf: [4], age: 60 },
    { ...none, subject: 0, age: 60 },
    { ...none, missing: true },
    { ...none, subject: 9, evidenceOf: [9] },
    { ...none, children: [3], tags: ['b-11', 'c-11'], age: 60 },
    { ...none, tags: ['env-prod.000001-0'], age: 60 },
  ],
};

describe('what happens meanwhile counts', () => {
  test('whatever is pushed before the first deletion, at any request, stays whole', slow, async () => {
    let meanwhile: (() => Promise<unknown>) | undefined;
    let left = 0;
    const server = await startRegistry({
      onRequest: async ({ method, path }) => {
        left -= 1;
        const now = meanwhile;
        if (now !== undefined && (left < 0 || (method === 'PUT' && path.includes('hallmark-prune')))) {
          meanwhile = undefined;
          await now();
        }
        return undefined;
      },
    });
    const folder = makeFolder();
    const pushed = fc.record({ at: fc.nat(25), child: fc.nat(9), subject: fc.option(fc.nat(9)) });
    let counted = 0;
    try {
      await fc.assert(
        fc.asyncProperty(modelOf(8), pushed, async (model, { at, child, subject }) => {
          const count = model.manifests.length;
          const wanted = child % count;
          if (model.manifests[wanted]?.missing) return;
          const added = {
            ...none,
            children: [wanted],
            subject: subject === null ? undefined : subject % count,
            tags: ['new'],
            age: 0,
          };
          const after: Model = { ...model, manifests: [...model.manifests, added] };
          const { place, written, digests, repository } = await pushFresh(server, model);
          left = at;
          // What is gone cannot be listed by a push, which then fails: what was deleted before is no loss.
          meanwhile = async () => {
            if (
              digests.every((digest, place) => model.manifests[place]?.missing || has(repository, digest))
            ) {
              counted += 1;
              await pushModel(openRegistry(place), after, written);
            }
          };
          await pruneModel(place, model, digests, folder);
          meanwhile = undefined;
          if (written.length === count) return;
          const visible = findVisible(after, true);
          for (const one of expectStaying(after, (place) => visible.has(place))) {
            expect(has(repository, written[one]?.digest ?? ''), `manifest ${one}`).toBe(true);
          }
        }),
        { numRuns: 150 },
      );
      expect(counted).toBeGreaterThan(15);
    } finally {
      await server.close();
    }
  });

  it.each<[string, (request: SeenRequest, deletes: number) => boolean]>([
    ['between the plan and the first deletion', ({ method }) => method === 'POST'],
    ['between two waves', (_, deletes) => deletes === 1],
  ])('an image that is tagged %s stays with all its parts', async (_, moment) => {
    let deletes = 0;
    let meanwhile: (() => Promise<unknown>) | undefined;
    const server = await startRegistry({
      onRequest: async (request) => {
        const now = meanwhile;
        if (now !== undefined && moment(request, deletes)) {
          meanwhile = undefined;
          await now();
        }
        if (request.method === 'DELETE') deletes += 1;
        return undefined;
      },
    });
    try {
      const { place, digests, repository } = await pushFresh(server, SAMPLE);
      // The index that is listed by one that goes too: it is still there after the first wave.
      const { bytes, mediaType } = repository.getManifest(digests[3] as string);
      meanwhile = async () => repository.putManifest('v2.0', bytes, mediaType);
      await pruneModel(place, SAMPLE, digests, makeFolder());
      for (const at of [0, 1, 3, 5, 6, 8])
        expect(has(repository, digests[at] as string), String(at)).toBe(true);
      expect(has(repository, digests[10] as string)).toBe(false);
    } finally {
      await server.close();
    }
  });
});

describe('a registry that keeps', () => {
  it.each([400, 409, 412, 422])('an image (%i): it is not left without its parts', async (status) => {
    const kept = new Set<string>();
    const server = await startRegistry({
      onRequest: ({ method, path }) => {
        const reference = path.split('/').at(-1) ?? '';
        return method === 'DELETE' && kept.has(reference) ? { status } : undefined;
      },
    });
    try {
      const { place, digests, repository } = await pushFresh(server, SAMPLE);
      for (const one of ['b-11', 'c-11', digests[11] as string]) kept.add(one);
      const folder = makeFolder();
      const { outputs } = await pruneModel(place, SAMPLE, digests, folder);
      for (const at of [11, 3, 0, 1, 5, 6, 8])
        expect(has(repository, digests[at] as string), String(at)).toBe(true);
      const plan = JSON.parse(readFileSync(String(outputs['plan']), 'utf8'));
      expect(plan.going.find((line: { digest: string }) => line.digest === digests[11])).toMatchObject({
        deleted: false,
        stays: `the registry keeps it (status ${status})`,
      });
      expect(outputs['deleted']).toBe(1);
    } finally {
      await server.close();
    }
  });

  it('everything (405): says so, and how that is changed', async () => {
    const server = await startRegistry({
      onRequest: ({ method }) => (method === 'DELETE' ? { status: 405 } : undefined),
    });
    try {
      const { place, digests, present } = await pushFresh(server, SAMPLE);
      const before = present();
      await expect(pruneModel(place, SAMPLE, digests, makeFolder())).rejects.toMatchObject({
        outcome: 'unavailable',
        message: expect.stringContaining('deletes nothing'),
        hint: expect.stringContaining('storage.delete.enabled'),
      });
      expect(present()).toEqual(before);
    } finally {
      await server.close();
    }
  });
});
