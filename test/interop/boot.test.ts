import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { readExample } from '../../scripts/docs.ts';
import { readJunit } from '../../shared/evidence/junit.ts';
import { runProcess } from '../../shared/process/run.ts';
import { type Run, startWorld, type World } from '../actions/world.ts';
import { findMissing, preparePodman, startDockerd } from '../servers/peers.ts';
import { type ImageConfig, pushSample, pushScript } from './boot-images.ts';

/*
 * The action test, from dist/, with real engines: a good image passes, and each that breaks one rule is refused by that rule and no other.
 */
const missing = await findMissing({
  programs: ['docker', 'dockerd', 'podman', 'debootstrap', 'runc', 'busybox', 'tar'],
  root: true,
});

const inputs = z.record(z.string(), z.string());

/** Serves /srv on 8080, logs, and ends on SIGTERM. */
const SERVE = 'echo listening; httpd -f -p 8080 -h /srv & trap "kill $!; exit 0" TERM; wait';
const GET = 'GET http://:8080/index.html -> 200 "ready"';
/** The same from within: Debian's podman, with CNI, puts this machine on no network that leads nowhere. */
const WGET = 'exec wget -q -O - http://127.0.0.1:8080/index.html -> 0 "ready"';

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
    config: { Healthcheck: { Test: ['CMD-SHELL', 'exit 1'], Interval: 1e9 } },
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
    name: 'ends after its check',
    rules: ['start'],
    script: 'echo up; sleep 0.6',
    run: 'exec cat /srv/index.html -> 0 "ready"',
    says: 'start: it ended by itself with exit code 0',
  },
  {
    name: 'has no command',
    rules: ['start'],
    script: '',
    config: { Entrypoint: [] },
    says: 'start: the image has no command',
  },
  {
    name: 'works only with a root that cannot be written',
    rules: ['read-only'],
    script: `while read -r _ path _ how _; do [ $path = / ] && root=$how; done < /proc/mounts
case $root in rw*) exit 5; esac; ${SERVE}`,
    says: 'it works only where it may not write to its root; otherwise, start: it ended by itself with exit code 5',
  },
  {
    name: 'starts too many processes',
    rules: ['start'],
    script: `i=0; while [ $i -lt 400 ]; do sleep 60 & i=$((i + 1)); done; ${SERVE}`,
    says: 'it ended by itself',
  },
];

/** What an engine has no part in is tried by one. */
const DOCKER_ONLY = new Set(['user', 'run', 'start-up', 'logs', 'health']);

