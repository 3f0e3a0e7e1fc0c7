import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { startWorld } from '../../test/actions/world.ts';
import { publishTrivyDb } from '../../test/servers/trivy-db.ts';
import { ensureTool } from '../tools.ts';
import { pushFolder, writeApplication } from './application.ts';
import { type Figure, formatTime, runProgram, takeTurns } from './figure.ts';

/** One scan with all its reports (JSON, SARIF, CycloneDX, SPDX) against one bare run of the same Trivy for JSON alone, both from nothing. */
export async function measure(): Promise<Figure[]> {
  const trivy = await ensureTool('trivy');
  const world = await startWorld();
  try {
    const application = join(world.folder, 'application');
    mkdirSync(application);
    writeApplication(application, 1200);
    const image = await pushFolder(application, `${world.registry.host}/octo/app`);
    rmSync(application, { recursive: true });
    const database = await publishTrivyDb(world.registry.host);
    const fresh = (): string => mkdtempSync(join(world.folder, 'run-'));
    const times = await takeTurns(5, {
      theirs: async () => {
        const folder = fresh();
        await runProgram(
          trivy,
          [
            ...[
              'image',
              '--insecure',
              '--quiet',
              '--cache-dir',
              join(folder, 'cache'),
              '--db-repository',
              database,
            ],
            ...['--format', 'json', '--output', join(folder, 'report.json'), image],
          ],
          { cwd: folder, env: { PATH: process.env.PATH, HOME: folder } },
        );
      },
      ours: async () => {
        const folder = fresh();
        const run = await world.run(
          'scan',
          { image, 'db-repository': database, 'trivy-path': trivy },
          { variables: { RUNNER_TEMP: folder, RUNNER_TOOL_CACHE: folder } },
        );
        if (run.code !== 0) throw new Error(`scan failed:\n${run.log}`);
        for (const report of ['report', 'sarif', 'sbom-cyclonedx', 'sbom-spdx']) {
          if (!run.outputs[report]) throw new Error(`scan wrote no ${report}`);
        }
      },
    });
    return [
      {
        what: 'scan of a 170 MB Node application, four reports',
        peer: `trivy image, JSON alone ${formatTime(times.theirs)}`,
        ours: formatTime(times.ours),
        ratio: `${(times.ours / times.theirs).toFixed(2)}×`,
        goal: '≤ 1.25×',
        met: times.ours <= 1.25 * times.theirs,
      },
    ];
  } finally {
    await world.close();
  }
}
