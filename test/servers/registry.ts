import { createHash, randomUUID } from 'node:crypto';
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';

/** What a test plants in place of an answer: a response, or a connection dropped before one. */
export type Fault = { status: number; headers?: Record<string, string>; body?: string | Buffer } | 'drop';

export interface SeenRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** Milliseconds of performance.now() when it came and when its answer ended; 0 while it has not. */
  readonly begun: number;
  ended: number;
  status: number;
}

export interface RegistryServerOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** Where everything is kept; a temporary folder, removed at the end, when absent. */
  readonly folder?: string;
  /** False plays a registry without the referrers API. */
  readonly referrers?: boolean;
  /** Milliseconds before every answer. */
  readonly latency?: number;
  /** Called for each request; what it returns is sent instead of the registry's answer. */
  readonly onRequest?: (request: SeenRequest) => Fault | undefined | Promise<Fault | undefined>;
}

export interface RegistryServer {
  /** `127.0.0.1:<port>` */
  readonly host: string;
  readonly folder: string;
  readonly requests: SeenRequest[];
  close(): Promise<void>;
}

/** An answer that is an error (distribution-spec 1.1, "Error Codes"). */
class Rejection extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string) {
    super(code);
    this.status = status;
    this.code = code;
  }
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly repository: Repository;
}

const NAME = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const DIGEST = /^sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})$/;
const TAG = /^\w[\w.-]{0,127}$/;
const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json';

/** One repository on disk. Blobs are kept once for all repositories; each holds an empty file for those that are its own. */
class Repository {
  readonly #root: string;
  readonly #folder: string;

  constructor(root: string, name: string) {
    this.#root = root;
    this.#folder = join(root, 'repositories', encodeURIComponent(name));
  }

