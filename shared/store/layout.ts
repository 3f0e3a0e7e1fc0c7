import { randomUUID } from 'node:crypto';
import { constants, createWriteStream } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import * as z from 'zod';
import {
  type Descriptor,
  descriptorSchema,
  indexSchema,
  MEDIA_TYPE,
  manifestSchema,
} from '../image/descriptor.ts';
import { type Digest, digestAlgorithm, digestHex, isDigest } from '../image/digest.ts';
import { isTag } from '../image/reference.ts';
import { Failure, Invalid, Unavailable } from '../outcome/outcome.ts';
import { resolveInside } from '../workspace/workspace.ts';
import {
  checkBytes,
  checkSize,
  checkStream,
  describeManifest,
  MANIFEST_LIMIT,
  refuseMissing,
} from './checked.ts';
import { digestOf } from './hash.ts';
import { readJson } from './json.ts';
import { mapParallel } from './parallel.ts';
import { fallbackTag, readReferrers, uniteReferrers } from './referrers.ts';
import type { Store, StoredManifest, Written } from './store.ts';

const NAME = 'org.opencontainers.image.ref.name';
const layoutSchema = z.object({ imageLayoutVersion: z.literal('1.0.0') });
// Loose, because index.json is written back: what other tools put into it stays.
const looseIndexSchema = indexSchema.extend({ manifests: z.array(descriptorSchema.loose()) }).loose();

type LayoutIndex = z.infer<typeof looseIndexSchema>;
/** By subject. */
type Referrers = ReadonlyMap<Digest, readonly { readonly referrer: Descriptor }[]>;
const EMPTY_INDEX: LayoutIndex = { schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests: [] };

/**
 * An OCI layout folder (image-spec 1.1, image-layout.md), made by the first write. Tags are `org.opencontainers.image.ref.name` in index.json.
 * Files are replaced whole (written beside, then renamed); two processes must not write one layout at the same time.
 */
export class LayoutStore implements Store {
  readonly place: string;
  readonly host = undefined;
  readonly fallbacks: ReadonlySet<Digest> = new Set();
  readonly #folder: string;
  readonly #workspace: string;
  readonly #create: boolean;
  /** index.json as it was read last. */
  #index: { readonly version: string; readonly content: LayoutIndex } | undefined;
  /** What its entries refer to: an image with thousands of referrers asks for those of each. */
  #listed: { readonly index: LayoutIndex; readonly referrers: Promise<Referrers> } | undefined;
  /** The end of the last change of index.json; the next one waits for it. */
  #changed: Promise<unknown> = Promise.resolve();

  constructor(folder: string, workspace: string, create = false) {
    this.place = `oci:${folder}`;
    this.#folder = folder;
    this.#workspace = workspace;
    this.#create = create;
  }

  async resolve(reference: Digest | string): Promise<Descriptor | undefined> {
    return (await this.getManifest(reference))?.descriptor;
  }

