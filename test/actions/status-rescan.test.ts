// What runs is judged anew: real Trivy over what environments hold, by a database that has learnt something since.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ActionRun } from '../../scripts/action.ts';
import { openPlainStore } from '../../scripts/demo/tamper.ts';
import { findTool } from '../../scripts/tools.ts';
import type { Rescan } from '../../shared/environment/rescan.ts';
import { parseReference } from '../../shared/image/reference.ts';
import { readWritten } from '../report/status/form.ts';
import { publishTrivyDb } from '../servers/trivy-db.ts';
import { writeLayered } from '../trivy/layered.ts';
import { GATE_WORKFLOW, RELEASE_WORKFLOW, startWorld, type World } from './world.ts';

const real = findTool('trivy');
const missing = real === undefined ? ' (skipped: no Trivy 0.72.0 here)' : '';
const POLICY = '.github/hallmark.yml';
/** Which the later database has and the first has not. */
const ADVISORY = 'CVE-2099-0001';

const policyOf = (host: string) => `
version: 1
repository-id: 123456789
trust:
  scanner:  [{ signer-workflow: octo/app/${RELEASE_WORKFLOW} }]
  gate:     [{ signer-workflow: octo/app/${GATE_WORKFLOW} }]
  promoter: [{ signer-workflow: octo/app/${GATE_WORKFLOW} }]
environments:
  staging: { repository: ${host}/octo/staging, rules: [no-critical, asked] }
  prod:    { repository: ${host}/octo/prod, rules: [no-critical] }
rules:
  asked: { title: Somebody says why, deny: "promotion.reason == ''" }
`;

