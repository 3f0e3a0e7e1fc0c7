import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type BuildkitRequest, buildWithBuildkit } from '../../shared/builders/buildkit.ts';
import { readChecks, readMaterials } from '../../shared/builders/buildkit-metadata.ts';
import { chooseBuilder } from '../../shared/builders/choose.ts';
import type { RunContext } from '../../shared/github/context.ts';
import { MEDIA_TYPE } from '../../shared/image/descriptor.ts';
import { parseDigest } from '../../shared/image/digest.ts';
import { parsePlatform } from '../../shared/image/platform.ts';
import { Invalid, Refused, Unavailable } from '../../shared/outcome/outcome.ts';
import { makeContext, makeFolder } from './context.ts';

/*
 * A stand-in for buildx that records its arguments and environment: what must not be seen there is seen only there.
 * test/interop/buildkit.test.ts runs the real one.
 */
function makeBuildx(
  script: string,
  name = 'buildx',
): { path: string; calls: () => string; environment: () => string } {
  const folder = makeFolder();
  const file = join(folder, name);
  writeFileSync(
    file,
    `#!/bin/sh\necho "$@" >> ${folder}/calls\n/usr/bin/env > ${folder}/environment\n${script}\n`,
    { mode: 0o755 },
  );
  const read = (path: string): string =>
    existsSync(join(folder, path)) ? readFileSync(join(folder, path), 'utf8') : '';
  return { path: folder, calls: () => read('calls'), environment: () => read('environment') };
}

const DIGEST = `sha256:${'a'.repeat(64)}`;

/** The lines of a script that leave the layout and metadata of an image behind, as buildx does. */
function leaveImage(folder: string, { layout = DIGEST, metadata = DIGEST, manifests = 1 } = {}): string {
  const entry = { mediaType: MEDIA_TYPE.manifest, digest: layout, size: 1 };
  const index = JSON.stringify({ schemaVersion: 2, manifests: Array(manifests).fill(entry) });
  return `echo '${index}' > ${folder}/layout/index.json; echo '{"containerimage.digest":"${metadata}"}' > ${folder}/temp/metadata.json`;
}

function makeRequest(folder: string, overrides: Partial<BuildkitRequest> = {}): BuildkitRequest {
  for (const name of ['layout', 'temp']) mkdirSync(join(folder, name), { recursive: true });
  return {
    ...{
      engine: { command: 'buildx', prefix: [], driver: 'remote' },
      folder: '/context',
      file: '/context/Dockerfile',
    },
    ...{
      layout: join(folder, 'layout'),
      temp: join(folder, 'temp'),
      created: 1_700_000_000,
      platforms: [],
      target: undefined,
    },
    ...{
      labels: {},
      annotations: {},
      buildArgs: [],
      secrets: [],
      cacheFrom: [],
      cacheTo: [],
      ssh: [],
      contexts: [],
      noCache: false,
      noCacheFilters: [],
      allow: [],
      network: undefined,
      addHosts: [],
      pull: false,
      compression: undefined,
      rewriteTimestamps: true,
      allowed: undefined,
    },
    ...overrides,
  };
}

async function run(
  overrides: Partial<BuildkitRequest>,
  variables: Record<string, string> = {},
  script?: string,
) {
  const folder = makeFolder();
  const buildx = makeBuildx(script ?? leaveImage(folder));
  const readNamedVariable: RunContext['readNamedVariable'] = (name) => variables[name];
  const context = makeContext({ path: buildx.path, dockerConfig: '/docker', readNamedVariable });
  // The stand-in's own programs.
  const result = await buildWithBuildkit(makeRequest(folder, overrides), {
    ...context,
    path: `${buildx.path}:/usr/bin:/bin`,
  });
  return { result, calls: buildx.calls(), environment: buildx.environment(), logged: context.logged };
}

