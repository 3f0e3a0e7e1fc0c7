import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { MEDIA_TYPE } from '../../shared/image/descriptor.ts';
import { digestHex } from '../../shared/image/digest.ts';
import { attachReferrers } from '../../shared/store/attach.ts';
import { copyImage } from '../../shared/store/copy.ts';
import { digestOf } from '../../shared/store/hash.ts';
import { digests, makeFolder, open, pushBlob, pushIndex, pushManifest, pushPlatform } from './fixtures.ts';
import { makeReferrer } from './referrer.ts';

const readIndex = (folder: string) => JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8'));

describe('on disk', () => {
  it('is what image-layout.md says: oci-layout, index.json with names, blobs by digest', async () => {
    const workspace = makeFolder();
    const store = open('oci:a/layout', { workspace });
    const image = await pushPlatform(store, 'amd64', {}, 'v1');
    const folder = join(workspace, 'a/layout');
    expect(readFileSync(join(folder, 'oci-layout'), 'utf8')).toBe('{"imageLayoutVersion":"1.0.0"}');
    expect(readIndex(folder)).toEqual({
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.index,
      manifests: [{ ...image, annotations: { 'org.opencontainers.image.ref.name': 'v1' } }],
    });
    for (const name of readdirSync(join(folder, 'blobs/sha256'))) {
      expect(digestOf(readFileSync(join(folder, 'blobs/sha256', name)))).toBe(`sha256:${name}`);
    }
    expect(readdirSync(folder).sort()).toEqual(['blobs', 'index.json', 'oci-layout']);
  });

  it('names an index alone, not the platforms below it, and referrers with what they are', async () => {
    const workspace = makeFolder();
    const store = open('oci:layout', { workspace });
    const image = await pushIndex(store);
    const [referrer] = await attachReferrers(store, [makeReferrer(image, 'sbom')]);
    expect(readIndex(join(workspace, 'layout')).manifests).toMatchObject([
      image,
      { digest: referrer?.digest, artifactType: MEDIA_TYPE.bundle },
    ]);
  });

  it('keeps what other tools put into index.json', async () => {
    const workspace = makeFolder();
    const store = open('oci:layout', { workspace });
    const image = await pushPlatform(store, 'amd64');
    const file = join(workspace, 'layout/index.json');
    const index = readIndex(join(workspace, 'layout'));
    index.annotations = { made: 'elsewhere' };
    index.manifests[0].annotations = { 'io.containerd.image.name': 'app:v1' };
    index.manifests[0].data = 'e30=';
    writeFileSync(file, JSON.stringify(index));
    await pushPlatform(store, 'arm64', {}, 'v2');
    expect(readIndex(join(workspace, 'layout'))).toMatchObject({ annotations: index.annotations });
    expect(readIndex(join(workspace, 'layout')).manifests[0]).toEqual(index.manifests[0]);
    expect(await store.resolve(image.digest)).toMatchObject(image);
  });

  it('lists referrers that skopeo or oras copied: by their subject, or a fallback tag', async () => {
    const store = open('oci:layout');
    const image = await pushPlatform(store, 'amd64');
    const config = await pushBlob(store, Buffer.from('{}'), MEDIA_TYPE.empty);
    const content = { mediaType: MEDIA_TYPE.manifest, config, layers: [], subject: image };
    const untagged = await pushManifest(store, { ...content, artifactType: 'text/untagged' });
    const inner = await pushManifest(store, { ...content, artifactType: 'text/fallback' });
    await pushManifest(
      store,
      { mediaType: MEDIA_TYPE.index, manifests: [inner] },
      image.digest.replace(':', '-'),
    );
    const listed = await store.listReferrers(image.digest);
    expect(listed.map(({ digest }) => digest).sort()).toEqual([untagged.digest, inner.digest].sort());
  });

  it('is read once for the referrers of all its manifests, and anew when it was written', async () => {
    const workspace = makeFolder();
    const [store, other] = [open('oci:layout', { workspace }), open('oci:layout', { workspace })];
    const image = await pushPlatform(store, 'amd64');
    const names = Array.from({ length: 20 }, (_, n) => `referrer ${n}`);
    const attached = await attachReferrers(
      store,
      names.map((name) => makeReferrer(image, name)),
    );
    const reads = vi.spyOn(store, 'getManifest');
    expect(digests(await store.listReferrers(image.digest))).toEqual(digests(attached));
    for (const { digest } of attached) expect(await store.listReferrers(digest)).toEqual([]);
    // Each entry, and a fallback tag for each that is asked about.
    expect(reads.mock.calls.length).toBeLessThanOrEqual(2 * (attached.length + 1));
    const later = await attachReferrers(other, [makeReferrer(image, 'later')]);
    expect(digests(await store.listReferrers(image.digest))).toEqual(digests([...attached, ...later]));
  });

  it('changes that come at once are all kept', async () => {
    const store = open('oci:layout');
    await Promise.all(Array.from({ length: 20 }, (_, n) => pushPlatform(store, 'amd64', {}, `v${n}`)));
    expect(await store.listTags()).toHaveLength(20);
  });
});

