import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureTool } from '../../scripts/tools.ts';
import { type Run, startWorld, type World } from '../actions/world.ts';
import { findMissing, type Peer, startBuildkitd, startDockerd } from '../servers/peers.ts';
import { putBusybox, useBuildx } from './buildx.ts';

const missing = await findMissing({
  programs: ['runc', 'busybox'],
  tools: ['buildkitd', 'buildx', 'crane'],
  root: true,
});

describe.skipIf(missing)(`BuildKit${missing && ` (skipped: ${missing})`}`, () => {
  let world: World;
  let engine: Peer;
  let variables: NonNullable<Run['variables']>;
  let base: string;
  let sha: string;

  function git(...args: string[]): string {
    const env = {
      ...variables,
      GIT_COMMITTER_NAME: 'Octo Cat',
      GIT_COMMITTER_EMAIL: 'octo@example.com',
      GIT_COMMITTER_DATE: '2020-01-01T00:00:00Z',
    };
    return execFileSync('git', args, {
      cwd: world.workspace,
      encoding: 'utf8',
      env: env as NodeJS.ProcessEnv,
    }).trim();
  }

  beforeAll(async () => {
    world = await startWorld();
    engine = await startBuildkitd([world.registry.host]);
    variables = await useBuildx(world, { remote: engine.address });
    putBusybox(world);
    world.commit({}, 'A base of our own');
    const built = await world.run('build', {
      repository: `${world.registry.host}/base`,
      files: 'busybox:/',
      builder: 'layers',
    });
    expect(built.code, built.log).toBe(0);
    base = built.outputs.image ?? '';
    world.commit(
      {
        Dockerfile: `FROM ${base}
ARG GREETING
ENV GREETING=$GREETING
COPY app /app
RUN --mount=type=secret,id=first --mount=type=secret,id=second ["/bin/busybox", "sh", "-c", "[ $(/bin/busybox cat /run/secrets/first) = one ] && [ $(/bin/busybox cat /run/secrets/second) = two ] && /bin/busybox date > /built && /bin/busybox rm /built && /bin/busybox touch /made"]
`,
        'app/index.html': 'hello\n',
        'Dockerfile.scratch': 'FROM scratch\nCOPY app /app\n',
        'Dockerfile.fails': `FROM ${base}\nRUN ["/bin/busybox", "false"]\n`,
        'Dockerfile.unknown': 'FROM scratch\nCOPX app /app\n',
        'Dockerfile.away': `FROM 127.0.0.1:9/none@sha256:${'0'.repeat(64)}\n`,
      },
      'An application',
    );
    // BuildKit sets back what is later than the commit: it must be older than this machine's clock.
    git('commit', '--quiet', '--amend', '--no-edit');
    sha = git('rev-parse', 'HEAD');
  });
  afterAll(async () => {
    await Promise.all([world?.close(), engine?.close()]);
  });

  const secrets = 'id=first,env=FIRST_SECRET\nsecond=two';
  const build = (name: string, inputs: Record<string, string> = {}) =>
    world.run(
      'build',
      { repository: `${world.registry.host}/${name}`, secrets, ...inputs },
      { sha, variables: { ...variables, FIRST_SECRET: 'one' } },
    );

  test('a build made twice gives one digest, whatever the cache and the files’ times', async () => {
    const first = await build('first', { 'build-args': 'GREETING=hello\nAPI_TOKEN=swordfish' });
    expect(first.code, first.log).toBe(0);
    expect(first.log).toContain(
      'Builder: buildkit, because there is a Dockerfile and an engine (driver remote)',
    );
    expect(first.log).toContain('"API_TOKEN" looks like a secret');
    execFileSync(await ensureTool('buildx'), ['prune', '--all', '--force'], {
      env: variables as NodeJS.ProcessEnv,
    });
    // As a later checkout would leave it; times before the commit's are left as they are by BuildKit.
    const now = new Date();
    utimesSync(join(world.workspace, 'app/index.html'), now, now);
    const second = await build('second', { 'build-args': 'GREETING=hello\nAPI_TOKEN=swordfish' });
    expect(second.outputs).toMatchObject({ reused: 'false', digest: first.outputs.digest });
  });

  test('its provenance names the base by digest, and no build argument', async () => {
    const { outputs } = await build('first');
    const evidence = await world.run(
      'verify',
      {
        image: outputs.image ?? '',
        'signer-workflow': 'octo/app/.github/workflows/release.yml',
        'predicate-types': 'https://slsa.dev/provenance/v1',
      },
      { variables },
    );
    expect(evidence.code, evidence.log).toBe(0);
    const stored = await readBundles(outputs.digest ?? '');
    expect(stored).toContain(base.slice(base.indexOf('@sha256:') + 8));
    expect(stored).not.toContain('swordfish');
    expect(stored).not.toContain('GREETING');
  });

  test('several platforms are one index without unknown/unknown', async () => {
    const { outputs, log, code } = await build('platforms', {
      file: 'Dockerfile.scratch',
      platforms: 'linux/amd64,linux/arm64',
      secrets: '',
    });
    expect(code, log).toBe(0);
    const { manifests, annotations } = (await getJson(`platforms/manifests/${outputs.digest}`)) as {
      manifests: { platform: { architecture: string } }[];
      annotations: Record<string, string>;
    };
    expect(manifests.map(({ platform }) => platform.architecture)).toEqual(['amd64', 'arm64']);
    expect(annotations['org.opencontainers.image.source']).toBe('https://github.com/octo/app');
  });

  describe('all that a Dockerfile may ask for', () => {
    const options = {
      file: 'Dockerfile.whole',
      platforms: 'linux/amd64,linux/arm64',
      secrets: 'first=swordfish-line',
      'secret-envs': 'second=FIRST_SECRET',
      'secret-files': 'third=secret.txt',
      'build-contexts': 'lib=shared/lib',
    };
    let cache: string;

    beforeAll(() => {
      cache = join(world.folder, 'cache');
      mkdirSync(join(world.workspace, 'shared/lib'), { recursive: true });
      const lib = { 'shared/lib/lib.txt': 'named\n', 'secret.txt': 'swordfish-file' };
      const sum = createHash('sha256').update('swordfish-lineswordfish-envswordfish-file').digest('hex');
      const steps = `[ "$(cd /run/secrets && /bin/busybox cat first second third | /bin/busybox sha256sum)" = "${sum}  -" ] && /bin/busybox touch /made`;
      world.commit(
        {
          ...lib,
          '.dockerignore': 'secret.txt\n',
          'Dockerfile.whole': `FROM --platform=$BUILDPLATFORM ${world.registry.host}/base:v1 AS tool
RUN --mount=type=secret,id=first --mount=type=secret,id=second --mount=type=secret,id=third ["/bin/busybox", "sh", "-c", ${JSON.stringify(steps)}]
FROM scratch
ENV API_TOKEN=none
COPY --from=tool /made /made
COPY --from=lib /lib.txt /lib.txt
`,
          'Dockerfile.random': `FROM ${base}\nRUN ["/bin/busybox", "sh", "-c", "/bin/busybox cat /proc/sys/kernel/random/uuid > /random"]\n`,
        },
        'Options',
      );
      git('commit', '--quiet', '--amend', '--no-edit');
      sha = git('rev-parse', 'HEAD');
    });

    const whole = (name: string, inputs: Record<string, string> = {}) =>
      world.run(
        'build',
        { repository: `${world.registry.host}/${name}`, ...options, ...inputs },
        { sha, variables: { ...variables, FIRST_SECRET: 'swordfish-env' } },
      );

    test('two platforms with secrets of each kind, a named context and a cache; no secret is left anywhere', async () => {
      // Not the synchronous one: the registry is in this process.
      await promisify(execFile)(await ensureTool('crane'), ['tag', base, 'v1', '--insecure']);
      const first = await whole('whole', { 'cache-to': `type=local,dest=${cache},mode=max` });
      expect(first.code, first.log).toBe(0);
      execFileSync(await ensureTool('buildx'), ['prune', '--all', '--force'], {
        env: variables as NodeJS.ProcessEnv,
      });
      const second = await whole('cached', { 'cache-from': `type=local,src=${cache}` });
      expect(second.code, second.log).toBe(0);
      expect(second.log).toMatch(/CACHED/);
      expect(second.outputs.digest).toBe(first.outputs.digest);
      const shown = (first.log + second.log).replace(/^::add-mask::.*$/gm, '');
      expect(shown + first.summary + JSON.stringify(first.outputs)).not.toMatch(
        /swordfish-(?:line|env|file)/,
      );
      expect(findIn([world.registry.folder, cache], /swordfish-(?:line|env|file)/)).toEqual([]);
      // What is looked for would be found.
      expect(findIn([world.registry.folder], /named\n/)).toHaveLength(1);
    });

    test('its build checks and floating bases are said beside the lines of the Dockerfile', async () => {
      const run = await whole('checks');
      expect(run.log).toMatch(/^::warning file=Dockerfile.whole,line=4::SecretsUsedInArgOrEnv: .*%0Ahttps:/m);
      const floating = `::warning file=Dockerfile.whole,line=1::FloatingBase: ${world.registry.host}/base:v1 floats`;
      expect(run.log).toContain(floating);
      expect(run.log).toContain(`Write it as ${base.replace('@', ':v1@')};`);
      expect(run.summary).toContain('What the Dockerfile could do better');
      expect(run.summary).toContain('`Dockerfile.whole:4`');
    });

    test('a build that is checked to be reproducible is, or the first file that differs is named', async () => {
      const same = await whole('same', { reproducible: 'check' });
      expect(same.code, same.log).toBe(0);
      expect(same.log).toContain('Reproducible: a second build gave the same manifests');
      const inputs = {
        file: 'Dockerfile.random',
        platforms: '',
        secrets: '',
        'secret-envs': '',
        'secret-files': '',
        'build-contexts': '',
      };
      const random = await whole('random', { ...inputs, reproducible: 'check' });
      expect(random.outputs.outcome, random.log).toBe('refused');
      expect(random.log).toContain(
        'two builds of this commit for linux/amd64 differ: layer 2 of 2, first in the content of "/random"',
      );
      expect((await getJson('random/tags/list')) as object).toHaveProperty('errors');
    });

    test('a named context stays inside the workspace', async () => {
      const run = await whole('outside', { 'build-contexts': 'lib=../..' });
      expect(run.outputs.outcome, run.log).toBe('invalid');
      expect(run.log).toContain('build-contexts');
    });
  });

  test.each([
    ['a step that fails', { file: 'Dockerfile.fails' }, 'invalid', 'file: the Dockerfile did not build'],
    ['an unknown instruction', { file: 'Dockerfile.unknown' }, 'invalid', 'unknown instruction'],
    ['a base out of reach', { file: 'Dockerfile.away' }, 'unavailable', 'connection refused'],
    [
      'a secret from a variable that is not set',
      { secrets: 'id=first,env=NONE' },
      'invalid',
      'secrets: .*NONE',
    ],
    ['a builder that is not there', { builder: 'buildkit' }, 'unavailable', 'no engine can build'],
  ])('%s', async (name, inputs, outcome, message) => {
    const gone = name.startsWith('a builder') ? { BUILDX_BUILDER: 'gone' } : {};
    const result = await world.run(
      'build',
      { repository: `${world.registry.host}/bad`, ...(inputs as Record<string, string>) },
      { sha, variables: { ...variables, ...gone } },
    );
    expect(result.outputs).toEqual({ outcome });
    expect(result.log).toMatch(new RegExp(message));
  });

  async function getJson(path: string): Promise<unknown> {
    const accept = 'application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json';
    return (await fetch(`http://${world.registry.host}/v2/${path}`, { headers: { accept } })).json();
  }

  /** The statements beside an image of the repository `first`, decoded. */
  async function readBundles(digest: string): Promise<string> {
    const { manifests } = (await getJson(`first/referrers/${digest}`)) as { manifests: { digest: string }[] };
    const payloads = manifests.map(async (referrer) => {
      const { layers } = (await getJson(`first/manifests/${referrer.digest}`)) as {
        layers: { digest: string }[];
      };
      const bundle = (await getJson(`first/blobs/${layers[0]?.digest}`)) as {
        dsseEnvelope: { payload: string };
      };
      return Buffer.from(bundle.dsseEnvelope.payload, 'base64').toString();
    });
    return (await Promise.all(payloads)).join('\n');
  }
});

