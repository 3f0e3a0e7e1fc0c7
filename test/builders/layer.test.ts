import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { extract, type Header } from 'tar-stream';
import { describe, expect, test } from 'vitest';
import { collectFiles } from '../../shared/builders/files.ts';
import { type Compression, type Layer, readDiffId, writeLayer } from '../../shared/builders/layer.ts';
import { BLOCK, writeTar } from '../../shared/builders/tar.ts';
import { Invalid, Unavailable } from '../../shared/outcome/outcome.ts';
import { makeFolder } from './context.ts';

const COMMITTED = 1_700_000_000;
const long = `${'d'.repeat(90)}/${'f'.repeat(120)}`;

/** The same content, made in another order, at another time, under another umask. */
function makeTree(mask: number, time: number, reverse: boolean): string {
  const before = process.umask(mask);
  try {
    const folder = makeFolder();
    const files: [string, string | Buffer][] = [
      ['server.js', 'console.log(1)\n'],
      ['größe.txt', 'ü'],
      [long, 'long'],
      ['empty', ''],
      ['big', Buffer.alloc(3_000_000, 'abcdefg')],
    ];
    mkdirSync(join(folder, 'tree', 'd'.repeat(90)), { recursive: true });
    for (const [path, content] of reverse ? files.toReversed() : files) {
      writeFileSync(join(folder, 'tree', path), content);
      utimesSync(join(folder, 'tree', path), time, time);
    }
    chmodSync(join(folder, 'tree/server.js'), mask === 0 ? 0o777 : 0o700);
    symlinkSync('server.js', join(folder, 'tree/link'));
    return folder;
  } finally {
    process.umask(before);
  }
}

async function write(
  folder: string,
  created = COMMITTED,
  compression: Compression = 'gzip',
): Promise<Layer & { file: string }> {
  const entries = await collectFiles(folder, ['tree:/app']);
  const file = join(folder, `${created}.${compression}`);
  return { ...(await writeLayer(entries, file, created, compression, AbortSignal.timeout(20_000))), file };
}

async function readHeaders(file: string): Promise<Header[]> {
  const headers: Header[] = [];
  const tar = extract();
  tar.on('entry', (header, content, next) => {
    headers.push(header);
    content.on('end', next).resume();
  });
  await new Promise<void>((done, fail) => {
    tar.on('finish', done).on('error', fail);
    tar.end(gunzipSync(readFileSync(file)));
  });
  return headers;
}

