// Images that crane makes, so that nothing of ours is in them.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ensureTool } from '../../scripts/tools.ts';
import type { World } from '../actions/world.ts';

const execute = promisify(execFile);

/** An index of two platforms and its two manifests, each by digest. */
export interface TwoPlatforms {
  readonly index: string;
  readonly amd64: string;
  readonly arm64: string;
}

/** Pushes an index of two small platforms to `host/repository`. */
export async function pushTwoPlatforms(repository: string): Promise<TwoPlatforms> {
  const crane = await ensureTool('crane');
  const run = async (...args: string[]): Promise<string> => (await execute(crane, args)).stdout.trim();
  const folder = mkdtempSync(join(tmpdir(), 'hallmark-image-'));
  try {
    mkdirSync(join(folder, 'files'));
    writeFileSync(join(folder, 'files', 'hello.txt'), 'hello\n');
    const layer = join(folder, 'layer.tar');
    await execute('tar', ['-C', join(folder, 'files'), '-cf', layer, '.']);
    await run('append', '--oci-empty-base', '--new_layer', layer, '--new_tag', `${repository}:layer`);
    const byDigest = async (tag: string): Promise<string> =>
      `${repository}@${await run('digest', `${repository}:${tag}`)}`;
    for (const architecture of ['amd64', 'arm64']) {
      const tag = `${repository}:${architecture}`;
      await run('mutate', '--set-platform', `linux/${architecture}`, '--tag', tag, `${repository}:layer`);
    }
    const [amd64, arm64] = [await byDigest('amd64'), await byDigest('arm64')];
    await run('index', 'append', '--tag', `${repository}:index`, '--manifest', amd64, '--manifest', arm64);
    return { index: await byDigest('index'), amd64, arm64 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Small documents of each kind in the workspace, about the image's amd64 platform. */
export function writeEvidence(world: World, image: TwoPlatforms): void {
  const now = new Date().toISOString();
  const files: Record<string, unknown> = {
    'amd64.cdx.json': { bomFormat: 'CycloneDX', specVersion: '1.6', components: [] },
    'amd64.spdx.json': {
      spdxVersion: 'SPDX-2.3',
      SPDXID: 'SPDXRef-DOCUMENT',
      name: 'app',
      dataLicense: 'CC0-1.0',
      creationInfo: { created: now, creators: ['Tool: test'] },
      packages: [],
    },
    'review.json': { verdict: 'good' },
    'amd64.report.json': {
      SchemaVersion: 2,
      Trivy: { Version: '0.72.0' },
      ArtifactType: 'container_image',
      Metadata: { ImageID: `sha256:${'0'.repeat(64)}` },
      Results: [],
      Hallmark: {
        manifest: image.amd64.split('@')[1],
        platform: 'linux/amd64',
        scanners: ['vuln', 'secret'],
        startedAt: now,
        scannedAt: now,
        database: { repository: 'example.com/db:2', digest: `sha256:${'0'.repeat(64)}`, updatedAt: now },
      },
    },
  };
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(world.workspace, name), JSON.stringify(content));
  }
}
