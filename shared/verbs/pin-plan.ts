import { isUtf8 } from 'node:buffer';
import { join, posix } from 'node:path';
import type { RunContext } from '../github/context.ts';
import type { ImageLine, SkippedLine } from '../manifests/line.ts';
import { matchNames, type SortedReferences, sortReferences } from '../manifests/pin.ts';
import { findReferences, mayRefer } from '../manifests/references.ts';
import type { ActionLine, WorkflowReferences } from '../manifests/workflows.ts';
import { Invalid } from '../outcome/outcome.ts';
import { listWorkspace, type RegularFile, readRegular } from '../workspace/list.ts';

/** A file of the workspace that refers to images or actions. */
export interface ReferringFile extends SortedReferences, RegularFile {
  readonly path: string;
  readonly text: string;
  readonly found: WorkflowReferences;
}

/** A place that floats, or may. */
export type Reference = ImageLine | ActionLine;

/** What of the workspace refers to something. */
export interface FoundFiles {
  /** All that were looked at. */
  readonly count: number;
  readonly files: readonly ReferringFile[];
  /** Files that are of a kind that refers and cannot be read as a whole, and why. */
  readonly unread: readonly (SkippedLine & { readonly path: string })[];
}

/** A longer file is none that somebody wrote, in bytes. */
const MAX_SIZE = 4 * 1024 * 1024;

/**
 * Reads every file of the workspace that `paths` names (all that are of a known kind when empty; `!` excludes) and finds what it refers to.
 * Throws `Invalid` when a path names nothing.
 */
export function findFiles(
  { paths, except }: { readonly paths: readonly string[]; readonly except: readonly string[] },
  { workspace }: RunContext,
): FoundFiles {
  const chosen = chooseFiles(listWorkspace(workspace), paths);
  const isExcepted = matchNames(except);
  const read = chosen.map((path) => {
    const file = readRegular(join(workspace, path), MAX_SIZE);
    if (file === undefined) return { path, reason: `cannot be read, or has more than ${MAX_SIZE} bytes` };
    const text = file.bytes.toString('utf8');
    if (!isUtf8(file.bytes)) return { path, reason: 'is not UTF-8' };
    const found = findReferences(path, text);
    if (typeof found !== 'object') return { path, reason: found };
    return { path, ...file, text, found, ...sortReferences(found, isExcepted) };
  });
  return {
    count: chosen.length,
    files: read.filter((one) => 'found' in one),
    unread: read.flatMap((one) =>
      'reason' in one && one.reason !== undefined
        ? [{ path: one.path, line: 1, text: one.path, reason: one.reason }]
        : [],
    ),
  };
}

function chooseFiles(all: readonly string[], paths: readonly string[]): string[] {
  for (const path of paths) {
    const segments = path.replace(/^!/, '').split('/');
    if (segments.some((segment) => segment === '' || segment === '.' || segment === '..')) {
      throw new Invalid(
        'paths',
        `takes paths and globs below the workspace, with ! to exclude, not "${path}"`,
      );
    }
  }
  const matches = (file: string, path: string): boolean =>
    /[*?[{]/.test(path) ? posix.matchesGlob(file, path) : file === path || file.startsWith(`${path}/`);
  const excluded = paths.filter((path) => path.startsWith('!')).map((path) => path.slice(1));
  const included = paths.filter((path) => !path.startsWith('!'));
  const known = all.filter(mayRefer).filter((file) => !excluded.some((path) => matches(file, path)));
  if (included.length === 0) {
    if (known.length > 0) return known;
    throw new Invalid('paths', 'the workspace holds no file that names images or actions', {
      hint: 'Check the repository out before this step.',
    });
  }
  const chosen = new Set<string>();
  for (const path of included) {
    const found = known.filter((file) => matches(file, path));
    if (found.length === 0)
      throw new Invalid('paths', `"${path}" names no file of a kind that refers to images or actions`);
    for (const file of found) chosen.add(file);
  }
  return [...chosen].sort();
}
