import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MEDIA_TYPE } from '../../shared/image/descriptor.ts';
import { digestOf } from '../../shared/store/hash.ts';
import { LayoutStore } from '../../shared/store/layout.ts';
import type { Store } from '../../shared/store/store.ts';
import { listSubjects } from '../../shared/store/subjects.ts';
import { writeLayout } from '../../shared/trivy/layout.ts';
import { writeSample } from './sample.ts';

let folder = '';
let store: Store;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hallmark-layout-'));
  store = new LayoutStore('source', folder);
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Pushes an image whose layers and diff IDs are as given, and writes it for Trivy. */
async function write(layers: { mediaType: string; bytes: Buffer }[], diffIds: readonly string[]) {
  const put = async (mediaType: string, bytes: Buffer) => {
    const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
    await store.putBlob(descriptor, () => bytes);
    return descriptor;
  };
  const rootfs = { type: 'layers', diff_ids: diffIds };
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.manifest,
    config: await put(
      MEDIA_TYPE.config,
      Buffer.from(JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs })),
    ),
    layers: await Promise.all(layers.map(({ mediaType, bytes }) => put(mediaType, bytes))),
  };
  const { digest } = await store.putManifest(Buffer.from(JSON.stringify(manifest)), MEDIA_TYPE.manifest);
  return writeFrom(store, digest);
}

async function writeFrom(from: Store, digest: string) {
  const [platform] = (await listSubjects(from, digest)).platforms;
  if (!platform) throw new Error('no platform');
  return { manifest: platform.manifest, unpacked: await writeLayout(from, platform, folder) };
}

const tar = Buffer.from('a layer, as far as this goes');
const gzip = { mediaType: MEDIA_TYPE.layerGzip, bytes: gzipSync(tar) };

it('unpacks the layers, and keeps the config as it is, for it is what the image is known by', async () => {
  const { digest } = await writeSample(store);
  const { manifest, unpacked } = await writeFrom(store, digest);
  const layout = new LayoutStore('image', folder);
  const [entry] = JSON.parse(readFileSync(join(folder, 'image', 'index.json'), 'utf8')).manifests;
  const [written] = (await listSubjects(layout, entry.digest)).platforms;
  expect(written?.manifest.config).toEqual(manifest.config);
  const [layer] = written?.manifest.layers ?? [];
  expect(layer?.mediaType).toBe('application/vnd.oci.image.layer.v1.tar');
  expect([...unpacked]).toEqual([[layer?.digest, manifest.layers[0]?.digest]]);
  // Read through the store, which hashes it.
  if (layer) expect((await layout.readBlob(layer)).toString()).toContain('lodash');
});

it('leaves alone what is not gzip, and takes a layer that comes twice once', async () => {
  const plain = { mediaType: 'application/vnd.oci.image.layer.v1.tar', bytes: tar };
  const zstd = { mediaType: MEDIA_TYPE.layerZstd, bytes: Buffer.from('some zstd') };
  const { unpacked } = await write(
    [gzip, gzip, plain, zstd],
    [digestOf(tar), digestOf(tar), digestOf(tar), digestOf('x')],
  );
  expect(unpacked.size).toBe(1);
  // The unpacked layer, the one of zstd, config and manifest.
  expect(readdirSync(join(folder, 'image', 'blobs', 'sha256'))).toHaveLength(4);
});

describe('refuses an image', () => {
  it('whose layer is not what its config says: Trivy looks only once at what has one diff ID', async () => {
    const hidden = { ...gzip, bytes: gzipSync('a layer that hides') };
    await expect(write([gzip, hidden], [digestOf(tar), digestOf(tar)])).rejects.toMatchObject({
      outcome: 'refused',
      message: expect.stringContaining("the image's config says"),
    });
  });

  it.each([
    ['names too few layers', []],
    ['names layers in another way', ['md5:abc']],
  ])('whose config %s', async (_, diffIds) => {
    await expect(write([gzip], diffIds)).rejects.toMatchObject({ outcome: 'refused' });
  });

  it.each([
    ['are no gzip', Buffer.alloc(gzip.bytes.length)],
    ['are shorter', gzip.bytes.subarray(0, -1)],
    ['unpack to something else', gzipSync('another')],
  ])('whose layer has bytes that %s, and not those its digest names', async (_, bytes) => {
    const blob = join(folder, 'source', 'blobs', ...digestOf(gzip.bytes).split(':'));
    mkdirSync(dirname(blob), { recursive: true });
    // A store does not write what it has already.
    writeFileSync(blob, bytes);
    await expect(write([gzip], [digestOf(tar)])).rejects.toMatchObject({ outcome: 'refused' });
  });
});

it('a layer that cannot be unpacked is unavailable', async () => {
  const broken = { ...gzip, bytes: Buffer.from('not gzip') };
  await expect(write([broken], [digestOf(tar)])).rejects.toMatchObject({
    outcome: 'unavailable',
    message: expect.stringContaining('could not be unpacked'),
  });
});
