import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { manifestSchema } from '../../shared/image/descriptor.ts';
import { copyImage } from '../../shared/store/copy.ts';
import { readJson } from '../../shared/store/json.ts';
import { parseMirrors } from '../../shared/store/mirrors.ts';
import type { Store } from '../../shared/store/store.ts';
import type { Fault, RegistryServer, SeenRequest } from '../servers/registry.ts';
import { open, pushPlatform, serveRegistry } from './fixtures.ts';

interface Held {
  readonly registry: RegistryServer;
  /** What is answered instead from now on. */
  fault: ((request: SeenRequest) => Fault | undefined) | undefined;
}

async function hold(): Promise<Held> {
  const held: { fault: Held['fault'] } = { fault: undefined };
  const registry = await serveRegistry({ onRequest: (request) => held.fault?.(request) });
  return Object.assign(held, { registry });
}

/** An image at a registry and, under `mirror/octo/app`, at two mirrors of it; `store` is of the registry, and knows the mirrors. */
async function serve() {
  const [own, first, second] = [await hold(), await hold(), await hold()];
  const image = await pushPlatform(open(`${own.registry.host}/octo/app`), 'amd64', {}, 'v1');
  const source = open(`${own.registry.host}/octo/app`);
  for (const { registry } of [first, second])
    await copyImage(source, open(`${registry.host}/mirror/octo/app`), image.digest);
  const bytes = (await source.getManifest(image.digest))?.bytes ?? '';
  const layer = readJson(manifestSchema, bytes)?.layers[0];
  if (layer === undefined) throw new Error('the image has no layer');
  const lines = [first, second].map(({ registry }) => `${own.registry.host}=${registry.host}/mirror`);
  const mirrors = parseMirrors(lines);
  for (const { registry } of [own, first, second]) registry.requests.length = 0;
  const said: string[] = [];
  const log = { mask: () => undefined, info: (message: string) => void said.push(message) };
  const store = open(`${own.registry.host}/octo/app`, { mirrors, log });
  return { own, first, second, image, layer, store, said };
}

const DOWN: Fault = { status: 503 };
const LIMITED: Fault = { status: 429, headers: { 'retry-after': '30' } };

async function readAll(store: Store, { image, layer }: Awaited<ReturnType<typeof serve>>): Promise<void> {
  expect((await store.getManifest(image.digest))?.descriptor.digest).toBe(image.digest);
  expect((await store.readBlob(layer)).length).toBe(layer.size);
  expect((await buffer(await store.getBlob(layer))).length).toBe(layer.size);
}

