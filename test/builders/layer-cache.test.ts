import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { locateCache } from '../../shared/builders/layer-cache.ts';
import { buildLayers, type LayersRequest } from '../../shared/builders/layers.ts';
import { parsePlatform } from '../../shared/image/platform.ts';
import { Invalid } from '../../shared/outcome/outcome.ts';
import { copyImage } from '../../shared/store/copy.ts';
import type { Store } from '../../shared/store/store.ts';
import { listSubjects } from '../../shared/store/subjects.ts';
import { open, serveRegistry } from '../store/fixtures.ts';
import { makeContext, makeFolder } from './context.ts';

const places = {
  'a registry': async () => open(`${(await serveRegistry()).host}/octo/app`),
  'a layout': async () => open('oci:image', { create: true }),
};

/** A context of two parts that do not compress, a cache, and a place that images go to. */
async function makeWorld(openPlace: () => Promise<Store> = places['a registry']) {
  const folder = makeFolder();
  const cache = join(folder, 'cache');
  for (const part of ['lib', 'own']) {
    mkdirSync(join(folder, 'context', part), { recursive: true });
    writeFileSync(join(folder, 'context', part, 'data'), randomBytes(100_000));
  }
  const destination = await openPlace();
  let builds = 0;
  /** Builds and copies; which of the layers were compressed, and what was sent. */
  const build = async (overrides: Partial<LayersRequest> = {}) => {
    builds += 1;
    const layout = join(folder, `layout-${builds}`);
    mkdirSync(layout);
    const context = makeContext();
    const request: LayersRequest = {
      ...{ folder: join(folder, 'context'), layout, temp: folder, created: 1_700_000_000 + builds },
      ...{ platforms: [], labels: {}, annotations: {}, base: undefined, files: ['lib:/lib'] },
      ...{ entrypoint: undefined, env: [], user: undefined, split: ['/lib'], compression: 'gzip' as const },
      cache: { from: [cache], to: [cache], destination },
      ...overrides,
    };
    const { digest } = await buildLayers(request, context);
    const built = open(`oci:${layout}`, { workspace: folder });
    const { platforms } = await listSubjects(built, digest);
    const layers = platforms.flatMap(({ manifest }) => manifest.layers);
    const compressed = await Promise.all(layers.map((layer) => built.hasBlob(layer.digest)));
    await copyImage(built, request.cache.destination ?? destination, digest);
    return { digest, layers, compressed, logged: context.logged };
  };
  const entries = (): string[] => readdirSync(cache).map((name) => join(cache, name));
  return { folder, cache, destination, build, entries };
}

describe.each(Object.entries(places))('a layer that %s has', (_, openPlace) => {
  test('is neither compressed nor sent again, whatever the commit, and the image is the same', async () => {
    const { build, entries, destination } = await makeWorld(openPlace);
    const first = await build();
    expect(first.compressed).toEqual([true]);
    expect(entries()).toHaveLength(1);
    const again = await build();
    expect(again.compressed).toEqual([false]);
    expect(again.layers).toEqual(first.layers);
    expect(again.logged.join()).toContain(`Cached: ${first.layers[0]?.digest}`);
    expect(await destination.resolve(again.digest)).toMatchObject({ digest: again.digest });
    const fixed = { created: 1 };
    const none = { from: [], to: [], destination };
    expect((await build({ ...fixed, cache: none })).digest).toBe((await build(fixed)).digest);
  });

  test('is compressed where the place has it no more', async () => {
    const { build, cache } = await makeWorld(openPlace);
    await build();
    const destination = await openPlace();
    expect((await build({ cache: { from: [cache], to: [], destination } })).compressed).toEqual([true]);
  });

  test.each<[string, (entry: string, content: { digest: string; size: number }) => void]>([
    ['empty', (entry) => writeFileSync(entry, '')],
    ['cut', (entry) => writeFileSync(entry, readFileSync(entry).subarray(0, 40))],
    ['no JSON', (entry) => writeFileSync(entry, 'sha256:')],
    ['of another shape', (entry, { digest }) => writeFileSync(entry, JSON.stringify({ digest }))],
    ['of more than is known', (entry, content) => write(entry, { ...content, urls: ['http://x'] })],
    ['with another size', (entry, content) => write(entry, { ...content, size: content.size + 1 })],
    ['with a size that is none', (entry, content) => write(entry, { ...content, size: -1 })],
    ['with a size that is not asked for', (entry, content) => write(entry, { ...content, size: 10 })],
    ['of a blob that is not there', (entry, content) => write(entry, { ...content, digest: absent })],
    ['with a path', (entry, content) => write(entry, { ...content, digest: 'sha256:../../manifests/x' })],
    ['longer than an entry', (entry, content) => write(entry, { ...content, urls: ' '.repeat(2000) })],
    ['a link', (entry) => moveAside(entry, (aside) => symlinkSync(aside, entry))],
    ['a folder', (entry) => moveAside(entry, () => mkdirSync(entry))],
    ['a pipe', (entry) => moveAside(entry, () => execFileSync('mkfifo', [entry]))],
  ])('is compressed where its entry is %s', async (_name, damage) => {
    const { build, entries } = await makeWorld(openPlace);
    const first = await build();
    const entry = entries()[0] ?? '';
    damage(entry, JSON.parse(readFileSync(entry, 'utf8')));
    const again = await build();
    expect(again.compressed).toEqual([true]);
    expect(again.layers).toEqual(first.layers);
  });
});