describe('a layer', () => {
  test('has the same bytes whatever the umask, the times and the order on disk', async () => {
    const first = await write(makeTree(0o000, 1_000_000_000, false));
    const second = await write(makeTree(0o077, 1_600_000_000, true));
    expect({ ...second, file: '' }).toEqual({ ...first, file: '' });
  });

  test('has other bytes for another time or content', async () => {
    const folder = makeTree(0o022, 1, false);
    const first = await write(folder);
    expect((await write(folder, COMMITTED + 1)).diffId).not.toBe(first.diffId);
    chmodSync(join(folder, 'tree/empty'), 0o755);
    expect((await write(folder, COMMITTED + 2)).diffId).not.toBe(
      (await write(makeTree(0o022, 1, false), COMMITTED + 2)).diffId,
    );
  });

  test('tells nothing of this machine', async () => {
    const folder = makeTree(0o077, 1, false);
    const headers = await readHeaders((await write(folder)).file);
    expect(headers.map(({ name, type, mode }) => [name, type, mode?.toString(8)])).toEqual([
      ['app/', 'directory', '755'],
      ['app/big', 'file', '644'],
      [`app/${'d'.repeat(90)}/`, 'directory', '755'],
      [`app/${long}`, 'file', '644'],
      ['app/empty', 'file', '644'],
      ['app/größe.txt', 'file', '644'],
      ['app/link', 'symlink', '777'],
      ['app/server.js', 'file', '755'],
    ]);
    for (const { uid, gid, uname, gname, mtime } of headers) {
      expect({ uid, gid, uname, gname, mtime: mtime?.getTime() }).toEqual({
        ...{ uid: 0, gid: 0, uname: '', gname: '', mtime: COMMITTED * 1000 },
      });
    }
  });

  test('is described by what is in the file', async () => {
    const layer = await write(makeTree(0o022, 1, false));
    const bytes = readFileSync(layer.file);
    const hash = (data: Buffer): string => `sha256:${createHash('sha256').update(data).digest('hex')}`;
    expect(layer).toMatchObject({ size: bytes.length, digest: hash(bytes), diffId: hash(gunzipSync(bytes)) });
  });

  test('of zstd is the same tar', async () => {
    const folder = makeTree(0o022, 1, false);
    const [first, second] = [await write(folder), await write(folder, COMMITTED, 'zstd')];
    expect(second.diffId).toBe(first.diffId);
    expect(second.digest).not.toBe(first.digest);
    const tar = zstdDecompressSync(readFileSync(second.file));
    expect(tar).toEqual(gunzipSync(readFileSync(first.file)));
  });

  test('of many blocks is read whole by tar', async () => {
    const folder = makeFolder();
    const content = randomBytes(5_000_001);
    writeFileSync(join(folder, 'random'), content);
    const entries = await collectFiles(folder, ['random:/random']);
    const file = join(folder, 'layer');
    const { diffId } = await writeLayer(entries, file, 1, 'gzip', AbortSignal.timeout(20_000));
    const unpacked = execFileSync('tar', ['-xzOf', file], { maxBuffer: 10_000_000 });
    expect(unpacked.equals(content)).toBe(true);
    // More blocks than there is memory for: each has to be hashed before it is filled again.
    expect(await readDiffId(entries, 1, AbortSignal.timeout(20_000))).toBe(diffId);
  });

  test('has the diffId that is asked for beforehand', async () => {
    const folder = makeTree(0o022, 1, false);
    const asked = await readDiffId(
      await collectFiles(folder, ['tree:/app']),
      COMMITTED,
      AbortSignal.timeout(20_000),
    );
    expect(asked).toBe((await write(folder)).diffId);
  });

  test('of names that a short header does not hold is read whole by tar', async () => {
    const folder = makeFolder();
    const paths = [
      ...['a'.repeat(100), 'b'.repeat(101), `${'c'.repeat(155)}/${'c'.repeat(100)}`],
      ...[
        `${'d'.repeat(156)}/d`,
        `${'e'.repeat(60)}/${'e'.repeat(60)}/${'e'.repeat(60)}`,
        'größe/ü',
        'f f/\n',
      ],
      `${'ü'.repeat(49)}/${'g'.repeat(120)}`,
    ];
    const links = [
      ['near', 'h'.repeat(100)],
      ['far', 'h'.repeat(101)],
      ['ß', 'größe/ü'],
    ] as const;
    for (const path of paths) {
      mkdirSync(join(folder, 'tree', path, '..'), { recursive: true });
      writeFileSync(join(folder, 'tree', path), path);
    }
    for (const [path, target] of links) symlinkSync(target, join(folder, 'tree', path));
    const entries = await collectFiles(folder, ['tree:/']);
    await writeLayer(entries, join(folder, 'layer'), 1, 'gzip', AbortSignal.timeout(20_000));
    mkdirSync(join(folder, 'unpacked'));
    execFileSync('tar', ['-xzf', join(folder, 'layer'), '-C', join(folder, 'unpacked')]);
    expect(readdirSync(join(folder, 'unpacked'), { recursive: true }).toSorted()).toEqual(
      entries.map(({ path }) => path),
    );
    for (const path of paths) expect(readFileSync(join(folder, 'unpacked', path), 'utf8')).toBe(path);
    for (const [path, target] of links) expect(readlinkSync(join(folder, 'unpacked', path))).toBe(target);
  });

  test.each([
    ['is gone', (path: string) => path.replace('server', 'gone')],
    ['has become a link', (path: string) => path.replace('server.js', 'link')],
  ])('fails when a file %s between looking and reading', async (_name, change) => {
    const folder = makeTree(0o022, 1, false);
    const entries = (await collectFiles(folder, ['tree:/app'])).map((entry) =>
      entry.type === 'file' ? { ...entry, source: change(entry.source) } : entry,
    );
    const writing = writeLayer(entries, join(folder, 'x.tar.gz'), 1, 'gzip', AbortSignal.timeout(20_000));
    await expect(writing).rejects.toThrow(Invalid);
    await expect(writing).rejects.toThrow('"/app/server.js" could not be read');
  });

  test('holds of a file that grows what it had at first, and fails with one that shrinks', async () => {
    const folder = makeFolder();
    const source = join(folder, 'source');
    const entries = [{ path: 'data', type: 'file', source }] as const;
    const pack = async (size: number): Promise<number> => {
      writeFileSync(source, Buffer.alloc(3 * BLOCK));
      let packed = 0;
      await writeTar(entries, 1, async (block) => {
        if (packed === 0) truncateSync(source, size);
        packed += block.length;
      });
      return packed;
    };
    expect(await pack(4 * BLOCK)).toBe(3 * BLOCK + 3 * 512);
    await expect(pack(BLOCK)).rejects.toThrow(
      '"/data" could not be read, or changed while it was (it is shorter',
    );
  });

  test('of a file with more bytes than a short header can say says them all', async () => {
    const source = join(makeFolder(), 'source');
    const size = 9 * 1024 ** 3;
    writeFileSync(source, '');
    truncateSync(source, size);
    const tar = extract();
    const read = once(tar, 'entry');
    const packing = writeTar([{ path: 'data', type: 'file', source }], 1, async (block) => {
      tar.write(block);
      throw new Error('so much is enough');
    });
    await expect(packing).rejects.toThrow('so much is enough');
    const [header] = (await read) as [Header];
    expect(header).toMatchObject({ name: 'data', size, type: 'file' });
  });

  test.each([-1, 8 ** 11])('has no time that a header cannot say: %d', async (time) => {
    const writing = writeTar([{ path: 'folder', type: 'directory' }], time, async () => undefined);
    await expect(writing).rejects.toThrow(Invalid);
  });

  test('ends with the step’s time', async () => {
    const folder = makeTree(0o022, 1, false);
    const entries = await collectFiles(folder, ['tree:/app']);
    const writing = writeLayer(entries, join(folder, 'x.tar.gz'), 1, 'gzip', AbortSignal.abort());
    await expect(writing).rejects.toThrow(Unavailable);
  });
});
