// A model of a repository, pushed to a real registry, and prune run on it.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunContext } from '../../shared/github/context.ts';
import { MEDIA_TYPE } from '../../shared/image/descriptor.ts';
import type { Digest } from '../../shared/image/digest.ts';
import { parseReference } from '../../shared/image/reference.ts';
import type { StepResult } from '../../shared/outcome/result.ts';
import { digestOf } from '../../shared/store/hash.ts';
import { openStore } from '../../shared/store/open.ts';
import { EMPTY_BLOB, type Store } from '../../shared/store/store.ts';
import { prune } from '../../shared/verbs/prune.ts';
import {
  DAY,
  LIMIT_DAYS,
  type Model,
  type ModelManifest,
  untilStable,
} from '../environment/registry-model.ts';

/** One for all, so that what is of one age in the model is of one moment here. */
const NOW = Date.now();

const quiet = (): undefined => undefined;
const log = {
  info: quiet,
  notice: quiet,
  warning: quiet,
  mask: quiet,
  group: <T>(_: string, work: () => Promise<T>) => work(),
};

export function openRegistry(place: string): Store {
  return openStore(parseReference(place), {
    workspace: '/',
    path: '',
    log,
    deadline: AbortSignal.timeout(60_000),
  });
}

/** What was pushed, in its order. */
export type Written = { readonly mediaType: string; readonly digest: Digest; readonly size: number }[];

/** Pushes those of a model's manifests, in their order, that `written` has not yet. Layers are shared among them. */
export async function pushModel(
  store: Store,
  { manifests }: Pick<Model, 'manifests'>,
  written: Written = [],
): Promise<Written> {
  const blobs = [EMPTY_BLOB, Buffer.from('layer one'), Buffer.from('layer two')];
  for (const blob of blobs) await store.putBlob(describe(blob), () => blob);
  for (const [place, manifest] of manifests.entries()) {
    if (written[place] !== undefined) continue;
    const bytes = Buffer.from(JSON.stringify(writeManifest(manifest, place, written, blobs)));
    const mediaType = manifest.children.length > 0 ? MEDIA_TYPE.index : MEDIA_TYPE.manifest;
    const { digest } = await store.putManifest(bytes, mediaType);
    written.push({ mediaType, digest, size: bytes.length });
    const evidence = manifest.evidenceOf.map((subject) => evidenceTag(written[subject]?.digest, place));
    for (const tag of [...manifest.tags, ...evidence]) await store.putManifest(bytes, mediaType, tag);
  }
  return written;
}

/** Of two kinds, as tools write them. */
const evidenceTag = (subject: Digest | undefined, place: number): string =>
  `${(subject ?? '').replace(':', '-')}.${place % 2 === 0 ? `sig` : String(place).padStart(16, '0')}`;

const describe = (blob: Buffer) => ({
  mediaType: 'application/octet-stream',
  digest: digestOf(blob),
  size: blob.length,
});

function writeManifest(
  { children, subject, base, age }: ModelManifest,
  place: number,
  written: Written,
  blobs: readonly Buffer[],
) {
  const [empty = EMPTY_BLOB, one = EMPTY_BLOB, two = EMPTY_BLOB] = blobs;
  const annotations = {
    place: String(place),
    ...(age !== undefined && {
      'org.opencontainers.image.created': new Date(NOW - age * DAY - 60_000).toISOString(),
    }),
    ...(base !== undefined && { 'org.opencontainers.image.base.digest': written[base]?.digest }),
  };
  return {
    schemaVersion: 2,
    ...(subject !== undefined && { subject: written[subject] }),
    annotations,
    ...(children.length > 0
      ? { mediaType: MEDIA_TYPE.index, manifests: children.map((child) => written[child]) }
      : {
          mediaType: MEDIA_TYPE.manifest,
          artifactType: 'application/vnd.example',
          config: { ...describe(empty), mediaType: MEDIA_TYPE.empty },
          layers: [describe(place % 2 === 0 ? one : two)],
        }),
  };
}

/** Every place that tags lead to: what they name, what that lists, what it is about and, where there is the API, what is about it. */
export function findVisible({ manifests, held }: Model, referrers: boolean): Set<number> {
  const places = manifests.map((_, place) => place);
  const of = (place: number): ModelManifest => manifests[place] as ModelManifest;
  const isThere = (place: number): boolean => !of(place).missing;
  const seen = new Set<number>(held.filter(isThere));
  /** Known by their digest, there or not. */
  const named = new Set<number>(held);
  for (const place of places.filter(isThere)) {
    if (of(place).tags.length + of(place).evidenceOf.length > 0) seen.add(place);
    for (const subject of of(place).evidenceOf) named.add(subject);
  }
  untilStable(seen, () => {
    for (const place of [...seen])
      for (const other of [
        ...of(place).children,
        ...(of(place).subject === undefined ? [] : [of(place).subject as number]),
      ])
        named.add(other);
    for (const place of places) {
      const { subject } = of(place);
      if (
        isThere(place) &&
        (named.has(place) ||
          (referrers && subject !== undefined && (named.has(subject) || seen.has(subject))))
      ) {
        seen.add(place);
        named.add(place);
      }
    }
  });
  return seen;
}

/** Runs prune on `place` for a model, with what is held as what runs. */
export function pruneModel(
  place: string,
  model: Model,
  digests: readonly Digest[],
  folder: string,
  dryRun = false,
  also: readonly string[] = [],
): Promise<StepResult> {
  mkdirSync(folder, { recursive: true });
  const held = model.held.length === 0 ? [] : [join(folder, 'running.txt')];
  for (const path of held) writeFileSync(path, model.held.map((held) => digests[held]).join('\n'));
  const context = { workspace: folder, temp: folder, path: '', log, deadline: AbortSignal.timeout(60_000) };
  const inputs = {
    repository: place,
    keep: [String(model.newest), ...model.patterns.map((pattern) => `tag:${pattern}`)],
    'older-than': (LIMIT_DAYS * DAY) / 1000,
    policy: 'none',
    running: [...held, ...also],
    'dry-run': dryRun,
  };
  return prune(inputs, context as unknown as RunContext);
}
