import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureTool } from '../../scripts/tools.ts';
import { runProcess } from '../../shared/process/run.ts';
import { startWorld, type World } from '../actions/world.ts';
import {
  findMissing,
  findProgram,
  type Peer,
  startCraneRegistry,
  startDistribution,
  startDockerd,
  startReferenceRegistry,
} from '../servers/peers.ts';

/*
 * What the layers builder assembles is an image to everybody else: crane, skopeo and Docker pull it, check it and run it.
 */
const missing = await findMissing({
  programs: ['docker-registry', 'skopeo', 'docker', 'dockerd', 'runc', 'busybox', 'git'],
  tools: ['crane', 'registry'],
  root: true,
});

describe.skipIf(missing)(`what we build is pulled${missing && ` (skipped: ${missing})`}`, () => {
  let world: World;
  let engine: Peer;
  const peers: Peer[] = [];
  const hosts: Record<string, string> = {};

  beforeAll(async () => {
    world = await startWorld();
    engine = await startDockerd();
    for (const [name, start] of [
      ['reference', startReferenceRegistry],
      ['crane', startCraneRegistry],
      ['debian', startDistribution],
    ] as const) {
      const peer = await start();
      peers.push(peer);
      hosts[name] = peer.address;
    }
    hosts['embedded'] = world.registry.host;
    copyFileSync(findProgram('busybox') ?? '', join(world.workspace, 'busybox'));
    world.commit({ 'etc/motd': 'struck after the assay\n' }, 'Add files');
  });
  afterAll(async () => {
    await Promise.all([world?.close(), engine?.close(), ...peers.map((peer) => peer.close())]);
  });

  /** Runs a program to its end; throws with what it said when it fails. */
  async function run(program: string, ...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await runProcess(program, args, {
      env: { PATH: process.env.PATH ?? '', HOME: world.folder, DOCKER_HOST: engine.address },
      cwd: world.workspace,
      deadline: AbortSignal.timeout(60_000),
    });
    if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
    return stdout.toString().trim();
  }

  const LAYERS = {
    builder: 'layers',
    base: 'scratch',
    files: 'busybox:/bin/busybox\netc:/etc',
    // Of more than one block, in a layer of its own.
    layers: '/bin',
    entrypoint: '/bin/busybox cat',
    user: '65532:65532',
  };
  const RUN = ['run', '--rm', '--network', 'none', '--read-only'];

  describe.each(['embedded', 'reference', 'crane', 'debian'])('from the %s registry', (name) => {
    const built: Record<'one' | 'two', { image: string; repository: string; digest: string; tags: string }> =
      {
        one: { image: '', repository: '', digest: '', tags: '' },
        two: { image: '', repository: '', digest: '', tags: '' },
      };

    beforeAll(async () => {
      for (const [which, platforms] of [
        ['one', 'linux/amd64'],
        ['two', 'linux/amd64,linux/arm64'],
      ] as const) {
        const repository = `${hosts[name]}/octo/${which}`;
        const { outputs, log } = await world.run('build', { ...LAYERS, platforms, repository });
        expect({ outputs, log }).toMatchObject({ outputs: { outcome: 'passed' } });
        built[which] = { ...built[which], ...outputs };
      }
    });

    test.each(['one', 'two'] as const)('crane validates and pulls %s', async (which) => {
      const crane = await ensureTool('crane');
      const { image, digest, repository, tags } = built[which];
      expect(await run(crane, 'validate', '--remote', image)).toMatch(/^PASS/);
      expect(await run(crane, 'digest', `${repository}:${tags}`)).toBe(digest);
      const archive = join(world.folder, `${name}-${which}.tar`);
      await run(crane, 'pull', '--platform', 'linux/amd64', image, archive);
      expect(await run(crane, 'validate', '--tarball', archive)).toMatch(/^PASS/);
      await run(crane, 'pull', '--format', 'oci', image, join(world.folder, `${name}-${which}-oci`));
    });

    test.each(['one', 'two'] as const)(
      'skopeo inspects and copies %s, and the digest stays',
      async (which) => {
        const { image, digest } = built[which];
        const seen = JSON.parse(
          await run(
            'skopeo',
            'inspect',
            '--tls-verify=false',
            '--override-arch',
            'amd64',
            `docker://${image}`,
          ),
        );
        expect(seen).toMatchObject({ Digest: digest, Os: 'linux', Architecture: 'amd64' });
        const layout = `${world.folder}/skopeo-${name}-${which}`;
        await run(
          'skopeo',
          'copy',
          '--all',
          '--src-tls-verify=false',
          `docker://${image}`,
          `oci:${layout}:copied`,
        );
        const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8'));
        expect(index.manifests.map((one: { digest: string }) => one.digest)).toContain(digest);
      },
    );

    test.each(['one', 'two'] as const)('Docker pulls and runs %s', async (which) => {
      const { image, digest, repository, tags } = built[which];
      expect(await run('docker', 'pull', '--quiet', `${repository}:${tags}`)).toContain(repository);
      const digests = await run(
        'docker',
        'inspect',
        '--format',
        '{{json .RepoDigests}}',
        `${repository}:${tags}`,
      );
      expect(JSON.parse(digests)).toContain(`${repository}@${digest}`);
      expect(await run('docker', ...RUN, image, '/etc/motd')).toBe('struck after the assay');
    });
  });

  test('from a layout: crane and skopeo read it, and Docker loads and runs it', async () => {
    const { outputs, log } = await world.run('build', { ...LAYERS, push: 'false', provenance: 'false' });
    expect({ outputs, log }).toMatchObject({ outputs: { outcome: 'passed' } });
    const folder = (outputs['repository'] ?? '').replace('oci:', '');
    const crane = await ensureTool('crane');
    const pushed = await run(crane, 'push', '--index', folder, `${hosts['reference']}/octo/layout:1`);
    expect(await run(crane, 'validate', '--remote', pushed)).toMatch(/^PASS/);
    const archive = join(world.folder, 'docker.tar');
    await run('skopeo', 'copy', `oci:${folder}`, `docker-archive:${archive}:octo/layout:1`);
    await run('docker', 'load', '--input', archive);
    expect(await run('docker', ...RUN, 'octo/layout:1', '/etc/motd')).toBe('struck after the assay');
  });
});
