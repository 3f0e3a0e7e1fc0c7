import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readRecord } from './record.ts';
import { releaseImage } from './release.ts';
import { GATE_WORKFLOW, RELEASE_WORKFLOW, type Run, startWorld, type World } from './world.ts';

const POLICY = '.github/hallmark.yml';

const policy = (host: string) => `
version: 1
repository-id: 123456789
trust:
  builder:  [{ signer-workflow: octo/app/${RELEASE_WORKFLOW} }]
  gate:     [{ signer-workflow: octo/app/${GATE_WORKFLOW} }]
  scanner:  [{ signer-workflow: octo/app/${RELEASE_WORKFLOW} }]
  promoter: [{ signer-workflow: octo/app/${GATE_WORKFLOW} }]
environments:
${['prod', 'chosen', 'again', 'held', 'floor', 'strict', 'empty']
  .map((name) => `  ${name}: { repository: ${host}/octo/${name}, rules: [signed, provenance, small] }`)
  .join('\n')}
  nohub:   { repository: ${host}/octo/nohub, rules: [signed, provenance, small] }
  nolog:   { repository: ${host}/octo/nolog, rules: [signed, provenance, small] }
  stale:   { repository: ${host}/octo/stale, rules: [signed, small] }
  scanned: { repository: ${host}/octo/scanned, rules: [signed, no-critical, fresh-scan] }
rules:
  small: { title: Small, deny: "image.size > 1000000" }
`;

let world: World;
const images: string[] = [];

beforeAll(async () => {
  world = await startWorld();
  world.github.commit('octo/app', { [POLICY]: policy(world.registry.host) });
  for (const content of ['one', 'two', 'three']) images.push(await release(content));
}, 60_000);
afterAll(() => world.close());
beforeEach(() => {
  world.github.reviews.runs.length = 0;
});

const release = (content: string, inputs: Record<string, string> = {}) =>
  releaseImage(world, content, inputs);

const run = (action: string, inputs: Record<string, string>, given: Run = {}) =>
  world.run(action, { policy: POLICY, ...inputs }, { workflow: GATE_WORKFLOW, ...given });

async function promoteAll(environment: string, which: readonly string[] = images): Promise<void> {
  for (const image of which) {
    const done = await run('promote', { image, environment });
    expect(done.outputs, done.log).toMatchObject({ outcome: 'passed' });
  }
}

const rollback = (environment: string, inputs: Record<string, string> = {}, given: Run = {}) =>
  run('rollback', { environment, reason: 'it is broken', ...inputs }, given);

const digestOf = (image = '') => image.split('@')[1] ?? '';
async function pointerOf(environment: string): Promise<string> {
  const answer = await fetch(
    `http://${world.registry.host}/v2/octo/${environment}/manifests/env-${environment}`,
    {
      method: 'HEAD',
      headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
    },
  );
  return answer.headers.get('docker-content-digest') ?? '';
}

test('goes back one step at a time, says who and why, and what it leaves stays away', {
  timeout: 90_000,
}, async () => {
  await promoteAll('prod');
  const writes = () =>
    world.registry.requests.filter(({ method }) => !['GET', 'HEAD'].includes(method)).length;
  const before = writes();
  const plan = await rollback(
    'prod',
    { 'dry-run': 'true', reason: '' },
    { variables: { ACTIONS_ID_TOKEN_REQUEST_URL: undefined } },
  );
  expect(plan.outputs, plan.log).toMatchObject({
    outcome: 'passed',
    digest: digestOf(images[1]),
  });
  expect(plan.outputs.record).toBeUndefined();
  expect(plan.summary).toContain('✅ goes back to this');
  expect(writes()).toBe(before);

  const done = await rollback('prod');
  expect(done.outputs, done.log).toMatchObject({
    outcome: 'passed',
    digest: digestOf(images[1]),
    from: digestOf(images[2]),
    image: `${world.registry.host}/octo/prod@${digestOf(images[1])}`,
  });
  expect(await pointerOf('prod')).toBe(digestOf(images[1]));
  expect(await readRecord(done.outputs.record ?? '')).toMatchObject({
    action: 'rollback',
    sequence: 4,
    withdraws: digestOf(images[2]),
    requestedBy: 'mona',
    reason: 'it is broken',
  });

  const back = await run('promote', { image: images[2] ?? '', environment: 'prod' });
  expect(back.outputs, back.log).toMatchObject({ outcome: 'refused' });
  expect(back.log).toContain('withdrawn by mona');
  const further = await rollback('prod');
  expect(further.outputs, further.log).toMatchObject({ outcome: 'passed', digest: digestOf(images[0]) });
  const nothing = await rollback('prod');
  expect(nothing.outputs, nothing.log).toMatchObject({ outcome: 'refused' });
  expect(nothing.log).toContain('withdrawn by mona');
  expect(await pointerOf('prod')).toBe(digestOf(images[0]));
  // A new commit goes forward again.
  await promoteAll('prod', [await release('four')]);
});

