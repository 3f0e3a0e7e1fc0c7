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

/** What one contender took, all medians: milliseconds, requests, round trips one after the other, bytes of all bodies and of blobs alone. */
export interface Taken {
  readonly time: number;
  readonly requests: number;
  readonly depth: number;
  readonly bytes: number;
  readonly blobBytes: number;
  /** Time, requests and depth in words. */
  readonly said: string;
}

/** Times contenders in turn, with what passed for each of them. */
export async function countTurns<Name extends string>(
  rounds: number,
  passages: Passage[],
  contenders: Record<Name, (round: number) => Promise<unknown>>,
): Promise<Record<Name, Taken>> {
  const names = Object.keys(contenders) as Name[];
  const counts = Object.fromEntries(
    names.map((name) => [name, [] as Omit<Taken, 'time' | 'said'>[]]),
  ) as Record<Name, Omit<Taken, 'time' | 'said'>[]>;
  const sum = (some: readonly Passage[]): number => some.reduce((total, { bytes }) => total + bytes, 0);
  const counted = (name: Name) => async (round: number) => {
    await contenders[name](round);
    counts[name].push({
      requests: passages.length,
      depth: countDepth(passages),
      bytes: sum(passages),
      blobBytes: sum(passages.filter(({ url }) => url.includes('/blobs/'))),
    });
    passages.length = 0;
  };
  const times = await takeTurns(
    rounds,
    Object.fromEntries(names.map((name) => [name, counted(name)])) as Record<
      Name,
      (round: number) => Promise<void>
    >,
  );
  const describe = (name: Name): Taken => {
    const middle = (key: 'requests' | 'depth' | 'bytes' | 'blobBytes'): number =>
      median(counts[name].map((one) => one[key]));
    const [time, requests, depth] = [times[name], middle('requests'), middle('depth')];
    const said = `${formatTime(time)}, ${requests} requests, ${depth} deep`;
    return { time, requests, depth, bytes: middle('bytes'), blobBytes: middle('blobBytes'), said };
  };
  return Object.fromEntries(names.map((name) => [name, describe(name)])) as Record<Name, Taken>;
}

/** Two contenders, each in words; `ratio` is how many times as fast ours is. */
export async function compareTurns(
  rounds: number,
  passages: Passage[],
  contenders: Record<'theirs' | 'ours', (round: number) => Promise<void>>,
): Promise<{ theirs: string; ours: string; ratio: number }> {
  const { theirs, ours } = await countTurns(rounds, passages, contenders);
  return { theirs: theirs.said, ours: ours.said, ratio: theirs.time / ours.time };
}

/** Throws what the first of cosign's commands that failed says. */
export function checkCosign(runs: readonly CosignRun[]): void {
  const failed = runs.find(({ code }) => code !== 0);
  if (failed) throw new Error(`cosign failed:\n${failed.stderr}`);
}
