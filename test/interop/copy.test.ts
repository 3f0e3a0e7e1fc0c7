import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MEDIA_TYPE } from '../../shared/image/descriptor.ts';
import { parseDigestReference, parseReference } from '../../shared/image/reference.ts';
import { copyImage } from '../../shared/store/copy.ts';
import { openStore, storeOptions } from '../../shared/store/open.ts';
import { mapParallel } from '../../shared/store/parallel.ts';
import type { Store } from '../../shared/store/store.ts';
import {
  findMissing,
  type Peer,
  startCraneRegistry,
  startDistribution,
  startReferenceRegistry,
} from '../servers/peers.ts';
import { startRegistry } from '../servers/registry.ts';
import { type LocalSigstore, startSigstore } from '../servers/sigstore.ts';
import { runContext } from '../sigstore/context.ts';
import { pushBlob, pushManifest } from '../store/fixtures.ts';
import { type Cosign, openCosign, RELEASE } from './cosign.ts';
import { pushTwoPlatforms, type TwoPlatforms } from './images.ts';

/*
 * The whole tree between any two places: what cosign verified at the source it verifies at the destination.
 */

const missing = await findMissing({ programs: ['docker-registry'], tools: ['cosign', 'crane', 'registry'] });

const embedded = async (referrers: boolean): Promise<Pick<Peer, 'address' | 'close'>> => {
  const { host, close } = await startRegistry({ referrers });
  return { address: host, close };
};
const REGISTRIES = {
  'the embedded registry': () => embedded(true),
  'the embedded registry without the referrers API': () => embedded(false),
  "Debian's docker-registry": startDistribution,
  "go-containerregistry's with the referrers API": startReferenceRegistry,
  'crane registry serve': startCraneRegistry,
};
const LAYOUT = 'an OCI layout';
const PLACES = [...Object.keys(REGISTRIES), LAYOUT];
const PAIRS = PLACES.flatMap((from) => PLACES.map((to) => [from, to] as const));

