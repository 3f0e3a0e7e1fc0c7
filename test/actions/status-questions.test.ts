// "Where does it run?" and "What happened?", answered from what is attested: real Trivy, everything through dist.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ActionRun } from '../../scripts/action.ts';
import { openPlainStore } from '../../scripts/demo/tamper.ts';
import { findTool } from '../../scripts/tools.ts';
import type { Dossier } from '../../shared/environment/dossier.ts';
import type { Search } from '../../shared/environment/search.ts';
import { parseReference } from '../../shared/image/reference.ts';
import { readWritten } from '../report/status/form.ts';
import { publishTrivyDb } from '../servers/trivy-db.ts';
import { writeLayered } from '../trivy/layered.ts';
import { GATE_WORKFLOW, RELEASE_WORKFLOW, startWorld, type World } from './world.ts';

const real = findTool('trivy');
const missing = real === undefined ? ' (skipped: no Trivy 0.72.0 here)' : '';
const POLICY = '.github/hallmark.yml';
const EXCEPTED = 'CVE-2018-3721';
const UNTIL = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);

const policyOf = (host: string) => `
version: 1
repository-id: 123456789
trust:
  builder:  [{ signer-workflow: octo/app/${RELEASE_WORKFLOW} }]
  scanner:  [{ signer-workflow: octo/app/${RELEASE_WORKFLOW} }]
  gate:     [{ signer-workflow: octo/app/${GATE_WORKFLOW} }]
  promoter: [{ signer-workflow: octo/app/${GATE_WORKFLOW} }]
exceptions: .github/exceptions.yml
environments:
  whole: { repository: ${host}/octo/whole, rules: [small, no-secrets] }
  scanned: { repository: ${host}/octo/scanned, rules: [small] }
  bare:  { repository: ${host}/octo/bare, rules: [small] }
rules:
  small: { title: Small, deny: image.size > 500000000 }
`;
const exceptions = `
version: 1
exceptions:
  - finding: ${EXCEPTED}
    scope: { package: lodash }
    reason: not reachable
    owner: octo
    until: ${UNTIL}
`;