test('goes back to what is asked for, and to nothing else', { timeout: 90_000 }, async () => {
  await promoteAll('chosen');
  for (const [target, message] of [
    ['5', 'held only 2 other images before'],
    [`sha256:${'a'.repeat(64)}`, 'never held sha256:a'],
    [digestOf(images[2]), 'holds sha256:'],
  ] as const) {
    const refused = await rollback('chosen', { target });
    expect(refused.outputs, refused.log).toMatchObject({ outcome: 'refused' });
    expect(refused.log).toContain(message);
  }
  const done = await rollback('chosen', { target: '2' });
  expect(done.outputs, done.log).toMatchObject({ outcome: 'passed', digest: digestOf(images[0]) });
});

test('run again by its own run it is completed, and goes no further', { timeout: 120_000 }, async () => {
  await promoteAll('again');
  const attempt = (run: string, number: string, inputs: Record<string, string> = {}) =>
    rollback('again', inputs, {
      variables: { GITHUB_RUN_ID: run, GITHUB_RUN_ATTEMPT: number },
      claims: { run_id: run, run_attempt: number },
    });
  const first = await attempt('77', '1');
  expect(first.outputs, first.log).toMatchObject({ outcome: 'passed', digest: digestOf(images[1]) });
  // As if it had been killed before it moved the tag.
  const manifest = await fetch(
    `http://${world.registry.host}/v2/octo/again/manifests/${digestOf(images[2])}`,
    { headers: { accept: 'application/vnd.oci.image.manifest.v1+json' } },
  );
  await fetch(`http://${world.registry.host}/v2/octo/again/manifests/env-again`, {
    method: 'PUT',
    headers: { 'content-type': 'application/vnd.oci.image.manifest.v1+json' },
    body: await manifest.arrayBuffer(),
  });
  expect(await pointerOf('again')).toBe(digestOf(images[2]));

  const dry = await attempt('77', '2', { 'dry-run': 'true' });
  expect(dry.summary).toContain('went back to');
  expect(await pointerOf('again')).toBe(digestOf(images[2]));
  const second = await attempt('77', '2');
  expect(second.outputs, second.log).toMatchObject({
    outcome: 'passed',
    digest: digestOf(images[1]),
    from: digestOf(images[2]),
    record: first.outputs.record,
  });
  expect(await pointerOf('again')).toBe(digestOf(images[1]));
  const named = await attempt('78', '1', { target: digestOf(images[1]) });
  expect(named.outputs, named.log).toMatchObject({ outcome: 'passed', record: first.outputs.record });
  const further = await attempt('78', '1');
  expect(further.outputs, further.log).toMatchObject({ outcome: 'passed', digest: digestOf(images[0]) });
});

test('neither a hold nor a freeze stops it', { timeout: 90_000 }, async () => {
  await promoteAll('held', images.slice(0, 2));
  const held = await run('promote', { mode: 'hold', environment: 'held', reason: 'incident' });
  expect(held.outputs, held.log).toMatchObject({ outcome: 'passed' });
  const done = await rollback('held', { target: digestOf(images[0]) });
  expect(done.outputs, done.log).toMatchObject({ outcome: 'passed' });
});

