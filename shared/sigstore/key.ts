import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { RunContext } from '../github/context.ts';
import { Invalid } from '../outcome/outcome.ts';
import { resolveInside } from '../workspace/workspace.ts';
import { decryptCosignKey, isCosignKey } from './encrypted.ts';

/**
 * The private key in the environment variable that the input `key` names: PKCS#8 PEM, or as cosign encrypts it, with the password in
 * COSIGN_PASSWORD. Throws `Invalid`, never with any of the value.
 */
export function readPrivateKey(variable: string, context: RunContext): KeyObject {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(variable)) {
    throw new Invalid('key', 'takes the NAME of an environment variable, not a key', {
      hint: 'Put the secret into the environment of the step, as SIGNING_KEY say, and write key: SIGNING_KEY.',
    });
  }
  const pem = context.readNamedVariable(variable);
  if (pem === undefined)
    throw new Invalid('key', `names the environment variable ${variable}, which is not set`);
  if (isCosignKey(pem)) {
    const password = context.readNamedVariable('COSIGN_PASSWORD') ?? '';
    try {
      const der = decryptCosignKey(pem, password);
      return checkAlgorithm(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
    } catch (error) {
      if (error instanceof Invalid) throw error;
      // OpenSSL's words may quote what it read.
      const why = error instanceof Error && !('code' in error) ? error.message : 'holds no PKCS#8 key inside';
      throw new Invalid('key', `the cosign key in ${variable} ${why}`);
    }
  }
  if (/-----BEGIN ENCRYPTED/.test(pem)) {
    throw new Invalid('key', `${variable} holds a key that is encrypted, and not by cosign`, {
      hint: 'A secret store keeps it encrypted already: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256',
    });
  }
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    throw new Invalid('key', `${variable} holds no private key in PKCS#8 PEM`);
  }
  return checkAlgorithm(key);
}

/** The public key in a PEM file of the workspace. Throws `Invalid` naming `key`. */
export async function readPublicKey(path: string, context: RunContext): Promise<KeyObject> {
  const file = await resolveInside(context.workspace, path, 'key');
  const pem = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new Invalid('key', `"${path}" cannot be read (${cause.code})`, { cause });
  });
  return parsePublicKey(pem, 'key', path);
}

/** A public key in PEM, from the file at `path` that `input` is about. Throws `Invalid` naming both. */
export function parsePublicKey(pem: string, input: string, path: string): KeyObject {
  // createPublicKey would take a private key too and pass over what it is.
  if (!pem.includes('-----BEGIN PUBLIC KEY-----'))
    throw new Invalid(input, `"${path}" holds no public key in PEM`);
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch (cause) {
    throw new Invalid(input, `"${path}" holds no public key in PEM`, { cause });
  }
  return checkAlgorithm(key, input);
}

/** sha256 of the public key's SPKI DER, in hex: how identity rules name a key. */
export function fingerprintOf(key: KeyObject): string {
  const spki = (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'der', type: 'spki' });
  return createHash('sha256').update(spki).digest('hex');
}

/** The keys that cosign signs and verifies with in the same way as we do. */
function checkAlgorithm(key: KeyObject, input = 'key'): KeyObject {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  const fits =
    (type === 'ec' && details?.namedCurve === 'prime256v1') ||
    type === 'ed25519' ||
    (type === 'rsa' && (details?.modulusLength ?? 0) >= 2048);
  if (!fits) throw new Invalid(input, 'may be ECDSA P-256, Ed25519, or RSA of 2048 bits and more');
  return key;
}
