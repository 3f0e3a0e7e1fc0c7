import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RELEASE_WORKFLOW, startWorld, type World } from '../../test/actions/world.ts';
import { openCosign } from '../../test/interop/cosign.ts';
import { publishTrivyDb } from '../../test/servers/trivy-db.ts';
import { ensureTool } from '../tools.ts';
import { copyTo, pushFolder, writeApplication } from './application.ts';
import { checkCosign, compareTurns, overRegistries, type Registry, startEmbedded } from './compare.ts';
import { type Passage, startDelay } from './delay.ts';
import type { Figure } from './figure.ts';

const ROUNDS = 7;
/** Milliseconds before every response, with what is asked of the ratio there. */
const GOALS: readonly [latency: number, goal: number][] = [
  [0, 2],
  [25, 5],
];

/**
 * A signature and three attestations (provenance, SBOM, scan) of one image, keyless: our one step against cosign's four commands,
 * every response of registry, Fulcio, Rekor, timestamp authority and token endpoint held back by the same time.
 */
export async function measure(): Promise<Figure[]> {
  const world = await startWorld();
  try {
    const application = join(world.folder, 'application');
    mkdirSync(application);
    writeApplication(application, 40);
    const image = await pushFolder(application, `${world.registry.host}/octo/app`);
    const scan = await world.run('scan', {
      image,
      'db-repository': await publishTrivyDb(world.registry.host),
      'trivy-path': await ensureTool('trivy'),
    });
    if (scan.code !== 0) throw new Error(`scan ended with ${scan.code}:\n${scan.log}`);
    // go-containerregistry's has the API too, but does not say so when it is written to (OCI-Subject), so both write the fallback as well.
    return await overRegistries(startEmbedded, async (name, registry) => {
      const figures: Figure[] = [];
      for (const [latency, goal] of GOALS) {
        figures.push(await compare(name, registry, world, image, scan.outputs, latency, goal));
      }
      return figures;
    });
  } finally {
    await world.close();
  }
}

async function compare(
  name: string,
  registry: Registry,
  world: World,
  image: string,
  scan: Record<string, string>,
  latency: number,
  goal: number,
): Promise<Figure> {
  const passages: Passage[] = [];
  const sigstoreDelay = await startDelay(world.sigstore.url, latency, passages);
  const registryDelay = await startDelay(`http://${registry.address}`, latency, passages);
  const slow = (url: string): string => url.replace(world.sigstore.url, sigstoreDelay.url);
  const cosign = await openCosign({
    ...world.sigstore,
    fulcioUrl: slow(world.sigstore.fulcioUrl),
    rekorUrl: slow(world.sigstore.rekorUrl),
    tsaUrl: slow(world.sigstore.tsaUrl),
    tokenUrl: (claims) => slow(world.sigstore.tokenUrl(claims)),
  });
  try {
    // Each run signs an image that has no referrers yet.
    const prepare = async (who: string): Promise<string[]> => {
      const images: string[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        const copy = await copyTo(image, `${registry.address}/octo/${who}-${latency}-${round}`);
        images.push(copy.replace(registry.address, registryDelay.host));
      }
      return images;
    };
    const [theirs, ours] = [await prepare('theirs'), await prepare('ours')];
    const predicates = readPredicates(scan);
    const tokenUrl = slow(world.env({ workflow: RELEASE_WORKFLOW })['ACTIONS_ID_TOKEN_REQUEST_URL'] ?? '');
    const measured = await compareTurns(ROUNDS, passages, {
      theirs: async (round) => {
        const target = theirs[round] ?? '';
        const runs = [await cosign.sign(target)];
        for (const [type, predicate] of predicates) runs.push(await cosign.attest(target, type, predicate));
        checkCosign(runs);
      },
      ours: async (round) => {
        const run = await world.run(
          'attest',
          {
            image: ours[round] ?? '',
            signature: 'true',
            provenance: 'true',
            sbom: scan['sbom-cyclonedx'] ?? '',
            'scan-report': scan['report'] ?? '',
            'fulcio-url': slow(world.sigstore.fulcioUrl),
            'rekor-url': slow(world.sigstore.rekorUrl),
            'tsa-url': slow(world.sigstore.tsaUrl),
          },
          { variables: { ACTIONS_ID_TOKEN_REQUEST_URL: tokenUrl } },
        );
        if (run.code !== 0) throw new Error(`attest failed:\n${run.log}`);
      },
    });
    return {
      what: `sign + 3 attestations, +${latency} ms, ${name}`,
      peer: `cosign ×4 ${measured.theirs}`,
      ours: measured.ours,
      ratio: `${measured.ratio.toFixed(1)}× as fast`,
      goal: `≥ ${goal}×`,
      met: measured.ratio >= goal,
    };
  } finally {
    cosign.close();
    await Promise.all([sigstoreDelay.close(), registryDelay.close()]);
  }
}

/** What cosign attests: the same SBOM and report, and a provenance of the usual size. */
function readPredicates(scan: Record<string, string>): [type: string, predicate: unknown][] {
  const read = (output: string): unknown => JSON.parse(readFileSync(scan[output] ?? '', 'utf8'));
  const workflow = {
    ref: 'refs/heads/main',
    repository: 'https://github.com/octo/app',
    path: RELEASE_WORKFLOW,
  };
  return [
    [
      'slsaprovenance1',
      {
        buildDefinition: {
          buildType: 'https://actions.github.io/buildtypes/workflow/v1',
          externalParameters: { workflow },
          resolvedDependencies: [
            { uri: 'git+https://github.com/octo/app@refs/heads/main', digest: { gitCommit: '0'.repeat(40) } },
          ],
        },
        runDetails: { builder: { id: `https://github.com/octo/app/${RELEASE_WORKFLOW}@refs/heads/main` } },
      },
    ],
    ['cyclonedx', read('sbom-cyclonedx')],
    ['https://in-toto.io/attestation/vulns/v0.2', read('report')],
  ];
}
