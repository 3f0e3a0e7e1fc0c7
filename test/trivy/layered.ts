// An image of several layers with a history, as a Dockerfile makes it.
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { MEDIA_TYPE } from '../../shared/image/descriptor.ts';
import type { Digest } from '../../shared/image/digest.ts';
import { digestOf } from '../../shared/store/hash.ts';
import type { Store } from '../../shared/store/store.ts';

export interface LayerSource {
  /** As the history has it. */
  readonly createdBy: string;
  /** Undefined: an instruction that brings no layer. */
  readonly files?: Readonly<Record<string, string | Buffer>>;
}

/** Writes an image of one manifest for Linux; returns its digest. */
export async function writeLayered(
  store: Store,
  sources: readonly LayerSource[],
  annotations?: Readonly<Record<string, string>>,
  architecture = 'amd64',
): Promise<Digest> {
  const layers = [];
  const diffIds: Digest[] = [];
  for (const { files } of sources) {
    if (files === undefined) continue;
    const archive = pack();
    for (const [name, content] of Object.entries(files)) {
      // Bytes are a program; Trivy looks into none that cannot run.
      const mode = typeof content === 'string' ? 0o644 : 0o755;
      archive.entry({ name, mode, mtime: new Date(0) }, content);
    }
    archive.finalize();
    const tar = await buffer(archive);
    const bytes = gzipSync(tar);
    const layer = { mediaType: MEDIA_TYPE.layerGzip, digest: digestOf(bytes), size: bytes.length };
    await store.putBlob(layer, () => bytes);
    layers.push(layer);
    diffIds.push(digestOf(tar));
  }
  const config = Buffer.from(
    JSON.stringify({
      os: 'linux',
      architecture,
      config: {},
      rootfs: { type: 'layers', diff_ids: diffIds },
      history: sources.map(({ createdBy, files }) => ({
        created_by: createdBy,
        ...(files === undefined && { empty_layer: true }),
      })),
    }),
  );
  const descriptor = { mediaType: MEDIA_TYPE.config, digest: digestOf(config), size: config.length };
  await store.putBlob(descriptor, () => config);
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.manifest,
    config: descriptor,
    layers,
    annotations,
  };
  return (await store.putManifest(Buffer.from(JSON.stringify(manifest)), MEDIA_TYPE.manifest)).digest;
}
