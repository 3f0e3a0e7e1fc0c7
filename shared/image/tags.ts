import { parse } from 'semver';
import { Invalid } from '../outcome/outcome.ts';
import { isTag } from './reference.ts';

/*
 * The rule of tags: a tag names one image for ever. What a later build would take too (`latest`, `main`, `1.2`) is floating
 * and is refused; what other parts of the suite write (`sha-`, `pr-`, `env-`, `sha256-`) is theirs alone.
 */

/** Whose commit an image is of: a commit of the repository, or the head of a pull request. */
export type CommitName =
  | { readonly kind: 'commit'; readonly commit: string }
  | { readonly kind: 'pull-request'; readonly number: number; readonly head: string };

/** `sha-<40 hex>`, or `pr-<number>-<40 hex of the pull request's head>`: the tag that build alone gives. */
export function commitTag(name: CommitName): string {
  return name.kind === 'commit' ? `sha-${name.commit}` : `pr-${name.number}-${name.head}`;
}

/**
 * The version that a git tag names: `refs/tags/v1.2.3` and `refs/tags/1.2.3-rc.1` give `1.2.3` and `1.2.3-rc.1` (semver.org 2.0.0).
 * Undefined for any other ref. Build metadata is `Invalid`: `+` may not stand in an image's tag, and without it two releases would share one.
 */
export function versionOf(ref: string | undefined): string | undefined {
  const name = /^refs\/tags\/v?(\d.*)$/.exec(ref ?? '')?.[1];
  const version = name === undefined ? null : parse(name);
  if (version === null || name === undefined) return undefined;
  if (version.build.length > 0) {
    throw new Invalid(
      'ref',
      `the git tag's version "${name}" carries build metadata, which an image's tag cannot hold`,
      { hint: `Tag the release as ${version.version}, or as a pre-release such as ${version.version}-1.` },
    );
  }
  return version.version;
}

/** The branch of `refs/heads/…`, undefined for any other ref. */
function branchOf(ref: string | undefined): string | undefined {
  return /^refs\/heads\/(.+)$/.exec(ref ?? '')?.[1];
}

const reserved: readonly [RegExp, string][] = [
  [/^(?:sha|pr)-/i, 'is given by build alone, to the commit that it built'],
  [/^env-/i, 'belongs to an environment; promote writes it'],
  [/^sha(?:256|512)-/i, 'belongs to the evidence beside an image'],
];

// `1`, `v1`, `1.2`, `1.2-alpine`, `1.x`; not `1.2.3`, nor a date such as 2026-11-21 or 20261121.
const partialVersion = /^v?\d{1,4}(?:\.\d{1,4})?(?:[-_.][a-z].*)?$/i;

/**
 * Why a tag may not be given; undefined when it may. `ref` is the run's, to know its branch. Of one that is `lasting`, because it was made of a
 * commit or a whole version, only the form and the owner are looked at.
 */
export function explainRefusal(tag: string, ref: string | undefined, lasting = false): string | undefined {
  if (!isTag(tag)) return 'is no tag; a tag is up to 128 letters, digits, ".", "_" and "-"';
  const owner = reserved.find(([pattern]) => pattern.test(tag));
  if (owner) return owner[1];
  if (lasting) return undefined;
  if (tag === branchOf(ref)?.replaceAll('/', '-')) return "is a branch's name: the next commit would take it";
  if (!/\d/.test(tag)) return 'is floating: nothing in it keeps the next build from taking it';
  if (partialVersion.test(tag))
    return 'is floating: an incomplete version, which the next release would take';
  return undefined;
}

/**
 * Checks the tags that a caller asks for and returns them without repetitions. `ref` is the run's, to know its branch.
 * Throws `Invalid` naming `input` with the reason for every tag that is not allowed.
 */
export function checkTags(tags: readonly string[], ref: string | undefined, input = 'tags'): string[] {
  const reasons = tags.flatMap((tag) => {
    const reason = explainRefusal(tag, ref);
    return reason === undefined ? [] : [`"${tag}" ${reason}`];
  });
  if (reasons.length > 0) {
    throw new Invalid(input, reasons.join('; '), {
      hint: 'A tag names one image for ever: use a whole version (1.2.3), a date (2026-11-21) or a build number (build-42).',
    });
  }
  return [...new Set(tags)];
}
