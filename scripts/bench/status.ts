import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pointerTag, recordTag } from '../../shared/environment/tags.ts';
import { makeFinding } from '../../shared/evidence/finding.ts';
import { PREDICATE_TYPES } from '../../shared/evidence/predicate.ts';
import { WORKFLOW_BUILD_TYPE } from '../../shared/evidence/provenance.ts';
import { buildScanPredicate } from '../../shared/evidence/scan.ts';
import { type Digest, parseDigest } from '../../shared/image/digest.ts';
import { parseReference } from '../../shared/image/reference.ts';
import { publishStatements } from '../../shared/sigstore/publish.ts';
import { openSigner } from '../../shared/sigstore/signer.ts';
import { openStore, storeOptions } from '../../shared/store/open.ts';
import { mapParallel } from '../../shared/store/parallel.ts';
import { RELEASE_WORKFLOW, startWorld, type World } from '../../test/actions/world.ts';
import { runContext } from '../../test/sigstore/context.ts';
import { putImage } from '../../test/sigstore/image.ts';
import type { Figure } from './figure.ts';
import { compareMemory, readPeak } from './memory.ts';

const HOOK = fileURLToPath(new URL('./peak.mjs', import.meta.url));
const POLICY = '.github/hallmark.yml';
const ENVIRONMENTS = 50;
/** Promotions of each. */
const PROMOTIONS = 20;
const IMAGES = ENVIRONMENTS * PROMOTIONS;
const MEMORY = 200;
const DIGEST = parseDigest(`sha256:${'f'.repeat(64)}`);

/**
 * The status of 1,000 workloads in 50 environments of 20 promotions each, every one with an image of its own: signature, provenance, an SBOM of 500
 * packages, a scan of 100 findings and the record beside each.
 */
export async function measure(): Promise<Figure[]> {
  const world = await startWorld();
  try {
    const { host } = world.registry;
    const names = Array.from({ length: ENVIRONMENTS }, (_, at) => `e${at}`);
    world.github.commit('octo/app', { [POLICY]: describePolicy(host, names) });
    const pods = (await mapParallel(names, 8, (name) => promoteAll(world, name))).flat();
    writeFileSync(join(world.workspace, 'pods.json'), JSON.stringify({ kind: 'List', items: pods }));

    const peaks = join(world.folder, 'peaks');
    mkdirSync(world.folder, { recursive: true });
    writeFileSync(peaks, '');
    const before = world.registry.requests.length;
    const started = performance.now();
    const { code, outputs, log } = await world.run(
      'status',
      { policy: POLICY, running: 'pods.json' },
      { variables: { NODE_OPTIONS: `--import=${HOOK}`, HALLMARK_PEAK: peaks } },
    );
    const seconds = (performance.now() - started) / 1000;
    // Of each environment all but the newest image is drift.
    if (code !== 0 || outputs['drifted'] !== 'true' || outputs['coverage'] !== '100') {
      throw new Error(`status ended with ${code}, ${JSON.stringify(outputs)}:\n${log}`);
    }
    const megabytes = readPeak(peaks, join('dist', 'status', 'index.js'));
    const requests = (world.registry.requests.length - before) / IMAGES;
    return [
      compareMemory(
        `status of ${pods.length} workloads and ${IMAGES} images in ${ENVIRONMENTS} environments`,
        megabytes,
        MEMORY,
        `, ${seconds.toFixed(1)} s, ${requests.toFixed(1)} requests an image`,
      ),
    ];
  } finally {
    await world.close();
  }
}

