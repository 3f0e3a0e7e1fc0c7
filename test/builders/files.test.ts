import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { collectFiles } from '../../shared/builders/files.ts';
import { Invalid } from '../../shared/outcome/outcome.ts';
import { makeFolder } from './context.ts';

/** A context: files by content, links as `-> target`. */
function makeTree(tree: Record<string, string>): string {
  const folder = join(makeFolder(), 'context');
  for (const [path, content] of Object.entries(tree)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    if (content.startsWith('-> ')) symlinkSync(content.slice(3), join(folder, path));
    else writeFileSync(join(folder, path), content);
  }
  return folder;
}

const tree = {
  'a/one.txt': '1',
  'a/two/three.txt': '3',
  'a-b.txt': 'ab',
  'a/.git/config': 'token',
  'a/.hallmark/image/index.json': '{}',
  '.git/config': 'token',
  'server.js': 's',
  'a/link': '-> two/three.txt',
  'a/up': '-> ../server.js',
  'a/dangling': '-> two/nothing',
  'inner.js': '-> server.js',
};

const linked = [
  'app/dangling → two/nothing',
  'app/link → two/three.txt',
  'app/one.txt',
  'app/two/',
  'app/two/three.txt',
  'app/up → ../server.js',
];

describe('what goes where', () => {
  test.each<[string, string[], string[]]>([
    ['a file', ['server.js:/app.js'], ['app.js']],
    [
      'a file with the folders above it',
      ['server.js:/opt/app/app.js'],
      ['opt/', 'opt/app/', 'opt/app/app.js'],
    ],
    ['a file into a folder', ['server.js:/opt/'], ['opt/', 'opt/server.js']],
    ['a file into the root', ['server.js:/'], ['server.js']],
    ['a folder’s content, links kept, .git and .hallmark left out', ['a:/app'], ['app/', ...linked]],
    ['a folder with a slash', ['a/:/app/'], ['app/', ...linked]],
    ['a folder into the root', ['a/two:/'], ['three.txt']],
    ['a link that is named is followed', ['inner.js:/app.js'], ['app.js']],
    [
      'a later line beside an earlier one',
      ['a/two:/app', 'server.js:/app/three.txt'],
      ['app/', 'app/three.txt'],
    ],
    ['a target written with detours', ['server.js://opt/./x//app.js'], ['opt/', 'opt/x/', 'opt/x/app.js']],
    [
      'sorted by path, a folder before what is in it',
      ['a-b.txt:/a-b', 'a/two:/a'],
      ['a/', 'a-b', 'a/three.txt'].sort(),
    ],
    ['nothing', [], []],
  ])('%s', async (_name, lines, expected) => {
    const entries = await collectFiles(makeTree(tree), lines);
    const shown = entries.map((entry) => {
      if (entry.type === 'symlink') return `${entry.path} → ${entry.target}`;
      return entry.type === 'directory' ? `${entry.path}/` : entry.path;
    });
    expect(shown.toSorted()).toEqual(expected.toSorted());
    expect(entries.map(({ path }) => path)).toEqual(entries.map(({ path }) => path).toSorted());
  });

  test('the later line wins', async () => {
    const folder = makeTree(tree);
    const [, entry] = await collectFiles(folder, ['a/two:/app', 'server.js:/app/three.txt']);
    expect(entry).toMatchObject({ path: 'app/three.txt', source: join(folder, 'server.js') });
  });
});

