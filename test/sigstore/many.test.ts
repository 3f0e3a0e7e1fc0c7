import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PREDICATE_TYPES } from '../../shared/evidence/predicate.ts';
import { MEDIA_TYPE } from '../../shared/image/descriptor.ts';
import { digestHex, parseDigest } from '../../shared/image/digest.ts';
import { parseReference } from '../../shared/image/reference.ts';
import { Unavailable } from '../../shared/outcome/outcome.ts';
import { collectEvidence, collectStatements } from '../../shared/sigstore/collect.ts';
import { publishStatements } from '../../shared/sigstore/publish.ts';
import { parseTrustedRoot } from '../../shared/sigstore/root.ts';
import { openSigner } from '../../shared/sigstore/signer.ts';
import { createVerifier, type StatementVerifier } from '../../shared/sigstore/verifier.ts';
import { digestOf } from '../../shared/store/hash.ts';
import { openStore, storeOptions } from '../../shared/store/open.ts';
import { mapParallel } from '../../shared/store/parallel.ts';
import type { Store } from '../../shared/store/store.ts';
import type { ImageSubjects } from '../../shared/store/subjects.ts';
import { startRegistry } from '../servers/registry.ts';
import { type LocalSigstore, startSigstore } from '../servers/sigstore.ts';
import { runContext } from './context.ts';
import { putImage } from './image.ts';

let sigstore: LocalSigstore;
let verifier: StatementVerifier;
beforeAll(async () => {
  sigstore = await startSigstore();
  verifier = await createVerifier({ root: parseTrustedRoot(JSON.stringify(sigstore.trustedRoot)) });
});
afterAll(() => sigstore.close());

const open = (place: string): Store => openStore(parseReference(place), storeOptions(runContext(sigstore)));

test.each([
  ['with', true],
  ['without', false],
])('one good signature among 1,000 referrers is found, %s the referrers API', async (_, referrers) => {
  const registry = await startRegistry({ referrers });
  const store = open(`${registry.host}/octo/app`);
  const image = await putImage(store);
  const empty = { mediaType: MEDIA_TYPE.empty, digest: digestOf(Buffer.from('{}')), size: 2 };
  await store.putBlob(empty, () => Buffer.from('{}'));
  const written = await mapParallel([...Array(999).keys()], 16, async (n) => {
    const subject = image.root.descriptor;
    const rubbish = Buffer.from(JSON.stringify({ rubbish: n }));
    const blob = { mediaType: MEDIA_TYPE.bundle, digest: digestOf(rubbish), size: rubbish.length };
    await store.putBlob(blob, () => rubbish);
    const manifest = {
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.manifest,
      config: empty,
      layers: [blob],
      subject,
    };
    const bytes = Buffer.from(JSON.stringify(manifest));
    const { digest } = await store.putManifest(bytes, MEDIA_TYPE.manifest);
    return { mediaType: MEDIA_TYPE.manifest, digest, size: bytes.length };
  });
  if (!referrers) {
    // With some of them twice, as no honest writer leaves it.
    const index = {
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.index,
      manifests: [...written, ...written.slice(0, 5)],
    };
    const bytes = Buffer.from(JSON.stringify(index));
    await store.putManifest(bytes, MEDIA_TYPE.index, `sha256-${digestHex(image.digest)}`);
  }
  const signer = await openSigner(
    { 'fulcio-url': sigstore.url, 'rekor-url': sigstore.url },
    runContext(sigstore),
  );
  await publishStatements(store, image, signer, [
    { predicateType: PREDICATE_TYPES.signature[0], predicate: {} },
  ]);
  const trust = { builder: [{ 'signer-repo': 'octo/app' }] };
  const { evidence, rejected } = await collectEvidence(open(store.place), image, verifier, trust);
  expect(evidence).toMatchObject([{ kind: 'signature' }]);
  expect(new Set(rejected.map(({ reason }) => reason))).toEqual(
    new Set(['the bundle does not verify: mediaType: it is no Sigstore bundle of version 0.1, 0.2 or 0.3']),
  );
  expect(rejected).toHaveLength(999);
  await registry.close();
});

describe('100,000 referrers are over the cap, and said so before they are all fetched', () => {
  const subject = parseDigest(`sha256:${'a'.repeat(64)}`);
  const hex = (n: number): string => n.toString(16).padStart(64, '0');
  const image = {
    digest: subject,
    all: [{ mediaType: MEDIA_TYPE.manifest, digest: subject, size: 2 }],
  } as unknown as ImageSubjects;
  const entry = (n: number): object => ({
    mediaType: MEDIA_TYPE.manifest,
    digest: `sha256:${hex(n)}`,
    size: 500,
  });
  const PAGE = 500;

  test.each<[string, { api: boolean; fallback: boolean; tags: boolean }]>([
    ['by the referrers API', { api: true, fallback: false, tags: false }],
    ['in the fallback index', { api: false, fallback: true, tags: false }],
    ['by tags of their own', { api: false, fallback: false, tags: true }],
  ])('%s', async (_, has) => {
    let asked = 0;
    const server = createServer((request, response) => {
      asked += 1;
      const url = new URL(request.url ?? '', 'http://registry');
      const last = Number(url.searchParams.get('last') ?? 0);
      const numbers = Array.from({ length: PAGE }, (_item, n) => last + n);
      const more = { link: `<${url.pathname}?last=${last + PAGE}>; rel="next"` };
      const json = (body: unknown, headers = {}): void => {
        response.writeHead(200, { 'content-type': MEDIA_TYPE.index, ...headers }).end(JSON.stringify(body));
      };
      const index = (manifests: object[]): object => ({
        schemaVersion: 2,
        mediaType: MEDIA_TYPE.index,
        manifests,
      });
      if (has.api && url.pathname.includes('/referrers/'))
        json(index(numbers.map(entry)), last < 100_000 ? more : {});
      else if (has.fallback && url.pathname.endsWith(`/manifests/sha256-${'a'.repeat(64)}`)) {
        json(index(Array.from({ length: 100_000 }, (_item, n) => entry(n))));
      } else if (url.pathname.endsWith('/tags/list')) {
        const tags = numbers.map((n) => `sha256-${'a'.repeat(64)}.${hex(n).slice(-16)}`);
        json({ name: 'octo/app', tags: has.tags ? tags : [] }, has.tags && last < 100_000 ? more : {});
      } else response.writeHead(404).end();
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const store = open(`127.0.0.1:${(server.address() as AddressInfo).port}/octo/app`);
    const before = process.memoryUsage().rss;
    const error = await collectStatements(store, image, verifier).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Unavailable);
    expect((error as Error).message).toMatch(
      has.tags ? /100500 tags of referrers/ : /more referrers than are read/,
    );
    // A list of tags has to be read to its end; what it lists is not asked for.
    expect(asked).toBeLessThan(has.tags ? 220 : 15);
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024);
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });
});
