import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress, gzipSync, zstdCompressSync } from 'node:zlib';
import { extract, pack } from 'tar-stream';
import { describe, expect, test } from 'vitest';
import type { Base } from '../../shared/builders/base.ts';
import { buildLayers, type LayersRequest } from '../../shared/builders/layers.ts';
import { type Descriptor, MEDIA_TYPE } from '../../shared/image/descriptor.ts';
import type { Digest } from '../../shared/image/digest.ts';
import { parsePlatform } from '../../shared/image/platform.ts';
import { Invalid, Refused } from '../../shared/outcome/outcome.ts';
import { digestOf } from '../../shared/store/hash.ts';
import type { Store } from '../../shared/store/store.ts';
import { listSubjects, type PlatformManifest } from '../../shared/store/subjects.ts';
import { open } from '../store/fixtures.ts';
import { makeContext, makeFolder } from './context.ts';

/** A tar of entries: `name/` a folder, `name -> target` a link, anything else an empty file. */
async function makeTar(names: readonly string[]): Promise<Buffer> {
  const tar = pack();
  for (const name of names) {
    const [path = '', linkname] = name.split(' -> ');
    if (linkname !== undefined) tar.entry({ name: path, type: 'symlink', linkname });
    else if (path.endsWith('/')) tar.entry({ name: path, type: 'directory', mode: 0o1777 });
    else tar.entry({ name: path, mode: 0o644 }, '');
  }
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** A zstd frame for each of a tar's blocks, before each one that is skipped, and one at the end (RFC 8878, 3.1.2). */
function makeChunked(tar: Buffer): Buffer {
  const skipped = Buffer.from('\x51\x2a\x4d\x18\x04\x00\x00\x00skip', 'latin1');
  const blocks = Array.from({ length: tar.length / 512 }, (_, at) => tar.subarray(at * 512, (at + 1) * 512));
  return Buffer.concat([...blocks.flatMap((block) => [skipped, zstdCompressSync(block)]), skipped]);
}

interface BaseOptions {
  readonly platforms?: readonly string[];
  readonly layers?: readonly (readonly string[])[];
  readonly compress?: (tar: Buffer) => Buffer;
  readonly layerType?: string;
  readonly config?: Record<string, unknown>;
  readonly diffIds?: number;
}

/** A base image in a layout of its own: one manifest, or an index of several platforms. */
async function makeBase(options: BaseOptions = {}): Promise<Base> {
  const {
    platforms = ['linux/amd64'],
    layers = [['tmp/', 'bin -> usr/bin', 'usr/bin/']],
    compress = gzipSync,
  } = options;
  const store = open('oci:base');
  const put = async (bytes: Buffer, mediaType: string): Promise<Descriptor> => {
    const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
    await store.putBlob(descriptor, () => bytes);
    return descriptor;
  };
  const manifests: Descriptor[] = [];
  for (const text of platforms) {
    const platform = parsePlatform(text);
    const tars = await Promise.all(layers.map((names) => makeTar(names)));
    const config = {
      ...platform,
      config: {
        Env: ['PATH=/bin', 'A=1'],
        Entrypoint: ['/bin/init'],
        Cmd: ['start'],
        WorkingDir: '/srv',
        Labels: { base: 'yes' },
        ...options.config,
      },
      rootfs: { type: 'layers', diff_ids: tars.map((tar) => digestOf(tar)).slice(0, options.diffIds) },
      history: [{ created_by: 'base' }],
    };
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MEDIA_TYPE.manifest,
        config: await put(Buffer.from(JSON.stringify(config)), MEDIA_TYPE.config),
        layers: await Promise.all(
          tars.map((tar) => put(compress(tar), options.layerType ?? MEDIA_TYPE.layerGzip)),
        ),
      }),
    );
    const { digest } = await store.putManifest(manifest, MEDIA_TYPE.manifest);
    manifests.push({ mediaType: MEDIA_TYPE.manifest, digest, size: manifest.length, platform });
  }
  const [only] = manifests;
  if (manifests.length === 1 && only) return { store, image: await listSubjects(store, only.digest) };
  const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests }));
  return {
    store,
    image: await listSubjects(store, (await store.putManifest(index, MEDIA_TYPE.index)).digest),
  };
}

