import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { Failure, Refused, Unavailable } from '../outcome/outcome.ts';

/**
 * Writes the members `wanted` of a gzipped tar into `folder` and passes over its other files. A link, a device or a member that would
 * leave the folder is `Refused`, whoever made the archive; one that is damaged, or lacks a wanted member, is `Unavailable`.
 */
export async function unpackArchive(
  source: Readable,
  folder: string,
  wanted: readonly string[],
  what: string,
): Promise<void> {
  const members = extract();
  const [unpacked, unzipped] = await Promise.allSettled([
    writeMembers(members, folder, wanted, what),
    pipeline(source, createGunzip(), members),
  ]);
  const failures = [unzipped, unpacked].flatMap((end) => (end.status === 'rejected' ? [end.reason] : []));
  // Each end breaks the other: the one that was thrown on purpose is the cause.
  const failure = failures.find((reason) => reason instanceof Failure) ?? failures[0];
  if (failure instanceof Failure) throw failure;
  if (failure) throw new Unavailable(`${what} could not be unpacked`, { cause: failure });
}

async function writeMembers(
  members: ReturnType<typeof extract>,
  folder: string,
  wanted: readonly string[],
  what: string,
): Promise<void> {
  const missing = new Set(wanted);
  for await (const member of members) {
    const { name, type } = member.header;
    if (name.startsWith('/') || name.split(/[/\\]/).includes('..')) {
      throw new Refused(`${what} has the member "${name}", which leaves its folder`);
    }
    if (type !== 'file' && type !== 'directory') {
      throw new Refused(`${what} has the member "${name}", which is a ${type}`);
    }
    if (type === 'file' && missing.delete(name)) {
      await pipeline(member, createWriteStream(join(folder, name), { mode: 0o755, flags: 'wx' }));
    } else {
      member.resume();
    }
  }
  if (missing.size > 0) throw new Unavailable(`${what} lacks ${[...missing].join(' and ')}`);
}
