import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MEDIA_TYPE } from '../../shared/image/descriptor.ts';
import { digestOf } from '../../shared/store/hash.ts';
import type { Store } from '../../shared/store/store.ts';
import { listSubjects } from '../../shared/store/subjects.ts';
import { writeLayout } from '../../shared/trivy/layout.ts';
import { copyAndTag, makeFolder, open, pushBlob, pushManifest, serveRegistry } from './fixtures.ts';

function mount(args: readonly string[], program = 'mount'): void {
  const asRoot = process.getuid?.() === 0 ? [program] : ['sudo', '-n', program];
  execFileSync(asRoot[0] ?? '', [...asRoot.slice(1), ...args], { stdio: 'ignore' });
}

/** A folder with a file system of its own, of as many bytes. */
function mountSmall(bytes: number): string {
  const folder = join(makeFolder(), 'small');
  mkdirSync(folder);
  mount(['-t', 'tmpfs', '-o', `size=${bytes},mode=777`, 'tmpfs', folder]);
  // Before the folder is removed: what is registered last runs first.
  onTestFinished(() => mount([folder], 'umount'));
  return folder;
}

let missing = '';
try {
  const folder = mkdtempSync(join(tmpdir(), 'hallmark-mount-'));
  mount(['-t', 'tmpfs', '-o', 'size=4096', 'tmpfs', folder]);
  mount([folder], 'umount');
  rmdirSync(folder);
} catch {
  missing = 'nothing can be mounted';
}

const MEGABYTE = 1024 * 1024;

/** An image of two layers of 700 kB. */
async function pushImage(store: Store) {
  const tars = [0, 1].map(() => randomBytes(700_000));
  const rootfs = { type: 'layers', diff_ids: tars.map((tar) => digestOf(tar)) };
  const config = Buffer.from(JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs }));
  return pushManifest(store, {
    mediaType: MEDIA_TYPE.manifest,
    config: await pushBlob(store, config, MEDIA_TYPE.config),
    layers: await Promise.all(tars.map((tar) => pushBlob(store, gzipSync(tar), MEDIA_TYPE.layerGzip))),
  });
}

describe.skipIf(missing)(`a full disk${missing && ` (skipped: ${missing})`}`, () => {
  it('stops a copy to a layout, which names nothing that is not there; with room the next one completes it', async () => {
    const { host } = await serveRegistry();
    const from = open(`${host}/octo/app`);
    const image = await pushImage(from);
    const workspace = mountSmall(MEGABYTE);
    const copy = () => copyAndTag(from, open('oci:out', { workspace }), image.digest, { check: true });
    await expect(copy()).rejects.toMatchObject({
      outcome: 'unavailable',
      message: 'oci:out: the disk is full (ENOSPC)',
    });
    const to = open('oci:out', { workspace });
    expect([await to.resolve('v1'), await to.resolve(image.digest)]).toEqual([undefined, undefined]);
    // Of what did not fit nothing is left, so that it takes no room.
    for (const name of readdirSync(join(workspace, 'out/blobs/sha256')))
      expect(name).toMatch(/^[0-9a-f]{64}$/);
    mount(['-o', `remount,size=${8 * MEGABYTE}`, workspace]);
    await copy();
    expect(await to.resolve('v1')).toMatchObject(image);
  });

  it('stops what a scan unpacks, and says why', async () => {
    const { host } = await serveRegistry();
    const store = open(`${host}/octo/app`);
    const { digest } = await pushImage(store);
    const [platform] = (await listSubjects(store, digest)).platforms;
    if (!platform) throw new Error('the image has no platform');
    await expect(writeLayout(store, platform, mountSmall(MEGABYTE))).rejects.toMatchObject({
      outcome: 'unavailable',
      message: expect.stringContaining("could not be written to the runner's disk"),
      cause: { code: 'ENOSPC' },
    });
  });
});
