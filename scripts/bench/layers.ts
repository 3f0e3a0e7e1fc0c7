import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startWorld } from '../../test/actions/world.ts';
import { startDistribution } from '../../test/servers/peers.ts';
import { ensureTool } from '../tools.ts';
import { packFolder, writeApplication } from './application.ts';
import { type Figure, formatTime, runProgram, takeTurns } from './figure.ts';

const ROUNDS = 3;
/** Of 140 kB each: 250 MB in 27,000 files. */
const PACKAGES = 1800;

/**
 * A folder assembled and pushed as an image by one step of `build` with the layers builder, against `crane append` of its tar, which is made
 * before and not counted. Neither signs. Every round has a repository of its own, so that all of it is sent; then the same is built again,
 * with a cache of what its layer became.
 */
export async function measure(): Promise<Figure[]> {
  const world = await startWorld();
  const registry = await startDistribution();
  try {
    const folder = join(world.workspace, 'application');
    mkdirSync(folder);
    writeApplication(folder, PACKAGES);
    world.commit({ '.gitignore': 'application\n' }, 'A folder');
    const [crane, archive] = [await ensureTool('crane'), await packFolder(folder)];
    const build = (compression: string, sent: number) => async (round: number) => {
      const run = await world.run('build', {
        repository: `${registry.address}/octo/${compression}-${round}`,
        ...{ builder: 'layers', files: 'application:/app', compression, provenance: 'false' },
        'cache-to': `type=local,dest=.hallmark/${compression}-${round}`,
        // There is nothing in it the first time.
        'cache-from': `type=local,src=.hallmark/${compression}-${round}`,
      });
      if (run.code !== 0 || !run.log.includes(`: ${sent} objects sent`))
        throw new Error(`build failed:\n${run.log}`);
    };
    const times = await takeTurns(ROUNDS, {
      crane: async (round) => {
        const tag = `${registry.address}/octo/crane-${round}:bench`;
        await runProgram(crane, ['append', '--oci-empty-base', '--new_layer', archive, '--new_tag', tag]);
      },
      gzip: build('gzip', 3),
      zstd: build('zstd', 3),
    });
    const again = await takeTurns(ROUNDS, { gzip: build('gzip', 0), zstd: build('zstd', 0) });
    const goals = { gzip: 2.5, zstd: 3 };
    return (['gzip', 'zstd'] as const).flatMap((compression) => {
      const goal = goals[compression];
      const ratio = times.crane / times[compression];
      const share = again[compression] / times[compression];
      return [
        {
          what: `assemble and push 250 MB in 27,000 files, ${compression}`,
          peer: `crane append of its tar ${formatTime(times.crane)}`,
          ours: formatTime(times[compression]),
          ratio: `${ratio.toFixed(1)}× as fast`,
          goal: `≥ ${goal}×`,
          met: ratio >= goal,
        },
        {
          what: 'the same again, without a change: no blob is sent',
          peer: `the first time ${formatTime(times[compression])}`,
          ours: `${formatTime(again[compression])}, ${(times.crane / again[compression]).toFixed(1)}× as fast as crane`,
          ratio: `${share.toFixed(2)}× of it`,
          goal: '≤ 0.2×',
          met: share <= 0.2,
        },
      ];
    });
  } finally {
    await registry.close();
    await world.close();
  }
}
