// Compiles the sources and bundles them into dist/, byte for byte the same on any machine.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { minifySync } from 'rolldown/experimental';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

function run(binary: string, ...args: string[]): void {
  // The working directory is part of ncc's module ids.
  const done = spawnSync(process.execPath, [join(root, 'node_modules', '.bin', binary), ...args], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (done.status !== 0) throw new Error(`${binary} failed`);
}

function bundle(entry: string, name: string): void {
  const out = join('build', 'dist', name);
  run('ncc', 'build', entry, '--no-cache', '--license', 'licenses.txt', '--out', out);
  // ncc would minify the entry alone, and the chunks are what takes time to load. Names stay, for stack traces.
  for (const file of readdirSync(join(root, out)).filter((name) => name.endsWith('.js'))) {
    const path = join(root, out, file);
    const { code, errors } = minifySync(file, readFileSync(path, 'utf8'), {
      module: true,
      compress: { target: 'es2024', keepNames: { function: true, class: true } },
      mangle: { keepNames: true },
    });
    if (errors.length > 0) throw new Error(`${file} could not be minified: ${errors[0]?.message}`);
    writeFileSync(path, code);
  }
}

rmSync(join(root, 'build'), { recursive: true, force: true });
run('tsc', '--noCheck', '--sourceMap', 'false');
// What the sources read at run time lies beside them; ncc finds it by new URL(…, import.meta.url) and carries it along.
cpSync(join(root, 'shared/policy/rules.yaml'), join(root, 'build/shared/policy/rules.yaml'));
bundle('build/actions/main.js', 'main');
// A worker thread starts from a file of its own (shared/evaluator/evaluator.ts).
bundle('build/shared/evaluator/worker.js', 'evaluator');

for (const entry of readdirSync(join(root, 'actions'), { withFileTypes: true })) {
  if (!entry.isDirectory()) continue;
  if (!readdirSync(join(root, 'actions', entry.name)).includes('index.ts')) continue;
  mkdirSync(join(root, 'build', 'dist', entry.name), { recursive: true });
  writeFileSync(
    join(root, 'build', 'dist', entry.name, 'index.js'),
    `import { start } from '../main/index.js';\nawait start('${entry.name}');\n`,
  );
}

// Last, so that a build that fails leaves dist/ as it was.
rmSync(join(root, 'dist'), { recursive: true, force: true });
renameSync(join(root, 'build', 'dist'), join(root, 'dist'));
