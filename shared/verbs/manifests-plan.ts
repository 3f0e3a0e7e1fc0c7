import { posix } from 'node:path';
import type { Github } from '../github/api.ts';
import { type FileChange, type Head, listFiles, readHead, readText } from '../github/branch.ts';
import type { Repository } from '../github/pulls.ts';
import type { Digest } from '../image/digest.ts';
import { findImages } from '../manifests/find.ts';
import { updateManifest } from '../manifests/update.ts';
import { Invalid } from '../outcome/outcome.ts';

/** What is to be written on top of one head. */
export interface ManifestsPlan {
  readonly head: Head;
  /** Those that change; empty when all name the digest already. */
  readonly files: readonly FileChange[];
  /** All files that name the image. */
  readonly paths: readonly string[];
  /** Image lines that change. */
  readonly lines: number;
  /** What is left as it is, and why. */
  readonly notices: readonly string[];
}

/** Files that are read at most: each is a request. */
const MOST_FILES = 200;
/** Files that an error names. */
const NAMED = 10;

/** Files of one branch, as paths and globs. */
interface ManifestsBranch {
  readonly repository: Repository;
  /** Undefined for the default one. */
  readonly branch: string | undefined;
  readonly paths: readonly string[];
}

/** A file of a branch; `named` by its path, not by a glob alone. */
interface ManifestFile {
  readonly path: string;
  readonly mode: string;
  readonly named: boolean;
  readonly text: string;
}

/** Reads the files of a branch at its head. Throws `Invalid` for a path or glob that names none. */
export async function readManifests(
  github: Github,
  from: ManifestsBranch,
): Promise<{ head: Head; files: readonly ManifestFile[] }> {
  const head = await readHead(github, from.repository, from.branch);
  const chosen = chooseFiles(await listFiles(github, head), from.paths, head);
  const files = await Promise.all(
    chosen.map(async (file) => ({ ...file, text: await readText(github, head, file.path) })),
  );
  return { head, files };
}

/**
 * Reads a branch and says what has to change so that every place that names `repository` (`ghcr.io/octo/app`) names `digest`.
 * Throws `Invalid` when there is nothing to read, a named path is no manifest, or no file names the repository.
 */
export async function planManifests(
  github: Github,
  from: ManifestsBranch,
  repository: string,
  digest: Digest,
): Promise<ManifestsPlan> {
  const name = `${from.repository.owner}/${from.repository.repo}`;
  const { head, files: read } = await readManifests(github, from);
  const notices: string[] = [];
  const naming = read.flatMap(({ path, mode, named, text }) => {
    const updated = updateManifest(path, text, repository, digest);
    if (updated === undefined && named) {
      throw new Invalid(
        'manifests',
        `${name}/${path} is no Kubernetes object, kustomization, Helm values or Compose file, or is a template`,
      );
    }
    if (updated === undefined) {
      notices.push(`${name}/${path} is no manifest, or is a template: left as it is.`);
      return [];
    }
    for (const { line, reason } of findImages(path, text)?.skipped ?? []) {
      notices.push(`${name}/${path}:${line} is left as it is: ${reason}`);
    }
    return updated.found.length > 0 ? [{ path, mode, before: text, ...updated }] : [];
  });
  if (naming.length === 0) {
    const shown = read.slice(0, NAMED).map(({ path }) => path);
    const more = read.length > NAMED ? ` and ${read.length - NAMED} more` : '';
    throw new Invalid(
      'manifests',
      `none of ${shown.join(', ')}${more} in ${name} names an image of ${repository}`,
      {
        hint: `Write the image once, as in "image: ${repository}@${digest}"; from then on promote keeps it.`,
      },
    );
  }
  const changing = naming.filter(({ text, before }) => text !== before);
  return {
    head,
    files: changing.map(({ path, mode, text: content }) => ({ path, mode, content })),
    paths: naming.map(({ path }) => path),
    lines: changing.reduce((sum, { changed }) => sum + changed.length, 0),
    notices,
  };
}

/** The files that paths and globs name. A path without a file, and a glob without a match, are `Invalid`. */
function chooseFiles(
  files: readonly { path: string; mode: string }[],
  wanted: readonly string[],
  { owner, repo, branch }: Head,
): { path: string; mode: string; named: boolean }[] {
  const place = `${owner}/${repo} at ${branch}`;
  const chosen = new Map<string, { path: string; mode: string; named: boolean }>();
  for (const path of wanted) {
    const isGlob = /[*?[{]/.test(path);
    const found = files.filter((file) => (isGlob ? posix.matchesGlob(file.path, path) : file.path === path));
    if (found.length === 0) throw new Invalid('manifests', `${place} has no file ${path}`);
    for (const file of found) {
      const named = !isGlob || chosen.get(file.path)?.named === true;
      chosen.set(file.path, { ...file, named });
    }
  }
  if (chosen.size > MOST_FILES) {
    throw new Invalid('manifests', `names ${chosen.size} files of ${place}; it may be ${MOST_FILES}`);
  }
  return [...chosen.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}
