import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Log } from '../../shared/github/context.ts';
import { type Descriptor, MEDIA_TYPE } from '../../shared/image/descriptor.ts';
import { type Digest, digestAlgorithm } from '../../shared/image/digest.ts';
import { parseReference } from '../../shared/image/reference.ts';
import { type Copied, copyImage } from '../../shared/store/copy.ts';
import { digestOf } from '../../shared/store/hash.ts';
import { openStore, type StoreOptions } from '../../shared/store/open.ts';
import type { Store } from '../../shared/store/store.ts';
import { writeTags } from '../../shared/store/tag.ts';
import { type RegistryServer, type RegistryServerOptions, startRegistry } from '../servers/registry.ts';

const log: Log = {
  info: () => undefined,
  notice: () => undefined,
  warning: () => undefined,
  mask: () => undefined,
  group: (_, work) => work(),
};

/** A folder that is gone after the test. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hallmark-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The embedded registry, ended after the test. */
export async function serveRegistry(options: RegistryServerOptions = {}): Promise<RegistryServer> {
  const registry = await startRegistry(options);
  onTestFinished(() => registry.close());
  return registry;
}

/** Opens `place` with nobody logged in, in a workspace of its own, for at most 20 seconds. */
export function open(place: string, options: Partial<StoreOptions> = {}): Store {
  const workspace = options.workspace ?? makeFolder();
  const deadline = AbortSignal.timeout(20_000);
  return openStore(parseReference(place), { path: '', log, deadline, ...options, workspace });
}

/** Copies an image and names it `v1` there, in the order of every verb that does both. */
export async function copyAndTag(
  from: Store,
  to: Store,
  digest: Digest,
  options: Parameters<typeof copyImage>[3] = {},
): Promise<Copied> {
  const copied = await copyImage(from, to, digest, options);
  const root = await to.getManifest(digest);
  if (root === undefined) throw new Error(`${digest} was copied and is not there`);
  await writeTags(to, root, ['v1']);
  return copied;
}

/** Pushes bytes as a blob. */
export async function pushBlob(store: Store, bytes: Buffer, mediaType: string): Promise<Descriptor> {
  const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
  await store.putBlob(descriptor, () => bytes);
  return descriptor;
}

/** Pushes any JSON as a manifest or index. */
export async function pushManifest(
  store: Store,
  content: { mediaType: string } & Record<string, unknown>,
  reference?: string,
): Promise<Descriptor> {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, ...content }));
  const { digest } = await store.putManifest(bytes, content.mediaType, reference);
  return { mediaType: content.mediaType, digest, size: bytes.length };
}

/** Pushes an image with one random layer. */
export async function pushPlatform(
  store: Store,
  architecture: string,
  change: Record<string, unknown> = {},
  reference?: string,
): Promise<Descriptor> {
  const config = Buffer.from(JSON.stringify({ os: 'linux', architecture }));
  return pushManifest(
    store,
    {
      mediaType: MEDIA_TYPE.manifest,
      config: await pushBlob(store, config, MEDIA_TYPE.config),
      layers: [await pushBlob(store, randomBytes(100_000), MEDIA_TYPE.layerGzip)],
      ...change,
    },
    reference,
  );
}

/** Pushes an index of amd64, arm64 and one of BuildKit's attestation manifests. */
export async function pushIndex(store: Store, reference?: string): Promise<Descriptor> {
  const platforms = await Promise.all(
    ['amd64', 'arm64', 'unknown'].map(async (architecture) => ({
      ...(await pushPlatform(store, architecture)),
      platform: { os: architecture === 'unknown' ? 'unknown' : 'linux', architecture },
    })),
  );
  return pushManifest(store, { mediaType: MEDIA_TYPE.index, manifests: platforms }, reference);
}

/** The digests of a list, sorted. */
export function digests(list: readonly { digest: Digest }[]): Digest[] {
  return list.map(({ digest }) => digest).sort();
}

/** The digest of no bytes that anything holds. */
export function absent(like: Digest): Digest {
  return digestOf('nothing like it', digestAlgorithm(like));
}
