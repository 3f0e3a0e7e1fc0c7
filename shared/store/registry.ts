import type { Readable } from 'node:stream';
import * as z from 'zod';
import { type Descriptor, MEDIA_TYPE } from '../image/descriptor.ts';
import { type Digest, digestAlgorithm, isDigest } from '../image/digest.ts';
import { formatRepository, type Repository } from '../image/reference.ts';
import { Refused, Unavailable } from '../outcome/outcome.ts';
import {
  checkBytes,
  checkSize,
  checkStream,
  describeManifest,
  MANIFEST_LIMIT,
  NoManifest,
  refuseMissing,
} from './checked.ts';
import { type ReadResponse, RegistryClient } from './client.ts';
import { digestOf } from './hash.ts';
import { readJson } from './json.ts';
import { askReferrers, listTags } from './lists.ts';
import type { LoginOptions } from './login.ts';
import { excuseMirror, Sources } from './mirrors.ts';
import { mapParallel } from './parallel.ts';
import { explainCap, fallbackTag, findOwnTags, readReferrers, uniteReferrers } from './referrers.ts';
import { REFERRER_CAP, type Store, type StoredManifest, type Written } from './store.ts';
import { dropBody, explainDrop, TooLarge } from './transport.ts';
import { Uploads } from './uploads.ts';

const ACCEPT = [
  MEDIA_TYPE.index,
  MEDIA_TYPE.manifest,
  MEDIA_TYPE.dockerIndex,
  MEDIA_TYPE.dockerManifest,
].join(', ');
/** Up to this many bytes it costs more to ask whether a blob is there than to send it. */
export const SMALL_BLOB = 64 * 1024;
const subjectSchema = z.object({ subject: z.object({ digest: z.string() }) });

/** A repository of an OCI registry (distribution-spec 1.1). */
export class RegistryStore implements Store {
  readonly place: string;
  readonly host: string;
  readonly fallbacks = new Set<Digest>();
  readonly #client: RegistryClient;
  /** What answers so far tell of the referrers API: it listed all there was of an image, or there is none. */
  #api: 'unknown' | 'whole' | 'none' = 'unknown';
  #tags: Promise<string[]> | undefined;
  readonly #uploads: Uploads;
  readonly #written = new Map<Digest, Promise<Written>>();
  readonly #sources: Sources<RegistryStore> | undefined;

  /** `mirrors` are asked for what a digest names while the registry is down: only of what is read, since what was written has to be there itself. */
  constructor(repository: Repository, options: LoginOptions, mirrors: readonly Repository[] = []) {
    const hasty = { ...options, waits: false };
    const [own, ...others] = mirrors.length === 0 ? [] : [repository, ...mirrors];
    const open = (place: Repository): RegistryStore => new RegistryStore(place, hasty);
    this.#sources = own && new Sources<RegistryStore>(open(own), others.map(open), this, options.log);
    this.place = formatRepository(repository);
    this.host = repository.registry;
    this.#client = new RegistryClient(repository, options);
    this.#uploads = new Uploads(this.#client, this.place);
  }