/** Builds in folders of its own; the image can be read from `store`. */
async function build(overrides: Partial<LayersRequest> = {}) {
  const folder = makeFolder();
  for (const name of ['layout', 'temp', 'context/app']) mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, 'context/app/server.js'), 'console.log(1)\n');
  const request: LayersRequest = {
    ...{ folder: join(folder, 'context'), layout: join(folder, 'layout'), temp: join(folder, 'temp') },
    ...{ created: 1_700_000_000, platforms: [], labels: { b: '2', a: '1' }, annotations: { note: 'n' } },
    ...{ base: undefined, files: ['app:/app'], entrypoint: undefined, env: [], user: undefined },
    ...{ split: [], compression: 'gzip' as const, cache: { from: [], to: [], destination: undefined } },
    ...overrides,
  };
  const { digest, materials } = await buildLayers(request, makeContext());
  const store = open(`oci:${join(folder, 'layout')}`, { workspace: folder });
  return { digest, materials, store, image: await listSubjects(store, digest) };
}

interface Read {
  config: {
    created: string;
    config: Record<string, unknown>;
    rootfs: { diff_ids: string[] };
    history: unknown[];
  } & Record<string, unknown>;
  names: string[];
}

/** The config of an image's first platform, and the names in its last layer. */
async function read({
  store,
  image,
}: {
  store: Store;
  image: Awaited<ReturnType<typeof listSubjects>>;
}): Promise<Read> {
  const manifest = image.platforms[0]?.manifest;
  const last = manifest?.layers.at(-1);
  if (!manifest || !last) throw new Error('the image has no layer');
  const names: string[] = [];
  const tar = extract();
  tar.on('entry', ({ name }, content, next) => {
    names.push(name);
    content.on('end', next).resume();
  });
  await pipeline(await store.getBlob(last), createGunzip(), tar);
  return { config: JSON.parse((await store.readBlob(manifest.config)).toString()), names };
}

describe('from scratch', () => {
  test('twice is the same digest, in other folders', async () => {
    const first = await build();
    expect((await build()).digest).toBe(first.digest);
    expect((await build({ created: 1 })).digest).not.toBe(first.digest);
  });

  test('a config that says no more than it must', async () => {
    const { config, names } = await read(
      await build({ entrypoint: ['node', '/app/server.js'], env: [['A', '1']], user: '65532' }),
    );
    expect(names).toEqual(['app/', 'app/server.js']);
    expect(config).toEqual({
      created: '2023-11-14T22:13:20Z',
      architecture: 'amd64',
      os: 'linux',
      config: {
        User: '65532',
        Env: ['A=1'],
        Entrypoint: ['node', '/app/server.js'],
        Labels: { a: '1', b: '2' },
      },
      rootfs: { type: 'layers', diff_ids: [expect.stringMatching(/^sha256:/)] },
      history: [{ created: '2023-11-14T22:13:20Z', created_by: 'hallmark layers: app:/app' }],
    });
  });

  test('several platforms share the layer and are one index with the annotations', async () => {
    const { image } = await build({
      platforms: ['linux/amd64', 'linux/arm64', 'linux/amd64'].map((text) => parsePlatform(text)),
    });
    expect(image.platforms.map(({ platform }) => platform.architecture)).toEqual(['amd64', 'arm64']);
    expect(new Set(image.platforms.map(({ manifest }) => manifest.layers[0]?.digest)).size).toBe(1);
    expect(JSON.parse(image.root.bytes.toString())).toMatchObject({ annotations: { note: 'n' } });
  });
});

