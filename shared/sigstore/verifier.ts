import type { KeyObject } from 'node:crypto';
import type { Bundle } from '@sigstore/bundle';
import type { SignedEntity, TrustMaterial, Verifier } from '@sigstore/verify';
import * as z from 'zod';
import type { VerifiedStatement } from '../evidence/evidence.ts';
import type { Signer } from '../evidence/identity.ts';
import { parseStrictJson } from '../evidence/json.ts';
import { PREDICATE_TYPES } from '../evidence/predicate.ts';
import {
  STATEMENT_MEDIA_TYPE,
  STATEMENT_TYPE,
  type Statement,
  statementSchema,
} from '../evidence/statement.ts';
import type { RunContext } from '../github/context.ts';
import type { Digest } from '../image/digest.ts';
import { Refused } from '../outcome/outcome.ts';
import { createBundleReader } from './bundle.ts';
import { createKnownCertificates, keepWork, readSigner } from './certificate.ts';
import type { SigningInputs } from './instance.ts';
import { fingerprintOf, readPublicKey } from './key.ts';
import { type LoadedRoot, loadTrustedRoot, type RootFileInputs } from './root.ts';

/** Verifies bundles against one trust root, one public key, or both. Says nothing of whether a signer is trusted. */
export interface StatementVerifier {
  /** Digest of the trust root, for the verdict; undefined when only a key verifies. */
  readonly rootDigest: Digest | undefined;
  /**
   * The statement of a bundle whose signature, certificate, log entry and timestamps hold. Anything else is `Refused`, with the reason.
   * `payload` is cosign's simple signing, where the bundle is over that and not a statement.
   */
  verify(bundle: Buffer, payload?: Buffer): Promise<VerifiedStatement>;
  /** True when a certificate's signature needs an entry in a log. */
  readonly needsLog: boolean;
  /** The same without that need: what it verifies may have been signed while the log was down. */
  withoutLog(): Promise<StatementVerifier>;
}

/** Who signed a bundle, and when, proven. */
export type Verified = Pick<VerifiedStatement, 'signer' | 'signedAt' | 'logIndex'>;

/** How many log entries, signed certificate timestamps and proven times a certificate's signature needs; each at least once where the root names a log. */
export interface Thresholds {
  readonly 'tlog-threshold'?: number | undefined;
  readonly 'ctlog-threshold'?: number | undefined;
  /** Times by a timestamp authority or by the log's signed promise. Never less than one: a certificate of ten minutes proves nothing without. */
  readonly 'timestamp-threshold'?: number | undefined;
}

/** What a verifier goes by. */
export interface Trusted extends Thresholds {
  readonly root?: LoadedRoot | undefined;
  /** Public keys, any of which may have signed. */
  readonly key?: KeyObject | readonly KeyObject[] | undefined;
}

/** The most characters of a reason: it may quote what a stranger wrote, and stands in outputs and summaries. */
const REASON = 500;

/**
 * The verifier that the inputs ask for. A key needs no trust root: it is loaded beside one only when asked for,
 * and without it log entries of key-signed bundles are not looked at.
 */
export async function openVerifier(
  inputs: SigningInputs & RootFileInputs & Thresholds,
  context: RunContext,
): Promise<StatementVerifier> {
  const key = inputs.key === undefined ? undefined : await readPublicKey(inputs.key, context);
  const wantsRoot =
    key === undefined || inputs.sigstore !== undefined || inputs['trusted-root'] !== undefined;
  const root = wantsRoot ? await loadTrustedRoot(inputs, context) : undefined;
  return createVerifier({ ...inputs, key, root });
}

/** A verifier from what is loaded already. */
export async function createVerifier(trusted: Trusted): Promise<StatementVerifier> {
  const [readBundle, verifySignature] = await Promise.all([
    createBundleReader(),
    createSignatureVerifier(trusted),
  ]);
  let lenient: Promise<StatementVerifier> | undefined;
  return {
    rootDigest: trusted.root?.digest,
    needsLog: (trusted['tlog-threshold'] ?? trusted.root?.root.tlogs.length ?? 0) > 0,
    // Once: reading the root again for every image takes longer than verifying what is beside it.
    withoutLog: () => (lenient ??= createVerifier({ ...trusted, 'tlog-threshold': 0 })),
    verify: async (bytes, payload) => {
      try {
        const bundle = readBundle(bytes);
        const statement = payload === undefined ? readStatement(bundle) : readSimpleSigning(payload);
        return { statement, ...verifySignature(bundle, payload) };
      } catch (cause) {
        // The libraries throw errors of many kinds on hostile input: whatever it was, the bundle did not verify.
        const why = (cause instanceof Error ? cause.message.split('\n')[0] : String(cause))?.slice(0, REASON);
        throw new Refused(`the bundle does not verify: ${why}`, { cause });
      }
    },
  };
}

