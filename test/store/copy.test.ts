import { describe, expect, it } from 'vitest';
import { MEDIA_TYPE } from '../../shared/image/descriptor.ts';
import type { Digest } from '../../shared/image/digest.ts';
import { attachReferrers } from '../../shared/store/attach.ts';
import { copyImage } from '../../shared/store/copy.ts';
import { digestOf } from '../../shared/store/hash.ts';
import { fallbackTag, ownTag } from '../../shared/store/referrers.ts';
import type { Store } from '../../shared/store/store.ts';
import { listSubjects } from '../../shared/store/subjects.ts';
import type { Fault, SeenRequest } from '../servers/registry.ts';
import {
  absent,
  copyAndTag,
  digests,
  open,
  pushBlob,
  pushIndex,
  pushManifest,
  pushPlatform,
  serveRegistry,
} from './fixtures.ts';
import { makeReferrer } from './referrer.ts';

const sends = ({ method }: { method: string }): boolean => method !== 'GET' && method !== 'HEAD';

describe('copyImage', () => {
  it('mounts within a registry, and sends bytes to another', async () => {
    const [here, there] = [await serveRegistry(), await serveRegistry()];
    const from = open(`${here.host}/octo/app`);
    const image = await pushIndex(from);
    expect(await copyImage(from, open(`${here.host}/octo/prod`), image.digest)).toEqual({
      mounted: 6,
      copied: 4,
    });
    expect(await copyImage(from, open(`${there.host}/octo/app`), image.digest)).toEqual({
      mounted: 0,
      copied: 10,
    });
  });

  it('uploads what a registry does not mount', async () => {
    for (const refusal of [400, 403, 405]) {
      const registry = await serveRegistry({
        onRequest: ({ path }) => (path.includes('mount=') ? { status: refusal } : undefined),
      });
      const from = open(`${registry.host}/octo/app`);
      const image = await pushPlatform(from, 'amd64');
      const to = open(`${registry.host}/octo/prod`);
      expect(await copyImage(from, to, image.digest)).toEqual({ mounted: 0, copied: 3 });
      expect(await to.resolve(image.digest)).toMatchObject(image);
    }
  });

  it('sends nothing the second time, evidence included', async () => {
    for (const referrers of [true, false]) {
      const registry = await serveRegistry({ referrers });
      const from = open(`${registry.host}/octo/app`);
      const image = await pushIndex(from);
      await attachReferrers(from, [makeReferrer(image, 'a'), makeReferrer(image, 'b')]);
      const copy = () =>
        copyAndTag(open(`${registry.host}/octo/app`), open(`${registry.host}/octo/prod`), image.digest, {
          referrers: true,
        });
      await copy();
      registry.requests.length = 0;
      expect(await copy()).toEqual({ copied: 0, mounted: 0 });
      expect(registry.requests.filter(sends)).toEqual([]);
    }
  });

  it('heals a destination that a clean-up damaged', async () => {
    const registry = await serveRegistry();
    const from = open(`${registry.host}/octo/app`);
    const image = await pushIndex(from);
    await copyImage(from, open(`${registry.host}/octo/prod`), image.digest);
    const [child, sibling] = JSON.parse(String((await from.getManifest(image.digest))?.bytes)).manifests;
    const [layer] = JSON.parse(String((await from.getManifest(sibling.digest))?.bytes)).layers;
    for (const path of [`manifests/${child.digest}`, `blobs/${layer.digest}`]) {
      await fetch(`http://${registry.host}/v2/octo/prod/${path}`, { method: 'DELETE' });
    }
    const to = open(`${registry.host}/octo/prod`);
    // The child's config and layer, and the layer of a sibling that is still there.
    expect(await copyImage(from, to, image.digest)).toEqual({ mounted: 3, copied: 1 });
    expect(await to.hasBlob(layer.digest)).toBe(true);
    expect(await to.resolve(child.digest)).toBeDefined();
  });

  it('heals what is below evidence that is an index', async () => {
    const registry = await serveRegistry();
    const from = open('oci:from');
    const image = await pushPlatform(from, 'amd64');
    const child = await pushPlatform(from, 'arm64');
    await pushManifest(from, { mediaType: MEDIA_TYPE.index, manifests: [child], subject: image });
    const to = open(`${registry.host}/octo/app`);
    const copy = () => copyImage(from, to, image.digest, { referrers: true, check: true });
    await copy();
    await fetch(`http://${registry.host}/v2/octo/app/manifests/${child.digest}`, { method: 'DELETE' });
    expect(await copy()).toEqual({ copied: 1, mounted: 0 });
    expect(await to.resolve(child.digest)).toBeDefined();
  });

  it.each([
    ['within a registry', true, [9]],
    ['to another', false, [9]],
    ['within a registry, beside the right one', true, [5, 9]],
    ['to another, beside the right one', false, [5, 9]],
  ])('refuses a size that a blob does not have: %s', async (_, within, sizes) => {
    const [here, there] = [await serveRegistry(), await serveRegistry()];
    const from = open(`${here.host}/octo/app`);
    const layer = await pushBlob(from, Buffer.from('layer'), MEDIA_TYPE.layerGzip);
    const manifests = await Promise.all(
      sizes.map((size) => pushPlatform(from, `size-${size}`, { layers: [{ ...layer, size }] })),
    );
    const image = await pushManifest(from, { mediaType: MEDIA_TYPE.index, manifests });
    const to = open(`${(within ? here : there).host}/octo/prod`);
    const copying = copyImage(from, to, image.digest, { check: true });
    await expect(copying).rejects.toMatchObject({ outcome: 'refused' });
  });

  it('goes on where it was broken off, and sends no layer twice', async () => {
    let left = 2;
    const isLayer = ({ method, path, headers }: SeenRequest): boolean =>
      method === 'PUT' && path.includes('/blobs/uploads/') && Number(headers['content-length']) > 64 * 1024;
    const registry = await serveRegistry({
      onRequest: (request) => {
        if (isLayer(request)) left -= 1;
        return left < 0 ? { status: 403 } : undefined;
      },
    });
    const from = open('oci:from');
    const image = await pushIndex(from);
    await attachReferrers(from, [makeReferrer(image, 'a')]);
    const copy = () =>
      copyImage(from, open(`${registry.host}/octo/app`), image.digest, { referrers: true, check: true });
    await expect(copy()).rejects.toMatchObject({ outcome: 'unavailable' });
    left = Infinity;
    expect(await open(`${registry.host}/octo/app`).resolve(image.digest)).toBeUndefined();
    await copy();
    const sent = registry.requests.filter((request) => isLayer(request) && request.status === 201);
    expect(sent).toHaveLength(3);
    expect(await copy()).toEqual({ copied: 0, mounted: 0 });
  });

  it('writes children before the index, and evidence before the image', async () => {
    const registry = await serveRegistry({ referrers: false });
    const from = open('oci:from');
    const image = await pushIndex(from);
    const [evidence] = await attachReferrers(from, [makeReferrer(image, 'a')]);
    await copyImage(from, open(`${registry.host}/octo/app`), image.digest, { referrers: true });
    const written = registry.requests
      .filter(({ method, path }) => method === 'PUT' && path.includes('/manifests/'))
      .map(({ path }) => path.slice(path.lastIndexOf('/') + 1));
    const children = JSON.parse(String((await from.getManifest(image.digest))?.bytes)).manifests;
    const [own, list] = [
      ownTag(image.digest, evidence?.digest ?? absent(image.digest)),
      fallbackTag(image.digest),
    ];
    expect(written.toSorted()).toEqual([...digests(children), image.digest, own, list].toSorted());
    expect(written.at(-1)).toBe(image.digest);
    // Beside the children, which wait for larger blobs.
    expect(written.indexOf(own)).toBeLessThan(written.indexOf(list));
  });

  it('leaves layers where they are that may not be distributed', async () => {
    const registry = await serveRegistry();
    const from = open('oci:from');
    const foreign = [
      {
        mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
        digest: digestOf('f'),
        size: 1,
      },
      {
        mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
        digest: digestOf('n'),
        size: 1,
      },
    ];
    const layer = await pushBlob(from, Buffer.from('layer'), MEDIA_TYPE.layerGzip);
    const image = await pushPlatform(from, 'amd64', { layers: [...foreign, layer] });
    const to = open(`${registry.host}/octo/app`);
    expect(await copyImage(from, to, image.digest)).toEqual({ mounted: 0, copied: 3 });
    expect((await to.getManifest(image.digest))?.bytes).toEqual(
      (await from.getManifest(image.digest))?.bytes,
    );
  });

  it('copies Docker’s manifest types as they are', async () => {
    const from = open('oci:from');
    const image = await pushManifest(from, {
      mediaType: MEDIA_TYPE.dockerManifest,
      config: await pushBlob(
        from,
        Buffer.from('{"os":"linux","architecture":"amd64"}'),
        MEDIA_TYPE.dockerConfig,
      ),
      layers: [],
    });
    const list = await pushManifest(from, { mediaType: MEDIA_TYPE.dockerIndex, manifests: [image] });
    const registry = await serveRegistry();
    const to = open(`${registry.host}/octo/app`);
    await copyImage(from, to, list.digest);
    expect(await to.resolve(list.digest)).toMatchObject(list);
    expect(await to.resolve(image.digest)).toMatchObject(image);
  });

  it('copies evidence that only tags tell of, and skips what lists make up', async () => {
    const registry = await serveRegistry({ referrers: false });
    const from = open(`${registry.host}/octo/app`);
    const image = await pushPlatform(from, 'amd64');
    const other = await pushPlatform(from, 'arm64');
    const [own, foreign] = await attachReferrers(from, [
      makeReferrer(image, 'own'),
      makeReferrer(other, 'foreign'),
    ]);
    const gone = { mediaType: MEDIA_TYPE.manifest, digest: absent(image.digest), size: 9 };
    const index = { mediaType: MEDIA_TYPE.index, manifests: [{ ...foreign }, gone] };
    const bytes = Buffer.from(JSON.stringify(index));
    await fetch(`http://${registry.host}/v2/octo/app/manifests/${image.digest.replace(':', '-')}`, {
      method: 'DELETE',
    });
    // A registry takes no index with a missing child; a layout does.
    const layout = open('oci:layout');
    await copyImage(from, layout, image.digest, { referrers: true });
    await copyImage(from, layout, other.digest, { referrers: true });
    await layout.putManifest(bytes, MEDIA_TYPE.index, image.digest.replace(':', '-'));
    expect(await layout.listReferrers(image.digest)).toHaveLength(3);
    const to = open(`${registry.host}/octo/prod`);
    await copyImage(layout, to, image.digest, { referrers: true });
    expect(digests(await to.listReferrers(image.digest))).toEqual([own?.digest]);
  });

  it('copies evidence that the list of tags leaves out, and by digest what an own tag does not name', async () => {
    const registry = await serveRegistry({
      referrers: false,
      onRequest: ({ path }) =>
        path.startsWith('/v2/octo/app/tags/list')
          ? { status: 200, body: JSON.stringify({ name: 'octo/app', tags: left }) }
          : undefined,
    });
    const from = open(`${registry.host}/octo/app`);
    const image = await pushPlatform(from, 'amd64');
    let left: string[] = [];
    const [first, second] = await attachReferrers(from, [makeReferrer(image, 'a'), makeReferrer(image, 'b')]);
    if (!first || !second) throw new Error('nothing was attached');
    left = [ownTag(image.digest, first.digest)];
    const other = await from.getManifest(second.digest);
    await from.putManifest(other?.bytes ?? Buffer.alloc(0), MEDIA_TYPE.manifest, left[0]);
    const to = open(`${registry.host}/octo/prod`);
    await copyImage(from, to, image.digest, { referrers: true, check: true });
    expect(digests(await to.listReferrers(image.digest))).toEqual(digests([first, second]));
  });

  it.each([true, false])(
    'copies evidence that is named by its sha512 (referrers API: %s)',
    async (referrers) => {
      const [here, there] = [await serveRegistry(), await serveRegistry({ referrers })];
      const from = open(`${here.host}/octo/app`);
      const image = await pushPlatform(from, 'amd64');
      const content = { schemaVersion: 2, mediaType: MEDIA_TYPE.manifest, layers: [], subject: image };
      const config = await pushBlob(from, Buffer.from('{}'), MEDIA_TYPE.empty);
      const bytes = Buffer.from(JSON.stringify({ ...content, artifactType: 'a/b', config }));
      const { digest } = await from.putManifest(bytes, MEDIA_TYPE.manifest, digestOf(bytes, 'sha512'));
      const to = open(`${there.host}/octo/prod`);
      const copy = () => copyImage(from, to, image.digest, { referrers: true, check: true });
      await copy();
      expect(digests(await to.listReferrers(image.digest))).toEqual([digest]);
      expect(await copy()).toEqual({ copied: 0, mounted: 0 });
    },
  );

  describe('what cosign kept under tags', () => {
    /** A manifest as cosign writes it: a layer for each signature, the signature itself in its annotations. */
    async function sign(store: Store, subject: Digest, kind: string, signatures: readonly string[]) {
      const layers = await Promise.all(
        signatures.map(async (signature) => ({
          ...(await pushBlob(
            store,
            Buffer.from('payload'),
            'application/vnd.dev.cosign.simplesigning.v1+json',
          )),
          annotations: { 'dev.cosignproject.cosign/signature': signature },
        })),
      );
      const config = await pushBlob(store, Buffer.from('{}'), MEDIA_TYPE.config);
      const tag = `${subject.replace(':', '-')}.${kind}`;
      return pushManifest(store, { mediaType: MEDIA_TYPE.manifest, config, layers }, tag);
    }

    it('goes along: of the image, of its platforms, and of an SBOM that is kept so itself', async () => {
      const registry = await serveRegistry();
      const [from, there, back] = [open('oci:from'), open(`${registry.host}/octo/app`), open('oci:back')];
      const image = await pushIndex(from);
      const { platforms } = await listSubjects(from, image.digest);
      const signed: [Digest, string][] = [[image.digest, 'sig']];
      for (const { descriptor } of platforms) signed.push([descriptor.digest, 'att']);
      const sbom = await sign(from, image.digest, 'sbom', ['none']);
      signed.push([sbom.digest, 'sig']);
      for (const [subject, kind] of signed) await sign(from, subject, kind, ['a']);
      signed.push([image.digest, 'sbom']);
      for (const [source, to] of [
        [from, there],
        [there, back],
      ] as const) {
        await copyImage(source, to, image.digest, { referrers: true, check: true });
        for (const [subject, kind] of signed) {
          const tag = `${subject.replace(':', '-')}.${kind}`;
          expect(await to.resolve(tag)).toEqual(await from.resolve(tag));
        }
        expect(await copyImage(source, to, image.digest, { referrers: true, check: true })).toEqual({
          copied: 0,
          mounted: 0,
        });
      }
    });

    it('goes along where tags cannot be listed', async () => {
      const registry = await serveRegistry({
        onRequest: ({ path }) => (path.includes('/tags/list') ? { status: 405 } : undefined),
      });
      const [from, to] = [open(`${registry.host}/octo/app`), open(`${registry.host}/octo/prod`)];
      const image = await pushPlatform(from, 'amd64');
      await attachReferrers(from, [makeReferrer(image, 'a')]);
      const signature = await sign(from, image.digest, 'sig', ['a']);
      await copyImage(from, to, image.digest, { referrers: true });
      expect(await to.resolve(`${image.digest.replace(':', '-')}.sig`)).toEqual(signature);
    });

    it.each<{ name: string; source: string[]; destination: string[]; holds: string[] | 'refused' }>([
      { name: 'more at the source is taken', source: ['a', 'b'], destination: ['a'], holds: ['a', 'b'] },
      { name: 'more at the destination stays', source: ['a'], destination: ['b', 'a'], holds: ['b', 'a'] },
      { name: 'nothing is lost on either side', source: ['a'], destination: ['b'], holds: 'refused' },
    ])('$name', async ({ source, destination, holds }) => {
      const registry = await serveRegistry();
      const [from, to] = [open('oci:from'), open(`${registry.host}/octo/app`)];
      const image = await pushPlatform(from, 'amd64');
      await sign(from, image.digest, 'sig', source);
      await sign(to, image.digest, 'sig', destination);
      const copying = copyImage(from, to, image.digest, { referrers: true });
      if (holds === 'refused') {
        await expect(copying).rejects.toMatchObject({ outcome: 'refused' });
        expect(await to.resolve(image.digest)).toBeUndefined();
      } else {
        await copying;
      }
      const kept = await to.getManifest(`${image.digest.replace(':', '-')}.sig`);
      expect(
        JSON.parse(String(kept?.bytes)).layers.map(
          ({ annotations }: { annotations: object }) => Object.values(annotations)[0],
        ),
      ).toEqual(holds === 'refused' ? destination : holds);
    });
  });

  describe('with check, is refused by a destination that', () => {
    /** One image with a layer and a piece of evidence, and what of it a fault is played for. */
    interface Parts {
      readonly layer: string;
      readonly image: string;
      readonly evidence: string;
    }
    const other = { status: 200, body: Buffer.from('other bytes') };
    const nothing = {
      status: 200,
      headers: { 'content-type': MEDIA_TYPE.index },
      body: JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests: [] }),
    };
    const gone = { status: 404 };
    it.each<{
      name: string;
      within?: boolean;
      fault: (parts: Parts, seen: SeenRequest) => Fault | undefined;
      says: RegExp;
    }>([
      {
        name: 'corrupts a blob',
        fault: ({ layer }, { method, path }) =>
          method === 'GET' && path.endsWith(`blobs/${layer}`) ? other : undefined,
        says: /holds other bytes than/,
      },
      {
        name: 'takes a blob over and loses it',
        within: true,
        fault: ({ layer }, { method, path }) =>
          method === 'HEAD' && path.endsWith(`octo/prod/blobs/${layer}`) ? gone : undefined,
        says: /does not have sha256:\w+, which it took over/,
      },
      {
        name: 'gives another manifest',
        fault: ({ image }, { method, path }) =>
          method === 'GET' && path.endsWith(`octo/prod/manifests/${image}`) ? other : undefined,
        says: /holds other bytes than/,
      },
      {
        name: 'loses a manifest',
        fault: ({ image }, { method, path }) =>
          method === 'GET' && path.endsWith(`octo/prod/manifests/${image}`) ? gone : undefined,
        says: /does not have sha256:\w+, which it took/,
      },
      {
        name: 'drops a referrer',
        fault: ({ evidence }, { method, path }) => {
          if (path.includes('octo/prod/referrers/')) return nothing;
          return method !== 'PUT' && path.includes(evidence.slice(7, 23)) ? gone : undefined;
        },
        says: /does not list sha256:\w+ beside sha256:\w+, which it took/,
      },
      {
        name: 'says another digest',
        fault: ({ image }, { method, path }) =>
          method === 'PUT' && path.endsWith(`octo/prod/manifests/${image}`)
            ? { status: 201, headers: { 'docker-content-digest': absent(image as Digest) } }
            : undefined,
        says: /was sent sha256:\w+ and says it stored/,
      },
    ])('$name', async ({ within = false, fault, says }) => {
      let parts: Parts | undefined;
      const registry = await serveRegistry({
        onRequest: (seen) => parts && fault(parts, seen),
      });
      const from = open(within ? `${registry.host}/octo/app` : 'oci:from');
      const image = await pushPlatform(from, 'amd64');
      const [evidence] = await attachReferrers(from, [makeReferrer(image, 'a')]);
      const [layer] = JSON.parse(String((await from.getManifest(image.digest))?.bytes)).layers;
      parts = { layer: layer.digest, image: image.digest, evidence: evidence?.digest ?? '' };
      const to = open(`${registry.host}/octo/prod`);
      await expect(copyImage(from, to, image.digest, { referrers: true, check: true })).rejects.toMatchObject(
        {
          outcome: 'refused',
          message: expect.stringMatching(says),
        },
      );
    });
  });

  describe('comes to an end', () => {
    const descriptor = (content: object): { mediaType: string; digest: Digest; size: number } => {
      const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, ...content }));
      return { mediaType: MEDIA_TYPE.index, digest: digestOf(bytes), size: bytes.length };
    };
    const index = (manifests: object[], change: object = {}) => ({
      mediaType: MEDIA_TYPE.index,
      manifests,
      ...change,
    });

    it('where indexes list the same indexes: each is read once', async () => {
      const [here, there] = [await serveRegistry(), await serveRegistry()];
      const from = open(`${here.host}/octo/app`);
      let below = [await pushPlatform(from, 'amd64')];
      for (let level = 0; level < 20; level += 1) {
        below = await Promise.all(
          ['a', 'b'].map((side) => pushManifest(from, index(below, { annotations: { side } }))),
        );
      }
      const image = await pushManifest(from, index(below));
      here.requests.length = 0;
      const to = open(`${there.host}/octo/app`);
      expect(await copyImage(from, to, image.digest)).toEqual({ mounted: 0, copied: 41 + 1 + 2 });
      expect(here.requests.filter(({ path }) => path.includes('/manifests/'))).toHaveLength(42);
    });

    it('where an index refers to what it lists, also below other evidence', async () => {
      const registry = await serveRegistry();
      const from = open('oci:from');
      const image = await pushPlatform(from, 'amd64');
      const circle = index([image], { subject: image });
      await pushManifest(from, circle);
      const outer = index([image, descriptor(circle)], { subject: image });
      await pushManifest(from, outer);
      const to = open(`${registry.host}/octo/app`);
      await copyImage(from, to, image.digest, { referrers: true, check: true });
      expect(digests(await to.listReferrers(image.digest))).toEqual(
        digests([descriptor(circle), descriptor(outer)]),
      );
    });

    it('where a tag of cosign’s names what it belongs to', async () => {
      const registry = await serveRegistry();
      const from = open('oci:from');
      const image = await pushPlatform(from, 'amd64');
      const bytes = (await from.getManifest(image.digest))?.bytes ?? Buffer.alloc(0);
      const signature = `${image.digest.replace(':', '-')}.sig`;
      await from.putManifest(bytes, image.mediaType, signature);
      const to = open(`${registry.host}/octo/app`);
      await copyImage(from, to, image.digest, { referrers: true, check: true });
      expect(await to.resolve(signature)).toMatchObject(image);
    });
  });

  it('refuses an image that is not there', async () => {
    const from = open('oci:from');
    const image = await pushPlatform(from, 'amd64');
    const registry = await serveRegistry();
    const to = open(`${registry.host}/octo/app`);
    await expect(copyImage(from, to, absent(image.digest))).rejects.toMatchObject({ outcome: 'refused' });
    expect(registry.requests.filter(sends)).toEqual([]);
  });
});
