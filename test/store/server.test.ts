import { createHash, randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { MEDIA_TYPE } from '../../shared/image/descriptor.ts';
import { serveRegistry } from './fixtures.ts';

/** The embedded registry spoken to in plain HTTP, as distribution-spec 1.1 tells it. */
let base = '';
let origin = '';
beforeEach(async () => {
  const { host } = await serveRegistry();
  origin = `http://${host}`;
  base = `${origin}/v2/octo/app`;
});

const sha256 = (bytes: Buffer | string): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const send = (method: string, url: string, body?: Buffer | string, headers: Record<string, string> = {}) =>
  fetch(url, { method, headers, ...(body !== undefined && { body }) });
const location = (response: Response): string => new URL(response.headers.get('location') ?? '', origin).href;
/** What of the registry's JSON the cases look at. */
interface Answer {
  errors: { code: string }[];
  tags: string[];
  manifests: unknown[];
}
const read = async (response: Response): Promise<Answer> => (await response.json()) as Answer;
const code = async (response: Response): Promise<[number, string]> => [
  response.status,
  (await read(response)).errors[0]?.code ?? '',
];
const finish = (upload: string, digest: string): string => `${upload}?digest=${encodeURIComponent(digest)}`;

const pushBlob = async (bytes: Buffer | string): Promise<string> => {
  const begun = await send('POST', `${base}/blobs/uploads/`);
  const digest = sha256(bytes);
  expect((await send('PUT', finish(location(begun), digest), bytes)).status).toBe(201);
  return digest;
};

/** A manifest on an empty config, with `change` over it. */
const makeManifest = async (change: Record<string, unknown> = {}): Promise<string> =>
  JSON.stringify({
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.manifest,
    config: { mediaType: MEDIA_TYPE.config, digest: await pushBlob('{}'), size: 2 },
    layers: [],
    ...change,
  });
const putManifest = (reference: string, manifest: string, type: string = MEDIA_TYPE.manifest) =>
  send('PUT', `${base}/manifests/${reference}`, manifest, { 'content-type': type });

it('says that it is a registry', async () => {
  expect((await send('GET', `${origin}/v2/`)).status).toBe(200);
});

describe('blobs', () => {
  it('arrive in chunks, in order', async () => {
    const bytes = randomBytes(30);
    let upload = location(await send('POST', `${base}/blobs/uploads/`));
    for (const [start, end] of [
      [0, 9],
      [10, 19],
    ] as const) {
      const chunk = bytes.subarray(start, end + 1);
      const sent = await send('PATCH', upload, chunk, { 'content-range': `${start}-${end}` });
      expect([sent.status, sent.headers.get('range')]).toEqual([202, `0-${end}`]);
      upload = location(sent);
    }
    const again = await send('PATCH', upload, bytes.subarray(0, 10), { 'content-range': '0-9' });
    expect(again.status).toBe(416);
    const where = await send('GET', upload);
    expect([where.status, where.headers.get('range')]).toEqual([204, '0-19']);
    const last = await send('PUT', finish(upload, sha256(bytes)), bytes.subarray(20), {
      'content-range': '20-29',
    });
    expect(last.status).toBe(201);
    expect(Buffer.from(await (await send('GET', location(last))).arrayBuffer())).toEqual(bytes);
  });

  it('arrive whole in one POST', async () => {
    const sent = await send('POST', finish(`${base}/blobs/uploads/`, sha256('whole')), 'whole');
    expect(sent.status).toBe(201);
    expect(await (await send('GET', location(sent))).text()).toBe('whole');
  });

  it.each(['sha256:abc', `sha256:${'0'.repeat(64)}`, 'md5:0', ''])(
    'are refused under the digest "%s"',
    async (digest) => {
      const begun = await send('POST', `${base}/blobs/uploads/`);
      expect(await code(await send('PUT', finish(location(begun), digest), 'bytes'))).toEqual([
        400,
        'DIGEST_INVALID',
      ]);
      expect((await send('HEAD', `${base}/blobs/${sha256('bytes')}`)).status).toBe(404);
    },
  );

  it('an upload is given up, or was never begun', async () => {
    const upload = location(await send('POST', `${base}/blobs/uploads/`));
    expect((await send('DELETE', upload)).status).toBe(204);
    for (const url of [
      upload,
      `${base}/blobs/uploads/..%2f..%2fblobs`,
      `${base}/blobs/uploads/${'0'.repeat(36)}`,
    ]) {
      expect(await code(await send('PUT', finish(url, sha256('')), ''))).toEqual([
        404,
        'BLOB_UPLOAD_UNKNOWN',
      ]);
    }
  });

  it('belong to a repository; another mounts them, or uploads', async () => {
    const digest = await pushBlob('mounted');
    const other = `${origin}/v2/octo/other`;
    expect((await send('GET', `${other}/blobs/${digest}`)).status).toBe(404);
    const mount = `${other}/blobs/uploads/?mount=${encodeURIComponent(digest)}&from=`;
    for (const from of ['octo/unknown', '../..', ''])
      expect((await send('POST', mount + from)).status).toBe(202);
    const mounted = await send('POST', `${mount}octo/app`);
    expect([mounted.status, await (await send('GET', location(mounted))).text()]).toEqual([201, 'mounted']);
  });

  it.each([
    ['bytes=2-4', 206, 'cde', 'bytes 2-4/6'],
    ['bytes=4-', 206, 'ef', 'bytes 4-5/6'],
    ['bytes=4-99', 206, 'ef', 'bytes 4-5/6'],
    ['lines=1-2', 200, 'abcdef', null],
  ])('are read in part: %s', async (range, status, text, stated) => {
    const digest = await pushBlob('abcdef');
    const part = await send('GET', `${base}/blobs/${digest}`, undefined, { range });
    expect([part.status, await part.text(), part.headers.get('content-range')]).toEqual([
      status,
      text,
      stated,
    ]);
    const beyond = await send('GET', `${base}/blobs/${digest}`, undefined, { range: 'bytes=6-' });
    expect(beyond.status).toBe(416);
  });

  it('are deleted', async () => {
    const url = `${base}/blobs/${await pushBlob('gone')}`;
    expect([(await send('DELETE', url)).status, (await send('DELETE', url)).status]).toEqual([202, 404]);
  });
});

describe('manifests', () => {
  it.each<[string, string, Record<string, unknown>, string]>([
    ['another digest', `sha256:${'0'.repeat(64)}`, {}, 'DIGEST_INVALID'],
    ['a tag that is none', '.hidden', {}, 'MANIFEST_INVALID'],
    [
      'a missing layer',
      'v1',
      { layers: [{ mediaType: 'x/y', digest: sha256('missing'), size: 1 }] },
      'MANIFEST_BLOB_UNKNOWN',
    ],
    [
      'a digest that is a path',
      'v1',
      { layers: [{ mediaType: 'x/y', digest: '../../x', size: 1 }] },
      'MANIFEST_INVALID',
    ],
    [
      'a subject that is a path',
      'v1',
      { subject: { mediaType: 'x/y', digest: '../../x', size: 1 } },
      'MANIFEST_INVALID',
    ],
    ['another media type than it states', 'v1', { mediaType: MEDIA_TYPE.dockerManifest }, 'MANIFEST_INVALID'],
    ['no layers', 'v1', { layers: undefined }, 'MANIFEST_INVALID'],
  ])('are refused with %s', async (_, reference, change, expected) => {
    expect(await code(await putManifest(reference, await makeManifest(change)))).toEqual([400, expected]);
    expect((await send('GET', `${base}/manifests/v1`)).status).toBe(404);
  });

  it('are refused when a child is missing, whole, or too long', async () => {
    const missing = { mediaType: MEDIA_TYPE.manifest, digest: sha256('missing'), size: 1 };
    const index = JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests: [missing] });
    expect(await code(await putManifest('v1', index, MEDIA_TYPE.index))).toEqual([
      400,
      'MANIFEST_BLOB_UNKNOWN',
    ]);
    expect(await code(await putManifest('v1', '{'))).toEqual([400, 'MANIFEST_INVALID']);
    const long = await putManifest('v1', ' '.repeat(8 * 1024 * 1024 + 1)).then(
      (response) => response.status,
      () => 413,
    );
    expect(long).toBe(413);
  });

  it('are deleted with their tags; a tag is deleted alone', async () => {
    const manifest = await makeManifest();
    for (const tag of ['v1', 'v2']) expect((await putManifest(tag, manifest)).status).toBe(201);
    expect((await send('DELETE', `${base}/manifests/v1`)).status).toBe(202);
    expect((await send('GET', `${base}/manifests/v2`)).status).toBe(200);
    expect((await send('DELETE', `${base}/manifests/${sha256(manifest)}`)).status).toBe(202);
    for (const reference of ['v2', sha256(manifest)]) {
      expect(await code(await send('GET', `${base}/manifests/${reference}`))).toEqual([
        404,
        'MANIFEST_UNKNOWN',
      ]);
    }
  });

  it('names that are none are refused', async () => {
    for (const name of ['Octo/app', 'octo/..%2fapp', 'octo//app']) {
      const response = await send('GET', `${origin}/v2/${name}/tags/list`);
      expect([400, 404]).toContain(response.status);
    }
  });
});

