import * as z from 'zod';
import type { Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import { type CopiedManifest, checkArrival } from './arrival.ts';
import { pushReferrers } from './attach.ts';
import { readJson } from './json.ts';
import { mapParallel } from './parallel.ts';
import type { Store, StoredManifest, Written } from './store.ts';
import { Transfers } from './transfers.ts';
import { listNodes, type Node, readTree } from './tree.ts';

/** What was written: manifests and blobs sent with their bytes, and blobs the registry took over from the source's repository. */
export interface Copied {
  readonly copied: number;
  readonly mounted: number;
}

const REQUESTS = 16;

/**
 * Copies an image with everything below it, from any store to any store, byte for byte: every manifest (BuildKit's attestations too),
 * every blob but those that are fetched elsewhere (nondistributable), and with `referrers` all that refers to any of its manifests,
 * and to those in turn, with what cosign kept under tags. Blobs move while the rest is still read; once all of it is known to be there,
 * each manifest is written after what it names, and the image after all evidence. What the destination holds is not sent again. With `check`
 * all of it is read back at the end: what is not there as it was sent is `Refused`.
 */
export async function copyImage(
  from: Store,
  to: Store,
  digest: Digest,
  options: { referrers?: boolean; check?: boolean } = {},
): Promise<Copied> {
  await to.prepareUploads(0);
  const transfers = new Transfers(from, to);
  let evidence: Promise<WrittenReferrers> | undefined;
  try {
    const root = await readTree(from, to, digest, options.referrers === true, (blobs, there) =>
      transfers.begin(blobs, there),
    );
    const nodes = listNodes(root);
    const writing = { to, transfers, begun: new Map<Digest, Promise<number>>() };
    // Within a registry it has shown whether it lists referrers itself.
    evidence = writeReferrers(writing, nodes, from.host === to.host && from.fallbacks.size === 0);
    const [referrers, blobs, below, tagged] = await Promise.all([
      evidence,
      transfers.all(),
      writeNodes(writing, root.children),
      writeTagged(writing, nodes),
    ]);
    // All evidence is there and listed. Whether another writer has lost some of the list meanwhile is seen at the same time.
    const [whole] = await Promise.all([writeManifest(to, root), referrers.heal()]);
    if (options.check) await checkArrival(to, nodes.map(describeNode), blobs);
    const count = (how: Written): number => blobs.filter(({ written }) => written === how).length;
    return { copied: count('sent') + below + tagged + referrers.written + whole, mounted: count('mounted') };
  } catch (error) {
    // Lists that were written are made whole all the same.
    await Promise.allSettled([transfers.stop(error), evidence?.then(({ heal }) => heal())]);
    throw error;
  }
}

function describeNode({ stored, referrers, tagged }: Node): CopiedManifest {
  return {
    digest: stored.descriptor.digest,
    referrers: referrers.map((one) => one.stored.descriptor.digest),
    tags: tagged.map(({ tag, node }) => ({ tag, digest: node.stored.descriptor.digest })),
  };
}

/** What the writers of one copy share: its blobs, and the manifests that one of them has begun to write. */
interface Writing {
  readonly to: Store;
  readonly transfers: Transfers;
  readonly begun: Map<Digest, Promise<number>>;
}

/** Writes manifests, each after what it names and once. Resolves to how many were sent. */
async function writeNodes(writing: Writing, nodes: readonly Node[]): Promise<number> {
  const counts = nodes.map((node) => {
    const { digest } = node.stored.descriptor;
    const begun = writing.begun.get(digest);
    if (begun) return begun.then(() => 0);
    const writes = writeBelow(writing, node).then(
      async (below) => below + (await writeManifest(writing.to, node)),
    );
    writing.begun.set(digest, writes);
    return writes;
  });
  return (await Promise.all(counts)).reduce((total, count) => total + count, 0);
}

/** Writes what a manifest names. */
async function writeBelow(writing: Writing, { children, blobs }: Node): Promise<number> {
  const [below] = await Promise.all([writeNodes(writing, children), writing.transfers.arrival(blobs)]);
  return below;
}

async function writeManifest(to: Store, { stored, present }: Node): Promise<number> {
  if (present) return 0;
  const { digest, mediaType } = stored.descriptor;
  await to.putManifest(stored.bytes, mediaType, digest);
  return 1;
}

/** How many manifests were sent, and what is left to do (`pushReferrers`). */
interface WrittenReferrers {
  readonly written: number;
  heal(): Promise<void>;
}

async function writeReferrers(
  writing: Writing,
  nodes: readonly Node[],
  api: boolean,
): Promise<WrittenReferrers> {
  // Also of what is there: a clean-up may have taken what is below it.
  const all = nodes.flatMap(({ stored, referrers }) =>
    referrers.map((node) => ({
      subject: stored.descriptor.digest,
      node,
      ready: writeBelow(writing, node),
    })),
  );
  const missing = all.filter(({ node }) => !node.present);
  const sending = Promise.all(all.map(({ ready }) => ready));
  // Said by the push as well, which first ends what it has begun.
  sending.catch(() => undefined);
  const heal = await pushReferrers(
    writing.to,
    missing.map(({ subject, node: { stored }, ready }) => ({
      subject,
      bytes: stored.bytes,
      descriptor: describeReferrer(stored),
      ready,
    })),
    api,
  );
  return { written: (await sending).reduce((total, count) => total + count, missing.length), heal };
}

async function writeTagged(writing: Writing, nodes: readonly Node[]): Promise<number> {
  const tagged = nodes.flatMap((node) => node.tagged);
  const counts = await mapParallel(tagged, REQUESTS, async ({ tag, node }) => {
    const below = await writeBelow(writing, node);
    const { descriptor, bytes } = node.stored;
    await writing.to.putManifest(bytes, descriptor.mediaType, tag);
    return below + 1;
  });
  return counts.reduce((total, count) => total + count, 0);
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
