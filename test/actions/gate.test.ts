import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import type { ActionRun } from '../../scripts/action.ts';
import type { FoundStatement } from '../../shared/evidence/evidence.ts';
import { VERDICT_EXTENSION } from '../../shared/evidence/predicate.ts';
import { parseReference } from '../../shared/image/reference.ts';
import { judgedSchema } from '../../shared/report/judged.ts';
import { collectStatements } from '../../shared/sigstore/collect.ts';
import { fingerprintOf } from '../../shared/sigstore/key.ts';
import { openVerifier } from '../../shared/sigstore/verifier.ts';
import { openStore, storeOptions } from '../../shared/store/open.ts';
import type { Store } from '../../shared/store/store.ts';
import type { ImageSubjects } from '../../shared/store/subjects.ts';
import { runContext } from '../sigstore/context.ts';
import { putImage } from '../sigstore/image.ts';
import { GATE_WORKFLOW, type Run, startWorld, type World } from './world.ts';

const POLICY = '.github/hallmark.yml';
const GATE: Run = { workflow: GATE_WORKFLOW };
const RULES = 'rules: [signed, provenance, sbom, no-secrets, no-critical]';

let world: World;
let images = 0;

const policy = (changes: (text: string) => string = (text) => text): string =>
  changes(`version: 1
repository-id: 123456789
trust:
  builder: [{ signer-workflow: octo/app/.github/workflows/release.yml, ref: refs/heads/main }]
  scanner: [{ signer-workflow: octo/app/.github/workflows/release.yml, ref: refs/heads/main }]
  gate:    [{ signer-workflow: octo/app/.github/workflows/gate.yml, ref: refs/heads/main }]
environments:
  staging: { repository: ${world.registry.host}/octo/app-staging, ${RULES} }
  prod:    { repository: ${world.registry.host}/octo/app, after: staging, soak: 2h, approvals: 1, ${RULES} }
`);

beforeAll(async () => {
  world = await startWorld();
  world.github.commit('octo/app', { [POLICY]: policy() });
  writeFileSync(
    join(world.workspace, 'cdx.json'),
    JSON.stringify({
      bomFormat: 'CycloneDX',
      specVersion: '1.6',
      components: [{ type: 'library', name: 'minimist' }],
    }),
  );
  // What a pull request would like to be judged by; nobody reads it.
  writeFileSync(join(world.workspace, 'hallmark.yml'), 'version: 1');
}, 60_000);
afterAll(() => world.close());

interface Pushed {
  readonly name: string;
  readonly store: Store;
  readonly image: ImageSubjects;
}

async function pushImage(architectures: string[] = ['amd64']): Promise<Pushed> {
  images += 1;
  const place = `${world.registry.host}/octo/app${images}`;
  const store = openStore(parseReference(place), storeOptions(runContext(world.sigstore)));
  const image = await putImage(store, architectures);
  return { name: `${place}@${image.digest}`, store, image };
}

/** Writes a report as scan does, of one platform, and returns its path. */
function writeReport({ image }: Pushed, at: number, vulnerabilities: object[] = []): string {
  const now = new Date().toISOString();
  const platform = image.platforms[at];
  const path = `report-${images}-${at}.json`;
  const report = {
    SchemaVersion: 2,
    Trivy: { Version: '0.72.0' },
    ArtifactType: 'container_image',
    Metadata: { ImageID: `sha256:${'1'.repeat(64)}` },
    Results: [{ Target: 'package-lock.json', Vulnerabilities: vulnerabilities }],
    Hallmark: {
      manifest: platform?.descriptor.digest,
      platform: `linux/${platform?.platform.architecture}`,
      scanners: ['vuln', 'secret'],
      startedAt: now,
      scannedAt: now,
      database: { repository: 'ghcr.io/x/db:2', digest: `sha256:${'2'.repeat(64)}`, updatedAt: now },
    },
  };
  writeFileSync(join(world.workspace, path), JSON.stringify(report));
  return path;
}

