import { constants } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Invalid } from '../outcome/outcome.ts';

/** Folders that hold what others wrote and nobody of this repository edits. */
const PASSED = new Set(['.git', 'node_modules', '.terraform']);
/** A workspace with more files is not looked through. */
const MOST = 500_000;

/**
 * Every regular file below a folder, as `deploy/app.yaml`, sorted. Symbolic links are not followed; .git, node_modules and .terraform are passed over.
 */
export async function listWorkspace(root: string): Promise<string[]> {
  const found: string[] = [];
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isFile()) found.push(path);
      else if (entry.isDirectory() && !PASSED.has(entry.name)) folders.push(path);
    }
    if (found.length > MOST) throw new Invalid('paths', `the workspace holds more than ${MOST} files`);
  }
  return found.sort();
}

/** The bytes of a regular file; undefined when it is a symbolic link, or has more than `limit` of them. */
export async function readRegular(path: string, limit: number): Promise<Buffer | undefined> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ELOOP') return undefined;
    throw error;
  }
  try {
    const status = await file.stat();
    return status.isFile() && status.size <= limit ? await file.readFile() : undefined;
  } finally {
    await file.close();
  }
}
