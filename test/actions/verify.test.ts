import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ActionRun } from '../../scripts/action.ts';
import { MEDIA_TYPE } from '../../shared/image/descriptor.ts';
import { parseDigestReference, parseReference } from '../../shared/image/reference.ts';
import { attachReferrers } from '../../shared/store/attach.ts';
import { openStore, storeOptions } from '../../shared/store/open.ts';
import { listManifests } from '../../shared/store/subjects.ts';
import { startRegistry } from '../servers/registry.ts';
import { startSigstore } from '../servers/sigstore.ts';
import { runContext } from '../sigstore/context.ts';
import { putImage } from '../sigstore/image.ts';
import { RELEASE_WORKFLOW, startWorld, type World } from './world.ts';

const SIGNER = `octo/app/${RELEASE_WORKFLOW}`;

let world: World;
/** Signed, with an SBOM of each platform. */
let signed: string;
/** With an SBOM of one of its two platforms, and no signature. */
let unsigned: string;
let bare: string;
/** With twelve referrers that nobody can read, and signed by another workflow. */
let crowded: string;
/** Signed too; its tag is v1. */
let tagged: string;
/** What is attached to `signed`. */
let bundles: string[];

beforeAll(async () => {
  world = await startWorld();
  writeFileSync(
    join(world.workspace, 'cdx.json'),
    JSON.stringify({ bomFormat: 'CycloneDX', specVersion: '1.6' }),
  );
  writeFileSync(join(world.workspace, 'bad.pub'), 'not a key');
  const other = await startSigstore();
  writeFileSync(join(world.workspace, 'other-root.json'), JSON.stringify(other.trustedRoot));
  await other.close();
  writeFileSync(join(world.workspace, 'old-root.json'), JSON.stringify(world.sigstore.trustedRoot));
  utimesSync(join(world.workspace, 'old-root.json'), new Date(), new Date(Date.now() - 30 * 86_400_000));
  const newImage = async (name: string): Promise<string> => {
    const place = `${world.registry.host}/octo/${name}`;
    const store = openStore(parseReference(place), storeOptions(runContext(world.sigstore)));
    return `${place}@${(await putImage(store, ['amd64', 'arm64'], name)).digest}`;
  };
  [signed, tagged, unsigned, bare, crowded] = await Promise.all([
    newImage('signed'),
    newImage('tagged'),
    newImage('unsigned'),
    newImage('bare'),
    newImage('crowded'),
  ]);
  const [both, one, three] = await Promise.all([
    world.run('attest', {
      image: signed,
      signature: 'true',
      sbom: 'linux/amd64=cdx.json\nlinux/arm64=cdx.json',
    }),
    world.run('attest', { image: unsigned, sbom: 'linux/amd64=cdx.json' }),
    world.run('sign', { image: tagged }),
    crowd(crowded),
  ]);
  for (const run of [both, one, three]) expect(run.outputs.outcome, run.log).toBe('passed');
  const { digest } = parseDigestReference(tagged);
  const store = openStore(parseReference(tagged), storeOptions(runContext(world.sigstore)));
  const { bytes, descriptor } = (await listManifests(store, digest)).root;
  await store.putManifest(bytes, descriptor.mediaType, 'v1');
  bundles = readFileSync(both.outputs['bundle-path'] ?? '', 'utf8')
    .trim()
    .split('\n');
}, 90_000);
afterAll(() => world.close());

async function crowd(image: string): Promise<void> {
  const reference = parseDigestReference(image);
  const store = openStore(reference, storeOptions(runContext(world.sigstore)));
  const { root } = await listManifests(store, reference.digest);
  const rubbish = Array.from({ length: 12 }, (_, n) => ({
    subject: root.descriptor,
    artifactType: MEDIA_TYPE.bundle,
    blob: Buffer.from(JSON.stringify({ n })),
    blobMediaType: MEDIA_TYPE.bundle,
    annotations: {},
  }));
  await attachReferrers(store, rubbish);
  const other = await world.run('sign', { image }, { workflow: '.github/workflows/other.yml' });
  expect(other.outputs.outcome).toBe('passed');
}