describe('what buildx is told', () => {
  test.each<[string, Partial<BuildkitRequest>, string[]]>([
    [
      'no unsigned attestations, a reproducible layout',
      {},
      [
        '--provenance=false',
        '--sbom=false',
        'type=oci,tar=false,oci-mediatypes=true,',
        'rewrite-timestamp=true',
        '--file /context/Dockerfile',
      ],
    ],
    [
      'platforms',
      { platforms: [parsePlatform('linux/amd64'), parsePlatform('linux/arm/v7')] },
      ['--platform linux/amd64,linux/arm/v7'],
    ],
    [
      'annotations of the index only where there is one',
      { annotations: { a: 'b' } },
      ['--annotation manifest:a=b'],
    ],
    [
      'annotations of index and manifests',
      { annotations: { a: 'b' }, platforms: [parsePlatform('linux/amd64'), parsePlatform('linux/arm64')] },
      ['--annotation index,manifest:a=b'],
    ],
    [
      'labels, target and caches',
      { labels: { c: 'd' }, target: 'last', cacheFrom: ['type=registry,ref=x'], cacheTo: ['type=inline'] },
      ['--label c=d', '--target last', '--cache-from type=registry,ref=x', '--cache-to type=inline'],
    ],
    [
      'SSH, named contexts, entitlements and what is not to be cached',
      {
        ssh: ['default', 'deploy=/keys/deploy'],
        contexts: ['lib=/context/lib', `base=docker-image://alpine@${DIGEST}`],
        ...{ noCache: true, noCacheFilters: ['deps'], allow: ['network.host'], network: 'host' },
        ...{ addHosts: ['db:10.0.0.1'], pull: true },
      },
      [
        '--ssh default --ssh deploy=/keys/deploy',
        `--build-context lib=/context/lib --build-context base=docker-image://alpine@${DIGEST}`,
        '--no-cache --no-cache-filter deps --allow network.host --network host --add-host db:10.0.0.1 --pull /context',
      ],
    ],
    [
      'settings of BuildKit itself by value',
      { buildArgs: [['BUILDKIT_INLINE_CACHE', '1']] },
      ['--build-arg BUILDKIT_INLINE_CACHE=1'],
    ],
  ])('%s', async (_name, overrides, expected) => {
    const { calls } = await run(overrides);
    for (const part of expected) expect(calls).toContain(part);
  });

  test('timestamps are left alone when asked', async () => {
    expect((await run({ rewriteTimestamps: false })).calls).not.toContain('rewrite-timestamp');
  });

  test('the commit’s time and no variable of the step but those that find the engine', async () => {
    const variables = {
      DOCKER_HOST: 'unix:///d',
      BUILDX_BUILDER: 'b',
      GITHUB_TOKEN: 'ghs_1',
      ACTIONS_RUNTIME_TOKEN: 'r',
    };
    const { environment } = await run({}, variables);
    expect(environment).toContain('SOURCE_DATE_EPOCH=1700000000');
    expect(environment).toContain('DOCKER_HOST=unix:///d');
    expect(environment).toContain('DOCKER_CONFIG=/docker');
    expect(environment).not.toMatch(/ghs_1|ACTIONS_/);
    const withCache = await run({ cacheTo: ['type=gha,mode=max'] }, variables);
    expect(withCache.environment).toContain('ACTIONS_RUNTIME_TOKEN=r');
  });

  test('the images that it may take, and nothing of a policy otherwise', async () => {
    const folder = makeFolder();
    const alpine = 'docker.io/library/alpine:3.20';
    const allowed = { digests: new Set([DIGEST]), tags: new Map([[alpine, parseDigest(DIGEST)]]) };
    const buildx = makeBuildx(
      `/usr/bin/cat "$EXPERIMENTAL_BUILDKIT_SOURCE_POLICY" > ${folder}/policy; ${leaveImage(folder)}`,
    );
    await buildWithBuildkit(makeRequest(folder, { allowed }), makeContext({ path: buildx.path }));
    expect(JSON.parse(readFileSync(join(folder, 'policy'), 'utf8')).rules).toEqual([
      { action: 'DENY', selector: { identifier: 'docker-image*' } },
      { action: 'DENY', selector: { identifier: 'oci-layout*' } },
      { action: 'ALLOW', selector: { identifier: `docker-image://*@${DIGEST}` } },
      {
        action: 'CONVERT',
        selector: { identifier: `docker-image://${alpine}` },
        updates: { identifier: `docker-image://${alpine}@${DIGEST}` },
      },
    ]);
    // Neither a build argument nor a secret's variable is what buildx would obey.
    const name = 'EXPERIMENTAL_BUILDKIT_SOURCE_POLICY';
    const { environment } = await run(
      { buildArgs: [[name, '/evil']], secrets: ['id=x,env=BUILDX_METADATA_PROVENANCE'] },
      { BUILDX_METADATA_PROVENANCE: 'disabled' },
    );
    expect(environment).not.toContain(name);
    expect(environment).toContain('BUILDX_METADATA_PROVENANCE=min');
  });

  test('no value of a build argument or secret among the arguments', async () => {
    const { calls, environment, logged } = await run(
      {
        buildArgs: [
          ['VERSION', 'swordfish-1'],
          ['NPM_TOKEN', 'swordfish-2'],
        ],
        secrets: ['first=swordfish-3', 'id=second,env=SECOND', 'id=THIRD', 'id=fourth,src=/run/fourth'],
      },
      { SECOND: 'swordfish-4', THIRD: 'swordfish-5' },
    );
    expect(calls).not.toContain('swordfish');
    expect(calls).toMatch(/--build-arg VERSION --build-arg NPM_TOKEN/);
    expect(calls).toMatch(
      /--secret id=first,env=HALLMARK_SECRET_\d --secret id=second,env=SECOND --secret id=THIRD --secret id=fourth,src=\/run\/fourth/,
    );
    for (const number of [1, 2, 3, 4, 5]) expect(environment).toContain(`swordfish-${number}`);
    expect(logged.join('\n')).toContain('"NPM_TOKEN" looks like a secret');
    expect(logged.join('\n')).not.toMatch(/swordfish|"VERSION"/);
  });

  test.each([
    ['id=a,env=NONE', 'NONE, which is not set'],
    ['swordfish', 'takes id='],
    ['=swordfish', 'takes id='],
  ])('the secret %s is invalid, without its value', async (secret, message) => {
    const running = run({ secrets: [secret] });
    await expect(running).rejects.toThrow(Invalid);
    await expect(running).rejects.toThrow(message);
    await expect(running).rejects.not.toThrow('swordfish');
  });
});

