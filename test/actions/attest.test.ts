import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ActionRun } from '../../scripts/action.ts';
import { parseReference } from '../../shared/image/reference.ts';
import { openStore, storeOptions } from '../../shared/store/open.ts';
import type { Store } from '../../shared/store/store.ts';
import type { ImageSubjects } from '../../shared/store/subjects.ts';
import { runContext } from '../sigstore/context.ts';
import { putImage } from '../sigstore/image.ts';
import { RELEASE_WORKFLOW, type Run, startWorld, type World } from './world.ts';

const SIGNATURE = 'https://sigstore.dev/cosign/sign/v1';
const PROVENANCE = 'https://slsa.dev/provenance/v1';
const CYCLONEDX = 'https://cyclonedx.org/bom';
const SIGNER = `octo/app/${RELEASE_WORKFLOW}`;

let world: World;
let images = 0;

beforeAll(async () => {
  world = await startWorld();
  const files = {
    'cdx.json': { bomFormat: 'CycloneDX', specVersion: '1.6', components: [] },
    'spdx.json': { spdxVersion: 'SPDX-2.3', packages: [] },
    'tests.json': { result: 'PASSED', configuration: [] },
    'vex.json': { '@context': 'https://openvex.dev/ns/v0.2.0', statements: [] },
    'other.json': { hello: 'world' },
  };
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(world.workspace, name), JSON.stringify(content));
  }
  writeFileSync(join(world.workspace, 'broken.json'), '{');
  mkdirSync(join(world.workspace, 'folder'));
}, 60_000);
afterAll(() => world.close());

/** A report as scan writes it, of one platform manifest. */
function scanReport(manifest: string): object {
  const time = '2026-11-21T00:00:00Z';
  return {
    SchemaVersion: 2,
    Trivy: { Version: '0.72.0' },
    ArtifactType: 'container_image',
    Metadata: { ImageID: `sha256:${'1'.repeat(64)}` },
    Hallmark: {
      manifest,
      platform: 'linux/amd64',
      scanners: ['vuln', 'secret'],
      startedAt: time,
      scannedAt: time,
      database: { repository: 'ghcr.io/x/db:2', digest: `sha256:${'2'.repeat(64)}`, updatedAt: time },
    },
  };
}

/** A fresh image with its own repository. */
async function newImage(
  architectures?: string[],
  labels?: Record<string, string>,
): Promise<{ store: Store; image: ImageSubjects; name: string }> {
  images += 1;
  const place = `${world.registry.host}/octo/image${images}`;
  const store = openStore(parseReference(place), storeOptions(runContext(world.sigstore)));
  const image = await putImage(store, architectures, '', labels);
  return { store, image, name: `${place}@${image.digest}` };
}

function attest(inputs: Record<string, string>, run: Run = {}): Promise<ActionRun> {
  return world.run('attest', inputs, run);
}

