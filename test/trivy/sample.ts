// A small image that Trivy finds something in: two npm packages with known vulnerabilities, and secrets in all the places that leak.
// The same bytes on every machine, so that a recorded report fits it.
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { type Descriptor, MEDIA_TYPE } from '../../shared/image/descriptor.ts';
import type { Digest } from '../../shared/image/digest.ts';
import { parsePlatform } from '../../shared/image/platform.ts';
import { digestOf } from '../../shared/store/hash.ts';
import type { Store } from '../../shared/store/store.ts';

/** What must never come out of a scan. The first is put together here, so that nobody's secret scanner takes this file for a leak. */
export const SECRETS = [
  `AKIA${'IOSFODNN7EXAMPL3'}`,
  'word-in-the-environment',
  'word-in-the-history',
  'word-beside-a-secret',
] as const;

const FILES = {
  'app/node_modules/lodash/package.json': '{"name":"lodash","version":"4.17.4","license":"MIT"}',
  'app/node_modules/minimist/package.json': '{"name":"minimist","version":"1.2.0","license":"MIT"}',
  'app/config.ini': `aws_access_key_id = ${SECRETS[0]}\nnote = ${SECRETS[3]}\n`,
};

export interface Sample {
  readonly digest: Digest;
  /** Manifest digest by platform. */
  readonly manifests: ReadonlyMap<string, Digest>;
}

/** Writes the image into a store: one manifest for one platform, an index for several. `files` are put beside the others. */
export async function writeSample(
  store: Store,
  platforms: readonly string[] = ['linux/amd64'],
  files: Readonly<Record<string, string>> = FILES,
): Promise<Sample> {
  const tar = await packFiles(files);
  const layer = gzipSync(tar);
  const layerDescriptor = { mediaType: MEDIA_TYPE.layerGzip, digest: digestOf(layer), size: layer.length };
  await store.putBlob(layerDescriptor, () => layer);
  const manifests: Descriptor[] = [];
  for (const platform of platforms) {
    const config = Buffer.from(
      JSON.stringify({
        ...parsePlatform(platform),
        created: '2026-11-21T00:00:00Z',
        config: {
          Env: ['PATH=/bin', `PASSWORD=${SECRETS[1]}`],
          Labels: { 'org.opencontainers.image.title': 'sample' },
        },
        rootfs: { type: 'layers', diff_ids: [digestOf(tar)] },
        history: [{ created: '2026-11-21T00:00:00Z', created_by: `COPY . . # ${SECRETS[2]}` }],
      }),
    );
    const configDescriptor = { mediaType: MEDIA_TYPE.config, digest: digestOf(config), size: config.length };
    await store.putBlob(configDescriptor, () => config);
    const bytes = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MEDIA_TYPE.manifest,
        config: configDescriptor,
        layers: [layerDescriptor],
      }),
    );
    const { digest } = await store.putManifest(bytes, MEDIA_TYPE.manifest);
    manifests.push({
      mediaType: MEDIA_TYPE.manifest,
      digest,
      size: bytes.length,
      platform: parsePlatform(platform),
    });
  }
  const byPlatform = new Map(
    platforms.map((platform, index) => [platform, manifests[index]?.digest as Digest]),
  );
  const [first] = manifests;
  if (manifests.length === 1 && first) return { digest: first.digest, manifests: byPlatform };
  const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests }));
  const { digest } = await store.putManifest(index, MEDIA_TYPE.index);
  return { digest, manifests: byPlatform };
}

async function packFiles(files: Readonly<Record<string, string>>): Promise<Buffer> {
  const archive = pack();
  for (const [name, content] of Object.entries(files)) archive.entry({ name, mtime: new Date(0) }, content);
  archive.finalize();
  return buffer(archive);
}
