import type { Readable } from 'node:stream';
import type { Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';

/** A manifest as it was stored: the exact bytes, whose hash is `descriptor.digest` (checked by the store). */
export interface StoredManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
}

/** What became of a blob: it was there, the registry took it from another repository, or its bytes were sent. */
export type Written = 'present' | 'mounted' | 'sent';

/** The most that one image's referrers may be before reading them is `Unavailable` (design.md, "Decided"). */
export const REFERRER_CAP = { count: 2000, bytes: 64 * 1024 * 1024 } as const;

/**
 * One place that holds images: a repository of a registry, or an OCI layout folder.
 * Everything that is read is hashed before it is returned: wrong bytes are `Refused`.
 * 404 is `undefined` where the return type says so; transport, deadlines and caps are `Unavailable`.
 */
export interface Store {
  /** `ghcr.io/octo/app` or `oci:<folder>`: what stands before the `@` of an image. */
  readonly place: string;
  /** The registry's host, undefined for a layout. Two stores with the same host can mount blobs. */
  readonly host: string | undefined;
  /** The subjects whose referrers `listReferrers` found under the fallback tag, there being no referrers API: attaching rewrites it. */
  readonly fallbacks: ReadonlySet<Digest>;

  /** Descriptor of a digest or tag by HEAD (digest, media type, size), or undefined when there is none. */
  resolve(reference: Digest | string): Promise<Descriptor | undefined>;
  /** The manifest or index behind a digest or tag, at most 8 MiB. */
  getManifest(reference: Digest | string): Promise<StoredManifest | undefined>;
  /** Writes manifest bytes by digest, and under `reference` when it is a tag (a sha512 digest stores under that). `indexed` is false when the manifest has a subject and the registry did not index it (no OCI-Subject header). */
  putManifest(
    bytes: Buffer,
    mediaType: string,
    reference?: Digest | string,
  ): Promise<{ digest: Digest; indexed: boolean }>;

  /** Whether a blob is there; with `size`, whether it is known to have as many bytes. */
  hasBlob(digest: Digest, size?: number): Promise<boolean>;
  /** A stream of the blob that fails (`Refused`) at its end when size or hash are wrong. */
  getBlob(descriptor: Pick<Descriptor, 'digest' | 'size'>): Promise<Readable>;
  /** The whole blob, checked; more than `limit` bytes (default 32 MiB) is `Unavailable`. */
  readBlob(descriptor: Pick<Descriptor, 'digest' | 'size'>, limit?: number): Promise<Buffer>;
  /** Reads the whole blob and keeps nothing of it: missing or wrong bytes are `Refused`. */
  checkBlob(descriptor: Pick<Descriptor, 'digest' | 'size'>): Promise<void>;
  /** Writes a blob unless it is there (small ones are sent without asking). `open` is called again when a transfer is retried. */
  putBlob(
    descriptor: Pick<Descriptor, 'digest' | 'size'>,
    open: () => Buffer | Readable | Promise<Readable>,
    mountFrom?: Store,
  ): Promise<Written>;
  /**
   * Gets ready to write `count` blobs: login and permission are tried and uploads opened, so that what is missing shows
   * before anything is signed, and the blobs need one round trip less.
   */
  prepareUploads(count: number): Promise<void>;

  /** All tags, paged to the end. An unknown repository has none. */
  listTags(): Promise<string[]>;
  /**
   * Descriptors of the manifests whose subject is `subject`: the union of the referrers API, the fallback tag
   * and the `sha256-<hex>.<bundle>` tags. Hints only: annotations may be missing, the subject is unproven until the manifest is read.
   * A reader of many subjects asks for all `tags` once; with `trusts`, a fallback tag that is not among them is not asked for.
   */
  listReferrers(
    subject: Digest,
    tags?: Promise<readonly string[] | undefined>,
    trusts?: boolean,
  ): Promise<Descriptor[]>;
}

/** The OCI empty descriptor's content (image-spec 1.1, "Guidance for an Empty Descriptor"). */
export const EMPTY_BLOB: Buffer = Buffer.from('{}');
