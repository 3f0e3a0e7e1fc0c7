import { createHash, randomUUID } from 'node:crypto';
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { indexSchema, manifestSchema } from '../../shared/image/descriptor.ts';

/** An answer that is an error (distribution-spec 1.1, "Error Codes"). */
export class Rejection extends Error {
  readonly status: number;

  constructor(status: number, code: string) {
    super(code);
    this.status = status;
  }
}

const DIGEST = /^sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})$/;
const TAG = /^\w[\w.-]{0,127}$/;

/** Tags that differ in case alone still have an order. */
export function compareTags(one: string, other: string): number {
  const [low, high] = [one.toLowerCase(), other.toLowerCase()];
  if (low === high) return one < other ? -1 : Number(one > other);
  return low < high ? -1 : 1;
}

export const isDigest = (text: string): boolean => DIGEST.test(text);

const contentSchema = z.union([manifestSchema, indexSchema]);
const parseContent = (bytes: Buffer): z.infer<typeof contentSchema> => {
  try {
    return contentSchema.parse(JSON.parse(bytes.toString()));
  } catch {
    throw new Rejection(400, 'MANIFEST_INVALID');
  }
};

/**
 * One repository on disk: `blobs/<digest>` once for all repositories, and below `repositories/<name>/` a small file for each blob,
 * manifest (its media type), tag (its digest) and referrer (its descriptor). Files appear whole or not at all.
 */
export class Repository {
  readonly #root: string;
  readonly #folder: string;

  constructor(root: string, name: string) {
    this.#root = root;
    this.#folder = join(root, 'repositories', encodeURIComponent(name));
  }

  get exists(): boolean {
    return existsSync(this.#folder);
  }

  /** Where the bytes of a blob or manifest are, whichever repository they belong to. */
  content(digest: string): string {
    return join(this.#root, 'blobs', digest);
  }

  hasBlob(digest: string): boolean {
    return isDigest(digest) && existsSync(this.#entry('blobs', digest));
  }

  /** Makes a blob that another repository holds this one's too. */
  linkBlob(digest: string): void {
    this.#write(this.#entry('blobs', digest), '');
  }

  deleteBlob(digest: string): void {
    rmSync(this.#entry('blobs', digest));
  }

  upload(id: string): string {
    return join(this.#root, 'uploads', id);
  }

  /** Takes an upload over as a blob, if it is what `digest` says. */
  async finishUpload(id: string, digest: string): Promise<void> {
    const file = this.upload(id);
    if (!isDigest(digest)) throw new Rejection(400, 'DIGEST_INVALID');
    const hash = createHash(digest.startsWith('sha512') ? 'sha512' : 'sha256');
    for await (const chunk of createReadStream(file)) hash.update(chunk);
    if (!digest.endsWith(`:${hash.digest('hex')}`)) {
      rmSync(file);
      throw new Rejection(400, 'DIGEST_INVALID');
    }
    renameSync(file, this.content(digest));
    this.linkBlob(digest);
  }

  /** Digest, media type and bytes behind a tag or digest. */
  getManifest(reference: string): { digest: string; mediaType: string; bytes: Buffer } {
    const digest = this.#resolve(reference);
    const file = digest && this.#entry('manifests', digest);
    if (!digest || !file || !existsSync(file)) throw new Rejection(404, 'MANIFEST_UNKNOWN');
    return { digest, mediaType: readFileSync(file, 'utf8'), bytes: readFileSync(this.content(digest)) };
  }

  /** Stores a manifest whose blobs and children are here. Returns its digest, and its subject's. */
  putManifest(
    reference: string,
    bytes: Buffer,
    contentType: string | undefined,
  ): { digest: string; subject: string | undefined } {
    const algorithm = reference.startsWith('sha512:') ? 'sha512' : 'sha256';
    const digest = `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
    if (!isDigest(reference) && !TAG.test(reference)) throw new Rejection(400, 'MANIFEST_INVALID');
    if (isDigest(reference) && reference !== digest) throw new Rejection(400, 'DIGEST_INVALID');
    const content = parseContent(bytes);
    const mediaType = contentType?.split(';')[0]?.trim() || content.mediaType;
    if (!mediaType || (content.mediaType && content.mediaType !== mediaType)) {
      throw new Rejection(400, 'MANIFEST_INVALID');
    }
    const complete =
      'manifests' in content
        ? content.manifests.every((child) => existsSync(this.#entry('manifests', child.digest)))
        : [content.config, ...content.layers]
            .filter((blob) => !/\.nondistributable\.|\.foreign\./.test(blob.mediaType))
            .every((blob) => this.hasBlob(blob.digest));
    if (!complete) throw new Rejection(400, 'MANIFEST_BLOB_UNKNOWN');

    this.#write(this.content(digest), bytes);
    this.#write(this.#entry('manifests', digest), mediaType);
    const subject = content.subject?.digest;
    if (subject) {
      const config = 'config' in content ? content.config.mediaType : undefined;
      const artifactType = content.artifactType || config;
      const descriptor = {
        mediaType,
        digest,
        size: bytes.length,
        artifactType,
        annotations: content.annotations,
      };
      this.#write(this.#entry(join('referrers', subject), digest), JSON.stringify(descriptor));
    }
    if (reference !== digest) this.#write(this.#entry('tags', reference), digest);
    return { digest, subject };
  }

  /** Removes a tag, or a manifest with all its tags. */
  deleteManifest(reference: string): void {
    const { digest, bytes } = this.getManifest(reference);
    if (reference !== digest) {
      rmSync(this.#entry('tags', reference));
      return;
    }
    const subject = parseContent(bytes).subject?.digest;
    if (subject) rmSync(this.#entry(join('referrers', subject), digest), { force: true });
    for (const tag of this.listTags()) {
      if (this.#resolve(tag) === digest) rmSync(this.#entry('tags', tag));
    }
    rmSync(this.#entry('manifests', digest));
  }

  /** In lexical order, "i.e. case-insensitive alphanumeric order" (distribution-spec 1.1, "Listing Tags"). */
  listTags(): string[] {
    return this.#list('tags').sort(compareTags);
  }

  /** Descriptors of the manifests that have `subject`. */
  listReferrers(subject: string): { artifactType?: string }[] {
    const kind = join('referrers', subject);
    return this.#list(kind).map((digest) => JSON.parse(readFileSync(this.#entry(kind, digest), 'utf8')));
  }

  #resolve(reference: string): string | undefined {
    if (isDigest(reference)) return reference;
    const file = this.#entry('tags', reference);
    return TAG.test(reference) && existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  }

  #entry(kind: string, name: string): string {
    return join(this.#folder, kind, name);
  }

  #list(kind: string): string[] {
    const folder = join(this.#folder, kind);
    return existsSync(folder) ? readdirSync(folder).sort() : [];
  }

  #write(file: string, content: string | Buffer): void {
    mkdirSync(dirname(file), { recursive: true });
    const temporary = this.upload(randomUUID());
    writeFileSync(temporary, content);
    renameSync(temporary, file);
  }
}
