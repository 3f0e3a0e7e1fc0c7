import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseStrictJson } from '../../shared/evidence/json.ts';
import { STATEMENT_MEDIA_TYPE, STATEMENT_TYPE } from '../../shared/evidence/statement.ts';
import { MEDIA_TYPE } from '../../shared/image/descriptor.ts';
import { parseDigest } from '../../shared/image/digest.ts';
import { Failure, Refused } from '../../shared/outcome/outcome.ts';
import { toBundle } from '../../shared/sigstore/legacy.ts';
import { parseTrustedRoot } from '../../shared/sigstore/root.ts';
import { openSigner } from '../../shared/sigstore/signer.ts';
import { createVerifier, type StatementVerifier } from '../../shared/sigstore/verifier.ts';
import { digestOf } from '../../shared/store/hash.ts';
import { readReferrers } from '../../shared/store/referrers.ts';
import type { Store } from '../../shared/store/store.ts';
import { listSubjects } from '../../shared/store/subjects.ts';
import { type LocalSigstore, startSigstore } from '../servers/sigstore.ts';
import { runContext } from './context.ts';

/*
 * What a stranger may write is read: bundles, statements, manifests, indexes. Whatever stands there, the answer is a value or one of our own
 * errors, and it comes soon. A failure prints the seed and path by which fast-check finds it again.
 */

let sigstore: LocalSigstore;
let verifier: StatementVerifier;
let good: string;

beforeAll(async () => {
  sigstore = await startSigstore();
  verifier = await createVerifier({ root: parseTrustedRoot(JSON.stringify(sigstore.trustedRoot)) });
  const services = { 'fulcio-url': sigstore.url, 'rekor-url': sigstore.url, 'tsa-url': sigstore.url };
  const signer = await openSigner(services, runContext(sigstore));
  const subject = [{ digest: { sha256: 'a'.repeat(64) } }];
  const [bundle] = await signer.sign([
    { _type: STATEMENT_TYPE, subject, predicateType: 'https://x', predicate: {} },
  ]);
  good = bundle?.toString() ?? '';
});
afterAll(() => sigstore.close());

const RUNS = { numRuns: 150, interruptAfterTimeLimit: 20_000, markInterruptAsFailure: true };
const digest = fc.constantFrom(...['a', 'b', 'c', 'd'].map((letter) => `sha256:${letter.repeat(64)}`));

/** JSON that is nearly what is expected: the keys are known ones, the values anything. */
function near(...keys: string[]): fc.Arbitrary<unknown> {
  const leaf = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    digest,
    fc.base64String(),
    fc.constantFrom(
      ...Object.values(MEDIA_TYPE),
      STATEMENT_TYPE,
      STATEMENT_MEDIA_TYPE,
      2,
      '0',
      '-1',
      '9'.repeat(400),
    ),
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'medium', withCrossShrink: true },
      leaf,
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.constantFrom(...keys, '__proto__', 'constructor'), tie('value'), { maxKeys: 8 }),
    ),
  }));
  return fc.dictionary(fc.constantFrom(...keys), value as fc.Arbitrary<unknown>, { maxKeys: keys.length });
}

/** A good document with some of its bytes changed, cut out or doubled. */
function damaged(text: () => string): fc.Arbitrary<Buffer> {
  const edit = fc.record({
    at: fc.nat(),
    cut: fc.nat(6),
    put: fc.oneof(fc.string({ maxLength: 4 }), fc.constantFrom('"', '{', '[', '}', ',', '\\', '0', 'null')),
  });
  return fc.array(edit, { minLength: 1, maxLength: 4 }).map((edits) => {
    let result = text();
    for (const { at, cut, put } of edits) {
      const place = at % (result.length + 1);
      result = result.slice(0, place) + put + result.slice(place + cut);
    }
    return Buffer.from(result);
  });
}

const bytesOf = (value: unknown): Buffer => Buffer.from(JSON.stringify(value) ?? 'null');

async function expectRefusal(bundle: Buffer, payload?: Buffer): Promise<void> {
  const result = await verifier.verify(bundle, payload).catch((error: unknown) => error);
  // Changes in what is not covered leave a good bundle good; it then says the same as before.
  if (!(result instanceof Refused))
    expect(result).toMatchObject({ statement: { predicateType: 'https://x' } });
}

