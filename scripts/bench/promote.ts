import { PREDICATE_TYPES } from '../../shared/evidence/predicate.ts';
import { parseReference } from '../../shared/image/reference.ts';
import { publishStatements } from '../../shared/sigstore/publish.ts';
import { openSigner } from '../../shared/sigstore/signer.ts';
import { openStore, storeOptions } from '../../shared/store/open.ts';
import { GATE_WORKFLOW, RELEASE_WORKFLOW, startWorld, type World } from '../../test/actions/world.ts';
import { type Cosign, openCosign } from '../../test/interop/cosign.ts';
import { runContext } from '../../test/sigstore/context.ts';
import { putImage } from '../../test/sigstore/image.ts';
import { ensureTool } from '../tools.ts';
import { checkCosign, compareTurns, overRegistries, type Registry, startEmbedded } from './compare.ts';
import { type Passage, startDelay } from './delay.ts';
import { type Figure, runProgram } from './figure.ts';

const ROUNDS = 5;
const POLICY = '.github/hallmark.yml';

/**
 * A whole promotion of two platforms with ten referrers within a registry: judged, verdict signed, everything copied, read back and verified,
 * record signed, tags moved. Beside it what a script of cosign and crane does: verifies a signature and three attestations and copies the
 * image, with no evidence, verdict or record. Every response of registry, Sigstore and GitHub is held back by the same time.
 */
export async function measure(): Promise<Figure[]> {
  const world = await startWorld();
  const cosign = await openCosign(world.sigstore);
  try {
    return await overRegistries(startEmbedded, async (name, registry) => {
      const figures: Figure[] = [];
      for (const latency of [0, 25]) figures.push(await compare(name, latency, registry, world, cosign));
      return figures;
    });
  } finally {
    cosign.close();
    await world.close();
  }
}

async function compare(
  name: string,
  latency: number,
  registry: Registry,
  world: World,
  cosign: Cosign,
): Promise<Figure> {
  const passages: Passage[] = [];
  const upstreams = [`http://${registry.address}`, world.sigstore.url, world.github.url];
  const delays = await Promise.all(upstreams.map((upstream) => startDelay(upstream, latency, passages)));
  const [host = '', sigstore = '', github = ''] = delays.map((delay, at) =>
    at === 0 ? delay.host : delay.url,
  );
  try {
    const environments = Array.from({ length: ROUNDS }, (_, n) => `e${n}`);
    world.github.commit('octo/app', { [POLICY]: writePolicy(host, latency, environments) });
    const images: string[] = [];
    for (const environment of environments) {
      images.push(await release(world, registry.address, `octo/source-${latency}-${environment}`));
    }
    const crane = await ensureTool('crane');
    const slow = (url: string): string => url.replace(world.sigstore.url, sigstore);
    const { theirs, ours, ratio } = await compareTurns(ROUNDS, passages, {
      theirs: async (round) => {
        const image = (images[round] ?? '').replace(registry.address, host);
        const runs = [await cosign.verify(image)];
        for (const type of ATTESTED) runs.push(await cosign.verifyAttestation(image, type));
        checkCosign(runs);
        await runProgram(crane, ['cp', image, `${host}/octo/theirs-${latency}-${round}:env-prod`]);
      },
      ours: async (round) => {
        const run = await world.run(
          'promote',
          {
            image: (images[round] ?? '').replace(registry.address, host),
            environment: `e${round}`,
            policy: POLICY,
            'fulcio-url': slow(world.sigstore.fulcioUrl),
            'rekor-url': slow(world.sigstore.rekorUrl),
            'tsa-url': slow(world.sigstore.tsaUrl),
          },
          {
            workflow: GATE_WORKFLOW,
            variables: {
              GITHUB_API_URL: github,
              ACTIONS_ID_TOKEN_REQUEST_URL: slow(
                world.env({ workflow: GATE_WORKFLOW })['ACTIONS_ID_TOKEN_REQUEST_URL'] ?? '',
              ),
            },
          },
        );
        if (run.code !== 0) throw new Error(`promote failed:\n${run.log}`);
      },
    });
    return {
      what: `promote two platforms + 10 referrers, +${latency} ms, ${name}`,
      peer: `cosign ×4, crane cp (no evidence moves) ${theirs}`,
      ours,
      ratio: `${ratio.toFixed(1)}× as fast`,
      // With nothing to wait for, two signatures and the way of every byte back are all that differs.
      goal: latency === 0 ? 'none' : '≥ 1×',
      met: latency === 0 || ratio >= 1,
    };
  } finally {
    await Promise.all(delays.map((delay) => delay.close()));
  }
}

const writePolicy = (host: string, latency: number, environments: readonly string[]): string => `
version: 1
repository-id: 123456789
trust:
  builder:  [{ signer-workflow: octo/app/${RELEASE_WORKFLOW} }]
  scanner:  [{ signer-workflow: octo/app/${RELEASE_WORKFLOW} }]
  tester:   [{ signer-workflow: octo/app/${RELEASE_WORKFLOW} }]
  gate:     [{ signer-workflow: octo/app/${GATE_WORKFLOW} }]
  promoter: [{ signer-workflow: octo/app/${GATE_WORKFLOW} }]
environments:
${environments.map((one) => `  ${one}: { repository: ${host}/octo/ours-${latency}-${one}, rules: [signed, sbom, tests-passed] }`).join('\n')}
`;

const ATTESTED = [PREDICATE_TYPES.cyclonedx[0], PREDICATE_TYPES.spdx[0], PREDICATE_TYPES.test[0]];

/** An image of two platforms: signature, SBOM and tests beside each of its three manifests, and one more beside the index. */
async function release(world: World, host: string, repository: string): Promise<string> {
  const context = runContext(world.sigstore);
  const store = openStore(parseReference(`${host}/${repository}`), storeOptions(context));
  const image = await putImage(store, ['amd64', 'arm64'], repository);
  const signer = await openSigner(world.services, { ...context, workspace: world.workspace });
  const components = Array.from({ length: 500 }, (_, n) => ({
    type: 'library',
    name: `package-${n}`,
    version: '1.0.0',
    purl: `pkg:npm/package-${n}@1.0.0`,
  }));
  await publishStatements(store, image, signer, [
    { predicateType: PREDICATE_TYPES.signature[0], predicate: {} },
    {
      predicateType: PREDICATE_TYPES.cyclonedx[0],
      predicate: { bomFormat: 'CycloneDX', specVersion: '1.6', components },
    },
    { predicateType: PREDICATE_TYPES.test[0], predicate: { result: 'PASSED', configuration: [] } },
    {
      predicateType: PREDICATE_TYPES.spdx[0],
      predicate: { spdxVersion: 'SPDX-2.3', packages: [] },
      subjects: [image.digest],
    },
  ]);
  return `${store.place}@${image.digest}`;
}
