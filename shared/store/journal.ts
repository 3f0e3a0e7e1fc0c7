import * as z from 'zod';
import { MEDIA_TYPE } from '../image/descriptor.ts';
import { type Digest, isDigest, shortDigest } from '../image/digest.ts';
import { digestOf } from './hash.ts';
import { readJson } from './json.ts';
import { EMPTY_BLOB, type Store, type StoredManifest } from './store.ts';

/*
 * Registries list tags, not manifests: once an index is gone, nothing leads to what it listed. Before anything is deleted it is therefore
 * written down, in an artifact under a tag of its own, so that a run that breaks off is finished by the next.
 */

const TYPE = 'application/vnd.hallmark.prune.v1+json';
const PREFIX = 'hallmark-prune.';
const LIMIT = 64 * 1024 * 1024;

const digest = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value), 'is no digest');
const journalSchema = z.object({ deleting: z.array(digest) });
const manifestSchema = z.object({
  artifactType: z.literal(TYPE),
  layers: z.tuple([z.object({ digest, size: z.number().int().nonnegative() })]),
});

/** What a run was about to delete, and where it wrote that down. */
export interface Journal {
  readonly tag: string;
  readonly digest: Digest;
  readonly deleting: readonly Digest[];
}

/** Writes down what is about to be deleted. */
export async function writeJournal(store: Store, deleting: readonly Digest[]): Promise<Journal> {
  const content = Buffer.from(JSON.stringify({ deleting }));
  const empty = { mediaType: MEDIA_TYPE.empty, digest: digestOf(EMPTY_BLOB), size: EMPTY_BLOB.length };
  const layer = { mediaType: TYPE, digest: digestOf(content), size: content.length };
  await store.putBlob(empty, () => EMPTY_BLOB);
  await store.putBlob(layer, () => content);
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.manifest,
      artifactType: TYPE,
      config: empty,
      layers: [layer],
    }),
  );
  const tag = `${PREFIX}${shortDigest(digestOf(bytes))}`;
  const { digest: stored } = await store.putManifest(bytes, MEDIA_TYPE.manifest, tag);
  return { tag, digest: stored, deleting };
}

/** The journal under a tag, or undefined when it is none. */
export async function readJournal(
  store: Store,
  tag: string,
  { descriptor, bytes }: StoredManifest,
): Promise<Journal | undefined> {
  const layer = tag.startsWith(PREFIX) ? readJson(manifestSchema, bytes)?.layers[0] : undefined;
  if (layer === undefined) return undefined;
  const deleting = readJson(journalSchema, await store.readBlob(layer, LIMIT))?.deleting;
  return deleting && { tag, digest: descriptor.digest, deleting };
}
