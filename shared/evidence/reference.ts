import { type Digest, digestAlgorithm, digestHex } from '../image/digest.ts';

/** A document that is too large for a statement: stored beside the image, and said of it by digest. */
export const REFERENCE_TYPE = 'https://in-toto.io/attestation/reference/v0.1';

/** The predicate of in-toto attestation spec/predicates/reference.md. `attester` is a URI; `location` a URL, where the document has one. */
export function buildReference(
  attester: string,
  document: { name: string; digest: Digest; mediaType: string; location: string | undefined },
): unknown {
  const { name, digest, mediaType, location } = document;
  return {
    attester: { id: attester },
    references: [
      {
        name,
        digest: { [digestAlgorithm(digest)]: digestHex(digest) },
        mediaType,
        ...(location !== undefined && { downloadLocation: location }),
      },
    ],
  };
}