describe('a registry with mirrors', () => {
  it('is asked alone while it answers', async () => {
    const served = await serve();
    await readAll(served.store, served);
    expect(served.first.registry.requests).toEqual([]);
  });

  it.each<[string, Fault]>([
    ['is down', DOWN],
    ['drops connections', 'drop'],
    ['is behind a proxy that gets no answer', { status: 522 }],
    ['asks to wait', LIMITED],
  ])(
    'that %s: what a digest names comes from the first mirror, and the registry is asked no more',
    async (_, fault) => {
      const served = await serve();
      served.own.fault = () => fault;
      await readAll(served.store, served);
      const asked = served.own.registry.requests.length;
      expect(asked).toBe(fault === LIMITED ? 1 : 4);
      await readAll(served.store, served);
      expect(served.own.registry.requests).toHaveLength(asked);
      expect(served.first.registry.requests.map(({ path }) => path)).toEqual(
        expect.arrayContaining([`/v2/mirror/octo/app/manifests/${served.image.digest}`]),
      );
      expect(served.second.registry.requests).toEqual([]);
      expect(served.said.filter((line) => line.endsWith('mirrors are asked'))).toHaveLength(1);
    },
  );

  it('never believes a mirror about a tag, or about what refers to an image', async () => {
    const { own, first, image, store } = await serve();
    own.fault = () => DOWN;
    const asking = [
      store.getManifest('v1'),
      store.resolve('v1'),
      store.listReferrers(image.digest),
      store.listTags(),
    ];
    for (const end of await Promise.allSettled(asking))
      expect(end).toMatchObject({ status: 'rejected', reason: { outcome: 'unavailable' } });
    expect(first.registry.requests).toEqual([]);
  });

  it.each([
    ['does not have it', 404],
    ['wants a login', 401],
    ['forbids it', 403],
  ])('that %s is believed', async (_, status) => {
    const { own, first, image, layer, store } = await serve();
    own.fault = () => ({ status });
    const found = await store.getManifest(image.digest).catch((error: unknown) => error);
    if (status === 404) expect(found).toBeUndefined();
    else expect(found).toMatchObject({ outcome: 'unavailable' });
    await expect(store.readBlob(layer)).rejects.toMatchObject({
      outcome: status === 404 ? 'refused' : 'unavailable',
    });
    expect(first.registry.requests).toEqual([]);
  });

  it.each<[string, Fault]>([
    ['has other bytes', { status: 200, body: '{"schemaVersion":2,"layers":[]}' }],
    ['does not have it', { status: 404 }],
    ['wants a login', { status: 401 }],
  ])('passes over a mirror that %s', async (_, fault) => {
    const { own, first, second, image, layer, store } = await serve();
    own.fault = () => LIMITED;
    first.fault = () => fault;
    expect((await store.getManifest(image.digest))?.descriptor.digest).toBe(image.digest);
    expect((await store.readBlob(layer)).length).toBe(layer.size);
    expect(second.registry.requests).toHaveLength(2);
  });

  it('is waited for where no mirror has it', async () => {
    const { own, first, second, image, store, said } = await serve();
    let left = 2;
    own.fault = () => (left-- > 0 ? { status: 429, headers: { 'retry-after': '1' } } : undefined);
    for (const mirror of [first, second]) mirror.fault = () => ({ status: 404 });
    expect((await store.getManifest(image.digest))?.descriptor.digest).toBe(image.digest);
    expect(said.some((line) => line.includes('so this waits'))).toBe(true);
  });

  it('is unavailable where nobody answers', async () => {
    const { own, first, second, layer, store } = await serve();
    for (const place of [own, first, second]) place.fault = () => LIMITED;
    own.fault = () => ({ status: 429, headers: { 'retry-after': '601' } });
    await expect(store.readBlob(layer)).rejects.toMatchObject({ outcome: 'unavailable' });
  });

  it('is never written to, and no mirror answers for what it should hold itself', async () => {
    const { own, layer, store } = await serve();
    expect(() => store.putBlob(layer, () => Buffer.alloc(layer.size))).toThrow('only read');
    await expect(store.putManifest(Buffer.from('{}'), 'application/json')).rejects.toThrow('only read');
    own.fault = () => DOWN;
    await expect(store.checkBlob(layer)).rejects.toMatchObject({ outcome: 'unavailable' });
  });

  it('fails at the end of a stream that a mirror spoils', async () => {
    const { own, first, layer, store } = await serve();
    own.fault = () => LIMITED;
    first.fault = () => ({ status: 200, body: Buffer.alloc(layer.size) });
    await expect(buffer(await store.getBlob(layer))).rejects.toMatchObject({
      outcome: 'unavailable',
      message: expect.stringContaining('/mirror/octo/app'),
    });
  });
});

it('reads lines of registry=mirror', () => {
  const mirrors = parseMirrors([
    'docker.io=mirror.gcr.io',
    'Docker.io = harbor.example.com/hub',
    'localhost:5000=127.0.0.1:1/a',
  ]);
  expect([...mirrors]).toEqual([
    ['docker.io', ['mirror.gcr.io', 'harbor.example.com/hub']],
    ['localhost:5000', ['127.0.0.1:1/a']],
  ]);
});

it.each([
  'docker.io',
  '=mirror.gcr.io',
  'docker.io=',
  'docker.io=a.example=b.example',
  'docker.io/library=mirror.gcr.io',
  'docker.io=https://mirror.gcr.io',
  'docker.io=mirror',
  'docker.io=mirror.gcr.io/../x',
  'docker.io=mirror.gcr.io:tag/x@y',
])('refuses %j', (line) => {
  expect(() => parseMirrors([line])).toThrow(
    expect.objectContaining({ outcome: 'invalid', input: 'registry-mirrors' }),
  );
});