describe('.dockerignore', () => {
  test.each<[string, string, string[]]>([
    ['a folder', 'two', ['app/', 'app/one.txt']],
    ['all but some', '**/*\n!a/two/three.txt', ['app/', 'app/two/', 'app/two/three.txt']],
    ['comments and empty lines', '# a/one.txt\n\n', ['app/', 'app/one.txt', 'app/two/', 'app/two/three.txt']],
    ['a name anywhere', '**/three.txt', ['app/', 'app/one.txt', 'app/two/']],
  ])('leaves out %s', async (_, rules, expected) => {
    const files = {
      'a/one.txt': '1',
      'a/two/three.txt': '3',
      '.dockerignore': rules.replace(/^two$/, 'a/two'),
    };
    const entries = await collectFiles(makeTree(files), ['a:/app']);
    expect(entries.map(({ path, type }) => (type === 'directory' ? `${path}/` : path))).toEqual(expected);
  });

  test('a file that is named and left out is said', async () => {
    const folder = makeTree({ secret: 's', '.dockerignore': 'secret' });
    await expect(collectFiles(folder, ['secret:/secret'])).rejects.toThrow(
      '"secret" is left out by .dockerignore',
    );
  });
});

describe('refused, naming the input', () => {
  test.each<[string, Record<string, string>, string, string]>([
    ['no target', {}, 'a', 'is no source:/target'],
    ['a relative target', {}, 'a:app', 'is no source:/target'],
    ['no source', {}, ':/app', 'is no source:/target'],
    ['a target with ..', {}, 'a:/app/../../etc', '".."'],
    ['a missing source', {}, 'none:/app', 'does not exist'],
    ['a source outside', {}, '../x:/app', 'outside'],
    ['an absolute source outside', {}, '/etc/passwd:/app', 'outside'],
    ['a named link that leads out', { out: '-> ../..' }, 'out:/app', 'outside'],
    ['a link that leads out', { 'b/out': '-> ../../secret' }, 'b:/app', 'leads out of the context'],
    [
      'a link that leads out through another',
      { 'b/in': '-> hop/../../..', 'b/hop': '-> .' },
      'b:/app',
      'leads out of the context',
    ],
    ['an absolute link', { 'b/abs': '-> /etc/passwd' }, 'b:/app', 'leads out of the context'],
    ['a whiteout', { 'b/.wh.etc': '' }, 'b:/', '.wh.'],
    ['a whiteout by its target', {}, 'server.js:/.wh.etc', '.wh.'],
    ['a whiteout by its target, of a folder', { 'b/.git/config': '' }, 'b:/x/.wh.etc', '.wh.'],
    ['a file where a folder is', {}, 'a:/x\nserver.js:/x/two', 'both a folder and a file'],
    ['a folder where a file is', {}, 'server.js:/x\na:/x/y', 'both a folder and a file'],
  ])('%s', async (_name, more, lines, message) => {
    const collecting = collectFiles(makeTree({ ...tree, ...more }), lines.split('\n'));
    await expect(collecting).rejects.toThrow(Invalid);
    await expect(collecting).rejects.toThrow(/^files: /);
    await expect(collecting).rejects.toThrow(message);
  });

  test.each([
    ['a link to a name that is no UTF-8', 'link', Buffer.from([0x66, 0xff]), '"a/link" is a link to a name'],
    ['a link whose name is none', Buffer.from([0x66, 0xff]), 'x', '"a/f\ufffd" cannot be read'],
  ])('%s, which would become another', async (_name, link, target, message) => {
    const folder = makeTree({ 'a/x': '1' });
    symlinkSync(target, Buffer.concat([Buffer.from(join(folder, 'a/')), Buffer.from(link)]));
    const collecting = collectFiles(folder, ['a:/a']);
    await expect(collecting).rejects.toThrow(Invalid);
    await expect(collecting).rejects.toThrow(message);
  });

  test('a FIFO, which would never end', async () => {
    const folder = makeTree({ 'a/x': '1' });
    execFileSync('mkfifo', [join(folder, 'a/pipe')]);
    await expect(collectFiles(folder, ['a:/a'])).rejects.toThrow('"a/pipe" is a device, socket or FIFO');
    await expect(collectFiles(folder, ['a/pipe:/p'])).rejects.toThrow('"a/pipe" is a device, socket or FIFO');
  });
});
