import { MEDIA_TYPE } from '../../shared/image/descriptor.ts';
import { digestOf } from '../../shared/store/hash.ts';
import type { Store } from '../../shared/store/store.ts';
import { type ImageSubjects, listSubjects } from '../../shared/store/subjects.ts';

/** Puts an image into a store: a single manifest for one architecture, an index for several. `salt` makes another image of it, `labels` go into its config. */
export async function putImage(
  store: Store,
  architectures: readonly string[] = ['amd64'],
  salt = '',
  labels: Record<string, string> = {},
  root: 'manifest' | 'index' = architectures.length > 1 ? 'index' : 'manifest',
): Promise<ImageSubjects> {
  const manifests = [];
  for (const architecture of architectures) {
    const config = Buffer.from(
      JSON.stringify({
        architecture,
        os: 'linux',
        rootfs: { type: 'layers', diff_ids: [] },
        config: { Labels: labels },
        salt,
      }),
    );
    const content = { digest: digestOf(config), size: config.length };
    await store.putBlob(content, () => config);
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MEDIA_TYPE.manifest,
        config: { mediaType: MEDIA_TYPE.config, ...content },
        layers: [],
      }),
    );
    const { digest } = await store.putManifest(manifest, MEDIA_TYPE.manifest);
    const platform = { architecture, os: 'linux' };
    manifests.push({ mediaType: MEDIA_TYPE.manifest, digest, size: manifest.length, platform });
  }
  const [first] = manifests;
  if (root === 'manifest' && first !== undefined) return listSubjects(store, first.digest);
  const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests }));
  const { digest } = await store.putManifest(index, MEDIA_TYPE.index);
  return listSubjects(store, digest);
}
