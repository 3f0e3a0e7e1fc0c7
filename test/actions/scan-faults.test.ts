// What users of other scanners suffer from (issue 5, users.md 1, 2 and 5), through dist: an outage that reads as a verdict, a report that
// depends on what fails, and a scanner that is the attack; and a repository that tries to tell the scanner what to overlook.
import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openPlainStore } from '../../scripts/demo/tamper.ts';
import { findTool } from '../../scripts/tools.ts';
import { readReport } from '../../shared/evidence/scan.ts';
import { parseReference } from '../../shared/image/reference.ts';
import { reviewSchema } from '../../shared/report/review.ts';
import type { Fault, SeenRequest } from '../servers/registry.ts';
import { publishTrivyDb } from '../servers/trivy-db.ts';
import { writeSample } from '../trivy/sample.ts';
import { startWorld, type World } from './world.ts';

const real = findTool('trivy');
const recorded = new URL('../fixtures/trivy/sample.json', import.meta.url);

let world: World;
let database: string;
let image: string;
let fault: ((request: SeenRequest) => Fault | undefined) | undefined;

beforeAll(async () => {
  world = await startWorld({ registry: { onRequest: (request) => fault?.(request) } });
  database = await publishTrivyDb(world.registry.host);
  const place = `${world.registry.host}/octo/app`;
  image = `${place}@${(await writeSample(openPlainStore(parseReference(place)))).digest}`;
  cpSync(recorded, join(world.folder, 'recorded.json'));
});
afterAll(() => world.close());
beforeEach(() => {
  rmSync(join(world.folder, 'temp'), { recursive: true, force: true });
  world.registry.requests.length = 0;
});
afterEach(() => {
  fault = undefined;
});

/** A program that answers as Trivy of a version does, and for an analysis runs `analysis`. */
function writeTrivy(name: string, analysis: string, version = '0.72.0'): string {
  const path = join(world.folder, name);
  writeFileSync(
    path,
    `#!/bin/sh
case "$1" in
  --version) echo "Version: ${version}" ;;
  image) ${analysis} ;;
  convert) while [ "$1" != --output ]; do shift; done; echo '{}' > "$2" ;;
esac
`,
  );
  chmodSync(path, 0o755);
  return path;
}
/** The recorded report of the real one: it has findings, so that what goes on after a failure is refused by fail-on. */
const replay = (): string => writeTrivy('replay', 'cp "$(dirname "$0")/recorded.json" trivy.json');

function scan(inputs: Record<string, string>, variables: Record<string, string | undefined> = {}) {
  const given = { image, 'trivy-path': replay(), 'db-repository': database, 'fail-on': 'low' };
  return world.run('scan', { ...given, ...inputs }, { variables });
}

/** The outputs of a scan that gave no answer: the review alone says why. */
const failed = (outcome: string) => ({
  outcome,
  review: expect.stringMatching(/hallmark-scan-\w+\/review\.json$/),
});
/** Reads that review. */
const readReview = ({ outputs }: { outputs: Record<string, string> }) =>
  reviewSchema.parse(JSON.parse(readFileSync(String(outputs.review), 'utf8')));

const onDatabase =
  (answer: Fault, kind = ''): NonNullable<typeof fault> =>
  ({ method, path }) =>
    method === 'GET' && path.includes(`/trivy-db/${kind}`) ? answer : undefined;

