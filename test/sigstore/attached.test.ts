import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { action } from '../../actions/attest/index.ts';
import { PREDICATE_TYPES } from '../../shared/evidence/predicate.ts';
import type { RunContext } from '../../shared/github/context.ts';
import { MEDIA_TYPE } from '../../shared/image/descriptor.ts';
import { parseReference } from '../../shared/image/reference.ts';
import { readInputs } from '../../shared/step/step.ts';
import { attachReferrers } from '../../shared/store/attach.ts';
import { copyImage } from '../../shared/store/copy.ts';
import { digestOf } from '../../shared/store/hash.ts';
import { openStore, storeOptions } from '../../shared/store/open.ts';
import { fallbackTag } from '../../shared/store/referrers.ts';
import { EMPTY_BLOB, type Store } from '../../shared/store/store.ts';
import type { ImageSubjects } from '../../shared/store/subjects.ts';
import { type RegistryServer, startRegistry } from '../servers/registry.ts';
import { type GithubClaims, type LocalSigstore, startSigstore } from '../servers/sigstore.ts';
import { runContext } from './context.ts';
import { putImage } from './image.ts';

const EMPTY = { digest: digestOf(EMPTY_BLOB), size: EMPTY_BLOB.length };

let sigstore: LocalSigstore;
let stranger: LocalSigstore;
let registries: Record<'api' | 'tags', RegistryServer>;
let images = 0;

beforeAll(async () => {
  [sigstore, stranger] = await Promise.all([startSigstore(), startSigstore()]);
  registries = { api: await startRegistry(), tags: await startRegistry({ referrers: false }) };
});
afterAll(() =>
  Promise.all([sigstore.close(), stranger.close(), registries.api.close(), registries.tags.close()]),
);

interface Place {
  readonly name: string;
  readonly store: Store;
  readonly image: ImageSubjects;
}

async function newImage(registry: keyof typeof registries = 'api'): Promise<Place> {
  images += 1;
  const place = `${registries[registry].host}/octo/image${images}`;
  const store = openStore(parseReference(place), storeOptions(runContext(sigstore)));
  const image = await putImage(store, ['amd64', 'arm64'], String(images));
  return { name: `${place}@${image.digest}`, store, image };
}

interface Call {
  readonly claims?: Partial<GithubClaims>;
  readonly inputs?: Readonly<Record<string, string>>;
  readonly review?: unknown;
  /** Signs at an instance that the first run does not trust. */
  readonly elsewhere?: boolean;
  readonly variable?: string;
}

/** Runs attest as a later step would: another process, which knows nothing of the one before. */
async function run(place: Place, call: Call = {}) {
  const at = call.elsewhere ? stranger : sigstore;
  const said: string[] = [];
  const overrides: Partial<RunContext> = { readNamedVariable: () => call.variable };
  const context = runContext(at, call.claims, overrides);
  const log = { ...context.log, info: (line: string) => void said.push(line) };
  writeFileSync(join(context.workspace, 'root.json'), JSON.stringify(at.trustedRoot));
  writeFileSync(join(context.workspace, 'review.json'), JSON.stringify(call.review ?? { a: 1, b: [2] }));
  const inputs = {
    image: place.name,
    signature: 'true',
    'predicate-type': 'https://example.com/review/v1',
    'predicate-path': 'review.json',
    'fulcio-url': at.fulcioUrl,
    'rekor-url': at.rekorUrl,
    'trusted-root': 'root.json',
    ...call.inputs,
  };
  const variables = Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]);
  const before = at.requests.length;
  const { outputs } = await action.run(readInputs(action, Object.fromEntries(variables)) as never, {
    ...context,
    log,
  });
  const logged = at.requests.slice(before).filter(({ path }) => path.includes('/log/entries')).length;
  return { said, logged, attestations: JSON.parse(String(outputs['attestations'])) as unknown[] };
}

async function count({ store, image }: Place): Promise<number[]> {
  const lists = await Promise.all(image.all.map(({ digest }) => store.listReferrers(digest)));
  return lists.map(({ length }) => length);
}

