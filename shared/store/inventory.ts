import * as z from 'zod';
import type { Inventory, StoredImage } from '../environment/inventory.ts';
import { descriptorSchema, MEDIA_TYPE } from '../image/descriptor.ts';
import { type Digest, findDigests, isDigest, parseDigest } from '../image/digest.ts';
import { Refused, Unavailable } from '../outcome/outcome.ts';
import { NoManifest } from './checked.ts';
import { type Journal, readJournal } from './journal.ts';
import { readJson } from './json.ts';
import { mapParallel } from './parallel.ts';
import { fallbackTag } from './referrers.ts';
import type { Removal } from './removal.ts';
import type { Store, StoredManifest } from './store.ts';

/** What is known of a manifest without reading it. */
export interface Listed {
  readonly tags: readonly string[];
  /** When the registry got it, in milliseconds since 1970. */
  readonly pushed: number;
}

/** Everything that can be found in a repository at one moment. */
export interface Surveyed {
  readonly images: Inventory;
  /** Every tag that it had. */
  readonly tags: ReadonlySet<string>;
  /** What earlier runs did not come to. */
  readonly journals: readonly Journal[];
}

/** What a manifest says of itself; the digest is of exactly that, so it is read once. */
type Content = Pick<StoredImage, 'children' | 'config' | 'base' | 'created' | 'foreign'> & {
  readonly subject: Digest | undefined;
};

const REQUESTS = 16;
const CONFIG_LIMIT = 8 * 1024 * 1024;
/** `sha256-<hex>` with or without something behind it: where tools keep what is about a digest. */
const EVIDENCE_TAG = /^(sha256|sha512)-([0-9a-f]{64})(?:\..+)?$/;
const CREATED = 'org.opencontainers.image.created';
const BASE = 'org.opencontainers.image.base.digest';

const contentSchema = z.object({
  config: descriptorSchema.optional(),
  manifests: z.array(z.object({ digest: z.string() })).optional(),
  subject: z.object({ digest: z.string() }).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});
const configSchema = z.object({ created: z.string().optional() });

/**
 * Reads all of a repository that tags lead to, again at each call: what they name, what that lists, what refers to any of it and what it refers
 * to. `listed` adds what a registry lists beside its tags; `held`, and `abandoned` that was about to be deleted, are looked for by digest. Whatever
 * cannot be read is `Unavailable` or `Refused`, so that nobody takes it for absent.
 */
export function openInventory(
  store: Store,
  removal: Removal,
): (
  listed: ReadonlyMap<Digest, Listed>,
  held: Iterable<Digest>,
  abandoned: Iterable<Digest>,
) => Promise<Surveyed> {
  const contents = new Map<Digest, Content>();
  const named = new Map<string, Digest>();
  const journals = new Map<Digest, Journal>();
  let api: 'unknown' | 'there' | 'none' = 'unknown';

  const keepContent = async (digest: Digest, stored: StoredManifest, dated: boolean): Promise<void> => {
    if (!contents.has(digest)) contents.set(digest, await readContent(store, stored, dated));
  };

  const readTag = async (tag: string, listed: ReadonlyMap<Digest, Listed>): Promise<Digest> => {
    const before = named.get(tag);
    if (before !== undefined && (await resolveTag(store, tag)) === before) return before;
    const stored = await getStored(store, tag);
    if (stored === undefined) {
      throw new Unavailable(`${store.place}:${tag} is listed and not there`, {
        hint: 'Another run may have deleted it just now. Nothing was deleted.',
      });
    }
    const { digest } = stored instanceof NoManifest ? stored : stored.descriptor;
    if (stored instanceof NoManifest) contents.set(digest, readForeign(stored.bytes));
    else {
      const journal = await readJournal(store, tag, stored);
      if (journal !== undefined) journals.set(digest, journal);
      await keepContent(digest, stored, listed.has(digest));
    }
    named.set(tag, digest);
    return digest;
  };

  /** Reads what is not known yet; false when it is not there. */
  const readDigest = async (digest: Digest, listed: ReadonlyMap<Digest, Listed>): Promise<boolean> => {
    if (contents.has(digest)) return true;
    const stored = await getStored(store, digest);
    if (stored === undefined && listed.has(digest)) {
      throw new Unavailable(`${store.place}@${digest} is listed and cannot be read`);
    }
    if (stored === undefined) return false;
    if (stored instanceof NoManifest) contents.set(digest, readForeign(stored.bytes));
    else await keepContent(digest, stored, listed.has(digest));
    return true;
  };

  const readReferrers = async (digest: Digest, isPresent: boolean): Promise<Digest[]> => {
    const found = api === 'none' ? undefined : await removal.listReferrers(digest);
    // Of what is not there some registries list nothing. Of what is, no answer means that there is no such list.
    const seen = found !== undefined ? 'there' : isPresent ? 'none' : api;
    if (api !== 'unknown' && seen !== api) {
      throw new Unavailable(
        `${store.place} lists the referrers of some manifests, and not those of ${digest}`,
      );
    }
    api = seen;
    return found?.map((one) => one.digest) ?? [];
  };

  return async (listed, held, abandoned) => {
    // What had no such list for a moment shows it now.
    if (api === 'none') api = 'unknown';
    const tags = await store.listTags();
    const pairs = await mapParallel(
      tags,
      REQUESTS,
      async (tag) => [tag, await readTag(tag, listed)] as const,
    );
    const tagged = Map.groupBy(pairs, ([, digest]) => digest);
    const found = pairs.flatMap(([, digest]) => journals.get(digest) ?? []);
    const left = new Set([...abandoned, ...found.flatMap(({ deleting }) => deleting)]);

    const present = new Set<Digest>();
    const asked = new Set<Digest>();
    const subjects = tags.flatMap((tag) => readSubject(tag) ?? []);
    let next = [...tagged.keys(), ...listed.keys(), ...held, ...left, ...subjects];
    while (next.length > 0) {
      const wave = [...new Set(next)].filter((digest) => !asked.has(digest));
      for (const digest of wave) asked.add(digest);
      const beside = await mapParallel(wave, REQUESTS, async (digest) => {
        const isPresent = await readDigest(digest, listed);
        if (isPresent) present.add(digest);
        const { children = [], subject } = contents.get(digest) ?? {};
        const referrers = await readReferrers(digest, isPresent);
        return [...children, ...(subject === undefined ? [] : [subject]), ...referrers];
      });
      next = beside.flat();
    }

    const known = new Map([...present].map((digest) => [fallbackTag(digest), digest]));
    const images = new Map<Digest, StoredImage>();
    for (const digest of present) {
      const content = contents.get(digest);
      if (content === undefined || found.some((journal) => journal.digest === digest)) continue;
      const own = [...(tagged.get(digest)?.map(([tag]) => tag) ?? []), ...(listed.get(digest)?.tags ?? [])];
      images.set(digest, describeImage(digest, content, [...new Set(own)], known, left, listed.get(digest)));
    }
    return { images, tags: new Set(tags), journals: found };
  };
}