test('does not go back behind what cannot be undone, without break-glass', { timeout: 120_000 }, async () => {
  const migrated = await release('migrated', {
    labels: 'io.github.hallmark-actions.irreversible=the schema of orders',
  });
  const after = await release('after');
  await promoteAll('floor', [images[0] ?? '', migrated, after]);
  const refused = await rollback('floor', { target: digestOf(images[0]) });
  expect(refused.outputs, refused.log).toMatchObject({ outcome: 'refused' });
  expect(refused.log).toContain('says that nothing older runs after it');
  const done = await rollback('floor');
  expect(done.outputs, done.log).toMatchObject({ outcome: 'passed', digest: digestOf(migrated) });

  const glass = { target: digestOf(images[0]), 'break-glass': 'floor' };
  const alone = await rollback('floor', glass);
  expect(alone.outputs, alone.log).toMatchObject({ outcome: 'refused' });
  world.github.reviews.runs.push({
    run: 1000,
    environment: 'floor',
    login: 'hubot',
    comment: digestOf(images[0]),
  });
  const broken = await rollback('floor', glass);
  expect(broken.outputs, broken.log).toMatchObject({ outcome: 'passed', digest: digestOf(images[0]) });
  expect((await readRecord(broken.outputs.record ?? '')).override).toMatchObject({ rules: ['floor'] });
});

test('what the policy allows no more is no target, unless what runs is no better', {
  timeout: 90_000,
}, async () => {
  await promoteAll('strict', images.slice(0, 2));
  const stricter = (limit: number) =>
    world.github.commit('octo/app', {
      [POLICY]: policy(world.registry.host).replace('1000000', String(limit)),
    });
  // Both are as large as each other: what runs is no better.
  stricter(10);
  const done = await rollback('strict');
  expect(done.outputs, done.log).toMatchObject({ outcome: 'passed', digest: digestOf(images[0]) });
  expect((await readRecord(done.outputs.record ?? '')).verdict).toBeDefined();
  stricter(1_000_000);
});

