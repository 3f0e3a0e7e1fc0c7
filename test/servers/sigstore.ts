import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
  sign,
  verify,
  X509Certificate,
} from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { initializeCA, initializeCTLog, initializeTLog, initializeTSA, tsaHandler } from '@sigstore/mock';

/*
 * A whole Sigstore instance on loopback: GitHub's OIDC endpoint, Fulcio, Rekor v1 and a timestamp authority, with one trusted root.
 * What it issues is verified for real by @sigstore/verify and by cosign; only the keys are its own and live as long as it does.
 */

/** The claims of a GitHub Actions OIDC token (docs.github.com, "OpenID Connect reference"); times are seconds since 1970. */
export interface GithubClaims {
  iss: string;
  sub: string;
  aud: string;
  jti: string;
  iat: number;
  nbf: number;
  exp: number;
  actor: string;
  actor_id: string;
  event_name: string;
  job_workflow_ref: string;
  job_workflow_sha: string;
  ref: string;
  ref_type: string;
  repository: string;
  repository_id: string;
  repository_owner: string;
  repository_owner_id: string;
  repository_visibility: string;
  run_attempt: string;
  run_id: string;
  run_number: string;
  runner_environment: string;
  sha: string;
  workflow: string;
  workflow_ref: string;
  workflow_sha: string;
  environment?: string;
}

/** The claims of a push to main of the public repository octo/app, signed by its release.yml; valid for five minutes from now. */
export function githubClaims(overrides: Partial<GithubClaims> = {}): GithubClaims {
  const now = Math.floor(Date.now() / 1000);
  const repository = overrides.repository ?? 'octo/app';
  const ref = overrides.ref ?? 'refs/heads/main';
  const workflowRef = overrides.workflow_ref ?? `${repository}/.github/workflows/release.yml@${ref}`;
  const sha = overrides.sha ?? '1f3a2b4c5d6e7f8091a2b3c4d5e6f708192a3b4c';
  return {
    iss: 'https://token.actions.githubusercontent.com',
    sub: `repo:${repository}:ref:${ref}`,
    aud: 'sigstore',
    jti: randomUUID(),
    iat: now,
    nbf: now - 5,
    exp: now + 300,
    actor: 'octocat',
    actor_id: '583231',
    event_name: 'push',
    job_workflow_ref: workflowRef,
    job_workflow_sha: sha,
    ref,
    ref_type: ref.startsWith('refs/tags/') ? 'tag' : 'branch',
    repository,
    repository_id: '123456789',
    repository_owner: repository.split('/')[0] ?? '',
    repository_owner_id: '5000',
    repository_visibility: 'public',
    run_attempt: '1',
    run_id: '4242',
    run_number: '7',
    runner_environment: 'github-hosted',
    sha,
    workflow: 'release',
    workflow_ref: workflowRef,
    workflow_sha: sha,
    ...overrides,
  };
}

export interface LocalSigstore {
  readonly url: string;
  readonly fulcioUrl: string;
  readonly rekorUrl: string;
  readonly tsaUrl: string;
  /** Sigstore TrustedRoot, as its JSON. */
  readonly trustedRoot: unknown;
  /** What ACTIONS_ID_TOKEN_REQUEST_TOKEN must hold. */
  readonly requestToken: string;
  /** Every request so far, in order. */
  readonly requests: { method: string; path: string }[];
  /** The next `times` requests to a path are answered 503. */
  fail(path: string, times: number): void;
  /** What ACTIONS_ID_TOKEN_REQUEST_URL must hold for a run with these claims (beside those of `githubClaims`). */
  tokenUrl(claims?: Partial<GithubClaims>): string;
  close(): Promise<void>;
}

interface Answer {
  status: number;
  body: string | Uint8Array;
  headers?: Record<string, string>;
}

/**
 * Starts an instance on 127.0.0.1. `latency` (ms) is added to every answer, for benchmarks; by `drift` (ms) the clocks of log and
 * timestamp authority go wrong.
 */
