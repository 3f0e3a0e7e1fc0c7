import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type Descriptor, MEDIA_TYPE } from '../../shared/image/descriptor.ts';
import { type Digest, parseDigest } from '../../shared/image/digest.ts';
import {
  attachReferrers,
  checkFallbacks,
  prepareReferrers,
  type Referrer,
} from '../../shared/store/attach.ts';
import { copyImage } from '../../shared/store/copy.ts';
import { digestOf } from '../../shared/store/hash.ts';
import {
  fallbackTag,
  findOwnTags,
  ownTag,
  readReferrers,
  uniteReferrers,
} from '../../shared/store/referrers.ts';
import { REFERRER_CAP, type Store } from '../../shared/store/store.ts';
import type { Fault, RegistryServer, SeenRequest } from '../servers/registry.ts';
import { digests, open, pushIndex, pushManifest, pushPlatform, serveRegistry } from './fixtures.ts';
import { makeReferrer } from './referrer.ts';

const subject = digestOf('subject');
const one = { mediaType: MEDIA_TYPE.manifest, digest: digestOf('one'), size: 3 };
const two = { mediaType: MEDIA_TYPE.manifest, digest: digestOf('two'), size: 3 };

describe('tags', () => {
  it('are no longer than a tag may be', () => {
    const long = parseDigest(`sha512:${'ab'.repeat(64)}`);
    expect(fallbackTag(subject)).toBe(subject.replace(':', '-'));
    expect(fallbackTag(long)).toBe(`sha512-${'ab'.repeat(32)}`);
    expect(ownTag(long, one.digest)).toMatch(/^sha512-[0-9a-f]{64}\.[0-9a-f]{16}$/);
    expect(ownTag(subject, one.digest)).toBe(`${fallbackTag(subject)}.${one.digest.slice(7, 23)}`);
  });

  it('of one subject are found among others, those of known referrers aside', () => {
    const tags = [
      ownTag(subject, one.digest),
      ownTag(subject, two.digest),
      ownTag(one.digest, two.digest),
      fallbackTag(subject),
      `${fallbackTag(subject)}x.0123456789abcdef`,
      'v1',
    ];
    expect(findOwnTags(subject, tags, [])).toEqual(tags.slice(0, 2));
    expect(findOwnTags(subject, tags, [two])).toEqual(tags.slice(0, 1));
  });
});

describe('readReferrers', () => {
  it.each<[string, unknown, Digest[] | undefined]>([
    ['an index of referrers', { schemaVersion: 2, manifests: [one, two] }, [one.digest, two.digest]],
    ['an empty one', { manifests: [] }, []],
    ['an image index', { manifests: [{ ...one, platform: { os: 'linux', architecture: 'amd64' } }] }, []],
    ['the subject itself', { manifests: [{ ...one, digest: subject }, two] }, [two.digest]],
    ['blobs', { manifests: [{ ...one, mediaType: MEDIA_TYPE.layerGzip }, two] }, [two.digest]],
    ['a manifest', { schemaVersion: 2, config: one, layers: [] }, undefined],
    [
      'one that is broken beside others',
      { manifests: [{ ...one, digest: 'sha256:abc' }, null, two] },
      [two.digest],
    ],
    ['a list', [], undefined],
  ])('%s', (_, content, found) => {
    const read = readReferrers(Buffer.from(JSON.stringify(content)), subject);
    expect(read?.map(({ digest }) => digest)).toEqual(found);
  });

  it('keeps what other writers added to a descriptor', () => {
    const entry = { ...one, data: 'e30=', 'org.example': 1 };
    expect(readReferrers(Buffer.from(JSON.stringify({ manifests: [entry] })), subject)).toEqual([entry]);
  });
});

