// Records test/fixtures/trivy/sample.json: what the real Trivy says of the sample image with the fixture of its database.
//   node test/trivy/record.ts
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureTool } from '../../scripts/tools.ts';
import { LayoutStore } from '../../shared/store/layout.ts';
import { analyseImage } from '../../shared/trivy/analyse.ts';
import { fetchDatabase, VULNERABILITIES } from '../../shared/trivy/database.ts';
import { LAYOUT_FOLDER } from '../../shared/trivy/layout.ts';
import { startRegistry } from '../servers/registry.ts';
import { publishTrivyDb } from '../servers/trivy-db.ts';
import { writeSample } from './sample.ts';

const folder = mkdtempSync(join(tmpdir(), 'hallmark-record-'));
const registry = await startRegistry();
try {
  const deadline = AbortSignal.timeout(60_000);
  const log = {
    info() {},
    notice() {},
    warning() {},
    mask() {},
    group: <T>(_: string, work: () => Promise<T>) => work(),
  };
  await writeSample(new LayoutStore(LAYOUT_FOLDER, folder));
  const cache = join(folder, 'cache');
  await fetchDatabase(VULNERABILITIES, [await publishTrivyDb(registry.host)], cache, {
    workspace: folder,
    path: '',
    deadline,
    log,
  });
  const trivy = await ensureTool('trivy');
  const { report } = await analyseImage(trivy, { folder, cache, scanners: ['vuln', 'secret'], deadline });
  writeFileSync(new URL('../fixtures/trivy/sample.json', import.meta.url), report);
} finally {
  await registry.close();
  rmSync(folder, { recursive: true, force: true });
}
