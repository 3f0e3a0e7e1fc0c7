import { lstat, readdir, readlink, realpath, stat } from 'node:fs/promises';
import { basename, isAbsolute, join, posix, relative, resolve, sep } from 'node:path';
import { Invalid } from '../outcome/outcome.ts';
import { resolveInside } from '../workspace/workspace.ts';

/** One entry of a layer. `path` is relative to the image's root, without slashes at its ends. */
export type FileEntry = { readonly path: string } & (
  | { readonly type: 'directory' }
  | { readonly type: 'file'; readonly source: string; readonly executable: boolean }
  | { readonly type: 'symlink'; readonly target: string }
);

// The history of the repository (with the token that actions/checkout may leave in it) and our own layouts are no part of an image.
const LEFT_OUT = new Set(['.git', '.hallmark']);

/**
 * Collects what the `files` input names: one `source:/target` a line, the source relative to `folder`. A folder is taken whole,
 * its content into the target; a file goes to the target, or into it when the target ends with a slash. A later line wins over
 * an earlier one. Sorted by path, with every folder above an entry. `.git` and `.hallmark` are left out.
 * Throws `Invalid` for a source that is missing or outside, a link that leads out of `folder`, and devices, sockets and FIFOs.
 */
export async function collectFiles(folder: string, lines: readonly string[]): Promise<FileEntry[]> {
  const entries = new Map<string, FileEntry>();
  for (const line of lines) {
    const { source, target } = parseLine(line);
    const path = await resolveInside(folder, source, 'files');
    const facts = await stat(path).catch(() => {
      throw new Invalid('files', `"${source}" does not exist in the context`);
    });
    if (facts.isDirectory()) {
      await collectFolder(folder, path, target.path, entries);
    } else {
      const name = target.intoFolder ? posix.join(target.path, basename(source)) : target.path;
      if (name === '')
        throw new Invalid('files', `"${line}" gives the file "${source}" no name; write its whole path`);
      await collectOne(folder, path, name, entries);
    }
  }
  addParents(entries);
  return [...entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function parseLine(line: string): { source: string; target: { path: string; intoFolder: boolean } } {
  const split = line.lastIndexOf(':/');
  if (split <= 0) {
    throw new Invalid(
      'files',
      `"${line}" is no source:/target; write the path in the context, a colon and the absolute path in the image`,
    );
  }
  const target = line.slice(split + 1);
  if (target.includes('\0') || target.split('/').includes('..')) {
    throw new Invalid('files', `"${line}" has a target with ".." or NUL in it`);
  }
  const path = posix.normalize(target).replace(/^\/+|\/+$/g, '');
  return { source: line.slice(0, split), target: { path, intoFolder: target.endsWith('/') } };
}

async function collectFolder(
  root: string,
  folder: string,
  target: string,
  entries: Map<string, FileEntry>,
): Promise<void> {
  if (target !== '') add(entries, { path: target, type: 'directory' });
  for (const name of await readdir(folder)) {
    if (LEFT_OUT.has(name)) continue;
    await collectOne(root, join(folder, name), posix.join(target, name), entries);
  }
}

async function collectOne(
  root: string,
  source: string,
  path: string,
  entries: Map<string, FileEntry>,
): Promise<void> {
  const shown = relative(root, source);
  // A file of this name would delete another one when the layer is unpacked (image-spec, layer.md "Whiteouts").
  if (path.split('/').some((part) => part.startsWith('.wh.'))) {
    throw new Invalid(
      'files',
      `"${shown}" would be read as a deletion: names in a layer may not begin with ".wh."`,
    );
  }
  const facts = await lstat(source).catch((cause: NodeJS.ErrnoException) => {
    throw new Invalid('files', `"${shown}" cannot be read (${cause.code})`, { cause });
  });
  if (facts.isDirectory()) return collectFolder(root, source, path, entries);
  if (facts.isSymbolicLink()) {
    return add(entries, { path, type: 'symlink', target: await readInnerLink(root, source, shown) });
  }
  if (!facts.isFile()) {
    throw new Invalid(
      'files',
      `"${shown}" is a device, socket or FIFO; an image takes files, folders and links`,
    );
  }
  add(entries, { path, type: 'file', source, executable: (facts.mode & 0o111) !== 0 });
}

/** The link's text, when both what it says and what it leads to stay inside `root`. */
async function readInnerLink(root: string, link: string, shown: string): Promise<string> {
  const target = await readlink(link);
  const said = resolve(link, '..', target);
  const real = await realpath(link).catch(() => said);
  if (isAbsolute(target) || !isBelow(root, said) || !isBelow(root, real)) {
    throw new Invalid('files', `"${shown}" is a link that leads out of the context, to "${target}"`, {
      hint: 'Links are kept as links: make it relative and inside the context, or copy the file.',
    });
  }
  return target;
}

function isBelow(root: string, path: string): boolean {
  const inside = relative(root, path);
  return inside !== '..' && !inside.startsWith(`..${sep}`) && !isAbsolute(inside);
}

function add(entries: Map<string, FileEntry>, entry: FileEntry): void {
  const earlier = entries.get(entry.path);
  if (earlier !== undefined && (earlier.type === 'directory') !== (entry.type === 'directory')) {
    throw new Invalid('files', `"/${entry.path}" would be both a folder and a file`);
  }
  entries.set(entry.path, entry);
}

/** Unpackers make missing folders up with modes of their own, so every folder is named. */
function addParents(entries: Map<string, FileEntry>): void {
  for (const path of [...entries.keys()]) {
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
      add(entries, { path: path.slice(0, at), type: 'directory' });
    }
  }
}