const CRITICAL = {
  VulnerabilityID: 'CVE-2021-44906',
  PkgName: 'minimist',
  InstalledVersion: '1.2.5',
  FixedVersion: '1.2.6',
  Severity: 'CRITICAL',
};

async function attest(pushed: Pushed, vulnerabilities: object[] = [], run: Run = {}): Promise<void> {
  const { platforms } = pushed.image;
  const done = await world.run(
    'attest',
    {
      image: pushed.name,
      signature: 'true',
      provenance: 'true',
      sbom: platforms.map(({ platform }) => `linux/${platform.architecture}=cdx.json`).join('\n'),
      'scan-report': platforms.map((_, at) => writeReport(pushed, at, vulnerabilities)).join('\n'),
    },
    run,
  );
  expect(done.log).not.toContain('::error');
}

const gate = (inputs: Record<string, string>, run: Run = GATE): Promise<ActionRun> =>
  world.run('gate', { environment: 'staging', policy: POLICY, ...inputs }, run);

const verdictSchema = z.object({
  verifier: z.object({ id: z.string() }),
  timeVerified: z.iso.datetime(),
  resourceUri: z.string(),
  policy: z.object({ uri: z.string(), digest: z.object({ sha256: z.string() }) }),
  inputAttestations: z.array(z.object({ uri: z.string(), digest: z.object({ sha256: z.string() }) })),
  verificationResult: z.string(),
  verifiedLevels: z.array(z.string()),
  [VERDICT_EXTENSION]: z.looseObject({
    now: z.string(),
    trustedRoot: z.string(),
    reasons: z.array(z.string()),
  }),
});

/** Every verdict beside an image, verified. */
async function verdictsOf({
  store,
  image,
}: Pushed): Promise<(FoundStatement & { verdict: z.infer<typeof verdictSchema> })[]> {
  const context = runContext(world.sigstore, {}, { workspace: world.workspace });
  const verifier = await openVerifier({ 'trusted-root': world.trustedRootFile }, context);
  const { statements } = await collectStatements(store, image, verifier);
  return statements
    .filter(({ statement }) => statement.predicateType === 'https://slsa.dev/verification_summary/v1')
    .map((found) => ({ ...found, verdict: verdictSchema.parse(found.statement.predicate) }));
}

