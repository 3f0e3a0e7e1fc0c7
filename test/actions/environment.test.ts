import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readRecord } from './record.ts';
import { releaseImage } from './release.ts';
import { GATE_WORKFLOW, RELEASE_WORKFLOW, type Run, startWorld, type World } from './world.ts';

/*
 * Two environments in order, and what is said of them beside promotions.
 */

const POLICY = '.github/hallmark.yml';

const policy = (host: string) => `
version: 1
repository-id: 123456789
trust:
  builder:  [{ signer-workflow: octo/app/${RELEASE_WORKFLOW} }]
  gate:     [{ signer-workflow: octo/app/${GATE_WORKFLOW} }]
  promoter: [{ signer-workflow: octo/app/${GATE_WORKFLOW} }]
environments:
  staging: { repository: ${host}/octo/staging, rules: [signed, provenance] }
  prod:    { repository: ${host}/octo/prod, after: staging, rules: [signed, provenance] }
  slow:    { repository: ${host}/octo/slow, after: staging, soak: 6s, rules: [signed, provenance] }
  frozen:
    repository: ${host}/octo/frozen
    rules: [signed]
    freeze: [{ from: 2020-01-01T00:00:00Z, until: 2999-01-01T00:00:00Z, reason: for ever }]
  approved: { repository: ${host}/octo/approved, approvals: 1, rules: [signed, provenance] }
  broken:  { repository: ${host}/octo/broken, rules: [signed, impossible] }
  beyond:  { repository: ${host}/octo/beyond, after: broken, rules: [signed] }
  asks:    { repository: ${host}/octo/asks, rules: [reasoned] }
rules:
  impossible: { title: Never, deny: "true" }
  reasoned: { title: Somebody says why, deny: "promotion.reason == '' || promotion.current != ''" }
`;

let world: World;

beforeAll(async () => {
  world = await startWorld();
  world.github.commit('octo/app', { [POLICY]: policy(world.registry.host) });
}, 60_000);
afterAll(() => world.close());

const release = (content: string) => releaseImage(world, content);

function promote(image: string, environment: string, inputs: Record<string, string> = {}, run: Run = {}) {
  return world.run(
    'promote',
    { image, environment, policy: POLICY, ...inputs },
    { workflow: GATE_WORKFLOW, ...run },
  );
}

const mark = (mode: string, environment: string, inputs: Record<string, string> = {}, run: Run = {}) =>
  promote('', environment, { mode, reason: 'because', ...inputs }, run);

async function tagsOf(environment: string): Promise<string[]> {
  const answer = await fetch(`http://${world.registry.host}/v2/octo/${environment}/tags/list`);
  const { tags = [] } = (await answer.json()) as { tags?: string[] };
  return tags.filter((tag) => /^env-.+\.\d{6}-/.test(tag));
}

describe('environments in order', () => {
  let image: string;
  beforeAll(async () => {
    image = await release('ordered');
  }, 60_000);

  test('an image goes through one after the other, and soaks', { timeout: 60_000 }, async () => {
    const early = await promote(image, 'prod');
    expect(early.outputs, early.log).toMatchObject({ outcome: 'refused' });
    expect(early.log).toContain('it was never promoted to staging');
    expect(await tagsOf('prod')).toEqual([]);

    const staged = await promote(image, 'staging');
    expect(staged.outputs, staged.log).toMatchObject({ outcome: 'passed' });
    const there = staged.outputs.image ?? '';
    const soaking = await promote(there, 'slow');
    expect(soaking.outputs, soaking.log).toMatchObject({ outcome: 'refused' });
    expect(soaking.log).toMatch(/it has been in staging for \ds of 6s/);

    const done = await promote(there, 'prod');
    expect(done.outputs, done.log).toMatchObject({ outcome: 'passed' });
    await new Promise((resolve) => setTimeout(resolve, 6500));
    const soaked = await promote(there, 'slow');
    expect(soaked.outputs, soaked.log).toMatchObject({ outcome: 'passed' });
  });

  test('a gate says the same, and what it saw', { timeout: 60_000 }, async () => {
    const other = await release('gated');
    const run = await world.run(
      'gate',
      { image: other, environment: 'prod', policy: POLICY },
      { workflow: GATE_WORKFLOW },
    );
    expect(run.outputs, run.log).toMatchObject({ outcome: 'refused', decision: 'deny' });
    expect(run.outputs.reasons).toContain('it was never promoted to staging');
    const frozen = await world.run(
      'gate',
      { image: other, environment: 'frozen', policy: POLICY },
      { workflow: GATE_WORKFLOW },
    );
    expect(frozen.outputs.reasons).toContain('frozen until 2999-01-01T00:00:00.000Z: for ever');
  });

  test('a rule sees what the promotion is', { timeout: 60_000 }, async () => {
    const unexplained = await promote(image, 'asks');
    expect(unexplained.outputs, unexplained.log).toMatchObject({ outcome: 'refused' });
    const explained = await promote(image, 'asks', { reason: 'asked' });
    expect(explained.outputs, explained.log).toMatchObject({ outcome: 'passed' });
  });
});