describe('users.md 1: what could not be checked is unavailable, neither refused nor passed:', () => {
  it.each<[string, NonNullable<typeof fault> | undefined, Record<string, string>, RegExp]>([
    [
      'a database whose registry is down',
      undefined,
      { 'db-repository': '127.0.0.1:9/trivy-db:2' },
      /ECONNREFUSED/,
    ],
    ['a database that nobody has', onDatabase({ status: 404 }), {}, /holds no database/],
    ['a database that asks for a login', onDatabase({ status: 403 }), {}, /does not allow/],
    ['a database whose registry fails', onDatabase({ status: 503 }), {}, /status 503/],
    [
      'a rate limit that does not end in time',
      onDatabase({ status: 429, headers: { 'retry-after': '60' } }),
      { timeout: '3s' },
      /status 429.*the step's time ended/,
    ],
    [
      'a database that is cut off',
      onDatabase(
        {
          status: 200,
          body: readFileSync(new URL('../fixtures/trivy-db/db.tar.gz', import.meta.url)).subarray(0, 900),
        },
        'blobs',
      ),
      {},
      /holds other bytes/,
    ],
    [
      'a page of a proxy in its place',
      onDatabase({ status: 200, body: '<html>' }, 'blobs'),
      {},
      /holds other bytes/,
    ],
    ['a database that is too old', undefined, { 'db-max-age': '1s' }, /older than db-max-age/],
    [
      'an image that cannot be read',
      ({ path }) => (/octo\/app\/blobs/.test(path) ? { status: 500 } : undefined),
      {},
      /status 500/,
    ],
    [
      'an image whose registry is down',
      ({ path }) => (path.includes('octo/app') ? 'drop' : undefined),
      {},
      /octo\/app.*(?:ECONNRESET|hang up)/,
    ],
  ])('%s', async (_, planted, inputs, message) => {
    fault = planted;
    const run = await scan(inputs);
    expect(run.outputs).toEqual(failed('unavailable'));
    expect(run.log).toMatch(message);
    expect(run.log.match(/safe/g), 'said once that it may run again').toHaveLength(1);
    expect(readReview(run)).toMatchObject({ image, outcome: 'unavailable', findings: [] });
    expect(run.code).toBe(1);
  });

  it.each<[string, string, RegExp]>([
    ['is killed', 'kill -9 $$', /killed by SIGKILL/],
    ['runs out of memory', 'kill -6 $$', /killed by SIGABRT/],
    ['runs on', 'sleep 60', /did not end in time/],
    ['ends well without a report', 'true', /no report/],
    ['cuts its report off', 'head -c 5000 "$(dirname "$0")/recorded.json" > trivy.json', /cut off/],
    ['cuts it off where it is JSON still', `printf '{"SchemaVersion":2}' > trivy.json`, /not understood/],
    [
      'fails by the exit code that others take for findings',
      'cp "$(dirname "$0")/recorded.json" trivy.json; exit 1',
      /ended with code 1/,
    ],
  ])('a Trivy that %s', async (what, analysis, message) => {
    const timeout = what === 'runs on' ? '3s' : '60s';
    const run = await scan({ 'trivy-path': writeTrivy('broken', analysis), timeout });
    expect(run.outputs).toEqual(failed('unavailable'));
    expect(run.log).toMatch(message);
    // Nothing is left but why there is no answer, for the reviewer's page.
    const temp = join(world.folder, 'temp');
    expect(
      readdirSync(temp, { recursive: true, withFileTypes: true }).filter((one) => one.isFile()),
    ).toMatchObject([{ name: 'review.json' }]);
    const review = readReview(run);
    expect(review).toMatchObject({ image, outcome: 'unavailable', findings: [] });
    expect(review.reasons.join()).toMatch(message);
  });

  it.skipIf(real === undefined)('a disk that is full when the real Trivy writes its report', async () => {
    const full = writeTrivy('full', `ln -s /dev/full trivy.json; exec ${real} "$@"`);
    const run = await scan({ 'trivy-path': full });
    expect(run.outputs).toEqual(failed('unavailable'));
    expect(run.log).toMatch(/no space left on device.*disk is full/is);
  });

  // Only root may mount a disk that small.
  it.skipIf(process.getuid?.() !== 0)('a disk that is full when image and database come', async () => {
    const tiny = join(world.folder, 'tiny');
    mkdirSync(tiny);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'tmpfs', tiny]);
    try {
      const run = await scan({}, { RUNNER_TEMP: tiny });
      expect(run.outputs).toEqual({ outcome: 'unavailable' });
      expect(run.log).toMatch(/disk.*\n?.*ENOSPC: no space left on device/);
    } finally {
      execFileSync('umount', [tiny]);
    }
  });

  it('with a second mirror and with what an earlier run kept, an outage is none', async () => {
    const limited = onDatabase({ status: 429, headers: { 'retry-after': '600' } }, 'blobs');
    await publishTrivyDb(world.registry.host, undefined, 'mirror');
    const inputs = {
      'db-repository': `127.0.0.1:9/trivy-db:2,${database},${world.registry.host}/mirror:2`,
      'cache-dir': join(world.folder, 'kept'),
      'fail-on': '',
    };
    fault = limited;
    const first = await scan(inputs);
    expect(first.outputs.outcome, first.log).toBe('passed');
    expect(first.log).toMatch(/ECONNREFUSED.*\n(?:.*\n)*.*status 429.*asks to wait/);
    // All the bytes are limited now; the manifests are not, and say that what was kept is the newest.
    fault = ({ path }) => (/(?:trivy-db|mirror)\/blobs/.test(path) ? { status: 500 } : undefined);
    world.registry.requests.length = 0;
    const second = await scan(inputs);
    expect(second.outputs.outcome, second.log).toBe('passed');
    expect(world.registry.requests.filter(({ path }) => /(?:trivy-db|mirror)\/blobs/.test(path))).toEqual([]);
  });
});