describe('gate', () => {
  let good: Pushed;
  beforeAll(async () => {
    good = await pushImage(['amd64', 'arm64']);
    await attest(good);
  }, 60_000);

  test('allows an image with all its evidence, and signs that', async () => {
    const run = await gate({ image: good.name });
    expect(run.log).not.toContain('::error');
    expect(run.code).toBe(0);
    expect(run.outputs).toMatchObject({
      outcome: 'passed',
      decision: 'allow',
      reasons: '[]',
      image: good.name,
    });
    expect(run.summary).toContain('✅ Allowed for `staging`');

    const [found, ...more] = await verdictsOf(good);
    expect(more).toEqual([]);
    expect(found?.subjects).toEqual(good.image.all.map(({ digest }) => digest));
    expect(found?.signer.subject).toBe(`https://github.com/octo/app/${GATE_WORKFLOW}@refs/heads/main`);
    expect(`${good.store.place}@${found?.source}`).toBe(run.outputs.vsa);
    const { verdict } = found ?? {};
    expect(verdict).toMatchObject({
      verifier: { id: `https://github.com/octo/app/${GATE_WORKFLOW}@refs/heads/main` },
      resourceUri: `${world.registry.host}/octo/app-staging@${good.image.digest}`,
      verificationResult: 'PASSED',
    });
    expect(verdict?.policy.uri).toMatch(
      /^https:\/\/github\.com\/octo\/app\/\.github\/hallmark\.yml@[0-9a-f]{40}#staging$/,
    );
    // Signature and provenance of the whole, a bill of materials and a scan of each platform.
    expect(verdict?.inputAttestations).toHaveLength(8);
    expect(verdict?.verifiedLevels.join()).not.toMatch(/^SLSA_/);
  });

  test('denies a critical vulnerability, says which, and signs that too', async () => {
    const bad = await pushImage();
    await attest(bad, [CRITICAL]);
    const run = await gate({ image: bad.name });
    expect(run.code).toBe(1);
    expect(run.outputs).toMatchObject({ outcome: 'refused', decision: 'deny' });
    const reasons = z.array(z.string()).parse(JSON.parse(run.outputs.reasons ?? ''));
    expect(reasons).toHaveLength(1);
    expect(reasons[0]).toContain('no-critical');
    expect(reasons[0]).toContain('CVE-2021-44906');
    const [found] = await verdictsOf(bad);
    expect(found?.verdict).toMatchObject({ verificationResult: 'FAILED', verifiedLevels: ['FAILED'] });
    expect(found?.verdict[VERDICT_EXTENSION].reasons).toEqual(reasons);
    expect(`${bad.store.place}@${found?.source}`).toBe(run.outputs.vsa);
  });

  test('denies an image without evidence, with a reason for every rule', async () => {
    const bare = await pushImage();
    const run = await gate({ image: bare.name });
    const reasons = run.outputs.reasons ?? '';
    expect(run.outputs.outcome).toBe('refused');
    for (const rule of ['signed', 'provenance', 'sbom', 'no-secrets', 'no-critical'])
      expect(reasons).toContain(`${rule} (`);
  });

  test.each<[name: string, run: Run, reason: string]>([
    ['another workflow', { workflow: '.github/workflows/evil.yml' }, 'signer-workflow is'],
    ['another branch', { ref: 'refs/heads/feature' }, 'refs/heads/feature'],
    ['a pull request of the same workflow', { event: 'pull_request_target' }, 'trigger is'],
    ['another repository under the same name', { claims: { repository_id: '666' } }, 'repository-id is'],
  ])('does not see what %s signed', async (_, signedIn, reason) => {
    const other = await pushImage();
    // Provenance is not claimed for others' events, so the rest has to do.
    const done = await world.run(
      'attest',
      {
        image: other.name,
        signature: 'true',
        sbom: 'linux/amd64=cdx.json',
        'scan-report': writeReport(other, 0),
      },
      signedIn,
    );
    expect(done.outputs.outcome).toBe('passed');
    const run = await gate({ image: other.name });
    expect(run.outputs).toMatchObject({ outcome: 'refused', decision: 'deny' });
    expect(run.outputs.reasons).toContain('no signature evidence');
    expect(run.summary.replaceAll('\\', '')).toContain(reason);
    expect(run.summary).toContain('Found, and does not count: 3');
  });

  test('audits without writing anything, and passes', async () => {
    const bare = await pushImage();
    const before = world.registry.requests.length;
    const run = await gate({ image: bare.name, mode: 'audit' });
    expect(run.code).toBe(0);
    expect(run.outputs).toMatchObject({ outcome: 'passed', decision: 'deny' });
    expect(run.outputs.vsa ?? '').toBe('');
    expect(run.log).toContain('::warning');
    const methods = world.registry.requests.slice(before).map(({ method }) => method);
    expect(methods.filter((method) => method !== 'GET' && method !== 'HEAD')).toEqual([]);
  });

  test('audits in a job that may not sign', async () => {
    const run = await gate(
      { image: good.name, mode: 'audit' },
      {
        ...GATE,
        variables: { ACTIONS_ID_TOKEN_REQUEST_URL: undefined, ACTIONS_ID_TOKEN_REQUEST_TOKEN: undefined },
      },
    );
    expect(run.outputs).toMatchObject({ outcome: 'passed', decision: 'allow' });
  });

  test('denies what did not pass the environment before, did not soak and nobody approved', async () => {
    const run = await gate({ image: good.name, environment: 'prod' });
    expect(run.outputs).toMatchObject({ outcome: 'refused', decision: 'deny' });
    for (const reason of [
      'after (Passed the environment before): it was never promoted to staging',
      'soak (Was there long enough): nothing says how long it has been in staging',
      'approvals (Approved by enough people): 1 must approve this digest, and nobody did so far',
    ])
      expect(run.outputs.reasons).toContain(reason);
  });

  test('reads the policy from the default branch, never from the workspace', async () => {
    const run = await gate({ image: good.name, policy: 'hallmark.yml' });
    expect(run.outputs).toMatchObject({ outcome: 'invalid', decision: 'deny' });
    expect(run.log).toContain('there is no octo/app/hallmark.yml at commit');
  });

  test('stops at a faulty policy and shows the line', async () => {
    const at = world.github.commit('octo/app', { 'bad.yml': policy((text) => text.replace('soak', 'soek')) });
    const run = await gate({ image: good.name, policy: `octo/app/bad.yml@${at}` });
    expect(run.code).toBe(1);
    expect(run.outputs).toMatchObject({ outcome: 'invalid', decision: 'deny' });
    expect(run.summary).toMatch(/bad\.yml:9:\d+: unknown key "soek"/);
  });

  test('refuses a policy from a fork', async () => {
    const at = world.github.commitInFork('octo/app', {
      [POLICY]: policy((text) => text.replaceAll(RULES, 'rules: [non-root]')),
    });
    const run = await gate({ image: good.name, policy: `octo/app/${POLICY}@${at}` });
    expect(run.outputs).toMatchObject({ outcome: 'refused', decision: 'deny' });
    expect(run.log).toContain('fork commits answer to a SHA too');
  });

  test('says when GitHub is down, and denies', async () => {
    world.github.fail('repos/get-content', 500, 4);
    const run = await gate({ image: good.name });
    expect(run.outputs).toMatchObject({ outcome: 'unavailable', decision: 'deny' });
    world.github.clearFaults();
  }, 20_000);

  test.each<[name: string, inputs: Record<string, string>, outcome: string, message: string]>([
    ['a tag', { image: 'ghcr.io/octo/app:latest' }, 'invalid', 'image: needs a digest'],
    ['no image', { image: '' }, 'invalid', 'image: is required'],
    [
      'a bad image before a missing policy',
      { image: 'app:1', policy: '' },
      'invalid',
      'image: names no registry',
    ],
    [
      'a digest that is none before a missing policy',
      { image: 'ghcr.io/octo/app@sha256:12', policy: '' },
      'invalid',
      'image: a sha256 digest has 64 hex digits',
    ],
    ['an environment that no policy can have', { environment: 'Prod!' }, 'invalid', 'environment: may hold'],
    [
      'an environment that the policy does not have',
      { environment: 'qa' },
      'invalid',
      'the policy has no "qa"; it has staging, prod',
    ],
    ['an unknown mode', { mode: 'force' }, 'invalid', 'mode: may be enforce, audit, preview'],
    [
      'reports where only signed evidence counts',
      { sbom: 'cdx.json' },
      'invalid',
      'sbom: goes with mode: preview',
    ],
    ['no policy', { policy: '' }, 'refused', 'without one nothing is allowed'],
    ['no policy to audit by', { policy: '', mode: 'audit' }, 'refused', 'without one nothing is allowed'],
  ])('%s', async (_, inputs, outcome, message) => {
    const run = await gate({ image: good.name, ...inputs });
    expect(run.code).toBe(1);
    expect(run.outputs).toMatchObject({ outcome, decision: 'deny' });
    expect(run.log).toContain(message);
  });
});

