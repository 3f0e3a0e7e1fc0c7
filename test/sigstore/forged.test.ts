import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { STATEMENT_TYPE, type Statement } from '../../shared/evidence/statement.ts';
import { Refused } from '../../shared/outcome/outcome.ts';
import { parseTrustedRoot } from '../../shared/sigstore/root.ts';
import { openSigner } from '../../shared/sigstore/signer.ts';
import { createVerifier, type StatementVerifier, type Thresholds } from '../../shared/sigstore/verifier.ts';
import { type LocalSigstore, startSigstore } from '../servers/sigstore.ts';
import { runContext } from './context.ts';

/*
 * Bundles as Sigstore's conformance suite forges them, made here from good ones: one thing is wrong at a time, everywhere in the bundle.
 */

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Path = readonly string[];

const TYPE = 'application/vnd.in-toto+json';
const HOUR = 3_600_000;

let sigstore: LocalSigstore;
let verifier: StatementVerifier;
/** Two good bundles of one certificate about the same image. */
let good: Json;
let other: Json;

beforeAll(async () => {
  sigstore = await startSigstore();
  verifier = await openVerifier(sigstore);
  [good, other] = (await sign(sigstore, [1, 2].map(statement))) as [Json, Json];
});
afterAll(() => sigstore.close());

function statement(n: number): Statement {
  return {
    _type: STATEMENT_TYPE,
    subject: [{ digest: { sha256: 'a'.repeat(64) } }],
    predicateType: `https://example.com/${n}`,
    predicate: { n },
  };
}

async function sign(at: LocalSigstore, statements: Statement[], services: object = {}): Promise<Json[]> {
  const inputs = { 'fulcio-url': at.fulcioUrl, 'rekor-url': at.rekorUrl, 'tsa-url': at.tsaUrl, ...services };
  const signer = await openSigner(inputs, runContext(at));
  return (await signer.sign(statements)).map((bundle) => JSON.parse(bundle.toString()) as Json);
}

function openVerifier(at: LocalSigstore, thresholds: Thresholds = {}): Promise<StatementVerifier> {
  return createVerifier({ root: parseTrustedRoot(JSON.stringify(at.trustedRoot)), ...thresholds });
}

/** Why a bundle is refused, or undefined when it verifies. Fails on an error that is not `Refused`. */
async function refusal(bundle: Json | string, by = verifier): Promise<string | undefined> {
  const text = typeof bundle === 'string' ? bundle : JSON.stringify(bundle);
  const error = await by.verify(Buffer.from(text)).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error === undefined) return undefined;
  expect(error).toBeInstanceOf(Refused);
  return (error as Refused).message;
}

function get(value: Json, path: Path): Json {
  return path.reduce<Json>((at, key) => (at as Record<string, Json>)[key] ?? null, value);
}

/** A copy with another value at `path`; undefined takes it away. */
function set(value: Json, path: Path, to: Json | undefined): Json {
  const copy = structuredClone(value);
  const parent = get(copy, path.slice(0, -1));
  const key = path.at(-1) ?? '';
  if (Array.isArray(parent) && to === undefined) parent.splice(Number(key), 1);
  else if (to === undefined) delete (parent as Record<string, Json>)[key];
  else (parent as Record<string, Json>)[key] = to;
  return copy;
}

function* walk(value: Json, path: Path = []): Generator<Path> {
  if (path.length > 0) yield path;
  if (typeof value !== 'object' || value === null) return;
  for (const [key, child] of Object.entries(value)) yield* walk(child, [...path, key]);
}

/** What may be put into one place of a bundle. */
function* forge(value: Json, theirs: Json): Generator<[how: string, forged: Json | undefined]> {
  yield ['gone', undefined];
  yield ['null', null];
  yield ['a number', 7];
  yield ['a list', []];
  yield ['an object', {}];
  yield ["another bundle's", theirs];
  if (typeof value !== 'string') return;
  yield ['empty', ''];
  if (/^\d+$/.test(value)) {
    yield ['one more', String(BigInt(value) + 1n)];
    yield ['negative', `-${value}`];
  }
  const bytes = Buffer.from(value, 'base64');
  if (bytes.length < 16) return;
  for (const at of [0, bytes.length >> 1, bytes.length - 1]) {
    const flipped = Buffer.from(bytes);
    flipped[at] = (flipped[at] ?? 0) ^ 1;
    yield [`bit ${at * 8} turned`, flipped.toString('base64')];
  }
}

