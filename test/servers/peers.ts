// The real peers of interop and bench: other people's registries and engines, each on a free loopback port
// or a socket of its own, in a temporary folder, ended by its process id.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { ensureTool, type ToolName } from '../../scripts/tools.ts';

export interface Peer {
  /** `127.0.0.1:PORT` of a registry, `unix://…` of an engine. */
  readonly address: string;
  /** What it has printed so far. */
  output(): string;
  /** Ends it and removes its folder. */
  close(): Promise<void>;
}

/** The path of a program that the machine's package manager installs, or undefined. */
export function findProgram(name: string): string | undefined {
  for (const folder of [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/bin']) {
    if (folder !== '' && existsSync(join(folder, name))) return join(folder, name);
  }
  return undefined;
}

export interface Needs {
  /** Programs of the machine's package manager. */
  readonly programs?: readonly string[];
  /** Tools that `ensureTool` builds. */
  readonly tools?: readonly ToolName[];
  /** Root on Linux: buildkitd and dockerd mount and run containers. */
  readonly root?: boolean;
}

/**
 * What of `needs` is missing here, for `describe.skipIf(missing)` and its title; empty when all is there.
 * In CI (the variable CI is set) a missing peer is an error: nothing is skipped there.
 */
export async function findMissing({ programs = [], tools = [], root = false }: Needs): Promise<string> {
  const missing = programs.filter((name) => findProgram(name) === undefined).map((name) => `no ${name}`);
  for (const tool of tools) await ensureTool(tool).catch((error) => missing.push(`no ${tool}: ${error}`));
  if (root && (process.platform !== 'linux' || process.getuid?.() !== 0)) missing.push('not root on Linux');
  if (missing.length > 0 && process.env.CI) throw new Error(`interop lacks a peer: ${missing.join(', ')}`);
  return missing.join(', ');
}

/** Debian's docker-registry (distribution 2.8): no referrers API. */
export async function startDistribution(): Promise<Peer> {
  const folder = mkdtempSync(join(tmpdir(), 'hallmark-distribution-'));
  const config = {
    version: '0.1',
    log: { level: 'info', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, 'data') }, delete: { enabled: true } },
    http: { addr: '127.0.0.1:0', secret: 'loopback' },
  };
  writeFileSync(join(folder, 'config.yml'), JSON.stringify(config));
  return startPeer(required('docker-registry'), ['serve', join(folder, 'config.yml')], {
    folder,
    ready: /listening on (127\.0\.0\.1:\d+)/,
  });
}

/** The reference registry of google/go-containerregistry: with the referrers API, in memory. */
export async function startReferenceRegistry(): Promise<Peer> {
  const folder = mkdtempSync(join(tmpdir(), 'hallmark-registry-'));
  return startPeer(await ensureTool('registry'), [], { folder, ready: /serving on (127\.0\.0\.1:\d+)/ });
}

/** `crane registry serve`: the same without the referrers API, on disk. */
export async function startCraneRegistry(): Promise<Peer> {
  const folder = mkdtempSync(join(tmpdir(), 'hallmark-crane-'));
  const peer = await startPeer(
    await ensureTool('crane'),
    ['registry', 'serve', '--address', '127.0.0.1:0', '--disk', folder],
    { folder, ready: /serving on port (\d+)/ },
  );
  return { ...peer, address: `127.0.0.1:${peer.address}` };
}

/**
 * BuildKit with a runc worker. `registries` are `127.0.0.1:PORT` hosts that it may reach without TLS.
 * Needs root and runc.
 */
export async function startBuildkitd(registries: readonly string[] = []): Promise<Peer> {
  const folder = mkdtempSync(join(tmpdir(), 'hallmark-buildkitd-'));
  const address = `unix://${join(folder, 'buildkitd.sock')}`;
  const plain = registries.map((host) => `[registry."${host}"]\n  http = true\n`).join('');
  writeFileSync(
    join(folder, 'buildkitd.toml'),
    `root = "${join(folder, 'root')}"\n[worker.oci]\n  enabled = true\n  networkMode = "host"\n[worker.containerd]\n  enabled = false\n${plain}`,
  );
  const peer = await startPeer(
    await ensureTool('buildkitd'),
    ['--config', join(folder, 'buildkitd.toml'), '--addr', address],
    { folder, ready: /running server on/ },
  );
  return { ...peer, address };
}

