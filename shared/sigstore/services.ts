import { createHash, createPublicKey, X509Certificate } from 'node:crypto';
import * as z from 'zod';
import type { RunContext } from '../github/context.ts';
import { Unavailable } from '../outcome/outcome.ts';
import { readJson } from '../store/json.ts';
import {
  explainTransient,
  type HttpRequest,
  type HttpResponse,
  readBody,
  retryTransient,
  sendOnce,
} from '../store/transport.ts';
import type { IdToken } from './token.ts';

/*
 * What the services of a Sigstore instance are asked for when something is signed. A caller gets what a bundle holds, as its JSON has it
 * (sigstore/protobuf-specs, sigstore_bundle.proto), or `Unavailable`. That an answer is about what was asked is seen here, so that a page of
 * a proxy's, or another's answer, never gets into a bundle that nobody could verify; whether it is true is found out by whoever verifies.
 */

/** A dead simple signing envelope as JSON (secure-systems-lab/dsse, envelope.md), under one signature. */
export interface Envelope {
  readonly payload: string;
  readonly payloadType: string;
  readonly signatures: readonly [{ readonly sig: string }];
}

/** A log entry as bundles hold it (sigstore_rekor.proto, TransparencyLogEntry); 64 bit numbers are strings. */
export type LogEntry = z.infer<typeof logEntrySchema>;

/** A job that gives up has to build anew, so services are asked for two minutes, in milliseconds. */
const PATIENCE = 120_000;
/** The most bytes of an answer: a log repeats what it was given. */
const ANSWER_LIMIT = 64 * 1024 * 1024;

const base64 = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/);
const hex = z
  .string()
  .regex(/^(?:[0-9a-f]{2})+$/i)
  .transform((digits) => Buffer.from(digits, 'hex').toString('base64'));
// Protobuf's JSON leaves out what is zero or empty.
const count = z
  .union([z.int().min(0), z.string().regex(/^\d+$/)])
  .transform((number) => (Number(number) === 0 ? undefined : String(number)));
const hashesOf = (hash: z.ZodType<string>) =>
  z.array(hash).transform((hashes) => (hashes.length === 0 ? undefined : hashes));

const chainSchema = z.object({ chain: z.object({ certificates: z.array(z.string()).min(1) }) });
const certificateSchema = z.object({
  signedCertificateEmbeddedSct: chainSchema.optional(),
  signedCertificateDetachedSct: chainSchema.optional(),
});

/**
 * Fulcio's certificate for a token and a key (fulcio.proto, CreateSigningCertificate), in PEM and without those above it.
 * `proof` is the key's signature of the token's subject.
 */
export async function requestCertificate(
  fulcioUrl: string,
  { jwt }: IdToken,
  publicKey: string,
  proof: Buffer,
  context: Waiting,
): Promise<string> {
  const request = {
    credentials: { oidcIdentityToken: jwt },
    publicKeyRequest: {
      publicKey: { algorithm: 'ECDSA', content: publicKey },
      proofOfPossession: proof.toString('base64'),
    },
  };
  const { what, bytes } = await post(`${fulcioUrl}/api/v2/signingCert`, request, context);
  const answer = readJson(certificateSchema, bytes);
  const given = answer?.signedCertificateEmbeddedSct ?? answer?.signedCertificateDetachedSct;
  const [certificate] = given?.chain.certificates ?? [];
  if (certificate === undefined) throw new Unavailable(`${what}: the answer holds no certificate`);
  if (!certifies(certificate, publicKey)) {
    throw new Unavailable(`${what}: the answer is no certificate for this key`);
  }
  return certificate;
}

function certifies(certificate: string, publicKey: string): boolean {
  try {
    return new X509Certificate(certificate).publicKey.equals(createPublicKey(publicKey));
  } catch {
    return false;
  }
}

const entrySchema = z.object({
  body: base64,
  integratedTime: count,
  logID: hex,
  logIndex: count,
  verification: z.object({
    inclusionProof: z
      .object({
        checkpoint: z.string(),
        hashes: hashesOf(hex),
        logIndex: count,
        rootHash: hex,
        treeSize: count,
      })
      .optional(),
    signedEntryTimestamp: base64.optional(),
  }),
});
const entriesSchema = z.record(z.string(), entrySchema);
const bodySchema = z.object({ kind: z.string(), apiVersion: z.string() });

/**
 * Logs an envelope in Rekor v1 as a `dsse` entry (rekor, openapi.yaml), `verifier` being the certificate or key in PEM.
 * An entry that is there already, because an answer was lost, is taken.
 */
export async function logEnvelope(
  rekorUrl: string,
  envelope: Envelope,
  verifier: string,
  context: Waiting,
): Promise<LogEntry> {
  const address = `${rekorUrl}/api/v1/log/entries`;
  const proposedContent = {
    envelope: JSON.stringify(envelope),
    verifiers: [Buffer.from(verifier).toString('base64')],
  };
  const entry = { apiVersion: '0.0.1', kind: 'dsse', spec: { proposedContent } };
  let { status, what, headers, bytes } = await post(address, entry, context, 409);
  if (status === 409) {
    const uuid = /[0-9a-f]+$/.exec(headers['location'] ?? '')?.[0] ?? '';
    ({ what, bytes } = await ask({ method: 'GET', url: new URL(`${address}/${uuid}`) }, context));
  }
  const [logged, ...more] = Object.values(readJson(entriesSchema, bytes) ?? {});
  const body = logged && readJson(bodySchema, Buffer.from(logged.body, 'base64'));
  if (!logged || !body || more.length > 0) throw new Unavailable(`${what}: the answer is no log entry`);
  requireSignature(logged.body, envelope.signatures[0].sig, what);
  const { inclusionProof, signedEntryTimestamp } = logged.verification;
  return {
    logIndex: logged.logIndex,
    logId: { keyId: logged.logID },
    kindVersion: { kind: body.kind, version: body.apiVersion },
    integratedTime: logged.integratedTime,
    inclusionPromise: signedEntryTimestamp === undefined ? undefined : { signedEntryTimestamp },
    inclusionProof: inclusionProof && {
      ...inclusionProof,
      checkpoint: { envelope: inclusionProof.checkpoint },
    },
    canonicalizedBody: logged.body,
  };
}

