import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureTool } from '../../scripts/tools.ts';
import { type Run, startWorld, type World } from '../actions/world.ts';
import { findMissing, type Peer, startBuildkitd } from '../servers/peers.ts';
import { putBusybox, useBuildx } from './buildx.ts';

const missing = await findMissing({
  programs: ['runc', 'busybox'],
  tools: ['buildkitd', 'buildx', 'crane'],
  root: true,
});
/** Not the synchronous one: the registry is in this process. */
const execFileAsync = promisify(execFile);
const POLICY = '.github/hallmark.yml';
type Inputs = Record<string, string> | (() => Record<string, string>);
const NONE = `sha256:${'0'.repeat(64)}`;

describe.skipIf(missing)(`Dockerfiles under a base-policy${missing && ` (skipped: ${missing})`}`, () => {
  let world: World;
  let engine: Peer;
  let variables: Record<string, string>;
  /** An image of the workflow that the policy trusts for bases, and one of nobody in particular. */
  let good: string;
  let bad: string;

  const place = (name: string): string => `${world.registry.host}/${name}`;
  const tag = async (image: string, name: string): Promise<void> => {
    await execFileAsync(await ensureTool('crane'), ['tag', image, name, '--insecure']);
  };

  beforeAll(async () => {
    world = await startWorld();
    engine = await startBuildkitd([world.registry.host]);
    variables = await useBuildx(world, { remote: engine.address });
    world.github.commit('octo/app', {
      [POLICY]: `version: 1
repository-id: 123456789
trust:
  builder: [{ signer-workflow: octo/app/.github/workflows/release.yml }]
  base: [{ signer-workflow: octo/app/.github/workflows/bases.yml }]
environments: { staging: { repository: ${place('staging')}, rules: [provenance] } }
`,
    });
    putBusybox(world);
    world.commit({ 'lib/lib.txt': 'lib\n' }, 'Bases');
    const make = async (name: string, run: Run, more: Record<string, string> = {}): Promise<string> => {
      const inputs = { repository: place(name), builder: 'layers', files: 'busybox:/', ...more };
      const built = await world.run('build', inputs, run);
      expect(built.code, built.log).toBe(0);
      return built.outputs.image ?? '';
    };
    good = await make('good', { workflow: '.github/workflows/bases.yml' });
    bad = await make('bad', {}, { env: 'BAD=1' });
    await tag(good, 'v1');
    await tag(bad, 'v1');
  }, 120_000);
  afterAll(async () => {
    await Promise.all([world?.close(), engine?.close()]);
  });

  let count = 0;
  async function build(dockerfile: string, inputs: Record<string, string> = {}, more: Run = {}) {
    count += 1;
    const sha = world.commit({ Dockerfile: dockerfile }, `Dockerfile ${count}`);
    const before = world.registry.requests.length;
    const result = await world.run(
      'build',
      { repository: place(`app${count}`), reproducible: 'false', 'base-policy': POLICY, ...inputs },
      { sha, ...more, variables: { ...variables, ...more.variables } },
    );
    const written = world.registry.requests
      .slice(before)
      .filter(({ method, path }) => !['GET', 'HEAD'].includes(method) && path.includes(`/app${count}/`));
    return { ...result, written };
  }

  /** A run whose buildx does something before it begins. */
  async function swapBuildx(name: string, script: string): Promise<Run> {
    const folder = join(world.folder, name);
    mkdirSync(folder);
    const program = `#!/bin/sh\n${script}\nexec "${await ensureTool('buildx')}" "$@"\n`;
    writeFileSync(join(folder, 'buildx'), program, { mode: 0o755 });
    return { variables: { PATH: [folder, variables['PATH']].join(delimiter) } };
  }

  test.each([
    ['one that is vouched for, by digest', () => `FROM ${good}\nCOPY lib /lib\n`, {}],
    [
      'the same by its tag, as a stage, in COPY and in a mount',
      () => `FROM ${place('good')}:v1 AS tool
RUN --mount=type=bind,from=${good},target=/mnt ["/bin/busybox", "cp", "/mnt/bin/busybox", "/made"]
FROM scratch
COPY --from=tool /made /made
COPY --from=${good} /bin/busybox /tool
`,
      {},
    ],
    ['none', () => 'FROM scratch\nCOPY lib /lib\n', {}],
    [
      'a named context that is a folder',
      () => 'FROM scratch\nCOPY --from=lib /lib.txt /\n',
      { 'build-contexts': 'lib=lib' },
    ],
    [
      'a named context in place of one that nobody vouches for',
      () => `FROM ${bad}\nCOPY lib /lib\n`,
      () => ({ 'build-contexts': `${bad}=docker-image://${good}` }),
    ],
  ] satisfies [string, () => string, Record<string, string> | (() => Record<string, string>)][])(
    'builds on %s',
    async (_, dockerfile, inputs) => {
      const built = await build(dockerfile(), typeof inputs === 'function' ? inputs() : inputs);
      expect(built.code, built.log).toBe(0);
    },
  );

  test.each([
    [
      'FROM',
      () => `FROM scratch AS first\nFROM ${bad}\n`,
      {},
      /Dockerfile:2: \S+bad@sha256:.* no provenance/,
    ],
    ['COPY --from', () => `FROM scratch\nCOPY --from=${bad} /bin /\n`, {}, /Dockerfile:2: \S+bad@/],
    [
      'a mount',
      () => `FROM ${good}\nRUN --mount=type=bind,from=${place('bad')}:v1,target=/m true\n`,
      {},
      /Dockerfile:2: \S+bad:v1 /,
    ],
    [
      'a stage that is not built',
      () => `FROM ${bad} AS other\nFROM scratch\nCOPY lib /\n`,
      {},
      /Dockerfile:1/,
    ],
    [
      'a variable',
      () => `ARG BASE=${good}\nFROM $BASE\n`,
      { 'build-args': 'BASE=evil' },
      /Dockerfile:2: \$BASE is named by a variable, so nobody can tell/,
    ],
    ['a variable as a part', () => `ARG V=v1\nFROM ${place('good')}:\${V}\n`, {}, /Dockerfile:2: .*variable/],
    [
      'a frontend that nobody vouches for',
      () => `# syntax=${bad}\nFROM scratch\n`,
      {},
      /Dockerfile:1: \S+bad@/,
    ],
    ...(['#!/bin/docker', '// syntax=x', '{"syntax": "x"}'] as const).map(
      (first): [string, () => string, Inputs, RegExp] => [
        `a frontend behind ${first}`,
        () => `${first}\nFROM scratch\n`,
        {},
        /Dockerfile:1: begins as no Dockerfile does/,
      ],
    ),
    [
      'a frontend in a build argument',
      () => 'FROM scratch\n',
      { 'build-args': 'BUILDKIT_SYNTAX=evil/frontend' },
      /BUILDKIT_SYNTAX puts another frontend/,
    ],
    [
      'a named context that is another image',
      () => `FROM ${good}\n`,
      () => ({ 'build-contexts': `${good}=docker-image://${bad}` }),
      /build-contexts: \S+good@\S+: \S+bad@\S+ .* no provenance/,
    ],
    [
      'an image beside a named context of almost its name',
      () => `FROM ${bad.replace('@', ':latest@')}\n`,
      () => ({ 'build-contexts': `${bad}=lib` }),
      /Dockerfile:1: \S+bad@/,
    ],
    [
      'a named context that is a repository',
      () => 'FROM scratch\nCOPY --from=lib / /\n',
      { 'build-contexts': 'lib=https://github.com/octo/lib.git' },
      /lib is neither a folder nor an image in a registry/,
    ],
    ['an image that is not there', () => `FROM ${place('none')}@${NONE}\n`, {}, /Dockerfile:1: there is no/],
    ['a here-document without end', () => `FROM ${good}\nRUN <<EOF\nFROM x\n`, {}, /here-document in line 2/],
  ] satisfies [string, () => string, Record<string, string> | (() => Record<string, string>), RegExp][])(
    'refuses %s, and starts no build',
    async (_, dockerfile, inputs, reason) => {
      const result = await build(dockerfile(), typeof inputs === 'function' ? inputs() : inputs);
      expect(result.outputs, result.log).toEqual({ outcome: 'refused' });
      expect(result.log).toMatch(reason);
      expect(result.log).not.toContain('docker buildx build');
      expect(result.written).toEqual([]);
    },
  );

  test('a registry out of reach is no refusal', async () => {
    const result = await build(`FROM 127.0.0.1:9/base@${NONE}\n`, { timeout: '20s' });
    expect(result.outputs, result.log).toEqual({ outcome: 'unavailable' });
    expect(result.log).not.toContain('docker buildx build');
  });

  test.each([
    [
      'a mount, its key in capitals',
      () => `FROM ${good}\nRUN --mount=type=bind,FROM=${bad},target=/m ["/bin/busybox", "true"]\n`,
    ],
    [
      'COPY, behind what BuildKit alone takes for a blank',
      () => `FROM ${good}\nCOPY --exclude=\u0085--from=${bad} /bin /x\n`,
    ],
    ['FROM, behind blanks in a flag', () => `ARG X\nFROM --platform=\${X+"y ${good} "}linux/amd64 ${bad}\n`],
    [
      'FROM, in a line that goes on only by a directive that BuildKit passes over',
      () => `# x=y\n# escape=\`\nFROM scratch\nLABEL a=\`\nFROM ${bad}\n`,
    ],
    ['the first of two frontends', () => `# syntax=${bad}\n# syntax=${good}\nFROM scratch\n`],
  ] satisfies [string, () => string][])('lets the engine take none by %s', async (_, dockerfile) => {
    const result = await build(dockerfile());
    expect(result.outputs, result.log).toEqual({ outcome: 'refused' });
    expect(result.log).toContain('the build asks for 127.0.0.1');
    expect(result.written).toEqual([]);
  });

  describe('when somebody pushes to the tag of a base just before the build begins', () => {
    /** With an engine that is told of no policy where `policy` is false. */
    async function buildLate(name: string, policy: boolean) {
      await tag(good, name);
      const image = place('good');
      const crane = await ensureTool('crane');
      const run = await swapBuildx(
        name,
        `${policy ? '' : 'unset EXPERIMENTAL_BUILDKIT_SOURCE_POLICY'}
if [ "$1" = build ]; then "${crane}" copy --insecure ${bad} ${image}:${name} >&2 || exit 9; fi`,
      );
      return build(`FROM ${image}:${name}\nCOPY lib /lib\n`, {}, run);
    }

    test('it is built upon what was verified', async () => {
      const { code, outputs, log } = await buildLate('moving', true);
      expect(code, log).toBe(0);
      const config = execFileAsync(await ensureTool('crane'), ['config', outputs.image ?? '', '--insecure']);
      expect((await config).stdout).not.toContain('BAD=1');
    });

    test('an engine that keeps to no policy is found out, and nothing is pushed', async () => {
      const result = await buildLate('unkept', false);
      expect(result.outputs, result.log).toEqual({ outcome: 'refused' });
      const [, digest = ''] = bad.split('@');
      expect(result.log).toContain(`(${digest}), which is none of the base images that were verified`);
      expect(result.written).toEqual([]);
    });
  });

  test('refuses to reuse an image whose provenance does not say what it was made of', async () => {
    const silent = await swapBuildx('silent', 'export BUILDX_METADATA_PROVENANCE=disabled');
    const repository = place('silent');
    const there = await build(`FROM ${bad}\nCOPY lib /lib\n`, { repository, 'base-policy': '' }, silent);
    expect(there.code, there.log).toBe(0);
    const inputs = { repository, reproducible: 'false', 'base-policy': POLICY };
    const reused = await world.run('build', inputs, { variables });
    expect(reused.outputs, reused.log).toEqual({ outcome: 'refused' });
    expect(reused.log).toContain('does not say which base images it was made of');
  });

  test('refuses what a base that is vouched for copies from elsewhere by ONBUILD', async () => {
    const onbuild = `FROM ${good}\nONBUILD COPY --from=${place('bad')}:v1 /bin/busybox /brought\n`;
    const base = await build(onbuild, { 'base-policy': '' }, { workflow: '.github/workflows/bases.yml' });
    expect(base.code, base.log).toBe(0);
    const result = await build(`FROM ${base.outputs.image}\nCOPY lib /lib\n`);
    expect(result.outputs, result.log).toEqual({ outcome: 'refused' });
    expect(result.log).toMatch(/the build asks for \S*bad:v1, which is none of the base images/);
    expect(result.written).toEqual([]);
  });
});
