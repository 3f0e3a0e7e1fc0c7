// Where scan takes Trivy and its databases from, through dist: a release that a local server serves, and the policy's mirrors.
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openPlainStore } from '../../scripts/demo/tamper.ts';
import { parseReference } from '../../shared/image/reference.ts';
import { releaseArchive } from '../../shared/trivy/release.ts';
import { publishTrivyDb } from '../servers/trivy-db.ts';
import { writeSample } from '../trivy/sample.ts';
import { startWorld, type World } from './world.ts';

const PRELOAD = new URL('./releases.mjs', import.meta.url).pathname;
const recorded = new URL('../fixtures/trivy/sample.json', import.meta.url);

let world: World;
let database: string;
let image: string;
beforeAll(async () => {
  world = await startWorld();
  database = await publishTrivyDb(world.registry.host);
  const place = `${world.registry.host}/octo/app`;
  image = `${place}@${(await writeSample(openPlainStore(parseReference(place)))).digest}`;
  cpSync(recorded, join(world.folder, 'recorded.json'));
});
afterAll(() => world.close());

/** A program that says it is a version of Trivy, leaves a trace that it ran, and hands out the recorded report of the real one. */
function trivyOf(version: string): string {
  return `#!/bin/sh
touch ${join(world.folder, 'ran')}
case "$1" in
  --version) echo "Version: ${version}" ;;
  image) cp ${join(world.folder, 'recorded.json')} trivy.json ;;
  convert) while [ "$1" != --output ]; do shift; done; echo '{}' > "$2" ;;
esac
`;
}

