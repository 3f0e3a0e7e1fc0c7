import { scryptSync } from 'node:crypto';
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js';
import * as z from 'zod';

/** The armours of `cosign generate-key-pair`: today's, and that of cosign 1. */
const ARMOUR =
  /^\s*-----BEGIN ENCRYPTED (SIGSTORE|COSIGN) PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END ENCRYPTED \1 PRIVATE KEY-----\s*$/;

/** The most memory that a file may ask of us, in bytes, over all its blocks. cosign's own parameters ask for 64 MiB. */
const MEMORY_LIMIT = 256 * 1024 * 1024;

const bytes = (length: number) =>
  z
    .base64()
    .transform((text) => Buffer.from(text, 'base64'))
    .refine((value) => value.length === length);

/** What the armour holds (go-securesystemslib, package encrypted). */
const boxSchema = z.object({
  kdf: z.object({
    name: z.literal('scrypt'),
    params: z
      .object({
        N: z
          .int()
          .min(2)
          .refine((n) => Number.isInteger(Math.log2(n))),
        r: z.int().min(1),
        p: z.int().min(1),
      })
      .refine(({ N, r, p }) => 128 * N * r * p <= MEMORY_LIMIT),
    salt: bytes(32),
  }),
  cipher: z.object({ name: z.literal('nacl/secretbox'), nonce: bytes(24) }),
  ciphertext: z.base64().transform((text) => Buffer.from(text, 'base64')),
});

/** Whether a text is a private key as cosign encrypts it. */
export function isCosignKey(text: string): boolean {
  return ARMOUR.test(text);
}

/** The PKCS#8 DER in a private key that cosign encrypted. Throws an `Error` for a file that is none, and for a wrong password; neither shows any of it. */
export function decryptCosignKey(text: string, password: string): Buffer {
  let box: z.infer<typeof boxSchema>;
  try {
    box = boxSchema.parse(JSON.parse(Buffer.from(ARMOUR.exec(text)?.[2] ?? '', 'base64').toString()));
  } catch {
    throw new Error('is not encrypted as cosign does it (scrypt within 256 MiB, and secretbox)');
  }
  const { N, r, p } = box.kdf.params;
  const key = scryptSync(password, box.kdf.salt, 32, { N, r, p, maxmem: 2 * MEMORY_LIMIT });
  try {
    return Buffer.from(xsalsa20poly1305(key, box.cipher.nonce).decrypt(box.ciphertext));
  } catch {
    throw new Error('does not open with the password in COSIGN_PASSWORD');
  }
}