describe('hold and withdraw', () => {
  let first: string;
  let second: string;
  beforeAll(async () => {
    first = await release('held one');
    second = await release('held two');
    const done = await promote(first, 'staging');
    expect(done.outputs, done.log).toMatchObject({ outcome: 'passed' });
  }, 60_000);

  test('nothing comes into an environment that is held, until it is released', {
    timeout: 90_000,
  }, async () => {
    const before = (await tagsOf('staging')).length;
    const held = await mark('hold', 'staging', { reason: 'incident 42' });
    expect(held.outputs, held.log).toMatchObject({ outcome: 'passed', digest: first.split('@')[1] });
    const again = await mark('hold', 'staging');
    expect(again.outputs, again.log).toMatchObject({ outcome: 'passed', record: '' });
    const stopped = await promote(second, 'staging');
    expect(stopped.outputs, stopped.log).toMatchObject({ outcome: 'refused' });
    expect(stopped.log).toMatch(/held by mona at .*: incident 42/);
    const released = await mark('release', 'staging');
    expect(released.outputs, released.log).toMatchObject({ outcome: 'passed' });
    expect((await tagsOf('staging')).length).toBe(before + 2);
    const done = await promote(second, 'staging');
    expect(done.outputs, done.log).toMatchObject({ outcome: 'passed', previous: first.split('@')[1] });
  });

  test('what was withdrawn goes no further and does not come back, until it is reinstated', {
    timeout: 90_000,
  }, async () => {
    const withdrawn = await mark('withdraw', 'staging', { image: second, reason: 'leaks' });
    expect(withdrawn.outputs, withdrawn.log).toMatchObject({ outcome: 'passed' });
    for (const environment of ['staging', 'prod']) {
      const stopped = await promote(second, environment);
      expect(stopped.outputs, stopped.log).toMatchObject({ outcome: 'refused' });
      expect(stopped.log).toMatch(/withdrawn by mona at .*: leaks/);
    }
    // Deleting the record's tag does not undo it: there is a gap as soon as anything follows, and the record is still beside the image.
    const back = await mark('reinstate', 'staging', { image: second });
    expect(back.outputs, back.log).toMatchObject({ outcome: 'passed' });
    const done = await promote(second, 'prod');
    expect(done.outputs, done.log).toMatchObject({ outcome: 'passed' });
  });

  test('a deleted withdrawal stops everything', { timeout: 90_000 }, async () => {
    await mark('withdraw', 'staging', { image: second, reason: 'leaks' });
    await mark('hold', 'staging');
    const tags = (await tagsOf('staging')).sort();
    const [withdrawal] = tags.slice(-2);
    await fetch(`http://${world.registry.host}/v2/octo/staging/manifests/${withdrawal}`, {
      method: 'DELETE',
    });
    const stopped = await promote(second, 'staging');
    expect(stopped.outputs, stopped.log).toMatchObject({ outcome: 'refused' });
    expect(stopped.log).toContain('have a gap');
  });

  test.each<[string, Record<string, string>, Run, string, string]>([
    ['a hold without a reason', { mode: 'hold', reason: '' }, {}, 'invalid', 'reason: is required'],
    [
      'a hold of an image',
      { mode: 'hold', image: `x.example/a@sha256:${'a'.repeat(64)}` },
      {},
      'invalid',
      'image: has nothing to do with a hold',
    ],
    ['a withdrawal of nothing', { mode: 'withdraw' }, {}, 'invalid', 'image: is required to withdraw'],
    ['a promotion of nothing', { mode: 'promote' }, {}, 'invalid', 'image: is required'],
    ['another mode', { mode: 'freeze' }, {}, 'invalid', 'mode: may be promote, hold'],
    [
      'a hold by a stranger',
      { mode: 'hold', environment: 'prod' },
      { workflow: '.github/workflows/hotfix.yml' },
      'refused',
      'does not let this run promote',
    ],
    [
      'a hold of what holds nothing',
      { mode: 'hold', environment: 'frozen' },
      {},
      'refused',
      'holds no image yet',
    ],
  ])('refuses %s', { timeout: 60_000 }, async (_, inputs, run, outcome, message) => {
    const done = await mark('hold', 'staging', inputs, run);
    expect(done.outputs, done.log).toMatchObject({ outcome });
    expect(done.log).toContain(message);
  });
});