function verify(inputs: Record<string, string>): Promise<ActionRun> {
  return world.run('verify', inputs);
}

describe('verify', () => {
  test.each<[string, () => Record<string, string>]>([
    ['the signature, by default', () => ({})],
    [
      'every part of the identity',
      () => ({
        'signer-repo': 'octo/app',
        workflow: SIGNER,
        ref: 'refs/heads/main',
        trigger: 'push',
        issuer: 'https://token.actions.githubusercontent.com',
        'runner-environment': 'github-hosted',
        'repository-id': '123456789',
        owner: 'octo',
        'owner-id': '4242',
        'trusted-root-max-age': '1d',
        'tlog-threshold': '1',
        'ctlog-threshold': '1',
        'timestamp-threshold': '2',
      }),
    ],
    ['refs by glob', () => ({ ref: 'refs/heads/next, glob:refs/heads/m*' })],
    ['an SBOM of every platform', () => ({ 'predicate-types': 'signature, cyclonedx' })],
  ])('%s', async (_, inputs) => {
    const run = await verify({ image: signed, 'signer-workflow': SIGNER, ...inputs() });
    expect(run.outputs).toMatchObject({ outcome: 'passed', image: signed, digest: signed.split('@')[1] });
    expect(run.code).toBe(0);
    const { valid, rejected } = JSON.parse(run.outputs.evidence ?? '') as {
      valid: { kind: string; roles: string[]; logIndex: string }[];
      rejected: unknown[];
    };
    expect(valid.map(({ kind, roles }) => `${kind} by ${roles.join(', ')}`).toSorted()).toEqual([
      'cyclonedx by builder, scanner',
      'cyclonedx by builder, scanner',
      'signature by builder',
      'signature by builder',
      'signature by builder',
    ]);
    expect(rejected).toEqual([]);
    for (const { logIndex } of valid) expect(run.summary).toContain(`| \`${logIndex}\` |`);
  });

  test.each<[string, () => Record<string, string>, RegExp[]]>([
    [
      'another workflow',
      () => ({ 'signer-workflow': 'octo/app/.github/workflows/ci.yml' }),
      [/no valid signature for sha256:/, /signature: sha256:[0-9a-f]{64}: signer-workflow is/],
    ],
    [
      "a workflow whose name is like the signer's",
      () => ({ 'signer-workflow': 'octo/app/.github/workflows/rel.yml' }),
      [/signer-workflow is/],
    ],
    ['another ref', () => ({ ref: 'refs/tags/v1' }), [/ref is "refs\/heads\/main"/]],
    ['another event', () => ({ trigger: 'release' }), [/trigger is "push"/]],
    ['another issuer', () => ({ issuer: 'https://issuer.example' }), [/issuer is/]],
    ['another repository of that name', () => ({ 'repository-id': '1' }), [/repository-id is "123456789"/]],
    ['another owner', () => ({ owner: 'evil' }), [/owner is "octo"/]],
    ['another owner of that name', () => ({ 'owner-id': '1' }), [/owner-id is "4242"/]],
    ['too few logs', () => ({ 'tlog-threshold': '2' }), [/expected 2 tlog entries, got 1/]],
    [
      'another kind of runner',
      () => ({ 'runner-environment': 'self-hosted' }),
      [/runner-environment is "github-hosted"/],
    ],
    ['another root', () => ({ 'trusted-root': 'other-root.json' }), [/does not verify/]],
    [
      'what is not attached',
      () => ({ 'predicate-types': 'signature\nprovenance\nhttps://example.com/x' }),
      [
        /no valid provenance for/,
        /provenance: nothing of this type is attached/,
        /no valid https:\/\/example.com\/x/,
      ],
    ],
    [
      'an SBOM instead of the signature',
      () => ({ image: unsigned }),
      [/no valid signature for/, /signature: nothing of this type is attached/],
    ],
    [
      'an SBOM of one platform of two',
      () => ({ image: unsigned, 'predicate-types': 'cyclonedx' }),
      [
        /no valid cyclonedx for sha256:[0-9a-f]{64} \(linux\/arm64\)/,
        /nothing of this type is attached to it/,
      ],
    ],
    ['nothing', () => ({ image: bare }), [/nothing of this type is attached/]],
  ])('%s is refused', async (_, inputs, messages) => {
    const run = await verify({ image: signed, 'signer-workflow': SIGNER, ...inputs() });
    expect(run.outputs.outcome).toBe('refused');
    expect(run.code).toBe(1);
    for (const message of messages) expect(run.log.replaceAll('%0A', '\n')).toMatch(message);
    expect(run.outputs.evidence).toBeDefined();
  });

  test('of many that do not count ten are told, the nearest first, and all are in the output', async () => {
    const run = await verify({ image: crowded, 'signer-workflow': SIGNER });
    expect(run.outputs.outcome).toBe('refused');
    const said = run.log.trimEnd().split('\n').at(-1)?.split('%0A') ?? [];
    expect(said).toHaveLength(12);
    for (const reason of said.slice(1, 4))
      expect(reason).toMatch(/signer-workflow is "octo\/app\/.*other.yml"/);
    for (const reason of said.slice(4, 11)) expect(reason).toMatch(/it is no Sigstore bundle/);
    expect(said.at(-1)).toBe('signature: and 5 more that do not count; the output evidence tells of them');
    expect(JSON.parse(run.outputs.evidence ?? '').rejected).toHaveLength(15);
  });

  test.each<[string, () => Record<string, string>, RegExp]>([
    ['no identity', () => ({ 'signer-workflow': '' }), /signer-workflow: names nobody/],
    ['only a ref', () => ({ 'signer-workflow': '', ref: 'refs/heads/main' }), /names nobody/],
    ['a key and a workflow', () => ({ key: 'bad.pub' }), /signer-workflow: is of a certificate/],
    [
      'a key that is none',
      () => ({ 'signer-workflow': '', key: 'bad.pub' }),
      /key: "bad.pub" holds no public key/,
    ],
    [
      'a key that is not there',
      () => ({ 'signer-workflow': '', key: 'none.pub' }),
      /key: "none.pub" cannot be read/,
    ],
    ['nothing to verify', () => ({ 'predicate-types': ',' }), /predicate-types: is empty/],
    [
      'a word that is no type',
      () => ({ 'predicate-types': 'signatur' }),
      /predicate-types: may be signature, provenance, .*, not "signatur"/,
    ],
    ['no subject', () => ({ image: '' }), /image: or subject-path is required/],
    ['two subjects', () => ({ 'subject-path': 'cdx.json' }), /subject-path: and image are two things/],
    [
      'a file without bundles',
      () => ({ image: '', 'subject-path': 'cdx.json' }),
      /bundle-path: or attestations-of/,
    ],
    [
      'no time at all',
      () => ({ 'timestamp-threshold': '0' }),
      /timestamp-threshold: may be a number from 1 to 8/,
    ],
    [
      'a root that lay too long',
      () => ({ 'trusted-root': 'old-root.json', 'trusted-root-max-age': '7d' }),
      /trusted-root: "old-root.json" was written \d+ seconds ago/,
    ],
    [
      'an age of what comes by TUF',
      () => ({ 'trusted-root': '', sigstore: 'public', 'trusted-root-max-age': '7d' }),
      /trusted-root-max-age: goes with trusted-root/,
    ],
    [
      'bundles that are not there',
      () => ({ 'bundle-path': 'none' }),
      /bundle-path: "none" cannot be read \(ENOENT\)/,
    ],
    ['bundles outside of the workspace', () => ({ 'bundle-path': '/etc/passwd' }), /bundle-path: .* outside/],
    [
      'a tag beside bundles',
      () => ({ image: `${signed.split('@')[0]}:v9`, 'bundle-path': 'cdx.json' }),
      /image: needs a digest beside bundle-path/,
    ],
    [
      'a repository that is none',
      () => ({ 'attestations-of': 'octo' }),
      /attestations-of: may be owner\/repo/,
    ],
    ['a number that is a name', () => ({ 'repository-id': 'octo' }), /repository-id: may be a number/],
    [
      'a workflow that is no file of one',
      () => ({ 'signer-workflow': 'octo/app/.github/workflows/release' }),
      /signer-workflow: may be owner\/repo\/.github\/workflows/,
    ],
    [
      'a workflow as a pattern without glob:',
      () => ({ 'signer-workflow': '.*' }),
      /signer-workflow: may be .*, or begin with glob:/,
    ],
    ['a branch that is no ref', () => ({ ref: 'main' }), /ref: may be a ref in full, as refs\/heads\/main/],
    [
      'a place without digest and tag',
      () => ({ image: signed.split('@')[0] ?? '' }),
      /image: needs a digest or a tag/,
    ],
    ['a tag that is not there', () => ({ image: `${signed.split('@')[0]}:v9` }), /image: .* holds no v9/],
    [
      'a root that is none',
      () => ({ 'trusted-root': 'cdx.json' }),
      /trusted-root: "cdx.json" is no Sigstore trusted root/,
    ],
    [
      "an instance of one's own without its root",
      () => ({ sigstore: 'custom', 'trusted-root': '' }),
      /trusted-root: is required/,
    ],
  ])('%s is invalid', async (_, inputs, message) => {
    const run = await verify({ image: signed, 'signer-workflow': SIGNER, ...inputs() });
    expect(run.outputs.outcome).toBe('invalid');
    expect(run.log.replaceAll('%0A', '\n')).toMatch(message);
  });
});

