import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureTool } from '../../scripts/tools.ts';
import { runProcess } from '../../shared/process/run.ts';
import { GATE_WORKFLOW, startWorld, type World } from '../actions/world.ts';
import {
  findMissing,
  type Peer,
  startBuildkitd,
  startDistribution,
  startDockerd,
  startReferenceRegistry,
} from '../servers/peers.ts';
import { publishTrivyDb } from '../servers/trivy-db.ts';
import { type Cosign, openCosign, RELEASE } from './cosign.ts';

/*
 * Images of every shape that others build: each is scanned, attested, judged and promoted from one real registry to another,
 * byte for byte, and cosign verifies it where it arrived.
 */
const missing = await findMissing({
  programs: ['docker-registry', 'docker', 'dockerd', 'runc', 'git'],
  tools: ['buildkitd', 'buildx', 'cosign', 'crane', 'registry', 'trivy'],
  root: true,
});

const POLICY = '.github/hallmark.yml';
/** What BuildKit is asked for; `oci-mediatypes=false` gives Docker's own types. */
const OUTPUTS = {
  'an index with attestations of its own': { platforms: 'linux/amd64,linux/arm64', output: '' },
  'zstd layers': { output: 'compression=zstd,force-compression=true,oci-mediatypes=true' },
  'eStargz layers': { output: 'compression=estargz,force-compression=true,oci-mediatypes=true' },
  'layers that are not compressed': { output: 'compression=uncompressed,oci-mediatypes=true' },
  "Docker's media types": { output: 'oci-mediatypes=false' },
} as const;
type Shape = keyof typeof OUTPUTS | 'docker push';

describe.skipIf(missing)(`what others build${missing && ` (skipped: ${missing})`}`, () => {
  let world: World;
  let cosign: Cosign;
  let source: Peer;
  let destination: Peer;
  let database: string;
  const engines: Peer[] = [];
  const images = new Map<Shape, string>();

  async function run(program: string, ...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await runProcess(program, args, {
      env: {
        PATH: process.env.PATH ?? '',
        HOME: world.folder,
        BUILDX_CONFIG: join(world.folder, 'buildx'),
        DOCKER_HOST: engines.at(-1)?.address ?? '',
      },
      deadline: AbortSignal.timeout(60_000),
    });
    if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}:\n${stderr}`);
    return stdout.toString().trim();
  }

  beforeAll(async () => {
    [world, source, destination] = await Promise.all([
      startWorld(),
      startDistribution(),
      startReferenceRegistry(),
    ]);
    cosign = await openCosign(world.sigstore);
    engines.push(await startBuildkitd([source.address]), await startDockerd());
    database = await publishTrivyDb(world.registry.host);
    world.github.commit('octo/app', { [POLICY]: describePolicy(destination.address) });
    world.commit({}, 'Nothing but a commit');

    const context = join(world.folder, 'context');
    mkdirSync(join(context, 'node_modules', 'lodash'), { recursive: true });
    writeFileSync(
      join(context, 'node_modules', 'lodash', 'package.json'),
      '{"name":"lodash","version":"4.17.4"}',
    );
    writeFileSync(join(context, 'Dockerfile'), 'FROM scratch\nCOPY node_modules /app/node_modules\n');
    const [buildx, crane] = [await ensureTool('buildx'), await ensureTool('crane')];
    await run(buildx, 'create', '--name', 'interop', '--driver', 'remote', engines[0]?.address ?? '');
    const repository = (at: number): string => `${source.address}/others/${at}`;
    const keep = async (shape: Shape, at: number): Promise<void> => {
      images.set(shape, `${repository(at)}@${await run(crane, 'digest', `${repository(at)}:1`)}`);
    };
    for (const [at, [shape, asked]] of Object.entries(OUTPUTS).entries()) {
      const attested = 'platforms' in asked;
      const output = ['type=image', `name=${repository(at)}:1`, 'push=true', asked.output].filter(Boolean);
      const more = attested ? ['--platform', asked.platforms] : ['--provenance=false'];
      await run(buildx, 'build', '--builder', 'interop', ...more, '--output', output.join(','), context);
      await keep(shape as Shape, at);
    }
    await run('tar', '-C', context, '-cf', join(world.folder, 'import.tar'), 'node_modules');
    await run('docker', 'import', join(world.folder, 'import.tar'), `${repository(9)}:1`);
    await run('docker', 'push', `${repository(9)}:1`);
    await keep('docker push', 9);
  });
  afterAll(async () => {
    cosign?.close();
    await Promise.all([world, source, destination, ...engines].map((part) => part?.close()));
  });

  test.each([...(Object.keys(OUTPUTS) as Shape[]), 'docker push' as const])(
    '%s: from scan to promotion, and cosign verifies it there',
    async (shape) => {
      const image = images.get(shape) ?? '';
      const trivy = await ensureTool('trivy');
      const scan = await world.run('scan', { image, 'db-repository': database, 'trivy-path': trivy });
      expect(scan.outputs, scan.log).toMatchObject({ outcome: 'passed', critical: '1' });
      const attested = await world.run('attest', {
        image,
        signature: 'true',
        provenance: 'true',
        sbom: scan.outputs['sbom-cyclonedx'] ?? '',
        'scan-report': scan.outputs['report'] ?? '',
      });
      expect(attested.outputs, attested.log).toMatchObject({ outcome: 'passed' });

      const promoted = await world.run(
        'promote',
        { image, environment: 'other', policy: POLICY },
        { workflow: GATE_WORKFLOW },
      );
      expect(promoted.outputs, promoted.log).toMatchObject({ outcome: 'passed' });
      const there = promoted.outputs['image'] ?? '';
      expect(there).toBe(`${destination.address}/octo/other@${image.split('@')[1]}`);
      expect(await run('docker', 'pull', '--quiet', there)).toBe(there);
      const gate = RELEASE.replace('release.yml', 'gate.yml');
      const verified = [
        await cosign.verify(there),
        await cosign.verifyAttestation(there, 'slsaprovenance1'),
        await cosign.verifyAttestation(there, 'https://slsa.dev/verification_summary/v1', gate),
      ];
      expect(verified).toEqual(verified.map(() => expect.objectContaining({ code: 0 })));
    },
  );
});

function describePolicy(host: string): string {
  const signer = 'signer-workflow: octo/app/.github/workflows';
  return `version: 1
repository-id: 123456789
trust:
  builder: [{ ${signer}/release.yml }]
  scanner: [{ ${signer}/release.yml }]
  gate: [{ ${signer}/gate.yml }]
  promoter: [{ ${signer}/gate.yml }]
environments:
  other: { repository: ${host}/octo/other, rules: [signed, provenance, sbom, no-secrets] }
`;
}
