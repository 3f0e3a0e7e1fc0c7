import { randomBytes, scryptSync } from 'node:crypto';
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js';

export interface Box {
  kdf: { name: string; params: Record<string, number>; salt: string };
  cipher: { name: string; nonce: string };
  ciphertext: string;
}

/** A private key as `cosign generate-key-pair` writes it, with cheap parameters. */
export function encryptKey(
  content: Uint8Array,
  password: string,
  change: (box: Box) => unknown = (box) => box,
  name = 'SIGSTORE',
): string {
  const salt = randomBytes(32);
  const nonce = randomBytes(24);
  const params = { N: 1024, r: 8, p: 1 };
  const key = scryptSync(password, salt, 32, params);
  const box = {
    kdf: { name: 'scrypt', params, salt: salt.toString('base64') },
    cipher: { name: 'nacl/secretbox', nonce: nonce.toString('base64') },
    ciphertext: Buffer.from(xsalsa20poly1305(key, nonce).encrypt(content)).toString('base64'),
  };
  const text = Buffer.from(JSON.stringify(change(box))).toString('base64');
  const label = `ENCRYPTED ${name} PRIVATE KEY`;
  return `-----BEGIN ${label}-----\n${text.match(/.{1,64}/g)?.join('\n')}\n-----END ${label}-----\n`;
}
