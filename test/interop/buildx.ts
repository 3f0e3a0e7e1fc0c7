import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { ensureTool } from '../../scripts/tools.ts';
import type { World } from '../actions/world.ts';
import { findProgram } from '../servers/peers.ts';

/** The variables of a step that finds `buildx` on PATH, with a builder for the engine that it is given. */
export async function useBuildx(
  world: World,
  engine: { remote: string } | { docker: string },
): Promise<Record<string, string>> {
  const buildx = await ensureTool('buildx');
  const variables = {
    // The folder of the tool alone, before the system's: a plugin of docker's would be found first.
    PATH: [dirname(buildx), process.env.PATH].join(delimiter),
    HOME: join(world.folder, 'home'),
    BUILDX_CONFIG: join(world.folder, 'buildx'),
    ...('docker' in engine && { DOCKER_HOST: engine.docker }),
  };
  if ('remote' in engine) {
    execFileSync(buildx, ['create', '--driver', 'remote', '--use', engine.remote], { env: variables });
  }
  return variables;
}

/** Puts busybox below `busybox/bin` in the workspace, under its own and other names, for a base of our own. */
export function putBusybox(world: World, names: readonly string[] = ['busybox']): void {
  const folder = join(world.workspace, 'busybox/bin');
  mkdirSync(folder, { recursive: true });
  for (const name of names) copyFileSync(findProgram('busybox') ?? '', join(folder, name));
}
