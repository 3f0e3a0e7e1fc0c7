// Marked build arguments and build secrets, used by a build that BuildKit makes. Afterwards they are looked for in everything that it left behind.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findTraces } from '../actions/traces.ts';
import { startWorld, type World } from '../actions/world.ts';
import { findMissing, type Peer, startBuildkitd } from '../servers/peers.ts';
import { putBusybox, useBuildx } from './buildx.ts';

const SECRETS = {
  'the build argument': 'MARKED-build-argument-0001',
  'the build secret from a variable': 'MARKED-build-secret-0002',
  'the build secret by value': 'MARKED-build-secret-0003',
  GITHUB_TOKEN: 'ghs_MARKED0in0the0environment0000000004',
};

const missing = await findMissing({
  programs: ['runc', 'busybox'],
  tools: ['buildkitd', 'buildx'],
  root: true,
});

describe.skipIf(missing)(`secrets of a build by BuildKit${missing && ` (skipped: ${missing})`}`, () => {
  let world: World;
  let engine: Peer;
  let variables: Record<string, string>;

  beforeAll(async () => {
    world = await startWorld();
    engine = await startBuildkitd([world.registry.host]);
    variables = {
      ...(await useBuildx(world, { remote: engine.address })),
      TMPDIR: join(world.folder, 'temp'),
      RUNNER_DEBUG: '1',
      GITHUB_TOKEN: SECRETS.GITHUB_TOKEN,
      BUILD_SECRET: SECRETS['the build secret from a variable'],
    };
    putBusybox(world);
    world.commit({}, 'A base of our own');
    const base = await world.run('build', {
      repository: `${world.registry.host}/base`,
      files: 'busybox:/',
      builder: 'layers',
    });
    expect(base.outputs.outcome, base.log).toBe('passed');
    const uses = ['[ -n "$API_TOKEN" ]', '[ -s /run/secrets/first ]', '[ -s /run/secrets/second ]'];
    world.commit(
      {
        // Used in a stage that is thrown away: what an instruction of the last one is given stands in the image's history.
        Dockerfile: `FROM ${base.outputs.image} AS made
ARG API_TOKEN
RUN --mount=type=secret,id=first --mount=type=secret,id=second ${JSON.stringify([
          ...['/bin/busybox', 'sh', '-c'],
          [...uses, '/bin/busybox touch /made'].join(' && '),
        ])}
FROM scratch
COPY --from=made /made /made
`,
        'Dockerfile.fails': `FROM ${base.outputs.image}
ARG API_TOKEN
RUN --mount=type=secret,id=first ["/bin/busybox", "false"]
`,
      },
      'An application',
    );
  });
  afterAll(async () => {
    await Promise.all([world?.close(), engine?.close()]);
  });

  test.each([
    ['that succeeds', 'Dockerfile', 'passed'],
    ['that fails', 'Dockerfile.fails', 'invalid'],
  ])('are nowhere after one %s', async (_, file, outcome) => {
    const built = await world.run(
      'build',
      {
        repository: `${world.registry.host}/octo/${outcome}`,
        file,
        'build-args': `API_TOKEN=${SECRETS['the build argument']}`,
        secrets: `id=first,env=BUILD_SECRET\nsecond=${SECRETS['the build secret by value']}`,
      },
      { variables },
    );
    expect(built.outputs.outcome, built.log).toBe(outcome);
    const folders = ['temp', 'registry', 'workspace', 'buildx'].map((name) => join(world.folder, name));
    const secrets = { ...SECRETS, 'the OIDC request token': world.sigstore.requestToken };
    expect(findTraces(built, secrets, folders)).toEqual([]);
  });
});
