// What a rollback's own scan has to look for, with the real Trivy: all that the environment's rules ask about.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPlainStore } from '../../scripts/demo/tamper.ts';
import { findTool } from '../../scripts/tools.ts';
import { parseReference } from '../../shared/image/reference.ts';
import { publishTrivyDb } from '../servers/trivy-db.ts';
import { writeLayered } from '../trivy/layered.ts';
import { GATE_WORKFLOW, RELEASE_WORKFLOW, startWorld, type World } from './world.ts';

const real = findTool('trivy');
const missing = real === undefined ? ' (skipped: no Trivy 0.72.0 here)' : '';
const POLICY = '.github/hallmark.yml';
/** What lodash 4.17.4 has. */
const CRITICAL = 'CVE-2019-10744';

const policyOf = (host: string) => `
version: 1
repository-id: 123456789
trust:
  scanner:  [{ signer-workflow: octo/app/${RELEASE_WORKFLOW} }]
  gate:     [{ signer-workflow: octo/app/${GATE_WORKFLOW} }]
  promoter: [{ signer-workflow: octo/app/${GATE_WORKFLOW} }]
environments:
  prod: { repository: ${host}/octo/prod, rules: [no-known-exploited, no-agpl] }
rules:
  no-agpl: { title: No AGPL, deny: "licences.exists(l, l.id.startsWith('AGPL'))" }
`;

describe.skipIf(missing)(`a rollback scans${missing}`, () => {
  let world: World;
  let tools: Record<string, string>;

  beforeAll(async () => {
    world = await startWorld();
    world.github.commit('octo/app', { [POLICY]: policyOf(world.registry.host) });
    const database = await publishTrivyDb(world.registry.host);
    tools = { 'trivy-path': String(real), 'db-repository': database };
    for (const version of ['4.17.4', '4.17.21']) await promoteNew(version);
  }, 120_000);
  afterAll(() => world.close());

  /** CISA's catalogue with these CVEs, as of today. */
  function writeCatalogue(...ids: string[]): string {
    const dateReleased = new Date().toISOString();
    const vulnerabilities = ids.map((cveID) => ({ cveID, dateAdded: '2026-01-01' }));
    const catalogue = { title: 'x', catalogVersion: '1', dateReleased, count: ids.length, vulnerabilities };
    writeFileSync(join(world.workspace, 'kev.json'), JSON.stringify(catalogue));
    return 'kev.json';
  }

  async function promoteNew(lodash: string): Promise<void> {
    const place = `${world.registry.host}/octo/app`;
    const files = {
      'app/node_modules/lodash/package.json': JSON.stringify({ name: 'lodash', version: lodash }),
    };
    const digest = await writeLayered(openPlainStore(parseReference(place)), [
      { createdBy: 'COPY . .', files },
    ]);
    const image = `${place}@${digest}`;
    const scanned = await world.run('scan', {
      ...tools,
      image,
      scanners: 'vuln,secret,license',
      kev: writeCatalogue('CVE-2000-0001'),
      'fail-on': '',
    });
    const attested = await world.run('attest', { image, 'scan-report': scanned.outputs.report ?? '' });
    expect(attested.outputs, attested.log).toMatchObject({ outcome: 'passed' });
    const inputs = { image, environment: 'prod', policy: POLICY };
    const done = await world.run('promote', inputs, { workflow: GATE_WORKFLOW });
    expect(done.outputs, done.log).toMatchObject({ outcome: 'passed' });
  }

  test.each<[string, () => Record<string, string>, string, RegExp]>([
    [
      'without a list: what is exploited is not known, so it counts against the image',
      () => ({}),
      'refused',
      /no-known-exploited .*it could not be evaluated/,
    ],
    [
      'with a list that has what only the older image has',
      () => ({ kev: writeCatalogue(CRITICAL) }),
      'refused',
      new RegExp(`no-known-exploited .*${CRITICAL}`),
    ],
    ['with a list that has another', () => ({ kev: writeCatalogue('CVE-2000-0001') }), 'passed', /./],
  ])('%s', { timeout: 120_000 }, async (_, inputs, outcome, says) => {
    const given = { ...tools, environment: 'prod', reason: 'broken', policy: POLICY, ...inputs() };
    const done = await world.run('rollback', given, { workflow: GATE_WORKFLOW });
    expect(done.outputs, done.log).toMatchObject({ outcome });
    expect(done.log).toMatch(says);
  });
});