describe('users.md 2: one scan reports everything and fails on some', () => {
  it.skipIf(real === undefined)(
    'in SARIF and in the outputs all severities stand, whatever fails',
    async () => {
      const runs = await Promise.all(
        ['critical', 'low', ''].map((failOn) => scan({ 'trivy-path': String(real), 'fail-on': failOn })),
      );
      expect(runs.map(({ outputs }) => outputs.outcome)).toEqual(['refused', 'refused', 'passed']);
      for (const { outputs } of runs) {
        expect(outputs).toMatchObject({ critical: '3', high: '3', medium: '2', low: '1' });
        const sarif = JSON.parse(readFileSync(String(outputs.sarif), 'utf8'));
        expect(sarif.runs[0].results).toHaveLength(9);
        expect(readReport(readFileSync(String(outputs.report), 'utf8')).findings).toHaveLength(9);
      }
    },
  );
});

describe('users.md 5: a scanner that is the attack is not run', () => {
  const ran = (): boolean => readdirSync(world.folder).includes('ran');
  const attack = (version: string) => writeTrivy('attack', 'touch "$(dirname "$0")/ran"', version);
  const fresh = { 'trivy-version': '0.99.0', 'trivy-sha256': 'ab'.repeat(32) };

  it.each<[string, () => Record<string, string>, string, RegExp]>([
    [
      'a malicious release that is asked for',
      () => ({ 'trivy-version': '0.69.4', 'trivy-path': '' }),
      'refused',
      /CVE-2026-33634/,
    ],
    [
      'a malicious release that is brought',
      () => ({ 'trivy-path': attack('0.69.4') }),
      'refused',
      /CVE-2026-33634/,
    ],
    [
      'another version without its sha256',
      () => ({ 'trivy-version': '0.99.0', 'trivy-path': '' }),
      'invalid',
      /trivy-sha256/,
    ],
    [
      'another version of other bytes',
      () => ({ ...fresh, 'trivy-path': attack('0.99.0') }),
      'refused',
      /trivy-sha256/,
    ],
    ['a sha256 that is none', () => ({ 'trivy-sha256': 'latest' }), 'invalid', /trivy-sha256: may be/],
  ])('%s', async (_, inputs, outcome, message) => {
    const run = await scan(inputs());
    // Of inputs that are wrong in themselves nothing was begun.
    expect(run.outputs).toEqual(message.source.endsWith('may be') ? { outcome } : failed(outcome));
    expect(run.log).toMatch(message);
    expect(ran()).toBe(false);
    // And nothing was fetched for it: neither layers nor a database.
    expect(
      world.registry.requests.filter(({ path }) => path.includes('/blobs/') && path.includes('trivy-db')),
    ).toEqual([]);
  });
});

