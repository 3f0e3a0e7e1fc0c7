import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PREDICATE_TYPES } from '../../shared/evidence/predicate.ts';
import { parseReference } from '../../shared/image/reference.ts';
import { publishStatements } from '../../shared/sigstore/publish.ts';
import { openSigner } from '../../shared/sigstore/signer.ts';
import { openStore, storeOptions } from '../../shared/store/open.ts';
import { RELEASE_WORKFLOW, startWorld, type World } from '../../test/actions/world.ts';
import { type Cosign, openCosign } from '../../test/interop/cosign.ts';
import { startReferenceRegistry } from '../../test/servers/peers.ts';
import { runContext } from '../../test/sigstore/context.ts';
import { putImage } from '../../test/sigstore/image.ts';
import { checkCosign, compareTurns, overRegistries, type Registry } from './compare.ts';
import { type Passage, startDelay } from './delay.ts';
import { type Figure, formatTime } from './figure.ts';
import { compareMemory, readPeak } from './memory.ts';

const SIGNER = `octo/app/${RELEASE_WORKFLOW}`;
const ROUNDS = 5;
const IMAGES = 200;
const MEMORY = 200;
const HOOK = fileURLToPath(new URL('./peak.mjs', import.meta.url));

/** A predicate for each of the five: an SBOM and a scan of the usual size beside small ones. */
const PREDICATES: [type: string, predicate: unknown][] = [
  [PREDICATE_TYPES.signature[0], {}],
  [
    PREDICATE_TYPES.provenance[0],
    { buildDefinition: {}, runDetails: { builder: { id: 'https://example.com' } } },
  ],
  [
    PREDICATE_TYPES.cyclonedx[0],
    { bomFormat: 'CycloneDX', components: fill({ type: 'library', name: 'package', version: '1.0.0' }) },
  ],
  [
    PREDICATE_TYPES.scan[0],
    { scanner: { result: fill({ id: 'CVE-2026-0001', severity: [{ method: 'nvd', score: '5' }] }) } },
  ],
  [PREDICATE_TYPES.test[0], { result: 'PASSED', configuration: [] }],
];
/** cosign's own names of what it is asked for after the signature. */
const ATTESTATIONS = ['slsaprovenance1', 'cyclonedx', PREDICATE_TYPES.scan[0]];

function fill(entry: object): object[] {
  return Array.from({ length: 1000 }, (_, n) => ({ ...entry, n }));
}

/** Signature and three attestations verified, our one step against cosign's four commands, with and without delay; then many images in one step. */
export async function measure(): Promise<Figure[]> {
  const world = await startWorld();
  const cosign = await openCosign(world.sigstore);
  try {
    const beside = await overRegistries(startReferenceRegistry, async (name, registry) => {
      const image = await attest(world, `${registry.address}/octo/app`, 4);
      const figures: Figure[] = [];
      for (const delay of [0, 25]) figures.push(await compare(name, delay, registry, image, world, cosign));
      return figures;
    });
    return [...beside, await verifyMany(world)];
  } finally {
    cosign.close();
    await world.close();
  }
}

/** An image with the first `count` pieces of evidence. */
async function attest(world: World, place: string, count: number, salt = ''): Promise<string> {
  const context = runContext(world.sigstore);
  const store = openStore(parseReference(place), storeOptions(context));
  const image = await putImage(store, ['amd64'], salt);
  const { fulcioUrl, rekorUrl } = world.sigstore;
  const signer = await openSigner({ 'fulcio-url': fulcioUrl, 'rekor-url': rekorUrl }, context);
  const claims = PREDICATES.slice(0, count).map(([predicateType, predicate]) => ({
    predicateType,
    predicate,
  }));
  await publishStatements(store, image, signer, claims);
  return `${place}@${image.digest}`;
}

async function compare(
  name: string,
  milliseconds: number,
  registry: Registry,
  image: string,
  world: World,
  cosign: Cosign,
): Promise<Figure> {
  const passages: Passage[] = [];
  const delay = await startDelay(`http://${registry.address}`, milliseconds, passages);
  try {
    const target = image.replace(registry.address, delay.host);
    const { theirs, ours, ratio } = await compareTurns(ROUNDS, passages, {
      theirs: async () => {
        const runs = [await cosign.verify(target)];
        for (const type of ATTESTATIONS) runs.push(await cosign.verifyAttestation(target, type));
        checkCosign(runs);
      },
      ours: async () => {
        const run = await world.run('verify', {
          image: target,
          'signer-workflow': SIGNER,
          ref: 'refs/heads/main',
          'predicate-types': 'signature, provenance, cyclonedx, scan',
        });
        if (run.code !== 0) throw new Error(`verify failed:\n${run.log}`);
      },
    });
    const goal = milliseconds > 0 ? 8 : 3;
    return {
      what: `verify signature + 3, +${milliseconds} ms, ${name}`,
      peer: `cosign ×4 ${theirs}`,
      ours,
      ratio: `${ratio.toFixed(1)}× as fast`,
      goal: `≥ ${goal}×`,
      met: ratio >= goal,
    };
  } finally {
    await delay.close();
  }
}

/** Many images in one step: requests, seconds and memory. */
async function verifyMany(world: World): Promise<Figure> {
  const images: string[] = [];
  for (let at = 0; at < IMAGES; at += 1) {
    images.push(await attest(world, `${world.registry.host}/octo/many`, 5, String(at)));
  }
  const peaks = join(world.folder, 'peaks');
  writeFileSync(peaks, '');
  const before = world.registry.requests.length;
  const started = performance.now();
  const run = await world.run(
    'verify',
    {
      image: images.join('\n'),
      'signer-workflow': SIGNER,
      'predicate-types': 'signature, provenance, cyclonedx, scan, test',
    },
    { variables: { NODE_OPTIONS: `--import=${HOOK}`, HALLMARK_PEAK: peaks } },
  );
  const taken = performance.now() - started;
  if (run.code !== 0) throw new Error(`verify failed:\n${run.log}`);
  const { valid } = JSON.parse(run.outputs.evidence ?? '') as { valid: unknown[] };
  if (valid.length !== IMAGES * 5)
    throw new Error(`${valid.length} statements were verified, not ${IMAGES * 5}`);
  const megabytes = readPeak(peaks, join('dist', 'verify', 'index.js'));
  const requests = (world.registry.requests.length - before) / IMAGES;
  return compareMemory(
    `verify ${IMAGES} images with 5 pieces of evidence each, in one step`,
    megabytes,
    MEMORY,
    `, ${formatTime(taken)}, ${requests.toFixed(1)} requests an image`,
  );
}
