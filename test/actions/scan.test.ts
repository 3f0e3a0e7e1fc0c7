import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ActionRun } from '../../scripts/action.ts';
import { findTool } from '../../scripts/tools.ts';
import { buildScanPredicate, readReport, readScan } from '../../shared/evidence/scan.ts';
import type { Digest } from '../../shared/image/digest.ts';
import { parseReference } from '../../shared/image/reference.ts';
import { reviewSchema } from '../../shared/report/review.ts';
import { openStore } from '../../shared/store/open.ts';
import { publishTrivyDb } from '../servers/trivy-db.ts';
import { type Sample, SECRETS, writeSample } from '../trivy/sample.ts';
import { startWorld, type World } from './world.ts';

const real = findTool('trivy');
const recorded = readFileSync(new URL('../fixtures/trivy/sample.json', import.meta.url));
const log = {
  info() {},
  notice() {},
  warning() {},
  mask() {},
  group: <T>(_: string, work: () => Promise<T>) => work(),
};

let world: World;
let database: string;
let sample: Sample;
let image: string;
let fault: { path: RegExp; status: number } | undefined;

beforeAll(async () => {
  world = await startWorld({
    registry: { onRequest: ({ path }) => (fault?.path.test(path) ? { status: fault.status } : undefined) },
  });
  database = await publishTrivyDb(world.registry.host);
  sample = await writeSample(openPlace(`${world.registry.host}/octo/app`));
  image = `${world.registry.host}/octo/app@${sample.digest}`;
  writeFileSync(join(world.folder, 'recorded.json'), recorded);
});
afterAll(() => world.close());
beforeEach(() => rmSync(join(world.folder, 'temp'), { recursive: true, force: true }));
afterEach(() => {
  fault = undefined;
});

function openPlace(place: string) {
  return openStore(parseReference(place), {
    workspace: world.workspace,
    path: '',
    deadline: AbortSignal.timeout(60_000),
    log,
  });
}

/** A program that answers as Trivy does, and for an analysis runs `analysis`. */
function writeTrivy(name: string, analysis: string): string {
  const path = join(world.folder, name);
  writeFileSync(
    path,
    `#!/bin/sh
case "$1" in
  --version) echo "Version: 0.72.0" ;;
  image) ${analysis} ;;
  convert) while [ "$1" != --output ]; do shift; done; echo '{}' > "$2" ;;
esac
`,
  );
  chmodSync(path, 0o755);
  return path;
}

/** What a machine without Trivy scans with: the recorded report of the real one. */
const replay = (): string => writeTrivy('replay', `cp ${join(world.folder, 'recorded.json')} trivy.json`);

function scan(inputs: Record<string, string> = {}, action = 'scan'): Promise<ActionRun> {
  const added: Record<string, string> = action === 'scan' ? { 'db-repository': database } : {};
  return world.run(action, { image, 'trivy-path': real ?? replay(), ...added, ...inputs });
}

/** The outputs but for the review, which says of any end why. */
const answersOf = ({ outputs: { review: _, ...rest } }: ActionRun) => rest;
const review = (run: ActionRun) =>
  reviewSchema.parse(JSON.parse(readFileSync(String(run.outputs.review), 'utf8')));