/** Whether a message signature holds for a key: the check of one who has no artifact, but its digest. */
export type MessageCheck = (key: KeyObject, signature: Buffer) => boolean;

/**
 * Checks everything of a bundle but what its payload says. `message` is what a message signature is over, or how that is checked.
 * Throws errors of any kind.
 */
export async function createSignatureVerifier(
  trusted: Trusted,
): Promise<(bundle: Bundle, message?: Buffer | MessageCheck) => Verified> {
  const { toSignedEntity, toTrustMaterial, Verifier: VerifierClass } = await import('@sigstore/verify');
  const { root: { root } = {} } = trusted;
  const keys = [trusted.key ?? []].flat();
  const trusting = (publicKey?: KeyObject): TrustMaterial =>
    toTrustMaterial(
      root ?? { mediaType: '', tlogs: [], ctlogs: [], certificateAuthorities: [], timestampAuthorities: [] },
      () => {
        if (!publicKey) throw new Error('it was signed with a key, and no key was given to verify with');
        return { publicKey, validFor: () => true };
      },
    );
  const material = trusting();
  for (const { certChain } of [...material.certificateAuthorities, ...material.timestampAuthorities])
    certChain.forEach(keepWork);
  const recall = createKnownCertificates();
  // GitHub's own instance keeps no log: there a timestamp authority says when, and no log vouches for certificates.
  const logs = material.tlogs.length > 0 ? 1 : 0;
  const byCertificate: Verifier = new VerifierClass(material, {
    tlogThreshold: trusted['tlog-threshold'] ?? logs,
    ctlogThreshold: trusted['ctlog-threshold'] ?? logs,
    timestampThreshold: trusted['timestamp-threshold'] ?? 1,
  });
  const byKey = (keys.length === 0 ? [undefined] : keys).map(
    (key) => new VerifierClass(trusting(key), { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 }),
  );
  return (bundle, message) => {
    const entity = toSignedEntity(bundle, typeof message === 'function' ? undefined : message);
    if (typeof message === 'function' && bundle.content.$case === 'messageSignature') {
      const { signature } = bundle.content.messageSignature;
      entity.signature.verifySignature = (signedBy) => message(signedBy, signature);
    }
    if (root !== undefined) entity.tlogEntries.forEach(checkProof);
    if (entity.key.$case === 'public-key') {
      const seen = root === undefined ? { ...entity, tlogEntries: [], timestamps: [] } : entity;
      const { key: signedBy } = verifyByAny(byKey, seen);
      checkLogs(seen, material.tlogs);
      return { signer: { key: fingerprintOf(signedBy) }, ...timesOf(seen) };
    }
    if (root === undefined)
      throw new Error('it was signed with a certificate, and only a key was given to verify with');
    const certificate = recall(readCertificate(bundle), entity.key.certificate);
    const { identity } = verifyInTime(byCertificate, {
      ...entity,
      key: { $case: 'certificate', certificate },
    });
    checkLogs(entity, material.tlogs);
    const signer: Signer = readSigner(identity);
    return { signer, ...timesOf(entity) };
  };
}

/** The bytes of the certificate that the library takes for the signer's. */
function readCertificate({ verificationMaterial: { content } }: Bundle): Buffer {
  if (content.$case === 'certificate') return content.certificate.rawBytes;
  const [first] = content.$case === 'x509CertificateChain' ? content.x509CertificateChain.certificates : [];
  if (first === undefined) throw new Error('it has no certificate');
  return first.rawBytes;
}

