import { randomUUID } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import * as z from 'zod';
import { Unavailable } from '../outcome/outcome.ts';
import { readJson } from '../store/json.ts';
import type { Engine, EngineName } from './engine.ts';
import type { LoadedImage } from './load.ts';

/** What a container may use, and what it is given. */
export interface ContainerLimits {
  readonly readOnly: boolean;
  /** MiB; swap does not add to it. */
  readonly memory: number;
  readonly processes: number;
  /** Path of a file of KEY=value lines, or undefined. */
  readonly envFile: string | undefined;
  /** True: a network of its own with this machine, and nothing beyond. False: none at all. */
  readonly network: boolean;
}

const stateSchema = z.object({
  Running: z.boolean(),
  ExitCode: z.number(),
  OOMKilled: z.boolean(),
});
export type ContainerState = z.infer<typeof stateSchema>;

const networksSchema = z.record(z.string(), z.object({ IPAddress: z.string(), Gateway: z.string() }));

/** A container that was made and not yet started. */
export interface Container {
  /** Starts it. Answers with why where the image's command cannot be run at all; any other failure is `Unavailable`. */
  start(): Promise<string | undefined>;
  readState(): Promise<ContainerState>;
  /** Its address on its own network; empty while it does not run. `Unavailable` where the way to it does not begin on this machine. */
  readAddress(): Promise<string>;
  /** Runs a command in it. `Unavailable` when it does not end in `seconds` or prints too much. */
  exec(command: readonly string[], seconds: number): Promise<{ status: number; text: string }>;
  /** Sends SIGTERM (or the image's STOPSIGNAL), and SIGKILL after `seconds`. */
  stop(seconds: number): Promise<void>;
  /** Its last lines on standard output and standard error. */
  readLogs(): Promise<{ stdout: string; stderr: string }>;
  /** Paths that differ from the image; volumes are not among them. */
  listChanges(): Promise<string[]>;
  /** Ends and removes it with its anonymous volumes and its network. */
  remove(): Promise<void>;
}

/** What podman itself puts into every container: places to mount, and the image's user, who cannot write these files. */
const PODMAN_OWN = new Set([
  ...[
    '/etc/group',
    '/etc/passwd',
    '/dev',
    '/etc',
    '/proc',
    '/run',
    '/sys',
    '/etc/hostname',
    '/etc/hosts',
    '/etc/mtab',
  ],
  ...['/etc/resolv.conf', '/run/.containerenv', '/run/secrets'],
]);
/** What engines give for a command that is no program, or is not there (docs.docker.com, "docker run", Exit status). */
const NOT_RUN = new Set([126, 127]);
const LOG_LINES = '200';
/** Whether an exec ended by the engine's own fault, of which the exit code says nothing: it could be the one that a check wants. */
const OWN_ERROR: Readonly<Record<EngineName, (code: number, stderr: string) => boolean>> = {
  docker: (_, stderr) =>
    /^(?:Error response from daemon|Cannot connect to|error during connect)/.test(stderr),
  podman: (code, stderr) => (code === 125 || code === 255) && stderr.startsWith('Error: '),
};

/**
 * Makes a container as locked down as an image should stand: no capabilities, no new privileges, limited memory and processes, and no
 * network but one that leads nowhere. It is named here, so that it can be removed whatever became of the command that made it.
 */
