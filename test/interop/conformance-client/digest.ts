import type { KeyObject } from 'node:crypto';
import { p256, p384 } from '@noble/curves/nist.js';

const CURVES = { 'P-256': p256, 'P-384': p384 } as const;

/** Whether an ECDSA signature (DER) holds for a sha256 digest: node:crypto only ever verifies over the bytes themselves. */
export function checkDigestSignature(key: KeyObject, digest: Buffer, signature: Buffer): boolean {
  const { crv, x = '', y = '' } = key.export({ format: 'jwk' });
  const curve = CURVES[crv as keyof typeof CURVES];
  if (curve === undefined)
    throw new Error(`a digest cannot be verified with a key of ${crv ?? key.asymmetricKeyType}`);
  const point = Buffer.concat([Buffer.from([4]), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
  return curve.verify(signature, digest, point, { prehash: false, lowS: false, format: 'der' });
}