  get exists(): boolean {
    return existsSync(this.#folder);
  }

  content(digest: string): string {
    return join(this.#root, 'blobs', digest.replace(':', '-'));
  }

  entry(kind: 'blobs' | 'manifests' | 'tags' | `referrers/${string}`, name: string): string {
    return join(this.#folder, kind.replace(':', '-'), name.replace(':', '-'));
  }

  list(kind: 'tags' | `referrers/${string}`): string[] {
    const folder = join(this.#folder, kind.replace(':', '-'));
    return existsSync(folder) ? readdirSync(folder).sort() : [];
  }

  write(file: string, text: string): void {
    mkdirSync(join(file, '..'), { recursive: true });
    const temporary = `${file}.${randomUUID()}`;
    writeFileSync(temporary, text);
    renameSync(temporary, file);
  }

  upload(id: string): string {
    return join(this.#root, 'uploads', id);
  }

  /** Takes an upload over as a blob when it is what `digest` says. */
  async finish(file: string, digest: string): Promise<void> {
    if (!DIGEST.test(digest)) throw new Rejection(400, 'DIGEST_INVALID');
    const hash = createHash(digest.startsWith('sha512') ? 'sha512' : 'sha256');
    for await (const chunk of createReadStream(file)) hash.update(chunk);
    if (!digest.endsWith(`:${hash.digest('hex')}`)) {
      rmSync(file);
      throw new Rejection(400, 'DIGEST_INVALID');
    }
    renameSync(file, this.content(digest));
    this.write(this.entry('blobs', digest), '');
  }

  digestOfTag(reference: string): string | undefined {
    if (DIGEST.test(reference)) return reference;
    const file = this.entry('tags', reference);
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  }
}

/**
 * An OCI registry (distribution-spec 1.1) on disk and loopback: pull, push, tags, referrers, deletion. For the demo and tests;
 * it knows no logins, except those that `onRequest` plays.
 */
export async function startRegistry(options: RegistryServerOptions = {}): Promise<RegistryServer> {
  const { port = 0, referrers = true, latency = 0, onRequest } = options;
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'hallmark-registry-'));
  for (const name of ['blobs', 'uploads', 'repositories']) mkdirSync(join(folder, name), { recursive: true });
  const requests: SeenRequest[] = [];

  const server = createServer(async (request, response) => {
    const { method = 'GET', url = '/', headers } = request;
    const seen = { method, path: url, headers, status: 0, begun: performance.now(), ended: 0 };
    requests.push(seen);
    response.on('finish', () => {
      seen.status = response.statusCode;
      seen.ended = performance.now();
    });
    if (latency > 0) await wait(latency);
    const fault = await onRequest?.(seen);
    if (fault === 'drop') {
      request.socket.destroy();
      return;
    }
    try {
      if (fault) await sendFault(request, response, fault);
      else await route(request, response, folder, referrers);
    } catch (error) {
      request.resume();
      const rejection = error instanceof Rejection ? error : new Rejection(500, 'UNKNOWN');
      if (response.headersSent) response.destroy();
      else
        sendJson(response, rejection.status, { errors: [{ code: rejection.code, message: rejection.code }] });
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });

  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    folder,
    requests,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      if (!options.folder) rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function sendFault(
  request: IncomingMessage,
  response: ServerResponse,
  fault: Exclude<Fault, 'drop'>,
): Promise<void> {
  for await (const _ of request);
  response.writeHead(fault.status, fault.headers).end(fault.body);
}

function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

async function route(
  request: IncomingMessage,
  response: ServerResponse,
  folder: string,
  referrers: boolean,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://registry');
  if (url.pathname === '/v2/' || url.pathname === '/v2') return sendJson(response, 200, {});
  const match = /^\/v2\/(.+)\/(manifests|blobs|tags|referrers)\/(.*)$/.exec(
    url.pathname.replace(/\/blobs\/uploads\/?/, '/blobs/uploads/'),
  );
  const [, name = '', kind, rest = ''] = match ?? [];
  if (!match) throw new Rejection(404, 'UNSUPPORTED');
  if (!NAME.test(name)) throw new Rejection(400, 'NAME_INVALID');
  const exchange = { request, response, url, repository: new Repository(folder, name) };
  const reference = decodeURIComponent(rest);
  if (kind === 'manifests') return serveManifest(exchange, reference, name, referrers);
  if (kind === 'referrers' && referrers) return listReferrers(exchange, reference);
  if (kind === 'tags' && rest === 'list') return listTags(exchange, name);
  if (kind === 'blobs' && rest.startsWith('uploads/'))
    return serveUpload(exchange, rest.slice(8), name, folder);
  if (kind === 'blobs') return serveBlob(exchange, reference);
  throw new Rejection(404, 'UNSUPPORTED');
}

async function readAll(request: IncomingMessage, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw new Rejection(413, 'SIZE_INVALID');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function serveManifest(
  { request, response, repository }: Exchange,
  reference: string,
  name: string,
  referrers: boolean,
): Promise<void> {
  if (!DIGEST.test(reference) && !TAG.test(reference)) throw new Rejection(400, 'MANIFEST_INVALID');
  if (request.method === 'PUT') return putManifest(request, response, repository, reference, name, referrers);
  const digest = repository.digestOfTag(reference);
  const file = digest && repository.entry('manifests', digest);
  if (!digest || !file || !existsSync(file)) throw new Rejection(404, 'MANIFEST_UNKNOWN');
  if (request.method === 'DELETE') {
    if (reference !== digest) rmSync(repository.entry('tags', reference));
    else deleteManifest(repository, digest, file);
    response.writeHead(202).end();
    return;
  }
  const bytes = readFileSync(repository.content(digest));
  response.writeHead(200, {
    'content-type': readFileSync(file, 'utf8'),
    'content-length': bytes.length,
    'docker-content-digest': digest,
  });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

function deleteManifest(repository: Repository, digest: string, file: string): void {
  const subject = parseManifest(readFileSync(repository.content(digest))).subject?.digest;
  if (subject) rmSync(repository.entry(`referrers/${subject}`, digest), { force: true });
  for (const tag of repository.list('tags')) {
    if (repository.digestOfTag(tag) === digest) rmSync(repository.entry('tags', tag));
  }
  rmSync(file);
}

interface ManifestJson {
  mediaType?: string;
  artifactType?: string;
  config?: { digest: string; mediaType: string };
  layers?: { digest: string; mediaType: string }[];
  manifests?: { digest: string }[];
  subject?: { digest: string };
  annotations?: Record<string, string>;
}

function parseManifest(bytes: Buffer): ManifestJson {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    throw new Rejection(400, 'MANIFEST_INVALID');
  }
}

async function putManifest(
  request: IncomingMessage,
  response: ServerResponse,
  repository: Repository,
  reference: string,
  name: string,
  referrers: boolean,
): Promise<void> {
  const bytes = await readAll(request, 8 * 1024 * 1024);
  const algorithm = reference.startsWith('sha512:') ? 'sha512' : 'sha256';
  const digest = `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
  if (DIGEST.test(reference) && reference !== digest) throw new Rejection(400, 'DIGEST_INVALID');
  const manifest = parseManifest(bytes);
  const mediaType = request.headers['content-type'] ?? manifest.mediaType;
  if (!mediaType || (manifest.mediaType && manifest.mediaType !== mediaType)) {
    throw new Rejection(400, 'MANIFEST_INVALID');
  }
  const held = [manifest.config, ...(manifest.layers ?? [])].filter(
    (blob) => blob && !/\.nondistributable\.|\.foreign\./.test(blob.mediaType),
  );
  const missing =
    held.some((blob) => blob && !existsSync(repository.entry('blobs', blob.digest))) ||
    manifest.manifests?.some((child) => !existsSync(repository.entry('manifests', child.digest)));
  if (missing) throw new Rejection(404, 'MANIFEST_BLOB_UNKNOWN');

  writeFileSync(repository.content(digest), bytes);
  repository.write(repository.entry('manifests', digest), mediaType);
  const subject = manifest.subject?.digest;
  if (subject) {
    const artifactType = manifest.artifactType ?? manifest.config?.mediaType;
    const descriptor = {
      mediaType,
      digest,
      size: bytes.length,
      artifactType,
      annotations: manifest.annotations,
    };
    repository.write(repository.entry(`referrers/${subject}`, digest), JSON.stringify(descriptor));
  }
  if (reference !== digest) repository.write(repository.entry('tags', reference), digest);
  response.writeHead(201, {
    location: `/v2/${name}/manifests/${digest}`,
    'docker-content-digest': digest,
    ...(subject && referrers && { 'oci-subject': subject }),
  });
  response.end();
}

function listReferrers({ url, response, repository }: Exchange, subject: string): void {
  if (!DIGEST.test(subject)) throw new Rejection(400, 'DIGEST_INVALID');
  const wanted = url.searchParams.get('artifactType');
  const manifests = repository
    .list(`referrers/${subject}`)
    .map((name) => JSON.parse(readFileSync(repository.entry(`referrers/${subject}`, name), 'utf8')))
    .filter(({ artifactType }) => wanted === null || artifactType === wanted);
  const headers: Record<string, string> = { 'content-type': INDEX_TYPE };
  if (wanted !== null) headers['oci-filters-applied'] = 'artifactType';
  sendJson(response, 200, { schemaVersion: 2, mediaType: INDEX_TYPE, manifests }, headers);
}

function listTags({ url, response, repository }: Exchange, name: string): void {
  if (!repository.exists) throw new Rejection(404, 'NAME_UNKNOWN');
  const last = url.searchParams.get('last') ?? '';
  const after = repository.list('tags').filter((tag) => tag > last);
  const count = Number(url.searchParams.get('n') ?? after.length);
  const tags = after.slice(0, count);
  const more = tags.length > 0 && tags.length < after.length;
  const next = `</v2/${name}/tags/list?n=${count}&last=${tags.at(-1)}>; rel="next"`;
  sendJson(response, 200, { name, tags }, more ? { link: next } : {});
}

async function serveBlob({ request, response, repository }: Exchange, digest: string): Promise<void> {
  if (!DIGEST.test(digest)) throw new Rejection(400, 'DIGEST_INVALID');
  if (!existsSync(repository.entry('blobs', digest))) throw new Rejection(404, 'BLOB_UNKNOWN');
  if (request.method === 'DELETE') {
    rmSync(repository.entry('blobs', digest));
    response.writeHead(202).end();
    return;
  }
  const file = repository.content(digest);
  const { size } = statSync(file);
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  const start = Number(range?.[1] ?? 0);
  const end = Math.min(range?.[2] ? Number(range[2]) : size - 1, size - 1);
  if (range && start > end) throw new Rejection(416, 'RANGE_INVALID');
  response.writeHead(range ? 206 : 200, {
    'content-type': 'application/octet-stream',
    'content-length': end - start + 1,
    'docker-content-digest': digest,
    'accept-ranges': 'bytes',
    ...(range && { 'content-range': `bytes ${start}-${end}/${size}` }),
  });
  if (request.method === 'HEAD' || size === 0) response.end();
  else await pipeline(createReadStream(file, { start, end }), response);
}

async function serveUpload(
  { request, response, url, repository }: Exchange,
  id: string,
  name: string,
  folder: string,
): Promise<void> {
  const digest = url.searchParams.get('digest');
  const created = (what: string): void => {
    response.writeHead(201, { location: `/v2/${name}/blobs/${what}`, 'docker-content-digest': what }).end();
  };
  if (request.method === 'POST') {
    const mount = url.searchParams.get('mount');
    const from = url.searchParams.get('from');
    if (
      mount &&
      DIGEST.test(mount) &&
      from &&
      existsSync(new Repository(folder, from).entry('blobs', mount))
    ) {
      repository.write(repository.entry('blobs', mount), '');
      return created(mount);
    }
    const upload = randomUUID();
    await pipeline(request, createWriteStream(repository.upload(upload)));
    if (digest) {
      await repository.finish(repository.upload(upload), digest);
      return created(digest);
    }
    response.writeHead(202, { location: `/v2/${name}/blobs/uploads/${upload}`, range: '0-0' }).end();
    return;
  }
  const file = repository.upload(id);
  if (!/^[0-9a-f-]{36}$/.test(id) || !existsSync(file)) throw new Rejection(404, 'BLOB_UPLOAD_UNKNOWN');
  if (request.method === 'DELETE') {
    rmSync(file);
    response.writeHead(204).end();
    return;
  }
  const range = /^(?:bytes[ =])?(\d+)-\d+$/.exec(request.headers['content-range'] ?? '');
  if (range && Number(range[1]) !== statSync(file).size) throw new Rejection(416, 'BLOB_UPLOAD_INVALID');
  if (request.method !== 'GET') await pipeline(request, createWriteStream(file, { flags: 'a' }));
  if (request.method === 'PUT') {
    await repository.finish(file, digest ?? '');
    return created(digest ?? '');
  }
  response
    .writeHead(request.method === 'GET' ? 204 : 202, {
      location: `/v2/${name}/blobs/uploads/${id}`,
      range: `0-${Math.max(0, statSync(file).size - 1)}`,
    })
    .end();
}
