// What excuses a finding in the gate, through dist: exceptions on the policy's branch, and OpenVEX by whom the policy trusts with it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ActionRun } from '../../scripts/action.ts';
import { openPlainStore } from '../../scripts/demo/tamper.ts';
import { findTool } from '../../scripts/tools.ts';
import { VERDICT_EXTENSION } from '../../shared/evidence/predicate.ts';
import { parseReference } from '../../shared/image/reference.ts';
import { collectStatements } from '../../shared/sigstore/collect.ts';
import { openVerifier } from '../../shared/sigstore/verifier.ts';
import { listSubjects } from '../../shared/store/subjects.ts';
import { publishTrivyDb } from '../servers/trivy-db.ts';
import { runContext } from '../sigstore/context.ts';
import { writeLayered } from '../trivy/layered.ts';
import { GATE_WORKFLOW, RELEASE_WORKFLOW, startWorld, type World } from './world.ts';

const real = findTool('trivy');
const missing = real === undefined ? ' (skipped: no Trivy 0.72.0 here)' : '';
const POLICY = '.github/hallmark.yml';
const FILE = '.github/hallmark-exceptions.yml';
const CRITICAL = 'CVE-2019-10744';
const until = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);

const policyOf = (host: string, vex: string) => `
version: 1
repository-id: 123456789
trust:
  scanner:  [{ signer-workflow: octo/app/${RELEASE_WORKFLOW} }]
  vex:      [{ signer-workflow: octo/app/${vex} }]
  gate:     [{ signer-workflow: octo/app/${GATE_WORKFLOW} }]
environments:
  staging: { repository: ${host}/octo/staging, rules: [no-critical] }
`;

describe.skipIf(missing)(`excused in the gate${missing}`, () => {
  let world: World;
  let database: string;
  let image: string;
  let place: string;

  beforeAll(async () => {
    world = await startWorld();
    database = await publishTrivyDb(world.registry.host);
  });
  afterAll(() => world.close());
  let count = 0;
  beforeEach(async () => {
    count += 1;
    place = `${world.registry.host}/octo/app${count}`;
    world.github.commit('octo/app', {
      [POLICY]: policyOf(world.registry.host, RELEASE_WORKFLOW),
      [FILE]: undefined,
    });
    const files = { 'app/node_modules/lodash/package.json': '{"name":"lodash","version":"4.17.4"}' };
    const digest = await writeLayered(openPlainStore(parseReference(place)), [
      { createdBy: 'COPY . .', files },
    ]);
    image = `${place}@${digest}`;
    const scanned = await world.run('scan', { image, 'trivy-path': String(real), 'db-repository': database });
    await attest({ 'scan-report': scanned.outputs.report ?? '' });
  });

  async function attest(inputs: Record<string, string>): Promise<void> {
    const done = await world.run('attest', { image, ...inputs });
    expect(done.code, done.log).toBe(0);
  }
  const gate = (): Promise<ActionRun> =>
    world.run('gate', { image, environment: 'staging', policy: POLICY }, { workflow: GATE_WORKFLOW });

  /** What the signed verdicts beside the image say was excused. */
  async function readExcused(): Promise<unknown[]> {
    const store = openPlainStore(parseReference(place));
    const context = runContext(world.sigstore, {}, { workspace: world.workspace });
    const verifier = await openVerifier({ 'trusted-root': world.trustedRootFile }, context);
    const subjects = await listSubjects(store, parseReference(image).digest ?? '');
    const { statements } = await collectStatements(store, subjects, verifier);
    return statements
      .filter(({ statement }) => statement.predicateType.startsWith('https://slsa.dev/verification_summary'))
      .map(
        ({ statement }) =>
          (statement.predicate as Record<string, { excused?: unknown }>)[VERDICT_EXTENSION]?.excused,
      );
  }

  function writeVex(): string {
    const document = {
      '@context': 'https://openvex.dev/ns/v0.2.0',
      '@id': 'https://octo.example/vex/1',
      author: 'Octo',
      timestamp: '2026-11-01T00:00:00Z',
      version: 1,
      statements: [
        {
          vulnerability: { name: CRITICAL },
          products: [{ '@id': 'pkg:npm/lodash@4.17.4' }],
          status: 'not_affected',
          justification: 'vulnerable_code_not_in_execute_path',
        },
      ],
    };
    writeFileSync(join(world.workspace, 'vex.json'), JSON.stringify(document));
    return 'vex.json';
  }

  it('nothing: denied, and the verdict says that nothing was excused', async () => {
    const run = await gate();
    expect(run.outputs).toMatchObject({ outcome: 'refused', decision: 'deny' });
    expect(run.outputs.reasons).toContain(CRITICAL);
    expect(await readExcused()).toEqual([[]]);
  });

  it('an exception on the protected branch: allowed, told and signed with owner, reason and end', async () => {
    world.github.commit('octo/app', {
      [FILE]: `version: 1\nexceptions:\n  - { finding: ${CRITICAL}, scope: { package: lodash }, owner: octo, reason: known, until: ${until} }\n`,
    });
    const run = await gate();
    expect(run.outputs, run.log).toMatchObject({ outcome: 'passed', decision: 'allow' });
    expect(run.log).toContain(`${CRITICAL} in lodash is excused by octo until ${until}: known`);
    expect(await readExcused()).toEqual([
      [
        expect.objectContaining({
          id: CRITICAL,
          by: 'exception',
          owner: 'octo',
          reason: 'known',
          until: `${until}T00:00:00.000Z`,
        }),
      ],
    ]);
  });

  it('a faulty file of exceptions: invalid, and no yes', async () => {
    world.github.commit('octo/app', { [FILE]: `version: 1\nexceptions:\n  - { finding: ${CRITICAL} }\n` });
    const run = await gate();
    expect(run.outputs).toMatchObject({ outcome: 'invalid', decision: 'deny' });
    expect(run.log).toContain(`${FILE}:3:5`);
  });

  it('OpenVEX by who has the role: allowed', async () => {
    await attest({ vex: writeVex() });
    const run = await gate();
    expect(run.outputs, run.log).toMatchObject({ outcome: 'passed', decision: 'allow' });
    expect(run.log).toContain(
      `${CRITICAL} in lodash is excused by VEX: not_affected: vulnerable_code_not_in_execute_path`,
    );
  });

  it('OpenVEX by anybody else: denied', async () => {
    world.github.commit('octo/app', { [POLICY]: policyOf(world.registry.host, GATE_WORKFLOW) });
    await attest({ vex: writeVex() });
    expect((await gate()).outputs).toMatchObject({ outcome: 'refused', decision: 'deny' });
  });
});