describe.each(['api', 'tags'] as const)('a step that runs again (%s)', (registry) => {
  test('attaches nothing, logs nothing, says so, and has the same outputs', async () => {
    const place = await newImage(registry);
    const first = await run(place);
    expect(first).toMatchObject({ said: [], logged: 4 });
    expect(await count(place)).toEqual([2, 2, 2]);
    // A re-run of the job: another attempt, and so another run URL in the certificate.
    const second = await run(place, { claims: { run_attempt: '2', run_id: '77' } });
    expect(second.logged).toBe(0);
    expect(second.said).toEqual([
      `${PREDICATE_TYPES.signature[0]} is attached already, by the same workflow for the same commit`,
      'https://example.com/review/v1 is attached already, by the same workflow for the same commit',
    ]);
    expect(await count(place)).toEqual([2, 2, 2]);
    expect(new Set(second.attestations.map((one) => JSON.stringify(one)))).toEqual(
      new Set(first.attestations.map((one) => JSON.stringify(one))),
    );
  });

  test('completes what was cut off, with the bundle that is there', async () => {
    const cut = await newImage(registry);
    await run(cut);
    // As it is when the connection was lost after the index's own referrers.
    for (const { digest } of cut.image.platforms.map(({ descriptor }) => descriptor)) {
      const referrers = await cut.store.listReferrers(digest);
      const names = [
        ...referrers.map((one) => one.digest),
        ...(registry === 'tags' ? [fallbackTag(digest)] : []),
      ];
      for (const name of names) {
        await fetch(`http://${cut.store.place.replace('/', '/v2/')}/manifests/${name}`, { method: 'DELETE' });
      }
    }
    expect(await count(cut)).toEqual([2, 0, 0]);
    // A signature is of one subject: those of the platforms are new. The review is of all, and was there.
    expect(await run(cut)).toMatchObject({
      logged: 2,
      said: [expect.any(String), expect.stringContaining('review')],
    });
    expect(await count(cut)).toEqual([2, 2, 2]);
    expect((await run(cut)).logged).toBe(0);
  });
});

describe('other evidence is attached beside it', () => {
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = key.privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
  const byKey: Call = {
    inputs: { key: 'KEY', 'fulcio-url': '', 'rekor-url': '', 'trusted-root': '' },
    variable: pem,
  };

  test.each<[string, Call]>([
    ['of another commit', { claims: { sha: 'd'.repeat(40) } }],
    ['of another version of the workflow', { claims: { job_workflow_sha: 'd'.repeat(40) } }],
    [
      'by another workflow',
      { claims: { job_workflow_ref: 'octo/app/.github/workflows/other.yml@refs/heads/main' } },
    ],
    [
      'of another triggered workflow',
      { claims: { workflow_ref: 'octo/app/.github/workflows/x.yml@refs/heads/main' } },
    ],
    ['of another ref', { claims: { ref: 'refs/heads/other' } }],
    ['of another event', { claims: { event_name: 'schedule' } }],
    ['of another runner', { claims: { runner_environment: 'self-hosted' } }],
    ['of a repository with another number', { claims: { repository_id: '9' } }],
    ['of an owner with another number', { claims: { repository_owner_id: '9' } }],
    ['of another environment', { claims: { environment: 'prod' } }],
    ['by a key', byKey],
    // The same names, certified by an authority that this run does not trust.
    ['of another instance', { elsewhere: true }],
    ['where no trust root proves what is there', { inputs: { 'trusted-root': '' } }],
  ])('%s', async (_, call) => {
    const place = await newImage();
    await run(place);
    expect((await run(place, call)).said).toEqual([]);
    expect(await count(place)).toEqual([4, 4, 4]);
  });

  test('with another predicate, only that', async () => {
    const place = await newImage();
    await run(place);
    expect(await run(place, { review: { a: 1, b: [2, 3] } })).toMatchObject({ logged: 1 });
    expect(await count(place)).toEqual([3, 3, 3]);
    // The same in another order is the same.
    expect(await run(place, { review: { b: [2], a: 1 } })).toMatchObject({ logged: 0 });
  });

  test('provenance of another attempt, which is another run of the build', async () => {
    const place = await newImage();
    const provenance: Call = {
      inputs: { signature: 'false', provenance: 'true', 'predicate-type': '', 'predicate-path': '' },
    };
    await run(place, provenance);
    expect(await run(place, provenance)).toMatchObject({ logged: 0 });
    expect(await run(place, { ...provenance, claims: { run_attempt: '2' } })).toMatchObject({ logged: 1 });
    expect(await count(place)).toEqual([2, 2, 2]);
  });

  test('by the same key it is the same, by another it is not', async () => {
    const place = await newImage();
    expect((await run(place, byKey)).said).toEqual([]);
    expect((await run(place, byKey)).said).toEqual([
      `${PREDICATE_TYPES.signature[0]} is attached already, by the same key`,
      'https://example.com/review/v1 is attached already, by the same key',
    ]);
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const variable = other.export({ format: 'pem', type: 'pkcs8' }) as string;
    expect((await run(place, { ...byKey, variable })).said).toEqual([]);
    expect(await count(place)).toEqual([4, 4, 4]);
  });
});