describe(`with ${real ? 'the real Trivy' : 'a recorded report (no Trivy here)'}`, () => {
  it('finds what is there and passes, because nothing was to be refused', async () => {
    const { code, outputs, summary } = await scan();
    expect(outputs).toMatchObject({
      outcome: 'passed',
      image,
      digest: sample.digest,
      repository: `${world.registry.host}/octo/app`,
      critical: '3',
      high: '3',
      medium: '2',
      low: '1',
      unknown: '0',
      'db-updated-at': '2026-11-21T00:00:00Z',
    });
    expect(code).toBe(0);
    const report = readReport(readFileSync(String(outputs.report), 'utf8'));
    expect(report).toMatchObject({ manifest: sample.digest, platform: 'linux/amd64', complete: true });
    for (const output of ['sarif', 'sbom-cyclonedx', 'sbom-spdx']) {
      expect(JSON.parse(readFileSync(String(outputs[output]), 'utf8'))).toBeTypeOf('object');
    }
    expect(summary).toMatch(/^## .*nothing was asked to fail/);
    const review = reviewSchema.parse(JSON.parse(readFileSync(String(outputs.review), 'utf8')));
    expect(review).toMatchObject({ image, outcome: 'passed', judged: false, fixed: [], exceptions: [] });
    expect(review.findings).toHaveLength(9);
  });

  it('leaves no secret in any report, log or summary', async () => {
    const { outputs, summary, log: printed } = await scan({ 'fail-on': 'low' });
    const texts = ['report', 'sarif', 'sbom-cyclonedx', 'sbom-spdx'].map((name) =>
      readFileSync(String(outputs[name]), 'utf8'),
    );
    for (const secret of SECRETS) expect([...texts, summary, printed].join('\n')).not.toContain(secret);
    expect(printed).toContain('secret (AWS Access Key ID) in /app/config.ini, line 1');
  });

  it.each([
    ['critical', 3],
    ['HIGH', 6],
    ['medium', 8],
    ['low', 9],
    ['critical,low', 9],
  ])('fail-on %s refuses for %i reasons, and hands out the reports', async (failOn, reasons) => {
    const { code, outputs, log: printed } = await scan({ 'fail-on': failOn });
    expect(outputs.outcome).toBe('refused');
    expect(printed.match(/(?:CRITICAL|HIGH|MEDIUM|LOW): /g)).toHaveLength(reasons);
    expect(existsSync(String(outputs.report))).toBe(true);
    expect(code).toBe(1);
  });

  it('fail-on unknown refuses nothing that has a severity', async () => {
    expect((await scan({ 'fail-on': 'unknown' })).outputs.outcome).toBe('passed');
  });

  it('scans a layout as it scans a registry', async () => {
    const { digest } = await writeSample(openPlace('oci:layout'));
    const { outputs } = await scan({ image: `oci:layout@${digest}` });
    expect(outputs).toMatchObject({ outcome: 'passed', image: `oci:layout@${digest}`, critical: '3' });
  });

  it('removes what it worked with, and leaves the reports', async () => {
    await scan();
    expect(readdirSync(join(world.folder, 'temp')).map((name) => name.replace(/-\w+$/, ''))).toEqual([
      'hallmark-scan',
    ]);
  });
});

describe('what others know', () => {
  const write = (name: string, content: unknown): string => {
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    writeFileSync(join(world.workspace, name), text);
    return name;
  };
  const grype = (id: string, severity: string): unknown => ({
    descriptor: { name: 'grype' },
    matches: [{ vulnerability: { id, severity }, artifact: { name: 'lodash', version: '4.17.4' } }],
  });
  const CRITICALS = ['CVE-2019-10744', 'CVE-2021-44906', 'aws-access-key-id'];
  const vex = (status: string): unknown => ({
    timestamp: '2026-11-01T00:00:00Z',
    statements: [
      {
        vulnerability: { name: 'CVE-2019-10744' },
        products: [{ '@id': 'pkg:npm/lodash@4.17.4' }],
        status,
        justification: 'component_not_present',
      },
    ],
  });
  const exceptions = (...findings: string[]): string =>
    `version: 1\nexceptions:\n${findings
      .map(
        (id) =>
          `  - { finding: ${id}, scope: { platform: linux/amd64 }, owner: octo, reason: known, until: ${soon} }\n`,
      )
      .join('')}`;
  const soon = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);
  const FILE = '.github/hallmark-exceptions.yml';

  afterEach(() => void world.github.commit('octo/app', { [FILE]: undefined }));

  it('another scanner is judged and attested with the rest, what it shares once', async () => {
    const same = write('same.json', grype('CVE-2019-10744', 'Critical'));
    const more = write('more.json', grype('CVE-2099-1', 'Critical'));
    const run = await scan({ reports: `${same}\nlinux/amd64=${more}`, 'fail-on': 'critical' });
    expect(run.outputs).toMatchObject({ outcome: 'refused', critical: '4' });
    expect(run.log).toContain('CRITICAL: CVE-2099-1 in lodash 4.17.4 (no fix yet), by grype');
    const scanners = new Map(review(run).findings.map((found) => [found.id, found.scanners]));
    expect(scanners.get('CVE-2019-10744')).toEqual(['trivy', 'grype']);
    expect(scanners.get('CVE-2099-1')).toEqual(['grype']);
    const predicate = buildScanPredicate(readReport(readFileSync(String(run.outputs.report), 'utf8')));
    const attested = readScan(JSON.parse(JSON.stringify(predicate)))?.findings;
    expect(attested?.filter(({ scanner }) => scanner === 'grype').map(({ id }) => id)).toEqual([
      'CVE-2019-10744',
      'CVE-2099-1',
    ]);
  });

  it('what is known to be exploited is marked and attested, with the age of the list', async () => {
    const kev = write('kev.json', {
      dateReleased: '2026-11-20T15:00:00Z',
      vulnerabilities: ['CVE-2019-10744', 'CVE-2000-1000'].map((cveID) => ({
        cveID,
        dateAdded: '2022-01-01',
      })),
    });
    const run = await scan({ kev });
    expect(run.log).toContain("CISA's catalogue of 2026-11-20T15:00:00Z");
    expect(review(run).scanner.exploitedAt).toBe('2026-11-20T15:00:00Z');
    const text = readFileSync(String(run.outputs.report), 'utf8');
    const listed = readReport(text).findings.filter(({ exploited }) => exploited === '2022-01-01');
    expect(listed.map(({ id }) => id)).toEqual(['CVE-2019-10744']);
    expect(text).not.toContain('CVE-2000-1000');
  });

  it('a lockfile says at which line a package came, and one that is missing is no failure', async () => {
    const lock = '{ "packages": {\n    "node_modules/lodash": {\n      "version": "4.17.4"\n    }\n} }\n';
    const run = await scan({ lockfiles: `${write('package-lock.json', lock)}\nnone.lock` });
    expect(run.log).toContain('none.lock cannot be read (ENOENT)');
    const lines = new Map(review(run).findings.map(({ package: name, locked }) => [name, locked]));
    expect(lines.get('lodash')).toEqual({ path: 'package-lock.json', line: 2 });
    expect(lines.get('minimist')).toBeUndefined();
  });

  it.each<[string, () => Record<string, string>, string[]]>([
    ['nothing', () => ({}), CRITICALS],
    ['OpenVEX', () => ({ vex: write('vex.json', vex('not_affected')) }), CRITICALS.slice(1)],
    ['OpenVEX that says affected', () => ({ vex: write('vex.json', vex('affected')) }), CRITICALS],
    [
      'a .trivyignore that is named',
      () => ({ trivyignores: write('.trivyignore', 'CVE-2019-10744\nCVE-2021-44906 exp:2020-01-01\n') }),
      CRITICALS.slice(1),
    ],
    [
      'exceptions on the protected branch',
      () => {
        world.github.commit('octo/app', { [FILE]: exceptions('CVE-2019-10744', 'aws-access-key-id') });
        return {};
      },
      ['CVE-2021-44906'],
    ],
  ])('excused by %s: reported all the same', async (_, given, judged) => {
    const run = await scan({ 'fail-on': 'critical', ...given() });
    expect(run.outputs).toMatchObject({ outcome: 'refused', critical: '3' });
    expect(review(run).reasons).toHaveLength(judged.length);
    expect(review(run).findings).toHaveLength(9);
    rmSync(join(world.workspace, '.trivyignore'), { force: true });
  });

  it('says of each exception what became of it, and passes when all is excused', async () => {
    world.github.commit('octo/app', { [FILE]: exceptions(...CRITICALS, 'CVE-1999-1') });
    const run = await scan({ 'fail-on': 'critical' });
    expect(run.outputs.outcome).toBe('passed');
    expect(review(run).exceptions.map(({ finding, state, line }) => [finding, state, line])).toEqual([
      ['CVE-2019-10744', 'used', 3],
      ['CVE-2021-44906', 'used', 4],
      ['aws-access-key-id', 'used', 5],
      ['CVE-1999-1', 'unused', 6],
    ]);
    const [first] = review(run).findings;
    expect(first?.exception).toEqual({ owner: 'octo', reason: 'known', until: soon });
  });

  it('a pull request cannot except itself: what it adds is only shown', async () => {
    mkdirSync(join(world.workspace, '.github'), { recursive: true });
    write(FILE, exceptions(...CRITICALS));
    const variables = { GITHUB_EVENT_NAME: 'pull_request' };
    const inputs = {
      image,
      'trivy-path': real ?? replay(),
      'db-repository': database,
      'fail-on': 'critical',
    };
    const run = await world.run('scan', inputs, { variables });
    expect(run.outputs.outcome).toBe('refused');
    expect(review(run).reasons).toHaveLength(3);
    expect(review(run).exceptions.map(({ state }) => state)).toEqual(['proposed', 'proposed', 'proposed']);
    write(FILE, 'version: 3\n');
    const faulty = await world.run('scan', inputs, { variables });
    expect(faulty.outputs.outcome).toBe('refused');
    expect(faulty.log).toContain(`${FILE}:1:10: "version" may be 1`);
    rmSync(join(world.workspace, '.github'), { recursive: true });
  });

  it('a faulty file of exceptions on the branch is invalid, not a pass', async () => {
    world.github.commit('octo/app', { [FILE]: 'version: 1\nexceptions: all\n' });
    const run = await scan({ 'fail-on': 'critical' });
    expect(answersOf(run)).toEqual({ outcome: 'invalid' });
    expect(run.log).toContain(`${FILE}:2:13`);
  });

  it.each<[string, () => Record<string, string>, string]>([
    [
      'a report of nobody',
      () => ({ reports: write('x.json', { some: 'thing' }) }),
      'reports: "x.json" is neither',
    ],
    [
      'a report for another platform',
      () => ({ reports: `linux/arm64=${write('y.json', {})}` }),
      'reports: the image has no linux/arm64',
    ],
    ['a report outside', () => ({ reports: '/etc/passwd' }), 'reports: "/etc/passwd" lies outside'],
    ['half a document of VEX', () => ({ vex: write('v.json', '{') }), 'vex: "v.json" is no JSON'],
    ['another document as VEX', () => ({ vex: write('v.json', {}) }), 'vex: "v.json" is no OpenVEX'],
    [
      'a catalogue without a date',
      () => ({ kev: write('k.json', { vulnerabilities: [] }) }),
      'kev: "k.json"',
    ],
    [
      'a .trivyignore that is not there',
      () => ({ trivyignores: 'none' }),
      'trivyignores: "none" cannot be read',
    ],
  ])('%s is invalid', async (_, given, message) => {
    const run = await scan({ 'fail-on': 'low', ...given() });
    expect(answersOf(run)).toEqual({ outcome: 'invalid' });
    expect(run.log).toContain(message);
  });
});