describe('attest', () => {
  test('everything of one call: each statement about what it is about, under one certificate', async () => {
    const { image, name } = await newImage(['amd64', 'arm64']);
    const certificates = world.sigstore.requests.filter(({ path }) => path.endsWith('/signingCert')).length;
    const run = await attest({
      image: name,
      signature: 'true',
      provenance: 'true',
      sbom: 'linux/amd64=cdx.json\nlinux/arm64=spdx.json',
      'test-results': 'linux/arm64=tests.json',
      'predicate-type': 'https://openvex.dev/ns/v0.2.0',
      'predicate-path': 'vex.json',
    });
    expect(run.log).not.toContain('::error');
    expect(run.outputs).toMatchObject({ outcome: 'passed', image: name, digest: image.digest });
    const attestations = JSON.parse(run.outputs.attestations ?? '') as { predicateType: string }[];
    expect(
      Object.entries(Object.groupBy(attestations, (one) => one.predicateType)).map(([type, all]) => [
        type,
        all?.length,
      ]),
    ).toEqual([
      [SIGNATURE, 3],
      [PROVENANCE, 3],
      [CYCLONEDX, 1],
      ['https://spdx.dev/Document', 1],
      ['https://in-toto.io/attestation/test-result/v0.1', 1],
      ['https://openvex.dev/ns/v0.2.0', 3],
    ]);
    expect(world.sigstore.requests.filter(({ path }) => path.endsWith('/signingCert')).length).toBe(
      certificates + 1,
    );
    expect(run.summary).toContain('Hallmark attest');

    const verified = await world.run('verify', {
      image: name,
      'signer-workflow': SIGNER,
      'predicate-types': 'signature, provenance, https://openvex.dev/ns/v0.2.0',
    });
    expect(verified.outputs.outcome).toBe('passed');
    const { valid } = JSON.parse(verified.outputs.evidence ?? '') as {
      valid: { predicateType: string; subjects: string[] }[];
    };
    const [index, amd64, arm64] = image.all.map(({ digest }) => digest);
    const subjectsOf = (type: string) => valid.find(({ predicateType }) => predicateType === type)?.subjects;
    expect(subjectsOf(SIGNATURE)).toEqual([index, amd64, arm64]);
    expect(subjectsOf(CYCLONEDX)).toEqual([amd64]);
    expect(subjectsOf('https://spdx.dev/Document')).toEqual([arm64]);
  });

  test('a single manifest needs no platform written, and the bundles lie in a file', async () => {
    const { name, store, image } = await newImage();
    // runAction removes a step's own temporary folder with the step; this one stays.
    const variables = { RUNNER_TEMP: join(world.folder, 'temp') };
    const run = await attest({ image: name, sbom: 'cdx.json' }, { variables });
    expect(run.outputs.outcome).toBe('passed');
    const lines = readFileSync(run.outputs['bundle-path'] ?? '', 'utf8')
      .trimEnd()
      .split('\n');
    expect(lines.map((line) => JSON.parse(line).mediaType)).toEqual([
      'application/vnd.dev.sigstore.bundle.v0.3+json',
    ]);
    expect(await store.listReferrers(image.digest)).toHaveLength(1);
  });

  test('a scan is about the platform manifest that its report names', async () => {
    const { name, image } = await newImage(['amd64', 'arm64']);
    const arm64 = image.platforms[1]?.descriptor.digest ?? '';
    writeFileSync(join(world.workspace, 'scan.json'), JSON.stringify(scanReport(arm64)));
    const run = await attest({ image: name, 'scan-report': 'linux/amd64=scan.json' });
    expect(run.outputs.outcome).toBe('passed');
    const verified = await world.run('verify', {
      image: name,
      'signer-workflow': SIGNER,
      'predicate-types': 'scan',
    });
    expect(verified.outputs.outcome).toBe('refused');
    expect(JSON.parse(verified.outputs.evidence ?? '').valid).toMatchObject([{ subjects: [arm64] }]);

    writeFileSync(join(world.workspace, 'scan.json'), JSON.stringify(scanReport(`sha256:${'a'.repeat(64)}`)));
    const foreign = await attest({ image: name, 'scan-report': 'scan.json' });
    expect(foreign.outputs.outcome).toBe('invalid');
    expect(foreign.log).toMatch(
      /scan-report: "scan.json" is about sha256:a+, which is no platform of sha256:/,
    );
  });

  test.each([
    ['this commit', 'passed', 'c'.repeat(40)],
    ['another commit', 'refused', 'd'.repeat(40)],
  ])('provenance for an image whose label names %s is %s', async (_, outcome, revision) => {
    const { name, store } = await newImage(['amd64'], { 'org.opencontainers.image.revision': revision });
    const run = await attest({ image: name, provenance: 'true' }, { sha: 'c'.repeat(40) });
    expect(run.outputs.outcome).toBe(outcome);
    expect((await store.listTags()).length > 0).toBe(outcome === 'passed');
  });

  test('sign is attest with the signature alone', async () => {
    const { name, image, store } = await newImage();
    const run = await world.run('sign', { image: name });
    expect(run.outputs.outcome).toBe('passed');
    expect(JSON.parse(run.outputs.attestations ?? '')).toEqual([
      { predicateType: SIGNATURE, digest: expect.stringMatching(/^sha256:/) },
    ]);
    expect(await store.listReferrers(image.digest)).toHaveLength(1);
  });

  test('with a key there is no certificate, and verify takes the public key', async () => {
    const { name } = await newImage();
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
    writeFileSync(join(world.workspace, 'cosign.pub'), publicKey.export({ format: 'pem', type: 'spki' }));
    const none = { sigstore: '', 'fulcio-url': '', 'tsa-url': '' };
    const run = await attest(
      { image: name, signature: 'true', key: 'SIGNING_KEY', ...none },
      { variables: { SIGNING_KEY: pem } },
    );
    expect(run.outputs.outcome).toBe('passed');
    expect(run.log).not.toContain(pem.split('\n')[1]);
    const verified = await world.run('verify', {
      image: name,
      key: 'cosign.pub',
      sigstore: '',
      'trusted-root': '',
    });
    expect(verified.outputs.outcome).toBe('passed');
  });
});