const absent = `sha256:${'0'.repeat(64)}`;
const write = (entry: string, content: unknown): void => writeFileSync(entry, JSON.stringify(content));
function moveAside(entry: string, replace: (aside: string) => void): void {
  const aside = `${entry}.aside`;
  renameSync(entry, aside);
  replace(aside);
}

test.each<[string, Partial<LayersRequest>, boolean[]]>([
  ['another compression', { compression: 'zstd' }, [true]],
  ['another target', { files: ['lib:/lib/more'] }, [true]],
  ['another part beside it', { files: ['lib:/lib', 'own:/own'] }, [false, true]],
  [
    'two platforms',
    { platforms: ['linux/amd64', 'linux/arm64'].map((text) => parsePlatform(text)) },
    [false, false],
  ],
  ['no rule, whose files carry the commit’s time', { split: [] }, [true]],
  ['no folder to read from', { cache: { from: [], to: [], destination: undefined } }, [true]],
])('with %s, what is known is not compressed: %s', async (_name, change, compressed) => {
  const { build } = await makeWorld();
  await build();
  expect((await build(change)).compressed).toEqual(compressed);
});

test('a cache that cannot be written is said, and the image is built', async () => {
  const { build, folder, destination } = await makeWorld();
  const file = join(folder, 'file');
  writeFileSync(file, '');
  const { compressed, logged } = await build({ cache: { from: [file], to: [file], destination } });
  expect(compressed).toEqual([true]);
  expect(logged.join()).toContain(`cache-to: ${file} cannot be written (EEXIST)`);
});

describe('the folder of a cache', () => {
  test.each([
    ['type=local,src=.hallmark/layers', 'cache-from', '.hallmark/layers'],
    ['type=local,dest=.hallmark/layers', 'cache-to', '.hallmark/layers'],
  ] as const)('of %s', async (line, input, path) => {
    const workspace = makeFolder();
    expect(await locateCache(line, input, { workspace, temp: workspace })).toBe(join(workspace, path));
  });

  test('may be in the runner’s temporary folder', async () => {
    const [workspace, temp] = [makeFolder(), makeFolder()];
    const found = await locateCache(`type=local,src=${temp}/layers`, 'cache-from', { workspace, temp });
    expect(found).toBe(join(temp, 'layers'));
  });

  test.each([
    ['another kind', 'type=gha'],
    ['the other key', 'type=local,dest=layers'],
    ['options of BuildKit’s', 'type=local,src=layers,digest=sha256:0'],
    ['a place outside', 'type=local,src=../layers'],
    ['a link out', 'type=local,src=away/layers'],
    ['nothing', 'type=local,src='],
  ])('is refused: %s', async (_name, line) => {
    const workspace = makeFolder();
    symlinkSync(makeFolder(), join(workspace, 'away'));
    const located = locateCache(line, 'cache-from', { workspace, temp: join(workspace, 'temp') });
    await expect(located).rejects.toThrow(Invalid);
  });
});