describe.skipIf(missing)(`a rescan of what runs${missing}`, () => {
  let world: World;
  let before: string;
  let later: string;
  let old: string;

  beforeAll(async () => {
    world = await startWorld();
    const { host } = world.registry;
    world.github.commit('octo/app', { [POLICY]: policyOf(host) });
    before = await publishTrivyDb(host);
    const content = readFileSync(new URL('../fixtures/trivy-db/later.tar.gz', import.meta.url));
    later = await publishTrivyDb(host, content, 'trivy-db-later');
    old = await release('2.0.0');
    for (const environment of ['staging', 'prod']) await promote(old, environment);
  }, 120_000);
  afterAll(() => world.close());
  beforeEach(() => world.github.clearFaults());

  /** An image with one package, scanned and attested. */
  async function release(ms: string): Promise<string> {
    const place = `${world.registry.host}/octo/app`;
    const files = { 'app/node_modules/ms/package.json': JSON.stringify({ name: 'ms', version: ms }) };
    const store = openPlainStore(parseReference(place));
    const image = `${place}@${await writeLayered(store, [{ createdBy: 'COPY . .', files }])}`;
    const tools = { 'trivy-path': String(real), 'db-repository': before, 'fail-on': '' };
    const scanned = await world.run('scan', { ...tools, image });
    const attested = await world.run('attest', { image, 'scan-report': scanned.outputs.report ?? '' });
    expect(attested.outputs, attested.log).toMatchObject({ outcome: 'passed' });
    return image;
  }

  async function promote(image: string, environment: string): Promise<void> {
    const inputs = { image, environment, policy: POLICY, reason: 'because' };
    const done = await world.run('promote', inputs, { workflow: GATE_WORKFLOW });
    expect(done.outputs, done.log).toMatchObject({ outcome: 'passed' });
  }

  const rescan = (database: string, inputs: Record<string, string> = {}): Promise<ActionRun> =>
    world.run('status', {
      policy: POLICY,
      rescan: 'true',
      'trivy-path': String(real),
      'db-repository': database,
      ...inputs,
    });
  const read = (run: ActionRun): Rescan => readWritten('rescan', run.outputs.rescan);
  const images = (run: ActionRun) =>
    read(run).environments.flatMap(({ name, images: all }) =>
      all.map(({ digest, held, instances, judged }) => ({
        name,
        digest,
        held,
        instances,
        decision: 'value' in judged ? judged.value.decision : judged.unknown,
        fresh:
          'value' in judged && 'value' in judged.value.fresh
            ? judged.value.fresh.value.map(({ id }) => id)
            : 'unknown',
      })),
    );
  const digestOf = (image: string): string => image.split('@')[1] ?? '';

  test('finds nothing by the database that it was promoted with, and opens no issue', {
    timeout: 60_000,
  }, async () => {
    const done = await rescan(before, { issue: 'true', 'fail-on': 'denied' });
    expect(done.outputs, done.log).toMatchObject({ outcome: 'passed', denied: 'false' });
    expect(done.outputs['issue-url']).toBeUndefined();
    const allowed = { digest: digestOf(old), held: true, decision: 'allow', fresh: [] };
    expect(images(done)).toEqual([
      { ...allowed, name: 'staging' },
      { ...allowed, name: 'prod' },
    ]);
    expect(done.summary).toContain('Nothing that runs would be denied today');
    expect(done.summary).toContain('asked: not judged, it is about a promotion');
    expect(world.github.reports.issues).toEqual([]);
  });

  test('after a new advisory names every environment, and keeps one issue', {
    timeout: 120_000,
  }, async () => {
    for (const attempt of ['first', 'second']) {
      const done = await rescan(later, { issue: 'true' });
      expect(done.outputs, `${attempt}: ${done.log}`).toMatchObject({
        outcome: 'passed',
        denied: 'true',
        'issue-url': 'https://github.com/octo/app/issues/1',
      });
      const denied = { digest: digestOf(old), held: true, decision: 'deny', fresh: [ADVISORY] };
      expect(images(done)).toEqual([
        { ...denied, name: 'staging' },
        { ...denied, name: 'prod' },
      ]);
      expect(world.github.reports.issues).toHaveLength(1);
    }
    const [issue] = world.github.reports.issues;
    expect(issue).toMatchObject({ state: 'open', title: 'What runs in staging, prod would be denied today' });
    expect(issue?.body).toContain(ADVISORY);
    expect(issue?.body).toContain('2.1.4');
  });

  test('fails where that is asked for', { timeout: 60_000 }, async () => {
    const done = await rescan(later, { environment: 'prod', 'fail-on': 'denied' });
    expect(done.outputs, done.log).toMatchObject({ outcome: 'refused', denied: 'true' });
    expect(done.log).toContain(ADVISORY);
  });

  test.each<[string, () => Record<string, string>]>([
    ['a database that is not there', () => ({ 'db-repository': `${world.registry.host}/no-db:2` })],
    ['a database that is too old', () => ({ 'db-repository': before, 'db-max-age': '1s' })],
  ])('says that nobody knows with %s, and leaves the issue open', { timeout: 60_000 }, async (_, inputs) => {
    const done = await rescan(before, { issue: 'true', ...inputs() });
    expect(done.outputs, done.log).toMatchObject({ outcome: 'unavailable', denied: 'unknown' });
    expect(images(done).map(({ decision }) => decision)).not.toContain('allow');
    expect(world.github.reports.issues).toMatchObject([
      { state: 'open', title: 'What runs may be denied today' },
    ]);
    expect(world.github.reports.issues[0]?.body).not.toContain('✅');
  });

  test('judges what runs beside what is held, and says what it could not judge', {
    timeout: 60_000,
  }, async () => {
    const other = await release('2.1.3');
    const unknown = `sha256:${'9'.repeat(64)}`;
    const store = `${world.registry.host}/octo/prod`;
    await promote(other, 'prod');
    writeFileSync(
      join(world.workspace, 'running.txt'),
      [old, other, other]
        .map((image) => `${store}@${digestOf(image)}`)
        .concat(`${store}@${unknown}`)
        .join('\n'),
    );
    const done = await rescan(before, { environment: 'prod', running: 'running.txt', 'fail-on': 'denied' });
    expect(done.outputs, done.log).toMatchObject({ outcome: 'refused', denied: 'unknown' });
    expect(images(done)).toMatchObject([
      { digest: digestOf(other), held: true, instances: 2, decision: 'allow' },
      { digest: digestOf(old), held: false, instances: 1, decision: 'allow' },
    ]);
    expect(done.log).toContain(`${unknown} runs and is not in ${store}`);
  });

  test('closes the issue with a word when all is well again', { timeout: 60_000 }, async () => {
    const good = await release('2.1.4');
    for (const environment of ['staging', 'prod']) await promote(good, environment);
    const done = await rescan(later, { issue: 'true' });
    expect(done.outputs, done.log).toMatchObject({ outcome: 'passed', denied: 'false' });
    const { issues, comments } = world.github.reports;
    expect(issues).toMatchObject([{ state: 'closed', title: 'What runs would pass today' }]);
    expect(comments.map(({ body }) => body)).toEqual([
      expect.stringContaining('Nothing that runs would be denied'),
    ]);
  });

  test.each<[string, Record<string, string>, RegExp]>([
    ['issue without rescan', { rescan: '', issue: 'true' }, /issue: is about what a rescan denies/],
    ['fail-on denied without rescan', { rescan: '', 'fail-on': 'denied' }, /fail-on: has .*denied/],
    ['a rescan that is neither', { rescan: 'perhaps' }, /rescan: may be true or false/],
    ['an alarm that is none', { 'fail-on': 'everything' }, /drift, coverage, age, denied/],
  ])('%s is invalid', async (_, inputs, says) => {
    const done = await rescan(before, inputs);
    expect(done.outputs, done.log).toMatchObject({ outcome: 'invalid', denied: 'unknown' });
    expect(done.log).toMatch(says);
  });

  test('a token that may write no issues is told what to add', { timeout: 60_000 }, async () => {
    const token = world.github.issueToken({ contents: 'read' });
    const done = await rescan(later, { issue: 'true', 'github-token': token });
    expect(done.outputs, done.log).toMatchObject({ outcome: 'invalid' });
    expect(done.log).toContain('issues: ');
  });
});