describe('gate in preview', () => {
  const PULL_REQUEST: Run = { ...GATE, event: 'pull_request', ref: 'refs/pull/7/merge' };
  const tokenless: Run = {
    ...PULL_REQUEST,
    variables: { ACTIONS_ID_TOKEN_REQUEST_URL: undefined, ACTIONS_ID_TOKEN_REQUEST_TOKEN: undefined },
  };

  test('judges local reports, says that they are unverified, and writes nothing', async () => {
    const pushed = await pushImage(['amd64', 'arm64']);
    const [signatures, writes] = [world.sigstore.requests.length, world.registry.requests.length];
    const reports = [writeReport(pushed, 0), writeReport(pushed, 1, [CRITICAL])].join('\n');
    const sbom = 'linux/amd64=cdx.json\nlinux/arm64=cdx.json';
    const run = await gate({ image: pushed.name, mode: 'preview', 'scan-report': reports, sbom }, tokenless);
    expect(run.code).toBe(0);
    expect(run.outputs).toMatchObject({ outcome: 'passed', decision: 'deny' });
    expect(run.outputs.reasons).toContain('CVE-2021-44906');
    expect(run.outputs.reasons).not.toContain('signed');
    expect(run.summary).toContain('reports that nobody signed');
    expect(run.summary).toContain('not judged in preview');
    expect(world.sigstore.requests.length).toBe(signatures);
    const methods = world.registry.requests.slice(writes).map(({ method }) => method);
    expect(methods.filter((method) => method !== 'GET' && method !== 'HEAD')).toEqual([]);
  });

  test('goes by the built-in rules where there is no policy', async () => {
    const pushed = await pushImage();
    const report = writeReport(pushed, 0, [CRITICAL]);
    const run = await gate(
      { image: pushed.name, mode: 'preview', policy: '', 'scan-report': report },
      tokenless,
    );
    expect(run.outputs).toMatchObject({ outcome: 'passed', decision: 'deny' });
    expect(run.outputs.reasons).toContain('no-critical');
    expect(run.outputs.reasons).toContain('no sbom evidence');
    expect(run.summary).toContain('none: the built-in rules');
  });

  test('does not take the report of one image for another', async () => {
    const report = writeReport(await pushImage(['amd64']), 0);
    const other = await pushImage(['arm64']);
    const run = await gate({ image: other.name, mode: 'preview', 'scan-report': report }, tokenless);
    expect(run.outputs).toMatchObject({ outcome: 'invalid', decision: 'deny' });
  });
});

