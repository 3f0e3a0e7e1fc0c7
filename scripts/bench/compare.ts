// Two contenders over the same registry, held back by the same time, with everything written down that passed between.

import type { CosignRun } from '../../test/interop/cosign.ts';
import { type Peer, startDistribution } from '../../test/servers/peers.ts';
import { startRegistry } from '../../test/servers/registry.ts';
import { countDepth, type Passage } from './delay.ts';
import { type Figure, formatTime, median, takeTurns } from './figure.ts';

export type Registry = Pick<Peer, 'address' | 'close'>;

/** The embedded registry. */
export async function startEmbedded(): Promise<Registry> {
  const { host, close } = await startRegistry();
  return { address: host, close };
}

/** Measures over a registry with the referrers API and over one without it, one after the other. */
export async function overRegistries(
  startWithApi: () => Promise<Registry>,
  measure: (name: string, registry: Registry) => Promise<Figure[]>,
): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const [name, start] of [
    ['a registry with the referrers API', startWithApi],
    ['a registry without it', startDistribution],
  ] as const) {
    const registry = await start();
    try {
      figures.push(...(await measure(name, registry)));
    } finally {
      await registry.close();
    }
  }
  return figures;
}

/** Times two contenders in turn, with the requests and the sequential round trips of each; `ratio` is how many times as fast ours is. */
export async function compareTurns(
  rounds: number,
  passages: Passage[],
  contenders: Record<'theirs' | 'ours', (round: number) => Promise<void>>,
): Promise<{ theirs: string; ours: string; ratio: number }> {
  const counts: Record<'theirs' | 'ours', { requests: number; depth: number }[]> = { theirs: [], ours: [] };
  const counted = (who: 'theirs' | 'ours') => async (round: number) => {
    await contenders[who](round);
    counts[who].push({ requests: passages.length, depth: countDepth(passages) });
    passages.length = 0;
  };
  const times = await takeTurns(rounds, { theirs: counted('theirs'), ours: counted('ours') });
  const describe = (who: 'theirs' | 'ours'): string =>
    `${formatTime(times[who])}, ${median(counts[who].map((c) => c.requests))} requests, ${median(counts[who].map((c) => c.depth))} deep`;
  return { theirs: describe('theirs'), ours: describe('ours'), ratio: times.theirs / times.ours };
}

/** Throws what the first of cosign's commands that failed says. */
export function checkCosign(runs: readonly CosignRun[]): void {
  const failed = runs.find(({ code }) => code !== 0);
  if (failed) throw new Error(`cosign failed:\n${failed.stderr}`);
}
