import { type Digest, isDigest } from '../image/digest.ts';

/** Something that runs, as its orchestrator tells it, before anybody has looked which image it is. */
export interface Instance {
  /** `shop/web-7d9f5c-x2k4b`, with the container where there are several. */
  readonly name: string;
  /** What it is an instance of: `shop/web`. */
  readonly workload: string;
  /** As it was asked for: `ghcr.io/octo/app:1.2`. */
  readonly image: string;
  /** Everything that it is called beside that, in the form of a reference. */
  readonly also: readonly string[];
  /** The digest that the runtime gives: of an index, of one platform's manifest, or of its config. Undefined where it gives none. */
  readonly digest: Digest | undefined;
  /** ISO 8601. */
  readonly startedAt: string | undefined;
  /** Why it does not run, or not all of it; undefined where it runs. */
  readonly waiting: string | undefined;
}

/** The digest in what a runtime calls an image: `docker-pullable://ghcr.io/octo/app@sha256:…`, `docker://sha256:…`, `sha256:…`, `ghcr.io/octo/app@sha256:…`. */
export function findDigest(text = ''): Digest | undefined {
  const digest = text.slice(text.lastIndexOf('@') + 1).replace(/^[a-z-]+:\/\//, '');
  return isDigest(digest) ? digest : undefined;
}