/** A Docker engine without networks: pulls from loopback registries, runs containers with `--network none`. Needs root. */
export async function startDockerd(): Promise<Peer> {
  const folder = mkdtempSync(join(tmpdir(), 'hallmark-dockerd-'));
  const address = `unix://${join(folder, 'docker.sock')}`;
  // An empty configuration: the machine's own must not show.
  writeFileSync(join(folder, 'daemon.json'), '{}');
  const peer = await startPeer(
    required('dockerd'),
    [
      ...['--data-root', join(folder, 'root'), '--exec-root', join(folder, 'exec')],
      ...['--pidfile', join(folder, 'docker.pid'), '--host', address],
      ...[
        '--config-file',
        join(folder, 'daemon.json'),
        '--bridge=none',
        '--iptables=false',
        '--ip6tables=false',
      ],
    ],
    { folder, ready: /API listen on/ },
  );
  return { ...peer, address };
}

/** What podman, which has no daemon, finds its own storage and settings by; `close` takes away all that it keeps there. Needs root. */
export function preparePodman(): { variables: Record<string, string>; close(): Promise<void> } {
  const folder = mkdtempSync(join(tmpdir(), 'hallmark-podman-'));
  const storage = { driver: 'overlay', graphroot: join(folder, 'root'), runroot: join(folder, 'run') };
  const rows = Object.entries(storage).map(([key, value]) => `${key} = "${value}"`);
  writeFileSync(join(folder, 'storage.conf'), ['[storage]', ...rows, ''].join('\n'));
  // Its own limits are higher than a machine without CAP_SYS_RESOURCE may set.
  const limits = '[containers]\ndefault_ulimits = ["nofile=1000:1000", "nproc=500:500"]\n';
  writeFileSync(join(folder, 'containers.conf'), limits);
  const variables = {
    CONTAINERS_CONF: join(folder, 'containers.conf'),
    CONTAINERS_STORAGE_CONF: join(folder, 'storage.conf'),
  };
  const env = { ...process.env, ...variables };
  return {
    variables,
    close: async () => {
      await promisify(execFile)(required('podman'), ['system', 'reset', '--force'], { env, timeout: 60_000 });
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** Prometheus, which reads its metrics from `target` (`127.0.0.1:PORT`) each second. */
export async function startPrometheus(target: string): Promise<Peer> {
  const folder = mkdtempSync(join(tmpdir(), 'hallmark-prometheus-'));
  const config = {
    global: { scrape_interval: '1s' },
    scrape_configs: [{ job_name: 'hallmark', static_configs: [{ targets: [target] }] }],
  };
  // JSON is YAML.
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(config));
  return startPeer(
    required('prometheus'),
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      '--web.listen-address=127.0.0.1:0',
    ],
    // It names its address before it answers there: until the last line every request gets a 503.
    { folder, ready: /address=(127\.0\.0\.1:[1-9]\d*)[\s\S]*Server is ready to receive web requests/ },
  );
}

function required(name: string): string {
  const path = findProgram(name);
  if (path === undefined) throw new Error(`${name} is not installed`);
  return path;
}

/** What still runs, and its folder: ended also when a test run breaks off. */
const running = new Map<ChildProcess, string>();
process.once('exit', () => {
  for (const [child, folder] of running) {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
});

/** Starts a program and waits for the line that says it is ready; `address` is that line's first group. */
async function startPeer(
  command: string,
  args: readonly string[],
  { folder, ready }: { folder: string; ready: RegExp },
): Promise<Peer> {
  const child = spawn(command, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  running.set(child, folder);
  const ended = once(child, 'close').then(
    () => running.delete(child),
    () => running.delete(child),
  );
  const close = async (): Promise<void> => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(timer);
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  let output = '';
  const address = new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${command} was not ready in 30 s:\n${output}`)), 30_000);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        const match = ready.exec(output);
        if (match === null) return;
        clearTimeout(timer);
        resolve(match[1] ?? '');
      });
    }
    child.on('error', reject);
    child.on('close', (code) => reject(new Error(`${command} ended with ${code}:\n${output}`)));
  });
  try {
    return { address: await address, output: () => output, close };
  } catch (error) {
    await close();
    throw error;
  }
}