/** A bundle does not say which key signed it: the first that fits did. Throws what the last one throws. */
function verifyByAny(verifiers: readonly Verifier[], entity: SignedEntity): ReturnType<Verifier['verify']> {
  let failure: unknown;
  for (const verifier of verifiers) {
    try {
      return verifier.verify(entity);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** A chain that does not hold because of the time is said so: the library says only that it does not. */
function verifyInTime(verifier: Verifier, entity: SignedEntity): ReturnType<Verifier['verify']> {
  try {
    return verifier.verify(entity);
  } catch (cause) {
    if (entity.key.$case !== 'certificate') throw cause;
    const { notBefore, notAfter } = entity.key.certificate;
    const at = claimedTimes(entity).find((time) => time < notBefore.getTime() || time > notAfter.getTime());
    if (at === undefined) throw cause;
    const time = new Date(at).toISOString();
    throw new Error(
      `it was signed at ${time}, and its certificate is valid from ${notBefore.toISOString()} to ${notAfter.toISOString()}`,
      { cause },
    );
  }
}

/** That a proof says of its tree what the checkpoint says, which the log signed: the library looks at the checkpoint alone. */
function checkProof({ inclusionProof: proof }: SignedEntity['tlogEntries'][number]): void {
  if (proof === undefined) return;
  const [, size, hash] = proof.checkpoint?.envelope.split('\n') ?? [];
  if (proof.treeSize !== size || proof.rootHash.toString('base64') !== hash) {
    throw new Error('its inclusion proof is of another tree than the checkpoint');
  }
}

/** That a log was in use when it is proven that something was signed: the library asks that of the log's promises, not of its proofs. */
function checkLogs(entity: SignedEntity, logs: TrustMaterial['tlogs']): void {
  const times = claimedTimes(entity);
  for (const { logId } of entity.tlogEntries) {
    const inUse = logs.some(
      ({ logID, validFor: { start, end } }) =>
        logID.equals(logId.keyId) && times.every((time) => start.getTime() <= time && time <= end.getTime()),
    );
    if (!inUse) throw new Error('its log was not in use when it was signed');
  }
}

/** The earliest proven time and the log's index. Called after verification only: until then both are the signer's own word. */
function timesOf(entity: SignedEntity): Omit<Verified, 'signer'> {
  const times = claimedTimes(entity);
  const [entry] = entity.tlogEntries;
  return {
    signedAt: times.length === 0 ? undefined : new Date(Math.min(...times)).toISOString(),
    // Nothing but the promise covers the index in the whole log; the proof's own is the one in its tree.
    logIndex: entry?.inclusionPromise ? entry.logIndex : entry?.inclusionProof?.logIndex,
  };
}

/** When a bundle says that it was signed, in milliseconds: what its timestamps and its log's promises are over, proven or not. */
function claimedTimes(entity: SignedEntity): number[] {
  return entity.timestamps.flatMap((stamp) => {
    if (stamp.$case === 'timestamp-authority') return [stamp.timestamp.signingTime.getTime()];
    // Without the log's signed promise the integrated time is nobody's word.
    return stamp.tlogEntry.inclusionPromise ? [Number(stamp.tlogEntry.integratedTime) * 1000] : [];
  });
}

function readStatement(bundle: Bundle): Statement {
  if (bundle.content.$case !== 'dsseEnvelope') throw new Error('it signs bytes, not a statement');
  const { payloadType, payload } = bundle.content.dsseEnvelope;
  if (payloadType !== STATEMENT_MEDIA_TYPE)
    throw new Error(`its payload is ${payloadType}, not an in-toto statement`);
  const parsed = statementSchema.safeParse(parseStrictJson(payload));
  if (!parsed.success) throw new Error('its payload is no in-toto statement');
  return parsed.data;
}

/** cosign, specs/SIGNATURE_SPEC.md, "Payload": which image is signed. */
const simpleSigningSchema = z.object({
  critical: z.object({
    type: z.enum(['cosign container image signature', 'atomic container signature']),
    image: z.object({ 'docker-manifest-digest': z.string().regex(/^sha256:[0-9a-f]{64}$/) }),
  }),
});

/** The statement that cosign makes today of what its simple signing said. */
function readSimpleSigning(payload: Buffer): Statement {
  const parsed = simpleSigningSchema.safeParse(parseStrictJson(payload));
  if (!parsed.success) throw new Error('its payload is no image signature of cosign');
  const sha256 = parsed.data.critical.image['docker-manifest-digest'].slice('sha256:'.length);
  return {
    _type: STATEMENT_TYPE,
    subject: [{ digest: { sha256 } }],
    predicateType: PREDICATE_TYPES.signature[0],
    predicate: {},
  };
}