const logEntrySchema = z.object({
  logIndex: count.optional(),
  logId: z.object({ keyId: base64 }),
  kindVersion: z.object({ kind: z.string(), version: z.string() }),
  integratedTime: count.optional(),
  inclusionPromise: z.object({ signedEntryTimestamp: base64 }).optional(),
  inclusionProof: z
    .object({
      logIndex: count.optional(),
      rootHash: base64,
      treeSize: count,
      hashes: hashesOf(base64).optional(),
      checkpoint: z.object({ envelope: z.string() }),
    })
    .optional(),
  canonicalizedBody: base64,
});

/**
 * Logs what a certificate signed in Rekor v2, which takes no envelopes, only the SHA-256 hash of what was signed (rekor-tiles,
 * api/proto/rekor/v2). `certificate` is in PEM, of a P-256 key.
 */
export async function logHash(
  rekorUrl: string,
  signed: { readonly digest: Buffer; readonly signature: Buffer; readonly certificate: string },
  context: Waiting,
): Promise<LogEntry> {
  const hashedRekordRequestV002 = {
    digest: signed.digest.toString('base64'),
    signature: {
      content: signed.signature.toString('base64'),
      verifier: {
        keyDetails: 'PKIX_ECDSA_P256_SHA_256',
        x509Certificate: { rawBytes: encodeDer(signed.certificate) },
      },
    },
  };
  const { what, bytes } = await post(`${rekorUrl}/api/v2/log/entries`, { hashedRekordRequestV002 }, context);
  const entry = readJson(logEntrySchema, bytes);
  if (entry === undefined) throw new Unavailable(`${what}: the answer is no log entry`);
  requireSignature(entry.canonicalizedBody, hashedRekordRequestV002.signature.content, what);
  return entry;
}

/** An entry holds the signature that it is about, in base64 as it was sent. */
function requireSignature(body: string, signature: string, what: string): void {
  if (!Buffer.from(body, 'base64').includes(signature)) {
    throw new Unavailable(`${what}: the answer is an entry of another signature`);
  }
}

/** A timestamp of a signature: an RFC 3161 response in DER (sigstore/timestamp-authority, openapi.yaml). */
export async function requestTimestamp(tsaUrl: string, signature: Buffer, context: Waiting): Promise<Buffer> {
  const hash = createHash('sha256').update(signature).digest();
  const request = { artifactHash: hash.toString('base64'), hashAlgorithm: 'sha256' };
  // Signing configurations name the whole address, inputs may name the host alone.
  const address = new URL(tsaUrl).pathname === '/' ? `${tsaUrl}/api/v1/timestamp` : tsaUrl;
  const { what, bytes } = await post(address, request, context);
  // The token repeats the hash (RFC 3161, 2.4.2, messageImprint); a refusal holds no token.
  if (!bytes.includes(hash)) throw new Unavailable(`${what}: the answer is no timestamp of this signature`);
  return bytes;
}

/** The base64 of a PEM block's DER. */
export function encodeDer(pem: string): string {
  return pem.replace(/-----[^-]+-----|\s/g, '');
}

type Waiting = Pick<RunContext, 'deadline' | 'log'>;
type Answer = Pick<HttpResponse, 'status' | 'headers' | 'what'> & { readonly bytes: Buffer };

function post(address: string, request: unknown, context: Waiting, ...expect: number[]): Promise<Answer> {
  const body = Buffer.from(JSON.stringify(request));
  return ask({ method: 'POST', url: new URL(address), body }, context, ...expect);
}

/** An answer of success, or with one of the statuses that are expected besides. Redirects are none: nobody else is shown a token. */
async function ask(
  call: Pick<HttpRequest, 'method' | 'url' | 'body'>,
  context: Waiting,
  ...expect: number[]
): Promise<Answer> {
  const headers = { accept: '*/*', 'content-type': 'application/json', 'user-agent': 'hallmark' };
  return retryTransient(
    context,
    async () => {
      const response = await sendOnce({ ...call, headers }, context.deadline);
      const bytes = await readBody(response, ANSWER_LIMIT, context.deadline);
      const { status, what } = response;
      if ((status >= 200 && status < 300) || expect.includes(status)) return { ...response, bytes };
      const said = quoteMessage(bytes);
      throw explainTransient(response, said) ?? new Unavailable(`${what}: status ${status}${said}`);
    },
    PATIENCE,
  );
}

const messageSchema = z.object({ message: z.string() });

/** A service's own words, shortened, with nothing in them that a terminal would obey. */
function quoteMessage(bytes: Buffer): string {
  const message = readJson(messageSchema, bytes)
    ?.message.replace(/[^\p{L}\p{N}\p{P}\p{S} ]+/gu, ' ')
    .trim();
  return message ? ` ("${message.slice(0, 200)}")` : '';
}
