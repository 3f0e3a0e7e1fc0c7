import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { attachArtifactToImage } from '@sigstore/oci';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MEDIA_TYPE } from '../../shared/image/descriptor.ts';
import { parseDigestReference, parseReference } from '../../shared/image/reference.ts';
import { collectStatements } from '../../shared/sigstore/collect.ts';
import { parseTrustedRoot } from '../../shared/sigstore/root.ts';
import { createVerifier } from '../../shared/sigstore/verifier.ts';
import { openStore, storeOptions } from '../../shared/store/open.ts';
import { listSubjects } from '../../shared/store/subjects.ts';
import { findMissing, type Peer, startDistribution, startReferenceRegistry } from '../servers/peers.ts';
import { startRegistry } from '../servers/registry.ts';
import { type LocalSigstore, startSigstore } from '../servers/sigstore.ts';
import { runContext } from '../sigstore/context.ts';
import { putImage } from '../sigstore/image.ts';
import type { Attachment } from './attacher.ts';
import { type Cosign, openCosign } from './cosign.ts';

const PROCESSES = 10;
const EACH = 10;
const TYPE = 'https://example.com/writer/v1';

type Registry = Pick<Peer, 'address' | 'close'>;
async function startEmbedded(referrers: boolean): Promise<Registry> {
  const { host, close } = await startRegistry({ referrers });
  return { address: host, close };
}

const missing = await findMissing({ programs: ['docker-registry'], tools: ['cosign', 'registry'] });
const survivors: Record<string, string> = {};
let sigstore: LocalSigstore;
let cosign: Cosign;
beforeAll(async () => {
  if (missing) return;
  sigstore = await startSigstore();
  cosign = await openCosign(sigstore);
});
afterAll(async () => {
  cosign?.close();
  await sigstore?.close();
  if (!missing) console.table(survivors);
});

describe.skipIf(missing).each([
  ['the embedded registry', () => startEmbedded(true)],
  ['the embedded registry without the referrers API', () => startEmbedded(false)],
  ["go-containerregistry's, with the referrers API", startReferenceRegistry],
  ["Debian's docker-registry, without", startDistribution],
])(`many writers at once, on %s${missing && ` (skipped: ${missing})`}`, (name, start) => {
  let registry: Registry;
  beforeAll(async () => {
    registry = await start();
  });
  afterAll(() => registry?.close());

  async function newImage(repository: string): Promise<string> {
    const place = `${registry.address}/octo/${repository}`;
    const store = openStore(parseReference(place), storeOptions(runContext(sigstore)));
    return `${place}@${(await putImage(store)).digest}`;
  }

  /** The numbers that our reader finds verified beside the image. */
  async function readOurs(image: string): Promise<unknown[]> {
    const reference = parseDigestReference(image);
    const store = openStore(reference, storeOptions(runContext(sigstore)));
    const verifier = await createVerifier({ root: parseTrustedRoot(JSON.stringify(sigstore.trustedRoot)) });
    const subjects = await listSubjects(store, reference.digest);
    const { statements } = await collectStatements(store, subjects, verifier);
    return statements.map(({ statement }) => statement.predicate);
  }

  /** The same by cosign. */
  async function readTheirs(image: string): Promise<unknown[]> {
    const { stdout } = await cosign.verifyAttestation(image, TYPE);
    const lines = stdout.split('\n').filter((line) => line !== '');
    return lines.map(
      (line) => JSON.parse(Buffer.from(JSON.parse(line).payload, 'base64').toString()).predicate,
    );
  }

  const report = (who: string, listed: number, succeeded: number): void => {
    survivors[`${who}, ${name}`] = `${listed} listed of ${succeeded} that were said to be attached`;
  };

  test('ours: every one is listed, by us and by cosign', async () => {
    const image = await newImage('ours');
    const { fulcioUrl, rekorUrl, requestToken } = sigstore;
    const codes = await Promise.all(
      Array.from({ length: PROCESSES }, async (_, process) => {
        const attachment: Attachment = {
          image,
          predicateType: TYPE,
          numbers: Array.from({ length: EACH }, (__, one) => process * EACH + one),
          sigstore: { fulcioUrl, rekorUrl, requestToken, token: sigstore.tokenUrl() },
        };
        const file = fileURLToPath(new URL('attacher.ts', import.meta.url));
        return (await once(fork(file, [JSON.stringify(attachment)]), 'exit'))[0];
      }),
    );
    expect(codes).toEqual(Array(PROCESSES).fill(0));
    const all = Array.from({ length: PROCESSES * EACH }, (_, number) => ({ number }));
    const [ours, theirs] = [await readOurs(image), await readTheirs(image)];
    report('Hallmark, 10 × 10', theirs.length, all.length);
    expect(ours).toHaveLength(all.length);
    expect(ours).toEqual(expect.arrayContaining(all));
    expect(theirs).toHaveLength(all.length);
    expect(theirs).toEqual(expect.arrayContaining(all));
  });

  test('for comparison: ten at once by cosign and by @sigstore/oci', async () => {
    const theirs = await newImage('cosign');
    const runs = await Promise.all(
      Array.from({ length: PROCESSES }, (_, number) => cosign.attest(theirs, TYPE, { number })),
    );
    // A peer that fails is a figure, not a fault of ours.
    report('cosign, 10 × 1', (await readTheirs(theirs)).length, runs.filter(({ code }) => code === 0).length);

    const library = parseDigestReference(await newImage('oci'));
    const store = openStore(library, storeOptions(runContext(sigstore)));
    const attached = await Promise.allSettled(
      Array.from({ length: PROCESSES }, (_, number) =>
        attachArtifactToImage({
          // It signs in without being asked to and stumbles over a registry that wants no login.
          credentials: undefined as never,
          imageName: store.place,
          imageDigest: library.digest,
          artifact: Buffer.from(JSON.stringify({ number })),
          mediaType: MEDIA_TYPE.bundle,
        }),
      ),
    );
    const succeeded = attached.filter(({ status }) => status === 'fulfilled').length;
    report('@sigstore/oci, 10 × 1', (await store.listReferrers(library.digest)).length, succeeded);
  });
});