describe('several images', () => {
  const place = (): string => signed.split('@')[0] ?? '';
  const byTag = (): string => tagged.replace(/@.*/, ':v1');
  const missing = (): string => `${place()}@sha256:${'0'.repeat(64)}`;
  /** Nobody listens there. */
  const unreachable = (): string => `127.0.0.1:1/octo/app@${signed.split('@')[1]}`;

  test.each<[string, () => string[], string, () => [image: string, outcome: string][]]>([
    [
      'all of which pass, one of them once for all its lines',
      () => ['# from our manifests', signed, byTag(), signed],
      'passed',
      () => [
        [signed, 'passed'],
        [tagged, 'passed'],
      ],
    ],
    [
      'one of which is refused',
      () => [signed, bare, byTag()],
      'refused',
      () => [
        [signed, 'passed'],
        [bare, 'refused'],
        [tagged, 'passed'],
      ],
    ],
    [
      'one of which is not there',
      () => [signed, missing()],
      'invalid',
      () => [
        [signed, 'passed'],
        [missing(), 'invalid'],
      ],
    ],
    [
      'one of which cannot be had, which no other makes up for',
      () => [signed, unreachable()],
      'unavailable',
      () => [
        [signed, 'passed'],
        [unreachable(), 'unavailable'],
      ],
    ],
    [
      'one of each kind: what is refused is told first',
      () => [unreachable(), missing(), signed, bare],
      'refused',
      () => [
        [unreachable(), 'unavailable'],
        [missing(), 'invalid'],
        [signed, 'passed'],
        [bare, 'refused'],
      ],
    ],
  ])('%s', async (_, lines, outcome, expected) => {
    const run = await verify({ image: lines().join('\n'), 'signer-workflow': SIGNER });
    expect(run.outputs.outcome, run.log).toBe(outcome);
    expect(run.code).toBe(outcome === 'passed' ? 0 : 1);
    const { images, valid } = JSON.parse(run.outputs.evidence ?? '') as {
      images: { image: string; outcome: string; reasons: string[] }[];
      valid: { image: string; kind: string }[];
    };
    expect(images.map((one) => [one.image, one.outcome])).toEqual(expected());
    expect(run.outputs.image?.split('\n')).toEqual(expected().map(([image]) => image));
    expect(run.outputs.digest).toBeUndefined();
    const said = run.log.replaceAll('%0A', '\n');
    for (const [image, became] of expected()) {
      const { reasons = [] } = images.find((one) => one.image === image) ?? {};
      expect(reasons.length > 0).toBe(became !== 'passed');
      for (const reason of reasons) expect(said).toContain(`${image}: ${reason}`);
      const short = image.replace(/(@sha256:.{12}).+/, '$1…');
      expect(run.summary).toContain(`| \`${short}\` | ${became} |`);
      expect(run.summary.includes(`- \`${image}\`: ${became}`)).toBe(became !== 'passed');
      expect(valid.some((one) => one.image === image && one.kind === 'signature')).toBe(became === 'passed');
    }
  });

  test('two hundred lines are looked at to the last', async () => {
    const lines = Array.from(
      { length: 199 },
      (_, n) => `${place()}@sha256:${n.toString(16).padStart(64, '0')}`,
    );
    const run = await verify({ image: [...lines, signed].join('\n'), 'signer-workflow': SIGNER });
    expect(run.outputs.outcome).toBe('invalid');
    const { images } = JSON.parse(run.outputs.evidence ?? '') as { images: { outcome: string }[] };
    expect(images.map(({ outcome }) => outcome)).toEqual([...lines.map(() => 'invalid'), 'passed']);
  });

  test('those of one repository are read with one login', async () => {
    const store = openStore(parseReference(place()), storeOptions(runContext(world.sigstore)));
    const { all } = await listManifests(store, parseDigestReference(signed).digest);
    let tokens = 0;
    const guarded = await startRegistry({
      folder: join(world.folder, 'registry'),
      onRequest: ({ path, headers }) => {
        if (path.startsWith('/token')) {
          tokens += 1;
          return { status: 200, body: JSON.stringify({ token: 'one-of-many' }) };
        }
        const challenge = `Bearer realm="http://${headers.host}/token",service="registry"`;
        return headers.authorization === undefined
          ? { status: 401, headers: { 'www-authenticate': challenge } }
          : undefined;
      },
    });
    try {
      const lines = all.map(({ digest }) => `${guarded.host}/octo/signed@${digest}`);
      const run = await verify({ image: lines.join('\n'), 'signer-workflow': SIGNER });
      expect(run.outputs.outcome, run.log).toBe('passed');
      expect(lines).toHaveLength(3);
      expect(tokens).toBe(1);
    } finally {
      await guarded.close();
    }
  });

  test.each<[string, () => Record<string, string>, RegExp[]]>([
    [
      'lines that name no image, all of them told',
      () => ({ image: [signed, 'octo/app', `${place()}:v1`, place()].join('\n') }),
      [/image: "octo\/app": names no registry/, /"127[^"]*\/octo\/signed": needs a digest or a tag/],
    ],
    [
      'more than two hundred',
      () => ({ image: Array.from({ length: 201 }, (_, n) => `${place()}:v${n}`).join('\n') }),
      [/image: names 201 images; at most 200 are verified in one step/],
    ],
    ['nothing but a remark', () => ({ image: '# none' }), [/image: or subject-path is required/]],
    [
      'several beside bundles',
      () => ({ image: `${signed}\n${bare}`, 'bundle-path': 'cdx.json' }),
      [/bundle-path: goes with one image, not with several/],
    ],
    [
      'no root for any of them, said once',
      () => ({ image: `${signed}\n${bare}`, 'trusted-root': 'cdx.json' }),
      [/"cdx.json" is no Sigstore trusted root/],
    ],
  ])('%s is invalid', async (_, inputs, messages) => {
    const run = await verify({ 'signer-workflow': SIGNER, ...inputs() });
    expect(run.outputs.outcome).toBe('invalid');
    expect(run.outputs.evidence).toBeUndefined();
    for (const message of messages) expect(run.log).toMatch(message);
  });
});

