import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { Refused, Unavailable } from '../outcome/outcome.ts';
import { unpackArchive } from './archive.ts';
import type { ReleaseArchive } from './release.ts';

/**
 * The `trivy` program of a release, unpacked into `folder`. The archive is kept under `cache` and hashed again at each use;
 * wrong bytes are `Refused`, an address that does not answer within `patience` ms is `Unavailable`.
 */
export async function installRelease(
  archive: ReleaseArchive,
  folder: string,
  options: { cache: string | undefined; deadline: AbortSignal; patience?: number },
): Promise<string> {
  const cached = options.cache && join(options.cache, archive.name);
  const kept = cached && (await readFile(cached).catch(() => undefined));
  if (kept && hash(kept) === archive.sha256) return unpackTrivy(kept, folder);
  const bytes = await downloadArchive(archive, options);
  if (cached) {
    await mkdir(dirname(cached), { recursive: true });
    await writeFile(`${cached}.${process.pid}`, bytes);
    await rename(`${cached}.${process.pid}`, cached);
  }
  return unpackTrivy(bytes, folder);
}

async function downloadArchive(
  { url, sha256 }: ReleaseArchive,
  { deadline, patience = 20_000 }: { deadline: AbortSignal; patience?: number },
): Promise<Buffer> {
  const unanswered = new AbortController();
  const timer = setTimeout(() => unanswered.abort(new Error(`no answer within ${patience} ms`)), patience);
  let bytes: Buffer;
  try {
    const response = await fetch(url, { signal: AbortSignal.any([deadline, unanswered.signal]) });
    clearTimeout(timer);
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    bytes = Buffer.from(await response.arrayBuffer());
  } catch (cause) {
    throw new Unavailable(`Trivy could not be downloaded from ${url}`, {
      cause,
      hint: 'Put Trivy on PATH or name it in "trivy-path".',
    });
  } finally {
    clearTimeout(timer);
  }
  const found = hash(bytes);
  if (found !== sha256) throw new Refused(`${url} has sha256 ${found}, not the pinned ${sha256}`);
  return bytes;
}

function hash(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function unpackTrivy(archive: Buffer, folder: string): Promise<string> {
  await unpackArchive(Readable.from([archive]), folder, ['trivy'], "Trivy's archive");
  return join(folder, 'trivy');
}