it('lists tags in pages, in order', async () => {
  expect(await code(await send('GET', `${base}/tags/list`))).toEqual([404, 'NAME_UNKNOWN']);
  const manifest = await makeManifest();
  for (const tag of ['b', 'a', 'd', 'c']) await putManifest(tag, manifest);
  const seen: string[][] = [];
  for (let next: string | undefined = `${base}/tags/list?n=3`; next; ) {
    const page: Response = await send('GET', next);
    seen.push((await read(page)).tags);
    const link = /<([^>]*)>/.exec(page.headers.get('link') ?? '')?.[1];
    next = link && new URL(link, origin).href;
  }
  expect(seen).toEqual([['a', 'b', 'c'], ['d']]);
  expect((await read(await send('GET', `${base}/tags/list?n=0`))).tags).toEqual([]);
  expect((await read(await send('GET', `${base}/tags/list?last=b`))).tags).toEqual(['c', 'd']);
});

it('lists referrers by subject and artifactType, until they are deleted', async () => {
  const subject = { mediaType: MEDIA_TYPE.manifest, digest: sha256('subject'), size: 7 };
  const put = async (change: Record<string, unknown>): Promise<string> => {
    const manifest = await makeManifest({ subject, ...change });
    const response = await putManifest(sha256(manifest), manifest);
    expect(response.headers.get('oci-subject')).toBe(subject.digest);
    return sha256(manifest);
  };
  const typed = await put({ artifactType: 'text/x', annotations: { a: 'b' } });
  const untyped = await put({});
  const list = async (query = '') => {
    const response = await send('GET', `${base}/referrers/${subject.digest}${query}`);
    expect(response.headers.get('content-type')).toBe(MEDIA_TYPE.index);
    const { manifests } = await read(response);
    return { manifests, filters: response.headers.get('oci-filters-applied') };
  };
  const all = await list();
  expect(all.manifests).toHaveLength(2);
  expect(all.manifests).toContainEqual(
    expect.objectContaining({ digest: typed, artifactType: 'text/x', annotations: { a: 'b' } }),
  );
  // Without one of its own, a manifest has its config's type.
  expect(all.manifests).toContainEqual(
    expect.objectContaining({ digest: untyped, artifactType: MEDIA_TYPE.config }),
  );
  const filtered = await list('?artifactType=text/x');
  expect([filtered.manifests.length, filtered.filters]).toEqual([1, 'artifactType']);
  await send('DELETE', `${base}/manifests/${typed}`);
  expect((await list()).manifests).toHaveLength(1);
  expect((await send('GET', `${base}/referrers/sha256:abc`)).status).toBe(400);
});

it('without the referrers API answers 404, and does not name the subject', async () => {
  const { host } = await serveRegistry({ referrers: false });
  origin = `http://${host}`;
  base = `${origin}/v2/octo/app`;
  const subject = { mediaType: MEDIA_TYPE.manifest, digest: sha256('subject'), size: 7 };
  const response = await putManifest('v1', await makeManifest({ subject }));
  expect([response.status, response.headers.get('oci-subject')]).toEqual([201, null]);
  expect((await send('GET', `${base}/referrers/${subject.digest}`)).status).toBe(404);
});