  async resolve(reference: Digest | string): Promise<Descriptor | undefined> {
    const { status, headers } = await this.#client.ask({
      method: 'HEAD',
      target: `manifests/${reference}`,
      access: 'pull',
      expect: [200, 404],
      headers: { accept: ACCEPT },
    });
    if (status === 404) return undefined;
    const stated = headers['docker-content-digest'];
    const other = isDigest(reference) && stated !== undefined && stated !== reference;
    if (other && stated.startsWith(`${digestAlgorithm(reference)}:`)) {
      throw new Refused(`${this.place} answers with ${stated.slice(0, 80)} for ${reference}`);
    }
    const digest = isDigest(reference) ? reference : stated;
    const mediaType = readType(headers);
    const size = Number(headers['content-length']);
    // A registry may leave all three out (distribution-spec 1.1, "Checking if content exists in the registry").
    // Or name the bytes by another algorithm ("Pulling manifests"), which proves nothing before they are read.
    const whole = !other && digest !== undefined && isDigest(digest) && mediaType && size > 0;
    return whole ? { mediaType, digest, size } : (await this.getManifest(reference))?.descriptor;
  }

  getManifest(reference: Digest | string): Promise<StoredManifest | undefined> {
    const find = (from: RegistryStore) => from.#findManifest(reference);
    // A tag is the registry's own word.
    return isDigest(reference) ? this.#read(find) : find(this);
  }

  #read<T>(read: (from: RegistryStore) => Promise<T>): Promise<T> {
    return this.#sources?.read(read) ?? read(this);
  }

  async #findManifest(reference: Digest | string): Promise<StoredManifest | undefined> {
    const { status, headers, bytes } = await this.#readManifest(reference);
    if (status === 404) return undefined;
    return describeManifest(bytes, reference, readType(headers), this.place);
  }

  #readManifest(reference: Digest | string): Promise<ReadResponse> {
    return this.#client.read(
      {
        method: 'GET',
        target: `manifests/${reference}`,
        access: 'pull',
        expect: [200, 404],
        headers: { accept: ACCEPT },
      },
      MANIFEST_LIMIT,
    );
  }

  async putManifest(
    bytes: Buffer,
    mediaType: string,
    reference?: Digest | string,
  ): Promise<{ digest: Digest; indexed: boolean }> {
    this.#requireOwn();
    const digest = digestOf(bytes, reference?.startsWith('sha512:') ? 'sha512' : 'sha256');
    const { headers } = await this.#client.ask({
      method: 'PUT',
      target: `manifests/${reference ?? digest}`,
      access: 'push',
      expect: [201],
      headers: { 'content-type': mediaType },
      body: bytes,
    });
    const stated = headers['docker-content-digest'];
    if (stated !== undefined && stated !== digest) {
      throw new Refused(`${this.place} was sent ${digest} and says it stored ${stated.slice(0, 80)}`);
    }
    const subject = readJson(subjectSchema, bytes)?.subject.digest;
    return { digest, indexed: subject === undefined || headers['oci-subject'] === subject };
  }

  async hasBlob(digest: Digest, size?: number): Promise<boolean> {
    const { status, headers } = await this.#client.ask({
      method: 'HEAD',
      target: `blobs/${digest}`,
      access: 'pull',
      expect: [200, 404],
    });
    return status === 200 && (size === undefined || Number(headers['content-length']) === size);
  }

  getBlob(descriptor: Pick<Descriptor, 'digest' | 'size'>): Promise<Readable> {
    return this.#read(async (from) => {
      const source = await from.#openBlob(descriptor);
      return from.place === this.place ? source : excuseMirror(source);
    });
  }

  async #openBlob(descriptor: Pick<Descriptor, 'digest' | 'size'>): Promise<Readable> {
    const response = await this.#client.open({
      method: 'GET',
      target: `blobs/${descriptor.digest}`,
      access: 'pull',
      expect: [200, 404],
    });
    if (response.status === 404) {
      dropBody(response);
      throw refuseMissing(descriptor.digest, this.place);
    }
    return checkStream(descriptor, response.body, this.place, (error) =>
      explainDrop(error, response.what, this.#client.deadline),
    );
  }

  async readBlob(descriptor: Pick<Descriptor, 'digest' | 'size'>, limit = 32 * 1024 * 1024): Promise<Buffer> {
    checkSize(descriptor, limit, this.place);
    return this.#read((from) => from.#wholeBlob(descriptor, limit));
  }

  async #wholeBlob(descriptor: Pick<Descriptor, 'digest' | 'size'>, limit: number): Promise<Buffer> {
    const { status, bytes } = await this.#client.read(
      { method: 'GET', target: `blobs/${descriptor.digest}`, access: 'pull', expect: [200, 404] },
      limit,
    );
    if (status === 404) throw refuseMissing(descriptor.digest, this.place);
    return checkBytes(descriptor, bytes, this.place);
  }

  checkBlob(descriptor: Pick<Descriptor, 'digest' | 'size'>): Promise<void> {
    return this.#client.retry(async () => {
      for await (const _ of await this.#openBlob(descriptor));
    });
  }

  putBlob(
    descriptor: Pick<Descriptor, 'digest' | 'size'>,
    open: () => Buffer | Readable | Promise<Readable>,
    mountFrom?: Store,
  ): Promise<Written> {
    this.#requireOwn();
    const { digest } = descriptor;
    const before = this.#written.get(digest)?.then(() => 'present' as const);
    if (before) return before;
    const writing = this.#writeBlob(descriptor, open, mountFrom);
    this.#written.set(digest, writing);
    writing.catch(() => this.#written.delete(digest));
    return writing;
  }

  /** What was written is read back, and no mirror may answer for that. */
  #requireOwn(): void {
    if (this.#sources) throw new Error(`${this.place} was opened with mirrors, and is only read`);
  }

  async #writeBlob(
    descriptor: Pick<Descriptor, 'digest' | 'size'>,
    open: () => Buffer | Readable | Promise<Readable>,
    mountFrom: Store | undefined,
  ): Promise<Written> {
    const from = mountFrom?.host === this.host ? mountFrom.place.slice(this.host.length + 1) : undefined;
    if (from === undefined && descriptor.size > SMALL_BLOB && (await this.hasBlob(descriptor.digest))) {
      return 'present';
    }
    return this.#uploads.send(descriptor, open, from);
  }

  prepareUploads(count: number): Promise<void> {
    return this.#uploads.prepare(count);
  }

  listTags(): Promise<string[]> {
    return listTags(this.#client);
  }

  async listReferrers(
    subject: Digest,
    given: Promise<readonly string[] | undefined> = Promise.resolve(undefined),
    trusts = false,
  ): Promise<Descriptor[]> {
    const list = async (): Promise<readonly string[]> => (await given) ?? this.#shareTags();
    // Begun before the API has answered, so that a registry without one costs no further round trip.
    const tags = this.#api === 'whole' ? undefined : list();
    tags?.catch(() => undefined);
    // The fallback tag is read with an API too: other tools used it before there was one.
    const read = async (): Promise<Descriptor[] | undefined> => {
      const absent = trusts && (await given)?.includes(fallbackTag(subject)) === false;
      return absent ? undefined : this.#readFallback(subject);
    };
    const [listed, fallback] = await Promise.all([
      this.#api === 'none' ? undefined : askReferrers(this.#client, subject),
      read(),
    ]);
    if (!listed && fallback) this.fallbacks.add(subject);
    const known = uniteReferrers(subject, listed ?? [], fallback ?? []);
    if (listed?.length === known.length && (known.length > 0 || this.#api === 'whole')) {
      this.#api = 'whole';
      return known;
    }
    const all = await (tags ?? list());
    // Some registries with an API answer 404 for a repository that is empty.
    if (!listed && all.length > 0) this.#api = 'none';
    const own = findOwnTags(subject, all, known);
    if (known.length + own.length > REFERRER_CAP.count) {
      // Before each is asked for: anybody who may push can make as many tags.
      throw new Unavailable(
        `${subject} has ${own.length} tags of referrers beside ${known.length} that are listed; at most ${REFERRER_CAP.count} are read`,
        { hint: 'Delete referrers that are no longer needed.' },
      );
    }
    const found = await mapParallel(own, 16, async (tag) => (await this.#resolveOwn(tag)) ?? []);
    return uniteReferrers(subject, known, found.flat());
  }

  /** Anybody who may push can have such a tag name nonsense, which shows here where a registry says nothing by HEAD. */
  async #resolveOwn(tag: string): Promise<Descriptor | undefined> {
    return this.resolve(tag).catch((error: unknown) => {
      if (error instanceof NoManifest) return undefined;
      throw error;
    });
  }

  /** Readers of several subjects ask at the same time; one list serves them all. */
  #shareTags(): Promise<string[]> {
    this.#tags ??= this.listTags().finally(() => {
      this.#tags = undefined;
    });
    return this.#tags;
  }

  /** What the fallback tag lists; undefined when there is none, or no index under it. */
  async #readFallback(subject: Digest): Promise<Descriptor[] | undefined> {
    const { status, bytes } = await this.#readManifest(fallbackTag(subject)).catch((error: unknown) => {
      throw error instanceof TooLarge ? explainCap(subject, error) : error;
    });
    return status === 200 ? readReferrers(bytes, subject) : undefined;
  }
}

/** The media type of a Content-Type header, without parameters. */
function readType(headers: Readonly<Record<string, string | undefined>>): string | undefined {
  return headers['content-type']?.split(';')[0]?.trim();
}