export async function startSigstore(
  options: { port?: number; latency?: number; drift?: { log?: number; tsa?: number } } = {},
): Promise<LocalSigstore> {
  const requests: LocalSigstore['requests'] = [];
  const failures = new Map<string, number>();
  let answer = async (_request: IncomingMessage, _body: Buffer): Promise<Answer> => ({
    status: 503,
    body: '',
  });
  const server = createServer((request, response) => {
    requests.push({ method: request.method ?? '', path: (request.url ?? '').split('?')[0] ?? '' });
    void reply(request, response, answer, options.latency ?? 0);
  });
  await new Promise<void>((done, fail) => {
    server.once('error', fail);
    server.listen(options.port ?? 0, '127.0.0.1', done);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const keys = { ca: newKey('P-384'), ct: newKey(), log: newKey(), tsa: newKey('P-384'), oidc: newKey() };
  const ctlog = await initializeCTLog(keys.ct);
  const ca = await initializeCA(keys.ca, ctlog);
  const tlog = await initializeTLog(url, keys.log);
  const tsa = await initializeTSA(keys.tsa);
  // @sigstore/core cannot always parse a GeneralizedTime with fractions of a second, and the mock writes them.
  const { drift } = options;
  const now = (off = 0): number => Math.floor((Date.now() + off) / 1000) * 1000;
  Object.assign(tsa, { getCurrentTime: () => new Date(now(drift?.tsa)) });
  Object.assign(tlog, { getCurrentTime: () => now(drift?.log) });
  const stamp = tsaHandler(tsa);
  const entries = new Map<string, string>();
  const requestToken = randomUUID();

  const tokenOf = (claims: Partial<GithubClaims>): string => {
    const head = encode(JSON.stringify({ alg: 'ES256', typ: 'JWT', kid: 'local' }));
    const signed = `${head}.${encode(JSON.stringify(githubClaims(claims)))}`;
    const signature = sign('sha256', Buffer.from(signed), {
      key: keys.oidc.privateKey,
      dsaEncoding: 'ieee-p1363',
    });
    return `${signed}.${encode(signature)}`;
  };
  const readToken = (token: string): GithubClaims => {
    const [head = '', payload = '', signature = ''] = token.split('.');
    const valid = verify(
      'sha256',
      Buffer.from(`${head}.${payload}`),
      { key: keys.oidc.publicKey, dsaEncoding: 'ieee-p1363' },
      Buffer.from(signature, 'base64url'),
    );
    if (!valid) throw new Error('the token was not signed by this issuer');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as GithubClaims;
    const now = Date.now() / 1000;
    if (claims.exp < now || claims.nbf > now) throw new Error('the token is not valid now');
    if (claims.aud !== 'sigstore') throw new Error('the token is for another audience');
    return claims;
  };

  answer = async (request, body) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', url);
    const route = `${request.method} ${pathname}`;
    const left = failures.get(pathname) ?? 0;
    if (left > 0) {
      failures.set(pathname, left - 1);
      return json(503, { message: 'down' });
    }
    if (route === 'GET /token') {
      if (request.headers.authorization?.toLowerCase() !== `bearer ${requestToken}`) {
        return { status: 401, body: '{"message":"wrong request token"}' };
      }
      const claims = JSON.parse(Buffer.from(searchParams.get('claims') ?? 'e30', 'base64url').toString());
      const audience = searchParams.get('audience') ?? 'https://github.com/octo';
      return json(200, { value: tokenOf({ ...claims, aud: claims.aud ?? audience }) });
    }
    if (route === 'POST /api/v2/signingCert') {
      const { token, publicKey } = readCertificateRequest(request, body);
      const claims = readToken(token);
      const leaf = await ca.issueCertificate({
        publicKey: view(publicKey),
        subjectAltName: `https://github.com/${claims.job_workflow_ref}`,
        extensions: extensionsOf(claims),
      });
      const certificates = [leaf, ca.rootCertificate].map((der) =>
        new X509Certificate(bytes(der)).toString(),
      );
      return json(200, { signedCertificateEmbeddedSct: { chain: { certificates } } });
    }
    if (route === 'POST /api/v1/log/entries') {
      const entry = await tlog.log(canonicalEntry(JSON.parse(body.toString())));
      const uuid = Object.keys(entry)[0] ?? '';
      entries.set(uuid, JSON.stringify(entry));
      return {
        ...json(201, entry),
        headers: { etag: uuid, location: `/api/v1/log/entries/${uuid}`, 'content-type': 'application/json' },
      };
    }
    if (route === 'POST /api/v2/log/entries') {
      return json(201, logHash(JSON.parse(body.toString()), url, keys.log));
    }
    if (route.startsWith('GET /api/v1/log/entries/')) {
      const entry = entries.get(pathname.split('/').at(-1) ?? '');
      return entry === undefined ? json(404, { message: 'no such entry' }) : { status: 200, body: entry };
    }
    if (route === 'GET /api/v1/log/publicKey') {
      return { status: 200, body: keys.log.publicKey.export({ format: 'pem', type: 'spki' }) as string };
    }
    if (route === 'POST /api/v1/timestamp') {
      const stamped = await stamp.fn(readTimestampRequest(body));
      return {
        status: stamped.statusCode,
        body: typeof stamped.response === 'string' ? stamped.response : bytes(stamped.response),
        headers: { 'content-type': stamped.contentType ?? 'text/plain' },
      };
    }
    return json(404, { message: `nothing at ${route}` });
  };

  const validFor = { start: new Date(Date.now() - 3_600_000).toISOString() };
  const subject = { organization: 'sigstore.mock', commonName: 'sigstore' };
  const log = (key: Buffer, id: Uint8Array): unknown => ({
    baseUrl: url,
    hashAlgorithm: 'SHA2_256',
    publicKey: { rawBytes: base64(key), keyDetails: 'PKIX_ECDSA_P256_SHA_256', validFor },
    logId: { keyId: base64(id) },
  });
  const authority = (...chain: ArrayBufferView[]): unknown => ({
    subject,
    uri: url,
    certChain: { certificates: chain.map((der) => ({ rawBytes: base64(bytes(der)) })) },
    validFor,
  });
  return {
    url,
    fulcioUrl: url,
    rekorUrl: url,
    tsaUrl: url,
    trustedRoot: {
      mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
      tlogs: [log(tlog.publicKey, createHash('sha256').update(tlog.publicKey).digest())],
      certificateAuthorities: [authority(ca.rootCertificate)],
      ctlogs: [log(ctlog.publicKey, bytes(ctlog.logID))],
      timestampAuthorities: [authority(tsa.intCertificate, tsa.rootCertificate)],
    },
    requestToken,
    requests,
    fail: (path, times) => void failures.set(path, times),
    tokenUrl: (claims = {}) => `${url}/token?claims=${encode(JSON.stringify(claims))}`,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

async function reply(
  request: IncomingMessage,
  response: ServerResponse,
  answer: (request: IncomingMessage, body: Buffer) => Promise<Answer>,
  latency: number,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { status, body, headers } = await answer(request, Buffer.concat(chunks)).catch((error: Error) =>
    json(400, { message: error.message }),
  );
  if (latency > 0) await sleep(latency);
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(body);
}

/** Fulcio's request: @sigstore/sign puts token and key into the body; cosign sends a header and a CSR. */
function readCertificateRequest(
  request: IncomingMessage,
  body: Buffer,
): { token: string; publicKey: Buffer } {
  const read = JSON.parse(body.toString()) as {
    credentials?: { oidcIdentityToken?: string };
    publicKeyRequest?: { publicKey: { content: string } };
    certificateSigningRequest?: string;
  };
  const token =
    read.credentials?.oidcIdentityToken ?? request.headers.authorization?.replace(/^bearer /i, '') ?? '';
  const csr = read.certificateSigningRequest;
  const publicKey =
    csr === undefined
      ? createPublicKey(read.publicKeyRequest?.publicKey.content ?? '').export({
          format: 'der',
          type: 'spki',
        })
      : publicKeyOfRequest(Buffer.from(csr, 'base64').toString());
  return { token, publicKey };
}

/** The SubjectPublicKeyInfo in a PKCS#10 request for a P-256 key: 91 bytes that start the same for every such key (RFC 5480). */
function publicKeyOfRequest(pem: string): Buffer {
  const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  const at = der.indexOf(Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107', 'hex'));
  if (at < 0) throw new Error('only P-256 keys are certified');
  return der.subarray(at, at + 91);
}

// OID of sha256, NULL, and the header of a 32 byte OCTET STRING.
const SHA256_IMPRINT = Buffer.from('0609608648016503040201' + '0500' + '0420', 'hex');

/** @sigstore/sign asks for a timestamp in JSON, as the mock reads it; cosign in DER (RFC 3161, section 2.4.1) without a nonce. */
function readTimestampRequest(body: Buffer): string {
  if (body[0] !== 0x30) return body.toString();
  const at = body.indexOf(SHA256_IMPRINT);
  if (at < 0) throw new Error('only sha256 imprints are stamped');
  const hash = body.subarray(at + SHA256_IMPRINT.length, at + SHA256_IMPRINT.length + 32);
  return JSON.stringify({ artifactHash: base64(hash), hashAlgorithm: 'sha256' });
}

/** What Rekor keeps of a proposed `dsse` entry: hashes and signatures, not the envelope (rekor, pkg/types/dsse). */
function canonicalEntry(proposed: {
  kind?: string;
  apiVersion?: string;
  spec?: { proposedContent?: { envelope: string; verifiers: string[] } };
}): object {
  const content = proposed.spec?.proposedContent;
  if (proposed.kind !== 'dsse' || content === undefined) return proposed;
  const envelope = JSON.parse(content.envelope) as { payload: string; signatures: { sig: string }[] };
  const hash = (data: string | Buffer): object => ({
    algorithm: 'sha256',
    value: createHash('sha256').update(data).digest('hex'),
  });
  return {
    apiVersion: '0.0.1',
    kind: 'dsse',
    spec: {
      envelopeHash: hash(content.envelope),
      payloadHash: hash(Buffer.from(envelope.payload, 'base64')),
      signatures: envelope.signatures.map(({ sig }, at) => ({
        signature: sig,
        verifier: content.verifiers[at],
      })),
    },
  };
}

/**
 * Rekor v2's answer (rekor-tiles, api/proto/rekor/v2): no promise and no time, only a proof under a signed checkpoint.
 * Each entry is the one leaf of a log of its own.
 */
function logHash(
  { hashedRekordRequestV002: request }: { hashedRekordRequestV002?: { digest: string; signature: unknown } },
  url: string,
  key: { privateKey: KeyObject; publicKey: KeyObject },
): object {
  if (request === undefined) throw new Error('version 2 takes hashedRekordRequestV002 alone');
  const data = { algorithm: 'SHA2_256', digest: request.digest };
  const body = {
    apiVersion: '0.0.2',
    kind: 'hashedrekord',
    spec: { hashedRekordV002: { data, signature: request.signature } },
  };
  // Readers hash its canonical form (RFC 8785), in which keys are sorted.
  const sorted = (_: string, value: unknown): unknown =>
    typeof value === 'object' && value !== null
      ? Object.fromEntries(Object.entries(value).toSorted())
      : value;
  const entry = Buffer.from(JSON.stringify(body, sorted));
  const leaf = createHash('sha256').update(Buffer.of(0)).update(entry).digest();
  const origin = new URL(url).hostname;
  const note = `${origin}\n1\n${base64(leaf)}\n`;
  const id = createHash('sha256')
    .update(key.publicKey.export({ format: 'der', type: 'spki' }))
    .digest();
  const signature = Buffer.concat([id.subarray(0, 4), sign('sha256', Buffer.from(note), key.privateKey)]);
  return {
    logIndex: '0',
    logId: { keyId: base64(id) },
    kindVersion: { kind: 'hashedrekord', version: '0.0.2' },
    integratedTime: '0',
    inclusionProof: {
      logIndex: '0',
      treeSize: '1',
      rootHash: base64(leaf),
      hashes: [],
      checkpoint: { envelope: `${note}\n\u2014 ${origin} ${base64(signature)}\n` },
    },
    canonicalizedBody: base64(entry),
  };
}

/** Fulcio's extensions for GitHub (fulcio, docs/oid-info.md): .1 to .6 are raw bytes, from .8 on DER strings. */
function extensionsOf(claims: GithubClaims): { oid: string; value: string; legacy: boolean }[] {
  const github = (path: string): string => `https://github.com/${path}`;
  const values: Record<number, string | undefined> = {
    1: claims.iss,
    2: claims.event_name,
    3: claims.sha,
    4: claims.workflow,
    5: claims.repository,
    6: claims.ref,
    8: claims.iss,
    9: github(claims.job_workflow_ref),
    10: claims.job_workflow_sha,
    11: claims.runner_environment,
    12: github(claims.repository),
    13: claims.sha,
    14: claims.ref,
    15: claims.repository_id,
    16: github(claims.repository_owner),
    17: claims.repository_owner_id,
    18: github(claims.workflow_ref),
    19: claims.workflow_sha,
    20: claims.event_name,
    21: github(`${claims.repository}/actions/runs/${claims.run_id}/attempts/${claims.run_attempt}`),
    22: claims.repository_visibility,
    23: claims.environment,
  };
  return Object.entries(values).flatMap(([number, value]) =>
    value === undefined ? [] : [{ oid: `1.3.6.1.4.1.57264.1.${number}`, value, legacy: Number(number) <= 6 }],
  );
}

const newKey = (namedCurve = 'P-256') => generateKeyPairSync('ec', { namedCurve });
const encode = (data: string | Uint8Array): string => Buffer.from(data as string).toString('base64url');
const base64 = (data: Uint8Array): string => Buffer.from(data).toString('base64');
const bytes = (data: ArrayBufferView): Buffer => Buffer.from(data.buffer, data.byteOffset, data.byteLength);
const view = (data: Buffer): Uint8Array<ArrayBuffer> => new Uint8Array(data);
const json = (status: number, body: unknown): Answer => ({ status, body: JSON.stringify(body) });
