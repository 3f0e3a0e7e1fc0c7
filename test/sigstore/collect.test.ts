import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PREDICATE_TYPES } from '../../shared/evidence/predicate.ts';
import type { IdentityRule } from '../../shared/evidence/trust.ts';
import { MEDIA_TYPE } from '../../shared/image/descriptor.ts';
import { digestHex } from '../../shared/image/digest.ts';
import { parseReference } from '../../shared/image/reference.ts';
import { collectEvidence, collectStatements } from '../../shared/sigstore/collect.ts';
import { fingerprintOf } from '../../shared/sigstore/key.ts';
import { type Claim, publishStatements } from '../../shared/sigstore/publish.ts';
import { parseTrustedRoot } from '../../shared/sigstore/root.ts';
import { openSigner } from '../../shared/sigstore/signer.ts';
import { createVerifier, type StatementVerifier } from '../../shared/sigstore/verifier.ts';
import { attachReferrers } from '../../shared/store/attach.ts';
import { copyImage } from '../../shared/store/copy.ts';
import { digestOf } from '../../shared/store/hash.ts';
import { openStore, storeOptions } from '../../shared/store/open.ts';
import { EMPTY_BLOB, type Store } from '../../shared/store/store.ts';
import type { ImageSubjects } from '../../shared/store/subjects.ts';
import { type RegistryServer, startRegistry } from '../servers/registry.ts';
import { type GithubClaims, type LocalSigstore, startSigstore } from '../servers/sigstore.ts';
import { runContext } from './context.ts';
import { putImage } from './image.ts';

const RULE: IdentityRule = {
  'signer-workflow': 'octo/app/.github/workflows/release.yml',
  ref: ['refs/heads/main'],
  'repository-id': '123456789',
};
const TRUST = { builder: [RULE] };
const SIGNATURE: Claim = { predicateType: PREDICATE_TYPES.signature[0], predicate: {} };

let sigstore: LocalSigstore;
let registry: RegistryServer;
let verifier: StatementVerifier;
let repositories = 0;

beforeAll(async () => {
  [sigstore, registry] = await Promise.all([startSigstore(), startRegistry()]);
  verifier = await createVerifier({ root: parseTrustedRoot(JSON.stringify(sigstore.trustedRoot)) });
});
afterAll(() => Promise.all([sigstore.close(), registry.close()]));

function freshStore(): Store {
  repositories += 1;
  return reopen(`${registry.host}/octo/app${repositories}`);
}

/** A store that knows nothing yet of what its registry can do, as a later step's. */
function reopen(place: string): Store {
  return openStore(parseReference(place), storeOptions(runContext(sigstore)));
}

const services = (at: LocalSigstore = sigstore) => ({ 'fulcio-url': at.fulcioUrl, 'rekor-url': at.rekorUrl });

async function sign(
  store: Store,
  image: ImageSubjects,
  claims: Partial<GithubClaims> = {},
  what: readonly Claim[] = [SIGNATURE],
): Promise<Buffer> {
  const signer = await openSigner(services(), runContext(sigstore, claims));
  const [published] = await publishStatements(store, image, signer, what);
  return published?.bundle ?? Buffer.alloc(0);
}

async function attach(store: Store, image: ImageSubjects, blob: Buffer, annotations = {}): Promise<void> {
  const [subject] = image.all;
  if (subject === undefined) throw new Error('an image has a subject');
  const type = MEDIA_TYPE.bundle;
  await attachReferrers(store, [{ subject, artifactType: type, blob, blobMediaType: type, annotations }]);
}

/** A bundle as JSON, changed. */
function alter(bundle: Buffer, change: (json: AnyBundle) => void): Buffer {
  const json = JSON.parse(bundle.toString()) as AnyBundle;
  change(json);
  return Buffer.from(JSON.stringify(json));
}
interface AnyBundle {
  verificationMaterial: {
    tlogEntries: { integratedTime: string; logIndex: string }[];
    certificate: { rawBytes: string };
  };
  dsseEnvelope: { payload: string; payloadType: string; signatures: { sig: string }[] };
}