describe.skipIf(missing)(`copies${missing && ` (skipped: ${missing})`}`, () => {
  let sigstore: LocalSigstore;
  let cosign: Cosign;
  const peers = new Map<string, Pick<Peer, 'address' | 'close'>>();
  /** One signed image in each place, each in its own words: cosign signed it there. */
  const images = new Map<string, TwoPlatforms>();
  const verified = new Map<string, string[]>();

  beforeAll(async () => {
    sigstore = await startSigstore();
    cosign = await openCosign(sigstore);
    for (const [name, start] of Object.entries(REGISTRIES)) peers.set(name, await start());
    await mapParallel([...peers], 2, async ([name, { address }]) => {
      const image = await makeImage(address);
      images.set(name, image);
      verified.set(name, await verifyAll(image));
    });
    // cosign writes no layouts; what it signed is carried to one.
    const signed = images.get("Debian's docker-registry");
    if (signed === undefined) throw new Error('nothing was signed');
    const [place, digest] = split(signed.index);
    await copyImage(open(place), open('oci:source'), digest, { referrers: true, check: true });
    const there = (image: string): string => image.replace(place, 'oci:source');
    const { index, amd64, arm64 } = signed;
    verified.set(LAYOUT, verified.get("Debian's docker-registry") ?? []);
    images.set(LAYOUT, { index: there(index), amd64: there(amd64), arm64: there(arm64) });
  });
  afterAll(async () => {
    cosign?.close();
    await Promise.all([...peers.values()].map((peer) => peer.close()));
    await sigstore?.close();
  });

  const open = (place: string): Store =>
    openStore(parseReference(place), storeOptions(runContext(sigstore, {}, { workspace: cosign.folder })));
  const split = (image: string) => {
    const { digest } = parseDigestReference(image);
    return [image.slice(0, image.indexOf('@')), digest] as const;
  };

  /** Two platforms with bundles beside each manifest, with older signatures under tags, and with an SBOM as `cosign attach` kept it. */
  async function makeImage(address: string): Promise<TwoPlatforms> {
    const image = await pushTwoPlatforms(`${address}/octo/signed`);
    const predicate = { bomFormat: 'CycloneDX', specVersion: '1.6', components: [] };
    writeFileSync(join(cosign.folder, 'predicate.json'), JSON.stringify(predicate));
    const older = [
      ...['--yes', '--new-bundle-format=false', '--use-signing-config=false'],
      ...[`--fulcio-url=${sigstore.fulcioUrl}`, `--rekor-url=${sigstore.rekorUrl}`],
      `--trusted-root=${join(cosign.folder, 'trusted-root.json')}`,
    ];
    const runs = [
      await cosign.sign(image.index),
      await cosign.sign(image.amd64),
      await cosign.attest(image.index, 'cyclonedx', predicate),
      await cosign.attest(image.arm64, 'https://example.com/review/v1', { good: true }),
      await cosign.run('sign', ...older, image.index),
      await cosign.run('sign', ...older, image.arm64),
      await cosign.run('attest', ...older, '--type=cyclonedx', '--predicate=predicate.json', image.index),
    ];
    for (const { code, stderr } of runs) expect(code, stderr).toBe(0);
    const store = open(`${address}/octo/signed`);
    const [, digest] = split(image.amd64);
    await pushManifest(
      store,
      {
        mediaType: MEDIA_TYPE.manifest,
        config: await pushBlob(store, Buffer.from('{}'), MEDIA_TYPE.config),
        layers: [await pushBlob(store, Buffer.from('SPDXVersion: SPDX-2.3'), 'text/spdx')],
      },
      `${digest.replace(':', '-')}.sbom`,
    );
    return image;
  }

  /** All that cosign verifies of an image, in its own words; what it does not verify is a failure. */
  async function verifyAll({ index, amd64, arm64 }: TwoPlatforms): Promise<string[]> {
    const trust = [
      ...['--certificate-identity', RELEASE],
      ...['--certificate-oidc-issuer', 'https://token.actions.githubusercontent.com'],
      ...['--trusted-root', join(cosign.folder, 'trusted-root.json')],
    ];
    const older = [...trust, '--new-bundle-format=false'];
    const runs = await mapParallel(
      [
        ['verify', ...trust, index],
        ['verify', ...trust, amd64],
        ['verify-attestation', '--type=cyclonedx', ...trust, index],
        ['verify-attestation', '--type=https://example.com/review/v1', ...trust, arm64],
        ['verify', ...older, index],
        ['verify', ...older, arm64],
        ['verify-attestation', '--type=cyclonedx', ...older, index],
      ],
      2,
      (args) => cosign.run(...args),
    );
    return runs.map(({ code, stdout, stderr }) => {
      expect(code, stderr).toBe(0);
      expect(stdout.trim()).not.toBe('');
      // Of bundles cosign says here where it was asked to look, not what is signed.
      const said = stdout.replaceAll(/(?<="docker-reference":")[^"@]+/g, 'somewhere');
      const lines = said
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown);
      // In whatever order the registry lists them.
      return lines
        .flat()
        .map((one) => JSON.stringify(one))
        .sort()
        .join('\n');
    });
  }

  test.each(PAIRS)('from %s to %s', async (from, to) => {
    const image = images.get(from);
    if (image === undefined) throw new Error(`nothing is in ${from}`);
    const [place, digest] = split(image.index);
    const at = PLACES.indexOf(from);
    const arrived = to === LAYOUT ? `oci:from-${at}` : `${peers.get(to)?.address}/octo/from-${at}`;
    await copyImage(open(place), open(arrived), digest, { referrers: true, check: true });
    expect(await copyImage(open(place), open(arrived), digest, { referrers: true, check: true })).toEqual({
      copied: 0,
      mounted: 0,
    });

    // cosign reads no layouts: what is in one is seen in the registry that it is carried to.
    const reader = `${peers.get("go-containerregistry's with the referrers API")?.address}/octo/read-${at}`;
    const seen = to === LAYOUT ? reader : arrived;
    if (to === LAYOUT) await copyImage(open(arrived), open(seen), digest, { referrers: true, check: true });
    const move = (one: string): string => one.replace(place, seen);
    const there = { index: move(image.index), amd64: move(image.amd64), arm64: move(image.arm64) };
    expect(await verifyAll(there)).toEqual(verified.get(from));
    const sbom = `${split(image.amd64)[1].replace(':', '-')}.sbom`;
    expect(await open(seen).resolve(sbom)).toEqual(await open(place).resolve(sbom));
  });
});
