import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { type Header, pack } from 'tar-stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { unpackArchive } from '../../shared/trivy/archive.ts';

type Member = Pick<Header, 'name'> & Partial<Pick<Header, 'type' | 'linkname'>>;

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hallmark-archive-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('takes the wanted member and no other', async () => {
  await unpack(await archive({ name: 'LICENSE' }, { name: 'contrib', type: 'directory' }, { name: 'trivy' }));
  expect(readdirSync(folder)).toEqual(['trivy']);
  expect(readFileSync(join(folder, 'trivy'), 'utf8')).toBe('content');
});

it.each<[string, Member]>([
  ['a path upwards', { name: '../trivy' }],
  ['a path upwards inside', { name: 'a/../../trivy' }],
  ['a path upwards as Windows writes it', { name: '..\\trivy' }],
  ['an absolute path', { name: '/tmp/trivy' }],
  ['a symbolic link', { name: 'trivy', type: 'symlink', linkname: '/bin/sh' }],
  ['a hard link', { name: 'trivy', type: 'link', linkname: '/bin/sh' }],
  ['a device', { name: 'null', type: 'character-device' }],
])('refuses an archive with %s', async (_, member) => {
  const content = await archive(member, { name: 'trivy' });
  await expect(unpack(content)).rejects.toMatchObject({ outcome: 'refused' });
  expect(readdirSync(folder)).toEqual([]);
});

it.each<[string, (whole: Buffer) => Buffer]>([
  ['lacks the member', () => gzipSync(Buffer.alloc(1024))],
  ['was cut off', (whole) => whole.subarray(0, whole.length / 2)],
  ['is no gzip', () => Buffer.from('<html>rate limit</html>')],
  ['is empty', () => Buffer.alloc(0)],
])('an archive that %s is unavailable', async (_, damage) => {
  await expect(unpack(damage(await archive({ name: 'trivy' })))).rejects.toMatchObject({
    outcome: 'unavailable',
  });
});

function unpack(content: Buffer): Promise<void> {
  return unpackArchive(Readable.from([content]), folder, ['trivy'], 'The archive');
}

async function archive(...members: Member[]): Promise<Buffer> {
  const tar = pack();
  for (const member of members) tar.entry(member, (member.type ?? 'file') === 'file' ? 'content' : '');
  tar.finalize();
  return gzipSync(await buffer(tar));
}