describe('uniteReferrers', () => {
  it('lists each once, as the one that says more', () => {
    const typed = { ...one, artifactType: 'text/x' };
    expect(uniteReferrers(subject, [one, two], [typed])).toEqual([typed, two]);
  });

  it.each([
    [
      'count',
      Array.from({ length: REFERRER_CAP.count + 1 }, (_, n) => ({ ...one, digest: digestOf(`${n}`) })),
    ],
    [
      'bytes',
      [
        { ...one, size: REFERRER_CAP.bytes },
        { ...two, size: 1 },
      ],
    ],
  ])('is unavailable over the cap of %s', (_, list) => {
    expect(() => uniteReferrers(subject, list)).toThrow(expect.objectContaining({ outcome: 'unavailable' }));
  });
});

describe('a referrers API that is none', () => {
  it.each<[string, Fault]>([
    ['404', { status: 404 }],
    ['405', { status: 405 }],
    ['a web page', { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' }],
    [
      'a web page that claims to be an index',
      { status: 200, headers: { 'content-type': MEDIA_TYPE.index }, body: '<html>' },
    ],
    [
      'another media type',
      {
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ manifests: [one] }),
      },
    ],
    ['a redirect to a web page', { status: 303, headers: { location: 'https://example.com/' } }],
  ])('%s: own tags and the fallback index tell', async (_, fault) => {
    const registry = await serveRegistry({
      referrers: false,
      onRequest: ({ path }) => (path.includes('/referrers/') ? fault : undefined),
    });
    const store = open(`${registry.host}/octo/app`);
    const image = await pushPlatform(store, 'amd64');
    const attached = await attachReferrers(store, [makeReferrer(image, 'a'), makeReferrer(image, 'b')]);
    expect(digests(await store.listReferrers(image.digest))).toEqual(digests(attached));
  });

  it.each([400, 401, 403])('%i is no answer, so it is unavailable', async (status) => {
    const registry = await serveRegistry({
      onRequest: ({ path }) => (path.includes('/referrers/') ? { status } : undefined),
    });
    const store = open(`${registry.host}/octo/app`);
    await expect(store.listReferrers(subject)).rejects.toMatchObject({ outcome: 'unavailable' });
  });

  it('one that lists nothing, whatever there is, does not hide what tags tell', async () => {
    const body = JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests: [] });
    const registry = await serveRegistry({
      referrers: false,
      onRequest: ({ path }) =>
        path.includes('/referrers/')
          ? { status: 200, headers: { 'content-type': MEDIA_TYPE.index }, body }
          : undefined,
    });
    const store = open(`${registry.host}/octo/app`);
    const image = await pushPlatform(store, 'amd64');
    const attached = await attachReferrers(store, [makeReferrer(image, 'a')]);
    await fetch(`http://${registry.host}/v2/octo/app/manifests/${fallbackTag(image.digest)}`, {
      method: 'DELETE',
    });
    expect(digests(await store.listReferrers(image.digest))).toEqual(digests(attached));
  });
});

it('reads every page of the referrers API', async () => {
  const page = (manifests: unknown[], next?: string): Fault => ({
    status: 200,
    headers: { 'content-type': MEDIA_TYPE.index, ...(next && { link: `<${next}>; rel="next"` }) },
    body: JSON.stringify({ schemaVersion: 2, manifests }),
  });
  const registry = await serveRegistry({
    onRequest: ({ path }) => {
      if (!path.includes('/referrers/')) return undefined;
      return path.includes('page=2') ? page([two]) : page([one], `/v2/octo/app/referrers/${subject}?page=2`);
    },
  });
  expect(digests(await open(`${registry.host}/octo/app`).listReferrers(subject))).toEqual(
    digests([one, two]),
  );
});

it('stops reading an endless list', async () => {
  const registry = await serveRegistry({
    onRequest: ({ path }) => ({
      status: 200,
      body: '{"tags":["a"]}',
      headers: { link: `<${path}>; rel=next` },
    }),
  });
  await expect(open(`${registry.host}/octo/app`).listTags()).rejects.toMatchObject({
    outcome: 'unavailable',
  });
});

