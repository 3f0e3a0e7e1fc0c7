import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openPlainStore } from '../../scripts/demo/tamper.ts';
import { parseDigestReference, parseReference } from '../../shared/image/reference.ts';
import { type RegistryServer, startRegistry } from '../servers/registry.ts';
import { readRecord } from './record.ts';
import { GATE_WORKFLOW, RELEASE_WORKFLOW, startWorld, type World } from './world.ts';

/*
 * An environment that is a folder: what is promoted to it is carried to where no network goes, and promoted on from there.
 */

const POLICY = '.github/hallmark.yml';
const policy = (host: string, inside: string) => `
version: 1
repository-id: 123456789
trust:
  builder:  [{ signer-workflow: octo/app/${RELEASE_WORKFLOW} }]
  gate:     [{ signer-workflow: octo/app/${GATE_WORKFLOW} }]
  promoter: [{ signer-workflow: octo/app/${GATE_WORKFLOW} }]
environments:
  staging:  { repository: ${host}/octo/staging, rules: [signed, provenance] }
  transfer: { repository: "oci:transfer", after: staging, rules: [signed, provenance] }
  inside:   { repository: ${inside}/octo/inside, after: transfer, rules: [signed, provenance] }
`;

let world: World;
let inside: RegistryServer;
let staged: string;
let exported: string;
const folder = () => join(world.workspace, 'transfer');
const kept = () => join(world.folder, 'kept');

const promote = (image: string, environment: string) =>
  world.run('promote', { image, environment, policy: POLICY }, { workflow: GATE_WORKFLOW });

beforeAll(async () => {
  [world, inside] = await Promise.all([startWorld(), startRegistry()]);
  world.github.commit('octo/app', { [POLICY]: policy(world.registry.host, inside.host) });
  world.commit({ 'app.txt': 'content' }, 'content');
  const inputs = { repository: `${world.registry.host}/octo/app`, files: 'app.txt:/app.txt' };
  const built = await world.run('build', { ...inputs, platforms: 'linux/amd64,linux/arm64' });
  const image = built.outputs.image ?? '';
  expect((await world.run('attest', { image, signature: 'true' })).outputs.outcome, built.log).toBe('passed');

  const early = await promote(image, 'transfer');
  expect(early.log).toContain('it was never promoted to staging');
  const there = await promote(image, 'staging');
  expect(there.outputs, there.log).toMatchObject({ outcome: 'passed' });
  staged = there.outputs.image ?? '';
  const out = await promote(staged, 'transfer');
  expect(out.outputs, out.log).toMatchObject({ outcome: 'passed', repository: 'oci:transfer' });
  exported = out.outputs.image ?? '';
  cpSync(folder(), kept(), { recursive: true });
}, 120_000);
afterAll(async () => {
  await Promise.all([world.close(), inside.close()]);
});
// What is carried arrives as it left.
beforeEach(() => {
  rmSync(folder(), { recursive: true, force: true });
  cpSync(kept(), folder(), { recursive: true });
});

test('an image goes into a folder and on from there, with all its evidence, and nothing outside is asked', {
  timeout: 60_000,
}, async () => {
  expect(exported).toBe(`oci:transfer@${staged.split('@')[1]}`);
  const again = await promote(staged, 'transfer');
  expect(again.outputs, again.log).toMatchObject({ outcome: 'passed', image: exported });

  const before = world.registry.requests.length;
  const done = await promote(exported, 'inside');
  expect(done.outputs, done.log).toMatchObject({
    outcome: 'passed',
    repository: `${inside.host}/octo/inside`,
  });
  expect(world.registry.requests.length).toBe(before);
  const record = await readRecord(done.outputs.record ?? '');
  expect(record).toMatchObject({ environment: 'inside', sequence: 1 });

  const digest = parseDigestReference(exported).digest;
  const listOf = async (place: string): Promise<string[]> =>
    (await openPlainStore(parseReference(place)).listReferrers(digest)).map((one) => one.digest);
  const arrived = await listOf(`${inside.host}/octo/inside`);
  expect(arrived).toEqual(expect.arrayContaining(await listOf(`${world.registry.host}/octo/staging`)));
  expect(arrived).toContain(record.verdict);
});

/** Changes the layout on its way. */
function edit(
  change: (index: { manifests: { digest: string; annotations?: Record<string, string> }[] }) => void,
) {
  const file = join(folder(), 'index.json');
  const index = JSON.parse(readFileSync(file, 'utf8'));
  change(index);
  writeFileSync(file, JSON.stringify(index));
}

test.each<{ name: string; change: () => void; outcome: string; says: RegExp }>([
  {
    name: 'other bytes in a blob',
    change: () => {
      const digest = parseDigestReference(exported).digest;
      const platform = JSON.parse(readBlob(digest)).manifests[0].digest;
      const layer = JSON.parse(readBlob(platform)).layers[0].digest;
      writeFileSync(blobFile(layer), 'other bytes');
    },
    outcome: 'refused',
    says: /oci:transfer holds other bytes than sha256:/,
  },
  {
    name: 'no evidence',
    change: () =>
      edit((index) => {
        index.manifests = index.manifests.filter(({ annotations }) =>
          annotations?.['org.opencontainers.image.ref.name']?.startsWith('env-'),
        );
      }),
    outcome: 'refused',
    says: /env-transfer\.000001-\w+ has no record by a promoter/,
  },
  {
    name: 'no record that it was ever let out',
    change: () =>
      edit((index) => {
        index.manifests = index.manifests.map(({ annotations, ...entry }) => entry);
      }),
    outcome: 'refused',
    says: /it was never promoted to transfer/,
  },
  {
    name: 'nothing at all',
    change: () => rmSync(folder(), { recursive: true }),
    outcome: 'invalid',
    says: /there is no OCI layout in transfer/,
  },
])('a folder with $name is not promoted on', { timeout: 60_000 }, async ({ change, outcome, says }) => {
  change();
  // Into a registry that holds nothing yet, so that nothing is there already.
  const fresh = await startRegistry();
  try {
    world.github.commit('octo/app', { [POLICY]: policy(world.registry.host, fresh.host) });
    const done = await promote(exported, 'inside');
    expect(done.outputs, done.log).toMatchObject({ outcome });
    expect(done.log).toMatch(says);
    // Evidence may have come before the damage was met; neither the image, nor a record or pointer, has.
    const inside = openPlainStore(parseReference(`${fresh.host}/octo/inside`));
    expect((await inside.listTags()).filter((tag) => !tag.startsWith('sha256-'))).toEqual([]);
    expect(await inside.resolve(parseDigestReference(exported).digest)).toBeUndefined();
  } finally {
    await fresh.close();
  }
});

const blobFile = (digest: string): string => join(folder(), 'blobs', digest.replace(':', '/'));
const readBlob = (digest: string): string => readFileSync(blobFile(digest), 'utf8');