describe('several layers', () => {
  const folder = (): string => {
    const context = makeFolder();
    for (const path of ['app/node_modules/a', 'app/lib']) mkdirSync(join(context, path), { recursive: true });
    for (const path of ['app/node_modules/a/index.js', 'app/lib/own.js', 'app/server.js']) {
      writeFileSync(join(context, path), path);
    }
    return context;
  };
  const namesOf = async ({ store, image }: Awaited<ReturnType<typeof build>>): Promise<string[][]> => {
    const layers = image.platforms[0]?.manifest.layers ?? [];
    return Promise.all(
      layers.map(async (layer) => {
        const names: string[] = [];
        const tar = extract();
        tar.on('entry', ({ name }, content, next) => {
          names.push(name);
          content.on('end', next).resume();
        });
        const unpack = layer.mediaType === MEDIA_TYPE.layerZstd ? createZstdDecompress() : createGunzip();
        await pipeline(await store.getBlob(layer), unpack, tar);
        return names;
      }),
    );
  };

  test.each(['gzip', 'zstd'] as const)(
    'by rule, of %s, each folder once and before what is in it',
    async (compression) => {
      const built = await build({ folder: folder(), split: ['/app/node_modules', '/app/*.js'], compression });
      expect(await namesOf(built)).toEqual([
        ['app/', 'app/node_modules/', 'app/node_modules/a/', 'app/node_modules/a/index.js'],
        ['app/server.js'],
        ['app/lib/', 'app/lib/own.js'],
      ]);
      const { rootfs, history } = JSON.parse(
        (
          await built.store.readBlob((built.image.platforms[0] as PlatformManifest).manifest.config)
        ).toString(),
      );
      expect(rootfs.diff_ids).toHaveLength(3);
      expect(history).toHaveLength(3);
    },
  );

  test('a change of the application leaves the layer of what it depends on as it was', async () => {
    const context = folder();
    const layersOf = async (): Promise<(string | undefined)[]> =>
      (
        await build({ folder: context, split: ['/app/node_modules'] })
      ).image.platforms[0]?.manifest.layers.map(({ digest }) => digest) ?? [];
    const before = await layersOf();
    writeFileSync(join(context, 'app/server.js'), 'changed');
    const after = await layersOf();
    expect(after[0]).toBe(before[0]);
    expect(after[1]).not.toBe(before[1]);
  });

  test('a rule that names nothing is an error: it was meant to', async () => {
    await expect(build({ split: ['/app/node_module'] })).rejects.toThrow(
      'layers: /app/node_module names nothing that is in the image',
    );
  });
});

