import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MEDIA_TYPE } from '../../shared/image/descriptor.ts';
import type { Digest } from '../../shared/image/digest.ts';
import { LIMIT_DAYS, type Model } from '../environment/registry-model.ts';
import { type Fault, type SeenRequest, startRegistry } from '../servers/registry.ts';
import { Repository } from '../servers/registry-repository.ts';
import { makeFolder } from '../store/fixtures.ts';
import { openRegistry, pruneModel, pushModel } from './prune-world.ts';

/*
 * Registries that answer half of what they should, and repositories in which something stands that nobody expected: what is not known for sure is
 * no reason to delete.
 */

const none = {
  children: [],
  subject: undefined,
  base: undefined,
  tags: [],
  evidenceOf: [],
  age: 60,
  missing: false,
};
const model = (...manifests: Partial<Model['manifests'][number]>[]): Model => ({
  newest: 0,
  patterns: ['v*'],
  held: [],
  manifests: manifests.map((one) => ({ ...none, ...one })),
});

/** Pushes a model, lets `prepare` add to it, and prunes it. */
async function run(
  what: Model,
  {
    onRequest,
    prepare,
    running,
  }: {
    onRequest?: (request: SeenRequest, digests: readonly Digest[]) => Fault | undefined;
    prepare?: (repository: Repository, digests: readonly Digest[]) => void;
    running?: (place: string) => string;
  },
) {
  let digests: readonly Digest[] = [];
  let pruning = false;
  const server = await startRegistry({
    onRequest: (request) => (pruning ? onRequest?.(request, digests) : undefined),
  });
  try {
    const place = `${server.host}/octo/app`;
    digests = (await pushModel(openRegistry(place), what)).map(({ digest }) => digest);
    const repository = new Repository(server.folder, 'octo/app');
    prepare?.(repository, digests);
    const folder = makeFolder();
    if (running !== undefined) writeFileSync(join(folder, 'runs.txt'), running(place));
    pruning = true;
    const outcome = await pruneModel(place, what, digests, folder, false, running && ['runs.txt']).then(
      ({ outcome = 'passed' }) => outcome,
      (error: { outcome: string }) => error.outcome,
    );
    const left = digests.map((digest) => {
      try {
        return repository.getManifest(digest).digest === digest;
      } catch {
        return false;
      }
    });
    return { outcome, left };
  } finally {
    await server.close();
  }
}

describe('a registry that answers half', () => {
  it('with the first page of its tags, and 404 for the next: nothing is deleted', async () => {
    const { outcome, left } = await run(model({ tags: ['b-1'] }, { children: [0], tags: ['v1.0'] }), {
      onRequest: ({ path }) => {
        if (!path.includes('/tags/list')) return undefined;
        if (path.includes('last=')) return { status: 404 };
        const headers = {
          'content-type': 'application/json',
          link: '</v2/octo/app/tags/list?last=b-1&n=1>; rel="next"',
        };
        return { status: 200, headers, body: JSON.stringify({ tags: ['b-1'] }) };
      },
    });
    expect({ outcome, left }).toEqual({ outcome: 'unavailable', left: [true, true] });
  });

  it.each([404, 501])(
    'with referrers of one image and %i for those of another: nothing is deleted',
    async (status) => {
      // A reproducible build says 1970 or the date of its commit; that it was pushed of late says the evidence alone.
      const young = model(
        { tags: ['b-1'] },
        { subject: 0, age: 1 },
        { tags: ['v1.0'] },
        { subject: 2, age: 60 },
      );
      const { outcome, left } = await run(young, {
        onRequest: ({ path }, digests) =>
          path.endsWith(`/referrers/${digests[0]}`) ? { status } : undefined,
      });
      expect({ outcome, left }).toEqual({ outcome: 'unavailable', left: [true, true, true, true] });
    },
  );
});

describe('something that is not understood keeps all that it names', () => {
  it.each<[string, object]>([
    ['an annotation that is no text', { annotations: { made: 1 } }],
    ['annotations that are null', { annotations: null }],
    ['a media type that nobody knows', { mediaType: 'application/vnd.example.list.v1+json' }],
    ['a subject that is null', { subject: null }],
    ['layers beside the list', { layers: [] }],
  ])('an index with %s', async (_, odd) => {
    const { outcome, left } = await run(model({ tags: ['b-1'] }, { tags: ['b-2'] }, { tags: ['odd'] }), {
      // The registry of these tests takes none such.
      onRequest: ({ path }, [child]) => {
        const body = JSON.stringify({
          schemaVersion: 2,
          mediaType: MEDIA_TYPE.index,
          manifests: [{ mediaType: MEDIA_TYPE.manifest, digest: child, size: 1 }],
          ...odd,
        });
        const headers = { 'content-type': MEDIA_TYPE.index };
        return path.endsWith('/manifests/odd') ? { status: 200, headers, body } : undefined;
      },
    });
    expect({ outcome, left: left.slice(0, 2) }).toEqual({ outcome: 'passed', left: [true, false] });
  });
});

describe('what runs stays', () => {
  it.each<[string, (place: string) => string, string[]]>([
    ['by a tag', (place) => `${place}:b-1`, ['b-1']],
    ['by no tag, which is latest', (place) => `{ "image": "${place}" }`, ['latest']],
    ['by a tag that is its own digest', (place) => `${place}:sha256-SELF`, []],
  ])('%s', async (_, running, tags) => {
    let own = '';
    const what = model({ tags }, { tags: ['b-2'] });
    const { outcome, left } = await run(what, {
      prepare: (repository, [digest = '']) => {
        own = digest.slice('sha256:'.length);
        const { bytes, mediaType } = repository.getManifest(digest);
        if (tags.length === 0) repository.putManifest(`sha256-${own}`, bytes, mediaType);
      },
      running: (place) => running(place).replace('SELF', own),
    });
    expect({ outcome, left }).toEqual({ outcome: 'passed', left: [true, false] });
  });
});

it('a tag that is its own digest is a tag like any other: a rule can keep it', async () => {
  const what = { ...model({}, { tags: ['b-2'] }), patterns: ['sha256-*'] };
  const { outcome, left } = await run(what, {
    prepare: (repository, [digest = '']) => {
      const { bytes, mediaType } = repository.getManifest(digest);
      repository.putManifest(digest.replace(':', '-'), bytes, mediaType);
    },
  });
  expect({ outcome, left }).toEqual({ outcome: 'passed', left: [true, false] });
});

it('a tag that is moved while others are deleted: what it names now stays', async () => {
  const many = Array.from({ length: 230 }, (_, at) => ({ tags: [`b-${at}`], age: LIMIT_DAYS + 10 + at }));
  let deletes = 0;
  let move = (): void => undefined;
  const { outcome, left } = await run(model({ tags: ['v1.0'], age: 1 }, ...many), {
    prepare: (repository, digests) => {
      const { bytes, mediaType } = repository.getManifest(digests[230] as string);
      move = () => {
        repository.putManifest('v1.0', bytes, mediaType);
      };
    },
    onRequest: ({ method }) => {
      if (method === 'DELETE') deletes += 1;
      if (deletes === 20) move();
      return undefined;
    },
  });
  expect(outcome).toBe('passed');
  expect([left[0], left[1], left[230]]).toEqual([true, false, true]);
});
