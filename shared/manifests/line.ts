import type { Digest } from '../image/digest.ts';
import type { ImageName } from './name.ts';

/** Characters `start` to `end` of a file become `text`. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** One place in a file that names an image, and how to make it name a digest. */
export interface ImageLine extends ImageName {
  /** From 1. */
  readonly line: number;
  /** True for the name that a build gives to what it makes: its tag is no reference to anything. */
  readonly built?: boolean;
  /** Why nobody can tell from here which tag is meant, where `tag` is undefined and not "latest". */
  readonly untold?: string;
  /**
   * The edits after which this place names `digest`: never more than the value, except where Kustomize and Helm have a key of its own for it.
   * With `tag` it stays beside the digest, which is what counts then; else nothing but the digest is left where the place is one value.
   */
  pin(digest: Digest, tag?: string): readonly Edit[];
}

/** A place that looks like an image and cannot be changed safely. */
export interface SkippedLine {
  readonly line: number;
  /** What stands there. */
  readonly text: string;
  readonly reason: string;
}

/** What a file says of images. */
export interface FoundImages {
  readonly images: readonly ImageLine[];
  readonly skipped: readonly SkippedLine[];
}

/** Parts what was found into what can be changed and what cannot; a place without a value is neither. */
export function partFound(found: readonly (ImageLine | SkippedLine | undefined)[]): FoundImages {
  const there = found.filter((one) => one !== undefined);
  return {
    images: there.filter((one) => 'pin' in one),
    skipped: there.filter((one): one is SkippedLine => !('pin' in one)),
  };
}

/** The text after some edits, which may come in any order; the same edit twice (an anchor that several places name) is made once. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  const sorted = [
    ...new Map(edits.map((edit) => [`${edit.start}-${edit.end}-${edit.text}`, edit])).values(),
  ].sort((a, b) => a.start - b.start);
  let result = '';
  let at = 0;
  for (const edit of sorted) {
    if (edit.start < at) throw new Error(`two different edits at character ${edit.start}`);
    result += text.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return result + text.slice(at);
}