describe('the file that gate leaves for report', () => {
  let pushed: Pushed;
  beforeAll(async () => {
    pushed = await pushImage();
    await attest(pushed, [CRITICAL]);
  }, 60_000);

  test.each<[what: string, inputs: () => Record<string, string>, verdict: object, provenance: boolean]>([
    ['a denial', () => ({}), { decision: 'deny', preview: false, destination: expect.any(String) }, true],
    ['what would be denied', () => ({ mode: 'audit' }), { decision: 'deny', preview: false }, true],
    [
      'a preview',
      () => ({ mode: 'preview', 'scan-report': writeReport(pushed, 0) }),
      { decision: 'deny', preview: true, reasons: [expect.stringContaining('sbom')] },
      false,
    ],
  ])('tells %s', async (_, inputs, verdict, provenance) => {
    const run = await gate({ image: pushed.name, ...inputs() });
    const judged = judgedSchema.parse(JSON.parse(readFileSync(run.outputs['verdict'] ?? '', 'utf8')));
    expect(judged).toMatchObject({ image: pushed.name, verdict: { environment: 'staging', ...verdict } });
    expect(judged.provenance).toEqual(
      provenance
        ? expect.objectContaining({
            verified: true,
            repository: 'https://github.com/octo/app',
            workflow: 'https://github.com/octo/app/.github/workflows/release.yml@refs/heads/main',
            commit: expect.stringMatching(/^[0-9a-f]{40}$/),
            log: { index: expect.stringMatching(/^\d+$/) },
          })
        : undefined,
    );
  });
});