  async getManifest(reference: Digest | string): Promise<StoredManifest | undefined> {
    const { manifests } = await this.#readIndex();
    const entry = manifests.find(({ digest, annotations }) =>
      isDigest(reference) ? digest === reference : annotations?.[NAME] === reference,
    );
    const digest = isDigest(reference) ? reference : entry?.digest;
    const bytes = digest && (await this.#readFile(blobPath(digest), MANIFEST_LIMIT));
    if (!bytes) {
      if (entry) throw refuseMissing(entry.digest, this.place);
      return undefined;
    }
    return describeManifest(bytes, digest, entry?.mediaType, this.place);
  }

  async putManifest(
    bytes: Buffer,
    mediaType: string,
    reference?: Digest | string,
  ): Promise<{ digest: Digest; indexed: boolean }> {
    const digest = digestOf(bytes, reference?.startsWith('sha512:') ? 'sha512' : 'sha256');
    const tag = reference !== undefined && !isDigest(reference) ? reference : undefined;
    await this.#write(blobPath(digest), Readable.from([bytes]));
    await this.#changeIndex((index) => {
      const children = new Set(readJson(indexSchema, bytes)?.manifests.map((child) => child.digest));
      const kept = index.manifests.filter((entry) => {
        const name = entry.annotations?.[NAME];
        if (entry.digest === digest) return name !== undefined && name !== tag;
        // Reached through the index from now on, so no longer an entry of its own.
        return name === undefined ? !children.has(entry.digest) : name !== tag;
      });
      const { artifactType, subject } = readJson(manifestSchema, bytes) ?? {};
      const named = kept.some((entry) => entry.digest === digest);
      if (named && tag === undefined) return index;
      const entry = {
        mediaType,
        digest,
        size: bytes.length,
        ...(subject && artifactType && { artifactType }),
        ...(tag !== undefined && { annotations: { [NAME]: tag } }),
      };
      return { ...index, manifests: [...kept, entry] };
    });
    return { digest, indexed: true };
  }

  hasBlob(digest: Digest, size?: number): Promise<boolean> {
    return this.#hasFile(blobPath(digest), size);
  }

  async getBlob(descriptor: Pick<Descriptor, 'digest' | 'size'>): Promise<Readable> {
    const file = await this.#open(blobPath(descriptor.digest));
    if (!file) throw refuseMissing(descriptor.digest, this.place);
    return checkStream(descriptor, file.createReadStream(), this.place, this.#explain);
  }

  async readBlob(descriptor: Pick<Descriptor, 'digest' | 'size'>, limit = 32 * 1024 * 1024): Promise<Buffer> {
    checkSize(descriptor, limit, this.place);
    const bytes = await this.#readFile(blobPath(descriptor.digest), limit);
    if (!bytes) throw refuseMissing(descriptor.digest, this.place);
    return checkBytes(descriptor, bytes, this.place);
  }

  async checkBlob(descriptor: Pick<Descriptor, 'digest' | 'size'>): Promise<void> {
    for await (const _ of await this.getBlob(descriptor));
  }

  async putBlob(
    descriptor: Pick<Descriptor, 'digest' | 'size'>,
    open: () => Buffer | Readable | Promise<Readable>,
  ): Promise<Written> {
    if (await this.hasBlob(descriptor.digest)) return 'present';
    const content = await open();
    const source = Buffer.isBuffer(content) ? Readable.from([content]) : content;
    await this.#write(
      blobPath(descriptor.digest),
      checkStream(descriptor, source, this.place, this.#explain),
    );
    return 'sent';
  }

  async prepareUploads(): Promise<void> {
    await this.#changeIndex((index) => index);
  }

  async listTags(): Promise<string[]> {
    const { manifests } = await this.#readIndex();
    return manifests.flatMap(({ annotations }) => annotations?.[NAME] ?? []).filter(isTag);
  }

  async listReferrers(subject: Digest): Promise<Descriptor[]> {
    const index = await this.#readIndex();
    if (this.#listed?.index !== index) {
      const referrers = this.#findReferrers(index);
      this.#listed = { index, referrers };
      referrers.catch(() => {
        this.#listed = undefined;
      });
    }
    const [listed, fallback] = await Promise.all([
      this.#listed.referrers,
      this.getManifest(fallbackTag(subject)),
    ]);
    return uniteReferrers(
      subject,
      (listed.get(subject) ?? []).map(({ referrer }) => referrer),
      (fallback && readReferrers(fallback.bytes, subject)) ?? [],
    );
  }

  async #findReferrers({ manifests }: LayoutIndex): Promise<Referrers> {
    const found = await mapParallel(manifests, 16, async ({ digest }) => {
      const stored = await this.getManifest(digest);
      const { subject, artifactType, annotations } = (stored && readJson(looseManifest, stored.bytes)) ?? {};
      if (!stored || subject === undefined) return [];
      const referrer: Descriptor = {
        ...stored.descriptor,
        ...(artifactType && { artifactType }),
        ...(annotations && { annotations }),
      };
      return { subject: subject.digest, referrer };
    });
    return Map.groupBy(found.flat(), ({ subject }) => subject);
  }

  async #readIndex(): Promise<LayoutIndex> {
    const version = await this.#readVersion();
    if (this.#index?.version === version) return this.#index.content;
    const [layout, bytes] = await Promise.all([
      this.#readFile('oci-layout', MANIFEST_LIMIT),
      this.#readFile('index.json', MANIFEST_LIMIT),
    ]);
    if (!layout && !bytes && this.#create) return EMPTY_INDEX;
    if (!layout && !bytes) {
      throw new Invalid('image', `there is no OCI layout in ${this.#folder}`, {
        hint: 'A layout is a folder with the files "oci-layout" and "index.json", as build writes it.',
      });
    }
    const index = bytes && readJson(looseIndexSchema, bytes);
    if (!index || !readJson(layoutSchema, layout ?? '')) {
      throw new Invalid(
        'image',
        `${this.#folder} is a damaged OCI layout: "oci-layout" or "index.json" is not as it should be`,
      );
    }
    this.#index = { version, content: index };
    return index;
  }

  /** Another where one of its files was written since: those are replaced whole. */
  async #readVersion(): Promise<string> {
    const facts = await Promise.all(
      ['oci-layout', 'index.json'].map(async (path) => {
        const file = await this.#open(path);
        try {
          return await file?.stat({ bigint: true });
        } finally {
          await file?.close();
        }
      }),
    );
    return facts.map((one) => one && [one.dev, one.ino, one.size, one.mtimeNs, one.ctimeNs].join()).join(' ');
  }

  #changeIndex(change: (index: LayoutIndex) => LayoutIndex): Promise<void> {
    const next = this.#changed.then(async () => {
      const exists = (await this.#hasFile('oci-layout')) || (await this.#hasFile('index.json'));
      const before = exists ? await this.#readIndex() : EMPTY_INDEX;
      const after = change(before);
      if (!exists)
        await this.#write('oci-layout', Readable.from([Buffer.from('{"imageLayoutVersion":"1.0.0"}')]));
      if (!exists || after !== before)
        await this.#write('index.json', Readable.from([Buffer.from(JSON.stringify(after))]));
    });
    this.#changed = next.catch(() => undefined);
    return next;
  }

  /** The path of a file of the layout; a link that leads out of the layout, or the layout out of the workspace, is `Invalid`. */
  async #locate(path: string): Promise<string> {
    const folder = await resolveInside(this.#workspace, this.#folder, 'image');
    if (!(await stat(folder).catch(() => undefined))) return join(folder, path);
    return resolveInside(folder, path, 'image');
  }

  async #open(path: string): Promise<FileHandle | undefined> {
    // Not blocking, so that a pipe in a file's place does not stop the step.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const file = await open(await this.#locate(path), flags).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
      throw this.#explain(error);
    });
    if (!file || (await file.stat()).isFile()) return file;
    await file.close();
    throw new Invalid('image', `${path} in ${this.place} is no file`);
  }

  async #hasFile(path: string, size?: number): Promise<boolean> {
    const file = await this.#open(path);
    try {
      return file !== undefined && (size === undefined || (await file.stat()).size === size);
    } finally {
      await file?.close();
    }
  }

  async #readFile(path: string, limit: number): Promise<Buffer | undefined> {
    const file = await this.#open(path);
    if (!file) return undefined;
    try {
      const { size } = await file.stat();
      if (size > limit) throw new Unavailable(`${this.place}: ${path} has more than ${limit} bytes`);
      return await file.readFile();
    } finally {
      await file.close();
    }
  }

  async #write(path: string, source: Readable): Promise<void> {
    const file = await this.#locate(path);
    const temporary = `${file}.${randomUUID()}`;
    try {
      await mkdir(dirname(file), { recursive: true });
      await pipeline(source, createWriteStream(temporary, { flags: 'wx' }));
      await rename(temporary, file);
    } catch (error) {
      await rm(temporary, { force: true });
      throw this.#explain(error);
    }
  }

  /** An error of the file system in this suite's words; failures of others are left as they are. */
  readonly #explain = (error: unknown): Error => {
    if (error instanceof Failure) return error;
    const { code = 'failed' } = error as NodeJS.ErrnoException;
    const full = code === 'ENOSPC' || code === 'EDQUOT';
    return new Unavailable(
      full
        ? `${this.place}: the disk is full (${code})`
        : `${this.place} cannot be read or written (${code})`,
      { cause: error },
    );
  };
}

// Index manifests may have a subject too (image-spec 1.1).
const looseManifest = z.union([manifestSchema, indexSchema]);

function blobPath(digest: Digest): string {
  return `blobs/${digestAlgorithm(digest)}/${digestHex(digest)}`;
}