const missing = real === undefined ? ' (skipped: no Trivy 0.72.0 here)' : '';
describe.skipIf(missing)(`with the real Trivy alone${missing}`, () => {
  it('scans every platform of an index, each as itself', async () => {
    const index = await writeSample(openPlace(`${world.registry.host}/octo/app`), [
      'linux/amd64',
      'linux/arm64',
    ]);
    const { outputs } = await scan({ image: `${world.registry.host}/octo/app@${index.digest}` });
    expect(outputs).toMatchObject({ outcome: 'passed', critical: '3', digest: index.digest });
    const paths = new Map(outputs.report?.split('\n').map((line) => line.split('=') as [string, string]));
    expect([...paths.keys()]).toEqual(['linux/amd64', 'linux/arm64']);
    for (const [platform, path] of paths) {
      const manifest = index.manifests.get(platform);
      expect(readReport(readFileSync(path, 'utf8'))).toMatchObject({ platform, manifest });
    }
    const one = await scan({
      image: `${world.registry.host}/octo/app@${index.digest}`,
      platforms: 'linux/arm64',
    });
    expect(one.outputs['sbom-spdx']).toMatch(/^linux\/arm64=[^\n]*$/);
    expect(review(one).gaps).toEqual(['linux/amd64 was not scanned']);
    expect(one.summary).toContain('Scanned in part');
    const none = await scan({
      image: `${world.registry.host}/octo/app@${index.digest}`,
      platforms: 'linux/s390x',
    });
    expect(none.log).toMatch(/platforms: the image has no linux\/s390x/);
  });

  it('VEX of one platform excuses nothing on another, and what it excuses in part stays open', async () => {
    const index = await writeSample(openPlace(`${world.registry.host}/octo/app`), [
      'linux/amd64',
      'linux/arm64',
    ]);
    const vexOf = (digest: Digest | undefined) => {
      const product = { '@id': 'pkg:oci/app', hashes: { 'sha-256': String(digest).slice('sha256:'.length) } };
      const statement = { vulnerability: 'CVE-2019-10744', status: 'fixed', products: [product] };
      const document = { timestamp: '2026-11-01T00:00:00Z', statements: [statement] };
      writeFileSync(join(world.workspace, 'one.json'), JSON.stringify(document));
      const about = { image: `${world.registry.host}/octo/app@${index.digest}`, vex: 'one.json' };
      return scan({ ...about, 'fail-on': 'critical' });
    };
    const part = await vexOf(index.manifests.get('linux/arm64'));
    expect(review(part).reasons.join()).toContain('CVE-2019-10744');
    expect(review(part).findings.find(({ id }) => id === 'CVE-2019-10744')?.vex).toBeUndefined();
    const whole = await vexOf(index.digest);
    expect(review(whole).reasons.join()).not.toContain('CVE-2019-10744');
    expect(review(whole).findings.find(({ id }) => id === 'CVE-2019-10744')?.vex?.status).toBe('fixed');
  });

  it('is not swayed by files of Trivy in the workspace or the image', async () => {
    const ignored = 'CVE-2019-10744\nCVE-2021-44906\n';
    for (const folder of [world.workspace, process.cwd()])
      expect(existsSync(join(folder, 'trivy.yaml'))).toBe(false);
    writeFileSync(join(world.workspace, '.trivyignore'), ignored);
    writeFileSync(join(world.workspace, 'trivy.yaml'), 'severity: [LOW]\nscan:\n  scanners: [license]\n');
    writeFileSync(join(world.workspace, 'trivy-secret.yaml'), 'disable-rules: [aws-access-key-id]\n');
    const planted = await writeSample(openPlace(`${world.registry.host}/octo/app`), ['linux/amd64'], {
      'app/node_modules/lodash/package.json': '{"name":"lodash","version":"4.17.4"}',
      '.trivyignore': ignored,
      'trivy.yaml': 'severity: [LOW]\n',
    });
    const inputs = {
      image: `${world.registry.host}/octo/app@${planted.digest}`,
      'trivy-path': String(real),
      'db-repository': database,
    };
    const variables = { TRIVY_SEVERITY: 'LOW', TRIVY_IGNOREFILE: join(world.workspace, '.trivyignore') };
    const { outputs } = await world.run('scan', inputs, { variables });
    expect(outputs).toMatchObject({ critical: '1', high: '3', medium: '1', low: '1' });
  });

  it('as sbom: lists packages for each platform, without a database', async () => {
    const { outputs, code } = await scan({}, 'sbom');
    expect(code).toBe(0);
    const bom = JSON.parse(readFileSync(String(outputs['sbom-cyclonedx']), 'utf8'));
    const names = bom.components.map(({ purl }: { purl: string }) => purl);
    expect(names).toEqual(['pkg:npm/lodash@4.17.4', 'pkg:npm/minimist@1.2.0']);
    expect(bom.metadata.component.purl).toContain(`pkg:oci/app@${sample.digest}`);
    expect(outputs).not.toHaveProperty('critical');
  });
});