describe('approvals and break-glass', () => {
  let image: string;
  let digest: string;
  beforeAll(async () => {
    image = await release('approved');
    digest = image.split('@')[1] ?? '';
    world.github.reviews.permissions.hubot = 'write';
  }, 60_000);
  beforeEach(() => {
    world.github.reviews.runs.length = 0;
  });
  const approve = (environment: string, login = 'hubot', comment = `ship ${digest}`) =>
    world.github.reviews.runs.push({ run: 1000, environment, login, comment });

  test('an environment that asks for approval has it in the record', { timeout: 60_000 }, async () => {
    approve('approved', 'mona');
    const alone = await promote(image, 'approved');
    expect(alone.outputs, alone.log).toMatchObject({ outcome: 'refused' });
    expect(alone.log).toContain('1 must approve this digest, and nobody did so far');
    expect(alone.log).toContain('the approval of this run by mona is of the one who started it');
    approve('approved', 'hubot', `ship sha256:${'0'.repeat(64)}`);
    const other = await promote(image, 'approved');
    expect(other.log).toContain('does not name the digest');
    approve('approved');
    const done = await promote(image, 'approved');
    expect(done.outputs, done.log).toMatchObject({ outcome: 'passed' });
    expect((await readRecord(done.outputs.record ?? '')).approvedBy).toMatchObject([
      { by: 'hubot', how: 'run' },
    ]);
  });

  test('break-glass lets one image through, with a verdict that stays FAILED and goes no further', {
    timeout: 90_000,
  }, async () => {
    const glass = { 'break-glass': 'impossible', reason: 'incident 43' };
    const alone = await promote(image, 'broken', glass);
    expect(alone.outputs, alone.log).toMatchObject({ outcome: 'refused' });
    expect(alone.log).toContain(
      "break-glass needs somebody's approval of this run for the environment broken",
    );
    approve('broken', 'mona');
    const own = await promote(image, 'broken', glass);
    expect(own.outputs, own.log).toMatchObject({ outcome: 'refused' });
    approve('broken');
    const without = await promote(image, 'broken', { reason: 'incident 43' });
    expect(without.outputs, without.log).toMatchObject({ outcome: 'refused' });
    const done = await promote(image, 'broken', glass);
    expect(done.outputs, done.log).toMatchObject({ outcome: 'passed' });
    expect(done.log).toContain('break-glass: impossible waived');
    const record = await readRecord(done.outputs.record ?? '');
    expect(record.override).toMatchObject({ rules: ['impossible'], approvedBy: [{ by: 'hubot' }] });
    const next = await promote(image, 'beyond');
    expect(next.outputs, next.log).toMatchObject({ outcome: 'refused' });
    expect(next.log).toContain('it came to broken by break-glass, which lets nothing further');
    expect(next.log).toContain('the verdict of broken is FAILED');
  });

  test.each<[string, Record<string, string>, string, string]>([
    [
      'without a reason',
      { 'break-glass': 'impossible', reason: '' },
      'invalid',
      'reason: is required for break-glass',
    ],
    ['of a rule that is not there', { 'break-glass': 'posible' }, 'invalid', 'broken has no rule "posible"'],
    ['of the signature', { 'break-glass': 'signed, impossible' }, 'invalid', '"signed" is never waived'],
    ['of a withdrawal', { 'break-glass': 'withdrawn, impossible' }, 'invalid', '"withdrawn" is never waived'],
    ['of too little', { 'break-glass': 'hold' }, 'refused', 'impossible (Never)'],
  ])('is refused %s', { timeout: 60_000 }, async (_, inputs, outcome, message) => {
    approve('broken');
    const next = await release(`broken ${Object.values(inputs).join()}`);
    const done = await promote(next, 'broken', { reason: 'incident 43', ...inputs });
    expect(done.outputs, done.log).toMatchObject({ outcome });
    expect(done.log).toContain(message);
  });
});