describe.skipIf(missing)(`questions to status${missing}`, () => {
  let world: World;
  let database: string;
  const images: Record<string, string> = {};

  beforeAll(async () => {
    world = await startWorld();
    const { host } = world.registry;
    world.github.commit('octo/app', { [POLICY]: policyOf(host), '.github/exceptions.yml': exceptions });
    database = await publishTrivyDb(host);
    images.whole = await release('4.17.4', ['sbom', 'scan-report']);
    images.scanned = await release('4.17.11', ['scan-report']);
    images.bare = await release('4.17.20', []);
    for (const [environment, image] of Object.entries(images)) {
      const inputs = { image, environment, policy: POLICY, reason: `into ${environment}` };
      const done = await world.run('promote', inputs, { workflow: GATE_WORKFLOW });
      expect(done.outputs, done.log).toMatchObject({ outcome: 'passed' });
    }
  }, 120_000);
  afterAll(() => world.close());

  async function release(lodash: string, attests: readonly ('sbom' | 'scan-report')[]): Promise<string> {
    const place = `${world.registry.host}/octo/app`;
    const text = JSON.stringify({ name: 'lodash', version: lodash });
    const layers = [{ createdBy: 'COPY . .', files: { 'app/node_modules/lodash/package.json': text } }];
    const image = `${place}@${await writeLayered(openPlainStore(parseReference(place)), layers)}`;
    if (attests.length === 0) return image;
    const tools = { 'trivy-path': String(real), 'db-repository': database, 'fail-on': '' };
    const { outputs, log } = await world.run('scan', { ...tools, image });
    expect(outputs, log).toMatchObject({ outcome: 'passed' });
    const files = { sbom: outputs['sbom-cyclonedx'] ?? '', 'scan-report': outputs.report ?? '' };
    const given = Object.fromEntries(attests.map((input) => [input, files[input]]));
    const attested = await world.run('attest', { image, ...given });
    expect(attested.outputs, attested.log).toMatchObject({ outcome: 'passed' });
    return image;
  }

  const ask = (inputs: Record<string, string>): Promise<ActionRun> =>
    world.run('status', { policy: POLICY, ...inputs });
  const digestOf = (environment: string): string => images[environment]?.split('@')[1] ?? '';

  /** `environment package version: CVE (fixed in)`, and of what nobody can say. */
  function tell(run: ActionRun): { hits: string[]; unknown: string[] } {
    const { environments }: Search = readWritten('found', run.outputs.found);
    return {
      hits: environments.flatMap(({ name, hits }) =>
        hits.map((hit) => `${name} ${hit.package} ${hit.version} on ${hit.platform}`),
      ),
      unknown: environments.flatMap(({ name, unknown }) => unknown.map(({ reason }) => `${name}: ${reason}`)),
    };
  }

  const WHOLE = 'whole lodash 4.17.4 on linux/amd64';
  const SCANNED = 'scanned lodash 4.17.11 on linux/amd64';
  const NO_SBOM = 'bare: it has no SBOM that counts';
  test.each<{
    find: string;
    environment?: string;
    rescan?: boolean;
    affected: string;
    hits: string[];
    unknown: (string | RegExp)[];
  }>([
    { find: 'lodash', affected: 'true', hits: [WHOLE, SCANNED], unknown: [NO_SBOM] },
    { find: 'LoDash', environment: 'whole', affected: 'true', hits: [WHOLE], unknown: [] },
    { find: 'lodash@4.17.4', environment: 'whole', affected: 'true', hits: [WHOLE], unknown: [] },
    { find: 'lodash@1.0.0', environment: 'whole', affected: 'false', hits: [], unknown: [] },
    { find: 'pkg:npm/lodash', environment: 'whole', affected: 'true', hits: [WHOLE], unknown: [] },
    { find: 'pkg:npm/lodash@4.17.4', environment: 'whole', affected: 'true', hits: [WHOLE], unknown: [] },
    { find: 'pkg:pypi/lodash', environment: 'whole', affected: 'false', hits: [], unknown: [] },
    { find: 'left-pad', environment: 'whole', affected: 'false', hits: [], unknown: [] },
    {
      find: 'left-pad',
      affected: 'unknown',
      hits: [],
      unknown: ['scanned: it has no SBOM that counts', NO_SBOM],
    },
    { find: 'left-pad', environment: 'bare', affected: 'unknown', hits: [], unknown: [NO_SBOM] },
    {
      find: 'CVE-2019-10744',
      affected: 'true',
      hits: [WHOLE, SCANNED],
      unknown: ['bare: it has no scan that counts'],
    },
    { find: 'ghsa-jf85-cpcp-j695', environment: 'whole', affected: 'true', hits: [WHOLE], unknown: [] },
    {
      find: 'CVE-2020-7598',
      environment: 'whole',
      affected: 'unknown',
      hits: [],
      unknown: [
        /^whole: its scan of 20.+ by the database of 2026-11-21T00:00:00Z, does not have it; rescan: true/,
      ],
    },
    { find: 'CVE-2020-7598', environment: 'whole', rescan: true, affected: 'false', hits: [], unknown: [] },
    {
      find: 'CVE-2020-28500',
      environment: 'bare',
      rescan: true,
      affected: 'true',
      hits: ['bare lodash 4.17.20 on linux/amd64'],
      unknown: [],
    },
  ])(
    'find $find in $environment, rescan $rescan',
    { timeout: 60_000 },
    async ({ find, environment = '', ...want }) => {
      const tools = { rescan: 'true', 'trivy-path': String(real), 'db-repository': database };
      const done = await ask({ find, environment, ...(want.rescan && tools) });
      expect(done.outputs, done.log).toMatchObject({ outcome: 'passed', affected: want.affected });
      expect(tell(done).hits).toEqual(want.hits);
      expect(tell(done).unknown).toEqual(
        want.unknown.map((reason) => (typeof reason === 'string' ? reason : expect.stringMatching(reason))),
      );
      for (const word of want.hits.length > 0 ? ['⛔', 'lodash'] : []) expect(done.summary).toContain(word);
      if (want.affected === 'unknown') expect(done.summary).toContain('Nobody can say that it does not');
    },
  );

  test('says of each hit what is known of it, what fixes it and what is excused', {
    timeout: 30_000,
  }, async () => {
    const done = await ask({ find: 'lodash', environment: 'whole' });
    const { environments }: Search = readWritten('found', done.outputs.found);
    const [hit] = environments[0]?.hits ?? [];
    expect(hit).toMatchObject({ digest: digestOf('whole'), held: true, purl: 'pkg:npm/lodash@4.17.4' });
    expect(hit?.vulnerabilities).toContainEqual({
      id: 'CVE-2019-10744',
      severity: 'CRITICAL',
      fixed: '4.17.12',
    });
    expect(hit?.vulnerabilities).toContainEqual({
      id: EXCEPTED,
      severity: 'LOW',
      fixed: '4.17.5',
      excused: 'exception: not reachable',
    });
  });

  test.each<[string, Record<string, string>, RegExp]>([
    ['a number that is none', { find: 'CVE-1' }, /find: "CVE-1" is no number/],
    ['a sentence', { find: 'log 4 j' }, /find: "log 4 j" is no advisory/],
    ['a name without a version behind its sign', { find: 'lodash@' }, /find: "lodash@" is no/],
    ['a package URL that is none', { find: 'pkg:npm' }, /find: "pkg:npm" is no package URL/],
    [
      'a dossier of nothing that is known',
      { dossier: `sha256:${'9'.repeat(64)}` },
      /dossier: no environment/,
    ],
    ['a dossier of a name', { dossier: 'latest' }, /dossier: takes a digest/],
    [
      'a dossier of a time of no environment',
      { dossier: '2026-01-01/2026-02-01' },
      /environment: is required/,
    ],
    [
      'a dossier of a time that ends first',
      { dossier: '2026-02-01/2026-01-01', environment: 'whole' },
      /dossier: ends before/,
    ],
  ])('%s is invalid', { timeout: 30_000 }, async (_, inputs, says) => {
    const done = await ask(inputs);
    expect(done.outputs, done.log).toMatchObject({ outcome: 'invalid', affected: 'unknown' });
    expect(done.log).toMatch(says);
  });

  test.each<[string, () => Record<string, string>]>([
    ['an image', () => ({ dossier: digestOf('whole') })],
    ['a record', () => ({ dossier: `env-whole.000001-${digestOf('whole').slice(7, 19)}` })],
    ['a time', () => ({ dossier: '2020-01-01/', environment: 'whole' })],
  ])('compiles a dossier of %s in the order of time', { timeout: 30_000 }, async (_, inputs) => {
    const done = await ask(inputs());
    expect(done.outputs, done.log).toMatchObject({ outcome: 'passed' });
    const dossier: Dossier = readWritten('dossier', done.outputs['dossier-json']);
    expect(dossier.images).toMatchObject([{ environment: 'whole', digest: digestOf('whole') }]);
    expect(dossier.gaps).toEqual([]);
    expect(dossier.events.map(({ kind }) => kind).toSorted()).toEqual([
      'cyclonedx',
      'promote',
      'scan',
      'verdict',
    ]);
    expect(dossier.events.map(({ kind }) => kind).slice(-2)).toEqual(['verdict', 'promote']);
    const [verdict, promote] = dossier.events.slice(-2);
    expect(verdict?.details).toContainEqual(
      expect.stringMatching(
        new RegExp(`^accepted: ${EXCEPTED} in lodash .*until ${UNTIL}.*: not reachable$`),
      ),
    );
    for (const event of dossier.events) {
      expect(event.by).toContain('https://github.com/octo/app/.github/workflows/');
      expect(event.run).toContain('/actions/runs/1000/');
      expect(event.logIndex).toMatch(/^\d+$/);
      expect(Number.isNaN(Date.parse(event.at ?? ''))).toBe(false);
    }
    expect(promote?.what).toBe('record 1: promote, asked for by mona: into whole');
    const text = readFileSync(done.outputs.dossier ?? '', 'utf8');
    for (const { source } of dossier.events) expect(text).toContain(source);
    expect(text.indexOf('record 1: promote')).toBeGreaterThan(text.indexOf('accepted: '));
  });
});
