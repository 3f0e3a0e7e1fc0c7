import type { Digest } from '../image/digest.ts';
import { findImages } from './find.ts';
import { applyEdits, type ImageLine } from './line.ts';
import { expandName } from './name.ts';

/** A file after its images of one repository were set to a digest. */
export interface UpdatedManifest {
  readonly text: string;
  /** The places that named something else before. */
  readonly changed: readonly ImageLine[];
  /** All places that name the repository. */
  readonly found: readonly ImageLine[];
}

/** Makes every place of a file that names `repository` (`registry/path`) name `digest`; every other byte stays. Undefined for a file that is no manifest. */
export function updateManifest(
  file: string,
  text: string,
  repository: string,
  digest: Digest,
): UpdatedManifest | undefined {
  const images = findImages(file, text);
  if (images === undefined) return undefined;
  const found = images.images.filter(({ name }) => expandName(name) === expandName(repository));
  const changed = found.filter((image) => image.digest !== digest);
  return {
    text: applyEdits(
      text,
      changed.flatMap((image) => image.pin(digest)),
    ),
    changed,
    found,
  };
}