describe.skipIf(real === undefined)('a repository that tells Trivy what to overlook changes nothing', () => {
  const IGNORED = 'CVE-2019-10744\nCVE-2021-44906\naws-access-key-id\n';
  const SECRETS = 'disable-rules: [aws-access-key-id]\ndisable-allow-rules: []\n';
  const PACKAGES = {
    'app/node_modules/lodash/package.json': '{"name":"lodash","version":"4.17.4"}',
    'app/node_modules/minimist/package.json': '{"name":"minimist","version":"1.2.0"}',
    'app/config.ini': `aws_access_key_id = AKIA${'IOSFODNN7EXAMPL3'}\n`,
  };
  let plain: string[];

  const list = (path: string | undefined): string[] =>
    readReport(readFileSync(String(path), 'utf8'))
      .findings.map(({ id, severity, package: name }) => `${id} ${severity} ${name}`)
      .sort();
  async function write(files: Record<string, string>): Promise<string> {
    const place = `${world.registry.host}/octo/planted`;
    const { digest } = await writeSample(openPlainStore(parseReference(place)), ['linux/amd64'], {
      ...PACKAGES,
      ...files,
    });
    return `${place}@${digest}`;
  }
  beforeAll(async () => {
    const { outputs } = await scan({ image: await write({}), 'trivy-path': String(real), 'fail-on': '' });
    plain = list(outputs.report);
  });

  /** What Trivy itself finds in the same image when it stands in the workspace: the control, which has to be swayed. */
  async function runBare(planted: string, env: Record<string, string>): Promise<number> {
    const cache = join(world.folder, 'bare');
    const args = ['image', planted, '--insecure', '--quiet', '--format', 'json', '--scanners', 'vuln,secret'];
    const at = [
      '--cache-dir',
      cache,
      '--cache-backend',
      'memory',
      '--db-repository',
      database,
      '--output',
      join(world.folder, 'bare.json'),
    ];
    await promisify(execFile)(String(real), [...args, ...at], {
      cwd: world.workspace,
      env: { PATH: '/usr/bin:/bin', HOME: cache, ...env },
      timeout: 60_000,
    });
    const report = JSON.parse(readFileSync(join(world.folder, 'bare.json'), 'utf8'));
    const results: Record<'Vulnerabilities' | 'Secrets', unknown[] | undefined>[] = report.Results ?? [];
    return results.flatMap(({ Vulnerabilities = [], Secrets = [] }) => [...Vulnerabilities, ...Secrets])
      .length;
  }
  let bare: number;
  beforeAll(async () => {
    bare = await runBare(await write({}), {});
  });

  it.each<[string, Record<string, string>, Record<string, string>]>([
    ['.trivyignore', { '.trivyignore': IGNORED }, {}],
    ['trivy.yaml', { 'trivy.yaml': 'severity: [LOW]\n' }, {}],
    ['trivy.yaml that skips files', { 'trivy.yaml': 'scan:\n  skip-files: [app/config.ini]\n' }, {}],
    ['trivy-secret.yaml', { 'trivy-secret.yaml': SECRETS }, {}],
    ['TRIVY_SEVERITY', {}, { TRIVY_SEVERITY: 'LOW' }],
    ['TRIVY_IGNOREFILE', { ignored: IGNORED }, { TRIVY_IGNOREFILE: 'ignored' }],
    ['TRIVY_IGNORE_UNFIXED', {}, { TRIVY_IGNORE_UNFIXED: 'true', TRIVY_IGNORE_STATUS: 'fixed' }],
    ['TRIVY_SKIP_FILES', {}, { TRIVY_SKIP_FILES: 'app/config.ini' }],
    ['TRIVY_CONFIG', { 'other.yaml': 'severity: [LOW]\n' }, { TRIVY_CONFIG: 'other.yaml' }],
    ['TRIVY_SECRET_CONFIG', { 'other.yaml': SECRETS }, { TRIVY_SECRET_CONFIG: 'other.yaml' }],
    ['TRIVY_PKG_TYPES', {}, { TRIVY_PKG_TYPES: 'os' }],
  ])('%s, which sways Trivy run there', async (_, files, env) => {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(world.workspace, name), content);
    const planted = await write(files);
    try {
      expect(await runBare(planted, env)).not.toBe(bare);
      const home = join(world.folder, 'home');
      for (const [name, content] of Object.entries(files)) writeFileSync(join(home, name), content);
      const { outputs, log } = await scan({ image: planted, 'trivy-path': String(real), 'fail-on': '' }, env);
      expect(list(outputs.report), log).toEqual(plain);
      for (const name of Object.keys(files)) rmSync(join(home, name));
    } finally {
      for (const name of Object.keys(files)) rmSync(join(world.workspace, name));
    }
  });

  it('the same in every folder of the image', async () => {
    const places = ['', 'app/', 'root/', 'root/.trivy/', 'tmp/', 'image/'];
    const files = places.flatMap((place) => [
      [`${place}.trivyignore`, IGNORED],
      [`${place}.trivyignore.yaml`, 'vulnerabilities:\n  - id: CVE-2019-10744\n'],
      [`${place}trivy.yaml`, 'severity: [LOW]\nscan:\n  skip-dirs: [app]\n'],
      [`${place}trivy-secret.yaml`, SECRETS],
    ]);
    const planted = await write(Object.fromEntries(files));
    const { outputs } = await scan({ image: planted, 'trivy-path': String(real), 'fail-on': '' });
    expect(list(outputs.report)).toEqual(plain);
  });
});