/** One environment's images and records, written as build, attest and promote leave them, and a pod that runs each image. */
async function promoteAll(world: World, name: string): Promise<object[]> {
  const context = runContext(world.sigstore);
  const repository = `${world.registry.host}/octo/${name}`;
  const store = openStore(parseReference(repository), storeOptions(context));
  const { fulcioUrl, rekorUrl } = world.sigstore;
  const signer = await openSigner({ 'fulcio-url': fulcioUrl, 'rekor-url': rekorUrl }, context);
  const pods: object[] = [];
  let previous: Digest | undefined;
  for (let sequence = 1; sequence <= PROMOTIONS; sequence += 1) {
    const image = await putImage(store, ['amd64'], `${name} ${sequence}`);
    const record = {
      ...{ action: 'promote', environment: name, repository, repositoryId: '123456789', sequence, previous },
      ...{ digest: image.digest, verdict: DIGEST, requestedBy: 'mona', reason: 'because' },
      policy: { uri: `octo/app/${POLICY}@${'0'.repeat(40)}`, digest: DIGEST, content: '' },
    };
    const published = await publishStatements(store, image, signer, [
      { predicateType: PREDICATE_TYPES.promotion[0], predicate: record },
      ...claimsOf(image.digest),
    ]);
    previous = published[0]?.descriptors[0]?.digest;
    for (const tag of [recordTag(name, sequence, image.digest), pointerTag(name)]) {
      await store.putManifest(image.root.bytes, image.root.descriptor.mediaType, tag);
    }
    pods.push(describePod(name, sequence, `${repository}@${image.digest}`));
  }
  return pods;
}

function claimsOf(manifest: Digest): { predicateType: string; predicate: unknown }[] {
  const now = new Date().toISOString();
  const builder = { id: `https://github.com/octo/app/${RELEASE_WORKFLOW}@refs/heads/main` };
  const build = { buildType: WORKFLOW_BUILD_TYPE, externalParameters: {}, resolvedDependencies: [] };
  const scope = { manifest, platform: 'linux/amd64', startedAt: now, scannedAt: now };
  const database = { repository: 'ghcr.io/x/db:2', digest: DIGEST, updatedAt: now };
  const findings = Array.from({ length: 100 }, (_, at) =>
    makeFinding({
      ...{ class: 'vulnerability', id: `CVE-2026-${1000 + at}`, severity: 'LOW', platform: 'linux/amd64' },
      ...{ scanner: 'trivy', package: 'openssl', version: '3.0.0', title: 'Something that can be exploited' },
    }),
  );
  const components = Array.from({ length: 500 }, (_, at) => ({
    ...{ type: 'library', name: `package-${at}`, version: '1.0.0', purl: `pkg:npm/package-${at}@1.0.0` },
  }));
  return [
    { predicateType: PREDICATE_TYPES.signature[0], predicate: {} },
    {
      predicateType: PREDICATE_TYPES.provenance[0],
      predicate: { buildDefinition: build, runDetails: { builder } },
    },
    { predicateType: PREDICATE_TYPES.cyclonedx[0], predicate: { bomFormat: 'CycloneDX', components } },
    {
      predicateType: PREDICATE_TYPES.scan[0],
      predicate: buildScanPredicate({
        ...{ ...scope, scanners: ['vuln', 'secret'], database, version: '0.72.0', complete: true, findings },
      }),
    },
  ];
}

/** With about as many bytes as Kubernetes gives of a pod. */
function describePod(name: string, at: number, image: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `web-${at}`, namespace: name, annotations: { padding: 'x'.repeat(6000) } },
    spec: { containers: [{ name: 'app', image }] },
    status: {
      phase: 'Running',
      containerStatuses: [
        { name: 'app', image, imageID: image, state: { running: { startedAt: '2026-11-20T10:00:00Z' } } },
      ],
    },
  };
}

function describePolicy(host: string, names: readonly string[]): string {
  const all = `[{ signer-workflow: octo/app/${RELEASE_WORKFLOW} }]`;
  const places = names.map(
    (name) =>
      `  ${name}: { repository: "${host}/octo/${name}", rules: [signed, provenance, sbom, no-critical] }`,
  );
  return [
    'version: 1',
    'repository-id: 123456789',
    `trust: { builder: ${all}, scanner: ${all}, gate: ${all}, promoter: ${all} }`,
    'environments:',
    ...places,
    '',
  ].join('\n');
}