describe('what was damaged or made up', () => {
  /** A layout with one image, and its folder. */
  const make = async () => {
    const workspace = makeFolder();
    const store = open('oci:layout', { workspace });
    const image = await pushPlatform(store, 'amd64', {}, 'v1');
    const [layer] = JSON.parse(String((await store.getManifest('v1'))?.bytes)).layers;
    const folder = join(workspace, 'layout');
    return {
      workspace,
      folder,
      store,
      image,
      layer,
      layerFile: join(folder, 'blobs/sha256', digestHex(layer.digest)),
    };
  };
  type Made = Awaited<ReturnType<typeof make>>;

  it.each<[string, string, (made: Made) => void]>([
    ['a folder that is none', 'invalid', ({ folder }) => rmSync(folder, { recursive: true })],
    ['no oci-layout', 'invalid', ({ folder }) => rmSync(join(folder, 'oci-layout'))],
    [
      'another version',
      'invalid',
      ({ folder }) => writeFileSync(join(folder, 'oci-layout'), '{"imageLayoutVersion":"2"}'),
    ],
    ['no index.json', 'invalid', ({ folder }) => rmSync(join(folder, 'index.json'))],
    [
      'an index.json that is no JSON',
      'invalid',
      ({ folder }) => writeFileSync(join(folder, 'index.json'), '{'),
    ],
    [
      'an index.json that is a folder',
      'invalid',
      ({ folder }) => {
        rmSync(join(folder, 'index.json'));
        mkdirSync(join(folder, 'index.json'));
      },
    ],
    [
      'a manifest that is gone',
      'refused',
      ({ folder, image }) => rmSync(join(folder, 'blobs/sha256', digestHex(image.digest))),
    ],
    [
      'a manifest with other bytes',
      'refused',
      ({ folder, image }) =>
        writeFileSync(join(folder, 'blobs/sha256', digestHex(image.digest)), '{"layers":[]}'),
    ],
    [
      'a layer with other bytes',
      'refused',
      ({ layerFile, layer }) => writeFileSync(layerFile, Buffer.alloc(layer.size)),
    ],
    ['a layer cut short', 'refused', ({ layerFile }) => truncateSync(layerFile, 10)],
    ['a layer that is gone', 'refused', ({ layerFile }) => rmSync(layerFile)],
    [
      'a layer that is a pipe',
      'invalid',
      ({ layerFile }) => {
        rmSync(layerFile);
        execFileSync('mkfifo', [layerFile]);
      },
    ],
    [
      'a layer that is a link out of the layout',
      'invalid',
      ({ workspace, layerFile }) => {
        renameSync(layerFile, join(workspace, 'secret'));
        symlinkSync(join(workspace, 'secret'), layerFile);
      },
    ],
    [
      'blobs that are a link out of the workspace',
      'invalid',
      ({ folder }) => {
        const elsewhere = makeFolder();
        renameSync(join(folder, 'blobs'), join(elsewhere, 'blobs'));
        symlinkSync(join(elsewhere, 'blobs'), join(folder, 'blobs'));
      },
    ],
    [
      'a layout that is a link out of the workspace',
      'invalid',
      ({ folder }) => {
        const elsewhere = makeFolder();
        renameSync(folder, join(elsewhere, 'layout'));
        symlinkSync(join(elsewhere, 'layout'), folder);
      },
    ],
  ])('%s is %s, and nothing of it is copied', async (_, outcome, damage) => {
    const made = await make();
    damage(made);
    const to = open('oci:to');
    const copy = async (): Promise<unknown> => {
      const found = await made.store.resolve('v1');
      return copyImage(made.store, to, found?.digest ?? made.image.digest);
    };
    await expect(copy()).rejects.toMatchObject({ outcome });
    await to.prepareUploads(0);
    expect(await to.resolve(made.image.digest)).toBeUndefined();
  });

  it.each(['../outside', '/tmp/outside', 'a/../../outside'])('the folder %s is invalid', async (folder) => {
    const store = open(`oci:${folder}`);
    await expect(store.listTags()).rejects.toMatchObject({ outcome: 'invalid', input: 'image' });
    await expect(store.prepareUploads(0)).rejects.toMatchObject({ outcome: 'invalid', input: 'image' });
  });

  it('reading makes nothing', async () => {
    const workspace = makeFolder();
    await expect(open('oci:none', { workspace }).getManifest('v1')).rejects.toMatchObject({
      outcome: 'invalid',
    });
    expect(readdirSync(workspace)).toEqual([]);
  });

  it('a write that fails leaves no file', async () => {
    const workspace = makeFolder();
    const store = open('oci:layout', { workspace });
    await store.prepareUploads(0);
    const blob = { digest: digestOf('right'), size: 5 };
    await expect(store.putBlob(blob, () => Buffer.from('wrong'))).rejects.toMatchObject({
      outcome: 'refused',
    });
    expect(readdirSync(join(workspace, 'layout/blobs/sha256'))).toEqual([]);
  });
});