/**
 * What may be different: proof that is not needed where the other is there (the log's promise or a timestamp says when), and the
 * outermost tag of two DER structures, which no signature covers and nothing is read from.
 */
const HARMLESS: readonly RegExp[] = [
  /inclusionPromise (?:gone|null)$/,
  /timestampVerificationData (?:gone|null|an object)$/,
  /rfc3161Timestamps (?:gone|null|a list)$/,
  /rfc3161Timestamps\.0 gone$/,
  /(?:certificate\.rawBytes|signedTimestamp) bit 0 turned$/,
];

test('nothing in a bundle can be changed, taken away or taken from another one', async () => {
  expect(await refusal(good)).toBeUndefined();
  const accepted: string[] = [];
  let forgeries = 0;
  for (const path of walk(good)) {
    const value = get(good, path);
    for (const [how, forged] of forge(value, get(other, path))) {
      if (JSON.stringify(forged) === JSON.stringify(value)) continue;
      forgeries += 1;
      const what = `${path.join('.')} ${how}`;
      if ((await refusal(set(good, path, forged))) !== undefined) continue;
      if (!HARMLESS.some((harmless) => harmless.test(what))) accepted.push(what);
    }
  }
  expect(accepted).toEqual([]);
  expect(forgeries).toBeGreaterThan(150);
});

const material = (key: string): Path => ['verificationMaterial', key];
const entry = (...keys: string[]): Path => ['verificationMaterial', 'tlogEntries', '0', ...keys];
const without = (bundle: Json, ...paths: Path[]): Json =>
  paths.reduce((at, path) => set(at, path, undefined), bundle);
const many = (value: Json, count: number): Json[] => Array.from({ length: count }, () => value);

describe('is refused, with its reason', () => {
  test.each<[string, () => Json | string, RegExp]>([
    ['no JSON', () => 'not { JSON', /does not verify: Unexpected token/],
    ['nothing', () => 'null', /the whole: Invalid input: expected object/],
    ['JSON of something else', () => '{"bomFormat":"CycloneDX"}', /mediaType: it is no Sigstore bundle/],
    [
      'a key that stands twice',
      () => JSON.stringify(good).replace('{', '{"mediaType":"x",'),
      /the key "mediaType" stands twice/,
    ],
    [
      'the same key in another spelling',
      () => JSON.stringify(good).replace('{', '{"media\\u0054ype":"x",'),
      /the key "mediaType" stands twice/,
    ],
    ['10 MB of nested lists', () => '['.repeat(10_000_000), /nested deeper than 256 levels/],
    [
      '10 MB of nested lists inside',
      () => JSON.stringify(good).replace('{', `{"x":${'['.repeat(5e6)}${']'.repeat(5e6)},`),
      /nested deeper/,
    ],
    [
      'an unknown version',
      () => set(good, ['mediaType'], 'application/vnd.dev.sigstore.bundle.v0.9+json'),
      /mediaType: it is no Sigstore bundle of version/,
    ],
    [
      'a media type that only begins like one',
      () => set(good, ['mediaType'], 'application/vnd.dev.sigstore.bundle.v0.3+json2'),
      /mediaType: it is no/,
    ],
    ['no log entry', () => set(good, material('tlogEntries'), []), /expected 1 tlog entries, got 0/],
    [
      'neither promise nor timestamp',
      () => without(good, entry('inclusionPromise'), material('timestampVerificationData')),
      /expected 1 timestamps, got 0/,
    ],
    [
      'neither promise nor proof',
      () => without(good, entry('inclusionPromise'), entry('inclusionProof')),
      /no whole bundle: .*inclusionProof/,
    ],
    [
      'the log entry of another body',
      () => set(good, entry(), get(other, entry())),
      /tlog entry signature mismatch/,
    ],
    [
      'the same log entry twice',
      () => set(good, material('tlogEntries'), many(get(good, entry()), 2)),
      /duplicate timestamp/,
    ],
    [
      'more log entries than anyone needs',
      () => set(good, material('tlogEntries'), many(get(good, entry()), 17)),
      /tlogEntries: Too big/,
    ],
    [
      'material made to cost time',
      () => set(good, entry('inclusionProof', 'hashes'), many('A'.repeat(44), 6000)),
      /longer than 262144 characters/,
    ],
    [
      'a checkpoint of another tree',
      () => set(good, entry('inclusionProof'), get(other, entry('inclusionProof'))),
      /calculated root hash does not match inclusion proof/,
    ],
    [
      'a proof that says another root',
      () => set(good, entry('inclusionProof', 'rootHash'), `${'A'.repeat(43)}=`),
      /of another tree than the checkpoint/,
    ],
    [
      'two signatures',
      () =>
        set(good, ['dsseEnvelope', 'signatures'], many(get(good, ['dsseEnvelope', 'signatures', '0']), 2)),
      /no whole bundle: content.dsseEnvelope.signatures/,
    ],
    [
      'a chain instead of a certificate',
      () =>
        set(without(good, material('certificate')), material('x509CertificateChain'), {
          certificates: [get(good, [...material('certificate')])],
        }),
      /no whole bundle: verificationMaterial.content.\$case/,
    ],
    [
      'no certificate',
      () => without(good, material('certificate')),
      /no whole bundle: verificationMaterial.content/,
    ],
    [
      'a key it does not say',
      () => set(without(good, material('certificate')), material('publicKey'), { hint: '' }),
      /no key was given/,
    ],
  ])('%s', async (_, bundle, reason) => {
    expect(await refusal(bundle())).toMatch(reason);
  });

  test('what a stranger wrote, in a reason that can be shown', async () => {
    const reason = await refusal(set(good, ['dsseEnvelope', 'payloadType'], 'x'.repeat(5e6)));
    expect(reason).toMatch(/its payload is xxx/);
    expect(reason?.length).toBeLessThan(600);
  });

  test('a statement in bytes that are not UTF-8', async () => {
    const bytes = Buffer.from(JSON.stringify(good).replace('{', '{"x":"?",'));
    bytes[bytes.indexOf('?')] = 0xff;
    await expect(verifier.verify(bytes)).rejects.toThrow(/it is not UTF-8/);
  });
});