describe('what could not be checked is unavailable, never a pass and never refused', () => {
  it.each<[string, Record<string, string>, { path: RegExp; status: number } | undefined, RegExp]>([
    [
      'the database is not there',
      { 'db-repository': '127.0.0.1:9/trivy-db:2' },
      undefined,
      /database could not be fetched/,
    ],
    ['the database is too old', { 'db-max-age': '1s' }, undefined, /older than db-max-age/],
    ['a layer cannot be read', {}, { path: /octo\/app\/blobs/, status: 500 }, /blobs.*500/],
  ])('%s', async (_, inputs, planted, message) => {
    fault = planted;
    const run = await scan({ 'trivy-path': replay(), 'fail-on': 'low', ...inputs });
    expect(run.outputs).toEqual({ outcome: 'unavailable', review: expect.stringMatching(/review\.json$/) });
    expect(run.log).toMatch(message);
  });
});

it('refuses a report about another image', async () => {
  const other = recorded.toString().replaceAll(/sha256:e200c7ff\w+/g, `sha256:${'b'.repeat(64)}`);
  writeFileSync(join(world.folder, 'other.json'), other);
  const run = await scan({
    'trivy-path': writeTrivy('other', `cp ${join(world.folder, 'other.json')} trivy.json`),
  });
  expect(review(run)).toMatchObject({ outcome: 'refused', findings: [] });
  expect(run.log).toMatch(/Trivy scanned the image sha256:bbb/);
});

