import { closeSync, mkdirSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startWorld } from '../../test/actions/world.ts';
import { startDistribution } from '../../test/servers/peers.ts';
import { ensureTool } from '../tools.ts';
import { packFolder, writeApplication } from './application.ts';
import { countTurns } from './compare.ts';
import { type Passage, startDelay } from './delay.ts';
import { type Figure, formatTime, runProgram, takeTurns } from './figure.ts';
import { compareMemory, readPeak } from './memory.ts';

const ROUNDS = 3;
/** Of 140 kB each: 250 MB in 27,000 files. */
const PACKAGES = 1800;
const COMPRESSIONS = ['gzip', 'zstd'] as const;
type Compression = (typeof COMPRESSIONS)[number];
const GOALS: Record<Compression, number> = { gzip: 2.5, zstd: 3 };
/** In MB of 10^6 bytes. */
const MEMORY = 128;
const HOOK = fileURLToPath(new URL('./peak.mjs', import.meta.url));

/**
 * A folder assembled and pushed as an image by one step of `build` with the layers builder, against `crane append` of its tar, which is made
 * before and not counted. Neither signs. Every round has a repository of its own, so that all of it is sent; then the same is built again,
 * with a cache of what its layer became. Requests and bytes are those of one more round, through a proxy that counts. Last, the memory for one large file.
 */
export async function measure(): Promise<Figure[]> {
  const world = await startWorld();
  const registry = await startDistribution();
  const passages: Passage[] = [];
  const counter = await startDelay(`http://${registry.address}`, 0, passages);
  try {
    const folder = join(world.workspace, 'application');
    mkdirSync(folder);
    writeApplication(folder, PACKAGES);
    world.commit({ '.gitignore': 'application\nlarge\n' }, 'A folder');
    const [crane, archive] = [await ensureTool('crane'), await packFolder(folder)];
    const append = (host: string) => async (round: number) => {
      const tag = `${host}/octo/crane-${round}:bench`;
      await runProgram(crane, ['append', '--oci-empty-base', '--new_layer', archive, '--new_tag', tag]);
    };
    const build = async (
      repository: string,
      compression: Compression,
      files: string,
      variables: Record<string, string> = {},
    ): Promise<string> => {
      const cache = `.hallmark/${repository.slice(repository.lastIndexOf('/') + 1)}`;
      const inputs = { repository, files, builder: 'layers', compression, provenance: 'false' };
      // There is nothing in it the first time.
      const caches = { 'cache-to': `type=local,dest=${cache}`, 'cache-from': `type=local,src=${cache}` };
      const run = await world.run('build', { ...inputs, ...caches }, { variables });
      if (run.code !== 0) throw new Error(`build failed:\n${run.log}`);
      return run.log;
    };
    const assemble = (host: string, compression: Compression, sent: number) => async (round: number) => {
      const log = await build(`${host}/octo/${compression}-${round}`, compression, 'application:/app');
      if (!log.includes(`: ${sent} objects sent`)) throw new Error(`not ${sent} objects were sent:\n${log}`);
    };
    const times = await takeTurns(ROUNDS, {
      crane: append(registry.address),
      gzip: assemble(registry.address, 'gzip', 3),
      zstd: assemble(registry.address, 'zstd', 3),
    });
    const again = await takeTurns(ROUNDS, {
      gzip: assemble(registry.address, 'gzip', 0),
      zstd: assemble(registry.address, 'zstd', 0),
    });
    const passed = await countTurns(1, passages, {
      crane: (round) => append(counter.host)(ROUNDS + round),
      gzip: (round) => assemble(counter.host, 'gzip', 3)(ROUNDS + round),
      zstd: (round) => assemble(counter.host, 'zstd', 3)(ROUNDS + round),
    });
    const describe = (name: keyof typeof times): string =>
      `${formatTime(times[name])}, ${passed[name].requests} requests, ${(passed[name].bytes / 1e6).toFixed(0)} MB`;
    const figures = COMPRESSIONS.flatMap((compression) => {
      const ratio = times.crane / times[compression];
      const share = again[compression] / times[compression];
      return [
        {
          what: `assemble and push 250 MB in 27,000 files, ${compression}`,
          peer: `crane append of its tar ${describe('crane')}`,
          ours: describe(compression),
          ratio: `${ratio.toFixed(1)}× as fast`,
          goal: `≥ ${GOALS[compression]}×`,
          met: ratio >= GOALS[compression],
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
    rmSync(folder, { recursive: true });
    mkdirSync(join(world.workspace, 'large'));
    writeLarge(join(world.workspace, 'large', 'file'));
    for (const compression of COMPRESSIONS) {
      const peaks = join(world.folder, 'peaks');
      writeFileSync(peaks, '');
      const variables = { NODE_OPTIONS: `--import=${HOOK}`, HALLMARK_PEAK: peaks };
      await build(`${registry.address}/octo/large-${compression}`, compression, 'large:/large', variables);
      const megabytes = readPeak(peaks, join('dist', 'build', 'index.js'));
      figures.push(compareMemory(`memory for one file of 1 GB, ${compression}`, megabytes, MEMORY));
    }
    return figures;
  } finally {
    await counter.close();
    await registry.close();
    await world.close();
  }
}

/** Numbers in lines, which compress to a third or so. */
function writeLarge(path: string): void {
  const file = openSync(path, 'w');
  for (let at = 0, written = 0; written < 1e9; at += 1) {
    const lines = Array.from(
      { length: 8192 },
      (_, line) => `${Math.imul(at * 8192 + line, 2_654_435_761)}\n`,
    );
    written += writeSync(file, lines.join(''));
  }
  closeSync(file);
}