describe('another version of Trivy is installed from its release', () => {
  let server: Server;
  const archives = new Map<string, Buffer>();
  const asked: string[] = [];
  beforeAll(async () => {
    server = createServer((request, response) => {
      const url = String(request.url);
      asked.push(url);
      const [, version = ''] = /\/tags\/v(.+)$/.exec(url) ?? [];
      const days = { '0.70.0': 30, '0.99.0': 2, '0.69.4': 200 }[version];
      const body =
        days === undefined
          ? archives.get(url)
          : JSON.stringify({ published_at: new Date(Date.now() - days * 86_400_000).toISOString() });
      response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' }).end(body);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    asked.length = 0;
    rmSync(join(world.folder, 'ran'), { force: true });
    rmSync(join(world.folder, 'kept'), { force: true, recursive: true });
  });

  /** Publishes the release of a version whose program says that it is `inside`, and gives the sha256 of its archive. */
  async function publish(version: string, inside = version): Promise<string> {
    const packing = pack();
    packing.entry({ name: 'trivy', mode: 0o755 }, trivyOf(inside));
    packing.finalize();
    const archive = gzipSync(await buffer(packing));
    const sha256 = createHash('sha256').update(archive).digest('hex');
    const { url } = releaseArchive(process.platform, process.arch, { version, sha256 }) ?? { url: '' };
    archives.set(new URL(url).pathname, archive);
    return sha256;
  }
  function scan(version: string, sha256: string) {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const inputs = { image, 'db-repository': database, 'trivy-version': version, 'trivy-sha256': sha256 };
    const variables = {
      ...{ NODE_OPTIONS: `--import=${PRELOAD}`, HALLMARK_RELEASES: url },
      ...{ GITHUB_API_URL: url, PATH: '/usr/bin:/bin' },
    };
    const keep = { 'cache-dir': join(world.folder, 'kept') };
    return world.run('scan', { ...inputs, ...keep }, { variables });
  }
  const fetched = (): string[] => asked.filter((url) => url.includes('/releases/download/'));

  it('by its sha256, when it is old enough; the next run takes what was kept', async () => {
    const sha256 = await publish('0.70.0');
    const run = await scan('0.70.0', sha256);
    expect(run.outputs, run.log).toMatchObject({ outcome: 'passed', critical: '3' });
    expect(fetched()).toHaveLength(1);
    expect((await scan('0.70.0', sha256)).outputs.outcome).toBe('passed');
    expect(fetched()).toHaveLength(1);
    // What was changed there is fetched anew, not run.
    const [kept = ''] = readdirSync(join(world.folder, 'kept', 'trivy'));
    writeFileSync(join(world.folder, 'kept', 'trivy', kept), 'other bytes');
    expect((await scan('0.70.0', sha256)).outputs.outcome).toBe('passed');
    expect(fetched()).toHaveLength(2);
  });

  it.each<[string, string, () => Promise<string>, string, RegExp, number]>([
    [
      'of other bytes than its sha256',
      '0.70.0',
      async () => (await publish('0.70.0')) && 'ab'.repeat(32),
      'refused',
      /not the pinned abab/,
      1,
    ],
    [
      'that is two days old',
      '0.99.0',
      () => publish('0.99.0'),
      'refused',
      /less than 7 days ago: too fresh/,
      0,
    ],
    ['that is known to be an attack', '0.69.4', () => publish('0.69.4'), 'refused', /CVE-2026-33634/, 0],
    ['that nobody released', '0.98.0', () => publish('0.98.0'), 'unavailable', /knows no release v0.98.0/, 0],
  ])('none %s is run', async (_, version, prepare, outcome, message, downloads) => {
    const run = await scan(version, await prepare());
    expect(run.outputs, run.log).toMatchObject({ outcome });
    expect(run.log).toMatch(message);
    expect(fetched()).toHaveLength(downloads);
    expect(existsSync(join(world.folder, 'ran'))).toBe(false);
  });
});

describe('the databases come from', () => {
  const POLICY = '.github/hallmark.yml';
  /** Where nobody answers. */
  const DOWN = '127.0.0.1:9/trivy-db:2';
  let trivy: string;
  beforeAll(() => {
    trivy = join(world.folder, 'trivy');
    writeFileSync(trivy, trivyOf('0.72.0'));
    chmodSync(trivy, 0o755);
  });
  beforeEach(() => {
    world.registry.requests.length = 0;
  });

  async function scan(mirrors: readonly string[], inputs: Record<string, string>) {
    const policy = `version: 1
repository-id: 123456789
trust: { builder: [{ signer-workflow: octo/app/.github/workflows/release.yml }] }
trusted-root: root.json
mirrors: { trivy-db: [${mirrors.map((one) => JSON.stringify(one)).join(', ')}] }
environments: { prod: { repository: ghcr.io/octo/app, rules: [signed] } }
`;
    const root = JSON.stringify(world.sigstore.trustedRoot);
    world.github.commit('octo/app', { [POLICY]: policy, 'root.json': root });
    return world.run('scan', { image, 'trivy-path': trivy, ...inputs });
  }

  it("the policy's mirrors, in their order, where no input says it", async () => {
    const run = await scan([DOWN, database], { policy: POLICY });
    expect(run.outputs.outcome, run.log).toBe('passed');
    expect(run.log).toContain('ECONNREFUSED');
  });

  it('the input, which goes before the policy', async () => {
    const run = await scan([DOWN], { policy: POLICY, 'db-repository': database });
    expect(run.outputs.outcome, run.log).toBe('passed');
    expect(run.log).not.toContain('ECONNREFUSED');
  });

  it("nowhere else when the policy's mirrors are all down", async () => {
    const run = await scan([DOWN], { policy: POLICY });
    expect(run.outputs.outcome).toBe('unavailable');
    expect(run.log).toContain('ECONNREFUSED');
    expect(run.log).not.toContain('mirror.gcr.io');
  });

  it("where Trivy's project has them, without a policy", async () => {
    const only = { NODE_OPTIONS: `--import=${new URL('./only.mjs', import.meta.url).pathname}` };
    const variables = { ...only, HALLMARK_ONLY: world.registry.host };
    const run = await world.run('scan', { image, 'trivy-path': trivy }, { variables });
    expect(run.code).toBe(97);
    expect(run.log).toMatch(/GUARD: a (?:connection to|look-up of) mirror\.gcr\.io/);
  });
});