describe('what counts', () => {
  test('evidence beside which somebody had nonsense listed, here and where it is copied to', async () => {
    const store = freshStore();
    const image = await putImage(store);
    await sign(store, image);
    // A manifest and an index at once, which the registry takes for a referrer.
    const nonsense = { schemaVersion: 2, mediaType: MEDIA_TYPE.manifest, manifests: [], layers: [] };
    const config = { mediaType: MEDIA_TYPE.empty, digest: digestOf(EMPTY_BLOB), size: EMPTY_BLOB.length };
    const bytes = Buffer.from(JSON.stringify({ ...nonsense, config, subject: image.all[0] }));
    const { digest } = await store.putManifest(bytes, MEDIA_TYPE.manifest);
    const found = await collectEvidence(store, image, verifier, TRUST);
    expect(found.evidence).toHaveLength(1);
    expect(found.rejected).toMatchObject([{ source: digest }]);
    const there = freshStore();
    await copyImage(store, there, image.digest, { referrers: true });
    expect((await collectEvidence(there, image, verifier, TRUST)).evidence).toHaveLength(1);
  });

  test('statements of the trusted workflow about the image and its platforms, in one pass', async () => {
    const store = freshStore();
    const image = await putImage(store, ['amd64', 'arm64']);
    const [index, amd64, arm64] = image.all.map(({ digest }) => digest);
    await sign(store, image, {}, [
      SIGNATURE,
      {
        predicateType: PREDICATE_TYPES.cyclonedx[0],
        predicate: { bomFormat: 'CycloneDX' },
        subjects: amd64 === undefined ? [] : [amd64],
      },
    ]);
    const { evidence, rejected } = await collectEvidence(store, image, verifier, TRUST);
    expect(rejected).toEqual([]);
    expect(evidence.map(({ kind, roles, subjects }) => ({ kind, roles, subjects })).toSorted(byKind)).toEqual(
      [
        { kind: 'cyclonedx', roles: ['builder'], subjects: [amd64] },
        { kind: 'signature', roles: ['builder'], subjects: [index, amd64, arm64] },
      ],
    );
    const [first] = evidence;
    expect(Math.abs(Date.parse(first?.signedAt ?? '') - Date.now())).toBeLessThan(60_000);
    expect(first?.logIndex).toMatch(/^\d+$/);
    expect(Object.isFrozen(evidence) && Object.isFrozen(first?.signer)).toBe(true);
  });

  test('a key, where a role is given to it', async () => {
    const store = freshStore();
    const image = await putImage(store);
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
    const signer = await openSigner(
      { key: 'SIGNING_KEY' },
      runContext(sigstore, {}, { readNamedVariable: () => pem }),
    );
    await publishStatements(store, image, signer, [SIGNATURE]);
    const byKey = await createVerifier({ key: publicKey });
    const trust = { builder: [{ key: `sha256:${fingerprintOf(publicKey)}` }] };
    const { evidence } = await collectEvidence(store, image, byKey, trust);
    expect(evidence).toMatchObject([{ kind: 'signature', signer: { key: fingerprintOf(publicKey) } }]);
  });
});

describe('a statement that names something beside the image', () => {
  const hex = 'b'.repeat(64);
  const provenance: Claim = { predicateType: PREDICATE_TYPES.provenance[0], predicate: {} };
  const custom: Claim = { predicateType: 'https://example.com/custom', predicate: {} };
  test.each<[string, Claim, (store: Store, image: ImageSubjects) => [name: string, hex: string], RegExp?]>([
    [
      'a signature, of a stranger',
      SIGNATURE,
      () => ['other', hex],
      /^it is about other as well, which is no part/,
    ],
    ['a signature, of its own layers', SIGNATURE, (_, image) => ['app.wasm', configOf(image)]],
    ['a signature, of its own repository', SIGNATURE, ({ place }) => [place, hex]],
    ['provenance, of what else was built', provenance, () => ['other', hex]],
    ['a type that no rule reads', custom, () => ['other', hex]],
  ])('%s', async (_, claim, beside, reason) => {
    const store = freshStore();
    const image = await putImage(store);
    const [name, sha256] = beside(store, image);
    await sign(store, image, {}, [{ ...claim, files: [{ name, digest: { sha256 } }] }]);
    const { statements, rejected } = await collectStatements(store, image, verifier);
    expect(statements.map(({ subjects }) => subjects)).toEqual(reason ? [] : [[image.digest]]);
    expect(rejected.map((one) => one.reason)).toEqual(reason ? [expect.stringMatching(reason)] : []);
  });
  const configOf = (image: ImageSubjects): string =>
    image.platforms[0]?.manifest.config.digest.split(':')[1] ?? '';
});

const byKind = (a: { kind: string }, b: { kind: string }): number => a.kind.localeCompare(b.kind);

type Deed = (store: Store, image: ImageSubjects) => Promise<unknown>;