describe('bundles that are not in a registry', () => {
  beforeAll(() => {
    mkdirSync(join(world.workspace, 'bundles', 'folder'), { recursive: true });
    bundles.forEach((bundle, at) => {
      writeFileSync(
        join(world.workspace, 'bundles', `${at}.json`),
        JSON.stringify(JSON.parse(bundle), null, 2),
      );
    });
    writeFileSync(join(world.workspace, 'bundles.jsonl'), `${bundles.join('\n')}\n`);
    writeFileSync(join(world.workspace, 'rubbish.jsonl'), 'rubbish\n{"x":1}\n');
  });
  /** An address that nobody listens on: what is asked there fails. */
  const elsewhere = (): string => `127.0.0.1:1/octo/app@${signed.split('@')[1]}`;

  test.each<[string, string]>([
    ['a folder', 'bundles'],
    ['JSON lines', 'bundles.jsonl'],
    ['one bundle', 'bundles/0.json'],
  ])('%s', async (_, path) => {
    const run = await verify({ image: elsewhere(), 'bundle-path': path, 'signer-workflow': SIGNER });
    expect(run.outputs, run.log).toMatchObject({ outcome: 'passed', digest: signed.split('@')[1] });
  });

  test.each<[string, () => Record<string, string>, RegExp]>([
    ['of another image', () => ({ image: bare }), /signature: .*about another image/],
    [
      'of another workflow',
      () => ({ 'signer-workflow': 'octo/app/.github/workflows/ci.yml' }),
      /signer-workflow is/,
    ],
    ['that are none', () => ({ 'bundle-path': 'rubbish.jsonl' }), /does not verify: Unexpected token/],
    ['of another file', () => ({ image: '', 'subject-path': 'cdx.json' }), /about another image/],
  ])('%s are refused', async (_, inputs, reason) => {
    const run = await verify({
      image: elsewhere(),
      'bundle-path': 'bundles',
      'signer-workflow': SIGNER,
      ...inputs(),
    });
    expect(run.outputs.outcome).toBe('refused');
    expect(run.log).toMatch(reason);
  });
});