describe('what buildx leaves behind', () => {
  test('a digest that layout and metadata agree on', async () => {
    expect((await run({})).result).toEqual({ digest: DIGEST, materials: [], checks: [] });
  });

  test.each<[string, (folder: string) => string, new (...args: never[]) => Error, string]>([
    [
      'an old engine’s image ID',
      (folder) => leaveImage(folder, { metadata: `sha256:${'b'.repeat(64)}` }),
      Refused,
      'old engine|its layout holds',
    ],
    ['nothing', () => 'true', Unavailable, 'wrote no OCI layout'],
    ['two images', (folder) => leaveImage(folder, { manifests: 2 }), Unavailable, 'wrote no OCI layout'],
    // Recorded from buildx 0.37.2 with BuildKit 0.33.1.
    [
      'a Dockerfile that does not parse',
      () =>
        'echo "ERROR: failed to build: failed to solve: dockerfile parse error on line 2: unknown instruction: COPX" >&2; exit 1',
      Invalid,
      '^file: .*unknown instruction',
    ],
    [
      'a step that fails',
      () =>
        'echo "ERROR: failed to build: failed to solve: process \\"false\\" did not complete successfully: exit code: 1" >&2; exit 1',
      Invalid,
      '^file: .*exit code: 1',
    ],
    [
      'an image that it may not take',
      () =>
        'echo "ERROR: failed to build: failed to solve: failed to do request: source \\"docker-image://docker.io/library/alpine:latest\\" denied by policy: source denied by policy" >&2; exit 1',
      Refused,
      'the build asks for docker.io/library/alpine:latest, which is none',
    ],
    [
      'a registry out of reach',
      () =>
        'echo "ERROR: failed to build: failed to solve: x: failed to resolve source metadata for x: failed to do request: Head \\"http://x\\": dial tcp: connect: connection refused" >&2; exit 1',
      Unavailable,
      'connection refused',
    ],
    [
      'a step that prints "connection refused" and fails',
      () =>
        'echo "#5 0.1 connection refused" >&2; echo "ERROR: failed to solve: process \\"npm test\\" did not complete successfully: exit code: 1" >&2; exit 1',
      Invalid,
      '^file: ',
    ],
  ])('%s', async (_name, script, type, message) => {
    const folder = makeFolder();
    const buildx = makeBuildx(script(folder));
    const context = makeContext({ path: `${buildx.path}:/usr/bin:/bin` });
    const running = buildWithBuildkit(makeRequest(folder), context);
    await expect(running).rejects.toThrow(type);
    await expect(running).rejects.toThrow(new RegExp(message));
  });
});

