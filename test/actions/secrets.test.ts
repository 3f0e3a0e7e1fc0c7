// Marked secrets stand wherever a workflow may have them. After each action they are looked for in everything that it left behind.
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ActionRun } from '../../scripts/action.ts';
import { ensureTool } from '../../scripts/tools.ts';
import { publishTrivyDb } from '../servers/trivy-db.ts';
import { encryptKey } from '../sigstore/cosign-key.ts';
import { findTraces } from './traces.ts';
import { GATE_WORKFLOW, type Run, startWorld, type World } from './world.ts';

const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const pem = key.export({ format: 'pem', type: 'pkcs8' }) as string;
const PASSWORD = 'MARKED-cosign-password-0003';
/** Another key, as cosign keeps it. */
const boxed = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const encrypted = encryptKey(boxed.export({ format: 'der', type: 'pkcs8' }), PASSWORD);

/** What is planted, by the place where it stands. A run must show none of it. */
const SECRETS: Record<string, string> = {
  GITHUB_TOKEN: 'ghs_MARKED0in0the0environment0000000001',
  ACTIONS_RUNTIME_TOKEN: 'MARKED-runtime-token-0002',
  COSIGN_PASSWORD: PASSWORD,
  AWS_SECRET_ACCESS_KEY: 'MARKED/aws+secret/0004',
  NPM_TOKEN: 'npm_MARKED0005',
  'the registry password': 'MARKED-registry-password-0006',
  'a build secret': 'MARKED-build-secret-0007',
  'a build argument': 'MARKED-build-argument-0008',
  'the signing key': pem.split('\n')[1] ?? '',
  'the encrypted key': encrypted.split('\n')[2] ?? '',
  'what is in it': (boxed.export({ format: 'pem', type: 'pkcs8' }) as string).split('\n')[1] ?? '',
};

let world: World;
/** The OIDC request token and the JSON Web Tokens of the local instance are secrets too. */
let secrets: Record<string, string>;
let image = '';
let staged = '';
let report = '';
let sbom = '';
/** Requests that showed the registry's password: it is used, not only there. */
let logins = 0;

const policy = (host: string): string => `version: 1
repository-id: 123456789
trust:
  builder: [{ signer-workflow: octo/app/.github/workflows/release.yml }]
  scanner: [{ signer-workflow: octo/app/.github/workflows/release.yml }]
  gate: [{ signer-workflow: octo/app/${GATE_WORKFLOW} }]
  promoter: [{ signer-workflow: octo/app/${GATE_WORKFLOW} }]
trusted-root: root.json
environments:
  staging: { repository: ${host}/octo/staging, rules: [signed, provenance, sbom] }
`;

beforeAll(async () => {
  const auth = Buffer.from(`octo:${SECRETS['the registry password']}`).toString('base64');
  const challenge = { status: 401, headers: { 'www-authenticate': 'Basic realm="registry"' } };
  world = await startWorld({
    registry: {
      // The vulnerability database is public.
      onRequest: ({ headers, path }) => {
        if (headers.authorization === `Basic ${auth}`) logins += 1;
        else if (!path.includes('trivy')) return challenge;
        return undefined;
      },
    },
  });
  world.github.commit('octo/app', {
    '.github/hallmark.yml': policy(world.registry.host),
    'root.json': JSON.stringify(world.sigstore.trustedRoot),
  });
  world.commit({ 'app/server.js': 'console.log("hello")\n' }, 'First');
  writeFileSync(
    join(world.folder, 'home', '.docker', 'config.json'),
    JSON.stringify({ auths: { [world.registry.host]: { auth } } }),
  );
  secrets = {
    ...SECRETS,
    'the OIDC request token': world.sigstore.requestToken,
    'the registry login': auth,
    'the github-token input': world.github.token,
  };
}, 120_000);
afterAll(() => world.close());

/** Runs an action with everything planted, and keeps its temporary folder. */
function run(action: string, inputs: Record<string, string>, given: Run = {}): Promise<ActionRun> {
  const temp = join(world.folder, 'temp');
  mkdirSync(temp, { recursive: true });
  const planted = Object.fromEntries(Object.entries(SECRETS).filter(([name]) => /^[A-Z_]+$/.test(name)));
  const variables = {
    ...planted,
    RUNNER_TEMP: temp,
    TMPDIR: temp,
    BUILD_SECRET: SECRETS['a build secret'],
    SIGNING_KEY: pem,
    ENCRYPTED_KEY: encrypted,
    WRONG_PASSWORD_KEY: encryptKey(Buffer.from('another'), 'another password'),
    RUNNER_DEBUG: '1',
  };
  return world.run(action, inputs, { ...given, variables });
}

/** In what the run says, its temporary files, the workspace, and all that the registry holds. */
function findSecrets(what: ActionRun): string[] {
  const folders = ['temp', 'registry', 'workspace'].map((name) => join(world.folder, name));
  return findTraces(what, secrets, folders);
}

function expectClean(what: ActionRun, outcome = 'passed'): void {
  expect({ outcome: what.outputs['outcome'], log: what.log }).toMatchObject({ outcome });
  expect(findSecrets(what)).toEqual([]);
}

test('build', async () => {
  const built = await run('build', {
    repository: `${world.registry.host}/octo/app`,
    builder: 'layers',
    files: 'app:/app',
    entrypoint: 'node /app/server.js',
  });
  expectClean(built);
  image = built.outputs['image'] ?? '';
});