describe("GitHub's attestations", () => {
  const altered = (bundle: object): object => {
    const { dsseEnvelope } = bundle as { dsseEnvelope: { signatures: { sig: string }[] } };
    return { ...bundle, dsseEnvelope: { ...dsseEnvelope, signatures: [{ sig: 'AAAA' }] } };
  };
  const parsed = (): object[] => bundles.map((bundle) => JSON.parse(bundle));

  test.each<[string, () => object[], { elsewhere?: boolean; status?: number }, string, RegExp]>([
    ['count as those attached to the image', parsed, {}, 'passed', /(?:)/],
    ['that do not verify', () => parsed().map(altered), {}, 'refused', /does not verify/],
    ['where there are none', () => [], {}, 'refused', /no valid signature/],
    [
      'that lie elsewhere are not missing',
      parsed,
      { elsewhere: true },
      'unavailable',
      /did not give all attestations/,
    ],
    [
      'more than a page are not missing',
      () => Array.from({ length: 101 }, () => parsed()[0] ?? {}),
      {},
      'unavailable',
      /at most 100 are read/,
    ],
    ['of another shape', parsed, { status: 200 }, 'unavailable', /something else than GitHub's API/],
    ['that the token may not read', parsed, { status: 403 }, 'invalid', /github-token: may not read this/],
  ])('%s', async (_, stored, { elsewhere = false, status }, outcome, message) => {
    const { github } = world;
    github.attestations.splice(0, Infinity, ...stored());
    github.bundlesElsewhere = elsewhere;
    if (status !== undefined) github.fail('repos/list-attestations', status);
    const asked = github.requests.length;
    const other = `${world.registry.host}/octo/elsewhere`;
    const store = openStore(parseReference(other), storeOptions(runContext(world.sigstore)));
    // The same image in a repository that nothing is attached in.
    const { digest } = await putImage(store, ['amd64', 'arm64'], 'signed');
    const run = await verify({
      image: `${other}@${digest}`,
      'signer-workflow': SIGNER,
      'attestations-of': 'octo/app',
    });
    expect(run.outputs.outcome, run.log).toBe(outcome);
    expect(run.log).toMatch(message);
    // Of the index and of each platform.
    const paths = github.requests.slice(asked).map(({ path }) => path);
    expect(paths).toContain(`/repos/octo/app/attestations/${encodeURIComponent(digest)}?per_page=100`);
  });
});
