import { isUtf8 } from 'node:buffer';
import { type Dirent, existsSync, readdirSync, readlinkSync, realpathSync, type Stats } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename, isAbsolute, join, posix, relative, resolve, sep } from 'node:path';
import dockerignore from '@balena/dockerignore';
import { Invalid } from '../outcome/outcome.ts';
import { resolveInside } from '../workspace/workspace.ts';

/** One entry of a layer. `path` is relative to the image's root, without slashes at its ends. */
export type FileEntry = { readonly path: string } & (
  | { readonly type: 'directory' }
  | { readonly type: 'file'; readonly source: string }
  | { readonly type: 'symlink'; readonly target: string }
);

// The history of the repository (with the token that actions/checkout may leave in it) and our own layouts are no part of an image.
const LEFT_OUT = new Set(['.git', '.hallmark']);

/**
 * Collects what the `files` input names: one `source:/target` a line, the source relative to `folder`. A folder is taken whole,
 * its content into the target; a file goes to the target, or into it when the target ends with a slash. A later line wins over
 * an earlier one. Sorted by path, with every folder above an entry. `.git`, `.hallmark` and what `.dockerignore` names are left out.
 * Throws `Invalid` for a source that is missing or outside, a link that leads out of `folder`, and devices, sockets and FIFOs.
 */
export async function collectFiles(folder: string, lines: readonly string[]): Promise<FileEntry[]> {
  const entries = new Map<string, FileEntry>();
  const ignored = await readIgnored(folder);
  for (const line of lines) {
    const { source, target } = parseLine(line);
    const path = await resolveInside(folder, source, 'files');
    const facts = await stat(path).catch(() => {
      throw new Invalid('files', `"${source}" does not exist in the context`);
    });
    if (!facts.isDirectory() && ignored(relative(folder, path))) {
      throw new Invalid('files', `"${source}" is left out by .dockerignore`);
    }
    if (facts.isDirectory()) {
      collectFolder({ root: folder, ignored, entries }, relative(folder, path), target.path);
    } else {
      const name = target.intoFolder ? posix.join(target.path, basename(source)) : target.path;
      if (name === '')
        throw new Invalid('files', `"${line}" gives the file "${source}" no name; write its whole path`);
      collectOne({ root: folder, ignored, entries }, relative(folder, path), name, facts);
    }
  }
  addParents(entries);
  return [...entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** A file or folder of this name would delete another one when the layer is unpacked (image-spec, layer.md "Whiteouts"). */
function refuseWhiteout(path: string, shown: string): void {
  if (!/(?:^|\/)\.wh\./.test(path)) return;
  throw new Invalid(
    'files',
    `"${shown}" would be read as a deletion: names in a layer may not begin with ".wh."`,
  );
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
  refuseWhiteout(path, line);
  return { source: line.slice(0, split), target: { path, intoFolder: target.endsWith('/') } };
}

/** The folder that is collected from, and what was found in it so far. */
interface Collection {
  readonly root: string;
  readonly ignored: (path: string) => boolean;
  readonly entries: Map<string, FileEntry>;
}

/** Whether a path of the context is left out by its `.dockerignore` (docs.docker.com, ".dockerignore files"). */
async function readIgnored(folder: string): Promise<(path: string) => boolean> {
  const text = await readFile(join(folder, '.dockerignore'), 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return '';
    throw new Invalid('context', `its .dockerignore cannot be read (${cause.code})`, { cause });
  });
  // Asked of each of tens of thousands of files.
  if (text === '') return () => false;
  const rules = dockerignore.default().add(text);
  return (path) => path !== '' && rules.ignores(path);
}

/** `shown` is the folder's path in the context, as for the rest. */
function collectFolder(collection: Collection, shown: string, target: string): void {
  if (target !== '') add(collection.entries, { path: target, type: 'directory' });
  collectContent(collection, shown, target);
}

function collectContent(collection: Collection, shown: string, target: string): void {
  for (const kind of list(join(collection.root, shown), shown)) {
    const { name } = kind;
    if (!LEFT_OUT.has(name)) collectOne(collection, below(shown, name), below(target, name), kind);
  }
}

function below(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

function collectOne(collection: Collection, shown: string, path: string, kind: Dirent | Stats): void {
  const { root, ignored, entries } = collection;
  // A folder that is left out may hold what a later line of .dockerignore takes in again.
  const leftOut = ignored(shown);
  if (leftOut && !kind.isDirectory()) return;
  refuseWhiteout(path, shown);
  if (kind.isDirectory()) {
    // Otherwise named only by what is in it (`addParents`).
    if (leftOut) collectContent(collection, shown, path);
    else collectFolder(collection, shown, path);
    return;
  }
  const source = `${root}/${shown}`;
  if (kind.isSymbolicLink()) {
    add(entries, { path, type: 'symlink', target: readInnerLink(root, source, shown) });
  } else if (kind.isFile()) {
    add(entries, { path, type: 'file', source });
  } else {
    throw new Invalid(
      'files',
      `"${shown}" is a device, socket or FIFO; an image takes files, folders and links`,
    );
  }
}

/** At once: there may be tens of thousands. */
function list(folder: string, shown: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (cause) {
    throw new Invalid('files', `"${shown}" cannot be read (${(cause as NodeJS.ErrnoException).code})`, {
      cause,
    });
  }
}

/** The link's text, when both what it says and what it leads to stay inside `root`. */
function readInnerLink(root: string, link: string, shown: string): string {
  const target = readLink(link, shown);
  const said = resolve(link, '..', target);
  const real = existsSync(link) ? realpathSync(link) : said;
  if (isAbsolute(target) || !isBelow(root, said) || !isBelow(root, real)) {
    throw new Invalid('files', `"${shown}" is a link that leads out of the context, to "${target}"`, {
      hint: 'Links are kept as links: make it relative and inside the context, or copy the file.',
    });
  }
  return target;
}

/** Node puts U+FFFD where a name is no UTF-8, and the link would lead elsewhere. */
function readLink(link: string, shown: string): string {
  let bytes: Buffer;
  try {
    bytes = readlinkSync(link, 'buffer');
  } catch (cause) {
    throw new Invalid('files', `"${shown}" cannot be read (${(cause as NodeJS.ErrnoException).code})`, {
      cause,
    });
  }
  if (isUtf8(bytes)) return bytes.toString();
  throw new Invalid('files', `"${shown}" is a link to a name that is no UTF-8`);
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
  const added = new Set<string>();
  for (const path of [...entries.keys()]) {
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
      const parent = path.slice(0, at);
      if (added.has(parent)) break;
      add(entries, { path: parent, type: 'directory' });
      added.add(parent);
    }
  }
}
