import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { RunContext } from '../../shared/github/context.ts';
import { readBundleFiles } from '../../shared/verbs/bundles.ts';

/** What is read of a folder of such files, or of the one file. */
async function read(files: Readonly<Record<string, string | Buffer>>, path = '.'): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'hallmark-test-'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const context = { workspace: folder, temp: folder } as RunContext;
  const candidates = await readBundleFiles(path, context);
  const bundles = await Promise.all(candidates.map((one) => one.read()));
  return bundles.map(({ bundle }) => bundle.toString());
}

test.each<[string, Record<string, string>, string[]]>([
  [
    'a bundle a file, in the order of their names',
    { b: '{"b":1}', a: '{\n"a":1\n}' },
    ['{\n"a":1\n}', '{"b":1}'],
  ],
  ['a bundle a line', { a: '{"a":1}\n\n \r\n{"b":1}' }, ['{"a":1}', '{"b":1}']],
  ['the good line beside what is none', { a: 'rubbish\n{"b":1}\n' }, ['rubbish', '{"b":1}']],
  ['a bundle whose key stands twice, whole', { a: '{\n"a":1,\n"a":2\n}' }, ['{\n"a":1,\n"a":2\n}']],
])('%s', async (_, files, bundles) => {
  expect(await read(files)).toEqual(bundles);
});

test.each<[string, Record<string, string | Buffer>, object]>([
  ['more lines than are read', { a: Buffer.alloc(60 * 1024 * 1024, 'x\n') }, { outcome: 'unavailable' }],
  [
    'more bytes than are read',
    { a: Buffer.alloc(40 * 1024 * 1024), b: Buffer.alloc(40 * 1024 * 1024) },
    { outcome: 'unavailable' },
  ],
  ['nothing', { a: ' \n\n' }, { outcome: 'invalid', input: 'bundle-path' }],
])('%s', async (_, files, failure) => {
  await expect(read(files)).rejects.toMatchObject(failure);
});

test('a file that is not there', async () => {
  await expect(read({}, 'none')).rejects.toMatchObject({ outcome: 'invalid' });
});