describe('bundles', () => {
  const keys =
    'mediaType verificationMaterial certificate rawBytes x509CertificateChain certificates publicKey hint tlogEntries logIndex logId keyId kindVersion kind version integratedTime inclusionPromise signedEntryTimestamp inclusionProof rootHash treeSize hashes checkpoint envelope canonicalizedBody timestampVerificationData rfc3161Timestamps signedTimestamp dsseEnvelope payload payloadType signatures sig keyid messageSignature messageDigest algorithm digest signature';
  test.each<[string, () => fc.Arbitrary<Buffer>]>([
    ['any bytes', () => fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes))],
    ['any JSON', () => fc.json().map((text) => Buffer.from(text))],
    ['nearly a bundle', () => near(...keys.split(' ')).map(bytesOf)],
    ['a damaged one', () => damaged(() => good)],
  ])('%s', async (_, bundle) => {
    await fc.assert(
      fc.asyncProperty(bundle(), (bytes) => expectRefusal(bytes)),
      RUNS,
    );
  });

  test('with one value replaced', async () => {
    const paths: string[][] = [];
    const walk = (value: unknown, path: string[]): void => {
      if (path.length > 0) paths.push(path);
      if (typeof value === 'object' && value !== null)
        for (const [key, child] of Object.entries(value)) walk(child, [...path, key]);
    };
    walk(JSON.parse(good), []);
    const property = fc.asyncProperty(
      fc.constantFrom(...paths),
      near(...keys.split(' ')),
      fc.jsonValue(),
      fc.boolean(),
      (path, object, value, which) => {
        const json = JSON.parse(good) as Record<string, unknown>;
        const parent = path
          .slice(0, -1)
          .reduce<Record<string, unknown>>((at, key) => at[key] as Record<string, unknown>, json);
        parent[path.at(-1) ?? ''] = which ? object : value;
        return expectRefusal(bytesOf(json));
      },
    );
    await fc.assert(property, RUNS);
  });

  test("cosign's older annotations", async () => {
    const prefix = 'dev.sigstore.cosign';
    const keys = [
      `${prefix}/certificate`,
      `${prefix}/bundle`,
      `${prefix}/rfc3161timestamp`,
      'dev.cosignproject.cosign/signature',
    ];
    const inner = near(
      'SignedEntryTimestamp',
      'Payload',
      'body',
      'integratedTime',
      'logIndex',
      'logID',
      'SignedRFC3161Timestamp',
    );
    const annotations = fc.dictionary(
      fc.constantFrom(...keys),
      fc.oneof(
        fc.string(),
        inner.map((value) => JSON.stringify(value)),
      ),
    );
    const type = fc.constantFrom(
      'application/vnd.dsse.envelope.v1+json',
      'application/vnd.dev.cosign.simplesigning.v1+json',
    );
    const content = fc.oneof(
      near('payload', 'payloadType', 'signatures', 'critical', 'image', 'type').map(bytesOf),
      fc.string().map((text) => Buffer.from(text)),
    );
    const property = fc.asyncProperty(annotations, type, content, async (given, mediaType, bytes) => {
      try {
        const { bundle, payload } = toBundle(
          { mediaType, digest: digestOf(bytes), size: bytes.length, annotations: given },
          bytes,
        );
        await expectRefusal(bundle, payload);
      } catch (error) {
        expect(error).toBeInstanceOf(Refused);
      }
    });
    await fc.assert(property, RUNS);
  });
});

describe('JSON', () => {
  test('what is no ambiguous JSON is read as it is written', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(parseStrictJson(bytesOf(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
      RUNS,
    );
  });
  test('a key that stands twice is always found', () => {
    fc.assert(
      fc.property(fc.string(), fc.jsonValue(), fc.jsonValue(), (key, one, other) => {
        const [name, a, b] = [key, one, other].map((value) => JSON.stringify(value));
        expect(() => parseStrictJson(Buffer.from(`[{${name}:${a},"x":[${b}],${name}:${b}}]`))).toThrow(
          /twice/,
        );
      }),
      RUNS,
    );
  });
});

describe('manifests and indexes', () => {
  const keys =
    'schemaVersion mediaType artifactType config layers manifests subject digest size annotations platform os architecture urls'.split(
      ' ',
    );
  /** A store that holds the same bytes under every name. */
  function storeOf(bytes: Buffer, mediaType: string): Store {
    const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
    return {
      place: 'registry/octo/app',
      host: undefined,
      getManifest: async () => ({ descriptor, bytes }),
      readBlob: async () => bytes,
    } as unknown as Store;
  }
  const documents: [string, () => fc.Arbitrary<Buffer>][] = [
    ['any bytes', () => fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes))],
    ['nearly one', () => near(...keys).map(bytesOf)],
    [
      'a damaged index',
      () =>
        damaged(() =>
          JSON.stringify({
            schemaVersion: 2,
            mediaType: MEDIA_TYPE.index,
            manifests: [
              {
                mediaType: MEDIA_TYPE.manifest,
                digest: `sha256:${'a'.repeat(64)}`,
                size: 3,
                platform: { os: 'linux', architecture: 'amd64' },
              },
            ],
          }),
        ),
    ],
  ];
  test.each(documents)("an image's: %s", async (_, document) => {
    const type = fc.constantFrom(MEDIA_TYPE.index, MEDIA_TYPE.manifest, MEDIA_TYPE.dockerIndex, 'text/plain');
    await fc.assert(
      fc.asyncProperty(document(), type, async (bytes, mediaType) => {
        const result = await listSubjects(storeOf(bytes, mediaType), 'latest').catch(
          (error: unknown) => error,
        );
        if (result instanceof Error) expect(result).toBeInstanceOf(Failure);
      }),
      RUNS,
    );
  });
  test.each(documents)('of referrers: %s', (_, document) => {
    const subject = parseDigest(`sha256:${'a'.repeat(64)}`);
    fc.assert(
      fc.property(document(), (bytes) => {
        const listed = readReferrers(bytes, subject) ?? [];
        expect(listed.every((one) => one.digest !== subject)).toBe(true);
      }),
      RUNS,
    );
  });
});
