import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PREDICATE_TYPES } from '../../shared/evidence/predicate.ts';
import { parseReference } from '../../shared/image/reference.ts';
import { collectEvidence } from '../../shared/sigstore/collect.ts';
import { fingerprintOf, readPublicKey } from '../../shared/sigstore/key.ts';
import { parseTrustedRoot } from '../../shared/sigstore/root.ts';
import { createVerifier, type StatementVerifier } from '../../shared/sigstore/verifier.ts';
import { openStore, storeOptions } from '../../shared/store/open.ts';
import type { Store } from '../../shared/store/store.ts';
import type { ImageSubjects } from '../../shared/store/subjects.ts';
import { findMissing } from '../servers/peers.ts';
import { type RegistryServer, startRegistry } from '../servers/registry.ts';
import { type LocalSigstore, startSigstore } from '../servers/sigstore.ts';
import { runContext } from '../sigstore/context.ts';
import { putImage } from '../sigstore/image.ts';
import { type Cosign, openCosign } from './cosign.ts';

const missing = await findMissing({ tools: ['cosign'] });
const SIG = 'application/vnd.dev.cosign.simplesigning.v1+json';

/*
 * What cosign wrote before it wrote bundles: `.sig` and `.att` tags.
 */
describe.skipIf(missing)(`cosign's older signatures${missing && ` (skipped: ${missing})`}`, () => {
  let sigstore: LocalSigstore;
  let registry: RegistryServer;
  let cosign: Cosign;
  let verifier: StatementVerifier;
  let images = 0;

  beforeAll(async () => {
    [sigstore, registry] = await Promise.all([startSigstore(), startRegistry()]);
    cosign = await openCosign(sigstore);
    verifier = await createVerifier({ root: parseTrustedRoot(JSON.stringify(sigstore.trustedRoot)) });
    writeFileSync(join(cosign.folder, 'predicate.json'), '{"bomFormat":"CycloneDX"}');
    await cosign.run('generate-key-pair');
  });
  afterAll(async () => {
    cosign?.close();
    await Promise.all([sigstore.close(), registry.close()]);
  });

  async function newImage(): Promise<{ store: Store; image: ImageSubjects; reference: string }> {
    images += 1;
    const place = `${registry.host}/octo/app${images}`;
    const store = openStore(parseReference(place), storeOptions(runContext(sigstore)));
    const image = await putImage(store, ['amd64'], String(images));
    return { store, image, reference: `${place}@${image.digest}` };
  }

  async function run(command: string, ...args: string[]): Promise<void> {
    const older = ['--yes', '--new-bundle-format=false', '--use-signing-config=false'];
    const services = [`--fulcio-url=${sigstore.fulcioUrl}`, `--rekor-url=${sigstore.rekorUrl}`];
    const root = `--trusted-root=${join(cosign.folder, 'trusted-root.json')}`;
    const { code, stderr } = await cosign.run(command, ...older, ...services, root, ...args);
    expect(code, stderr).toBe(0);
  }

  const collect = ({ store, image }: { store: Store; image: ImageSubjects }, by = verifier, key?: string) =>
    collectEvidence(store, image, by, {
      builder: [key === undefined ? { 'signer-repo': 'octo/app' } : { key: `sha256:${key}` }],
    });

  test('keyless signature and attestation verify, and nothing beside them is found wrong', async () => {
    const made = await newImage();
    await run('sign', `--timestamp-server-url=${sigstore.tsaUrl}/api/v1/timestamp`, made.reference);
    await run('attest', '--type', 'cyclonedx', '--predicate', 'predicate.json', made.reference);
    const { evidence, rejected } = await collect(made);
    expect(rejected).toEqual([]);
    expect(evidence.map(({ kind, logIndex }) => [kind, logIndex !== undefined])).toEqual([
      ['signature', true],
      ['cyclonedx', true],
    ]);
  });

  test('a signature by key verifies with that key alone', async () => {
    const made = await newImage();
    await run('sign', '--key', 'cosign.key', '--tlog-upload=false', made.reference);
    const key = await readPublicKey('cosign.pub', runContext(sigstore, {}, { workspace: cosign.folder }));
    const byKey = await createVerifier({ key });
    expect((await collect(made, byKey, fingerprintOf(key))).evidence).toMatchObject([{ kind: 'signature' }]);
    expect((await collect(made)).rejected).toMatchObject([
      { reason: expect.stringMatching(/no key was given/) },
    ]);
  });

  type Layer = { mediaType: string; digest: string; size: number; annotations: Record<string, string> };
  type Manifest = { layers: Layer[] };
  const annotate = (key: string, value: string | undefined) => (manifest: Manifest) => {
    for (const { annotations } of manifest.layers) {
      if (value === undefined) delete annotations[key];
      else annotations[key] = value;
    }
  };
  test.each<[string, (manifest: Manifest) => void, RegExp]>([
    [
      'without its log entry',
      annotate('dev.sigstore.cosign/bundle', undefined),
      /expected 1 timestamps, got 0/,
    ],
    ['with a log entry that is none', annotate('dev.sigstore.cosign/bundle', '{}'), /not those of cosign/],
    ['without its certificate', annotate('dev.sigstore.cosign/certificate', undefined), /no key was given/],
    ['with another signature', annotate('dev.cosignproject.cosign/signature', 'AAAA'), /does not verify/],
    [
      'as an attestation',
      ({ layers }) =>
        layers.forEach((layer) => {
          layer.mediaType = 'application/vnd.dsse.envelope.v1+json';
        }),
      /not those of cosign/,
    ],
  ])('a signature %s is refused', async (_, change, reason) => {
    const made = await newImage();
    await run('sign', made.reference);
    const tag = `${made.image.digest.replace(':', '-')}.sig`;
    const stored = await made.store.getManifest(tag);
    const manifest = JSON.parse(stored?.bytes.toString() ?? '') as Manifest;
    expect(manifest.layers[0]?.mediaType).toBe(SIG);
    change(manifest);
    await made.store.putManifest(
      Buffer.from(JSON.stringify(manifest)),
      stored?.descriptor.mediaType ?? '',
      tag,
    );
    const { evidence, rejected } = await collect(made);
    expect(evidence).toEqual([]);
    expect(rejected).toMatchObject([{ reason: expect.stringMatching(reason) }]);
  });

  test('a signature of another image is about that one', async () => {
    const [signed, other] = [await newImage(), await newImage()];
    await run('sign', signed.reference);
    const stored = await signed.store.getManifest(`${signed.image.digest.replace(':', '-')}.sig`);
    const [layer] = (
      JSON.parse(stored?.bytes.toString() ?? '') as { layers: { digest: never; size: number }[] }
    ).layers;
    if (stored === undefined || layer === undefined) throw new Error('cosign signed nothing');
    const payload = await signed.store.readBlob(layer);
    await other.store.putBlob(layer, () => payload);
    const { config: described } = JSON.parse(stored.bytes.toString()) as {
      config: { digest: never; size: number };
    };
    await other.store.putBlob(described, () => signed.store.getBlob(described));
    await other.store.putManifest(
      stored.bytes,
      stored.descriptor.mediaType,
      `${other.image.digest.replace(':', '-')}.sig`,
    );
    const { evidence, rejected } = await collect(other);
    expect(evidence).toEqual([]);
    expect(rejected).toMatchObject([
      { predicateType: PREDICATE_TYPES.signature[0], reason: expect.stringMatching(/about another image/) },
    ]);
  });
});
