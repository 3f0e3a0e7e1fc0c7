import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { RunContext } from '../../shared/github/context.ts';
import { Invalid } from '../../shared/outcome/outcome.ts';
import { fingerprintOf, readPrivateKey } from '../../shared/sigstore/key.ts';
import { type Box, encryptKey } from './cosign-key.ts';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' });
const PASSWORD = 'correct horse';

const encrypt = (content: Uint8Array, change?: (box: Box) => unknown, name?: string): string =>
  encryptKey(content, PASSWORD, change, name);

function read(pem: string, password: string | undefined = PASSWORD) {
  const variables: Record<string, string | undefined> = { SIGNING_KEY: pem, COSIGN_PASSWORD: password };
  const context = { readNamedVariable: (name: string) => variables[name] } as Partial<RunContext>;
  return readPrivateKey('SIGNING_KEY', context as RunContext);
}

test.each(['SIGSTORE', 'COSIGN'])('a key in the armour of %s opens with its password', (name) => {
  expect(fingerprintOf(read(encrypt(pkcs8, undefined, name)))).toBe(
    fingerprintOf(createPublicKey(privateKey)),
  );
});

describe('what does not open, and shows nothing of key or password', () => {
  const params = (given: Record<string, number>) => (box: Box) => ({
    ...box,
    kdf: { ...box.kdf, params: { ...box.kdf.params, ...given } },
  });
  const cosigns = /^key: the cosign key in SIGNING_KEY is not encrypted as cosign does it/;
  const password = /^key: the cosign key in SIGNING_KEY does not open with the password in COSIGN_PASSWORD/;
  const other = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
  test.each<[string, string, string | undefined, RegExp]>([
    ['another password', encrypt(pkcs8), 'wrong', password],
    ['no password', encrypt(pkcs8), '', password],
    [
      'an altered box',
      encrypt(pkcs8, (box) => ({ ...box, ciphertext: `AAAA${box.ciphertext.slice(4)}` })),
      PASSWORD,
      password,
    ],
    ['a memory of 4 GiB', encrypt(pkcs8, params({ N: 2 ** 22 })), PASSWORD, cosigns],
    ['many blocks', encrypt(pkcs8, params({ p: 2 ** 30 })), PASSWORD, cosigns],
    ['an N that is no power of two', encrypt(pkcs8, params({ N: 1000 })), PASSWORD, cosigns],
    [
      'another cipher',
      encrypt(pkcs8, (box) => ({ ...box, cipher: { ...box.cipher, name: 'aes' } })),
      PASSWORD,
      cosigns,
    ],
    [
      'a short nonce',
      encrypt(pkcs8, (box) => ({ ...box, cipher: { ...box.cipher, nonce: 'AAAA' } })),
      PASSWORD,
      cosigns,
    ],
    ['no box', encrypt(pkcs8, () => 'hello'), PASSWORD, cosigns],
    [
      'no key inside',
      encrypt(Buffer.from('hello')),
      PASSWORD,
      /^key: the cosign key in SIGNING_KEY holds no PKCS#8 key/,
    ],
    [
      'a curve that cosign signs and verifies differently',
      encrypt(other.export({ format: 'der', type: 'pkcs8' })),
      PASSWORD,
      /^key: may be ECDSA P-256/,
    ],
  ])('%s', (_, pem, given, message) => {
    let thrown: unknown;
    try {
      read(pem, given);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(Invalid);
    const { message: said, cause } = thrown as Invalid;
    expect(said).toMatch(message);
    expect([said, String(cause)].join()).not.toContain(pem.split('\n')[1]);
  });
});
