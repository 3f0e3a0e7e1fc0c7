import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MEDIA_TYPE } from '../../shared/image/descriptor.ts';
import { digestOf } from '../../shared/store/hash.ts';
import { findMissing, startDistribution } from '../servers/peers.ts';
import { startRegistry } from '../servers/registry.ts';

/*
 * What distribution-spec 1.1.1 asks of a registry, a case for each sentence, under the name of its section. Written from its text; the
 * project's own conformance suite is another program.
 */

interface Asked {
  readonly headers?: Record<string, string>;
  readonly body?: Buffer | string;
}

/** A repository of its own for each case. */
class Repository {
  readonly name: string;
  readonly mountsFromAnywhere: boolean;
  readonly #origin: string;

  constructor(host: string, name: string, mountsFromAnywhere: boolean) {
    this.#origin = `http://${host}`;
    this.name = name;
    this.mountsFromAnywhere = mountsFromAnywhere;
  }

  /** `path` is below the repository, or what the registry gave as a Location or Link. */
  async send(method: string, path: string, asked: Asked = {}) {
    const base = `${this.#origin}/v2/${this.name}/`;
    const { headers = {}, body } = asked;
    const response = await fetch(new URL(path, base), {
      method,
      headers,
      redirect: 'manual',
      ...(body !== undefined && { body }),
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    const get = (name: string): string => response.headers.get(name) ?? '';
    const isJson = get('content-type').includes('json') && bytes.length > 0;
    return { status: response.status, get, bytes, json: isJson ? JSON.parse(bytes.toString()) : undefined };
  }

  async begin(): Promise<string> {
    const { status, get } = await this.send('POST', 'blobs/uploads/', { headers: { 'content-length': '0' } });
    expect([status, get('location')]).toEqual([202, expect.stringMatching(/./)]);
    return get('location');
  }

  async blob(bytes: Buffer | string) {
    const digest = digestOf(bytes);
    const sent = await this.send('PUT', close(await this.begin(), digest), { headers: octets, body: bytes });
    expect(sent.status).toBe(201);
    return { digest, size: Buffer.byteLength(bytes), location: sent.get('location') };
  }

  /** The bytes of a manifest whose blobs are there. */
  async makeManifest(change: object = {}): Promise<Buffer> {
    const { digest, size } = await this.blob('{}');
    const config = { mediaType: MEDIA_TYPE.empty, digest, size };
    const base = { schemaVersion: 2, mediaType: MEDIA_TYPE.manifest, config, layers: [config] };
    return Buffer.from(JSON.stringify({ ...base, ...change }));
  }

  async put(reference: string, bytes: Buffer, type: string = MEDIA_TYPE.manifest) {
    return this.send('PUT', `manifests/${reference}`, { headers: { 'content-type': type }, body: bytes });
  }

  /** Pushes a manifest under a tag. */
  async tag(tag: string): Promise<Buffer> {
    const bytes = await this.makeManifest({ annotations: { tag } });
    expect((await this.put(tag, bytes)).status).toBe(201);
    return bytes;
  }
}

const NONDISTRIBUTABLE = 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip';
const octets = { 'content-type': 'application/octet-stream' };
const accept = { headers: { accept: `${MEDIA_TYPE.manifest}, ${MEDIA_TYPE.index}` } };
const absent = digestOf('nothing like it');
/** A Location with the digest beside what the registry put there. */
const close = (location: string, digest: string): string =>
  `${location}${location.includes('?') ? '&' : '?'}digest=${encodeURIComponent(digest)}`;
const chunk = (bytes: Buffer, from: number, to: number): Asked => ({
  headers: { ...octets, 'content-range': `${from}-${to - 1}` },
  body: bytes.subarray(from, to),
});
const subjectOf = (bytes: Buffer) => ({
  mediaType: MEDIA_TYPE.manifest,
  digest: digestOf(bytes),
  size: bytes.length,
});

interface Case {
  readonly says: string;
  /** The registry has to have the referrers API, or must not have it; otherwise it is asked of all. */
  readonly needs?: 'referrers' | 'no referrers';
  /** Why Debian's docker-registry (distribution 2.8, older than the specification) is not held to it. */
  readonly not28?: string;
  readonly check: (repository: Repository, other: Repository) => Promise<void>;
}

const sections: Record<string, Case[]> = {
  'Determining Support': [
    {
      says: 'GET /v2/ is 200',
      check: async (to) => expect((await to.send('GET', '/v2/')).status).toBe(200),
    },
  ],
  'Pulling manifests': [
    {
      says: 'by tag and by digest: 200, the very bytes, the type without parameters, the digest',
      check: async (to) => {
        const bytes = await to.tag('v1');
        for (const reference of ['v1', digestOf(bytes)]) {
          const got = await to.send('GET', `manifests/${reference}`, accept);
          expect([got.status, got.get('content-type')]).toEqual([200, MEDIA_TYPE.manifest]);
          expect([got.bytes, got.get('docker-content-digest')]).toEqual([bytes, digestOf(bytes)]);
        }
      },
    },
    {
      says: 'an unknown tag, digest or repository is 404',
      check: async (to, other) => {
        await to.tag('v1');
        for (const path of ['manifests/v2', `manifests/${absent}`])
          expect((await to.send('GET', path)).status).toBe(404);
        expect((await other.send('GET', 'manifests/v1')).status).toBe(404);
      },
    },
    {
      says: 'a tag has 128 characters at most',
      check: async (to) => {
        const bytes = await to.makeManifest();
        expect((await to.put(`v${'1'.repeat(127)}`, bytes)).status).toBe(201);
        expect((await to.put(`v${'1'.repeat(128)}`, bytes)).status).toBeGreaterThanOrEqual(400);
      },
    },
  ],
  'Pulling blobs': [
    {
      says: '200 with the very bytes and the digest; 404 for one that is not there, or is another repository’s',
      check: async (to, other) => {
        const bytes = randomBytes(100_000);
        const { digest } = await to.blob(bytes);
        const got = await to.send('GET', `blobs/${digest}`);
        expect([got.status, got.bytes.equals(bytes)]).toEqual([200, true]);
        expect(got.get('docker-content-digest')).toBe(digest);
        expect((await to.send('GET', `blobs/${absent}`)).status).toBe(404);
        expect((await other.send('GET', `blobs/${digest}`)).status).toBe(404);
      },
    },
    {
      says: 'Range is honoured: closed, open, the last bytes, past the end; 416 for what is not there',
      not28: 'it breaks off at some ranges',
      check: async (to) => {
        const { digest } = await to.blob('abcdef');
        const get = (range: string) => to.send('GET', `blobs/${digest}`, { headers: { range } });
        for (const [range, bytes, where] of [
          ['bytes=2-4', 'cde', '2-4'],
          ['bytes=4-', 'ef', '4-5'],
          ['bytes=-2', 'ef', '4-5'],
          ['bytes=3-99', 'def', '3-5'],
        ] as const) {
          const part = await get(range);
          expect([part.status, part.bytes.toString()]).toEqual([206, bytes]);
          expect([part.get('content-range'), part.get('content-length')]).toEqual([
            `bytes ${where}/6`,
            String(bytes.length),
          ]);
        }
        for (const range of ['bytes=9-12', 'bytes=6-']) expect((await get(range)).status).toBe(416);
      },
    },
    {
      says: 'a digest that is none is 400 or 404, of blobs and of manifests',
      not28: 'it answers 500',
      check: async (to) => {
        await to.tag('v1');
        for (const path of ['blobs/sha256:baddigest', 'manifests/sha256:baddigest'])
          expect([400, 404]).toContain((await to.send('GET', path)).status);
        expect((await to.put('sha256:baddigest', await to.makeManifest())).status).toBe(400);
      },
    },
  ],
  'Checking if content exists in the registry': [
    {
      says: 'HEAD is 200 with digest and size, else 404',
      check: async (to) => {
        const manifest = await to.tag('v1');
        const blob = await to.blob('content');
        for (const [path, digest, size] of [
          ['manifests/v1', digestOf(manifest), manifest.length],
          [`manifests/${digestOf(manifest)}`, digestOf(manifest), manifest.length],
          [`blobs/${blob.digest}`, blob.digest, 7],
        ]) {
          const got = await to.send('HEAD', String(path), accept);
          expect([got.status, got.get('docker-content-digest')]).toEqual([200, digest]);
          expect([Number(got.get('content-length')), got.bytes.length]).toEqual([size, 0]);
        }
        for (const path of ['manifests/v2', `manifests/${absent}`, `blobs/${absent}`])
          expect((await to.send('HEAD', path)).status).toBe(404);
      },
    },
  ],
  Push: [
    {
      says: 'a manifest whose subject is not there is accepted',
      check: async (to) => {
        const subject = { mediaType: MEDIA_TYPE.manifest, digest: absent, size: 7 };
        expect((await to.put('v1', await to.makeManifest({ subject }))).status).toBe(201);
      },
    },
    {
      says: 'one that names a missing blob is accepted, or MANIFEST_BLOB_UNKNOWN',
      check: async (to) => {
        const layer = { mediaType: MEDIA_TYPE.layerGzip, digest: absent, size: 7 };
        const got = await to.put('v1', await to.makeManifest({ layers: [layer] }));
        const codes = got.json?.errors.map(({ code }: { code: string }) => code);
        expect(got.status === 201 || codes.includes('MANIFEST_BLOB_UNKNOWN')).toBe(true);
      },
    },
  ],
  'Pushing a blob monolithically': [
    {
      says: 'POST then PUT: 202 and a Location of its own, then 201 and a Location to pull from',
      check: async (to) => {
        const [one, other] = [await to.begin(), await to.begin()];
        expect(one).not.toBe(other);
        const { location } = await to.blob('content');
        expect((await to.send('GET', location)).bytes.toString()).toBe('content');
      },
    },
    {
      says: 'a single POST: 201 and a Location to pull from, or 202 and PUT goes on',
      check: async (to) => {
        const digest = digestOf('whole');
        const sent = await to.send('POST', close('blobs/uploads/', digest), {
          headers: octets,
          body: 'whole',
        });
        const end =
          sent.status === 201
            ? sent
            : await to.send('PUT', close(sent.get('location'), digest), { headers: octets, body: 'whole' });
        expect([sent.status === 201 || sent.status === 202, end.status]).toEqual([true, 201]);
        expect((await to.send('GET', end.get('location'))).bytes.toString()).toBe('whole');
      },
    },
    {
      says: 'a blob of no bytes, and one by its sha512',
      check: async (to) => {
        const long = `sha512:${createHash('sha512').update('content').digest('hex')}`;
        for (const [digest, body] of [
          [digestOf(''), ''],
          [long, 'content'],
        ] as const) {
          const sent = await to.send('PUT', close(await to.begin(), digest), { headers: octets, body });
          expect(sent.status).toBe(201);
          const got = await to.send('GET', `blobs/${digest}`);
          expect([got.status, got.bytes.toString()]).toEqual([200, body]);
          const head = await to.send('HEAD', `blobs/${digest}`);
          expect([head.status, head.get('content-length')]).toEqual([200, String(body.length)]);
        }
      },
    },
    {
      says: 'other bytes than the digest are refused, and nothing is stored',
      check: async (to) => {
        const got = await to.send('PUT', close(await to.begin(), absent), { headers: octets, body: 'x' });
        expect([got.status, got.json?.errors[0].code]).toEqual([400, 'DIGEST_INVALID']);
        for (const digest of [absent, digestOf('x')])
          expect((await to.send('HEAD', `blobs/${digest}`)).status).toBe(404);
      },
    },
  ],
  'Pushing a blob in chunks': [
    ...[false, true].map(
      (inPut): Case => ({
        says: `each chunk is 202 with Location and Range, the end 201; the last one in ${inPut ? 'the PUT' : 'a PATCH'}`,
        check: async (to) => {
          const bytes = randomBytes(30);
          let upload = await to.begin();
          for (const from of inPut ? [0, 10] : [0, 10, 20]) {
            const sent = await to.send('PATCH', upload, chunk(bytes, from, from + 10));
            expect([sent.status, sent.get('range')]).toEqual([202, `0-${from + 9}`]);
            upload = sent.get('location');
          }
          const last = inPut ? chunk(bytes, 20, 30) : {};
          const end = await to.send('PUT', close(upload, digestOf(bytes)), last);
          expect(end.status).toBe(201);
          expect((await to.send('GET', end.get('location'))).bytes.equals(bytes)).toBe(true);
        },
      }),
    ),
    {
      says: 'one out of order is 416; GET tells where the upload is (204), and it goes on from there',
      not28: 'it does not read Content-Range',
      check: async (to) => {
        const bytes = randomBytes(30);
        const begun = await to.send('PATCH', await to.begin(), chunk(bytes, 0, 10));
        for (const from of [0, 20]) {
          const wrong = await to.send('PATCH', begun.get('location'), chunk(bytes, from, from + 10));
          expect(wrong.status).toBe(416);
        }
        const where = await to.send('GET', begun.get('location'));
        expect([where.status, where.get('range')]).toEqual([204, '0-9']);
        const rest = await to.send('PATCH', where.get('location'), chunk(bytes, 10, 30));
        expect([rest.status, rest.get('range')]).toEqual([202, '0-29']);
        expect((await to.send('PUT', close(rest.get('location'), digestOf(bytes)))).status).toBe(201);
      },
    },
    {
      says: 'a stream, whose chunk says neither range nor where it ends',
      check: async (to) => {
        const bytes = randomBytes(30);
        const sent = await to.send('PATCH', await to.begin(), { headers: octets, body: bytes });
        expect([sent.status, sent.get('range')]).toEqual([202, '0-29']);
        const end = await to.send('PUT', close(sent.get('location'), digestOf(bytes)));
        expect(end.status).toBe(201);
        expect((await to.send('GET', end.get('location'))).bytes.equals(bytes)).toBe(true);
      },
    },
    {
      says: 'other bytes than the digest are refused, also in chunks',
      check: async (to) => {
        const bytes = randomBytes(30);
        const begun = await to.send('PATCH', await to.begin(), chunk(bytes, 0, 20));
        const end = await to.send('PUT', close(begun.get('location'), absent), chunk(bytes, 20, 30));
        expect([end.status, (await to.send('HEAD', `blobs/${absent}`)).status]).toEqual([400, 404]);
      },
    },
    {
      says: 'one that is given up is 204, and then not known',
      check: async (to) => {
        const upload = await to.begin();
        expect((await to.send('DELETE', upload)).status).toBe(204);
        expect((await to.send('GET', upload)).status).toBe(404);
      },
    },
    {
      says: 'an upload that is not known is 404',
      check: async (to) => {
        const upload = await to.begin();
        expect((await to.send('PUT', close(upload, digestOf('')))).status).toBe(201);
        expect((await to.send('GET', upload)).status).toBe(404);
      },
    },
  ],
  'Mounting a blob from another repository': [
    {
      says: '201 and a Location to pull from; 202 and an upload where there is nothing to mount',
      check: async (to, other) => {
        const { digest } = await other.blob('mounted');
        const mount = (what: string) => to.send('POST', `blobs/uploads/?mount=${what}&from=${other.name}`);
        const mounted = await mount(digest);
        expect(mounted.status).toBe(201);
        expect((await to.send('GET', mounted.get('location'))).bytes.toString()).toBe('mounted');
        const upload = await mount(digestOf('else'));
        expect(upload.status).toBe(202);
        const end = close(upload.get('location'), digestOf('else'));
        expect((await to.send('PUT', end, { headers: octets, body: 'else' })).status).toBe(201);
      },
    },
  ],
  'Mounting a blob from wherever it is': [
    {
      says: 'without a repository to take it from: 201, or 202 and an upload',
      check: async (to, other) => {
        const { digest } = await other.blob('anywhere');
        const mounted = await to.send('POST', `blobs/uploads/?mount=${digest}`);
        expect(mounted.status).toBe(to.mountsFromAnywhere ? 201 : 202);
        const upload = await to.send('POST', `blobs/uploads/?mount=${absent}`);
        expect(upload.status).toBe(202);
      },
    },
  ],
  'Pushing Manifests': [
    {
      says: 'an image of no layers, layers that stay elsewhere, data in descriptors, fields that nobody knows',
      not28: 'it answers 500 where a layer stays elsewhere',
      check: async (to) => {
        const away = { mediaType: NONDISTRIBUTABLE, digest: absent, size: 7, urls: ['https://example.com/'] };
        const data = {
          mediaType: MEDIA_TYPE.empty,
          digest: digestOf('{}'),
          size: 2,
          data: Buffer.from('{}').toString('base64'),
        };
        for (const change of [
          { layers: [] },
          { layers: [away] },
          { layers: [data] },
          { 'x-of-ours': { a: [1] } },
        ]) {
          const bytes = await to.makeManifest(change);
          const put = await to.put('v1', bytes);
          expect([JSON.stringify(change), put.status]).toEqual([JSON.stringify(change), 201]);
          expect((await to.send('GET', 'manifests/v1', accept)).bytes).toEqual(bytes);
        }
      },
    },
    {
      says: 'an index of nothing, and one of indexes',
      check: async (to) => {
        const make = (manifests: object[]) =>
          Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests }));
        const empty = make([]);
        const { length: size } = empty;
        for (const index of [empty, make([{ mediaType: MEDIA_TYPE.index, digest: digestOf(empty), size }])])
          expect((await to.put(digestOf(index), index, MEDIA_TYPE.index)).status).toBe(201);
      },
    },
    {
      says: '201 with a Location to pull from and the digest; bytes are kept as they are',
      check: async (to) => {
        const tight = await to.makeManifest();
        const bytes = Buffer.from(` ${JSON.stringify(JSON.parse(tight.toString()), null, 3)}\n`);
        for (const reference of ['v1', digestOf(bytes)]) {
          const put = await to.put(reference, bytes);
          expect([put.status, put.get('docker-content-digest')]).toEqual([201, digestOf(bytes)]);
          expect((await to.send('GET', put.get('location'), accept)).bytes).toEqual(bytes);
        }
      },
    },
    {
      says: 'parameters of the Content-Type are passed over',
      check: async (to) => {
        const put = await to.put('v1', await to.makeManifest(), `${MEDIA_TYPE.manifest}; charset=utf-8`);
        expect(put.status).toBe(201);
        expect((await to.send('GET', 'manifests/v1', accept)).get('content-type')).toBe(MEDIA_TYPE.manifest);
      },
    },
    {
      says: 'four megabytes are taken; what is over a limit is 413',
      not28: 'it takes four megabytes less a byte',
      check: async (to) => {
        const pad = async (size: number) => {
          const { length } = await to.makeManifest({ annotations: { pad: '' } });
          return to.makeManifest({ annotations: { pad: 'x'.repeat(size - length) } });
        };
        expect((await to.put('v1', await pad(4 * 1024 * 1024))).status).toBe(201);
        const long = await pad(9 * 1024 * 1024);
        // Who does not read to the end may be cut off while sending.
        const status = await to.put('v2', long).then(
          (put) => put.status,
          () => 413,
        );
        expect(status).toBe(413);
      },
    },
    {
      says: 'an index, and what is under another digest',
      check: async (to) => {
        const child = await to.tag('v1');
        const manifests = [subjectOf(child)];
        const index = Buffer.from(
          JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests }),
        );
        expect((await to.put('v2', index, MEDIA_TYPE.index)).status).toBe(201);
        expect((await to.send('GET', 'manifests/v2', accept)).get('content-type')).toBe(MEDIA_TYPE.index);
        const wrong = await to.put(absent, child);
        expect([wrong.status, wrong.json.errors[0].code]).toEqual([400, 'DIGEST_INVALID']);
      },
    },
    {
      says: 'what is no manifest is MANIFEST_INVALID',
      check: async (to) => {
        const put = await to.put('v1', Buffer.from('{'));
        expect([put.status, put.json.errors[0].code]).toEqual([400, 'MANIFEST_INVALID']);
      },
    },
  ],
  'Pushing Manifests with Subject': [
    {
      says: 'OCI-Subject names the subject, of manifests and indexes',
      needs: 'referrers',
      check: async (to) => {
        const subject = subjectOf(await to.tag('v1'));
        const put = await to.put('v2', await to.makeManifest({ subject }));
        expect(put.get('oci-subject')).toBe(subject.digest);
        const index = { schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests: [], subject };
        const other = await to.put('v3', Buffer.from(JSON.stringify(index)), MEDIA_TYPE.index);
        expect(other.get('oci-subject')).toBe(subject.digest);
      },
    },
    {
      says: 'without the referrers API nothing is said of it',
      needs: 'no referrers',
      check: async (to) => {
        const put = await to.put('v2', await to.makeManifest({ subject: subjectOf(await to.tag('v1')) }));
        expect([put.status, put.get('oci-subject')]).toEqual([201, '']);
      },
    },
  ],
  'Listing Tags': [
    {
      says: 'all, in case-insensitive order; 404 for a repository that is not known',
      not28: 'it gives them in any order',
      check: async (to, other) => {
        for (const tag of ['b', 'C', 'a', 'B']) await to.tag(tag);
        const { status, json } = await to.send('GET', 'tags/list');
        expect([status, json]).toEqual([200, { name: to.name, tags: ['a', 'B', 'b', 'C'] }]);
        expect((await other.send('GET', 'tags/list')).status).toBe(404);
      },
    },
    {
      says: 'n of them with a Link to the next ones, those after last, all of them in turn',
      not28: 'it gives all there are, in any order',
      check: async (to) => {
        for (const tag of ['b', 'a', 'd', 'c', 'e']) await to.tag(tag);
        const pages: string[][] = [];
        for (let next: string | undefined = 'tags/list?n=2'; next !== undefined; ) {
          const page: Awaited<ReturnType<Repository['send']>> = await to.send('GET', next);
          pages.push(page.json.tags);
          next = /^<([^>]+)>; *rel="?next"?/.exec(page.get('link'))?.[1];
        }
        expect(pages).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
        const { json } = await to.send('GET', 'tags/list?n=2&last=b');
        expect(json.tags).toEqual(['c', 'd']);
      },
    },
    {
      says: 'n=0 is an empty list without a Link; last needs no n',
      not28: 'it passes over both',
      check: async (to) => {
        for (const tag of ['a', 'b', 'c']) await to.tag(tag);
        const none = await to.send('GET', 'tags/list?n=0');
        expect([none.status, none.json.tags, none.get('link')]).toEqual([200, [], '']);
        expect((await to.send('GET', 'tags/list?last=a')).json.tags).toEqual(['b', 'c']);
      },
    },
  ],
  'Listing Referrers': [
    {
      says: '200 with an index, empty where there are none; a digest that is none is 400',
      needs: 'referrers',
      check: async (to) => {
        await to.tag('v1');
        const { status, get, json } = await to.send('GET', `referrers/${absent}`);
        expect([status, get('content-type')]).toEqual([200, MEDIA_TYPE.index]);
        expect(json).toEqual({ schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests: [] });
        expect((await to.send('GET', 'referrers/sha256:abc')).status).toBe(400);
      },
    },
    {
      says: 'artifactType is the manifest’s, else its config’s; an index without one has none; annotations go along; a filter says that it was applied',
      needs: 'referrers',
      check: async (to) => {
        const subject = subjectOf(await to.tag('v1'));
        const annotations = { note: 'kept' };
        const typed = await to.makeManifest({ subject, artifactType: 'text/x', annotations });
        const untyped = await to.makeManifest({ subject, artifactType: '' });
        const plain = { schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests: [], subject };
        const index = Buffer.from(JSON.stringify(plain));
        for (const bytes of [typed, untyped]) await to.put(digestOf(bytes), bytes);
        await to.put(digestOf(index), index, MEDIA_TYPE.index);
        const all = await to.send('GET', `referrers/${subject.digest}`);
        expect(all.json.manifests).toHaveLength(3);
        const inIndex = { ...subjectOf(index), mediaType: MEDIA_TYPE.index };
        for (const one of [
          { ...subjectOf(typed), artifactType: 'text/x', annotations },
          { ...subjectOf(untyped), artifactType: MEDIA_TYPE.empty },
          inIndex,
        ])
          expect(all.json.manifests).toContainEqual(one);
        const some = await to.send('GET', `referrers/${subject.digest}?artifactType=text%2Fx`);
        expect(some.json.manifests).toHaveLength(1);
        expect(some.get('oci-filters-applied')).toBe('artifactType');
      },
    },
    {
      says: 'without the API it is 404',
      needs: 'no referrers',
      check: async (to) => {
        const bytes = await to.tag('v1');
        expect((await to.send('GET', `referrers/${digestOf(bytes)}`)).status).toBe(404);
      },
    },
  ],
  'Deleting tags': [
    {
      says: '202 and then 404, the manifest stays; or 400 or 405 where that is off',
      check: async (to) => {
        const bytes = await to.tag('v1');
        const { status } = await to.send('DELETE', 'manifests/v1');
        expect([202, 400, 405]).toContain(status);
        if (status === 202) expect((await to.send('GET', 'manifests/v1', accept)).status).toBe(404);
        expect((await to.send('GET', `manifests/${digestOf(bytes)}`, accept)).status).toBe(200);
      },
    },
  ],
  'Deleting Manifests': [
    {
      says: '202 and then 404, by its tags too; 404 for a repository that does not exist',
      check: async (to, other) => {
        const bytes = await to.tag('v1');
        await to.put('v2', bytes);
        expect((await to.send('DELETE', `manifests/${digestOf(bytes)}`)).status).toBe(202);
        for (const reference of ['v1', 'v2', digestOf(bytes)])
          expect((await to.send('GET', `manifests/${reference}`, accept)).status).toBe(404);
        expect((await other.send('DELETE', `manifests/${absent}`)).status).toBe(404);
      },
    },
    {
      says: 'a referrer that is deleted is no longer listed',
      needs: 'referrers',
      check: async (to) => {
        const subject = subjectOf(await to.tag('v1'));
        const bytes = await to.makeManifest({ subject });
        await to.put(digestOf(bytes), bytes);
        await to.send('DELETE', `manifests/${digestOf(bytes)}`);
        expect((await to.send('GET', `referrers/${subject.digest}`)).json.manifests).toEqual([]);
      },
    },
  ],
  'Deleting Blobs': [
    {
      says: '202 and then 404; 404 for one that is not there',
      check: async (to) => {
        const { digest } = await to.blob('gone');
        expect((await to.send('DELETE', `blobs/${digest}`)).status).toBe(202);
        expect((await to.send('GET', `blobs/${digest}`)).status).toBe(404);
        expect((await to.send('DELETE', `blobs/${digest}`)).status).toBe(404);
      },
    },
  ],
  'Error Codes': [
    {
      says: 'errors are JSON with codes that the specification knows',
      check: async (to) => {
        for (const [path, code] of [
          [`manifests/${absent}`, 'MANIFEST_UNKNOWN'],
          [`blobs/${absent}`, 'BLOB_UNKNOWN'],
          ['tags/list', 'NAME_UNKNOWN'],
        ] as const) {
          const { status, json } = await to.send('GET', path);
          expect([status, json.errors[0].code]).toEqual([404, code]);
        }
      },
    },
  ],
};