describe('what a trusted signer signed, but nobody should read', () => {
  /** A bundle over any bytes, by the trusted workflow. */
  async function signBytes(payload: string, type = TYPE): Promise<Json> {
    const { DSSEBundleBuilder, FulcioSigner, RekorWitness } = await import('@sigstore/sign');
    const { bundleToJSON } = await import('@sigstore/bundle');
    const identityProvider = { getToken: () => runContext(sigstore).getIdToken('sigstore') };
    const signer = new FulcioSigner({ fulcioBaseURL: sigstore.fulcioUrl, identityProvider });
    const witnesses = [new RekorWitness({ rekorBaseURL: sigstore.rekorUrl })];
    const builder = new DSSEBundleBuilder({ signer, witnesses });
    return JSON.parse(
      JSON.stringify(bundleToJSON(await builder.create({ data: Buffer.from(payload), type }))),
    ) as Json;
  }
  const text = JSON.stringify(statement(1));

  test('verifies when it is a statement', async () => {
    expect(await refusal(await signBytes(text))).toBeUndefined();
  });
  test.each<[string, string, string, RegExp]>([
    ['no JSON', 'hello', TYPE, /does not verify: Unexpected token/],
    ['JSON of another shape', '[]', TYPE, /its payload is no in-toto statement/],
    [
      'a type twice',
      text.replace('{', '{"predicateType":"https://sigstore.dev/cosign/sign/v1",'),
      TYPE,
      /the key "predicateType" stands twice/,
    ],
    [
      'a subject twice',
      text.replace('"sha256"', '"sha256":"b","sha256"'),
      TYPE,
      /the key "sha256" stands twice/,
    ],
    [
      '10 MB of nested lists',
      text.replace('{"n":1}', '['.repeat(5e6) + ']'.repeat(5e6)),
      TYPE,
      /nested deeper/,
    ],
    [
      'a type longer than anybody would show',
      JSON.stringify({ ...statement(1), predicateType: `https://example.com/${'x'.repeat(1024)}` }),
      TYPE,
      /no in-toto statement/,
    ],
    ['no subject', text.replace(/\[\{"digest.*?\}\}\]/, '[]'), TYPE, /no in-toto statement/],
    [
      'more subjects than a statement may have',
      JSON.stringify({ ...statement(1), subject: many({ digest: { sha256: 'b' } }, 1025) }),
      TYPE,
      /no in-toto statement/,
    ],
    [
      'a statement of another type',
      text.replace('Statement/v1', 'Statement/v2'),
      TYPE,
      /no in-toto statement/,
    ],
    ['another payload type', text, 'application/json', /its payload is application\/json/],
  ])('%s', async (_, payload, type, reason) => {
    expect(await refusal(await signBytes(payload, type))).toMatch(reason);
  });
});

describe('times', () => {
  const inUse = {
    'no more': { start: '2020-01-01T00:00:00Z', end: '2021-01-01T00:00:00Z' },
    'not yet': { start: '2100-01-01T00:00:00Z' },
  };
  test.each<[string, keyof typeof inUse, Path[], RegExp]>([
    ['promise', 'no more', [], /inclusion promise could not be verified/],
    ['promise', 'not yet', [], /inclusion promise could not be verified/],
    ['proof alone', 'no more', [entry('inclusionPromise')], /its log was not in use when it was signed/],
    ['proof alone', 'not yet', [entry('inclusionPromise')], /its log was not in use when it was signed/],
  ])('the %s of a log that is in use %s', async (_, when, taken, reason) => {
    const root = structuredClone(sigstore.trustedRoot) as { tlogs: { publicKey: { validFor: object } }[] };
    for (const { publicKey } of root.tlogs) publicKey.validFor = inUse[when];
    const by = await createVerifier({ root: parseTrustedRoot(JSON.stringify(root)) });
    expect(await refusal(without(good, ...taken))).toBeUndefined();
    expect(await refusal(without(good, ...taken), by)).toMatch(reason);
  });

  test.each<[string, { log?: number; tsa?: number }, object, RegExp]>([
    [
      'a timestamp after the certificate',
      { tsa: HOUR },
      {},
      /it was signed at .*, and its certificate is valid from/,
    ],
    [
      'a timestamp before the certificate',
      { tsa: -HOUR / 2 },
      {},
      /it was signed at .*, and its certificate is valid from/,
    ],
    [
      'a log entry after the certificate',
      { log: HOUR },
      { 'tsa-url': undefined },
      /it was signed at .*, and its certificate is valid from/,
    ],
  ])('%s', async (_, drift, services, reason) => {
    const wrong = await startSigstore({ drift });
    const [bundle] = await sign(wrong, [statement(1)], services);
    expect(await refusal(bundle ?? null, await openVerifier(wrong))).toMatch(reason);
    await wrong.close();
  });

  test('what is proven is told: the log of its promise, otherwise the timestamp; the index of the proof without a promise', async () => {
    const read = async (bundle: Json) => verifier.verify(Buffer.from(JSON.stringify(bundle)));
    const [both, stamped] = [await read(good), await read(without(good, entry('inclusionPromise')))];
    expect(both.logIndex).toBe(get(good, entry('logIndex')));
    expect(stamped.logIndex).toBe(get(good, entry('inclusionProof', 'logIndex')) ?? '0');
    expect(stamped.signedAt).toBeDefined();
    const moved = await read(set(without(good, entry('inclusionPromise')), entry('logIndex'), '77'));
    expect(moved.logIndex).toBe(stamped.logIndex);
  });
});

describe('thresholds', () => {
  test.each<[string, Thresholds, RegExp | undefined]>([
    ['two log entries', { 'tlog-threshold': 2 }, /expected 2 tlog entries, got 1/],
    ['two certificate logs', { 'ctlog-threshold': 2 }, /expected 2 SCTs, got 1/],
    ['two times', { 'timestamp-threshold': 2 }, undefined],
    ['three times', { 'timestamp-threshold': 3 }, /expected 3 timestamps, got 2/],
  ])('%s', async (_, thresholds, reason) => {
    const refused = await refusal(good, await openVerifier(sigstore, thresholds));
    if (reason === undefined) expect(refused).toBeUndefined();
    else expect(refused).toMatch(reason);
  });

  test("GitHub's own instance has no logs: there a timestamp is enough, and needed", async () => {
    const root = parseTrustedRoot(JSON.stringify({ ...(sigstore.trustedRoot as object), tlogs: [] }));
    const github = await createVerifier({ root });
    const [bundle = null] = await sign(sigstore, [statement(1)], { 'rekor-url': undefined });
    expect(await refusal(bundle, github)).toBeUndefined();
    expect(await refusal(bundle)).toMatch(/expected 1 (?:tlog entries|timestamps)/);
    expect(await refusal(without(bundle, material('timestampVerificationData')), github)).toMatch(
      /expected 1 timestamps, got 0/,
    );
  });
});
