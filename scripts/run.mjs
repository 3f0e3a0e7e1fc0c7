// Runs a script of this project with what it needs: the locked packages and Node 24.
// Plain JavaScript without dependencies, because it is what a fresh clone starts with on whatever Node is there.
//   node scripts/run.mjs <script.ts | package binary> [arguments]
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, 'node_modules');

function isNewEnough(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > 24 || (major === 24 && minor >= 15);
}

function installPackages() {
  const marker = join(modules, '.package-lock.json');
  const lock = join(root, 'package-lock.json');
  if (existsSync(marker) && statSync(marker).mtimeMs >= statSync(lock).mtimeMs) return;
  console.error('Installing the locked packages (npm ci) …');
  const npm = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (npm.status !== 0) process.exit(npm.status ?? 1);
}

function findNode() {
  if (isNewEnough(process.versions.node)) return process.execPath;
  for (const name of existsSync(modules) ? readdirSync(modules) : []) {
    if (!/^node-(linux|darwin|win)-/.test(name)) continue;
    const node = join(modules, name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
    if (existsSync(node)) return node;
  }
  console.error(
    `Node 24.15 or newer is needed; this is ${process.versions.node} and no packaged Node fits this machine.`,
  );
  process.exit(1);
}

installPackages();
const [script, ...rest] = process.argv.slice(2);
const node = findNode();
const binary = join(modules, '.bin', script);
const file = script.endsWith('.ts') ? join(root, script) : binary;
const native = !script.endsWith('.ts') && script === 'biome';
const child = spawnSync(native ? file : node, native ? rest : [file, ...rest], {
  stdio: 'inherit',
  env: { ...process.env, PATH: `${dirname(node)}:${join(modules, '.bin')}:${process.env.PATH}` },
});
process.exit(child.status ?? 1);