describe('works while something is down', () => {
  const place = (environment: string) => `${world.registry.host}/octo/${environment}`;

  test("GitHub's API: by the policy in the newest record", { timeout: 120_000 }, async () => {
    await promoteAll('nohub', images.slice(0, 2));
    const down = { variables: { GITHUB_API_URL: 'http://127.0.0.1:1' } };
    const lost = await rollback('nohub', {}, down);
    expect(lost.outputs, lost.log).toMatchObject({ outcome: 'unavailable' });
    const stranger = await rollback(
      'nohub',
      { repository: place('nohub') },
      { ...down, ref: 'refs/heads/evil' },
    );
    expect(stranger.outputs, stranger.log).toMatchObject({ outcome: 'refused' });
    expect(stranger.log).toContain('has no record by this workflow');
    const other = await rollback('nohub', { repository: place('nohub'), policy: '.github/other.yml' }, down);
    expect(other.outputs, other.log).toMatchObject({ outcome: 'refused' });
    expect(other.log).toContain('not octo/app/.github/other.yml');
    const done = await rollback('nohub', { repository: place('nohub') }, down);
    expect(done.outputs, done.log).toMatchObject({ outcome: 'passed', digest: digestOf(images[0]) });
    expect(await pointerOf('nohub')).toBe(digestOf(images[0]));
  });

  test('the log: with a timestamp alone, which counts for a rollback and nothing else', {
    timeout: 120_000,
  }, async () => {
    await promoteAll('nolog', images.slice(0, 2));
    const down = { 'rekor-url': `${world.sigstore.url}/nowhere` };
    const promotion = await run('promote', { image: images[2] ?? '', environment: 'nolog', ...down });
    expect(promotion.outputs, promotion.log).toMatchObject({ outcome: 'unavailable' });
    const done = await rollback('nolog', down);
    expect(done.outputs, done.log).toMatchObject({ outcome: 'passed', digest: digestOf(images[0]) });
    expect(done.log).toContain('goes without a log entry');
    // The chain goes on from there.
    await promoteAll('nolog', [images[2] ?? '']);
  });

  const noScanner = {
    'db-repository': '127.0.0.1:1/db:2',
    'trivy-path': process.execPath,
    'trivy-version': process.version.slice(1),
  };

  /** An image with an attested scan of now, by a database of some days ago. */
  async function releaseScanned(content: string, days = 0): Promise<string> {
    const image = await release(content);
    const now = new Date().toISOString();
    const updatedAt = new Date(Date.now() - days * 86_400_000).toISOString();
    writeFileSync(
      join(world.workspace, 'report.json'),
      JSON.stringify({
        SchemaVersion: 2,
        Trivy: { Version: '0.72.0' },
        ArtifactType: 'container_image',
        Metadata: { ImageID: `sha256:${'1'.repeat(64)}` },
        Hallmark: {
          manifest: digestOf(image),
          platform: 'linux/amd64',
          scanners: ['vuln', 'secret'],
          startedAt: now,
          scannedAt: now,
          database: { repository: 'ghcr.io/x/db:2', digest: `sha256:${'2'.repeat(64)}`, updatedAt },
        },
      }),
    );
    const attested = await world.run('attest', { image, 'scan-report': 'report.json' });
    expect(attested.outputs, attested.log).toMatchObject({ outcome: 'passed' });
    return image;
  }

  test('the scanner: a database that was old when it was used stays so', { timeout: 90_000 }, async () => {
    await promoteAll('stale', [await releaseScanned('stale', 30), await releaseScanned('not stale')]);
    const rules = policy(world.registry.host);
    world.github.commit('octo/app', { [POLICY]: rules.replace('[signed, small]', '[signed, fresh-scan]') });
    const refused = await rollback('stale', noScanner);
    world.github.commit('octo/app', { [POLICY]: rules });
    expect(refused.outputs, refused.log).toMatchObject({ outcome: 'refused' });
    expect(refused.log).toContain(
      'fresh-scan (Scanned within a day, with a database of the last three days)',
    );
  });

  test('the scanner: by the last attested scan, within a limit', { timeout: 120_000 }, async () => {
    const scanned = [];
    for (const content of ['scanned one', 'scanned two']) scanned.push(await releaseScanned(content));
    await promoteAll('scanned', scanned);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    const late = await rollback('scanned', { ...noScanner, 'max-scan-age': '1s' });
    expect(late.outputs, late.log).toMatchObject({ outcome: 'unavailable' });
    expect(late.log).toContain('the last attested scan of');
    const done = await rollback('scanned', { ...noScanner, 'max-scan-age': '1h' });
    expect(done.outputs, done.log).toMatchObject({ outcome: 'passed', digest: digestOf(scanned[0]) });
    expect(done.log).toContain('so the last attested scan counts');
  });
});

describe('refuses', () => {
  test.each<[string, Record<string, string>, Run, string, string]>([
    ['no reason', { environment: 'chosen', reason: '' }, {}, 'invalid', 'reason: is required'],
    [
      'a target that is none',
      { environment: 'chosen', target: 'yesterday' },
      {},
      'invalid',
      'target: may be a digest',
    ],
    ['zero steps', { environment: 'chosen', target: '0' }, {}, 'invalid', 'target: may be a digest'],
    [
      'an environment that is not there',
      { environment: 'nowhere' },
      {},
      'invalid',
      'the policy has no "nowhere"',
    ],
    ['an environment that holds nothing', { environment: 'empty' }, {}, 'refused', 'nothing to go back from'],
    ['no policy', { environment: 'chosen', policy: '' }, {}, 'refused', 'there is no policy'],
    [
      'a stranger',
      { environment: 'strict', target: '1' },
      { workflow: '.github/workflows/hotfix.yml' },
      'refused',
      '',
    ],
    [
      'a job that may not sign',
      { environment: 'chosen' },
      { variables: { ACTIONS_ID_TOKEN_REQUEST_URL: undefined } },
      'invalid',
      'id-token: write',
    ],
  ])('%s', { timeout: 60_000 }, async (_, inputs, given, outcome, message) => {
    const done = await run('rollback', { reason: 'because', ...inputs }, given);
    expect(done.outputs, done.log).toMatchObject({ outcome });
    expect(done.log).toContain(message);
  });
});