interface Held {
  readonly name: string;
  readonly missing?: string;
  readonly referrers: boolean;
  readonly old: boolean;
  readonly start: () => Promise<{ host: string; close(): Promise<void> }>;
}

const noDistribution = await findMissing({ programs: ['docker-registry'] });
const held: Held[] = [
  ...[true, false].map((referrers) => ({
    name: `the embedded registry ${referrers ? 'with' : 'without'} the referrers API`,
    referrers,
    old: false,
    start: () => startRegistry({ referrers }),
  })),
  {
    name: 'distribution 2.8',
    missing: noDistribution,
    referrers: false,
    old: true,
    start: async () => {
      const peer = await startDistribution();
      return { host: peer.address, close: peer.close };
    },
  },
];

for (const { name, missing, referrers, old, start } of held) {
  describe.skipIf(missing)(missing ? `${name} (skipped: ${missing})` : name, () => {
    let registry: Awaited<ReturnType<Held['start']>>;
    let count = 0;
    beforeAll(async () => {
      registry = await start();
    });
    afterAll(() => registry.close());
    const fresh = (): Repository => new Repository(registry.host, `conformance/a-${++count}`, !old);

    describe.each(Object.entries(sections))('%s', (_, cases) => {
      for (const { says, needs, not28, check } of cases) {
        if (needs !== undefined && (needs === 'referrers') !== referrers) continue;
        const why = old ? not28 : undefined;
        it.skipIf(why)(why ? `${says} (skipped: ${why})` : says, () => check(fresh(), fresh()));
      }
    });
  });
}
