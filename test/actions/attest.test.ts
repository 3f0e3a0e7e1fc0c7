import { createHash, generateKeyPairSync } from 'node:crypto';
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
const SPDX = {
  spdxVersion: 'SPDX-2.3',
  SPDXID: 'SPDXRef-DOCUMENT',
  name: 'app',
  dataLicense: 'CC0-1.0',
  creationInfo: { created: '2026-11-21T00:00:00Z', creators: ['Tool: test'] },
  packages: [],
};
const VEX = {
  '@context': 'https://openvex.dev/ns/v0.2.0',
  '@id': 'https://example.com/vex/1',
  author: 'octo',
  timestamp: '2026-11-21T00:00:00Z',
  version: 1,
  statements: [
    { vulnerability: { name: 'CVE-2026-1' }, status: 'not_affected', justification: 'component_not_present' },
  ],
};
const WRONG_CYCLONEDX = {
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  components: [{ type: 'library', name: 'a' }, { type: 'library' }],
};
/** 16 MiB, more than a statement can hold. */
const LARGE_CYCLONEDX = {
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  components: [{ type: 'library', name: 'a', description: 'x'.repeat(16 * 1024 * 1024) }],
};
const JUNIT = '<?xml version="1.0"?><testsuite><testcase classname="app" name="starts"/></testsuite>';
const SIGNER = `octo/app/${RELEASE_WORKFLOW}`;

let world: World;
let images = 0;

beforeAll(async () => {
  world = await startWorld();
  const files = {
    'cdx.json': { bomFormat: 'CycloneDX', specVersion: '1.6', components: [] },
    'spdx.json': SPDX,
    'tests.json': { result: 'PASSED', configuration: [] },
    'vex.json': VEX,
    'review.json': { verdict: 'good' },
    'other.json': { hello: 'world' },
  };
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(world.workspace, name), JSON.stringify(content));
  }
  writeFileSync(join(world.workspace, 'broken.json'), '{');
  writeFileSync(join(world.workspace, 'junit.xml'), JUNIT);
  writeFileSync(join(world.workspace, 'wrong.cdx.json'), JSON.stringify(WRONG_CYCLONEDX));
  writeFileSync(join(world.workspace, 'entity.xml'), `<!DOCTYPE x [<!ENTITY a "b">]>${JUNIT.slice(21)}`);
  writeFileSync(join(world.workspace, 'large.cdx.json'), JSON.stringify(LARGE_CYCLONEDX));
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
      'test-results': 'linux/arm64=tests.json\nlinux/amd64=junit.xml',
      vex: 'vex.json',
      'predicate-type': 'https://example.com/review/v1',
      'predicate-path': 'review.json',
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
      ['https://in-toto.io/attestation/test-result/v0.1', 2],
      ['https://openvex.dev/ns', 3],
      ['https://example.com/review/v1', 3],
    ]);
    expect(world.sigstore.requests.filter(({ path }) => path.endsWith('/signingCert')).length).toBe(
      certificates + 1,
    );
    expect(run.summary.trimEnd().split('\n').slice(4)).toEqual([
      `Signed by \`${SIGNER}@refs/heads/main\``,
      '',
      '| Statement | About |  |',
      '| --- | --- | --- |',
      ...[
        [SIGNATURE, 'index, linux/amd64, linux/arm64'],
        [PROVENANCE, 'index, linux/amd64, linux/arm64'],
        [CYCLONEDX, 'linux/amd64'],
        ['https://spdx.dev/Document', 'linux/arm64'],
        ['https://in-toto.io/attestation/test-result/v0.1', 'linux/arm64, linux/amd64'],
        ['https://openvex.dev/ns', 'index, linux/amd64, linux/arm64'],
        ['https://example.com/review/v1', 'index, linux/amd64, linux/arm64'],
      ].map(([type, about]) => `| \`${type}\` | ${about} | new |`),
    ]);

    const verified = await world.run('verify', {
      image: name,
      'signer-workflow': SIGNER,
      'predicate-types': 'signature, provenance, test, vex, https://example.com/review/v1',
    });
    expect(verified.outputs.outcome).toBe('passed');
    const { valid } = JSON.parse(verified.outputs.evidence ?? '') as {
      valid: { predicateType: string; subjects: string[] }[];
    };
    const [index, amd64, arm64] = image.all.map(({ digest }) => digest);
    const subjectsOf = (type: string) =>
      valid.filter(({ predicateType }) => predicateType === type).map(({ subjects }) => subjects);
    // One each, as cosign reads it; whatever is of the whole names all of it.
    expect(subjectsOf(SIGNATURE).toSorted()).toEqual([[index], [amd64], [arm64]].toSorted());
    expect(subjectsOf(PROVENANCE)).toEqual([[index, amd64, arm64]]);
    expect(subjectsOf(CYCLONEDX)).toEqual([[amd64]]);
    expect(subjectsOf('https://spdx.dev/Document')).toEqual([[arm64]]);
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