describe('own tags', () => {
  it('that name nonsense hide nothing, also where a registry says nothing of it by HEAD', async () => {
    let hostile = '';
    const registry = await serveRegistry({
      referrers: false,
      onRequest: ({ method, path }) => {
        if (path.includes('/tags/list')) return { status: 200, body: JSON.stringify({ tags: [hostile] }) };
        if (!path.endsWith(hostile) || hostile === '') return undefined;
        return { status: 200, headers: {}, ...(method === 'GET' && { body: '{"nonsense":true}' }) };
      },
    });
    const store = open(`${registry.host}/octo/app`);
    const image = await pushPlatform(store, 'amd64');
    const attached = await attachReferrers(store, [makeReferrer(image, 'a')]);
    hostile = ownTag(image.digest, two.digest);
    expect(digests(await store.listReferrers(image.digest))).toEqual(digests(attached));
  });
});

describe('the fallback tag', () => {
  it('that holds another tool’s image index is taken over, its entries are not listed', async () => {
    const registry = await serveRegistry({ referrers: false });
    const store = open(`${registry.host}/octo/app`);
    const image = await pushPlatform(store, 'amd64');
    await pushIndex(store, fallbackTag(image.digest));
    expect(await store.listReferrers(image.digest)).toEqual([]);
    const attached = await attachReferrers(store, [makeReferrer(image, 'a')]);
    expect(digests(await store.listReferrers(image.digest))).toEqual(digests(attached));
  });

  it('that always answers with the subject, as GitLab does, is left alone; own tags tell', async () => {
    const registry = await serveRegistry({
      referrers: false,
      onRequest: async ({ method, path }) => {
        if (!answer || method === 'PUT' || !path.endsWith(tag)) return undefined;
        return { status: 200, headers: { 'content-type': MEDIA_TYPE.manifest }, body: answer };
      },
    });
    let answer: Buffer | undefined;
    let tag = '';
    const store = open(`${registry.host}/octo/app`);
    const image = await pushPlatform(store, 'amd64');
    tag = fallbackTag(image.digest);
    answer = (await store.getManifest(image.digest))?.bytes;
    const attached = await attachReferrers(store, [makeReferrer(image, 'a'), makeReferrer(image, 'b')]);
    expect(digests(await store.listReferrers(image.digest))).toEqual(digests(attached));
  });

  it('that lost a referrer is healed by the next writer', async () => {
    const registry = await serveRegistry({ referrers: false });
    const store = open(`${registry.host}/octo/app`);
    const image = await pushPlatform(store, 'amd64');
    const first = await attachReferrers(store, [makeReferrer(image, 'first')]);
    const empty = { mediaType: MEDIA_TYPE.index, manifests: [] };
    await pushManifest(store, empty, fallbackTag(image.digest));
    expect(digests(await store.listReferrers(image.digest))).toEqual(digests(first));
    const second = await attachReferrers(store, [makeReferrer(image, 'second')]);
    const index = await store.getManifest(fallbackTag(image.digest));
    expect(digests(JSON.parse(String(index?.bytes)).manifests)).toEqual(digests([...first, ...second]));
  });

  it('carries artifactType and annotations, as distribution-spec 1.1 asks', async () => {
    const registry = await serveRegistry({ referrers: false });
    const store = open(`${registry.host}/octo/app`);
    const image = await pushPlatform(store, 'amd64');
    const referrer = makeReferrer(image, 'a');
    await attachReferrers(store, [referrer]);
    const copy = open(`${registry.host}/octo/copy`);
    await copyImage(store, copy, image.digest, { referrers: true });
    for (const { getManifest } of [store, copy].map((s) => ({ getManifest: s.getManifest.bind(s) }))) {
      const index = await getManifest(fallbackTag(image.digest));
      expect(JSON.parse(String(index?.bytes)).manifests).toMatchObject([
        { artifactType: referrer.artifactType, annotations: referrer.annotations },
      ]);
    }
  });

  it.each<[string, (entry: Descriptor) => unknown]>([
    ['without annotations', ({ annotations: _, ...entry }) => entry],
    ['with another artifact type', (entry) => ({ ...entry, artifactType: 'application/octet-stream' })],
    ['with no more than a digest', ({ mediaType, digest, size }) => ({ mediaType, digest, size })],
  ])('that another tool wrote %s lists the same, and loses nothing', async (_, change) => {
    const registry = await serveRegistry({ referrers: false });
    const store = open(`${registry.host}/octo/app`);
    const image = await pushPlatform(store, 'amd64');
    const tag = fallbackTag(image.digest);
    const theirs = await attachReferrers(store, [makeReferrer(image, 'theirs')]);
    // As if they had no tags of their own.
    for (const name of await store.listTags()) if (name !== tag) await remove(registry, name);
    await pushManifest(store, { mediaType: MEDIA_TYPE.index, manifests: theirs.map(change) }, tag);
    expect(digests(await store.listReferrers(image.digest))).toEqual(digests(theirs));
    const ours = await attachReferrers(store, [makeReferrer(image, 'ours')]);
    const index = await store.getManifest(tag);
    expect(digests(JSON.parse(String(index?.bytes)).manifests)).toEqual(digests([...theirs, ...ours]));
  });

  it('that lists what is deleted: what is there is listed, and attaching goes on', async () => {
    const registry = await serveRegistry({ referrers: false });
    const store = open(`${registry.host}/octo/app`);
    const image = await pushPlatform(store, 'amd64');
    const [kept, gone] = await attachReferrers(store, [makeReferrer(image, 'a'), makeReferrer(image, 'b')]);
    if (!kept || !gone) throw new Error('two were attached');
    await remove(registry, gone.digest);
    const ours = await attachReferrers(store, [makeReferrer(image, 'c')]);
    expect(digests(await store.listReferrers(image.digest))).toEqual(digests([kept, ...ours]));
  });
});

