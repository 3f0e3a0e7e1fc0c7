// registry-mirrors through dist: a registry that is down or limits its guests, as Docker Hub does, stops neither a build nor a scan.
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { openPlainStore } from '../../scripts/demo/tamper.ts';
import { parseReference } from '../../shared/image/reference.ts';
import { copyImage } from '../../shared/store/copy.ts';
import { type Fault, type RegistryServer, startRegistry } from '../servers/registry.ts';
import { publishTrivyDb } from '../servers/trivy-db.ts';
import { writeSample } from '../trivy/sample.ts';
import { startWorld, type World } from './world.ts';

const recorded = new URL('../fixtures/trivy/sample.json', import.meta.url);
const LIMITED: Fault = { status: 429, headers: { 'retry-after': '601' } };

let world: World;
let mirror: RegistryServer;
let image: string;
let limited = false;

beforeAll(async () => {
  world = await startWorld({
    registry: {
      onRequest: ({ path }) => (limited && path.startsWith('/v2/octo/app/') ? LIMITED : undefined),
    },
  });
  mirror = await startRegistry();
  const source = openPlainStore(parseReference(`${world.registry.host}/octo/app`));
  const { digest } = await writeSample(source);
  image = `${source.place}@${digest}`;
  await copyImage(source, openPlainStore(parseReference(`${mirror.host}/hub/octo/app`)), digest);
});
afterEach(() => {
  limited = false;
});
afterAll(async () => {
  await mirror.close();
  await world.close();
});

const mirrored = (): Record<string, string> => ({
  'registry-mirrors': `${world.registry.host}=${mirror.host}/hub`,
});

it('scans an image whose registry asks to wait, with the same verdict', async () => {
  const trivy = join(world.folder, 'replay');
  const answers = `--version) echo "Version: 0.72.0" ;;
  image) cp "${recorded.pathname}" trivy.json ;;
  convert) while [ "$1" != --output ]; do shift; done; echo '{}' > "$2" ;;`;
  writeFileSync(trivy, `#!/bin/sh\ncase "$1" in\n  ${answers}\nesac\n`);
  chmodSync(trivy, 0o755);
  const inputs = {
    image,
    'trivy-path': trivy,
    'db-repository': await publishTrivyDb(world.registry.host),
    'fail-on': 'low',
  };
  const before = await world.run('scan', inputs);
  limited = true;
  const alone = await world.run('scan', inputs);
  const helped = await world.run('scan', { ...inputs, ...mirrored() });
  expect(before.outputs).toMatchObject({ outcome: 'refused', image });
  expect(alone.outputs).toMatchObject({ outcome: 'unavailable' });
  expect(helped.outputs).toMatchObject({ outcome: 'refused', image, high: before.outputs['high'] });
  expect(helped.log).toContain('mirrors are asked');
});

it('builds upon a base whose registry asks to wait, and gives the same image', async () => {
  world.commit({ 'server.mjs': '' }, 'An application');
  const inputs = (name: string): Record<string, string> => ({
    repository: `${world.registry.host}/octo/${name}`,
    ...{ builder: 'layers', base: image, files: 'server.mjs:/app/', provenance: 'false' },
  });
  const before = await world.run('build', inputs('before'));
  limited = true;
  const alone = await world.run('build', inputs('alone'));
  const helped = await world.run('build', { ...inputs('helped'), ...mirrored() });
  expect(before.outputs).toMatchObject({ outcome: 'passed' });
  expect(alone.outputs).toMatchObject({ outcome: 'unavailable' });
  expect(helped.outputs).toMatchObject({ outcome: 'passed', digest: before.outputs['digest'] });
});

it('refuses a line that is no mirror', async () => {
  const run = await world.run('scan', { image, 'registry-mirrors': 'docker.io' });
  expect(run.outputs).toMatchObject({ outcome: 'invalid' });
  expect(run.log).toContain('registry-mirrors');
});