describe('what does not count, and why', () => {
  const refused: [string, Deed, RegExp][] = [
    [
      'another workflow',
      (store, image) =>
        sign(store, image, { job_workflow_ref: 'octo/app/.github/workflows/ci.yml@refs/heads/main' }),
      /not builder: signer-workflow is "octo\/app\/.github\/workflows\/ci.yml"/,
    ],
    [
      'an identity that merely contains the wanted one',
      (store, image) =>
        sign(store, image, {
          job_workflow_ref: 'octo/app/.github/workflows/release.yml.evil.yml@refs/heads/main',
        }),
      /signer-workflow is/,
    ],
    [
      'a repository whose name ends alike',
      (store, image) =>
        sign(store, image, {
          job_workflow_ref: 'evil-octo/app/.github/workflows/release.yml@refs/heads/main',
        }),
      /signer-workflow is "evil-octo/,
    ],
    [
      'another issuer',
      (store, image) => sign(store, image, { iss: 'https://issuer.evil.example' }),
      /issuer is "https:\/\/issuer.evil.example"/,
    ],
    [
      'another ref',
      (store, image) => sign(store, image, { ref: 'refs/heads/evil' }),
      /ref is "refs\/heads\/evil"/,
    ],
    [
      'pull_request_target',
      (store, image) => sign(store, image, { event_name: 'pull_request_target' }),
      /trigger is "pull_request_target"/,
    ],
    [
      'a repository that took over the name',
      (store, image) => sign(store, image, { repository_id: '666' }),
      /repository-id is "666"/,
    ],
    [
      'a type that only another role may say',
      (store, image) =>
        sign(store, image, {}, [{ predicateType: PREDICATE_TYPES.verdict[0], predicate: {} }]),
      /nobody is trusted as gate/,
    ],
    [
      'a type that no rule reads',
      (store, image) => sign(store, image, {}, [{ predicateType: 'https://evil.example/v1', predicate: {} }]),
      /no rule reads this type/,
    ],
    [
      'a signature of another image',
      async (store, image) => attach(store, image, await signOther()),
      /about another image/,
    ],
    [
      'a payload that was changed',
      async (store, image) =>
        attach(
          store,
          image,
          alter(await signElsewhere(image), (json) => {
            json.dsseEnvelope.payload = Buffer.from(
              Buffer.from(json.dsseEnvelope.payload, 'base64').toString().replace('{}', '{ }'),
            ).toString('base64');
          }),
        ),
      /does not verify/,
    ],
    [
      'a payload type that was changed',
      async (store, image) =>
        attach(
          store,
          image,
          alter(await signElsewhere(image), (json) => {
            json.dsseEnvelope.payloadType = 'application/json';
          }),
        ),
      /does not verify: its payload is application\/json/,
    ],
    [
      "the trusted workflow's certificate over somebody else's signature",
      async (store, image) => {
        const theirs = JSON.parse((await signElsewhere(image)).toString()) as AnyBundle;
        const evil = await signElsewhere(image, SIGNATURE, { repository_id: '666' });
        const swapped = alter(evil, (json) => {
          json.verificationMaterial.certificate = theirs.verificationMaterial.certificate;
        });
        await attach(store, image, swapped);
      },
      /does not verify: signature verification failed/,
    ],
    [
      'no log entry',
      async (store, image) =>
        attach(
          store,
          image,
          alter(await signElsewhere(image), (json) => {
            json.verificationMaterial.tlogEntries = [];
          }),
        ),
      /does not verify: expected 1 timestamps, got 0/,
    ],
    [
      'a log entry of another time',
      async (store, image) =>
        attach(
          store,
          image,
          alter(await signElsewhere(image), (json) => {
            for (const entry of json.verificationMaterial.tlogEntries) entry.integratedTime = '1000000000';
          }),
        ),
      /does not verify/,
    ],
    [
      'no signature',
      async (store, image) =>
        attach(
          store,
          image,
          alter(await signElsewhere(image), (json) => {
            json.dsseEnvelope.signatures = [];
          }),
        ),
      /does not verify/,
    ],
    [
      'a second signature beside the first',
      async (store, image) =>
        attach(
          store,
          image,
          alter(await signElsewhere(image), (json) => {
            json.dsseEnvelope.signatures.push({ sig: 'AAAA' });
          }),
        ),
      /does not verify/,
    ],
    ['no JSON', (store, image) => attach(store, image, Buffer.from('not { JSON')), /does not verify/],
    [
      'JSON that is no bundle',
      (store, image) => attach(store, image, Buffer.from('{"mediaType":7}')),
      /does not verify/,
    ],
    ['nothing', (store, image) => attach(store, image, Buffer.from('null')), /does not verify/],
    [
      'an SBOM whose annotation calls it a signature',
      async (store, image) => {
        const bundle = await signElsewhere(image, {
          predicateType: PREDICATE_TYPES.verdict[0],
          predicate: {},
        });
        await attach(store, image, bundle, {
          'dev.sigstore.bundle.predicateType': PREDICATE_TYPES.signature[0],
        });
      },
      /nobody is trusted as gate/,
    ],
    [
      'a file that is no bundle',
      async (store, image) => {
        const [subject] = image.all;
        if (subject)
          await attachReferrers(store, [
            {
              subject,
              artifactType: 'text/plain',
              blob: Buffer.from('hi'),
              blobMediaType: 'text/plain',
              annotations: {},
            },
          ]);
      },
      /holds no Sigstore bundle/,
    ],
    [
      'another instance',
      async (store, image) => {
        const other = await startSigstore();
        const signer = await openSigner(services(other), runContext(other));
        await publishStatements(store, image, signer, [SIGNATURE]);
        await other.close();
      },
      /does not verify/,
    ],
    [
      'a key where a workflow is wanted',
      async (store, image) => {
        const pem = generateKeyPairSync('ed25519').privateKey.export({
          format: 'pem',
          type: 'pkcs8',
        }) as string;
        const signer = await openSigner(
          { key: 'K' },
          runContext(sigstore, {}, { readNamedVariable: () => pem }),
        );
        await publishStatements(store, image, signer, [SIGNATURE]);
      },
      /signed with a key, and no key was given/,
    ],
    ['two layers', (store, image) => pushManifest(store, image, 2), /more than one layer/],
    [
      'a referrer listed for an image it is not about',
      async (store, image) => {
        const other = await putImage(store, ['amd64'], 'other');
        await sign(store, other);
        const [theirs] = await store.listReferrers(other.digest);
        const index = { schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests: [theirs] };
        await store.putManifest(
          Buffer.from(JSON.stringify(index)),
          MEDIA_TYPE.index,
          `sha256-${digestHex(image.digest)}`,
        );
      },
      /its own subject is/,
    ],
  ];

  /** The image's own statement, signed by the trusted workflow unless `claims` say otherwise, and attached nowhere. */
  async function signElsewhere(
    image: ImageSubjects,
    claim: Claim = SIGNATURE,
    claims: Partial<GithubClaims> = {},
  ): Promise<Buffer> {
    const signer = await openSigner(services(), runContext(sigstore, claims));
    const [bundle] = await signer.sign([
      {
        _type: 'https://in-toto.io/Statement/v1',
        subject: [{ digest: { sha256: digestHex(image.digest) } }],
        ...claim,
      },
    ]);
    return bundle ?? Buffer.alloc(0);
  }

  async function signOther(): Promise<Buffer> {
    const store = freshStore();
    return sign(store, await putImage(store, ['amd64'], 'other'));
  }

  async function pushManifest(store: Store, image: ImageSubjects, layers: number): Promise<void> {
    await sign(store, image, { event_name: 'schedule' });
    const [descriptor] = await store.listReferrers(image.digest);
    const stored = descriptor && (await store.getManifest(descriptor.digest));
    const manifest = JSON.parse(stored?.bytes.toString() ?? '') as { layers: unknown[] };
    manifest.layers = Array.from({ length: layers }, () => manifest.layers[0]);
    await store.putManifest(Buffer.from(JSON.stringify(manifest)), MEDIA_TYPE.manifest);
  }

  test.each(refused)('%s', async (_, deed, reason) => {
    const store = freshStore();
    const image = await putImage(store);
    await deed(store, image);
    const { evidence, rejected } = await collectEvidence(reopen(store.place), image, verifier, TRUST);
    expect(rejected.map((one) => one.reason)).toEqual([expect.stringMatching(reason)]);
    expect(evidence.filter(({ signer }) => signer.trigger !== 'schedule')).toEqual([]);
  });

  test('what others attach beside it takes nothing away', async () => {
    const store = freshStore();
    const image = await putImage(store);
    await sign(store, image);
    await attach(store, image, Buffer.from('rubbish'));
    await sign(store, image, { event_name: 'pull_request_target' });
    const { evidence, rejected } = await collectEvidence(store, image, verifier, TRUST);
    expect(evidence.map(({ kind }) => kind)).toEqual(['signature']);
    expect(rejected).toHaveLength(2);
  });
});