describe('a document that is too large for a statement', () => {
  test('is stored beside its platform, and attested by digest', async () => {
    const { name, store, image } = await newImage(['amd64', 'arm64']);
    const run = await attest({ image: name, sbom: 'linux/arm64=large.cdx.json' });
    expect(run.outputs.outcome, run.log).toBe('passed');
    const arm64 = image.platforms[1]?.descriptor.digest ?? image.digest;
    const referrers = await store.listReferrers(arm64);
    expect(referrers.map(({ artifactType }) => artifactType).toSorted()).toEqual([
      'application/vnd.cyclonedx+json',
      'application/vnd.dev.sigstore.bundle.v0.3+json',
    ]);
    const verified = await world.run('verify', {
      image: name.replace(image.digest, arm64),
      'signer-workflow': SIGNER,
      'predicate-types': 'https://in-toto.io/attestation/reference/v0.1',
    });
    expect(verified.outputs.outcome, verified.log).toBe('passed');
  });
});

describe('files', () => {
  const digestOfFile = (name: string) =>
    createHash('sha256')
      .update(readFileSync(join(world.workspace, name)))
      .digest('hex');
  const variables = () => ({ RUNNER_TEMP: join(world.folder, 'temp') });
  const readStatements = (path: string | undefined) =>
    readFileSync(path ?? '', 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(Buffer.from(JSON.parse(line).dsseEnvelope.payload, 'base64').toString()));

  test.each([
    ['by path and glob', { 'subject-path': 'cdx.json\nspdx.json\nv*x.json' }],
    ['by checksums', { 'subject-checksums': 'SHA256SUMS' }],
  ])('%s are the subjects of every statement, and the bundles lie in a file', async (_, subjects) => {
    const names = ['cdx.json', 'spdx.json', 'vex.json'];
    const sums = names.map((name) => `${digestOfFile(name)}  ${name}\n`).join('');
    writeFileSync(join(world.workspace, 'SHA256SUMS'), sums);
    const run = await attest(
      { ...subjects, signature: 'true', provenance: 'true', 'test-results': 'junit.xml' },
      { variables: variables() },
    );
    expect(run.outputs.outcome, run.log).toBe('passed');
    const statements = readStatements(run.outputs['bundle-path']);
    expect(statements.map(({ predicateType }) => predicateType)).toEqual([
      SIGNATURE,
      PROVENANCE,
      'https://in-toto.io/attestation/test-result/v0.1',
    ]);
    for (const { subject } of statements) {
      expect(subject).toEqual(names.map((name) => ({ name, digest: { sha256: digestOfFile(name) } })));
    }
  });

  test('are pushed as one artifact, tagged by the commit only with its evidence, the same at every run', async () => {
    const repository = `${world.registry.host}/octo/files`;
    const inputs = { 'subject-path': 'cdx.json\nspdx.json', repository, signature: 'true' };
    const sha = 'd'.repeat(40);
    const down = await attest({ ...inputs, 'rekor-url': 'http://127.0.0.1:9', timeout: '5s' }, { sha });
    expect(down.outputs.outcome).toBe('unavailable');
    const store = openStore(parseReference(repository), storeOptions(runContext(world.sigstore)));
    expect(await store.listTags()).toEqual([]);

    const runs = [await attest(inputs, { sha }), await attest(inputs, { sha })];
    expect(
      runs.map(({ outputs }) => outputs.outcome),
      runs[0]?.log,
    ).toEqual(['passed', 'passed']);
    const [image] = new Set(runs.map(({ outputs }) => outputs.image));
    const digest = (await store.resolve(`sha-${sha}`))?.digest;
    expect(image).toBe(`${repository}@${digest}`);
    expect(new Set(runs.map(({ outputs }) => outputs.attestations)).size).toBe(1);
    const manifest = JSON.parse(String((await store.getManifest(digest ?? ''))?.bytes));
    expect(manifest.layers.map((layer: { digest: string }) => layer.digest)).toEqual([
      `sha256:${digestOfFile('cdx.json')}`,
      `sha256:${digestOfFile('spdx.json')}`,
    ]);

    const other = await attest({ ...inputs, 'subject-path': 'vex.json' }, { sha });
    expect(other.outputs.outcome).toBe('refused');
    expect(other.log).toMatch(/sha-d+ exists already and names/);
  });
});

