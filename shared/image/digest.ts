import { Invalid } from '../outcome/outcome.ts';

declare const digestBrand: unique symbol;

/** A checked content digest, `sha256:<64 hex>` or `sha512:<128 hex>` (OCI image-spec, descriptor.md "Digests"). Only `parseDigest` makes one. */
export type Digest = string & { readonly [digestBrand]: true };

const pattern = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/** True when `text` is a whole, lower-case sha256 or sha512 digest. */
export function isDigest(text: string): text is Digest {
  return pattern.test(text);
}

/** Every digest that stands anywhere in a text, each once. */
export function findDigests(text: string): Digest[] {
  return [...new Set(text.match(/sha(?:512:[0-9a-f]{128}|256:[0-9a-f]{64})/g) ?? [])].filter(isDigest);
}

/**
 * Checks a digest. Throws `Invalid` naming `input` when the algorithm is unknown, the length is wrong or a character is not lower-case hex.
 */
export function parseDigest(text: string, input = 'digest'): Digest {
  if (isDigest(text)) return text;
  const [algorithm, hex = ''] = text.split(':', 2);
  const wanted = algorithm === 'sha512' ? 128 : 64;
  const known = algorithm === 'sha256' || algorithm === 'sha512';
  throw new Invalid(
    input,
    known && /^[0-9a-f]*$/.test(hex)
      ? `a ${algorithm} digest has ${wanted} hex digits, this one has ${hex.length}`
      : 'a digest is "sha256:" and 64 lower-case hex digits, or "sha512:" and 128',
  );
}

/** The hex part of a digest. */
export function digestHex(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}

/** The algorithm of a digest: `sha256` or `sha512`. */
export function digestAlgorithm(digest: Digest): 'sha256' | 'sha512' {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256';
}

/** The first twelve hex digits: what people see. Never compared, never resolved. */
export function shortDigest(digest: Digest): string {
  return digestHex(digest).slice(0, 12);
}
