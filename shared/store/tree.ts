import * as z from 'zod';
import { type Descriptor, indexSchema, isIndexType, manifestSchema } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import { Refused } from '../outcome/outcome.ts';
import { readJson } from './json.ts';
import { mapParallel } from './parallel.ts';
import { cosignTags, findOwnTags, getReferrer, ownTag } from './referrers.ts';
import type { Store, StoredManifest } from './store.ts';
import { requireChild } from './subjects.ts';

const REQUESTS = 16;

/** A manifest, what is below it, and what refers to it. */
export interface Node {
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
 * Reads all of an image that is to be copied, and what of it the destination has. Lists are hints, and hostile ones come to an end.
 * `find` hears of the blobs of each manifest as soon as it is read, and whether the destination has that manifest.
 */
export async function readTree(
  from: Store,
  to: Store,
  digest: Digest,
  evidence: boolean,
  find: (blobs: readonly Descriptor[], there: Promise<boolean>) => void,
): Promise<Node> {
  const route: Route = {
    from,
    to,
    find,
    evidence: evidence ? 'all' : undefined,
    children: new Map(),
    tags: new Set(),
    // Where tags cannot be listed, each is asked for.
    known: evidence ? from.listTags().catch(() => undefined) : Promise.resolve(undefined),
  };
  const root = await readChild(route, digest, Promise.resolve(true));
  if (!root) throw new Refused(`${from.place} holds no ${digest}`);
  return root;
}

interface Route {
  readonly from: Store;
  readonly to: Store;
  readonly find: (blobs: readonly Descriptor[], there: Promise<boolean>) => void;
  /** Beside evidence itself nobody looks for tags. */
  readonly evidence: 'all' | 'referrers' | undefined;
  /** Those begun, by evidence and digest: indexes that list each other's children are read once, not once for each way to them. */
  readonly children: Map<string, Promise<Node | undefined>>;
  /** Those of cosign's tags that were looked up: anybody who may push can have one name what it belongs to. */
  readonly tags: Set<string>;
  /** All tags of the source, asked for once: what evidence may lie under is not asked for where there is none. */
  readonly known: Promise<readonly string[] | undefined>;
}

/** Reads a manifest, all below it and (at the same time, because its digest is enough for that) its referrers. */
async function readNode(
  route: Route,
  digest: Digest,
  reading: Promise<StoredManifest | undefined>,
  there: Promise<boolean>,
): Promise<Node | undefined> {
  const [below, referrers, tagged, present] = await Promise.all([
    reading.then((stored) => stored && readBelow(route, stored, there, there)),
    route.evidence ? readReferrers(route, digest, there) : [],
    route.evidence === 'all' ? readTagged(route, digest) : [],
    there,
  ]);
  return below && { ...below, referrers, tagged, present };
}

/** `there`: the destination has it; `parent`: it may have what it lists. */
async function readBelow(
  route: Route,
  stored: StoredManifest,
  there: Promise<boolean>,
  parent: Promise<boolean>,
): Promise<Pick<Node, 'stored' | 'children' | 'blobs'>> {
  const { from } = route;
  const { descriptor, bytes } = stored;
  if (!isIndexType(descriptor.mediaType)) {
    const manifest = readJson(manifestSchema, bytes);
    if (!manifest) throw new Refused(`${from.place}@${descriptor.digest} is no manifest that can be copied`);
    const blobs = [manifest.config, ...manifest.layers.filter(isDistributable)];
    route.find(blobs, there);
    return { stored, children: [], blobs };
  }
  const index = readJson(indexSchema, bytes);
  if (!index) throw new Refused(`${from.place}@${descriptor.digest} is no index that can be copied`);
  const entries = [...new Map(index.manifests.map((child) => [child.digest, child])).values()];
  // An index may refer to what it lists: evidence of what lies below evidence would have no end.
  const below = route.evidence === 'all' ? route : { ...route, evidence: undefined };
  const children = await mapParallel(entries, REQUESTS, async (child) => {
    const node = await readChild(below, child.digest, parent);
    requireChild(from.place, descriptor.digest, child, node?.stored);
    return node ?? [];
  });
  return { stored, children: children.flat(), blobs: [] };
}

/** Where the destination has not what lists a child, the child is not asked for: writing it again costs no more. */
function readChild(route: Route, digest: Digest, parent: Promise<boolean>): Promise<Node | undefined> {
  const key = `${route.evidence} ${digest}`;
  const begun = route.children.get(key);
  if (begun) return begun;
  const there = parent.then(async (found) => found && (await route.to.resolve(digest)) !== undefined);
  const child = readNode(route, digest, route.from.getManifest(digest), there);
  route.children.set(key, child);
  return child;
}

async function readReferrers(route: Route, subject: Digest, there: Promise<boolean>): Promise<Node[]> {
  const { from, to } = route;
  // Where the subject is not, nothing is listed. What is listed may still be gone.
  const listedThere = there.then(async (found) => (found ? await to.listReferrers(subject) : []));
  const isThere = async (digest: Digest): Promise<boolean> =>
    (await listedThere).some((one) => one.digest === digest) && (await to.resolve(digest)) !== undefined;
  // What refers to an image may be newer than the list of tags; for what refers to that, the list is enough.
  const early = route.known.then((tags = []) => readEarly(from, subject, tags));
  const read = from.listReferrers(subject, route.known, route.evidence === 'referrers').then((listed) =>
    mapParallel(listed, REQUESTS, async ({ digest }) => {
      const reading = readReferrer(from, digest, subject, await early);
      const found = await readNode({ ...route, evidence: 'referrers' }, digest, reading, isThere(digest));
      return found ?? [];
    }),
  );
  const [nodes] = await Promise.all([read, listedThere]);
  return nodes.flat();
}

/** The most referrers that are read ahead. */
const EARLY = 32;

/** Begins to read what own tags name while lists are asked for: without the referrers API it saves a round trip. What no list tells of is not used. */
function readEarly(from: Store, subject: Digest, tags: readonly string[]): Early {
  const own = findOwnTags(subject, tags, []).slice(0, EARLY);
  return new Map(own.map((tag) => [tag, getReferrer(from, tag).catch(() => undefined)]));
}

type Early = ReadonlyMap<string, Promise<StoredManifest | undefined>>;

const subjectSchema = z.object({ subject: z.object({ digest: z.string() }) });

/** Lists are hints: what is gone, is no manifest, or refers to something else, is undefined. */
async function readReferrer(
  from: Store,
  digest: Digest,
  subject: Digest,
  early: Early,
): Promise<StoredManifest | undefined> {
  const ahead = await early.get(ownTag(subject, digest));
  const stored = ahead?.descriptor.digest === digest ? ahead : await getReferrer(from, digest);
  return stored && readJson(subjectSchema, stored.bytes)?.subject.digest === subject ? stored : undefined;
}

/**
 * What cosign keeps under tags of a digest, where the destination does not have all of it. Such a tag can name one manifest only: when
 * both sides hold signatures that the other has not, writing either would lose some, which is `Refused`.
 */
async function readTagged(route: Route, subject: Digest): Promise<Node['tagged']> {
  const { from, to } = route;
  const found = await mapParallel(cosignTags(subject), REQUESTS, async (tag) => {
    const known = await route.known;
    if (route.tags.has(tag) || known?.includes(tag) === false) return [];
    route.tags.add(tag);
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
      readBelow({ ...route, evidence: 'referrers' }, stored, Promise.resolve(false), Promise.resolve(true)),
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

/** Every manifest of the tree, once. */
export function listNodes(node: Node, seen = new Set<Node>()): Node[] {
  if (seen.has(node)) return [];
  seen.add(node);
  const below = [...node.children, ...node.referrers, ...node.tagged.map((one) => one.node)];
  return [node, ...below.flatMap((one) => listNodes(one, seen))];
}
