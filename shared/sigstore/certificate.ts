import type { SignedEntity, Signer as VerifiedSigner } from '@sigstore/verify';
import type { Signer } from '../evidence/identity.ts';

/** A certificate as the library has parsed it. */
export type Certificate = Extract<SignedEntity['key'], { $case: 'certificate' }>['certificate'];

/** The most certificates of signers that are kept; those of one image are few. */
const KEPT = 32;

/**
 * Has a certificate's DER made once, and each issuer's signature on it looked at once. The library does both anew for each bundle and
 * time, and its encoder takes four buffers of a kilobyte for each of a hundred nodes: most of the time and memory of verifying.
 * A certificate does not change, so neither does what is found; one that cannot be verified throws each time.
 */
export function keepWork(certificate: Certificate): void {
  for (const node of [certificate.root, certificate.tbsCertificate]) {
    const encode = node.toDER.bind(node);
    let der: Buffer | undefined;
    node.toDER = () => {
      der ??= encode();
      return der;
    };
  }
  const verify = certificate.verify.bind(certificate);
  const found = new WeakMap<Certificate, boolean>();
  certificate.verify = (issuer = certificate) => {
    const holds = found.get(issuer) ?? verify(issuer);
    found.set(issuer, holds);
    return holds;
  };
}

/** Takes each parsed certificate for the one with the same bytes that came before, so that the work on it is kept from bundle to bundle. */
export function createKnownCertificates(): (der: Buffer, parsed: Certificate) => Certificate {
  const known = new Map<string, Certificate>();
  return (der, parsed) => {
    const key = der.toString('base64');
    const before = known.get(key);
    if (before !== undefined) return before;
    if (known.size === KEPT) known.clear();
    keepWork(parsed);
    known.set(key, parsed);
    return parsed;
  };
}

/** Fulcio's arc of extensions (fulcio docs/oid-info.md). */
const FULCIO = '1.3.6.1.4.1.57264.1.';

/**
 * Who a verified certificate speaks for. Extensions .1 to .6 are deprecated raw bytes, of which only the issuer is read, and only where .8 is absent;
 * from .8 on they are DER UTF8Strings. An extension that stands twice or is not such a string makes the whole certificate unreadable.
 */
export function readSigner(identity: VerifiedSigner['identity']): Signer {
  const raw = new Map<string, Buffer>();
  for (const { oid, value } of identity?.oids ?? []) {
    const id = oid?.id.join('.') ?? '';
    if (!id.startsWith(FULCIO)) continue;
    if (raw.has(id)) throw new Error(`its certificate has the extension ${id} twice`);
    raw.set(id, Buffer.from(value));
  }
  const text = (number: number): string | undefined => {
    const value = raw.get(`${FULCIO}${number}`);
    return value === undefined ? undefined : readUtf8String(value);
  };
  return {
    subject: identity?.subjectAlternativeName,
    issuer: text(8) ?? raw.get(`${FULCIO}1`)?.toString(),
    signerWorkflow: text(9),
    signerDigest: text(10),
    runnerEnvironment: text(11),
    repository: text(12),
    commit: text(13),
    ref: text(14),
    repositoryId: text(15),
    owner: text(16),
    ownerId: text(17),
    workflow: text(18),
    trigger: text(20),
    run: text(21),
    visibility: text(22),
    environment: text(23),
  };
}

/** X.690: tag 0x0c, then the length in one byte or, from 128 on, in as many as the first one says. */
function readUtf8String(der: Buffer): string {
  const first = der[1] ?? 0;
  const lengthBytes = first < 0x80 ? 0 : first - 0x80;
  const start = 2 + lengthBytes;
  let length = first;
  if (first >= 0x80) length = lengthBytes === 1 || lengthBytes === 2 ? der.readUIntBE(2, lengthBytes) : -1;
  if (der[0] !== 0x0c || der.length !== start + length) {
    throw new Error('its certificate has an extension that is no UTF8String');
  }
  return new TextDecoder('utf-8', { fatal: true }).decode(der.subarray(start));
}
