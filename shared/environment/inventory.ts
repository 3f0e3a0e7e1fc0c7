import type { Digest } from '../image/digest.ts';

/** One manifest or index of a repository, as far as retention asks. Moments are milliseconds since 1970. */
export interface StoredImage {
  readonly digest: Digest;
  /** Tags that people and pipelines gave it. */
  readonly tags: readonly string[];
  /** Tags that tools keep evidence under: the fallback index, tags of single referrers, cosign's `.sig`, `.att` and `.sbom`. */
  readonly evidenceTags: readonly string[];
  /** What it is about: its `subject`, and what its evidence tags name. Not all of it need be there. */
  readonly about: readonly Digest[];
  /** What an index lists. */
  readonly children: readonly Digest[];
  /** Its configuration, which some runtimes report in place of the image. */
  readonly config: Digest | undefined;
  /** The base image that it says it was built on (`org.opencontainers.image.base.digest`). */
  readonly base: Digest | undefined;
  /** When it says that it was made. */
  readonly created: number | undefined;
  /** When the registry says that it got it, where one does. */
  readonly pushed: number | undefined;
  /** It was about to be deleted already, by this run or one that broke off. */
  readonly abandoned: boolean;
  /** It is neither manifest nor index, and was not understood. */
  readonly foreign: boolean;
}

export type Inventory = ReadonlyMap<Digest, StoredImage>;

/** The edges of an inventory, each way. */
export interface Edges {
  /** The indexes that list it. */
  readonly parents: ReadonlyMap<Digest, readonly Digest[]>;
  /** What is about it. */
  readonly evidence: ReadonlyMap<Digest, readonly Digest[]>;
}

/** Turns the edges around: who lists it, and what is about it. */
export function findEdges(inventory: Inventory): Edges {
  const parents = new Map<Digest, Digest[]>();
  const evidence = new Map<Digest, Digest[]>();
  const add = (edges: Map<Digest, Digest[]>, from: Digest, to: Digest): void => {
    const known = edges.get(from);
    if (known === undefined) edges.set(from, [to]);
    else known.push(to);
  };
  for (const { digest, children, about } of inventory.values()) {
    for (const child of children) add(parents, child, digest);
    for (const subject of about) add(evidence, subject, digest);
  }
  return { parents, evidence };
}

/** What goes with an image: what its index lists, and what is about any of that, and so on. Without itself; only what is there. */
export function listParts(inventory: Inventory, edges: Edges, root: Digest): Set<Digest> {
  const found = new Set<Digest>();
  const queue = [root];
  for (const digest of queue) {
    for (const part of [...(inventory.get(digest)?.children ?? []), ...(edges.evidence.get(digest) ?? [])]) {
      if (part === root || found.has(part) || !inventory.has(part)) continue;
      found.add(part);
      queue.push(part);
    }
  }
  return found;
}