test('build, whose arguments and secrets its builder does not take', async () => {
  const refused = await run('build', {
    repository: `${world.registry.host}/octo/app`,
    builder: 'layers',
    files: 'app:/app',
    entrypoint: 'node /app/server.js',
    'build-args': `TOKEN=${SECRETS['a build argument']}`,
    secrets: 'id=token,env=BUILD_SECRET',
  });
  expectClean(refused, 'invalid');
});

test('scan', async () => {
  const scanned = await run('scan', {
    image,
    'db-repository': await publishTrivyDb(world.registry.host),
    'trivy-path': await ensureTool('trivy'),
  });
  expectClean(scanned);
  report = scanned.outputs['report'] ?? '';
  sbom = scanned.outputs['sbom-cyclonedx'] ?? '';
}, 120_000);

test('attest', async () => {
  expectClean(await run('attest', { image, signature: 'true', sbom, 'scan-report': report }));
});

test.each(['SIGNING_KEY', 'ENCRYPTED_KEY'])('attest by key, from %s', async (name) => {
  const keyed = { sigstore: '', 'fulcio-url': '', 'rekor-url': '', 'tsa-url': '', 'trusted-root': '' };
  expectClean(await run('attest', { image, signature: 'true', ...keyed, key: name }));
});

test.each([
  ['the key itself in place of its name', { key: pem }, 'invalid'],
  ['the encrypted key itself in place of its name', { key: encrypted }, 'invalid'],
  ['a key that the password does not open', { key: 'WRONG_PASSWORD_KEY' }, 'invalid'],
  ['the name of a variable that holds no key', { key: 'COSIGN_PASSWORD' }, 'invalid'],
])('attest with %s', async (_, inputs, outcome) => {
  const keyed = { sigstore: '', 'fulcio-url': '', 'rekor-url': '', 'tsa-url': '', 'trusted-root': '' };
  expectClean(await run('attest', { image, signature: 'true', ...keyed, ...inputs }), outcome);
});

test('verify', async () => {
  const signer = { 'signer-workflow': 'octo/app/.github/workflows/release.yml' };
  expectClean(await run('verify', { image, ...signer, 'predicate-types': 'signature' }));
});

test('gate and promote', async () => {
  const inputs = { image, environment: 'staging', policy: '.github/hallmark.yml' };
  expectClean(await run('gate', inputs, { workflow: GATE_WORKFLOW }));
  const promoted = await run('promote', inputs, { workflow: GATE_WORKFLOW });
  expectClean(promoted);
  staged = promoted.outputs['image'] ?? '';
  expect(staged).toContain('/octo/staging@');
  expect(logins).toBeGreaterThan(50);
});

test('rollback', async () => {
  const inputs = { environment: 'staging', policy: '.github/hallmark.yml', reason: 'because' };
  const nothing = await run('rollback', inputs, { workflow: GATE_WORKFLOW });
  expectClean(nothing, 'refused');
});

test('report', async () => {
  const head = 'a'.repeat(40);
  world.github.reports.pulls.push({
    number: 7,
    head: { sha: head, ref: 'topic', owner: 'octo', repositoryId: 123456789 },
  });
  const inputs = { image, environment: 'staging', policy: '.github/hallmark.yml', 'pull-request': '7' };
  expectClean(await run('report', inputs, { sha: head }));
  const written = JSON.stringify([world.github.reports.comments, world.github.reports.checks]);
  expect(world.github.reports.comments).toHaveLength(1);
  for (const secret of Object.values(secrets)) expect(written).not.toContain(secret);
});

test.each(['attest', 'verify', 'gate', 'promote', 'scan', 'rollback', 'report', 'build'])(
  '%s, when the registry is gone',
  async (action) => {
    const place = '127.0.0.1:9/octo/app';
    const gone: Record<string, string> =
      action === 'build'
        ? { repository: place }
        : action === 'rollback'
          ? { environment: 'staging', policy: '.github/hallmark.yml', reason: 'because' }
          : { image: `${place}@sha256:${'0'.repeat(64)}` };
    const rest: Record<string, Record<string, string>> = {
      attest: { signature: 'true' },
      verify: { 'signer-repo': 'octo/app' },
      gate: { environment: 'staging' },
      promote: { environment: 'staging' },
      report: { environment: 'staging', policy: '.github/hallmark.yml' },
      build: { builder: 'layers', files: 'app:/app', entrypoint: 'node' },
    };
    const failed = await run(action, { ...gone, ...rest[action], timeout: '3s' });
    // A report says on its page what could not be read, and fails nothing.
    expect(failed.code).toBe(action === 'report' ? 0 : 1);
    expect(findSecrets(failed)).toEqual([]);
  },
);

test.each(Object.keys(SECRETS))('the search finds %s where it is planted', async (name) => {
  const secret = SECRETS[name] ?? '';
  const clean: ActionRun = { code: 0, outputs: {}, summary: '', log: '' };
  expect(findSecrets({ ...clean, log: `x${secret}y` })).toEqual([`${name} in log`]);
  expect(findSecrets({ ...clean, outputs: { bundle: encodeURIComponent(secret) } })).toEqual([
    `${name} in outputs`,
  ]);
  const payload = Buffer.from(JSON.stringify({ predicate: secret })).toString('base64');
  const planted = join(world.folder, 'registry', 'blobs', 'planted');
  writeFileSync(planted, JSON.stringify({ dsseEnvelope: { payload } }));
  try {
    expect(findSecrets(clean)).toEqual([`${name} in ${planted}`]);
  } finally {
    writeFileSync(planted, '');
  }
});
