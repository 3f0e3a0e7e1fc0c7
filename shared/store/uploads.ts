import { Readable } from 'node:stream';
import type { Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import { Unavailable } from '../outcome/outcome.ts';
import type { RegistryClient } from './client.ts';
import { dropBody, Transient } from './transport.ts';

type Content = Pick<Descriptor, 'digest' | 'size'>;
type Body = Buffer | Readable;

/** From this size on it is asked what a registry has of an upload that broke off; a smaller one is sent again. */
const RESUMED = 1024 * 1024;

/** Writes the blobs of one repository of a registry (distribution-spec 1.1, "Pushing blobs"). */
export class Uploads {
  readonly #client: RegistryClient;
  readonly #place: string;
  /** Those that were opened ahead. */
  readonly #ahead: Promise<URL>[] = [];

  constructor(client: RegistryClient, place: string) {
    this.#client = client;
    this.#place = place;
  }

  /** Opens uploads ahead (one request each, all at once), so that a missing permission shows before anything is signed. */
  async prepare(count: number): Promise<void> {
    this.#client.expectWrites();
    const uploads = Array.from({ length: count }, () => this.#start());
    await Promise.all(uploads);
    this.#ahead.push(...uploads);
  }

  /**
   * Has the registry take a blob over from its repository `from`, or sends it in one request. Where that breaks off, the next try goes on
   * from what the registry has; `open` is called again for each (at once, unless a mount may do without), and read from its beginning, so that
   * all of it is hashed.
   */
  async send(
    content: Content,
    open: () => Buffer | Readable | Promise<Readable>,
    from: string | undefined,
  ): Promise<'mounted' | 'sent'> {
    let upload: URL | undefined;
    return this.#client.retry(async () => {
      const broken = content.size >= RESUMED ? upload : undefined;
      // All may have arrived, and only the answer not: a large blob takes a registry long to close.
      if (broken && (await this.#isThere(content.digest))) return 'sent';
      let source = from === undefined ? begin(open) : undefined;
      try {
        const begun = broken && (await this.#askProgress(broken, content.size));
        upload = begun?.upload ?? (await this.#begin(content.digest, from));
        if (upload === undefined) return 'mounted';
        source ??= begin(open);
        const body = await source;
        if (begun === undefined) await this.#sendWhole(upload, content, body);
        else {
          const rest = upload;
          // A registry that cannot go on after all gets the whole.
          upload = undefined;
          await this.#sendRest(rest, begun.offset, content, body);
        }
        return 'sent';
      } finally {
        // Not every failure reads it to its end.
        source?.then(close, () => undefined);
      }
    });
  }

  #begin(digest: Digest, from: string | undefined): Promise<URL | undefined> {
    return from === undefined ? (this.#ahead.shift() ?? this.#start()) : this.#mount(digest, from);
  }

  async #start(): Promise<URL> {
    const { headers } = await this.#client.ask({
      method: 'POST',
      target: 'blobs/uploads/',
      access: 'push',
      expect: [202],
      body: Buffer.alloc(0),
    });
    return this.#readLocation(headers['location']);
  }

  /** Undefined when the blob was mounted, otherwise where to upload it. */
  async #mount(digest: Digest, from: string): Promise<URL | undefined> {
    const { status, headers } = await this.#client.ask({
      method: 'POST',
      target: `blobs/uploads/?mount=${encodeURIComponent(digest)}&from=${encodeURIComponent(from)}`,
      access: 'push',
      alsoPull: from,
      // A registry that may not or cannot mount says so in several ways; an upload always works.
      expect: [201, 202, 400, 401, 403, 404, 405],
      body: Buffer.alloc(0),
    });
    if (status === 201) return undefined;
    return status === 202 ? this.#readLocation(headers['location']) : this.#start();
  }

  async #sendWhole(upload: URL, content: Content, body: Buffer | Readable): Promise<void> {
    const response = await this.#client.attempt({
      method: 'PUT',
      target: closing(upload, content.digest),
      access: 'push',
      expect: [201, 204, 404, 416],
      headers: { 'content-type': 'application/octet-stream', 'content-length': String(content.size) },
      body,
    });
    dropBody(response);
    if (response.status >= 400) throw new Transient(`${response.what}: the upload is no longer known`);
  }

  async #isThere(digest: Digest): Promise<boolean> {
    const target = `blobs/${digest}`;
    const response = await this.#client.attempt({
      method: 'HEAD',
      target,
      access: 'push',
      expect: [200, 404],
    });
    dropBody(response);
    return response.status === 200;
  }

  /** What a registry has of an upload that broke off; undefined when it does not say, or nothing that could be gone on from. */
  async #askProgress(upload: URL, size: number): Promise<{ upload: URL; offset: number } | undefined> {
    const response = await this.#client
      .attempt({
        method: 'GET',
        target: upload,
        access: 'push',
        expect: [200, 202, 204, 400, 403, 404, 405, 416],
      })
      .catch((error: unknown) => {
        if (error instanceof Transient) throw error;
        return undefined;
      });
    if (response === undefined) return undefined;
    dropBody(response);
    // "0-0" is said of one byte and of none.
    const last = Number(/^(?:bytes=)?0-(\d{1,15})$/.exec(response.headers['range'] ?? '')?.[1] ?? 0);
    if (response.status >= 400 || last < 1 || last >= size) return undefined;
    const { location } = response.headers;
    return { upload: location ? this.#readLocation(location) : upload, offset: last + 1 };
  }

  /** The bytes from `offset` on in a chunk, and the end of the upload. Whatever the registry has against it is `Transient`. */
  async #sendRest(upload: URL, offset: number, content: Content, body: Buffer | Readable): Promise<void> {
    const rest = content.size - offset;
    try {
      const chunk = await this.#client.attempt({
        method: 'PATCH',
        target: upload,
        access: 'push',
        expect: [202, 204],
        headers: {
          'content-type': 'application/octet-stream',
          'content-length': String(rest),
          'content-range': `${offset}-${content.size - 1}`,
        },
        body: Buffer.isBuffer(body) ? body.subarray(offset) : readFrom(body, offset),
      });
      dropBody(chunk);
      const { location } = chunk.headers;
      const end = await this.#client.attempt({
        method: 'PUT',
        target: closing(location ? this.#readLocation(location) : upload, content.digest),
        access: 'push',
        expect: [201, 204],
        headers: { 'content-length': '0' },
        body: Buffer.alloc(0),
      });
      dropBody(end);
    } catch (error) {
      if (error instanceof Unavailable) throw new Transient(error.message, { cause: error });
      throw error;
    }
  }

  #readLocation(location: string | undefined): URL {
    if (!location) throw new Unavailable(`${this.#place} began an upload without saying where to`);
    return this.#client.resolveUrl(location);
  }
}

/** Opens a source while something else is waited for, which may fail before anybody waits for this. */
function begin(open: () => Body | Promise<Body>): Promise<Body> {
  const opening = (async () => {
    const body = await open();
    // One that comes before it is read is told to who reads it.
    if (!Buffer.isBuffer(body)) body.on('error', () => undefined);
    return body;
  })();
  opening.catch(() => undefined);
  return opening;
}

function close(body: Body): void {
  if (!Buffer.isBuffer(body)) body.destroy();
}

/** Where an upload ends: its address with the digest beside what the registry put there. */
function closing(upload: URL, digest: Digest): URL {
  const end = new URL(upload);
  end.search += `${end.search === '' ? '?' : '&'}digest=${encodeURIComponent(digest)}`;
  return end;
}

/** A stream without its first `offset` bytes, which are read all the same. */
function readFrom(source: Readable, offset: number): Readable {
  const rest = async function* (): AsyncGenerator<Buffer> {
    let left = offset;
    for await (const chunk of source as AsyncIterable<Buffer>) {
      if (chunk.length > left) yield chunk.subarray(left);
      left = Math.max(0, left - chunk.length);
    }
  };
  return Readable.from(rest(), { objectMode: false });
}
