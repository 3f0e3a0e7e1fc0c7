import * as z from 'zod';
import { type Descriptor, indexSchema, isIndexType, manifestSchema } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import { Refused } from '../outcome/outcome.ts';
import { checkArrival } from './arrival.ts';
import { pushReferrers } from './attach.ts';
import { readJson } from './json.ts';
import { mapParallel } from './parallel.ts';
import { cosignTags, getReferrer } from './referrers.ts';
import type { Store, StoredManifest, Written } from './store.ts';
import { getChild } from './subjects.ts';

/** What was written: manifests and blobs sent with their bytes, and blobs the registry took over from the source's repository. */
export interface Copied {
  readonly copied: number;
  readonly mounted: number;
}

/** How many blobs move at once. Between two repositories of one registry each may hold two of its connections. */
const TRANSFERS = 20;
const REQUESTS = 16;

/** A manifest, what is below it, and what refers to it. */
interface Node {
  readonly stored: StoredManifest;
  readonly children: readonly Node[];
  readonly referrers: readonly Node[];
  /** What cosign keeps beside it under tags. */
  readonly tagged: readonly { readonly tag: string; readonly node: Node }[];
  readonly blobs: readonly Descriptor[];
  /** Whether the destination has the manifest already. */
  readonly present: boolean;
}

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
  const route = { from, to, evidence: options.referrers ? ('all' as const) : undefined };
  const there = to.resolve(digest).then((found) => found !== undefined);
  const root = await readNode(route, digest, from.getManifest(digest), there);
  if (!root) throw new Refused(`${from.place} holds no ${digest}`);

  const nodes = listNodes(root);
  const blobs = await copyBlobs(from, to, nodes);
  const written = new Map<Digest, Promise<number>>();
  const counts = await Promise.all([
    writeNodes(to, root.children, written),
    writeReferrers(to, nodes, written),
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

interface Route {
  readonly from: Store;
  readonly to: Store;
  /** Beside evidence itself nobody looks for tags. */
  readonly evidence: 'all' | 'referrers' | undefined;
}

/** Reads a manifest, all below it and (at the same time, because its digest is enough for that) its referrers. */
async function readNode(
  route: Route,
  digest: Digest,
  reading: Promise<StoredManifest | undefined>,
  there: Promise<boolean>,
): Promise<Node | undefined> {
  const [below, referrers, tagged, present] = await Promise.all([
    reading.then((stored) => stored && readBelow(route, stored)),
    route.evidence ? readReferrers(route, digest, there) : [],
    route.evidence === 'all' ? readTagged(route, digest) : [],
    there,
  ]);
  return below && { ...below, referrers, tagged, present };
}

async function readBelow(
  route: Route,
  stored: StoredManifest,
): Promise<Pick<Node, 'stored' | 'children' | 'blobs'>> {
  const { from, to } = route;
  const { descriptor, bytes } = stored;
  if (!isIndexType(descriptor.mediaType)) {
    const manifest = readJson(manifestSchema, bytes);
    if (!manifest) throw new Refused(`${from.place}@${descriptor.digest} is no manifest that can be copied`);
    return { stored, children: [], blobs: [manifest.config, ...manifest.layers.filter(isDistributable)] };
  }
  const index = readJson(indexSchema, bytes);
  if (!index) throw new Refused(`${from.place}@${descriptor.digest} is no index that can be copied`);
  const entries = [...new Map(index.manifests.map((child) => [child.digest, child])).values()];
  const children = await mapParallel(entries, REQUESTS, async (child) => {
    const there = to.resolve(child.digest).then((found) => found !== undefined);
    return (await readNode(route, child.digest, getChild(from, descriptor.digest, child), there)) ?? [];
  });
  return { stored, children: children.flat(), blobs: [] };
}

async function readReferrers(route: Route, subject: Digest, there: Promise<boolean>): Promise<Node[]> {
  const { from, to } = route;
  // Where the subject is not, nothing is listed. What is listed may still be gone.
  const listedThere = there.then(async (found) => (found ? await to.listReferrers(subject) : []));
  const isThere = async (digest: Digest): Promise<boolean> =>
    (await listedThere).some((one) => one.digest === digest) && (await to.resolve(digest)) !== undefined;
  const read = from.listReferrers(subject).then((listed) =>
    mapParallel(listed, REQUESTS, async ({ digest }) => {
      const reading = readReferrer(from, digest, subject);
      const found = await readNode({ ...route, evidence: 'referrers' }, digest, reading, isThere(digest));
      return found ?? [];
    }),
  );
  const [nodes] = await Promise.all([read, listedThere]);
  return nodes.flat();
}

const subjectSchema = z.object({ subject: z.object({ digest: z.string() }) });

/** Lists are hints: what is gone, is no manifest, or refers to something else, is undefined. */
async function readReferrer(
  from: Store,
  digest: Digest,
  subject: Digest,
): Promise<StoredManifest | undefined> {
  const stored = await getReferrer(from, digest);
  return stored && readJson(subjectSchema, stored.bytes)?.subject.digest === subject ? stored : undefined;
}

/**
 * What cosign keeps under tags of a digest, where the destination does not have all of it. Such a tag can name one manifest only: when
 * both sides hold signatures that the other has not, writing either would lose some, which is `Refused`.
 */
async function readTagged(route: Route, subject: Digest): Promise<Node['tagged']> {
  const { from, to } = route;
  const found = await mapParallel(cosignTags(subject), REQUESTS, async (tag) => {
    const stored = await getReferrer(from, tag);
    const before = stored && (await getReferrer(to, tag));
    if (!stored || (before && holdsAll(before, stored))) return [];
    if (before && !holdsAll(stored, before)) {
      throw new Refused(
        `${to.place}:${tag} and ${from.place}:${tag} each hold signatures that the other has not`,
        {
          hint: 'Sign again at the source, without --new-bundle-format=false: bundles lie beside each other.',
        },
      );
    }
    const [below, tagged] = await Promise.all([
      readBelow(route, stored),
      readTagged(route, stored.descriptor.digest),
    ]);
    return [{ tag, node: { ...below, referrers: [], tagged, present: false } }];
  });
  return found.flat();
}

/** Whether every layer of `less`, with its annotations (where cosign keeps the signature), is one of `more`. */
function holdsAll(more: StoredManifest, less: StoredManifest): boolean {
  if (more.descriptor.digest === less.descriptor.digest) return true;
  const [whole, part] = [more, less].map(({ bytes }) =>
    readJson(manifestSchema, bytes)?.layers.map((layer) => JSON.stringify(layer)),
  );
  return whole !== undefined && part?.every((layer) => whole.includes(layer)) === true;
}

/** Layers that an image leaves where they are (image-spec 1.1, "Non-Distributable Layers"; Docker's foreign layers). */
function isDistributable({ mediaType }: Descriptor): boolean {
  return !mediaType.includes('.nondistributable.') && !mediaType.includes('.rootfs.foreign.');
}

function listNodes(node: Node): Node[] {
  const tagged = node.tagged.map((one) => one.node);
  return [node, ...[...node.children, ...node.referrers, ...tagged].flatMap(listNodes)];
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
  if (tag === undefined) return writeManifest(to, root);
  if ((await to.resolve(tag))?.digest === digest) return 0;
  await to.putManifest(root.stored.bytes, mediaType, tag);
  return 1;
}