/** Deletes a manifest, or a tag alone, as nothing of ours does. */
async function remove(registry: RegistryServer, reference: string): Promise<void> {
  await fetch(`http://${registry.host}/v2/octo/app/manifests/${reference}`, { method: 'DELETE' });
}

describe('immutable tags', () => {
  it('with the referrers API stop nothing, nor does attaching the same again', async () => {
    const registry = await serveRegistry({ immutableTags: true });
    const store = open(`${registry.host}/octo/app`);
    const image = await pushPlatform(store, 'amd64');
    const first = await attachReferrers(store, [makeReferrer(image, 'a')]);
    const again = open(`${registry.host}/octo/app`);
    expect(await again.listReferrers(image.digest)).toHaveLength(1);
    await checkFallbacks(again);
    expect(await attachReferrers(again, [makeReferrer(image, 'a')])).toEqual(first);
    await attachReferrers(again, [makeReferrer(image, 'b')]);
    expect(await again.listReferrers(image.digest)).toHaveLength(2);
  });

  it('without it are said ahead, with the pattern to exclude, and nothing that is attached is lost', async () => {
    const registry = await serveRegistry({ immutableTags: true, referrers: false });
    const store = open(`${registry.host}/octo/app`);
    const image = await pushPlatform(store, 'amd64');
    await store.listReferrers(image.digest);
    await checkFallbacks(store);
    const first = await attachReferrers(store, [makeReferrer(image, 'a')]);
    const told = { outcome: 'unavailable', hint: expect.stringContaining('exclude "sha256-*"') };

    const later = open(`${registry.host}/octo/app`);
    await later.listReferrers(image.digest);
    await expect(checkFallbacks(later)).rejects.toMatchObject(told);
    expect(digests(await later.listReferrers(image.digest))).toEqual(digests(first));
    // Whoever attaches all the same is told too, and what it attached is found by its own tag.
    await expect(attachReferrers(later, [makeReferrer(image, 'b')])).rejects.toMatchObject(told);
    expect(await later.listReferrers(image.digest)).toHaveLength(2);
  });

  it.each([
    ['where there is none', false],
    ['as GitLab has it', true],
  ])('the check writes no fallback index %s', async (_, isGitLab) => {
    let subject: { path: string; bytes: Buffer } | undefined;
    const registry = await serveRegistry({
      referrers: false,
      onRequest: ({ path }) =>
        subject && path.endsWith(subject.path)
          ? { status: 200, headers: { 'content-type': MEDIA_TYPE.index }, body: subject.bytes }
          : undefined,
    });
    const store = open(`${registry.host}/octo/app`);
    const image = await pushIndex(store, 'v1');
    const stored = await store.getManifest(image.digest);
    if (isGitLab && stored) subject = { path: fallbackTag(image.digest), bytes: stored.bytes };
    await store.listReferrers(image.digest);
    registry.requests.length = 0;
    await checkFallbacks(store);
    expect(registry.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
  });
});

describe('ten writers at once', () => {
  it.each([
    ['with the referrers API', true],
    ['without it', false],
  ])('lose nothing, nor does the fallback index: %s', async (_, referrers) => {
    const registry = await serveRegistry({ referrers, latency: 5 });
    const store = open(`${registry.host}/octo/app`);
    const image = await pushPlatform(store, 'amd64');
    const attached = await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        attachReferrers(open(`${registry.host}/octo/app`), [makeReferrer(image, `writer ${n}`)]),
      ),
    );
    expect(digests(await store.listReferrers(image.digest))).toEqual(digests(attached.flat()));
    if (referrers) return;
    const index = await store.getManifest(fallbackTag(image.digest));
    expect(digests(JSON.parse(String(index?.bytes)).manifests)).toEqual(digests(attached.flat()));
  });

  it('in processes of their own neither', async () => {
    const registry = await serveRegistry({ referrers: false });
    const store = open(`${registry.host}/octo/app`);
    const image = await pushPlatform(store, 'amd64');
    const writer = fileURLToPath(new URL('writer.ts', import.meta.url));
    const codes = await Promise.all(
      Array.from({ length: 10 }, async (_, n) => {
        const child = fork(writer, [`${registry.host}/octo/app`, JSON.stringify(image), `writer ${n}`]);
        return (await once(child, 'exit'))[0];
      }),
    );
    expect(codes).toEqual(Array(10).fill(0));
    expect(await store.listReferrers(image.digest)).toHaveLength(10);
    const index = await store.getManifest(fallbackTag(image.digest));
    expect(JSON.parse(String(index?.bytes)).manifests).toHaveLength(10);
  });
});

