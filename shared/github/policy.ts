import type { Digest } from '../image/digest.ts';
import type { PolicyFile } from '../policy/file.ts';

/** A policy as it was read from a commit of its protected branch. */
export interface LoadedPolicy {
  readonly file: PolicyFile;
  readonly bytes: Buffer;
  readonly digest: Digest;
  /** `owner/repo/path@<40 hex>` */
  readonly uri: string;
}
