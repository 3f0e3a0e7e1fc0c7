import type { KeyObject } from 'node:crypto';
import type { Bundle } from '@sigstore/bundle';
import type { SignedEntity, TrustMaterial, Verifier } from '@sigstore/verify';
import type { VerifiedStatement } from '../evidence/evidence.ts';
import type { Signer } from '../evidence/identity.ts';
import { STATEMENT_MEDIA_TYPE, type Statement, statementSchema } from '../evidence/statement.ts';
import type { RunContext } from '../github/context.ts';
import type { Digest } from '../image/digest.ts';
import { Refused } from '../outcome/outcome.ts';
import { readSigner } from './certificate.ts';
import type { SigningInputs } from './instance.ts';
import { fingerprintOf, readPublicKey } from './key.ts';
import { type LoadedRoot, loadTrustedRoot } from './root.ts';

/** Verifies bundles against one trust root, one public key, or both. Says nothing of whether a signer is trusted. */
export interface StatementVerifier {
  /** Digest of the trust root, for the verdict; undefined when only a key verifies. */
  readonly rootDigest: Digest | undefined;
  /** The statement of a bundle whose signature, certificate, log entry and timestamps hold. Anything else is `Refused`, with the reason. */
  verify(bundle: Buffer): Promise<VerifiedStatement>;
}

/** Who signed a bundle, and when, proven. */
export type Verified = Pick<VerifiedStatement, 'signer' | 'signedAt' | 'logIndex'>;

/**
 * The verifier that the inputs ask for. A key needs no trust root: it is loaded beside one only when asked for,
 * and without it log entries of key-signed bundles are not looked at.
 */
export async function openVerifier(inputs: SigningInputs, context: RunContext): Promise<StatementVerifier> {
  const key = inputs.key === undefined ? undefined : await readPublicKey(inputs.key, context);
  const wantsRoot =
    key === undefined || inputs.sigstore !== undefined || inputs['trusted-root'] !== undefined;
  return createVerifier({ key, root: wantsRoot ? await loadTrustedRoot(inputs, context) : undefined });
}

/** A verifier from what is loaded already. */
export async function createVerifier(trusted: {
  readonly root?: LoadedRoot | undefined;
  /** Public keys, any of which may have signed. */
  readonly key?: KeyObject | readonly KeyObject[] | undefined;
}): Promise<StatementVerifier> {
  const { bundleFromJSON } = await import('@sigstore/bundle');
  const verifySignature = await createSignatureVerifier(trusted);
  return {
    rootDigest: trusted.root?.digest,
    verify: async (bytes) => {
      try {
        const bundle = bundleFromJSON(JSON.parse(bytes.toString()));
        const statement = readStatement(bundle);
        return { statement, ...verifySignature(bundle) };
      } catch (cause) {
        // The libraries throw errors of many kinds on hostile input: whatever it was, the bundle did not verify.
        const why = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
        throw new Refused(`the bundle does not verify: ${why}`, { cause });
      }
    },
  };
}

/** Checks everything of a bundle but what its payload says. `artifact` is what a message signature is over. Throws errors of any kind. */
export async function createSignatureVerifier(trusted: {
  readonly root?: LoadedRoot | undefined;
  readonly key?: KeyObject | readonly KeyObject[] | undefined;
}): Promise<(bundle: Bundle, artifact?: Buffer) => Verified> {
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
  // GitHub's own instance keeps no log: there a timestamp authority says when, and no log vouches for certificates.
  const logs = material.tlogs.length > 0 ? 1 : 0;
  const byCertificate: Verifier = new VerifierClass(material, {
    tlogThreshold: logs,
    ctlogThreshold: logs,
    timestampThreshold: 1,
  });
  const byKey = (keys.length === 0 ? [undefined] : keys).map(
    (key) => new VerifierClass(trusting(key), { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 }),
  );
  return (bundle, artifact) => {
    const entity = toSignedEntity(bundle, artifact);
    if (entity.key.$case === 'public-key') {
      const seen = root === undefined ? { ...entity, tlogEntries: [], timestamps: [] } : entity;
      const { key: signedBy } = verifyByAny(byKey, seen);
      return { signer: { key: fingerprintOf(signedBy) }, ...timesOf(seen) };
    }
    if (root === undefined)
      throw new Error('it was signed with a certificate, and only a key was given to verify with');
    const { identity } = byCertificate.verify(entity);
    const signer: Signer = readSigner(identity);
    return { signer, ...timesOf(entity) };
  };
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

/** The earliest proven time and the log's index. Called after verification only: until then both are the signer's own word. */
function timesOf(entity: SignedEntity): Omit<Verified, 'signer'> {
  const times = entity.timestamps.flatMap((stamp) => {
    if (stamp.$case === 'timestamp-authority') return [stamp.timestamp.signingTime.getTime()];
    // Without the log's signed promise the integrated time is nobody's word.
    return stamp.tlogEntry.inclusionPromise ? [Number(stamp.tlogEntry.integratedTime) * 1000] : [];
  });
  return {
    signedAt: times.length === 0 ? undefined : new Date(Math.min(...times)).toISOString(),
    logIndex: entity.tlogEntries[0]?.logIndex,
  };
}

function readStatement(bundle: Bundle): Statement {
  if (bundle.content.$case !== 'dsseEnvelope') throw new Error('it signs bytes, not a statement');
  const { payloadType, payload } = bundle.content.dsseEnvelope;
  if (payloadType !== STATEMENT_MEDIA_TYPE)
    throw new Error(`its payload is ${payloadType}, not an in-toto statement`);
  const parsed = statementSchema.safeParse(JSON.parse(payload.toString()));
  if (!parsed.success) throw new Error('its payload is no in-toto statement');
  return parsed.data;
}
