import * as z from 'zod';
import { type Descriptor, manifestSchema } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import { Refused } from '../outcome/outcome.ts';
import { digestOf } from '../store/hash.ts';
import { readJson } from '../store/json.ts';
import { fallbackTag, getReferrer } from '../store/referrers.ts';
import type { Store } from '../store/store.ts';

/*
 * What cosign wrote before it wrote bundles (cosign, specs/SIGNATURE_SPEC.md): manifests under tags of the image's digest, whose layers
 * are the signed payloads, with signature, certificate and log entry in annotations. Each is made a bundle of version 0.1 and verified as one.
 */

/** A layer with a signature over it. */
export interface LegacySignature {
  /** The manifest that the layer is in. */
  readonly source: Digest;
  readonly layer: Descriptor;
}

const SIMPLE_SIGNING = 'application/vnd.dev.cosign.simplesigning.v1+json';
const ENVELOPE = 'application/vnd.dsse.envelope.v1+json';
const PREFIX = 'dev.sigstore.cosign';

/** `dev.sigstore.cosign/bundle`: the log's entry with its signed promise. */
const logBundleSchema = z.object({
  SignedEntryTimestamp: z.string(),
  Payload: z.object({
    body: z.string(),
    integratedTime: z.int(),
    logIndex: z.int(),
    logID: z.string().regex(/^[0-9a-f]+$/),
  }),
});
const timestampSchema = z.object({ SignedRFC3161Timestamp: z.string() });
const kindSchema = z.object({ kind: z.string(), apiVersion: z.string() });
const envelopeSchema = z.looseObject({ payloadType: z.string(), payload: z.string() });

/** The signed layers under the `.sig` and `.att` tags of a digest. */
export async function findLegacySignatures(store: Store, subject: Digest): Promise<LegacySignature[]> {
  const manifests = await Promise.all(
    ['sig', 'att'].map((kind) => getReferrer(store, `${fallbackTag(subject)}.${kind}`)),
  );
  return manifests.flatMap((stored) => {
    const layers = stored && readJson(manifestSchema, stored.bytes)?.layers;
    if (!layers) return [];
    return layers
      .filter(({ mediaType }) => mediaType === SIMPLE_SIGNING || mediaType === ENVELOPE)
      .map((layer) => ({ source: stored.descriptor.digest, layer }));
  });
}

/** The bundle that says the same, with the payload beside it where the signature is over bytes. Annotations that cosign does not write are `Refused`. */
export function toBundle(layer: Descriptor, content: Buffer): { bundle: Buffer; payload?: Buffer } {
  try {
    return translate(layer, content);
  } catch (cause) {
    throw new Refused("it does not verify: its annotations are not those of cosign's signatures", { cause });
  }
}

function translate(layer: Descriptor, content: Buffer): { bundle: Buffer; payload?: Buffer } {
  const annotations = layer.annotations ?? {};
  const certificate = annotations[`${PREFIX}/certificate`];
  const stamp = annotations[`${PREFIX}/rfc3161timestamp`];
  const logged = annotations[`${PREFIX}/bundle`];
  const verificationMaterial = {
    ...(certificate
      ? { x509CertificateChain: { certificates: [{ rawBytes: readPem(certificate) }] } }
      : { publicKey: { hint: '' } }),
    tlogEntries: logged ? [readLogEntry(logged)] : [],
    ...(stamp && {
      timestampVerificationData: {
        rfc3161Timestamps: [
          { signedTimestamp: timestampSchema.parse(JSON.parse(stamp)).SignedRFC3161Timestamp },
        ],
      },
    }),
  };
  // Version 0.1 is the one that needs no proof of inclusion; without a log entry it makes no difference.
  const mediaType = 'application/vnd.dev.sigstore.bundle+json;version=0.1';
  const write = (signed: object): Buffer =>
    Buffer.from(JSON.stringify({ mediaType, verificationMaterial, ...signed }));
  if (layer.mediaType === ENVELOPE) {
    return { bundle: write({ dsseEnvelope: envelopeSchema.parse(JSON.parse(content.toString())) }) };
  }
  const digest = Buffer.from(digestOf(content).slice('sha256:'.length), 'hex').toString('base64');
  const messageSignature = {
    messageDigest: { algorithm: 'SHA2_256', digest },
    signature: annotations['dev.cosignproject.cosign/signature'],
  };
  return { bundle: write({ messageSignature }), payload: content };
}

function readLogEntry(annotation: string): object {
  const { SignedEntryTimestamp, Payload } = logBundleSchema.parse(JSON.parse(annotation));
  const { kind, apiVersion } = kindSchema.parse(JSON.parse(Buffer.from(Payload.body, 'base64').toString()));
  return {
    logIndex: String(Payload.logIndex),
    logId: { keyId: Buffer.from(Payload.logID, 'hex').toString('base64') },
    kindVersion: { kind, version: apiVersion },
    integratedTime: String(Payload.integratedTime),
    inclusionPromise: { signedEntryTimestamp: SignedEntryTimestamp },
    canonicalizedBody: Payload.body,
  };
}

function readPem(pem: string): string {
  return pem.replace(/-----[^-]+-----|\s/g, '');
}
