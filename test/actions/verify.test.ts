import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ActionRun } from '../../scripts/action.ts';
import { parseReference } from '../../shared/image/reference.ts';
import { openStore, storeOptions } from '../../shared/store/open.ts';
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
  const newImage = async (name: string): Promise<string> => {
    const place = `${world.registry.host}/octo/${name}`;
    const store = openStore(parseReference(place), storeOptions(runContext(world.sigstore)));
    return `${place}@${(await putImage(store, ['amd64', 'arm64'], name)).digest}`;
  };
  [signed, unsigned, bare] = await Promise.all([newImage('signed'), newImage('unsigned'), newImage('bare')]);
  const [both, one] = await Promise.all([
    world.run('attest', {
      image: signed,
      signature: 'true',
      sbom: 'linux/amd64=cdx.json\nlinux/arm64=cdx.json',
    }),
    world.run('attest', { image: unsigned, sbom: 'linux/amd64=cdx.json' }),
  ]);
  expect([both.outputs.outcome, one.outputs.outcome]).toEqual(['passed', 'passed']);
}, 90_000);
afterAll(() => world.close());

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
      }),
    ],
    ['refs by glob', () => ({ ref: 'refs/heads/next, glob:refs/heads/m*' })],
    ['an SBOM of every platform', () => ({ 'predicate-types': 'signature, cyclonedx' })],
  ])('%s', async (_, inputs) => {
    const run = await verify({ image: signed, 'signer-workflow': SIGNER, ...inputs() });
    expect(run.outputs).toMatchObject({ outcome: 'passed', image: signed, digest: signed.split('@')[1] });
    expect(run.code).toBe(0);
    const { valid, rejected } = JSON.parse(run.outputs.evidence ?? '') as {
      valid: unknown[];
      rejected: unknown[];
    };
    expect([valid.length, rejected.length]).toEqual([5, 0]);
  });

  test.each<[string, () => Record<string, string>, RegExp[]]>([
    [
      'another workflow',
      () => ({ 'signer-workflow': 'octo/app/.github/workflows/ci.yml' }),
      [/no valid signature for sha256:/, /signature: sha256:[0-9a-f]{64}: signer-workflow is/],
    ],
    [
      "a workflow whose name is part of the signer's",
      () => ({ 'signer-workflow': 'octo/app/.github/workflows/release' }),
      [/signer-workflow is/],
    ],
    ['a workflow as a pattern without glob:', () => ({ 'signer-workflow': '.*' }), [/signer-workflow is/]],
    ['another ref', () => ({ ref: 'refs/tags/v1' }), [/ref is "refs\/heads\/main"/]],
    ['another event', () => ({ trigger: 'release' }), [/trigger is "push"/]],
    ['another issuer', () => ({ issuer: 'https://issuer.example' }), [/issuer is/]],
    ['another repository of that name', () => ({ 'repository-id': '1' }), [/repository-id is "123456789"/]],
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
      [/no valid cyclonedx for sha256:/],
    ],
    ['nothing', () => ({ image: bare }), [/nothing of this type is attached/]],
  ])('%s is refused', async (_, inputs, messages) => {
    const run = await verify({ image: signed, 'signer-workflow': SIGNER, ...inputs() });
    expect(run.outputs.outcome).toBe('refused');
    expect(run.code).toBe(1);
    for (const message of messages) expect(run.log.replaceAll('%0A', '\n')).toMatch(message);
    expect(run.outputs.evidence).toBeDefined();
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
    ['a number that is a name', () => ({ 'repository-id': 'octo' }), /repository-id: /],
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