describe('materials', () => {
  const sha256 = 'c'.repeat(64);
  // The shape that buildx 0.37.2 writes, arguments and all.
  const provenance = (materials: unknown) => ({
    buildType: 'https://mobyproject.org/buildkit@v1',
    invocation: { parameters: { args: { 'build-arg:API_TOKEN': 'swordfish' } } },
    materials,
  });
  test.each<[string, Record<string, unknown>, unknown]>([
    ['none', { 'containerimage.digest': DIGEST }, []],
    ['none for a build from scratch', { 'buildx.build.provenance': provenance(undefined) }, []],
    [
      'a base image, once for two platforms',
      {
        'buildx.build.provenance/linux/amd64': provenance([
          { uri: 'pkg:docker/alpine@3?platform=linux%2Famd64', digest: { sha256 } },
        ]),
        'buildx.build.provenance/linux/arm64': provenance([
          { uri: 'pkg:docker/alpine@3?platform=linux%2Famd64', digest: { sha256 } },
        ]),
      },
      [{ uri: 'pkg:docker/alpine@3?platform=linux%2Famd64', digest: { sha256 } }],
    ],
    [
      'SLSA v1',
      {
        'buildx.build.provenance': {
          buildDefinition: { resolvedDependencies: [{ uri: 'pkg:docker/a@1', digest: { sha256 } }] },
        },
      },
      [{ uri: 'pkg:docker/a@1', digest: { sha256 } }],
    ],
    [
      'nothing without a digest',
      {
        'buildx.build.provenance': provenance([
          { uri: 'https://example.com/x' },
          { uri: 'pkg:docker/a', digest: {} },
        ]),
      },
      [],
    ],
    [
      'addresses without passwords and queries',
      {
        'buildx.build.provenance': provenance([
          { uri: 'https://me:swordfish@example.com/x?sig=swordfish#part', digest: { sha256 } },
          { uri: 'git+https://swordfish@example.com/x.git', digest: { sha1: 'd' } },
        ]),
      },
      [
        { uri: 'https://example.com/x#part', digest: { sha256 } },
        { uri: 'git+https://example.com/x.git', digest: { sha1: 'd' } },
      ],
    ],
  ])('%s', (_name, metadata, expected) => expect(readMaterials(metadata)).toEqual(expected));

  test('a shape that is not known is an error, not "no materials"', () => {
    expect(() => readMaterials({ 'buildx.build.provenance': provenance('alpine') })).toThrow(Unavailable);
  });
});