describe("GitHub's attestations", () => {
  test('get every bundle, and an organisation its storage record', async () => {
    const { name, image } = await newImage(['amd64', 'arm64']);
    const event = join(world.folder, 'event.json');
    writeFileSync(event, JSON.stringify({ repository: { owner: { type: 'Organization' } } }));
    const before = world.github.attestations.length;
    const run = await attest(
      { image: name, signature: 'true', sbom: 'linux/amd64=cdx.json', 'push-to-github': 'true' },
      { variables: { GITHUB_EVENT_PATH: event } },
    );
    expect(run.outputs.outcome, run.log).toBe('passed');
    expect(world.github.attestations.length).toBe(before + 4);
    expect(run.outputs['attestation-url']?.split('\n')).toEqual(
      [1, 2, 3, 4].map((id) => `https://github.com/octo/app/attestations/${before + id}`),
    );
    expect(world.github.storageRecords.at(-1)).toMatchObject({
      name: name.split('@')[0],
      digest: image.digest,
      registry_url: `https://${world.registry.host}`,
      github_repository: 'app',
    });
  });

  test('that the token may not write are named with the permission, and what is attached stays', async () => {
    const { name, store, image } = await newImage();
    world.github.fail('repos/create-attestation', 403);
    const run = await attest({ image: name, signature: 'true', 'push-to-github': 'true' });
    expect(run.outputs.outcome).toBe('invalid');
    expect(run.log).toMatch(/may not write this .*\n?[\s\S]*attestations: write/);
    expect(await store.listReferrers(image.digest)).toHaveLength(1);
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
      /test-results: "other.json" is not what https:\/\/in-toto.io\/attestation\/test-result\/v0.1 is to be: result is missing; configuration is missing/,
    ],
    [
      'an SBOM that breaks its schema',
      (image) => ({ image, sbom: 'linux/amd64=wrong.cdx.json' }),
      'invalid',
      /sbom: "wrong.cdx.json" is not what https:\/\/cyclonedx.org\/bom is to be: components\[1\].name is missing/,
    ],
    [
      'VEX that is none',
      (image) => ({ image, vex: 'other.json' }),
      'invalid',
      /vex: "other.json" is not what .*: @context is missing; @id is missing/,
    ],
    [
      'a JUnit report with entities of its own',
      (image) => ({ image, 'test-results': 'linux/amd64=entity.xml' }),
      'invalid',
      /test-results: "entity.xml" is no JUnit report: it declares a document type/,
    ],
    [
      'an image and files',
      (image) => ({ image, 'subject-path': 'cdx.json', signature: 'true' }),
      'invalid',
      /image: must say what is attested, or else subject-path or subject-checksums: one of them alone/,
    ],
    [
      'files that are not there',
      () => ({ 'subject-path': '*.wasm', signature: 'true' }),
      'invalid',
      /subject-path: "\*.wasm" names no file/,
    ],
    [
      'files outside of the workspace',
      () => ({ 'subject-path': '../../**/hostname', signature: 'true' }),
      'invalid',
      /subject-path: /,
    ],
    [
      'a list of checksums that is none',
      () => ({ 'subject-checksums': 'other.json', signature: 'true' }),
      'invalid',
      /subject-checksums: "other.json", line 1: is no line of sha256sum/,
    ],
    [
      'an SBOM of a platform for files',
      () => ({ 'subject-path': 'tests.json', sbom: 'linux/amd64=cdx.json' }),
      'invalid',
      /sbom: "cdx.json" is about a platform of an image, and files have none/,
    ],
    [
      'GitHub without a token',
      (image) => ({ image, signature: 'true', 'push-to-github': 'true', 'github-token': '' }),
      'invalid',
      /github-token: is required/,
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
      (image) => ({ image, signature: 'true', 'rekor-url': 'http://127.0.0.1:9', timeout: '5s' }),
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
