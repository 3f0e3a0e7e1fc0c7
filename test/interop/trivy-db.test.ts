// The committed database is what its YAML makes: made again by Trivy's own way of making such databases, and compared.
import { execFileSync } from 'node:child_process';
import { createReadStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ensureTool } from '../../scripts/tools.ts';
import { unpackArchive } from '../../shared/trivy/archive.ts';
import { findMissing } from '../servers/peers.ts';

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../fixtures/trivy-db/${name}`, import.meta.url));
const missing = await findMissing({ tools: ['trivy-db'] });

describe.skipIf(missing)(`the fixture of Trivy's database${missing && ` (skipped: ${missing})`}`, () => {
  it('holds what advisories.yaml says', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hallmark-trivy-db-'));
    try {
      const tool = await ensureTool('trivy-db');
      const made = join(folder, 'made.tar.gz');
      execFileSync(tool, [made, fixture('metadata.json'), fixture('advisories.yaml')]);
      const dump = async (layer: string): Promise<string> => {
        const unpacked = mkdtempSync(join(folder, 'layer-'));
        await unpackArchive(createReadStream(layer), unpacked, ['trivy.db', 'metadata.json'], layer);
        const values = execFileSync(tool, ['dump', join(unpacked, 'trivy.db')], { encoding: 'utf8' });
        return `${readFileSync(join(unpacked, 'metadata.json'), 'utf8')}\n${values}`;
      };
      const committed = await dump(fixture('db.tar.gz'));
      expect(committed).toContain('npm::GitHub Security Advisory npm/lodash/CVE-2019-10744');
      expect(committed).toBe(await dump(made));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