describe('on a base', () => {
  test('its layers, config and history come first; an entrypoint takes its command along', async () => {
    const base = await makeBase();
    const built = await build({
      base,
      env: [
        ['A', '2'],
        ['B', '3'],
      ],
      entrypoint: ['node'],
    });
    const { config } = await read(built);
    const manifest = built.image.platforms[0]?.manifest;
    expect(manifest?.layers[0]).toEqual(base.image.platforms[0]?.manifest.layers[0]);
    expect(config.config).toEqual({
      ...{ WorkingDir: '/srv', Env: ['PATH=/bin', 'A=2', 'B=3'], Entrypoint: ['node'] },
      Labels: { a: '1', b: '2', base: 'yes' },
    });
    expect(config.history).toHaveLength(2);
    expect(manifest?.annotations).toEqual({
      note: 'n',
      'org.opencontainers.image.base.digest': base.image.digest,
    });
    const hex = base.image.digest.slice('sha256:'.length);
    expect(built.materials).toEqual([{ uri: expect.stringContaining(hex), digest: { sha256: hex } }]);
    expect((await read(await build({ base }))).config.config).toMatchObject({
      Entrypoint: ['/bin/init'],
      Cmd: ['start'],
    });
  });

  test.each<[string, BaseOptions, string[], string[]]>([
    ['a folder keeps its mode there', {}, ['app:/tmp/app'], ['tmp/app/', 'tmp/app/server.js']],
    ['a link to a folder stays a link', {}, ['app/server.js:/bin/server'], ['bin/server']],
    [
      'a folder that a later layer removed is made again',
      { layers: [['tmp/'], ['.wh.tmp']] },
      ['app:/tmp'],
      ['tmp/', 'tmp/server.js'],
    ],
    [
      'and what was in it',
      {
        layers: [
          ['a/', 'a/b/'],
          ['.wh.a', 'a/'],
        ],
      },
      ['app:/a/b'],
      ['a/b/', 'a/b/server.js'],
    ],
    [
      'an opaque folder hides what was in it',
      {
        layers: [
          ['a/', 'a/b/', 'ab/'],
          ['a/', 'a/.wh..wh..opq'],
        ],
      },
      ['app:/a/b', 'app:/ab'],
      ['a/b/', 'a/b/server.js', 'ab/server.js'],
    ],
    [
      'a whiteout hides the lower layers only',
      { layers: [['a/'], ['a/.wh..wh..opq', 'a/b/']] },
      ['app:/a/b'],
      ['a/b/server.js'],
    ],
    [
      'a folder that became a file is made again',
      { layers: [['a/', 'a/b/'], ['a']] },
      ['app:/a/b'],
      ['a/', 'a/b/', 'a/b/server.js'],
    ],
    ['names with ./', { layers: [['./', './a/']] }, ['app:/a'], ['a/server.js']],
    [
      'zstd',
      { compress: zstdCompressSync, layerType: MEDIA_TYPE.layerZstd },
      ['app:/tmp'],
      ['tmp/server.js'],
    ],
    [
      // As zstd:chunked is: many frames, and some to be skipped.
      'zstd in many frames',
      { compress: makeChunked, layerType: MEDIA_TYPE.layerZstd },
      ['app:/tmp'],
      ['tmp/server.js'],
    ],
    [
      'no compression',
      { compress: (tar) => tar, layerType: 'application/vnd.oci.image.layer.v1.tar' },
      ['app:/tmp'],
      ['tmp/server.js'],
    ],
  ])('%s', async (_name, options, files, names) => {
    expect((await read(await build({ base: await makeBase(options), files }))).names).toEqual(names);
  });

  test('Docker’s layer types become OCI’s', async () => {
    const base = await makeBase({ layerType: 'application/vnd.docker.image.rootfs.diff.tar.gzip' });
    const { image } = await build({ base });
    expect(image.platforms[0]?.manifest.layers.map(({ mediaType }) => mediaType)).toEqual([
      MEDIA_TYPE.layerGzip,
      MEDIA_TYPE.layerGzip,
    ]);
  });

  test.each<[string, string[], string[], string[]]>([
    ['the only platform of the base', ['linux/arm64'], [], ['linux/arm64']],
    ['linux/amd64 of several', ['linux/arm64', 'linux/amd64'], [], ['linux/amd64']],
    [
      'those asked for',
      ['linux/arm64', 'linux/amd64', 'linux/s390x'],
      ['linux/s390x', 'linux/arm64'],
      ['linux/s390x', 'linux/arm64'],
    ],
    ['the one variant there is', ['linux/arm64/v8'], ['linux/arm64'], ['linux/arm64/v8']],
  ])('platforms: %s', async (_name, platforms, asked, expected) => {
    const base = await makeBase({ platforms });
    const { image } = await build({ base, platforms: asked.map((text) => parsePlatform(text)) });
    expect(
      image.platforms.map(({ platform: { os, architecture, variant } }) =>
        [os, architecture, variant].filter(Boolean).join('/'),
      ),
    ).toEqual(expected);
  });

  test.each<[string, BaseOptions, Partial<LayersRequest>, typeof Invalid | typeof Refused, string]>([
    [
      'a platform that it lacks',
      {},
      { platforms: [parsePlatform('linux/s390x')] },
      Invalid,
      'it has linux/amd64',
    ],
    [
      'a layer that is encrypted',
      { layerType: 'application/vnd.oci.image.layer.v1.tar+gzip+encrypted' },
      {},
      Invalid,
      'encrypted',
    ],
    ['a config for other layers', { diffIds: 0 }, {}, Refused, 'no container image'],
    ['a layer that is no gzip', { compress: (tar) => tar }, {}, Refused, 'cannot be unpacked'],
    ...[
      ['gzip', gzipSync, MEDIA_TYPE.layerGzip] as const,
      ['zstd', zstdCompressSync, MEDIA_TYPE.layerZstd] as const,
      ['tar', (tar: Buffer) => tar, 'application/vnd.oci.image.layer.v1.tar'] as const,
    ].map(([name, compress, layerType]): [string, BaseOptions, object, typeof Refused, string] => [
      `a layer that is less than its config says: ${name}`,
      { compress: (tar) => compress(tar.subarray(0, 512)), layerType },
      {},
      Refused,
      "and the image's config says sha256:",
    ]),
    [
      'a layer that is no zstd',
      { compress: (tar) => tar, layerType: MEDIA_TYPE.layerZstd },
      {},
      Refused,
      'cannot be unpacked',
    ],
    [
      'a layer whose last frame is cut off',
      { compress: (tar) => makeChunked(tar).subarray(0, -20), layerType: MEDIA_TYPE.layerZstd },
      {},
      Refused,
      'cannot be unpacked',
    ],
  ])('%s', async (_name, options, overrides, type, message) => {
    const building = build({ base: await makeBase(options), ...overrides });
    await expect(building).rejects.toThrow(type);
    await expect(building).rejects.toThrow(message);
  });

  test('with wrong bytes is refused', async () => {
    const base = await makeBase();
    const store = new Proxy(base.store, {
      get: (target, name) =>
        name === 'getBlob'
          ? async (descriptor: { digest: Digest; size: number }) =>
              Readable.from([Buffer.alloc(descriptor.size)])
          : (Reflect.get(target, name).bind?.(target) ?? Reflect.get(target, name)),
    });
    await expect(build({ base: { ...base, store } })).rejects.toThrow(Refused);
  });
});
