import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { startWorld, type World } from '../../test/actions/world.ts';
import { startDistribution } from '../../test/servers/peers.ts';
import { publishTrivyDb } from '../../test/servers/trivy-db.ts';
import { ensureTool } from '../tools.ts';
import { pushFolder, pushIndex, writeApplication } from './application.ts';
import { type Figure, formatTime, runProgram, takeTurns } from './figure.ts';

const PLATFORMS = ['linux/amd64', 'linux/arm64'];
const REPORTS = ['report', 'sarif', 'sbom-cyclonedx', 'sbom-spdx'];
/** The same four by Trivy, as one asks for them in four steps. */
const FORMATS = [
  ['--format', 'json', '--list-all-pkgs', '--scanners', 'vuln,secret'],
  ['--format', 'sarif', '--scanners', 'vuln,secret'],
  ['--format', 'cyclonedx', '--scanners', 'vuln'],
  ['--format', 'spdx-json'],
];

/** Scans with all reports against the same Trivy run by hand, and against the steps that trivy-action needs for the same. */
export async function measure(): Promise<Figure[]> {
  const trivy = await ensureTool('trivy');
  const world = await startWorld();
  // A process of its own: what a registry in this one has to sweep and to hash would be counted.
  const registry = await startDistribution();
  try {
    const place = `${registry.address}/octo/app`;
    const images: string[] = [];
    for (const [index, platform] of PLATFORMS.entries()) {
      const application = join(world.folder, 'application');
      mkdirSync(application);
      // Another package each, so that no layer is shared.
      writeApplication(application, 1200 + index);
      images.push(await pushFolder(application, place, platform));
      rmSync(application, { recursive: true });
    }
    const database = await publishTrivyDb(world.registry.host);
    const bench = { world, trivy, database };
    return [
      await measureOne(bench, String(images[0])),
      await measureIndex(bench, await pushIndex(images, place)),
      await measureWarm(bench, String(images[0])),
    ];
  } finally {
    await registry.close();
    await world.close();
  }
}

interface Bench {
  readonly world: World;
  readonly trivy: string;
  readonly database: string;
}

/** One platform, both from nothing: the database is fetched by each. */
async function measureOne({ world, trivy, database }: Bench, image: string): Promise<Figure> {
  const times = await takeTurns(5, {
    theirs: async () => {
      const folder = mkdtempSync(join(world.folder, 'run-'));
      const output = ['--output', join(folder, 'report.json'), '--cache-dir', join(folder, 'cache')];
      const args = ['--insecure', '--quiet', '--format', 'json', '--db-repository', database];
      await runProgram(trivy, ['image', ...args, ...output, image], runIn(folder));
    },
    ours: async () => {
      const folder = mkdtempSync(join(world.folder, 'run-'));
      await scanWith({ world, trivy, database }, image, folder, folder);
    },
  });
  return {
    what: 'scan of a 170 MB Node application, four reports',
    peer: `trivy image, JSON alone ${formatTime(times.theirs)}`,
    ours: formatTime(times.ours),
    ratio: `${(times.ours / times.theirs).toFixed(2)}×`,
    goal: '≤ 1.25×',
    met: times.ours <= 1.25 * times.theirs,
  };
}

/**
 * Two platforms: one run a platform and format, as in a job with a step of trivy-action for each. Both have the database from an earlier run,
 * as actions/cache restores it: theirs unpacked, ours packed. Their steps share what Trivy keeps of layers; without (`none`), as where each is
 * a job of a matrix, every run analyses anew.
 */
async function measureIndex(bench: Bench, image: string): Promise<Figure> {
  const { world, trivy, database } = bench;
  const warm = join(world.folder, 'theirs');
  const download = ['image', '--download-db-only', '--quiet', '--insecure', '--db-repository', database];
  await runProgram(trivy, [...download, '--cache-dir', warm], runIn(world.folder));
  const kept = join(world.folder, 'ours');
  await scanWith(bench, image, mkdtempSync(join(world.folder, 'run-')), kept);
  const runAll = async (shared: boolean): Promise<void> => {
    const folder = mkdtempSync(join(world.folder, 'run-'));
    cpSync(warm, join(folder, 'cache'), { recursive: true });
    for (const platform of PLATFORMS) {
      for (const [index, format] of FORMATS.entries()) {
        const args = [
          'image',
          '--insecure',
          '--quiet',
          '--skip-db-update',
          '--platform',
          platform,
          ...format,
        ];
        const output = ['--cache-dir', join(folder, 'cache'), '--output', join(folder, `${index}.out`)];
        const backend = shared ? [] : ['--cache-backend', 'memory'];
        await runProgram(trivy, [...args, ...backend, ...output, image], runIn(folder));
      }
    }
  };
  const times = await takeTurns(5, {
    theirs: () => runAll(true),
    none: () => runAll(false),
    ours: () => scanWith(bench, image, mkdtempSync(join(world.folder, 'run-')), kept),
  });
  return {
    what: 'scan of an index of two such, four reports, database at hand',
    peer: `8 × trivy image ${formatTime(times.theirs)} (${formatTime(times.none)} without a shared cache of layers)`,
    ours: formatTime(times.ours),
    ratio: `1/${(times.theirs / times.ours).toFixed(1)} (1/${(times.none / times.ours).toFixed(1)})`,
    goal: '≤ 1/3',
    met: 3 * times.ours <= times.theirs,
  };
}

/** With what an earlier run kept no byte of a database is fetched. */
async function measureWarm(bench: Bench, image: string): Promise<Figure> {
  const kept = join(bench.world.folder, 'warm');
  const count = async (): Promise<number> => {
    const { requests } = bench.world.registry;
    const before = requests.length;
    await scanWith(bench, image, mkdtempSync(join(bench.world.folder, 'run-')), kept);
    return requests.slice(before).filter(({ path }) => path.includes('/trivy-db/blobs/')).length;
  };
  const [cold, warm] = [await count(), await count()];
  return {
    what: 'blobs of the database that are fetched',
    peer: `first run ${cold}`,
    ours: `next run ${warm}`,
    ratio: String(warm),
    goal: '0',
    met: cold > 0 && warm === 0,
  };
}

async function scanWith(
  { world, trivy, database }: Bench,
  image: string,
  folder: string,
  kept: string,
): Promise<void> {
  const inputs = { image, 'db-repository': database, 'cache-dir': kept };
  const variables = { RUNNER_TEMP: folder, PATH: `${dirname(trivy)}:${process.env.PATH}` };
  const run = await world.run('scan', inputs, { variables });
  if (run.code !== 0) throw new Error(`scan failed:\n${run.log}`);
  for (const report of REPORTS) if (!run.outputs[report]) throw new Error(`scan wrote no ${report}`);
}

function runIn(folder: string): { cwd: string; env: NodeJS.ProcessEnv } {
  return { cwd: folder, env: { PATH: process.env.PATH, HOME: folder } };
}
