import * as z from 'zod';
import type { Action } from '../shared/step/action.ts';
import { runStep } from '../shared/step/step.ts';

/** Every action that has code. `sign` and `sbom` are presets: an action.yml with other defaults over `attest` and `scan`. */
export const actions: Record<string, () => Promise<{ action: Action }>> = {
  build: () => import('./build/index.ts') as unknown as Promise<{ action: Action }>,
  attest: () => import('./attest/index.ts') as unknown as Promise<{ action: Action }>,
  pin: () => import('./pin/index.ts') as unknown as Promise<{ action: Action }>,
  promote: () => import('./promote/index.ts') as unknown as Promise<{ action: Action }>,
  prune: () => import('./prune/index.ts') as unknown as Promise<{ action: Action }>,
  push: () => import('./push/index.ts') as unknown as Promise<{ action: Action }>,
  test: () => import('./test/index.ts') as unknown as Promise<{ action: Action }>,
  scan: () => import('./scan/index.ts') as unknown as Promise<{ action: Action }>,
  verify: () => import('./verify/index.ts') as unknown as Promise<{ action: Action }>,
  gate: () => import('./gate/index.ts') as unknown as Promise<{ action: Action }>,
  rollback: () => import('./rollback/index.ts') as unknown as Promise<{ action: Action }>,
  rehearse: () => import('./rehearse/index.ts') as unknown as Promise<{ action: Action }>,
  status: () => import('./status/index.ts') as unknown as Promise<{ action: Action }>,
  report: () => import('./report/index.ts') as unknown as Promise<{ action: Action }>,
};

/** Runs the named action; `dist/<name>/index.js` calls this and nothing else. */
export async function start(name: string): Promise<void> {
  const load = actions[name];
  if (load === undefined) throw new Error(`no action is called ${name}`);
  // Otherwise zod writes and compiles a parser for each schema, which a process that reads a few documents by each never earns back.
  z.config({ jitless: true });
  await runStep(name, load);
}