describe('the choice of a builder', () => {
  // Recorded from buildx 0.37.2: `buildx inspect`.
  const remote =
    'printf "Name:          t\\nDriver:        remote\\n\\nNodes:\\nName:     t0\\nStatus:           running\\n"';
  const docker =
    'printf "Name:   default\\nDriver: docker\\n\\nNodes:\\nName:     default\\nStatus:           running\\n"';
  const down =
    'printf "Name:   default\\nDriver: \\nError:  failed to connect to the docker API at unix:///var/run/docker.sock\\n"';
  const answer = (inspect: string, build = 'exit 1'): string =>
    `case "$1" in version) ;; inspect) ${inspect} ;; build) ${build} ;; esac`;

  test.each<
    [
      string,
      {
        script: string | undefined;
        layers: boolean;
        builder?: 'auto' | 'buildkit' | 'layers';
        file?: boolean;
      },
      string,
    ]
  >([
    [
      'a Dockerfile and an engine',
      { script: answer(remote), layers: false },
      'buildkit: there is a Dockerfile and an engine (driver remote)',
    ],
    [
      'all of it',
      { script: answer(remote), layers: true },
      'buildkit: there is a Dockerfile and an engine (driver remote)',
    ],
    [
      'Docker’s own engine with the containerd store',
      { script: answer(docker, 'exit 0'), layers: false },
      'buildkit: there is a Dockerfile and an engine (driver docker)',
    ],
    [
      'an old engine, and files',
      { script: answer(docker), layers: true },
      'layers: base or files is given and no engine can build Dockerfile: the "docker" driver of this engine writes no OCI layouts',
    ],
    [
      'an engine too old, and files',
      {
        script: answer(remote.replace('running\\n', 'running\\nBuildKit version: v0.12.5\\n')),
        layers: true,
      },
      'layers: base or files is given and no engine can build Dockerfile: its BuildKit is v0.12.5, and 0.13.0 is the oldest',
    ],
    [
      'an engine of a version that says nothing',
      {
        script: answer(remote.replace('running\\n', 'running\\nBuildKit version: master-g123\\n')),
        layers: false,
      },
      'buildkit: there is a Dockerfile and an engine (driver remote)',
    ],
    [
      'an engine that is down, and files',
      { script: answer(down), layers: true },
      'layers: base or files is given and no engine can build Dockerfile: its builder does not run: failed to connect',
    ],
    [
      'no engine, and files',
      { script: undefined, layers: true },
      'layers: base or files is given and no engine can build Dockerfile: neither',
    ],
    [
      'no Dockerfile, and files',
      { script: answer(remote), layers: true, file: false },
      'layers: base or files is given and there is no Dockerfile',
    ],
    [
      'layers by name',
      { script: answer(remote), layers: true, builder: 'layers' },
      'layers: it was asked for',
    ],
    [
      'buildkit by name',
      { script: answer(remote), layers: true, builder: 'buildkit' },
      'buildkit: it was asked for',
    ],
    [
      'buildkit by name, no engine',
      { script: undefined, layers: true, builder: 'buildkit' },
      'Unavailable: no engine can build Dockerfile: neither',
    ],
    [
      'a Dockerfile alone, an old engine',
      { script: answer(docker), layers: false },
      'Unavailable: no engine can build Dockerfile: the "docker" driver',
    ],
  ])('%s', async (_name, { script, layers, builder = 'auto', file = true }, expected) => {
    const folder = makeFolder();
    if (file) writeFileSync(join(folder, 'Dockerfile'), 'FROM scratch\n');
    const path = script === undefined ? folder : makeBuildx(script).path;
    const choice = {
      builder,
      file: join(folder, 'Dockerfile'),
      fileName: 'Dockerfile',
      fileNamed: false,
      layersConfigured: layers,
    };
    const chosen = await chooseBuilder(choice, makeContext({ path })).then(
      ({ name, why }) => `${name}: ${why}`,
      (error: Error) => `${error.name}: ${error.message}`,
    );
    expect(chosen).toContain(expected);
  });

  test('the plugin of docker goes before a buildx by itself', async () => {
    const folder = makeFolder();
    writeFileSync(join(folder, 'Dockerfile'), 'FROM scratch\n');
    const plugin = makeBuildx(`shift; ${answer(remote)}`, 'docker');
    const choice = {
      builder: 'auto' as const,
      file: join(folder, 'Dockerfile'),
      fileName: 'Dockerfile',
      fileNamed: false,
      layersConfigured: false,
    };
    const chosen = await chooseBuilder(
      choice,
      makeContext({ path: `${plugin.path}:${makeBuildx(answer(remote)).path}` }),
    );
    expect(chosen).toMatchObject({ engine: { command: 'docker', prefix: ['buildx'] } });
  });
});

describe('what build checks say', () => {
  const warn = (short: string, line?: number): object => ({
    short: Buffer.from(short).toString('base64'),
    url: 'https://docs.docker.com/rule',
    range: line === undefined ? null : [{ start: { line }, end: { line } }],
  });
  test('is read from the metadata, each once, with its line', () => {
    const maintainer = warn('MaintainerDeprecated: Maintainer is deprecated (line 6)', 6);
    const metadata = { 'buildx.build.warnings': [maintainer, maintainer, warn('no rule at all')] };
    const url = 'https://docs.docker.com/rule';
    expect(readChecks(metadata)).toEqual([
      { name: 'MaintainerDeprecated', message: 'Maintainer is deprecated', url, line: 6 },
      { name: 'BuildCheck', message: 'no rule at all', url, line: undefined },
    ]);
  });
  test.each([[{}], [{ 'buildx.build.warnings': 'none' }], [{ 'buildx.build.warnings': [{}] }]])(
    'is nothing in %j',
    (metadata) => expect(readChecks(metadata)).toEqual([]),
  );
});
