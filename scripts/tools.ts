// The real tools that demo and interop run, each at the version its Go module pins.
//   node scripts/tools.ts <name>…   makes them now
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { rm, utimes } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { installRelease } from '../shared/trivy/download.ts';
import { releaseArchive, TRIVY_VERSION } from '../shared/trivy/release.ts';

const sources = join(dirname(dirname(fileURLToPath(import.meta.url))), 'test', 'tools');

interface Recipe {
  readonly package: string;
  /** The linker's -X, so that the tool knows its version. */
  readonly version?: string;
  readonly environment?: Record<string, string>;
}

const recipes = {
  trivy: {
    package: 'github.com/aquasecurity/trivy/cmd/trivy',
    version: `github.com/aquasecurity/trivy/pkg/version/app.ver=${TRIVY_VERSION}`,
    environment: { GOEXPERIMENT: 'jsonv2' },
  },
  'trivy-db': { package: '.' },
  registry: { package: '.' },
  crane: { package: 'github.com/google/go-containerregistry/cmd/crane' },
  cosign: {
    package: 'github.com/sigstore/cosign/v3/cmd/cosign',
    version: 'sigs.k8s.io/release-utils/version.gitVersion=v3.1.3',
  },
  oras: { package: '.' },
  otlp: { package: '.' },
  actionlint: { package: 'github.com/rhysd/actionlint/cmd/actionlint' },
  act: { package: 'github.com/nektos/act', version: 'main.version=0.2.89' },
  buildx: {
    package: 'github.com/docker/buildx/cmd/buildx',
    version: 'github.com/docker/buildx/version.Version=v0.37.2',
  },
  buildkitd: {
    package: 'github.com/moby/buildkit/cmd/buildkitd',
    version: 'github.com/moby/buildkit/version.Version=v0.33.1',
  },
} as const satisfies Record<string, Recipe>;

export type ToolName = keyof typeof recipes;

/** Where a tool is cached: keyed by what pins it, so that a change of version is a new place. */
export function toolPath(name: ToolName): string {
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum', 'main.go']) {
    const path = join(sources, name, file);
    if (existsSync(path)) hash.update(readFileSync(path));
  }
  const key = hash.digest('hex').slice(0, 16);
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(cache, 'hallmark', 'tools', `${name}-${key}`, name);
}

/** The path of a tool that is there already (Trivy: also on PATH, at its pinned version), or undefined. */
export function findTool(name: ToolName): string | undefined {
  const found = name === 'trivy' ? findPinnedTrivy() : undefined;
  if (found !== undefined) return found;
  return existsSync(toolPath(name)) ? toolPath(name) : undefined;
}

/**
 * The path of a tool that can be run; made first when it is not there (Trivy: downloaded where its release can be reached).
 * Two processes that ask at once make it once. Throws when it cannot be made, with what is missing.
 */
export async function ensureTool(name: ToolName): Promise<string> {
  const found = findTool(name);
  if (found !== undefined) return found;
  const path = toolPath(name);
  mkdirSync(dirname(path), { recursive: true });
  await using _lock = await takeLock(`${path}.lock`, name);
  if (existsSync(path)) return path;
  if (name === 'trivy' && (await downloadTrivy(path))) return path;
  await buildTool(name, path);
  return path;
}

function findPinnedTrivy(): string | undefined {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, 'trivy');
    if (!isAbsolute(folder) || !existsSync(path)) continue;
    const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: 20_000 });
    if (stdout?.includes(`Version: ${TRIVY_VERSION}\n`)) return path;
  }
  return undefined;
}

async function downloadTrivy(path: string): Promise<boolean> {
  const archive = releaseArchive(process.platform, process.arch);
  if (!archive) return false;
  const folder = `${path}.download-${process.pid}`;
  mkdirSync(folder, { recursive: true });
  try {
    console.error(`trivy: downloading ${archive.url} …`);
    const deadline = AbortSignal.timeout(300_000);
    renameSync(await installRelease(archive, folder, { cache: undefined, deadline, patience: 5000 }), path);
    return true;
  } catch (error) {
    console.error(`trivy: ${error instanceof Error ? error.message : error}; building it instead`);
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function buildTool(name: ToolName, path: string): Promise<void> {
  if (spawnSync('go', ['version'], { stdio: 'ignore' }).status !== 0) {
    throw new Error(`${name} is built with Go, and there is no "go" on PATH: install Go 1.26 or newer`);
  }
  const recipe: Recipe = recipes[name];
  const temporary = `${path}.${process.pid}`;
  const flags = [
    '-trimpath',
    '-buildvcs=false',
    '-ldflags',
    `-s -w${recipe.version ? ` -X ${recipe.version}` : ''}`,
  ];
  const started = Date.now();
  const elapsed = (): string => `${Math.round((Date.now() - started) / 1000)} s`;
  console.error(`${name}: building ${recipe.package} (once; kept in ${dirname(path)}) …`);
  const ticker = setInterval(() => console.error(`${name}: still building, ${elapsed()}`), 10_000);
  try {
    const child = spawn('go', ['build', ...flags, '-o', temporary, recipe.package], {
      cwd: join(sources, name),
      stdio: ['ignore', 'inherit', 'inherit'],
      env: {
        ...process.env,
        CGO_ENABLED: '0',
        GOFLAGS: '-mod=readonly',
        GOTOOLCHAIN: 'local',
        ...recipe.environment,
      },
    });
    const code = await new Promise<number | null>((done, fail) => child.on('error', fail).on('close', done));
    if (code !== 0) throw new Error(`${name} could not be built: go ended with ${code}`);
    renameSync(temporary, path);
    console.error(`${name}: built in ${elapsed()}`);
  } finally {
    clearInterval(ticker);
    rmSync(temporary, { force: true });
  }
}

/** An empty file that only one process can create. Its time is renewed while its owner lives; one that is not is a leftover. */
async function takeLock(file: string, name: ToolName): Promise<AsyncDisposable> {
  for (let said = false; ; ) {
    try {
      closeSync(openSync(file, 'wx'));
      break;
    } catch {
      const age = Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
      if (age > 60_000) rmSync(file, { force: true });
      if (!said) console.error(`${name}: another process is making it; waiting …`);
      said = true;
      await sleep(1000);
    }
  }
  const renewal = setInterval(() => void utimes(file, new Date(), new Date()).catch(() => undefined), 10_000);
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(renewal);
      await rm(file, { force: true });
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const name of process.argv.slice(2)) {
    if (!(name in recipes))
      throw new Error(`there is no tool "${name}"; there are ${Object.keys(recipes).join(', ')}`);
    console.log(await ensureTool(name as ToolName));
  }
}