describe('a writer that fails while its fallback index lacks what another listed', () => {
  it.each<{ name: string; write: (to: Store, images: Descriptor[], ours: Referrer) => Promise<unknown> }>([
    {
      name: 'a copy whose layer is not taken',
      write: async (to, images, ours) => {
        const from = open('oci:from');
        for (const { digest } of images) await copyImage(to, from, digest);
        await attachReferrers(from, [ours]);
        const manifests = [...images, await pushPlatform(from, 's390x')];
        const index = await pushManifest(from, { mediaType: MEDIA_TYPE.index, manifests });
        await copyImage(from, to, index.digest, { referrers: true });
      },
    },
    {
      name: 'one whose evidence for another image is not taken',
      write: (to, images, ours) =>
        attachReferrers(to, [ours, ...images.slice(1).map((other) => makeReferrer(other, 'refused'))]),
    },
  ])('makes it whole: $name', async ({ write }) => {
    let tag = '';
    let theirs: Promise<Descriptor[]> | undefined;
    let list: () => Promise<Digest[]> = async () => [];
    const registry = await serveRegistry({
      referrers: false,
      onRequest: async ({ method, path, headers }) => {
        if (method !== 'PUT' || tag === '') return undefined;
        if (path.endsWith(tag) && theirs === undefined) {
          // Between our reading of the index and our writing.
          theirs = attachReferrers(open(`${registry.host}/octo/app`), [makeReferrer(image, 'theirs')]);
          await theirs;
        }
        const refused =
          Number(headers['content-length']) > 64 * 1024 ||
          (path.includes('/manifests/sha256-') && !path.includes(tag));
        if (!refused) return undefined;
        await expect.poll(list, { timeout: 10_000 }).toEqual([ours]);
        return { status: 403 };
      },
    });
    const store = open(`${registry.host}/octo/app`);
    const image = await pushPlatform(store, 'amd64');
    const other = await pushPlatform(store, 'arm64');
    const referrer = makeReferrer(image, 'ours');
    const ours = (await attachReferrers(open('oci:beside'), [referrer]))[0]?.digest;
    list = async () => {
      const index = await store.getManifest(fallbackTag(image.digest));
      return index === undefined ? [] : digests(JSON.parse(String(index.bytes)).manifests);
    };
    tag = fallbackTag(image.digest);
    await expect(write(store, [image, other], referrer)).rejects.toMatchObject({ outcome: 'unavailable' });
    expect(await list()).toEqual([ours, (await theirs)?.[0]?.digest].sort());
  });
});

