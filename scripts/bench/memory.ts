import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GATE_WORKFLOW, startWorld } from '../../test/actions/world.ts';
import { publishTrivyDb } from '../../test/servers/trivy-db.ts';
import { ensureTool } from '../tools.ts';
import { writeApplication } from './application.ts';
import type { Figure } from './figure.ts';

const HOOK = fileURLToPath(new URL('./peak.mjs', import.meta.url));
const LIMIT = 256;
const POLICY = '.github/hallmark.yml';

/** The most memory that each action's own process held on the way of a large application from its commit to an environment. */
export async function measure(): Promise<Figure[]> {
  const world = await startWorld();
  try {
    const { host } = world.registry;
    world.github.commit('octo/app', { [POLICY]: describePolicy(host) });
    const application = join(world.workspace, 'application');
    mkdirSync(application);
    writeApplication(application, 1200);
    world.commit({ '.gitignore': 'application/\n' }, 'Add the application');

    const figures: Figure[] = [];
    const run = async (
      action: string,
      inputs: Record<string, string>,
      workflow?: string,
    ): Promise<Record<string, string>> => {
      const peaks = join(world.folder, 'peaks');
      writeFileSync(peaks, '');
      const variables = { NODE_OPTIONS: `--import=${HOOK}`, HALLMARK_PEAK: peaks };
      const { code, outputs, log } = await world.run(action, inputs, {
        variables,
        ...(workflow && { workflow }),
      });
      if (code !== 0) throw new Error(`${action} ended with ${code}:\n${log}`);
      const megabytes = readPeak(peaks, join('dist', action, 'index.js'));
      figures.push(compareMemory(`memory of ${action}, 170 MB Node application`, megabytes, LIMIT));
      return outputs;
    };

    const built = await run('build', {
      repository: `${host}/octo/app`,
      builder: 'layers',
      base: 'scratch',
      files: 'application:/app',
      entrypoint: 'node /app/server.mjs',
    });
    const image = built['image'] ?? '';
    const scanned = await run('scan', {
      image,
      'db-repository': await publishTrivyDb(host),
      'trivy-path': await ensureTool('trivy'),
    });
    await run('attest', {
      image,
      signature: 'true',
      sbom: scanned['sbom-cyclonedx'] ?? '',
      'scan-report': scanned['report'] ?? '',
    });
    await run('verify', {
      image,
      'signer-repo': 'octo/app',
      'predicate-types': 'signature, provenance, scan',
    });
    const judged = { image, environment: 'staging', policy: POLICY };
    await run('gate', judged, GATE_WORKFLOW);
    await run('promote', judged, GATE_WORKFLOW);
    return figures;
  } finally {
    await world.close();
  }
}

/** Memory against a goal, both in MB of 10^6 bytes; `beside` is said with it. */
export function compareMemory(what: string, megabytes: number, goal: number, beside = ''): Figure {
  return {
    what,
    peer: `goal ${goal} MB`,
    ours: `${Math.round(megabytes)} MB${beside}`,
    ratio: `${(megabytes / goal).toFixed(2)}×`,
    goal: `< ${goal} MB`,
    met: megabytes < goal,
  };
}

/** The highest of the peaks that the hook wrote down for a script, in MB of 10^6 bytes. */
export function readPeak(file: string, script: string): number {
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  const peaks = lines
    .map((line) => JSON.parse(line) as { script: string; kilobytes: number })
    .filter((peak) => peak.script.endsWith(script))
    .map(({ kilobytes }) => kilobytes);
  if (peaks.length === 0) throw new Error(`no peak was written for ${script}`);
  return (Math.max(...peaks) * 1024) / 1e6;
}

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
  staging: { repository: ${host}/octo/app-staging, rules: [signed, provenance, sbom, no-secrets] }
`;
}
