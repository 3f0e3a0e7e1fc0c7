import { randomUUID } from 'node:crypto';
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
} from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { compareTags, isDigest, Rejection, Repository } from './registry-repository.ts';

/**
 * What a test plants in place of an answer: a response, a connection that is dropped before anything was done (`drop`), or
 * one that ends in the middle of the answer, when all is done (`cut`).
 */
export type Fault =
  | { status: number; headers?: Record<string, string>; body?: string | Buffer }
  | 'drop'
  | 'cut';

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
  /** True plays a registry whose tags are written once: any further write is refused, also of the same. */
  readonly immutableTags?: boolean;
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

type Play = Required<Pick<RegistryServerOptions, 'referrers' | 'immutableTags'>>;

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly name: string;
  readonly repository: Repository;
}

const NAME = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json';
const MANIFEST_LIMIT = 8 * 1024 * 1024;

/**
 * An OCI registry (distribution-spec 1.1) on disk and loopback: pull, push, tags, referrers, deletion. For the demo and tests;
 * it knows no logins, except those that `onRequest` plays.
 */
export async function startRegistry(options: RegistryServerOptions = {}): Promise<RegistryServer> {
  const { port = 0, referrers = true, immutableTags = false, latency = 0, onRequest } = options;
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
    if (fault === 'cut') {
      response.end = (body?: unknown) => {
        if (Buffer.isBuffer(body)) response.write(body.subarray(0, body.length / 2));
        setImmediate(() => request.socket.destroy());
        return response;
      };
    }
    try {
      if (fault && fault !== 'cut') await sendFault(request, response, fault);
      else await route(request, response, folder, { referrers, immutableTags });
    } catch (error) {
      request.resume();
      const rejection = error instanceof Rejection ? error : new Rejection(500, 'UNKNOWN');
      if (response.headersSent) response.destroy();
      else
        sendJson(response, rejection.status, {
          errors: [{ code: rejection.message, message: rejection.message }],
        });
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
  fault: Exclude<Fault, string>,
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
  play: Play,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://registry');
  if (/^\/v2\/?$/.test(url.pathname)) return sendJson(response, 200, {});
  const [, name = '', kind = '', rest = ''] =
    /^\/v2\/(.+)\/(manifests|blobs\/uploads|blobs|tags|referrers)(?:\/([^/]*))?$/.exec(url.pathname) ?? [];
  const reference = decodeURIComponent(rest);
  if (kind !== '' && !NAME.test(name)) throw new Rejection(400, 'NAME_INVALID');
  const exchange = { request, response, url, name, repository: new Repository(folder, name) };
  if (kind === 'manifests') return serveManifest(exchange, reference, play);
  if (kind === 'referrers' && play.referrers) return serveReferrers(exchange, reference);
  if (kind === 'tags' && reference === 'list') return serveTags(exchange);
  if (kind === 'blobs') return serveBlob(exchange, reference);
  if (kind === 'blobs/uploads' && request.method === 'POST') return beginUpload(exchange, folder);
  if (kind === 'blobs/uploads') return continueUpload(exchange, reference);
  throw new Rejection(404, 'UNSUPPORTED');
}

async function serveManifest(
  { request, response, name, repository }: Exchange,
  reference: string,
  { referrers, immutableTags }: Play,
): Promise<void> {
  if (request.method === 'PUT') {
    const bytes = await readAll(request);
    if (immutableTags && repository.listTags().includes(reference)) throw new Rejection(409, 'DENIED');
    const { digest, subject } = repository.putManifest(reference, bytes, request.headers['content-type']);
    const location = `/v2/${name}/manifests/${digest}`;
    const headers = { location, 'docker-content-digest': digest };
    response.writeHead(201, { ...headers, ...(subject && referrers && { 'oci-subject': subject }) }).end();
    return;
  }
  if (request.method === 'DELETE') {
    repository.deleteManifest(reference);
    response.writeHead(202).end();
    return;
  }
  const { digest, mediaType, bytes } = repository.getManifest(reference);
  response.writeHead(200, {
    'content-type': mediaType,
    'content-length': bytes.length,
    'docker-content-digest': digest,
  });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MANIFEST_LIMIT) throw new Rejection(413, 'SIZE_INVALID');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function serveReferrers({ url, response, repository }: Exchange, subject: string): void {
  if (!isDigest(subject)) throw new Rejection(400, 'DIGEST_INVALID');
  const wanted = url.searchParams.get('artifactType');
  const manifests = repository
    .listReferrers(subject)
    .filter(({ artifactType }) => wanted === null || artifactType === wanted);
  const headers: Record<string, string> = { 'content-type': INDEX_TYPE };
  if (wanted !== null) headers['oci-filters-applied'] = 'artifactType';
  sendJson(response, 200, { schemaVersion: 2, mediaType: INDEX_TYPE, manifests }, headers);
}

function serveTags({ url, response, name, repository }: Exchange): void {
  if (!repository.exists) throw new Rejection(404, 'NAME_UNKNOWN');
  const last = url.searchParams.get('last') ?? '';
  const after = repository.listTags().filter((tag) => compareTags(tag, last) > 0);
  const count = Number(url.searchParams.get('n') ?? after.length);
  const tags = after.slice(0, count);
  const more = tags.length > 0 && tags.length < after.length;
  const next = `</v2/${name}/tags/list?n=${count}&last=${tags.at(-1)}>; rel="next"`;
  sendJson(response, 200, { name, tags }, more ? { link: next } : {});
}

async function serveBlob({ request, response, repository }: Exchange, digest: string): Promise<void> {
  if (!isDigest(digest)) throw new Rejection(400, 'DIGEST_INVALID');
  if (!repository.hasBlob(digest)) throw new Rejection(404, 'BLOB_UNKNOWN');
  if (request.method === 'DELETE') {
    repository.deleteBlob(digest);
    response.writeHead(202).end();
    return;
  }
  const file = repository.content(digest);
  const { size } = statSync(file);
  const range = readRange(request.headers.range, size);
  const { start, end } = range ?? { start: 0, end: size - 1 };
  if (start > end && range) throw new Rejection(416, 'SIZE_INVALID');
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

/** One range of bytes, also an open one or the last so many (RFC 9110, 14.1.2). */
function readRange(header: string | undefined, size: number): { start: number; end: number } | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (first === undefined || (first === '' && last === '')) return undefined;
  if (first === '') return { start: Math.max(0, size - Number(last)), end: size - 1 };
  return { start: Number(first), end: Math.min(last ? Number(last) : size - 1, size - 1) };
}

/** POST: a mount, a whole blob at once (`digest`), or the start of an upload. */
async function beginUpload(
  { request, response, url, name, repository }: Exchange,
  folder: string,
): Promise<void> {
  const mount = url.searchParams.get('mount');
  const from = url.searchParams.get('from');
  // Without a repository to take it from, any that has it will do: nobody is logged in here.
  const found =
    from === null
      ? isDigest(mount ?? '') && existsSync(repository.content(mount ?? ''))
      : NAME.test(from) && new Repository(folder, from).hasBlob(mount ?? '');
  if (mount && found) {
    repository.linkBlob(mount);
    sendCreated(response, name, mount);
    return;
  }
  const id = randomUUID();
  await pipeline(request, createWriteStream(repository.upload(id)));
  const digest = url.searchParams.get('digest');
  if (digest) {
    await repository.finishUpload(id, digest);
    sendCreated(response, name, digest);
    return;
  }
  response.writeHead(202, { location: `/v2/${name}/blobs/uploads/${id}`, range: '0-0' }).end();
}

/** PATCH (a chunk), PUT (the last one, or none), GET (how far it is), DELETE (given up). */
async function continueUpload(
  { request, response, url, name, repository }: Exchange,
  id: string,
): Promise<void> {
  const file = repository.upload(id);
  if (!/^[0-9a-f-]{36}$/.test(id) || !existsSync(file)) throw new Rejection(404, 'BLOB_UPLOAD_UNKNOWN');
  if (request.method === 'DELETE') {
    rmSync(file);
    response.writeHead(204).end();
    return;
  }
  const start = /^(\d+)-\d+$/.exec(request.headers['content-range'] ?? '')?.[1];
  if (start !== undefined && Number(start) !== statSync(file).size)
    throw new Rejection(416, 'BLOB_UPLOAD_INVALID');
  if (request.method !== 'GET') await pipeline(request, createWriteStream(file, { flags: 'a' }));
  if (request.method === 'PUT') {
    const digest = url.searchParams.get('digest') ?? '';
    await repository.finishUpload(id, digest);
    sendCreated(response, name, digest);
    return;
  }
  const headers = {
    location: `/v2/${name}/blobs/uploads/${id}`,
    range: `0-${Math.max(0, statSync(file).size - 1)}`,
  };
  response.writeHead(request.method === 'GET' ? 204 : 202, headers).end();
}

function sendCreated(response: ServerResponse, name: string, digest: string): void {
  const location = `/v2/${name}/blobs/${digest}`;
  response.writeHead(201, { location, 'docker-content-digest': digest }).end();
}
