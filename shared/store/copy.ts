import * as z from 'zod';
import type { Descriptor } from '../image/descriptor.ts';
import { type Digest, digestAlgorithm } from '../image/digest.ts';
import { checkArrival } from './arrival.ts';
import { pushReferrers } from './attach.ts';
import { readJson } from './json.ts';
import { mapParallel } from './parallel.ts';
import type { Store, StoredManifest, Written } from './store.ts';
import { resolveTag } from './tag.ts';
import { listNodes, type Node, readTree } from './tree.ts';

/** What was written: manifests and blobs sent with their bytes, and blobs the registry took over from the source's repository. */
export interface Copied {
  readonly copied: number;
  readonly mounted: number;
}

/** How many blobs move at once. Between two repositories of one registry each may hold two of its connections. */
const TRANSFERS = 20;
const REQUESTS = 16;

/**
 * Copies an image with everything below it, from any store to any store, byte for byte: every manifest (BuildKit's attestations too),
 * every blob but those that are fetched elsewhere (nondistributable), and with `referrers` all that refers to any of its manifests,
 * and to those in turn, with what cosign kept under tags. Children are written before parents, evidence before the image. What the
 * destination holds is not sent again. With `check` all of it is read back at the end: what is not there as it was sent is `Refused`.
 */
export async function copyImage(
  from: Store,
  to: Store,
  digest: Digest,
  options: { referrers?: boolean; tag?: string; check?: boolean } = {},
): Promise<Copied> {
  await to.prepareUploads(0);
  const root = await readTree(from, to, digest, options.referrers === true);

  const nodes = listNodes(root);
  const blobs = await copyBlobs(from, to, nodes);
  const written = new Map<Digest, Promise<number>>();
  const counts = await Promise.all([
    writeNodes(to, root.children, written),
    // Within a registry it has shown whether it lists referrers itself.
    writeReferrers(to, nodes, written, from.host === to.host && from.fallbacks.size === 0),
    writeTagged(to, nodes, written),
  ]);
  const whole = await writeRoot(to, root, options.tag);
  if (options.check) {
    const manifests = nodes.map(({ stored, referrers, tagged }) => ({
      digest: stored.descriptor.digest,
      referrers: referrers.map((one) => one.stored.descriptor.digest),
      tags: tagged.map(({ tag, node }) => ({ tag, digest: node.stored.descriptor.digest })),
    }));
    await checkArrival(to, manifests, blobs);
  }
  const count = (how: Written): number => blobs.filter(({ written }) => written === how).length;
  const copied = [count('sent'), whole, ...counts].reduce((sum, one) => sum + one);
  return { copied, mounted: count('mounted') };
}

async function copyBlobs(
  from: Store,
  to: Store,
  nodes: readonly Node[],
): Promise<{ blob: Descriptor; written: Written }[]> {
  const wanted = new Map<Digest, { blob: Descriptor; present: boolean }>();
  for (const { blobs, present } of nodes) {
    for (const blob of blobs) {
      wanted.set(blob.digest, { blob, present: present || (wanted.get(blob.digest)?.present ?? false) });
    }
  }
  return mapParallel([...wanted.values()], TRANSFERS, async ({ blob, present }) => {
    // A registry that has the manifest should have its blobs; clean-ups have been seen to break that.
    if (present && (await to.hasBlob(blob.digest))) return { blob, written: 'present' };
    return { blob, written: await to.putBlob(blob, () => from.getBlob(blob), from) };
  });
}

/** Writes manifests, each after its children and once. Resolves to how many were sent. */
async function writeNodes(
  to: Store,
  nodes: readonly Node[],
  written: Map<Digest, Promise<number>>,
): Promise<number> {
  const counts = nodes.map((node) => {
    const { digest } = node.stored.descriptor;
    const begun = written.get(digest);
    if (begun) return begun.then(() => 0);
    const writing = writeNodes(to, node.children, written).then(
      async (below) => below + (await writeManifest(to, node)),
    );
    written.set(digest, writing);
    return writing;
  });
  return (await Promise.all(counts)).reduce((total, count) => total + count, 0);
}

async function writeManifest(to: Store, { stored, present }: Node): Promise<number> {
  if (present) return 0;
  const { digest, mediaType } = stored.descriptor;
  await to.putManifest(stored.bytes, mediaType, digest);
  return 1;
}

async function writeReferrers(
  to: Store,
  nodes: readonly Node[],
  written: Map<Digest, Promise<number>>,
  api: boolean,
): Promise<number> {
  const missing = nodes.flatMap(({ stored, referrers }) =>
    referrers.filter(({ present }) => !present).map((node) => ({ subject: stored.descriptor.digest, node })),
  );
  const below = await writeNodes(
    to,
    missing.flatMap(({ node }) => node.children),
    written,
  );
  await pushReferrers(
    to,
    missing.map(({ subject, node: { stored } }) => ({
      subject,
      bytes: stored.bytes,
      descriptor: describeReferrer(stored),
    })),
    api,
  );
  return below + missing.length;
}

async function writeTagged(
  to: Store,
  nodes: readonly Node[],
  written: Map<Digest, Promise<number>>,
): Promise<number> {
  const tagged = nodes.flatMap((node) => node.tagged);
  const below = await writeNodes(
    to,
    tagged.flatMap(({ node }) => node.children),
    written,
  );
  await mapParallel(tagged, REQUESTS, ({ tag, node: { stored } }) =>
    to.putManifest(stored.bytes, stored.descriptor.mediaType, tag),
  );
  return below + tagged.length;
}

const referrerSchema = z.object({
  artifactType: z.string().optional(),
  config: z.object({ mediaType: z.string() }).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});

/** The descriptor as referrers lists carry it: artifactType (the config's type where there is none) and annotations are the manifest's own. */
function describeReferrer({ descriptor, bytes }: StoredManifest): Descriptor {
  const { artifactType, config, annotations } = readJson(referrerSchema, bytes) ?? {};
  const type = artifactType ?? config?.mediaType;
  return { ...descriptor, ...(type && { artifactType: type }), ...(annotations && { annotations }) };
}

async function writeRoot(to: Store, root: Node, tag: string | undefined): Promise<number> {
  const { digest, mediaType } = root.stored.descriptor;
  // Under a tag it would be found by sha256 alone.
  const byDigest = tag === undefined || digestAlgorithm(digest) !== 'sha256';
  const before = byDigest ? await writeManifest(to, root) : 0;
  if (tag === undefined || (await resolveTag(to, tag, digest)) === digest) return before;
  await to.putManifest(root.stored.bytes, mediaType, tag);
  return before + 1;
}