it('gives Trivy an empty folder and an environment of its own', async () => {
  const seen = join(world.folder, 'seen');
  const spy = writeTrivy(
    'spy',
    `{ env; ls -A; pwd; } > ${seen}; cp ${join(world.folder, 'recorded.json')} trivy.json`,
  );
  const inputs = { image, 'trivy-path': spy, 'db-repository': database };
  await world.run('scan', inputs, { variables: { GITHUB_TOKEN: 'ghs_secret', TRIVY_SEVERITY: 'LOW' } });
  const lines = readFileSync(seen, 'utf8').trim().split('\n');
  const names = lines.filter((line) => line.includes('=')).map((line) => line.slice(0, line.indexOf('=')));
  // The shell itself adds PWD, OLDPWD, SHLVL and _.
  expect(names.filter((name) => !/^(?:PWD|OLDPWD|SHLVL|_)$/.test(name)).sort()).toEqual([
    'GOGC',
    'GOMEMLIMIT',
    'HOME',
    'PATH',
    'TMPDIR',
  ]);
  expect(lines.slice(lines.findLastIndex((line) => line.includes('=')) + 1)).toEqual([
    'image',
    expect.any(String),
  ]);
});

it.each<[string, Record<string, string>, string]>([
  ['an image without registry', { image: 'octo/app:1' }, 'image:'],
  ['an image without digest and tag', { image: 'ghcr.io/octo/app' }, 'image:'],
  [
    'an unknown severity',
    { 'fail-on': 'urgent' },
    'fail-on: may list critical, high, medium, low, unknown, not "urgent"',
  ],
  [
    'an unknown scanner',
    { scanners: 'vuln,virus' },
    'scanners: may list vuln, secret, misconfig, license, none, not "virus"',
  ],
  ['none among scanners', { scanners: 'vuln,none' }, 'scanners:'],
  ['a judgement without scanners', { scanners: 'none', 'fail-on': 'high' }, 'fail-on:'],
  ['an age that is none', { 'db-max-age': 'old' }, 'db-max-age:'],
  ['a platform that is none', { platforms: 'amd64' }, 'platforms:'],
  ['another version', { 'trivy-version': '0.71.0', 'trivy-path': '' }, 'trivy-sha256:'],
  ['a path to nowhere', { 'trivy-path': 'nowhere' }, 'trivy-path:'],
])('%s is invalid', async (_, inputs, message) => {
  const run = await scan(inputs);
  expect(answersOf(run)).toEqual({ outcome: 'invalid' });
  expect(run.log).toContain(message);
  expect(run.code).toBe(1);
});