test('what a key said of the image in another repository is not taken for what it says of it here', async () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const byKey: Call = {
    inputs: { key: 'KEY', 'fulcio-url': '', 'rekor-url': '', 'trusted-root': '' },
    variable: privateKey.export({ format: 'pem', type: 'pkcs8' }) as string,
  };
  const place = await newImage();
  await run(place, byKey);
  const store = openStore(parseReference(`${place.store.place}-copy`), storeOptions(runContext(sigstore)));
  await copyImage(place.store, store, place.image.digest, { referrers: true });
  const copy = { store, image: place.image, name: `${store.place}@${place.image.digest}` };
  expect(await count(copy)).toEqual([2, 2, 2]);
  expect((await run(copy, byKey)).said).toEqual([]);
  expect(await count(copy)).toEqual([4, 4, 4]);
  expect((await run(copy, byKey)).said).toHaveLength(2);
});

test('what looks like the evidence and does not verify is not taken for it', async () => {
  const place = await newImage();
  await run(place);
  const forged = await newImage();
  for (const subject of forged.image.all) {
    for (const { digest } of await place.store.listReferrers(place.image.digest)) {
      const stored = await place.store.getManifest(digest);
      const bundle = JSON.parse(
        String(await place.store.readBlob(JSON.parse(String(stored?.bytes)).layers[0])),
      );
      const statement = JSON.parse(Buffer.from(bundle.dsseEnvelope.payload, 'base64').toString());
      statement.subject = forged.image.all.map((one) => ({ digest: { sha256: one.digest.slice(7) } }));
      bundle.dsseEnvelope.payload = Buffer.from(JSON.stringify(statement)).toString('base64');
      await attachReferrers(forged.store, [
        {
          subject,
          artifactType: MEDIA_TYPE.bundle,
          blob: Buffer.from(JSON.stringify(bundle)),
          blobMediaType: MEDIA_TYPE.bundle,
          annotations: {},
        },
      ]);
    }
  }
  expect(await run(forged)).toMatchObject({ said: [], logged: 4 });
  expect(await count(forged)).toEqual([4, 4, 4]);
});

test.each<[string, (layer: { digest: string; size: number; mediaType: string }) => object]>([
  ['lies about the size of a good bundle', (layer) => ({ ...layer, size: layer.size - 1 })],
  [
    'names a bundle that is not stored',
    // Registries let blobs of such a type be elsewhere.
    (layer) => ({ ...layer, mediaType: `${layer.mediaType}.foreign.x`, digest: digestOf('nothing') }),
  ],
  ['names no bundle', (layer) => ({ ...layer, ...EMPTY })],
])('a referrer that %s keeps nobody from attesting', async (_, lie) => {
  const place = await newImage();
  await run(place);
  for (const subject of place.image.all) {
    for (const { digest } of await place.store.listReferrers(subject.digest)) {
      const manifest = JSON.parse(String((await place.store.getManifest(digest))?.bytes));
      const lying = { ...manifest, layers: [lie(manifest.layers[0])] };
      await place.store.putManifest(Buffer.from(JSON.stringify(lying)), MEDIA_TYPE.manifest);
    }
  }
  expect(await count(place)).toEqual([4, 4, 4]);
  expect(await run(place)).toMatchObject({ logged: 0, said: [expect.any(String), expect.any(String)] });
  expect(await run(place, { review: { other: true } })).toMatchObject({ logged: 1 });
});

test('where tags are immutable and there is no referrers API, it is said before anything is signed', async () => {
  const registry = await startRegistry({ referrers: false, immutableTags: true });
  onTestFinished(() => registry.close());
  const store = openStore(parseReference(`${registry.host}/octo/app`), storeOptions(runContext(sigstore)));
  const image = await putImage(store);
  const place = { store, image, name: `${store.place}@${image.digest}` };
  await run(place);
  const before = sigstore.requests.length;
  await expect(run(place, { review: 'another' })).rejects.toMatchObject({
    outcome: 'unavailable',
    hint: expect.stringContaining('exclude "sha256-*"'),
  });
  expect(sigstore.requests.slice(before).filter(({ path }) => path.includes('/log/entries'))).toEqual([]);
  expect(await count(place)).toEqual([2]);
});
