import type { Digest } from '../image/digest.ts';
import type { Signer } from './identity.ts';
import type { EvidenceKind, Role } from './predicate.ts';
import type { Statement } from './statement.ts';

/** A statement whose bundle verified cryptographically: signature, certificate chain, log, timestamps. Says nothing yet of whether its signer is trusted. */
export interface VerifiedStatement {
  readonly statement: Statement;
  readonly signer: Signer;
  /** When it was signed, by the log or a timestamp authority, as ISO 8601; undefined for a key-signed bundle without either. */
  readonly signedAt: string | undefined;
  /** The transparency log's index, when there is an entry. */
  readonly logIndex: string | undefined;
}

/** A verified statement that names at least one subject of the image, whoever signed it. */
export interface FoundStatement extends VerifiedStatement {
  /** The subjects of this image (index and platform manifests) that the statement names. Never empty. */
  readonly subjects: readonly Digest[];
  /** Digest of the referrer manifest that carries the bundle; of the bundle where none does. */
  readonly source: Digest;
}

/** A verified statement that is about this image and whose signer holds a role that may say it. The only thing a policy ever sees. */
export interface Evidence extends FoundStatement {
  readonly kind: EvidenceKind;
  /** The roles (of those that count for this kind) that the signer holds. Never empty. */
  readonly roles: readonly Role[];
}

/** What was found beside an image and does not count, with the reason. */
export interface Rejected {
  readonly source: Digest;
  readonly predicateType: string | undefined;
  readonly signer: Signer | undefined;
  readonly reason: string;
  /** True for what would count, had the policy not distrusted it. */
  readonly distrusted?: boolean;
}

/** Everything known of one image at one moment: read once, then frozen, so that what was judged is what is copied. */
export interface VerifiedImage {
  readonly image: string;
  readonly digest: Digest;
  readonly evidence: readonly Evidence[];
  readonly rejected: readonly Rejected[];
}
