// npm run bench [-- <name> …]
// Prints each figure as a ratio to its peer, both measured in one run, taking turns; see CONTRIBUTING.md for the goals.
import { type Figure, formatFigures } from './bench/figure.ts';

const benches: Record<string, () => Promise<{ measure(): Promise<Figure[]> }>> = {
  startup: () => import('./bench/startup.ts'),
  scan: () => import('./bench/scan.ts'),
  diff: () => import('./bench/diff.ts'),
  sign: () => import('./bench/sign.ts'),
  verify: () => import('./bench/verify.ts'),
  copy: () => import('./bench/copy.ts'),
  promote: () => import('./bench/promote.ts'),
  gate: () => import('./bench/gate.ts'),
  memory: () => import('./bench/memory.ts'),
  layers: () => import('./bench/layers.ts'),
  status: () => import('./bench/status.ts'),
  prune: () => import('./bench/prune.ts'),
  pin: () => import('./bench/pin.ts'),
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in benches));
if (unknown.length > 0) {
  console.error(`no bench is called ${unknown.join(', ')}; there are ${Object.keys(benches).join(', ')}`);
  process.exitCode = 2;
} else {
  const figures: Figure[] = [];
  for (const [name, load] of Object.entries(benches)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    console.error(`${name} …`);
    figures.push(...(await (await load()).measure()));
  }
  console.log(formatFigures(figures));
}