export async function createContainer(
  engine: Engine,
  image: LoadedImage,
  limits: ContainerLimits,
): Promise<Container> {
  const name = `hallmark-test-${randomUUID()}`;
  const remove = async (): Promise<void> => {
    // podman would give what ignores SIGTERM longer than a step has to tidy up.
    const now = engine.name === 'podman' ? ['--time', '0'] : [];
    await engine.clean(['rm', '--force', '--volumes', ...now, name]);
    if (limits.network) await engine.clean(['network', 'rm', name]);
  };
  try {
    const makes = true;
    if (limits.network)
      await engine.read(['network', 'create', '--internal', ...listBridge(engine, name), name], { makes });
    await engine.read(['create', '--name', name, ...listOptions(engine, limits, name), image.id], { makes });
  } catch (error) {
    await remove();
    throw error;
  }
  const inspect = (what: string): Promise<string> =>
    engine.read(['inspect', '--type', 'container', '--format', `{{json ${what}}}`, name]);
  const readState = async (): Promise<ContainerState> =>
    parseAnswer(stateSchema, await inspect('.State'), engine);
  return {
    remove,
    start: async () => {
      const { code, stderr } = await engine.run(['start', name]);
      if (code === 0) return undefined;
      const why = stderr.trim().split('\n')[0] ?? '';
      const codes = [code, (await readState()).ExitCode];
      // podman over runc gives its general code, and says it in words.
      const unfound = why.includes('attempted to invoke a command that was not found');
      if (unfound || codes.some((one) => one !== null && NOT_RUN.has(one))) return why;
      throw new Unavailable(`${engine.name} start failed: ${why}`);
    },
    readState,
    readAddress: async () => {
      const networks = parseAnswer(networksSchema, await inspect('.NetworkSettings.Networks'), engine);
      const { IPAddress = '', Gateway = '' } = networks[name] ?? {};
      // Elsewhere, or with no bridge of this machine, whoever has that address on the way out would answer.
      const own = networkInterfaces();
      const here =
        engine.name === 'docker'
          ? own[nameBridge(name)] !== undefined
          : Object.values(own).some((list) => list?.some(({ address }) => address === Gateway));
      if (IPAddress === '' || here) return IPAddress;
      throw new Unavailable(`no HTTP check can be made: this machine is not on the container's network`, {
        hint: 'Networks of podman with CNI are so: use Docker, or podman with netavark, or ask by exec.',
      });
    },
    exec: async (command, seconds) => {
      const { code, stdout, stderr } = await engine.run(['exec', name, ...command], { seconds });
      if (code === null || OWN_ERROR[engine.name](code, stderr))
        throw new Unavailable(`${engine.name} exec failed: ${stderr.trim() || 'it was killed'}`);
      return { status: code, text: stdout.toString('utf8') };
    },
    stop: async (seconds) => {
      await engine.read(['stop', '-t', String(seconds), name], { seconds: seconds + 30 });
    },
    readLogs: async () => {
      const { code, stdout, stderr } = await engine.run(['logs', '--tail', LOG_LINES, name], {
        most: 64 * 1024 * 1024,
      });
      // What the engine says of itself is nothing that the image logged.
      if (code !== 0) throw new Unavailable(`${engine.name} logs failed: ${stderr.trim()}`);
      return { stdout: stdout.toString('utf8'), stderr };
    },
    listChanges: async () => {
      const rows = (await engine.read(['diff', name])).split('\n').filter((row) => row !== '');
      const paths = rows.map((row) => row.slice(2));
      return engine.name === 'podman' ? paths.filter((path) => !PODMAN_OWN.has(path)) : paths;
    },
  };
}

/**
 * The bridge of a container's network on this machine, by a name of ours: found here it is the one. Docker gives a network that leads nowhere no
 * gateway since 28, and one in a virtual machine may have an address of this machine's. Of podman it is known that it runs here.
 */
function nameBridge(name: string): string {
  // Linux takes 15 characters.
  return `hm-${name.slice(-12)}`;
}

function listBridge(engine: Engine, name: string): string[] {
  return engine.name === 'docker' ? ['--opt', `com.docker.network.bridge.name=${nameBridge(name)}`] : [];
}

function listOptions(engine: Engine, limits: ContainerLimits, name: string): string[] {
  const { readOnly, memory, processes, envFile, network } = limits;
  return [
    ...['--pull', 'never', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'],
    ...['--memory', `${memory}m`, '--memory-swap', `${memory}m`, '--pids-limit', String(processes)],
    ...['--network', network ? name : 'none', '--no-healthcheck', '--restart', 'no'],
    // What it prints must not fill the disk.
    ...['--log-driver', engine.name === 'docker' ? 'json-file' : 'k8s-file', '--log-opt', 'max-size=8m'],
    ...(envFile === undefined ? [] : ['--env-file', envFile]),
    ...(readOnly ? ['--read-only'] : []),
    // podman would lay a writable /tmp, /run and /var/tmp over it.
    ...(readOnly && engine.name === 'podman' ? ['--read-only-tmpfs=false'] : []),
  ];
}

function parseAnswer<S extends z.ZodType>(schema: S, text: string, engine: Engine): z.output<S> {
  const answer = readJson(schema, text);
  if (answer === undefined) throw new Unavailable(`${engine.name} gave an answer that is not understood`);
  return answer;
}
