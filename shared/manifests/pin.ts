import type { Digest } from '../image/digest.ts';
import { applyEdits, type ImageLine, type SkippedLine } from './line.ts';
import { expandName } from './name.ts';
import { findReferences } from './references.ts';
import type { ActionLine, WorkflowReferences } from './workflows.ts';

/** What a reference names for ever: an image's digest, or an action's commit with the version that stands in the comment. */
export interface Pinned {
  readonly id: string;
  readonly version: string;
}

/** What of a file may move, and what cannot be told. */
export interface SortedReferences {
  /** Named by a tag or a branch alone. */
  readonly floating: readonly (ImageLine | ActionLine)[];
  /** Images by digest with a tag beside it, which may name a newer one by now. */
  readonly dated: readonly ImageLine[];
  /** Actions by commit. */
  readonly committed: readonly ActionLine[];
  /** Places of which nobody can tell from here what they name. */
  readonly left: readonly SkippedLine[];
}

/** Sorts what a file refers to; what `isExcepted` knows by its name is left out. */
export function sortReferences(
  found: WorkflowReferences,
  isExcepted: (names: readonly string[]) => boolean,
): SortedReferences {
  const images = found.images.filter((image) => image.built !== true && !isExcepted(namesOf(image)));
  const actions = found.actions.filter((action) => !isExcepted(namesOf(action)));
  const skipped = found.skipped.filter(({ text }) => !isExcepted([text]));
  return {
    floating: [
      ...images.filter(({ digest, untold }) => digest === undefined && untold === undefined),
      ...actions.filter((action) => !isCommit(action.ref)),
    ],
    dated: images.filter(({ digest, tag }) => digest !== undefined && tag !== undefined),
    committed: actions.filter(({ ref }) => isCommit(ref)),
    left: [
      ...skipped,
      ...images.flatMap(({ digest, untold, name, line }) =>
        digest === undefined && untold !== undefined ? [{ line, text: name, reason: untold }] : [],
      ),
    ],
  };
}

function isCommit(ref: string): boolean {
  return /^[0-9a-f]{40}$/.test(ref);
}

function namesOf(place: ImageLine | ActionLine): string[] {
  if ('owner' in place) return [`${place.owner}/${place.repo}`];
  return [place.name, expandName(place.name), formatReference(place)];
}

/** A list of names as a test: whole names, in which `*` stands for any characters. */
export function matchNames(patterns: readonly string[]): (names: readonly string[]) => boolean {
  const expressions = patterns.map(
    (pattern) =>
      new RegExp(
        `^${pattern
          .split('*')
          .map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'))
          .join('.*')}$`,
      ),
  );
  return (names) => names.some((name) => expressions.some((expression) => expression.test(name)));
}

/** What a place refers to, as a person would write it: `nginx:1.27`, `actions/checkout@v4`. */
export function formatReference(place: ImageLine | ActionLine): string {
  if ('owner' in place) return `${place.owner}/${place.repo}@${place.ref}`;
  return `${place.name}:${tagOf(place)}`;
}

/** The tag that is meant: without one a runtime asks for `latest`. */
export function tagOf({ tag }: ImageLine): string {
  return tag ?? 'latest';
}

/** Places of a file, and what each is pinned to. */
export type Pins = ReadonlyMap<ImageLine | ActionLine, Pinned>;

/**
 * Makes places of a file name what they are pinned to; every other byte stays. Then the file is read again: undefined, so that it is better left as it
 * is, where it does not say exactly the same but for those places.
 */
export function pinReferences(
  file: string,
  text: string,
  found: WorkflowReferences,
  pins: Pins,
): string | undefined {
  const after = applyEdits(
    text,
    [...pins].flatMap(([place, { id, version }]) =>
      'owner' in place ? place.pin(id, version) : place.pin(id as Digest, version),
    ),
  );
  const again = findReferences(file, after);
  return typeof again === 'object' && describe(again) === describe(found, pins) ? after : undefined;
}

function describe({ images, actions, skipped }: WorkflowReferences, pins?: Pins): string {
  return JSON.stringify([
    images.map((image) => {
      const { id = image.digest, version = image.tag } = pins?.get(image) ?? {};
      return [image.name, version, id];
    }),
    actions.map((action) => {
      const { id = action.ref, version = action.version } = pins?.get(action) ?? {};
      return [action.owner, action.repo, id, version];
    }),
    skipped.map(({ text }) => text),
  ]);
}