/** The files below folders that hold something, also within gzip. */
function findIn(folders: readonly string[], wanted: RegExp): string[] {
  return folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((file) => {
        const bytes = readFileSync(file);
        const plain = bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes;
        return wanted.test(plain.toString('latin1'));
      }),
  );
}

const noDocker = await findMissing({ programs: ['dockerd'], tools: ['buildx'], root: true });

describe.skipIf(noDocker)(
  `an engine that writes no OCI layouts${noDocker && ` (skipped: ${noDocker})`}`,
  () => {
    let world: World;
    let engine: Peer;
    let variables: NonNullable<Run['variables']>;

    beforeAll(async () => {
      world = await startWorld();
      engine = await startDockerd();
      variables = await useBuildx(world, { docker: engine.address });
      world.commit({ Dockerfile: 'FROM scratch\nLABEL a=b\n', 'app.txt': 'hello\n' }, 'First');
    });
    afterAll(async () => {
      await Promise.all([world?.close(), engine?.close()]);
    });

    test('is refused rather than its image ID taken for a digest', async () => {
      const result = await world.run('build', { repository: `${world.registry.host}/app` }, { variables });
      expect(result.outputs).toEqual({ outcome: 'unavailable' });
      expect(result.log).toContain('its BuildKit is v0.8+unknown, and 0.13.0 is the oldest');
    });

    test('auto falls back to layers where they are configured, and says why', async () => {
      const result = await world.run(
        'build',
        { repository: `${world.registry.host}/app`, files: 'app.txt:/app.txt' },
        { variables },
      );
      expect(result.code, result.log).toBe(0);
      expect(result.log).toContain(
        'Builder: layers, because base or files is given and no engine can build Dockerfile',
      );
    });
  },
);