describe.skipIf(missing)(`images are booted${missing && ` (skipped: ${missing})`}`, () => {
  const engines: Record<string, Record<string, string>> = {};
  const closing: (() => Promise<void>)[] = [];
  let world: World;

  beforeAll(async () => {
    world = await startWorld();
    const [docker, podman] = [await startDockerd(), preparePodman()];
    closing.push(world.close, docker.close, podman.close);
    engines['docker'] = { DOCKER_HOST: docker.address };
    engines['podman'] = podman.variables;
  });
  afterAll(async () => {
    await Promise.all(closing.map((close) => close()));
  });

  const boot = (engine: string, image: string, inputs: Record<string, string> = {}, run: Run = {}) =>
    world.run(
      'test',
      {
        image,
        run: engine === 'docker' ? GET : WGET,
        'max-start': '3s',
        'stop-timeout': '2s',
        memory: '64',
        engine,
        ...inputs,
      },
      { variables: engines[engine] ?? {}, ...run },
    );

  /** What is in the engine that a test could leave behind. */
  async function listRemains(engine: string): Promise<string> {
    const env = { PATH: process.env.PATH ?? '', ...engines[engine] };
    const lists = [
      ['ps', '--all', '--quiet'],
      ['images', '--all', '--quiet'],
      ['volume', 'ls', '--quiet'],
      ['network', 'ls', '--quiet', '--filter', 'name=hallmark-test'],
    ];
    const answers = lists.map(async (args) => {
      const deadline = AbortSignal.timeout(30_000);
      const { code, stdout, stderr } = await runProcess(engine, args, { env, deadline });
      return code === 0 ? stdout.toString() : stderr;
    });
    return (await Promise.all(answers)).join('');
  }

  /** The rules of the tests that failed by the report. */
  function readFailed(path: string | undefined): string[] {
    const text = readFileSync(path ?? '').toString();
    const { failedTests } = readJunit(text, { name: 'junit.xml', sha256: '' });
    return failedTests.map((test) => /^hallmark\.test\.([\w-]+)/.exec(test)?.[1] ?? test);
  }

  describe.each(['docker', 'podman'])('by %s', (engine) => {
    test.each(['registry', 'layout'])('a good one from a %s passes, and nothing stays', async (where) => {
      const place = where === 'registry' ? `${world.registry.host}/octo/good` : 'oci:good';
      const image = await pushScript(place, world.workspace, SERVE);
      const { outputs, log } = await boot(engine, image);
      expect(outputs, log).toMatchObject({ outcome: 'passed', image });
      expect(readFailed(outputs['results'])).toEqual([]);
      expect(await listRemains(engine)).toBe('');
    });

    test.each(engine === 'docker' ? faults : faults.filter(({ rules }) => !DOCKER_ONLY.has(rules[0] ?? '')))(
      '$name: $rules',
      async ({ name, rules, script, config, run, says }) => {
        const place = `${world.registry.host}/octo/${name.toLowerCase().replaceAll(' ', '-')}`;
        const image = await pushScript(place, world.workspace, script, config);
        const { outputs, log } = await boot(engine, image, run === undefined ? {} : { run });
        expect(outputs, log).toMatchObject({ outcome: 'refused' });
        expect(readFailed(outputs['results'])).toEqual(rules);
        expect(log).toContain(says);
        expect(await listRemains(engine)).toBe('');
      },
    );

    test('a HEALTHCHECK has the time that it says itself, however short a start may be', async () => {
      const image = await pushScript(
        `${world.registry.host}/octo/late`,
        world.workspace,
        `(sleep 8; : > /data/up) & ${SERVE}`,
        {
          Volumes: { '/data': {} },
          Healthcheck: { Test: ['CMD-SHELL', '[ -e /data/up ]'], StartPeriod: 20e9, Interval: 1e9 },
        },
      );
      const { outputs, log } = await boot(engine, image);
      expect(outputs, log).toMatchObject({ outcome: 'passed' });
      expect(Number(outputs['start-up'])).toBeLessThan(3);
    });

    test('without an HTTP check there is no network; what env says is there, and no capability', async () => {
      const image = await pushScript(`${world.registry.host}/octo/good`, world.workspace, SERVE);
      const { outputs, log } = await boot(engine, image, {
        env: 'GREETING=good day',
        run: [
          'exec ["sh", "-c", "echo net: /sys/class/net/*"] -> 0 "net: /sys/class/net/lo\\n"',
          'exec ["sh", "-c", "echo $GREETING"] -> 0 "good day"',
          'exec cat /proc/self/status -> 0 "CapBnd:\\t0000000000000000" "NoNewPrivs:\\t1"',
        ].join('\n'),
      });
      expect(outputs, log).toMatchObject({ outcome: 'passed' });
    });

    test('out of time it is unavailable, and nothing stays', async () => {
      const silent = SERVE.replaceAll('8080', '8081');
      const image = await pushScript(`${world.registry.host}/octo/silent`, world.workspace, silent);
      const { outputs, log } = await boot(engine, image, { 'max-start': '60s', timeout: '5s' });
      expect(outputs, log).toMatchObject({ outcome: 'unavailable' });
      expect(await listRemains(engine)).toBe('');
    });

    test('cancelled it is unavailable, and nothing stays', async () => {
      const silent = SERVE.replaceAll('8080', '8081');
      const image = await pushScript(`${world.registry.host}/octo/silent`, world.workspace, silent);
      const job = new AbortController();
      const running = boot(engine, image, { 'max-start': '60s' }, { cancel: job.signal });
      await expect.poll(() => listRemains(engine), { timeout: 60_000 }).not.toBe('');
      job.abort();
      const { outputs, log } = await running;
      expect(outputs, log).toMatchObject({ outcome: 'unavailable' });
      expect(await listRemains(engine)).toBe('');
    });
  });

  // debootstrap and npm fetch some hundred megabytes.
  test('the sample application on a debootstrap base with the Node of npm passes, by Docker as the page says', {
    timeout: 600_000,
  }, async () => {
    const place = `${world.registry.host}/octo/sample`;
    const image = await pushSample(place, world.workspace);
    const [step] = z.array(z.object({ with: inputs })).parse(parse(readExample('test')));
    const limits = { 'max-start': '20s', memory: '256' };
    const docker = await boot('docker', image, { ...step?.with, image, ...limits });
    expect(docker.outputs, docker.log).toMatchObject({ outcome: 'passed' });
    expect(Number(docker.outputs['start-up'])).toBeGreaterThan(0);
    const podman = await boot('podman', image, { ...limits, run: 'exec node --version -> 0 "v24"' });
    expect(podman.outputs, podman.log).toMatchObject({ outcome: 'passed' });
  });

  test('results of other tests are taken over, and one that failed is refused', async () => {
    const image = await pushScript(`${world.registry.host}/octo/good`, world.workspace, SERVE);
    const cases = '<testcase classname="a" name="adds"/><testcase name="&lt;b&gt;"><failure/></testcase>';
    writeFileSync(join(world.workspace, 'unit.xml'), `<testsuite>${cases}</testsuite>`);
    const { outputs, log } = await boot('docker', image, { junit: 'unit.xml' });
    expect(outputs, log).toMatchObject({ outcome: 'refused' });
    expect(log).toContain('junit: unit.xml: <b>: failed');
    const report = readFileSync(outputs['results'] ?? '').toString();
    expect(readJunit(report, { name: '', sha256: '' }).passedTests).toContain(
      'hallmark.test.junit: unit.xml: a.adds',
    );
  });

  test('no engine, and an engine that does not answer, are unavailable', async () => {
    const image = await pushScript(`${world.registry.host}/octo/good`, world.workspace, SERVE);
    const variables = { PATH: '/nowhere' };
    const none = await world.run('test', { image, run: '' }, { variables });
    expect(none.outputs).toMatchObject({ outcome: 'unavailable' });
    expect(none.log).toContain('docker could not be started; podman could not be started');
    const away = { DOCKER_HOST: 'unix:///nowhere/docker.sock' };
    const dead = await world.run('test', { image, run: '', engine: 'docker' }, { variables: away });
    expect(dead.outputs).toMatchObject({ outcome: 'unavailable' });
    expect(dead.log).toContain('there is no engine to boot the image: docker version failed');
  });
});
