import { createReadStream } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MEDIA_TYPE } from '../../shared/image/descriptor.ts';
import type { Digest } from '../../shared/image/digest.ts';
import { copyImage } from '../../shared/store/copy.ts';
import { digestOf } from '../../shared/store/hash.ts';
import type { Store } from '../../shared/store/store.ts';
import { writeTags } from '../../shared/store/tag.ts';
import { type Fault, type SeenRequest, startRegistry } from '../servers/registry.ts';
import { absent, copyAndTag, makeFolder, open, pushIndex, pushPlatform, serveRegistry } from './fixtures.ts';

/** A registry that holds one image, and then plays `fault` for the first `times` requests that `match`. */
async function plant(fault: Fault, { times = Infinity, match = (_: SeenRequest): boolean => true } = {}) {
  let left = 0;
  const registry = await serveRegistry({
    onRequest: (request) => {
      if (left <= 0 || !match(request)) return undefined;
      left -= 1;
      return fault;
    },
  });
  const image = await pushPlatform(open(`${registry.host}/octo/app`), 'amd64', {}, 'v1');
  left = times;
  registry.requests.length = 0;
  return { registry, image, store: open(`${registry.host}/octo/app`) };
}

const errors = (code: string): string => JSON.stringify({ errors: [{ code, message: 'said the registry' }] });

