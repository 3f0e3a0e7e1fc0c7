import { type Descriptor, MEDIA_TYPE } from '../image/descriptor.ts';

/** The bytes of an index over platform manifests (image-spec, image-index.md): the same manifests and annotations give the same digest. */
export function formatIndex(
  manifests: readonly Descriptor[],
  annotations: Readonly<Record<string, string>>,
): Buffer {
  const index = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.index,
    manifests,
    annotations: sortKeys(annotations),
  };
  return Buffer.from(JSON.stringify(index));
}

/** The record in the order of its keys, so that who asks in another order gets the same bytes. */
export function sortKeys(record: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
