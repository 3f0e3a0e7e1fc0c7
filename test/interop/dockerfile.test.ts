// The line of the Dockerfile that brought each layer, of images that BuildKit itself builds; and what SBOMs of the real Trivy hold.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPlainStore } from '../../scripts/demo/tamper.ts';
import { ensureTool } from '../../scripts/tools.ts';
import { type Package, readPackages, readSbomPackages } from '../../shared/evidence/packages.ts';
import { findRecipe, parseDockerfile } from '../../shared/image/dockerfile.ts';
import { describeLayers, layeredConfigSchema } from '../../shared/image/history.ts';
import { parseDigestReference } from '../../shared/image/reference.ts';
import { listSubjects, readConfig } from '../../shared/store/subjects.ts';
import { startWorld, type World } from '../actions/world.ts';
import { findMissing, type Peer, startBuildkitd } from '../servers/peers.ts';
import { writeLayered } from '../trivy/layered.ts';
import { putBusybox, useBuildx } from './buildx.ts';

const missing = await findMissing({
  programs: ['runc', 'busybox'],
  tools: ['buildkitd', 'buildx', 'trivy'],
  root: true,
});

describe.skipIf(missing)(`Dockerfiles${missing && ` (skipped: ${missing})`}`, () => {
  let world: World;
  let engine: Peer;
  let variables: Record<string, string | undefined>;
  let base: string;

  beforeAll(async () => {
    world = await startWorld();
    engine = await startBuildkitd([world.registry.host]);
    variables = await useBuildx(world, { remote: engine.address });
    putBusybox(world, ['busybox', 'sh', 'mkdir', 'touch', 'echo', 'cat']);
    world.commit({}, 'A base of our own');
    const built = await world.run('build', {
      ...{ repository: `${world.registry.host}/base`, files: 'busybox:/', builder: 'layers' },
    });
    expect(built.code, built.log).toBe(0);
    base = built.outputs.image ?? '';
  }, 120_000);
  afterAll(async () => {
    await Promise.all([world?.close(), engine?.close()]);
  });

  /** Builds a Dockerfile; gives its image. */
  async function build(content: string, inputs: Record<string, string> = {}): Promise<string> {
    const files = { Dockerfile: content, 'app/a.txt': 'a', 'b.txt': 'b' };
    const sha = world.commit(files, content);
    const { code, outputs, log } = await world.run(
      'build',
      { repository: `${world.registry.host}/app`, ...inputs },
      { sha, variables },
    );
    expect(code, log).toBe(0);
    return outputs.image ?? '';
  }

  async function describeImage(image: string, content: string, target?: string) {
    const reference = parseDigestReference(image);
    const store = openPlainStore(reference);
    const [platform] = (await listSubjects(store, reference.digest)).platforms;
    if (platform === undefined) throw new Error('no platform');
    const config = layeredConfigSchema.parse(JSON.parse(String(await readConfig(store, platform))));
    const recipe = findRecipe(parseDockerfile(content), target);
    return describeLayers(platform.manifest, config, { recipe, baseLayers: 1 });
  }

  it.each<[string, (from: string) => string, (number | undefined)[], Record<string, string>?]>([
    [
      'every instruction that brings a layer',
      (from) => `# syntax of a file
FROM ${from}
ARG GREETING=hi
ARG TOKEN
ENV A=$GREETING
WORKDIR /work
COPY app ./app
RUN mkdir -p /x && \\
    # a comment between
    touch /x/y   &&   touch /x/z
RUN ["/bin/touch", "/exec"]
COPY --chmod=644 b.txt /b.txt
ADD b.txt /c.txt
USER 1000
EXPOSE 80
LABEL a=b
CMD ["/bin/sh"]
`,
      [2, 6, 7, 8, 11, 12, 13],
      { 'build-args': 'TOKEN=swordfish' },
    ],
    [
      'stages on top of each other, and here-documents',
      (from) => `FROM ${from} AS one
RUN touch /one
FROM ${from} AS other
RUN touch /other
FROM one
COPY --from=other /other /other
RUN <<EOF
touch /here
EOF
RUN touch /last
`,
      [1, 2, 6, 7, 10],
    ],
    ['a variable in a path', (from) => `FROM ${from}\nARG P=app\nCOPY $P /p\nRUN touch /x\n`, [1, 3, 4]],
    [
      'another shell',
      (from) => `FROM ${from}\nSHELL ["/bin/sh", "-e", "-c"]\nRUN touch /x; echo "a  b" > /y\n`,
      [1, 3],
    ],
  ])('have lines: %s', { timeout: 120_000 }, async (_, write, lines, inputs = {}) => {
    const content = write(base);
    const layers = await describeImage(await build(content, inputs), content);
    expect(layers.map(({ line }) => line)).toEqual(lines);
    expect(layers.map(({ base: below }) => below)).toEqual(lines.map((__, at) => at === 0));
    expect(JSON.stringify(layers)).not.toContain('swordfish');
  });

  it('have no line when the file is another one', { timeout: 120_000 }, async () => {
    const content = `FROM ${base}\nRUN touch /q\nRUN touch /w\n`;
    const image = await build(content);
    for (const other of [
      'RUN touch /q\nRUN touch /e',
      'RUN touch /w',
      'RUN touch /a\nRUN touch /q\nRUN touch /w',
    ]) {
      const layers = await describeImage(image, `FROM ${base}\n${other}\n`);
      expect(
        layers.map(({ line }) => line),
        other,
      ).toEqual([undefined, undefined, undefined]);
    }
  });

  it('give packages whose SBOMs say the same as the report', { timeout: 120_000 }, async () => {
    const place = `${world.registry.host}/packages`;
    const status = ['libc6', 'openssl']
      .map(
        (name) =>
          `Package: ${name}\nStatus: install ok installed\nVersion: 1:3.0-2+deb12u1\nArchitecture: amd64\n`,
      )
      .join('\n');
    const digest = await writeLayered(
      openPlainStore(parseDigestReference(`${place}@sha256:${'0'.repeat(64)}`)),
      [
        {
          createdBy: 'ADD rootfs',
          files: {
            'etc/debian_version': '12.5\n',
            'etc/os-release': 'ID=debian\nVERSION_ID="12"\n',
            'var/lib/dpkg/status': status,
            'app/node_modules/@x/y/package.json': '{"name":"@x/y","version":"1.0.0","license":"MIT"}',
            'app/six-1.16.0.dist-info/METADATA':
              'Metadata-Version: 2.1\nName: six\nVersion: 1.16.0\nLicense: MIT\n',
          },
        },
      ],
    );
    const { outputs, log } = await world.run('sbom', {
      ...{ image: `${place}@${digest}`, 'trivy-path': await ensureTool('trivy') },
    });
    const read = (output: string): unknown => JSON.parse(readFileSync(String(outputs[output]), 'utf8'));
    const tell = (packages: Package[] | undefined) =>
      packages?.map(({ type, name, version }) => `${type} ${name} ${version}`).sort();
    const review = read('review') as { platforms: unknown[] };
    expect(review.platforms, log).toHaveLength(1);
    const expected = [
      'deb libc6 1:3.0-2+deb12u1',
      'deb openssl 1:3.0-2+deb12u1',
      'npm @x/y 1.0.0',
      'pypi six 1.16.0',
    ];
    for (const output of ['sbom-cyclonedx', 'sbom-spdx']) {
      expect(tell(readSbomPackages(read(output))), output).toEqual(expected);
    }
    const report = join(dirname(String(outputs['sbom-spdx'])), 'trivy.json');
    expect(tell(readPackages(JSON.parse(readFileSync(report, 'utf8'))))).toEqual(expected);
  });
});