describe('a status that is final', () => {
  it.each<[number, RegExp, string | undefined]>([
    [
      401,
      /^127\.0\.0\.1:\d+ wants a login to pull from 127\.0\.0\.1:\d+\/octo\/app \("DENIED: said/,
      'login-action',
    ],
    [403, /does not allow this login to pull from .*octo\/app/, 'login-action'],
    [418, /^GET .*\/octo\/app\/manifests\/v1: status 418 \("DENIED/, undefined],
  ])('%i is said plainly, at once', async (status, message, hint) => {
    const { store, registry } = await plant({ status, body: errors('DENIED') });
    const failure = await store.getManifest('v1').catch((error) => error);
    expect(failure).toMatchObject({ outcome: 'unavailable', message: expect.stringMatching(message) });
    if (hint) expect(failure.hint).toContain(hint);
    expect(registry.requests).toHaveLength(1);
  });

  it('404 on a push names the repository', async () => {
    const { store } = await plant({ status: 404, body: errors('NAME_UNKNOWN') });
    await expect(store.prepareUploads(1)).rejects.toMatchObject({
      outcome: 'unavailable',
      message: expect.stringMatching(/does not know .*\/octo\/app.*NAME_UNKNOWN/),
    });
  });

  it('shows the registry’s words shortened and without control characters', async () => {
    const message = `\u001b[31m::error::${'x'.repeat(500)}\n`;
    const { store } = await plant({ status: 400, body: JSON.stringify({ errors: [{ message }] }) });
    const failure = await store.getManifest('v1').catch((error) => error);
    expect(failure.message.length).toBeLessThan(350);
    expect(failure.message).not.toMatch(/\p{Cc}/u);
  });
});

// The pauses between tries are real, so the cases of a table run side by side.
describe('what may pass by itself is tried again', () => {
  it('until it has passed', async () => {
    const cases: [Fault, number][] = [
      [{ status: 408 }, 1],
      [{ status: 500 }, 2],
      [{ status: 502 }, 1],
      [{ status: 503 }, 1],
      [{ status: 504 }, 1],
      [{ status: 429 }, 2],
      [{ status: 429, headers: { 'retry-after': new Date(Date.now() + 2000).toUTCString() } }, 1],
      ['drop', 2],
    ];
    const planted = await Promise.all(cases.map(([fault, times]) => plant(fault, { times })));
    const read = await Promise.all(planted.map(({ store }) => store.getManifest('v1')));
    expect(read.map((stored) => stored?.descriptor)).toEqual(planted.map(({ image }) => image));
    const requests = planted.map(({ registry }) => registry.requests.length);
    expect(requests).toEqual(cases.map(([, times]) => times + 1));
  });

  it('but four times at most', async () => {
    const faults: Fault[] = [{ status: 500 }, { status: 503 }, { status: 429 }, 'drop'];
    const planted = await Promise.all(faults.map((fault) => plant(fault)));
    const failures = await Promise.all(
      planted.map(({ store }) => store.getManifest('v1').catch((error) => error)),
    );
    for (const failure of failures) {
      expect(failure).toMatchObject({
        outcome: 'unavailable',
        message: expect.stringMatching(/octo\/app\/manifests\/v1: .*\(4 tries\)/),
      });
    }
    expect(planted.map(({ registry }) => registry.requests.length)).toEqual([4, 4, 4, 4]);
  });

  it('429 with Retry-After: as long as it asks to wait, however often, which is said once', async () => {
    const fault = { status: 429, headers: { 'retry-after': '1' } };
    const { image, registry } = await plant(fault, { times: 2 });
    const said: string[] = [];
    const log = { mask: () => undefined, info: (message: string) => said.push(message) };
    const store = open(`${registry.host}/octo/app`, { log });
    const begun = performance.now();
    expect(await store.resolve('v1')).toMatchObject(image);
    expect(performance.now() - begun).toBeGreaterThan(1900);
    expect(registry.requests).toHaveLength(3);
    expect(said).toEqual([expect.stringMatching(/v1: status 429: it asks to wait 1 s, so this waits$/)]);
  });

  it('a blob’s upload: from its beginning, with the blob opened again', async () => {
    const isPut = ({ method, path }: SeenRequest): boolean => method === 'PUT' && path.includes('/uploads/');
    const faults: Fault[] = [{ status: 500 }, { status: 404 }, 'drop'];
    await Promise.all(
      faults.map(async (fault) => {
        const { store, registry } = await plant(fault, { match: isPut, times: 1 });
        const from = open('oci:from');
        const image = await pushPlatform(from, 'arm64');
        await copyImage(from, store, image.digest);
        expect(await store.resolve(image.digest)).toMatchObject(image);
        const failed = registry.requests.filter((request) => isPut(request) && request.status !== 201);
        expect(failed).toHaveLength(1);
      }),
    );
  });

  it('but a large one is not sent again that arrived, and was not answered', async () => {
    const isPut = ({ method, path }: SeenRequest): boolean => method === 'PUT' && path.includes('/uploads/');
    const { store, registry } = await plant('cut', { match: isPut, times: 1 });
    const bytes = Buffer.alloc(2_000_000, 'x');
    const blob = { digest: digestOf(bytes), size: bytes.length };
    expect(await store.putBlob(blob, () => Readable.from([bytes]))).toBe('sent');
    expect(registry.requests.filter(isPut)).toHaveLength(1);
    expect(await store.readBlob(blob)).toEqual(bytes);
  });

  it.each(['POST', 'PUT'])(
    'and what was opened is closed, when the registry refuses the %s',
    async (refused) => {
      const isRefused = ({ method, path }: SeenRequest): boolean =>
        method === refused && path.includes('/uploads/');
      const { store } = await plant({ status: 400 }, { match: isRefused });
      const bytes = Buffer.alloc(5_000_000, 'x');
      const opened: Readable[] = [];
      const openBlob = (): Readable => {
        const source = Readable.from([bytes]);
        opened.push(source);
        return source;
      };
      const blob = { digest: digestOf(bytes), size: bytes.length };
      await expect(store.putBlob(blob, openBlob)).rejects.toMatchObject({ outcome: 'unavailable' });
      expect(opened.map(({ destroyed }) => destroyed)).toEqual([true]);
    },
  );

  it('and a source that breaks before the registry is ready for it is told like any other', async () => {
    const { host } = await serveRegistry({ latency: 50 });
    const blob = { digest: digestOf('hello'), size: 5 };
    const sending = open(`${host}/octo/app`).putBlob(blob, () => createReadStream('/is/not/there'));
    await expect(sending).rejects.toMatchObject({
      outcome: 'unavailable',
      message: expect.stringMatching(/ENOENT/),
    });
  });

  it.each<[string, number]>([
    ['longer', 6],
    ['shorter', 4],
  ])('but not a blob that is %s by now: the bytes would be read as another request', async (_, length) => {
    const { store } = await plant({ status: 500 }, { times: 0 });
    const blob = { digest: digestOf(Buffer.from('hello')), size: 5 };
    const sending = store.putBlob(blob, () => Readable.from([Buffer.alloc(length)]));
    await expect(sending).rejects.toMatchObject({
      outcome: 'unavailable',
      message: 'what was to be sent has changed meanwhile',
    });
    expect(await store.hasBlob(blob.digest)).toBe(false);
  });

  it('and not past the deadline', async () => {
    const { registry } = await plant({ status: 429, headers: { 'retry-after': '60' } });
    const store = open(`${registry.host}/octo/app`, { deadline: AbortSignal.timeout(300) });
    await expect(store.getManifest('v1')).rejects.toMatchObject({
      outcome: 'unavailable',
      message: expect.stringContaining("the step's time ended"),
    });
    expect(registry.requests).toHaveLength(1);
  });

  it('nor for longer than ten minutes, which is said at once', async () => {
    const { registry, store } = await plant({ status: 429, headers: { 'retry-after': '601' } });
    await expect(store.getManifest('v1')).rejects.toMatchObject({
      outcome: 'unavailable',
      message: expect.stringContaining('asks to wait 601 s'),
    });
    expect(registry.requests).toHaveLength(1);
  });

  it('nobody listening is unavailable', async () => {
    const { host, close } = await startRegistry();
    await close();
    await expect(open(`${host}/octo/app`).listTags()).rejects.toMatchObject({
      outcome: 'unavailable',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });
});

/** A registry that answers as `handle` does, ended after the test. */
async function serveHttp(handle: RequestListener): Promise<string> {
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}/octo/app`;
}

describe('silence past the deadline is unavailable', () => {
  const bytes = Buffer.alloc(10_000_000, 'x');
  const blob = { digest: digestOf(bytes), size: bytes.length };
  const halfway: RequestListener = (_, response) => {
    response.writeHead(200, { 'content-length': blob.size }).write('x');
  };
  it.each<[string, RequestListener, (store: Store) => Promise<unknown>]>([
    ['before the headers', () => undefined, (store) => store.getManifest('v1')],
    ['in the middle of a manifest', halfway, (store) => store.getManifest('v1')],
    ['in the middle of a blob', halfway, async (store) => buffer(await store.getBlob(blob))],
    [
      'while an upload is not read',
      ({ method }, response) => {
        if (method === 'HEAD') response.writeHead(404).end();
        if (method === 'POST') response.writeHead(202, { location: '/upload' }).end();
      },
      (store) => store.putBlob(blob, () => Readable.from([bytes])),
    ],
  ])('%s', async (_, handle, work) => {
    const store = open(await serveHttp(handle), { deadline: AbortSignal.timeout(300) });
    await expect(work(store)).rejects.toMatchObject({
      outcome: 'unavailable',
      message: expect.stringContaining("the step's time ended"),
    });
  });
});

describe('bytes that are not what the digest says are refused', () => {
  const isManifest = ({ path }: SeenRequest): boolean => path.includes('/manifests/');

  it('a manifest, also under a lying Docker-Content-Digest', async () => {
    const { store, image } = await plant({ status: 200, body: '{"layers":[]}' }, { match: isManifest });
    await expect(store.getManifest(image.digest)).rejects.toMatchObject({ outcome: 'refused' });
    const lying = await plant(
      { status: 200, body: '{"layers":[]}', headers: { 'docker-content-digest': image.digest } },
      { match: isManifest },
    );
    await expect(lying.store.getManifest(image.digest)).rejects.toMatchObject({ outcome: 'refused' });
    const byTag = await lying.store.getManifest('v1');
    expect(byTag?.descriptor.digest).not.toBe(image.digest);
  });

  it('a manifest is what it says itself, whatever Content-Type it comes with', async () => {
    const { store, image } = await plant({ status: 500 }, { times: 0 });
    const body = (await store.getManifest('v1'))?.bytes ?? '';
    for (const type of [MEDIA_TYPE.index, 'text/html', '']) {
      const lying = await plant({ status: 200, body, headers: { 'content-type': type } });
      expect((await lying.store.getManifest('v1'))?.descriptor).toEqual(image);
    }
  });

  it('a HEAD that answers with another digest than was asked for', async () => {
    const { registry, image } = await plant({ status: 500 }, { times: 0 });
    const headers = {
      'docker-content-digest': absent(image.digest),
      'content-type': 'x/y',
      'content-length': '7',
    };
    const lying = await serveRegistry({ onRequest: () => ({ status: 200, headers }) });
    await expect(open(`${lying.host}/octo/app`).resolve(image.digest)).rejects.toMatchObject({
      outcome: 'refused',
    });
    expect(await open(`${registry.host}/octo/app`).resolve(image.digest)).toMatchObject(image);
  });

  it.each([
    ['read and found right', true],
    ['read and refused', false],
  ])('a HEAD that names them by another algorithm: they are %s', async (_, right) => {
    const { store, image } = await plant({ status: 500 }, { times: 0 });
    const bytes = (await store.getManifest('v1'))?.bytes ?? Buffer.alloc(0);
    const named = await serveRegistry({
      onRequest: ({ method }) => ({
        status: 200,
        headers: {
          'docker-content-digest': digestOf(bytes),
          'content-type': image.mediaType,
          ...(method === 'HEAD' && { 'content-length': String(bytes.length) }),
        },
        ...(method === 'GET' && { body: right ? bytes : Buffer.from('other') }),
      }),
    });
    const digest = digestOf(bytes, 'sha512');
    const resolving = open(`${named.host}/octo/app`).resolve(digest);
    if (right) expect(await resolving).toEqual({ ...image, digest });
    else await expect(resolving).rejects.toMatchObject({ outcome: 'refused' });
  });

  it('a registry that says it stored something else', async () => {
    const { store, image } = await plant({ status: 500 }, { times: 0 });
    const lying = await serveRegistry({
      onRequest: () => ({ status: 201, headers: { 'docker-content-digest': image.digest } }),
    });
    const manifest = Buffer.from('{"schemaVersion":2,"layers":[]}');
    await expect(open(`${lying.host}/octo/app`).putManifest(manifest, image.mediaType)).rejects.toMatchObject(
      { outcome: 'refused' },
    );
    expect(await store.resolve(image.digest)).toBeDefined();
  });

  it.each<[string, (size: number) => Buffer]>([
    ['another byte', (size) => Buffer.alloc(size, 'x')],
    ['cut short', (size) => Buffer.alloc(size - 1, 'x')],
    ['too long', (size) => Buffer.alloc(size + 1, 'x')],
  ])('a blob: %s; a copy of it stores nothing', async (_, make) => {
    let layer: { digest: Digest; size: number } | undefined;
    const registry = await serveRegistry({
      onRequest: ({ method, path }) =>
        layer && method === 'GET' && path.includes(layer.digest)
          ? { status: 200, body: make(layer.size) }
          : undefined,
    });
    const store = open(`${registry.host}/octo/app`);
    const image = await pushPlatform(store, 'amd64');
    layer = JSON.parse(String((await store.getManifest(image.digest))?.bytes)).layers[0];
    if (!layer) throw new Error('the image has no layer');
    await expect(store.readBlob(layer)).rejects.toMatchObject({ outcome: 'refused' });
    await expect(store.getBlob(layer).then(buffer)).rejects.toMatchObject({ outcome: 'refused' });
    const elsewhere = await serveRegistry();
    for (const to of [open('oci:to'), open(`${elsewhere.host}/octo/to`)]) {
      await expect(copyImage(store, to, image.digest)).rejects.toMatchObject({ outcome: 'refused' });
      expect(await to.hasBlob(layer.digest)).toBe(false);
      expect(await to.resolve(image.digest)).toBeUndefined();
    }
  });

  it('an index whose child is missing, or described wrongly', async () => {
    const { listSubjects } = await import('../../shared/store/subjects.ts');
    const source = open('oci:source');
    const index = await pushIndex(source);
    const stored = await source.getManifest(index.digest);
    const content = JSON.parse(String(stored?.bytes));
    const { registry } = await plant({ status: 404 }, { times: 0 });
    const check = async (name: string, change: (store: Store) => Promise<void>): Promise<void> => {
      // A layout does not mind what an index names.
      const store = open(`oci:${name}`, { workspace });
      await copyImage(source, store, index.digest);
      await change(store);
    };
    const workspace = makeFolder();
    await check('size', async (store) => {
      content.manifests[0].size += 1;
      const bytes = Buffer.from(JSON.stringify(content));
      const { digest } = await store.putManifest(bytes, index.mediaType);
      await expect(listSubjects(store, digest)).rejects.toMatchObject({ outcome: 'refused' });
      await expect(copyImage(store, open(`${registry.host}/octo/x`), digest)).rejects.toMatchObject({
        outcome: 'refused',
      });
    });
    await check('missing', async (store) => {
      content.manifests[0].digest = absent(index.digest);
      const bytes = Buffer.from(JSON.stringify(content));
      const { digest } = await store.putManifest(bytes, index.mediaType);
      await expect(listSubjects(store, digest)).rejects.toMatchObject({
        outcome: 'refused',
        message: expect.stringContaining('incomplete'),
      });
    });
  });
});

describe('a connection that ends in the middle of a body', () => {
  const body = Buffer.from('{"schemaVersion":2,"layers":[]}');
  const content = { digest: digestOf(body), size: body.length };
  const cut =
    (times: number, seen: unknown[] = []): RequestListener =>
    (request, response) => {
      seen.push(request.url);
      response.writeHead(200, { 'content-length': body.length });
      if (seen.length > times) response.end(body);
      else response.write(body.subarray(0, 5), () => response.destroy());
    };

  it('is tried again for what is read whole', async () => {
    const seen: unknown[] = [];
    const store = open(await serveHttp(cut(2, seen)));
    expect((await store.getManifest('v1'))?.bytes).toEqual(body);
    expect(seen).toHaveLength(3);
  });

  it('is tried again when the blob is copied, and unavailable for who reads the stream', async () => {
    await expect(buffer(await open(await serveHttp(cut(1))).getBlob(content))).rejects.toMatchObject({
      outcome: 'unavailable',
    });
    const from = open(await serveHttp(cut(1)));
    const { host } = await serveRegistry();
    const to = open(`${host}/octo/to`);
    expect(await to.putBlob(content, () => from.getBlob(content))).toBe('sent');
    expect(await to.readBlob(content)).toEqual(body);
  });
});

describe('a tag that is moved meanwhile', () => {
  it('moves nothing: what is copied is what the tag named when it was resolved', async () => {
    const registry = await serveRegistry();
    const from = open(`${registry.host}/octo/app`);
    const [first, second] = [await pushPlatform(from, 'amd64'), await pushPlatform(from, 'arm64')];
    const bytes = async ({ digest }: { digest: Digest }) =>
      (await from.getManifest(digest))?.bytes ?? Buffer.alloc(0);
    await from.putManifest(await bytes(first), first.mediaType, 'v1');
    const resolved = await from.resolve('v1');
    await from.putManifest(await bytes(second), second.mediaType, 'v1');
    const to = open(`${registry.host}/octo/to`);
    await copyAndTag(from, to, resolved?.digest ?? second.digest);
    expect(await to.resolve('v1')).toMatchObject(first);
    expect(await to.resolve(second.digest)).toBeUndefined();
  });

  it('right after it was written is refused: another run tags the same', async () => {
    let moved: Fault | undefined;
    const registry = await serveRegistry({
      onRequest: ({ method, path }) =>
        method === 'HEAD' && path.endsWith('/manifests/v1') ? moved : undefined,
    });
    const store = open(`${registry.host}/octo/app`);
    const [first, second] = [await pushPlatform(store, 'amd64'), await pushPlatform(store, 'arm64')];
    const stored = await store.getManifest(first.digest);
    if (!stored) throw new Error('what was pushed is not there');
    const put = store.putManifest.bind(store);
    store.putManifest = async (...args) => {
      const done = await put(...args);
      const stated = { 'docker-content-digest': second.digest, 'content-type': second.mediaType };
      moved = { status: 200, headers: { ...stated, 'content-length': String(second.size) } };
      return done;
    };
    await expect(writeTags(store, stored, ['v1'])).rejects.toMatchObject({
      outcome: 'refused',
      message: expect.stringContaining(`now names ${second.digest}: another run tags the same`),
    });
  });
});

describe('caps', () => {
  it.each([
    ['8 MiB and a byte', 8 * 1024 * 1024 + 1],
    ['50 MB', 50_000_000],
  ])('a manifest of %s is unavailable, is not read to its end, and not asked for again', async (_, size) => {
    const { store, image, registry } = await plant({ status: 200, body: Buffer.alloc(size, ' ') });
    for (const reference of ['v1', image.digest]) {
      await expect(store.getManifest(reference)).rejects.toMatchObject({
        outcome: 'unavailable',
        message: expect.stringContaining('more than 8388608 bytes'),
      });
    }
    expect(registry.requests).toHaveLength(2);
    const to = open(`${(await serveRegistry()).host}/octo/to`);
    await expect(copyImage(store, to, image.digest)).rejects.toMatchObject({ outcome: 'unavailable' });
    expect(await to.listTags()).toEqual([]);
  });

  it('what is no manifest is refused', async () => {
    const mixed = '{"layers":[],"manifests":[]}';
    const disguised = `{"mediaType":"${MEDIA_TYPE.index}","layers":[]}`;
    const unknown = '{"mediaType":"text/html","layers":[]}';
    for (const body of ['<html>', '[]', '{}', mixed, disguised, unknown]) {
      const { store } = await plant({ status: 200, body });
      await expect(store.getManifest('v1')).rejects.toMatchObject({ outcome: 'refused' });
    }
  });
});
