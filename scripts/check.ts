// npm run check
// Everything that must hold before a commit; runs all of it and shows every failure, not the first.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findStalePages } from './docs.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The folders of shared/ that touch nothing outside themselves. */
export const PURE = ['outcome', 'image', 'evidence', 'boot', 'policy', 'environment', 'report', 'manifests'];

/** Each answers with what is wrong, or with nothing. */
const checks: readonly [name: string, findFault: () => string][] = [
  ['types', () => run('tsc', '--noEmit')],
  // Import directions are rules of biome.json.
  ['lint, format, import directions', () => run('biome', 'check', '--error-on-warnings', '--colors=off')],
  ['no circle among the pure folders', () => describeCircle(findCircle(readImports()))],
  ['docs fresh', describeStalePages],
  ['dist fresh', describeStaleBundles],
];

function run(binary: string, ...args: string[]): string {
  const command = join(root, 'node_modules', '.bin', binary);
  const done = spawnSync(process.execPath, [command, ...args], { cwd: root, encoding: 'utf8' });
  return done.status === 0 ? '' : `${done.stdout}${done.stderr}` || `${binary} ended with ${done.status}`;
}

/** Which pure folder imports which other one, by type or by value. */
function readImports(): Map<string, Set<string>> {
  const imports = new Map<string, Set<string>>();
  for (const folder of PURE) {
    const others = new Set<string>();
    for (const file of listSources(join(root, 'shared', folder))) {
      for (const [, other] of readFileSync(file, 'utf8').matchAll(
        /(?:from|import)\s*\(?\s*'(?:\.\.\/)+([a-z]+)\//g,
      )) {
        if (other !== undefined && other !== folder) others.add(other);
      }
    }
    imports.set(folder, others);
  }
  return imports;
}

function listSources(folder: string): string[] {
  try {
    return readdirSync(folder, { encoding: 'utf8', recursive: true })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(folder, name));
  } catch (error) {
    // A concept that a later issue brings.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** The first way from a folder back to itself, or undefined. */
export function findCircle(imports: ReadonlyMap<string, ReadonlySet<string>>): string[] | undefined {
  const visit = (folder: string, path: readonly string[]): string[] | undefined => {
    if (path.includes(folder)) return [...path.slice(path.indexOf(folder)), folder];
    for (const other of imports.get(folder) ?? []) {
      const circle = visit(other, [...path, folder]);
      if (circle !== undefined) return circle;
    }
    return undefined;
  };
  for (const folder of imports.keys()) {
    const circle = visit(folder, []);
    if (circle !== undefined) return circle;
  }
  return undefined;
}

function describeCircle(circle: readonly string[] | undefined): string {
  return circle === undefined ? '' : `shared/: ${circle.join(' → ')}`;
}

function describeStalePages(): string {
  const stale = findStalePages();
  return stale.length === 0 ? '' : `run "npm run docs" and commit ${stale.join(', ')}`;
}

/** Rebuilds dist/ in place. `git status` and not `git diff`, which does not see a new chunk. */
function describeStaleBundles(): string {
  const built = spawnSync(process.execPath, [join(root, 'scripts', 'build.ts')], {
    cwd: root,
    encoding: 'utf8',
  });
  if (built.status !== 0) return `the build failed\n${built.stdout}${built.stderr}`;
  const status = spawnSync('git', ['status', '--porcelain', '--', 'dist'], { cwd: root, encoding: 'utf8' });
  if (status.status !== 0) return `git cannot tell what is committed: ${status.stderr}`;
  if (status.stdout === '') return '';
  return `the committed dist/ is not what the sources make; it is rebuilt now: commit it\n${status.stdout}`;
}

function main(): void {
  const faults: string[] = [];
  for (const [name, findFault] of checks) {
    const started = performance.now();
    const fault = findFault().trim();
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${fault === '' ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
    if (fault !== '') faults.push(`── ${name}\n${fault}`);
  }
  if (faults.length > 0) console.log(`\n${faults.join('\n\n')}`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
