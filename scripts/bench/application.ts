import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { ensureTool } from '../tools.ts';

const execute = promisify(execFile);

/** A folder like an installed Node application's: `packages` packages of about 140 kB in 15 files; the same bytes every time. */
export function writeApplication(folder: string, packages: number): void {
  const text = writeText(1 << 20);
  let written = 0;
  const write = (path: string, content: string | Buffer): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  };
  write('package.json', JSON.stringify({ name: 'app', version: '1.0.0' }));
  // The one package with an advisory in the fixture database, so that there is something to find.
  write(
    'node_modules/lodash/package.json',
    JSON.stringify({ name: 'lodash', version: '4.17.4', license: 'MIT' }),
  );
  for (let at = 0; at < packages; at += 1) {
    const [name, version] = [`package-${at}`, `1.${at % 20}.${at % 7}`];
    const manifest = { name, version, license: 'MIT', main: 'lib/0.js' };
    write(`node_modules/${name}/package.json`, JSON.stringify(manifest));
    for (let file = 0; file < 14; file += 1) {
      const start = (written * 7919) % (text.length - 20_000);
      write(
        `node_modules/${name}/lib/${file}.js`,
        text.subarray(start, start + 5_000 + ((written * 31) % 10_000)),
      );
      written += 1;
    }
  }
}

/** Words in lines, which compress about as well as code does. */
function writeText(size: number): Buffer {
  let state = 42;
  const next = (limit: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % limit;
  };
  const words = Array.from({ length: 4000 }, () => next(1 << 24).toString(36));
  let text = '';
  while (text.length < size) text += words[next(words.length)] + (next(9) === 0 ? ';\n' : ' ');
  return Buffer.from(text);
}

/** Packs a folder into a tar beside it, the same bytes every time, and gives its path. */
export async function packFolder(folder: string): Promise<string> {
  const archive = `${folder}.tar`;
  const same = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0'];
  await execute('tar', [...same, '-C', folder, '-cf', archive, '.']);
  return archive;
}

/** Packs a folder into a single-platform image with crane and pushes it; gives `host/repository@digest`. */
export async function pushFolder(
  folder: string,
  repository: string,
  platform = 'linux/amd64',
): Promise<string> {
  const crane = await ensureTool('crane');
  const archive = await packFolder(folder);
  const tag = `${repository}:bench`;
  await execute(crane, ['append', '--oci-empty-base', '--new_layer', archive, '--new_tag', tag]);
  const { stdout } = await execute(crane, ['mutate', '--set-platform', platform, '--tag', tag, tag]);
  return `${repository}@${/sha256:[0-9a-f]{64}/.exec(stdout.trim())?.[0]}`;
}

/** Puts images of one platform each under one index; gives `host/repository@digest`. */
export async function pushIndex(images: readonly string[], repository: string): Promise<string> {
  const crane = await ensureTool('crane');
  const manifests = images.flatMap((image) => ['--manifest', image]);
  await execute(crane, ['index', 'append', ...manifests, '--tag', `${repository}:bench`]);
  const { stdout } = await execute(crane, ['digest', `${repository}:bench`]);
  return `${repository}@${stdout.trim()}`;
}

/** Copies an image by digest to another repository. */
export async function copyTo(image: string, repository: string): Promise<string> {
  const digest = image.slice(image.indexOf('@'));
  await execute(await ensureTool('crane'), ['copy', image, `${repository}:bench`]);
  return `${repository}${digest}`;
}