/** What was not understood may need all that it names. */
function readForeign(bytes: Buffer): Content {
  return {
    children: findDigests(bytes.toString()),
    config: undefined,
    base: undefined,
    created: undefined,
    foreign: true,
    subject: undefined,
  };
}

async function getStored(store: Store, reference: string): Promise<StoredManifest | NoManifest | undefined> {
  try {
    return await store.getManifest(reference);
  } catch (error) {
    if (error instanceof NoManifest) return error;
    throw error;
  }
}

/** What a tag names now, whatever that is; undefined when it is not there. */
export async function resolveTag(store: Store, tag: string): Promise<Digest | undefined> {
  try {
    return (await store.resolve(tag))?.digest;
  } catch (error) {
    if (error instanceof NoManifest) return error.digest;
    throw error;
  }
}

async function readContent(
  store: Store,
  { descriptor, bytes }: StoredManifest,
  dated: boolean,
): Promise<Content> {
  const content = readJson(contentSchema, bytes);
  if (content === undefined) return readForeign(bytes);
  const { config, manifests = [], subject, annotations } = content;
  const children = manifests.flatMap(({ digest }) => (isDigest(digest) ? [digest] : []));
  const stated = annotations?.[CREATED];
  const base = annotations?.[BASE];
  const isImage = config?.mediaType === MEDIA_TYPE.config || config?.mediaType === MEDIA_TYPE.dockerConfig;
  const created =
    stated === undefined && isImage && config !== undefined && !dated
      ? await readCreated(store, config)
      : stated;
  const moment = Date.parse(created ?? '');
  return {
    children: children.filter((digest) => digest !== descriptor.digest),
    config: config?.digest,
    base: base !== undefined && isDigest(base) ? base : undefined,
    created: Number.isNaN(moment) ? undefined : moment,
    foreign: false,
    subject: subject !== undefined && isDigest(subject.digest) ? subject.digest : undefined,
  };
}

/** When a configuration says that its image was made. One that is damaged says nothing, and the image is of unknown age. */
async function readCreated(
  store: Store,
  config: { readonly digest: Digest; readonly size: number },
): Promise<string | undefined> {
  try {
    return readJson(configSchema, await store.readBlob(config, CONFIG_LIMIT))?.created;
  } catch (error) {
    if (error instanceof Refused) return undefined;
    throw error;
  }
}

function describeImage(
  digest: Digest,
  { subject, ...content }: Content,
  tags: readonly string[],
  known: ReadonlyMap<string, Digest>,
  left: ReadonlySet<Digest>,
  listed: Listed | undefined,
): StoredImage {
  const about = new Set(subject === undefined ? [] : [subject]);
  const isEvidence = (tag: string): boolean => {
    // A sha512 is cut off in a tag, so only what is there can be known by it.
    const named = readSubject(tag) ?? known.get(tag.replace(/\..*$/, ''));
    if (named !== undefined) about.add(named);
    return named !== undefined;
  };
  const [evidenceTags, others] = [tags.filter(isEvidence), tags.filter((tag) => !isEvidence(tag))];
  // GitLab answers with the subject under the tag of the fallback index.
  about.delete(digest);
  return {
    ...content,
    digest,
    tags: others,
    evidenceTags,
    about: [...about],
    pushed: listed?.pushed,
    abandoned: left.has(digest),
  };
}

/** The digest that an evidence tag names whole. */
function readSubject(tag: string): Digest | undefined {
  const [, algorithm, hex] = EVIDENCE_TAG.exec(tag) ?? [];
  return algorithm === 'sha256' ? parseDigest(`sha256:${hex}`) : undefined;
}
