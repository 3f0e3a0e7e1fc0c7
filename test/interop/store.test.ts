import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureTool } from '../../scripts/tools.ts';
import { copyImage } from '../../shared/store/copy.ts';
import {
  findMissing,
  findProgram,
  type Needs,
  type Peer,
  startCraneRegistry,
  startDistribution,
  startReferenceRegistry,
} from '../servers/peers.ts';
import { describeStore } from '../store/contract.ts';
import { copyAndTag, makeFolder, open, pushIndex, serveRegistry } from '../store/fixtures.ts';

// Other people's registries, held to the cases that the embedded one is held to: so the fake cannot lie.
const peers: [string, Needs, () => Promise<Peer>, { listsReferrers: boolean; sha512: false }][] = [
  [
    'distribution 2.8',
    { programs: ['docker-registry'] },
    startDistribution,
    { listsReferrers: false, sha512: false },
  ],
  [
    'go-containerregistry with referrers',
    { tools: ['registry'] },
    startReferenceRegistry,
    { listsReferrers: true, sha512: false },
  ],
  [
    'crane registry serve',
    { tools: ['crane'] },
    startCraneRegistry,
    { listsReferrers: false, sha512: false },
  ],
];

for (const [name, needs, start, abilities] of peers) {
  const missing = await findMissing(needs);
  let peer: Peer | undefined;
  beforeAll(async () => {
    if (!missing) peer = await start();
  });
  afterAll(() => peer?.close());
  describeStore({
    name,
    missing,
    open: (repository) => open(`${peer?.address}/contract/${repository}`),
    host: () => peer?.address ?? '',
    resumes: false,
    ...abilities,
  });
}

const run = promisify(execFile);

const noCrane = await findMissing({ tools: ['crane'] });
describe.skipIf(noCrane)(`crane${noCrane && ` (skipped: ${noCrane})`}`, () => {
  it('pulls and pushes what we copy, by the same digest', async () => {
    const crane = await ensureTool('crane');
    const registry = await serveRegistry();
    const from = open('oci:from');
    const image = await pushIndex(from);
    await copyAndTag(from, open(`${registry.host}/octo/app`), image.digest);
    expect((await run(crane, ['digest', `${registry.host}/octo/app:v1`])).stdout.trim()).toBe(image.digest);
    await run(crane, ['copy', `${registry.host}/octo/app:v1`, `${registry.host}/octo/crane:v1`]);
    const back = open('oci:back');
    await copyImage(open(`${registry.host}/octo/crane`), back, image.digest);
    expect(await back.resolve(image.digest)).toMatchObject(image);
  });
});

const noSkopeo = await findMissing({ programs: ['skopeo'] });
describe.skipIf(noSkopeo)(`skopeo${noSkopeo && ` (skipped: ${noSkopeo})`}`, () => {
  it('reads our layouts, and we read its', async () => {
    const workspace = makeFolder();
    const skopeo = findProgram('skopeo') ?? '';
    const registry = await serveRegistry();
    const ours = open('oci:ours', { workspace });
    const image = await pushIndex(ours, 'v1');
    const copy = [
      'copy',
      '--all',
      '--preserve-digests',
      '--insecure-policy',
      '--dest-tls-verify=false',
      '--src-tls-verify=false',
    ];
    await run(skopeo, [...copy, `oci:${workspace}/ours:v1`, `docker://${registry.host}/octo/app:v1`]);
    await run(skopeo, [...copy, `docker://${registry.host}/octo/app:v1`, `oci:${workspace}/theirs:v1`]);
    const theirs = open('oci:theirs', { workspace });
    expect(await theirs.resolve('v1')).toMatchObject({ digest: image.digest });
    expect(await copyImage(theirs, ours, image.digest)).toEqual({ copied: 0, mounted: 0 });
  });
});
