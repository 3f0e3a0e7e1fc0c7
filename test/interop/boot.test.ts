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
  {
    name: 'names its user',
    rules: ['user'],
    script: SERVE,
    config: { User: 'app:app' },
    says: 'a name does not tell',
  },
  {
    name: 'needs to write to its root',
    rules: ['start', 'read-only', 'writes'],
    script: `echo 1 > /data/state || exit 3; ${SERVE}`,
    says: 'it works only where it may write to its root',
  },
  {
    name: 'writes outside of its volumes',
    rules: ['writes'],
    script: `echo 1 > /data/ok; echo 1 > /tmp/stray; ${SERVE}`,
    config: { Volumes: { '/data': {} } },
    says: 'it writes outside of its volumes: /tmp/stray',
  },
  {
    name: 'ignores SIGTERM',
    rules: ['stop'],
    script: 'trap "" TERM; echo up; httpd -f -p 8080 -h /srv',
    says: 'it did not end within 2 s of SIGTERM',
  },
  {
    name: 'has no such command',
    rules: ['start'],
    script: '',
    config: { Entrypoint: ['/bin/nothing'] },
    says: 'no such file',
  },
  { name: 'exits at once', rules: ['start'], script: 'echo bye; exit 4', says: 'exit code 4' },
  {
    name: 'gives no answer',
    rules: ['run'],
    script: SERVE.replaceAll('8080', '8081'),
    says: 'gave no answer: connect ECONNREFUSED',
  },
  {
    name: 'gives a wrong status',
    rules: ['run'],
    script: SERVE,
    run: 'GET http://:8080/missing -> 200',
    says: 'gave status 404, not 200',
  },
  {
    name: 'gives a wrong text',
    rules: ['run'],
    script: SERVE,
    run: `${GET}\nexec cat /srv/index.html -> 0 "other"`,
    says: 'gave no "other"',
  },
  { name: 'starts too slowly', rules: ['start-up'], script: `sleep 4; ${SERVE}`, says: 'may take 3 s' },
  {
    name: 'is unhealthy',
    rules: ['health'],
    script: SERVE,
    config: { Healthcheck: { Test: ['CMD-SHELL', 'exit 1'] } },
    says: 'health: gave exit code 1, not 0',
  },
  {
    name: 'logs to a file',
    rules: ['logs'],
    script: SERVE.replace('listening', 'listening > /data/app.log'),
    config: { Volumes: { '/data': {} } },
    says: 'it printed nothing to standard output',
  },
  {
    name: 'starts only once',
    rules: ['second-start'],
    script: `[ -e /data/lock ] && exit 7; : > /data/lock; ${SERVE}`,
    config: { Volumes: { '/data': {} } },
    says: 'started again in the same container, start: it ended by itself with exit code 7',
  },
  {
    name: 'takes too much memory',
    rules: ['memory'],
    script: 'exec dd if=/dev/zero of=/dev/null bs=200M count=1',
    says: 'more memory than its limit',
  },
  {
    name: 'starts too many processes',
    rules: ['start'],
    script: `i=0; while [ $i -lt 400 ]; do sleep 60 & i=$((i + 1)); done; ${SERVE}`,
    says: 'it ended by itself',
  },
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
    const place = `${world.registry.host}/octo/${name.toLowerCase().replaceAll(' ', '-')}`;
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
