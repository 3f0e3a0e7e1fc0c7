import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { describe, expect, test } from 'vitest';
import { requireSame } from '../../shared/builders/reproduce.ts';
import { MEDIA_TYPE } from '../../shared/image/descriptor.ts';
import { digestOf } from '../../shared/store/hash.ts';
import { open, pushBlob, pushManifest } from '../store/fixtures.ts';

interface Entry {
  readonly name: string;
  readonly content?: string;
  readonly mode?: number;
  readonly mtime?: Date;
}

async function tar(entries: readonly Entry[]): Promise<Buffer> {
  const archive = pack();
  const whole = buffer(archive);
  for (const { content = '', mtime = new Date(0), ...header } of entries)
    archive.entry({ ...header, mtime }, content);
  archive.finalize();
  return whole;
}

async function build(layers: readonly (readonly Entry[])[], config: object = {}, level = 6) {
  const layout = open('oci:image');
  const tars = await Promise.all(layers.map(tar));
  const blobs = [];
  for (const one of tars) blobs.push(await pushBlob(layout, gzipSync(one, { level }), MEDIA_TYPE.layerGzip));
  const rootfs = { type: 'layers', diff_ids: tars.map((one) => digestOf(one)) };
  const content = Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs, ...config }));
  const { digest } = await pushManifest(layout, {
    mediaType: MEDIA_TYPE.manifest,
    config: await pushBlob(layout, content, MEDIA_TYPE.config),
    layers: blobs,
  });
  return { layout, digest };
}

const deadline = AbortSignal.timeout(20_000);
const app = [
  { name: 'bin/app', content: 'one' },
  { name: 'etc/conf', content: 'two' },
];

test('two builds that are the same pass', async () => {
  await requireSame(await build([app]), await build([app]), deadline);
});

describe('two that are not are refused, with the first difference', () => {
  const lower = [{ name: 'base', content: 'same' }];
  test.each<[string, Parameters<typeof build>, string]>([
    [
      'a content',
      [[lower, [app[0] as Entry, { name: 'etc/conf', content: 'TWO' }]]],
      'layer 2 of 2, first in the content of "/etc/conf"',
    ],
    [
      'a time',
      [[lower, [{ ...app[0], name: 'bin/app', mtime: new Date(5000) }, app[1] as Entry]]],
      'layer 2 of 2, first in the time of "/bin/app"',
    ],
    [
      'a mode',
      [[lower, [{ ...app[0], name: 'bin/app', mode: 0o755 }, app[1] as Entry]]],
      'first in the mode of "/bin/app"',
    ],
    ['a file less', [[lower, [app[0] as Entry]]], '"/etc/conf" is in the first alone'],
    ['a file more', [[lower, [...app, { name: 'tmp/x' }]]], '"/tmp/x" is in the second alone'],
    ['another packing', [[lower, app], {}, 1], 'layer 1 of 2, whose files are the same, packed otherwise'],
    ['a layer more', [[lower, app, lower]], '2 layers, and 3'],
    ['the config', [[lower, app], { created: '2026-01-01T00:00:00Z' }], "the config's created"],
  ])('%s', async (_, args, reason) => {
    const [first, second] = [await build([lower, app]), await build(...args)];
    await expect(requireSame(first, second, deadline)).rejects.toMatchObject({
      outcome: 'refused',
      reasons: [expect.stringContaining('two builds of this commit for linux/amd64 differ: ')],
      message: expect.stringContaining(reason),
    });
  });
});
