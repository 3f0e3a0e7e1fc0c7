import * as z from 'zod';
import { type Descriptor, indexSchema, isIndexType, manifestSchema } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import { Refused } from '../outcome/outcome.ts';
import { pushReferrers } from './attach.ts';
import { readJson } from './json.ts';
import { mapParallel } from './parallel.ts';
import type { Store, StoredManifest } from './store.ts';
import { getChild } from './subjects.ts';

/** What was written: manifests and blobs sent with their bytes, and blobs the registry took over from the source's repository. */
export interface Copied {
  readonly copied: number;
  readonly mounted: number;
}

/** How many blobs move at once: each holds a connection to either side, of the 32 there are. */
const TRANSFERS = 8;
const REQUESTS = 16;

/** A manifest, what is below it, and what refers to it. */
interface Node {
  readonly stored: StoredManifest;
  readonly children: readonly Node[];
  readonly referrers: readonly Node[];
  readonly blobs: readonly Descriptor[];
  /** Whether the destination has the manifest already. */
  readonly present: boolean;
}

/**
 * Copies an image with everything below it, from any store to any store, byte for byte: every manifest (BuildKit's attestations too),
 * every blob but those that are fetched elsewhere (nondistributable), and with `referrers` all that refers to any of its manifests,
 * and to those in turn. Children are written before parents, evidence before the image. What the destination holds is not sent again.
 */
export async function copyImage(
  from: Store,
  to: Store,
  digest: Digest,
  options: { referrers?: boolean; tag?: string } = {},
): Promise<Copied> {
  await to.prepareUploads(0);
  const stored = from.getManifest(digest).then((found) => {
    if (found) return found;
    throw new Refused(`${from.place} holds no ${digest}`);
  });
  const root = await readNode(from, to, digest, stored, options.referrers ?? false);
  const nodes = listNodes(root);
  const { sent, mounted } = await copyBlobs(from, to, nodes);

  const written = new Map<Digest, Promise<number>>();
  const below = await Promise.all(root.children.map((child) => writeNode(to, child, written)));
  const evidence = await writeReferrers(to, nodes, written);
  const whole = await writeRoot(to, root, options.tag);
  return { copied: sent + sum(below) + evidence + whole, mounted };
}

async function readNode(
  from: Store,
  to: Store,
  digest: Digest,
  reading: Promise<StoredManifest>,
  withReferrers: boolean,
): Promise<Node> {
  const [{ stored, children, blobs }, referrers, existing] = await Promise.all([
    reading.then(async (stored) => ({ stored, ...(await readBelow(from, to, stored, withReferrers)) })),
    withReferrers ? readReferrers(from, to, digest) : [],
    to.resolve(digest),
  ]);
  return { stored, children, referrers, blobs, present: existing !== undefined };
}

async function readBelow(
  from: Store,
  to: Store,
  { descriptor, bytes }: StoredManifest,
  withReferrers: boolean,
): Promise<Pick<Node, 'children' | 'blobs'>> {
  if (!isIndexType(descriptor.mediaType)) {
    const manifest = readJson(manifestSchema, bytes);
    if (!manifest) throw new Refused(`${from.place}@${descriptor.digest} is no manifest that can be copied`);
    return { children: [], blobs: [manifest.config, ...manifest.layers.filter(isDistributable)] };
  }
  const index = readJson(indexSchema, bytes);
  if (!index) throw new Refused(`${from.place}@${descriptor.digest} is no index that can be copied`);
  const entries = [...new Map(index.manifests.map((child) => [child.digest, child])).values()];
  const children = await mapParallel(entries, REQUESTS, (child) =>
    readNode(from, to, child.digest, getChild(from, descriptor.digest, child), withReferrers),
  );
  return { children, blobs: [] };
}

const subjectSchema = z.object({ subject: z.object({ digest: z.string() }) });

async function readReferrers(from: Store, to: Store, subject: Digest): Promise<Node[]> {
  const listed = await from.listReferrers(subject);
  const found = await mapParallel(listed, REQUESTS, async ({ digest }) => {
    const stored = await from.getManifest(digest);
    // Lists are hints: what is gone, or refers to something else, is no referrer.
    if (!stored || readJson(subjectSchema, stored.bytes)?.subject.digest !== subject) return [];
    return readNode(from, to, digest, Promise.resolve(stored), true);
  });
  return found.flat();
}

/** Layers that an image leaves where they are (image-spec 1.1, "Non-Distributable Layers"; Docker's foreign layers). */
function isDistributable({ mediaType }: Descriptor): boolean {
  return !mediaType.includes('.nondistributable.') && !mediaType.includes('.rootfs.foreign.');
}

function listNodes(node: Node): Node[] {
  return [node, ...node.children.flatMap(listNodes), ...node.referrers.flatMap(listNodes)];
}

async function copyBlobs(
  from: Store,
  to: Store,
  nodes: readonly Node[],
): Promise<{ sent: number; mounted: number }> {
  const wanted = new Map<Digest, { blob: Descriptor; present: boolean }>();
  for (const { blobs, present } of nodes) {
    for (const blob of blobs) {
      wanted.set(blob.digest, { blob, present: present || (wanted.get(blob.digest)?.present ?? false) });
    }
  }
  const results = await mapParallel([...wanted.values()], TRANSFERS, async ({ blob, present }) => {
    // A registry that has the manifest should have its blobs; clean-ups have been seen to break that.
    if (present && (await to.hasBlob(blob.digest))) return 'present';
    return to.putBlob(blob, () => from.getBlob(blob), from);
  });
  return {
    sent: results.filter((result) => result === 'sent').length,
    mounted: results.filter((result) => result === 'mounted').length,
  };
}

/** Writes a manifest after its children, once. Resolves to how many manifests were sent. */
function writeNode(to: Store, node: Node, written: Map<Digest, Promise<number>>): Promise<number> {
  const { digest } = node.stored.descriptor;
  const write = async (): Promise<number> => {
    const below = sum(await Promise.all(node.children.map((child) => writeNode(to, child, written))));
    return below + (await writeManifest(to, node));
  };
  const begun = written.get(digest)?.then(() => 0) ?? write();
  if (!written.has(digest)) written.set(digest, begun);
  return begun;
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
): Promise<number> {
  const subjects = nodes.filter(({ referrers }) => referrers.length > 0);
  const missing = await mapParallel(subjects, REQUESTS, async ({ stored, referrers }) => {
    const subject = stored.descriptor.digest;
    // A manifest may be there without being listed, when its writer was interrupted.
    const listed = referrers.some(({ present }) => present) ? await to.listReferrers(subject) : [];
    const known = new Set(listed.map(({ digest }) => digest));
    return referrers
      .filter((node) => !node.present || !known.has(node.stored.descriptor.digest))
      .map((node) => ({ subject, node }));
  });
  const below = await Promise.all(
    missing.flat().flatMap(({ node }) => node.children.map((child) => writeNode(to, child, written))),
  );
  const manifests = missing.flat().map(({ subject, node: { stored } }) => ({
    subject,
    bytes: stored.bytes,
    descriptor: describeReferrer(stored),
  }));
  await pushReferrers(to, manifests);
  return manifests.length + sum(below);
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
  if (tag === undefined) return writeManifest(to, root);
  if ((await to.resolve(tag))?.digest === digest) return 0;
  await to.putManifest(root.stored.bytes, mediaType, tag);
  return 1;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