describe('gate by other roots', () => {
  test("verifies by the policy's own trusted root before that of the workflow", async () => {
    const good = await pushImage();
    await attest(good);
    world.github.commit('octo/app', {
      'rooted.yml': `${policy()}trusted-root: roots/own.json\n`,
      'roots/own.json': JSON.stringify(world.sigstore.trustedRoot),
      'misrooted.yml': `${policy()}trusted-root: roots/none.json\n`,
      'roots/none.json': '{}',
    });
    const own = await gate({ image: good.name, policy: 'rooted.yml', 'trusted-root': '' });
    expect(own.outputs, own.log).toMatchObject({ outcome: 'passed', decision: 'allow' });
    const none = await gate({ image: good.name, policy: 'misrooted.yml' });
    expect(none.outputs, none.log).toMatchObject({ outcome: 'invalid', decision: 'deny' });
  });

  test('takes no root of the policy that is out of date', async () => {
    const good = await pushImage();
    world.github.commit('octo/app', {
      'outdated.yml': `${policy()}trusted-root: roots/outdated.json\n`,
      'roots/outdated.json': JSON.stringify(world.sigstore.trustedRoot, (key, value) =>
        key === 'certificateAuthorities'
          ? value.map((one: object) => ({
              ...one,
              validFor: { start: '2020-01-01T00:00:00Z', end: '2021-01-01T00:00:00Z' },
            }))
          : value,
      ),
    });
    const outdated = await gate({ image: good.name, policy: 'outdated.yml' });
    expect(outdated.outputs, outdated.log).toMatchObject({ outcome: 'invalid', decision: 'deny' });
    expect(outdated.log).toContain('is out of date');
  });

  test('verifies and signs with keys where there is no Sigstore: each for its role, its repository and its time', async () => {
    const keys = Object.fromEntries(
      ['BUILDER', 'GATE', 'OTHER'].map((name) => [name, generateKeyPairSync('ec', { namedCurve: 'P-256' })]),
    );
    const variables = Object.fromEntries(
      Object.entries(keys).map(([name, { privateKey }]) => [
        name,
        privateKey.export({ format: 'pem', type: 'pkcs8' }) as string,
      ]),
    );
    const publicKey = (name: string) => keys[name]?.publicKey as KeyObject;
    const withKeys: Run = { ...GATE, variables };
    const alone = { sigstore: '', 'fulcio-url': '', 'rekor-url': '', 'tsa-url': '', 'trusted-root': '' };
    for (const [key, until, elsewhere, decision] of [
      ['BUILDER', '2999-01-01', false, 'allow'],
      ['OTHER', '2999-01-01', false, 'deny'],
      ['GATE', '2999-01-01', false, 'deny'],
      ['BUILDER', '2020-01-01', false, 'deny'],
      ['BUILDER', '2999-01-01', true, 'deny'],
    ] as const) {
      const pushed = await pushImage();
      const repository = elsewhere ? 'ghcr.io/octo/other' : pushed.name.split('@')[0];
      const identity = (name: string) =>
        `[{ key: "sha256:${fingerprintOf(publicKey(name))}", repository: ${repository}, until: ${until} }]`;
      world.github.commit('octo/app', {
        'builder.pub': publicKey('BUILDER').export({ format: 'pem', type: 'spki' }) as string,
        'keyed.yml': `version: 1
repository-id: 123456789
keys: [builder.pub]
trust: { builder: ${identity('BUILDER')}, gate: ${identity('GATE')} }
environments: { staging: { repository: ${world.registry.host}/octo/app-staging, rules: [signed] } }
`,
      });
      const signed = await world.run(
        'attest',
        { image: pushed.name, signature: 'true', key, ...alone },
        withKeys,
      );
      expect(signed.outputs, signed.log).toMatchObject({ outcome: 'passed' });
      const run = await gate({ image: pushed.name, policy: 'keyed.yml', key: 'GATE', ...alone }, withKeys);
      expect({ key, until, elsewhere, ...run.outputs }, run.log).toMatchObject({ decision });
    }
  });
});
