import type { RunContext } from '../github/context.ts';
import { Unavailable } from '../outcome/outcome.ts';
import { type ProcessResult, runProcess } from '../process/run.ts';

export type EngineName = 'docker' | 'podman';

/** An engine that answers, spoken to by its own command line. */
export interface Engine {
  readonly name: EngineName;
  /** `os/architecture` of what it runs. */
  readonly platform: string;
  /** Why no request of ours can reach a container's own address; undefined when one can. */
  readonly unreachable: string | undefined;
  /** Runs one of its commands to its end: at most `seconds`, and never longer than the step. Throws `Unavailable` when it does not end. */
  run(args: readonly string[], options?: RunOptions): Promise<ProcessResult>;
  /** Standard output, trimmed, of a command that has to succeed; `Unavailable` with what the engine said when it does not. */
  read(args: readonly string[], options?: RunOptions): Promise<string>;
  /** Runs a command that tidies up: also when the step's time is over, and without an error. What is not there is tidy. */
  clean(args: readonly string[]): Promise<void>;
}

interface RunOptions {
  /** 60 unless given. */
  readonly seconds?: number;
  /** The most bytes of standard output; 1 MiB unless given. */
  readonly most?: number;
  /** True for what leaves something in the engine, which goes on by itself when the command is killed: that ends a little after the step's time. */
  readonly makes?: boolean;
}

/** What of the step's environment says where the engine is; nothing else reaches it, so no secret of the job does. */
const VARIABLES = [
  ...['DOCKER_HOST', 'DOCKER_CONTEXT', 'DOCKER_TLS', 'DOCKER_TLS_VERIFY', 'DOCKER_CERT_PATH'],
  ...['DOCKER_API_VERSION', 'CONTAINER_HOST', 'CONTAINERS_CONF', 'CONTAINERS_STORAGE_CONF'],
  ...['XDG_RUNTIME_DIR', 'TMPDIR'],
];
const GONE = /no such|not found|not known/i;
const PROBE_SECONDS = 20;
/** Both within the ten seconds that a step has after its deadline (shared/step). */
const MAKE_SECONDS = 4;
const CLEAN_SECONDS = 5;

/** Opens the engine that is asked for, or the first of docker and podman that answers. Throws `Unavailable` with the reason for each when none does. */
export async function openEngine(wanted: EngineName | undefined, context: RunContext): Promise<Engine> {
  const reasons: string[] = [];
  for (const name of wanted === undefined ? (['docker', 'podman'] as const) : [wanted]) {
    const engine = bindEngine(name, context);
    try {
      const [platform, unreachable] =
        name === 'docker' ? await probeDocker(engine, context) : await probePodman(engine, context);
      return { ...engine, platform, unreachable };
    } catch (error) {
      if (!(error instanceof Unavailable) || context.deadline.aborted) throw error;
      reasons.push(error.message);
    }
  }
  throw new Unavailable(`there is no engine to boot the image: ${reasons.join('; ')}`, {
    hint: 'Hosted runners with Linux have Docker. Elsewhere install Docker or podman, or set DOCKER_HOST for this step.',
  });
}

type Bound = Pick<Engine, 'name' | 'run' | 'read' | 'clean'>;

function bindEngine(name: EngineName, context: RunContext): Bound {
  const env: Record<string, string> = { PATH: context.path };
  if (context.home !== undefined) env.HOME = context.home;
  // Docker keeps its contexts beside its logins.
  if (context.dockerConfig !== undefined) env.DOCKER_CONFIG = context.dockerConfig;
  for (const variable of VARIABLES) {
    const value = context.readNamedVariable(variable);
    if (value !== undefined) env[variable] = value;
  }
  const run: Engine['run'] = (args, { seconds = 60, most = 1024 * 1024, makes = false } = {}) => {
    const end = makes ? delay(context.deadline, MAKE_SECONDS) : context.deadline;
    const deadline = AbortSignal.any([end, AbortSignal.timeout(seconds * 1000)]);
    return runProcess(name, args, { env, deadline, maxOutput: most });
  };
  return {
    name,
    run,
    read: async (args, options) => {
      const { code, stdout, stderr } = await run(args, options);
      if (code === 0) return stdout.toString('utf8').trim();
      throw new Unavailable(
        `${name} ${args[0]} failed: ${stderr.trim().split('\n').at(-1) || `exit code ${code}`}`,
      );
    },
    clean: async (args) => {
      const deadline = AbortSignal.timeout(CLEAN_SECONDS * 1000);
      try {
        const { code, stderr } = await runProcess(name, args, { env, deadline });
        if (code !== 0 && !GONE.test(stderr))
          context.log.warning(`${name} ${args.join(' ')} failed: ${stderr.trim()}`);
      } catch (error) {
        context.log.warning(`${name} ${args.join(' ')} failed: ${(error as Error).message}`);
      }
    },
  };
}

function delay(signal: AbortSignal, seconds: number): AbortSignal {
  if (signal.aborted) return signal;
  const later = new AbortController();
  const onAbort = () => setTimeout(() => later.abort(signal.reason), seconds * 1000).unref();
  signal.addEventListener('abort', onAbort, { once: true });
  return later.signal;
}

type Probed = readonly [platform: string, unreachable: string | undefined];

async function probeDocker({ read }: Bound, context: RunContext): Promise<Probed> {
  const seconds = PROBE_SECONDS;
  const platform = await read(['version', '--format', '{{.Server.Os}}/{{.Server.Arch}}'], { seconds });
  const security = await read(['info', '--format', '{{json .SecurityOptions}}'], { seconds });
  const host =
    context.readNamedVariable('DOCKER_HOST') ??
    (await read(['context', 'inspect', '--format', '{{.Endpoints.docker.Host}}'], { seconds }));
  if (security.includes('rootless')) return [platform, 'this Docker runs without root'];
  // An address that is the container's on another machine may be somebody else's on this one.
  if (!host.startsWith('unix://') || process.platform !== 'linux')
    return [platform, 'this Docker is on another machine'];
  return [platform, undefined];
}

async function probePodman({ read }: Bound, context: RunContext): Promise<Probed> {
  const format = '{{.Host.OS}}/{{.Host.Arch}} {{.Host.Security.Rootless}} {{.Host.ServiceIsRemote}}';
  const facts = await read(['info', '--format', format], { seconds: PROBE_SECONDS });
  const [platform = '', rootless, remote] = facts.split(' ');
  if (rootless !== 'false') return [platform, 'this podman runs without root'];
  const away = remote !== 'false' || context.readNamedVariable('CONTAINER_HOST') !== undefined;
  return [platform, away ? 'this podman is on another machine' : undefined];
}