/** The longest chain of requests of which each began after the one before had ended. */
function measureDepth(requests: readonly SeenRequest[]): number {
  const depths: number[] = [];
  const sorted = [...requests].sort((a, b) => a.begun - b.begun);
  for (const [index, request] of sorted.entries()) {
    const before = sorted
      .slice(0, index)
      .map((other, n) => (other.ended <= request.begun ? (depths[n] ?? 0) : 0));
    depths[index] = 1 + Math.max(0, ...before);
  }
  return Math.max(0, ...depths);
}

describe('round trips', () => {
  // facts/peers-latency.md: of the floor of 5 (6 without the API) for signing and three attestations, the token, the certificate and the
  // log take three; blobs, manifests and the fallback index are the store's. Without the API one more reads the index back,
  // because no registry can compare and swap.
  it.each([
    ['with the referrers API', true, 2, 10],
    ['without it', false, 4, 13],
  ])('four bundles are attached to one manifest in few: %s', async (_, referrers, depth, count) => {
    const registry = await serveRegistry({ referrers, latency: 100 });
    const store = open(`${registry.host}/octo/app`);
    const image = await pushPlatform(store, 'amd64');
    await prepareReferrers(store, 4);
    registry.requests.length = 0;
    await attachReferrers(
      store,
      ['signature', 'provenance', 'sbom', 'scan'].map((name) => makeReferrer(image, name)),
    );
    expect(registry.requests).toHaveLength(count);
    expect(measureDepth(registry.requests)).toBeLessThanOrEqual(depth);
  });

  // What evidence refers to itself is looked for too. Without the API one round trip more writes the fallback indexes.
  it.each([
    ['with the referrers API', true, 5, 60],
    ['without it', false, 6, 60],
  ])('two platforms and ten referrers are copied in few: %s', async (_, referrers, depth, count) => {
    const registry = await serveRegistry({ referrers, latency: 100 });
    const store = open(`${registry.host}/octo/app`);
    const platforms = [await pushPlatform(store, 'amd64'), await pushPlatform(store, 'arm64')];
    const image = await pushManifest(store, { mediaType: MEDIA_TYPE.index, manifests: platforms });
    const subjects = [image, ...platforms];
    const evidence = Array.from({ length: 10 }, (_, n) =>
      makeReferrer(subjects[n % subjects.length] ?? image, `evidence ${n}`),
    );
    await attachReferrers(store, evidence);
    registry.requests.length = 0;
    const from = open(`${registry.host}/octo/app`);
    const to = open(`${registry.host}/octo/prod`);
    const written = await copyImage(from, to, image.digest, { referrers: true });
    // 2 configs, 2 layers, 10 bundles and the empty config are mounted; no blob is sent.
    expect(written).toEqual({ mounted: 15, copied: 13 });
    expect(registry.requests.length).toBeLessThanOrEqual(count);
    expect(measureDepth(registry.requests)).toBeLessThanOrEqual(depth);
  });
});