describe('what attest does not do, and then nothing is attached', () => {
  const cases: [string, (name: string) => Record<string, string>, string, RegExp, Run?][] = [
    ['nothing asked for', (image) => ({ image }), 'invalid', /signature: or provenance, sbom/],
    [
      'a tag',
      (image) => ({ image: `${image.split('@')[0]}:v1`, signature: 'true' }),
      'invalid',
      /image: needs a digest/,
    ],
    [
      'no registry',
      () => ({ image: `octo/app@sha256:${'a'.repeat(64)}`, signature: 'true' }),
      'invalid',
      /image: names no registry/,
    ],
    [
      'a short digest',
      (image) => ({ image: image.slice(0, -1), signature: 'true' }),
      'invalid',
      /image: a sha256 digest has 64 hex digits, this one has 63/,
    ],
    [
      'an image that is not there',
      (image) => ({ image: `${image.split('@')[0]}@sha256:${'a'.repeat(64)}`, signature: 'true' }),
      'invalid',
      /image: .* holds no sha256:a/,
    ],
    [
      'an SBOM that does not say which platform',
      (image) => ({ image, sbom: 'cdx.json' }),
      'invalid',
      /sbom: "cdx.json" does not say for which platform it is, and the image has linux\/amd64, linux\/arm64/,
    ],
    [
      'an SBOM of a platform the image lacks',
      (image) => ({ image, sbom: 'linux/s390x=cdx.json' }),
      'invalid',
      /sbom: the image has no linux\/s390x/,
    ],
    [
      'a file that is no SBOM',
      (image) => ({ image, sbom: 'linux/amd64=other.json' }),
      'invalid',
      /sbom: "other.json" is neither CycloneDX nor SPDX/,
    ],
    [
      'a file that is no JSON',
      (image) => ({ image, 'predicate-type': 'https://example.com/x', 'predicate-path': 'broken.json' }),
      'invalid',
      /predicate-path: "broken.json" is no JSON/,
    ],
    [
      'a file that is not there',
      (image) => ({ image, sbom: 'linux/amd64=missing.json' }),
      'invalid',
      /sbom: "missing.json" cannot be read \(ENOENT\)/,
    ],
    [
      'a folder',
      (image) => ({ image, sbom: 'linux/amd64=folder' }),
      'invalid',
      /sbom: "folder" cannot be read/,
    ],
    [
      'a file outside of the workspace',
      (image) => ({ image, sbom: 'linux/amd64=../../etc/hostname' }),
      'invalid',
      /sbom: .* lies outside of the workspace/,
    ],
    [
      'a report that is not of scan',
      (image) => ({ image, 'scan-report': 'other.json' }),
      'invalid',
      /scan-report: is no report of the scan action/,
    ],
    [
      'test results that are none',
      (image) => ({ image, 'test-results': 'linux/amd64=other.json' }),
      'invalid',
      /test-results: "other.json" is no test-result/,
    ],
    [
      'a type without a file',
      (image) => ({ image, 'predicate-type': 'https://example.com/x' }),
      'invalid',
      /predicate-path: is required/,
    ],
    [
      'provenance by another name',
      (image) => ({ image, 'predicate-type': PROVENANCE, 'predicate-path': 'other.json' }),
      'invalid',
      /predicate-type: may be the URI of a type that no other/,
    ],
    [
      "provenance on somebody else's behalf",
      (image) => ({ image, provenance: 'true' }),
      'invalid',
      /provenance: is claimed only on push, .* not on pull_request_target/,
      { event: 'pull_request_target' },
    ],
    [
      'an expired token',
      (image) => ({ image, signature: 'true' }),
      'invalid',
      /id-token: expired at 2001/,
      { claims: { iat: 1e9, nbf: 1e9, exp: 1e9 + 300 } },
    ],
    [
      'a token from the future',
      (image) => ({ image, signature: 'true' }),
      'invalid',
      /id-token: is valid only from 2100/,
      { claims: { nbf: 4_102_444_801, exp: 4_102_445_000 } },
    ],
    [
      'a job without id-token: write',
      (image) => ({ image, signature: 'true' }),
      'invalid',
      /permissions: .*[\s\S]*id-token: write/,
      { variables: { ACTIONS_ID_TOKEN_REQUEST_URL: undefined } },
    ],
    [
      'a log that is down',
      (image) => ({ image, signature: 'true', 'rekor-url': 'http://127.0.0.1:9' }),
      'unavailable',
      /the transparency log at http:\/\/127.0.0.1:9 took no entry; nothing was attached/,
    ],
    [
      'an instance without its certificate authority',
      (image) => ({ image, signature: 'true', 'fulcio-url': '' }),
      'invalid',
      /fulcio-url: is required/,
    ],
    [
      'a word that is no yes or no',
      (image) => ({ image, signature: 'yes' }),
      'invalid',
      /signature: may be true or false/,
    ],
  ];
  test.each(cases)('%s', async (_, inputs, outcome, message, run) => {
    const { name, store, image } = await newImage(['amd64', 'arm64']);
    const result = await attest(inputs(name), run);
    expect(result.outputs.outcome).toBe(outcome);
    expect(result.code).toBe(1);
    expect(result.log.replaceAll('%0A', '\n').replaceAll('%25', '%')).toMatch(message);
    const left = await Promise.all(image.all.map(({ digest }) => store.listReferrers(digest)));
    expect(left.flat()).toEqual([]);
    expect(await store.listTags()).toEqual([]);
  });
});
