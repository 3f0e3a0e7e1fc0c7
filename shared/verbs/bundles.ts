import type { Stats } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { isAbsolute, join, relative } from 'node:path';
import type { RunContext } from '../github/context.ts';
import { Invalid, Unavailable } from '../outcome/outcome.ts';
import type { Candidate } from '../sigstore/collect.ts';
import { digestOf } from '../store/hash.ts';
import { REFERRER_CAP } from '../store/store.ts';
import { resolveInside } from '../workspace/workspace.ts';

/**
 * The bundles in a file, or in every file of a folder: each file is one bundle, or one a line (JSON lines). Paths lie in the workspace or in the
 * runner's temporary folder, where attest leaves its own. Throws `Invalid` naming `bundle-path`; more than `REFERRER_CAP` is `Unavailable`.
 */
export async function readBundleFiles(path: string, context: RunContext): Promise<Candidate[]> {
  const inTemp = isAbsolute(path) && !relative(context.temp, path).startsWith('..');
  const root = inTemp ? context.temp : context.workspace;
  const found = await resolveInside(root, path, 'bundle-path');
  const isFolder = (await statOf(found, path)).isDirectory();
  const names = isFolder ? (await readdir(found)).toSorted() : [''];
  const bundles: Buffer[] = [];
  let bytes = 0;
  for (const name of names) {
    const file = await resolveInside(root, join(found, name), 'bundle-path');
    const about = await statOf(file, path);
    if (!about.isFile()) continue;
    bytes += about.size;
    checkCap(bytes <= REFERRER_CAP.bytes, path);
    for (const bundle of splitBundles(await readFile(file))) {
      checkCap(bundles.push(bundle) <= REFERRER_CAP.count, path);
    }
  }
  if (bundles.length === 0) throw new Invalid('bundle-path', `"${path}" holds no bundle`);
  return bundles.map((bundle) => ({ source: digestOf(bundle), read: async () => ({ bundle }) }));
}

async function statOf(file: string, path: string): Promise<Stats> {
  return stat(file).catch((cause: NodeJS.ErrnoException) => {
    throw new Invalid('bundle-path', `"${path}" cannot be read (${cause.code})`, { cause });
  });
}

function checkCap(within: boolean, path: string): void {
  if (within) return;
  throw new Unavailable(
    `"${path}" holds more bundles than are read (${REFERRER_CAP.count}, or ${REFERRER_CAP.bytes} bytes)`,
  );
}

/** What is no bundle either is found here too, and rejected with its reason when it is verified. */
function* splitBundles(content: Buffer): Generator<Buffer> {
  if (isJson(content)) {
    yield content;
    return;
  }
  // One at a time, because the cap is on what comes out of it: lines can be as many as bytes.
  for (let start = 0; start < content.length; ) {
    const end = content.indexOf('\n', start);
    const line = content.subarray(start, end < 0 ? content.length : end);
    start += line.length + 1;
    if (line.length > 0 && line.toString().trim() !== '') yield line;
  }
}

function isJson(content: Buffer): boolean {
  try {
    JSON.parse(content.toString());
    return true;
  } catch {
    return false;
  }
}
