import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureTool } from '../../scripts/tools.ts';
import { runProcess } from '../../shared/process/run.ts';
import { startWorld, type World } from '../actions/world.ts';
import {
  findMissing,
  type Peer,
  startCraneRegistry,
  startDistribution,
  startReferenceRegistry,
} from '../servers/peers.ts';
import { startRegistry } from '../servers/registry.ts';
import { type Cosign, describeServices, openCosign, RELEASE } from './cosign.ts';
import { pushTwoPlatforms, type TwoPlatforms, writeEvidence } from './images.ts';

const OTHER = RELEASE.replace('release.yml', 'other.yml');
const VULNS = 'https://in-toto.io/attestation/vulns/v0.2';
/** Takes a world's Sigstore instance out of an action's inputs. */
const NO_SIGSTORE = { sigstore: '', 'trusted-root': '' };
const SIGNER = { 'signer-workflow': 'octo/app/.github/workflows/release.yml' };

async function startEmbedded(referrers: boolean): Promise<Pick<Peer, 'address' | 'close'>> {
  const { host, close } = await startRegistry({ referrers });
  return { address: host, close };
}

const missing = await findMissing({
  programs: ['docker-registry'],
  tools: ['cosign', 'crane', 'registry'],
});

describe.skipIf(missing).each([
  ['the embedded registry', () => startEmbedded(true)],
  ['the embedded registry without the referrers API', () => startEmbedded(false)],
  ["go-containerregistry's, with the referrers API", startReferenceRegistry],
  ["crane's, without", startCraneRegistry],
  ["Debian's docker-registry, without", startDistribution],
])(`cosign and Hallmark in %s${missing && ` (skipped: ${missing})`}`, (_, start) => {
  let world: World;
  let cosign: Cosign;
  let registry: Pick<Peer, 'address' | 'close'>;
  let image: TwoPlatforms;

  beforeAll(async () => {
    [world, registry] = await Promise.all([startWorld(), start()]);
    cosign = await openCosign(world.sigstore);
    image = await pushTwoPlatforms(`${registry.address}/octo/app`);
    writeEvidence(world, image);
    const attested = await world.run('attest', {
      image: image.index,
      signature: 'true',
      provenance: 'true',
      sbom: ['amd64.cdx.json', 'amd64.spdx.json'].map((file) => `linux/amd64=${file}`).join('\n'),
      'scan-report': 'amd64.report.json',
      'predicate-type': 'https://example.com/review/v1',
      'predicate-path': 'review.json',
    });
    expect(attested.log).not.toMatch(/^::error/m);
    expect(attested.outputs).toMatchObject({ outcome: 'passed', image: image.index });
  }, 60_000);
  afterAll(async () => {
    cosign?.close();
    await Promise.all([world?.close(), registry?.close()]);
  });

  test.each(['index', 'amd64', 'arm64'] as const)(
    'cosign verifies our signature of the %s',
    async (which) => {
      const { code, stdout, stderr } = await cosign.verify(image[which]);
      expect({ code, stderr }).toMatchObject({ code: 0 });
      // A signature is of one subject: cosign prints the first one of a statement, whichever it was asked about.
      const critical = JSON.parse(stdout).map((one: { critical: unknown }) => one.critical);
      expect(critical).toContainEqual(
        expect.objectContaining({
          type: 'https://sigstore.dev/cosign/sign/v1',
          image: { 'docker-manifest-digest': image[which].split('@')[1] },
        }),
      );
    },
  );

  test.each([
    ['index', 'slsaprovenance1'],
    ['amd64', 'slsaprovenance1'],
    ['arm64', 'slsaprovenance1'],
    ['amd64', 'cyclonedx'],
    ['amd64', 'spdxjson'],
    ['amd64', VULNS],
    ['index', 'https://example.com/review/v1'],
    ['arm64', 'https://example.com/review/v1'],
  ] as const)('cosign verifies of the %s our attestation %s', async (which, type) => {
    const { code, stdout, stderr } = await cosign.verifyAttestation(image[which], type);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const statement = JSON.parse(Buffer.from(JSON.parse(stdout).payload, 'base64').toString());
    expect(statement.subject.map((one: { digest: { sha256: string } }) => one.digest.sha256)).toContain(
      image[which].split('sha256:')[1],
    );
  });

  test('cosign refuses another workflow, another type, and a platform the evidence is not about', async () => {
    const runs = await Promise.all([
      cosign.verify(image.index, OTHER),
      cosign.verifyAttestation(image.index, 'slsaprovenance1', OTHER),
      cosign.verifyAttestation(image.index, 'openvex'),
      cosign.verifyAttestation(image.arm64, 'cyclonedx'),
      cosign.verifyAttestation(image.arm64, VULNS),
    ]);
    expect(runs.map(({ code }) => code === 0)).toEqual([false, false, false, false, false]);
  });

  describe('what cosign signed and attested', () => {
    let theirs: TwoPlatforms;

    beforeAll(async () => {
      theirs = await pushTwoPlatforms(`${registry.address}/octo/theirs`);
      const predicates: [string, unknown][] = [
        ['cyclonedx', { bomFormat: 'CycloneDX', specVersion: '1.6' }],
        ['spdxjson', { spdxVersion: 'SPDX-2.3' }],
        ['https://example.com/review/v1', { verdict: 'good' }],
      ];
      const runs = [await cosign.sign(theirs.index)];
      for (const [type, predicate] of predicates) {
        runs.push(await cosign.attest(theirs.index, type, predicate));
      }
      expect(runs).toEqual(runs.map(() => expect.objectContaining({ code: 0 })));
    }, 60_000);

    test('we verify', async () => {
      const types = ['signature', 'cyclonedx', 'spdx', 'https://example.com/review/v1'];
      const run = await world.run('verify', {
        image: theirs.index,
        ...SIGNER,
        'predicate-types': types.join('\n'),
      });
      expect(run.outputs).toMatchObject({ outcome: 'passed' });
      const { valid } = JSON.parse(run.outputs['evidence'] ?? '{}');
      expect(valid).toHaveLength(types.length);
      expect(valid).toEqual(
        types.map(() => expect.objectContaining({ signer: expect.objectContaining({ subject: RELEASE }) })),
      );
    });

    test.each([
      ['another workflow', { 'signer-workflow': 'octo/app/.github/workflows/other.yml' }],
      ['another repository', { 'signer-repo': 'octo/other' }],
      ['another ref', { ...SIGNER, ref: 'refs/heads/other' }],
      ['another issuer', { ...SIGNER, issuer: 'https://accounts.google.com' }],
      ['evidence it lacks', { ...SIGNER, 'predicate-types': 'signature, provenance' }],
    ])('we refuse for %s', async (_what, inputs) => {
      const run = await world.run('verify', { image: theirs.index, ...inputs });
      expect(run).toMatchObject({ code: 1, outputs: { outcome: 'refused' } });
    });

    test('stays readable for both when both have written', async () => {
      const ours = await world.run('attest', { image: theirs.index, signature: 'true', provenance: 'true' });
      expect(ours.outputs).toMatchObject({ outcome: 'passed' });
      expect(await cosign.attest(theirs.index, 'openvex', { statements: [] })).toMatchObject({ code: 0 });
      for (const type of ['cyclonedx', 'spdxjson', 'slsaprovenance1', 'openvex']) {
        const { code, stderr } = await cosign.verifyAttestation(theirs.index, type);
        expect({ type, code, stderr }).toMatchObject({ type, code: 0 });
      }
      const run = await world.run('verify', {
        image: theirs.index,
        ...SIGNER,
        'predicate-types': 'signature, provenance, cyclonedx, spdx, vex',
      });
      expect(run.outputs).toMatchObject({ outcome: 'passed' });
    });
  });

  test('cosign verifies what we logged in Rekor v2, and so do we', async () => {
    const signed = await pushTwoPlatforms(`${registry.address}/octo/log-two`);
    writeFileSync(join(world.workspace, 'signing.json'), JSON.stringify(describeServices(world.sigstore, 2)));
    const none = { 'fulcio-url': '', 'rekor-url': '', 'tsa-url': '' };
    const run = await world.run('attest', {
      image: signed.index,
      signature: 'true',
      'signing-config': 'signing.json',
      ...none,
    });
    expect(run.outputs, run.log).toMatchObject({ outcome: 'passed' });
    expect(await cosign.verify(signed.index)).toMatchObject({ code: 0 });
    expect((await cosign.verify(signed.index, OTHER)).code).not.toBe(0);
    const verified = await world.run('verify', { image: signed.index, ...SIGNER });
    expect(verified.outputs, verified.log).toMatchObject({ outcome: 'passed' });
  });

  test('cosign verifies files that we pushed as an artifact, and its tag names what it verified', async () => {
    const repository = `${registry.address}/octo/files`;
    writeFileSync(join(world.workspace, 'function.zip'), 'PK');
    const run = await world.run('attest', {
      'subject-path': 'function.zip',
      repository,
      signature: 'true',
      provenance: 'true',
    });
    expect(run.outputs, run.log).toMatchObject({ outcome: 'passed' });
    const tagged = `${repository}:sha-${world.env()['GITHUB_SHA']}`;
    const { code, stdout, stderr } = await cosign.verify(tagged);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stdout).toContain(`"docker-manifest-digest":"${run.outputs.digest}"`);
    expect(await cosign.verifyAttestation(tagged, 'slsaprovenance1')).toMatchObject({ code: 0 });
  });

  describe('by key', () => {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const secret = pair.privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
    const key = { ...NO_SIGSTORE, key: 'cosign.pub' };

    beforeAll(() => {
      const publicKey = pair.publicKey.export({ format: 'pem', type: 'spki' });
      writeFileSync(join(world.workspace, 'cosign.pub'), publicKey);
      writeFileSync(join(cosign.folder, 'cosign.pub'), publicKey);
      const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
      writeFileSync(join(world.workspace, 'other.pub'), other.export({ format: 'pem', type: 'spki' }));
      writeFileSync(join(cosign.folder, 'other.pub'), other.export({ format: 'pem', type: 'spki' }));
      writeFileSync(join(cosign.folder, 'secret.pem'), secret);
    });

    test.each([
      ['as PKCS#8', 'key-pem', async () => ({ variables: { SIGNING_KEY: secret }, publicKey: 'cosign.pub' })],
      ['as cosign generate-key-pair encrypts it', 'key-box', () => generateKeyPair(cosign.folder)],
    ])(
      'cosign verifies what we signed and attested with a key %s, and refuses another',
      async (_, name, prepare) => {
        const { variables, publicKey } = await prepare();
        const signed = await pushTwoPlatforms(`${registry.address}/octo/${name}`);
        const run = await world.run(
          'attest',
          {
            image: signed.index,
            signature: 'true',
            'predicate-type': 'https://example.com/review/v1',
            'predicate-path': 'review.json',
            ...NO_SIGSTORE,
            ...{ 'fulcio-url': '', 'rekor-url': '', 'tsa-url': '' },
            key: 'SIGNING_KEY',
          },
          { variables },
        );
        expect(run.outputs).toMatchObject({ outcome: 'passed' });
        const verify = (...args: string[]) => cosign.run(...args, '--insecure-ignore-tlog');
        for (const which of ['index', 'arm64'] as const) {
          const good = await verify('verify', '--key', publicKey, signed[which]);
          expect(good).toMatchObject({ code: 0 });
          const bad = await verify('verify', '--key', 'other.pub', signed[which]);
          expect(bad.code).not.toBe(0);
        }
        const type = ['--type', 'https://example.com/review/v1'];
        expect(await verify('verify-attestation', ...type, '--key', publicKey, signed.index)).toMatchObject({
          code: 0,
        });
      },
    );

    test('we verify what cosign signed and attested, and refuse another key', async () => {
      const signed = await pushTwoPlatforms(`${registry.address}/octo/key-theirs`);
      writeFileSync(
        join(cosign.folder, 'offline.json'),
        JSON.stringify({
          mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
          rekorTlogConfig: {},
          tsaConfig: {},
        }),
      );
      writeFileSync(join(cosign.folder, 'sbom.json'), '{"bomFormat":"CycloneDX","specVersion":"1.6"}');
      const offline = ['--yes', '--signing-config', 'offline.json', '--key', 'import-cosign.key'];
      const runs = [
        await cosign.run(
          'import-key-pair',
          '--key',
          'secret.pem',
          '--output-key-prefix',
          'import-cosign',
          '-y',
        ),
        await cosign.run('sign', ...offline, signed.index),
        await cosign.run(
          'attest',
          ...offline,
          '--type',
          'cyclonedx',
          '--predicate',
          'sbom.json',
          signed.index,
        ),
      ];
      expect(runs).toEqual(runs.map(() => expect.objectContaining({ code: 0 })));
      const types = { 'predicate-types': 'signature, cyclonedx' };
      const good = await world.run('verify', { image: signed.index, ...key, ...types });
      expect(good.outputs).toMatchObject({ outcome: 'passed' });
      const bad = await world.run('verify', { image: signed.index, ...key, key: 'other.pub', ...types });
      expect(bad.outputs).toMatchObject({ outcome: 'refused' });
    });
  });
});

/** A pair of cosign's own making in a folder, its private half under a password. */
async function generateKeyPair(
  folder: string,
): Promise<{ variables: Record<string, string>; publicKey: string }> {
  const COSIGN_PASSWORD = 'correct horse';
  const { code } = await runProcess(
    await ensureTool('cosign'),
    ['generate-key-pair', '--output-key-prefix', 'generated'],
    {
      env: { HOME: folder, PATH: process.env.PATH ?? '', COSIGN_PASSWORD },
      cwd: folder,
      deadline: AbortSignal.timeout(30_000),
    },
  );
  expect(code).toBe(0);
  const SIGNING_KEY = readFileSync(join(folder, 'generated.key'), 'utf8');
  return { variables: { SIGNING_KEY, COSIGN_PASSWORD }, publicKey: 'generated.pub' };
}
