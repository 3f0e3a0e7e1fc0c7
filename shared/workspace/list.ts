import { closeSync, constants, type Dirent, fstatSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Invalid } from '../outcome/outcome.ts';

/*
 * Thousands of small files, so all of this waits for the disk itself: a round trip to a thread and back takes several times as long as to read one.
 */

/** Folders that hold what others wrote and nobody of this repository edits. */
const PASSED = new Set(['.git', 'node_modules', '.terraform']);
/** A workspace with more files is not looked through. */
const MOST = 500_000;

/**
 * Every regular file below a folder, as `deploy/app.yaml`, sorted. Symbolic links are not followed; .git, node_modules and .terraform are passed over.
 */
export function listWorkspace(root: string): string[] {
  const found: string[] = [];
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of readFolder(join(root, folder), folder)) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isFile()) found.push(path);
      else if (entry.isDirectory() && !PASSED.has(entry.name)) folders.push(path);
    }
    if (found.length > MOST) throw new Invalid('paths', `the workspace holds more than ${MOST} files`);
  }
  return found.sort();
}

function readFolder(path: string, name: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Invalid('paths', `the folder ${name || path} cannot be read (${code})`, { cause });
  }
}

/** A regular file as it was read. */
export interface RegularFile {
  readonly bytes: Buffer;
  /** Its permissions. */
  readonly mode: number;
}

/** Reads a regular file; undefined when it cannot be read, is a symbolic link by now, or has more than `limit` bytes. */
export function readRegular(path: string, limit: number): RegularFile | undefined {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    const status = fstatSync(file);
    if (!status.isFile() || status.size > limit) return undefined;
    return { bytes: readFileSync(file), mode: status.mode & 0o7777 };
  } finally {
    closeSync(file);
  }
}
