import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readJunit } from '../../shared/evidence/junit.ts';
import { runProcess } from '../../shared/process/run.ts';
import { startWorld, type World } from '../actions/world.ts';
import { findMissing, type Peer, startDockerd } from '../servers/peers.ts';
import { type ImageConfig, pushScript } from './boot-images.ts';

/*
 * The action test, from dist/, with real engines: a good image passes, and each that breaks one rule is refused by that rule and no other.
 */
const missing = await findMissing({
  programs: ['docker', 'dockerd', 'runc', 'busybox', 'tar'],
  root: true,
});

/** Serves /srv on 8080, logs, and ends on SIGTERM. */
const SERVE = 'echo listening; httpd -f -p 8080 -h /srv & trap "kill $!; exit 0" TERM; wait';
const GET = 'GET http://:8080/index.html -> 200 "ready"';

interface Fault {
  readonly name: string;
  readonly rules: readonly string[];
  readonly script: string;
  readonly config?: ImageConfig;
  readonly run?: string;
  readonly says: string;
}

const faults: readonly Fault[] = [
  { name: 'runs as root', rules: ['user'], script: SERVE, config: { User: '' }, says: 'runs as root' },
];

describe.skipIf(missing)(`images are booted${missing && ` (skipped: ${missing})`}`, () => {
  let world: World;
  let docker: Peer;

  beforeAll(async () => {
    [world, docker] = [await startWorld(), await startDockerd()];
  });
  afterAll(async () => {
    await Promise.all([world?.close(), docker?.close()]);
  });

  const boot = (image: string, inputs: Record<string, string> = {}) =>
    world.run(
      'test',
      { image, run: GET, 'max-start': '3s', 'stop-timeout': '2s', memory: '64', engine: 'docker', ...inputs },
      { variables: { DOCKER_HOST: docker.address } },
    );

  async function ask(...args: string[]): Promise<string> {
    const env = { PATH: process.env.PATH ?? '', DOCKER_HOST: docker.address };
    const { stdout } = await runProcess('docker', args, { env, deadline: AbortSignal.timeout(30_000) });
    return stdout.toString().trim();
  }

  test.each(['registry', 'layout'])('a good one from a %s passes, and nothing stays', async (where) => {
    const place = where === 'registry' ? `${world.registry.host}/octo/good` : 'oci:good';
    const image = await pushScript(place, world.workspace, SERVE);
    const { outputs, log } = await boot(image);
    expect({ outputs, log }).toMatchObject({ outputs: { outcome: 'passed', image } });
    const results = readFileSync(outputs['results'] ?? '');
    expect(readJunit(results.toString(), { name: 'junit.xml', sha256: '' })).toMatchObject({
      result: 'PASSED',
      failedTests: [],
    });
    expect(await ask('ps', '--all', '--quiet')).toBe('');
    expect(await ask('images', '--all', '--quiet')).toBe('');
    expect(await ask('volume', 'ls', '--quiet')).toBe('');
    expect(await ask('network', 'ls', '--quiet', '--filter', 'type=custom')).toBe('');
  });

  test.each(faults)('$name: $rules', async ({ name, rules, script, config, run, says }) => {
    const place = `${world.registry.host}/octo/${name.replaceAll(' ', '-')}`;
    const image = await pushScript(place, world.workspace, script, config);
    const { outputs, log } = await boot(image, run === undefined ? {} : { run });
    expect({ outputs, log }).toMatchObject({ outputs: { outcome: 'refused' } });
    const junit = readFileSync(outputs['results'] ?? '').toString();
    const failed = readJunit(junit, { name: 'junit.xml', sha256: '' }).failedTests;
    expect(failed.map((test) => /^hallmark\.test\.([\w-]+)/.exec(test)?.[1])).toEqual(rules);
    expect(log).toContain(says);
    expect(await ask('ps', '--all', '--quiet')).toBe('');
  });
});
