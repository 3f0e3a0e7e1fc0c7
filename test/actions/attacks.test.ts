import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PREDICATE_TYPES } from '../../shared/evidence/predicate.ts';
import { STATEMENT_TYPE } from '../../shared/evidence/statement.ts';
import { MEDIA_TYPE } from '../../shared/image/descriptor.ts';
import { digestHex } from '../../shared/image/digest.ts';
import { parseReference } from '../../shared/image/reference.ts';
import { openSigner } from '../../shared/sigstore/signer.ts';
import { attachReferrers } from '../../shared/store/attach.ts';
import { openStore, storeOptions } from '../../shared/store/open.ts';
import type { Store } from '../../shared/store/store.ts';
import type { ImageSubjects } from '../../shared/store/subjects.ts';
import type { GithubClaims } from '../servers/sigstore.ts';
import { runContext } from '../sigstore/context.ts';
import { putImage } from '../sigstore/image.ts';
import { GATE_WORKFLOW, RELEASE_WORKFLOW, startWorld, type World } from './world.ts';

/*
 * What somebody attaches who wants an image to pass that nobody signed: each is tried on verify and on gate, and each fails for its own reason.
 */

const POLICY = '.github/hallmark.yml';
const SIGNER = `octo/app/${RELEASE_WORKFLOW}`;
const SIGNATURE = PREDICATE_TYPES.signature[0];

let world: World;
let images = 0;

beforeAll(async () => {
  world = await startWorld();
  const builder = `{ signer-workflow: ${SIGNER}, ref: [refs/heads/main, refs/tags/v1] }`;
  const policy = `version: 1
repository-id: 123456789
trust:
  builder: [${builder}]
  scanner: [${builder}]
  gate: [{ signer-workflow: octo/app/${GATE_WORKFLOW} }]
environments:
  staging: { repository: ${world.registry.host}/octo/app-staging, rules: [signed] }
`;
  world.github.commit('octo/app', { [POLICY]: policy });
}, 60_000);
afterAll(() => world.close());

interface Target {
  readonly name: string;
  readonly store: Store;
  readonly image: ImageSubjects;
}

async function newImage(): Promise<Target> {
  images += 1;
  const place = `${world.registry.host}/octo/app${images}`;
  const store = openStore(parseReference(place), storeOptions(runContext(world.sigstore)));
  const image = await putImage(store, ['amd64'], String(images));
  return { name: `${place}@${image.digest}`, store, image };
}

interface Said {
  readonly claims?: Partial<GithubClaims>;
  readonly predicateType?: string;
  readonly subjects?: readonly string[];
  readonly annotations?: Record<string, string>;
  readonly change?: (bundle: string) => string;
}

/** Signs a statement, about the image unless `subjects` (hex, or THIS) say otherwise, and attaches it to the image. */
async function attach({ store, image }: Target, said: Said = {}): Promise<void> {
  const { fulcioUrl, rekorUrl } = world.sigstore;
  const inputs = { 'fulcio-url': fulcioUrl, 'rekor-url': rekorUrl };
  const signer = await openSigner(inputs, runContext(world.sigstore, said.claims));
  const [bundle] = await signer.sign([
    {
      _type: STATEMENT_TYPE,
      subject: (said.subjects ?? ['THIS']).map((sha256) => ({
        digest: { sha256: sha256 === 'THIS' ? digestHex(image.digest) : sha256 },
      })),
      predicateType: said.predicateType ?? SIGNATURE,
      predicate: {},
    },
  ]);
  const text = (said.change ?? ((same) => same))(bundle?.toString() ?? '');
  await attachReferrers(store, [
    {
      subject: image.root.descriptor,
      artifactType: MEDIA_TYPE.bundle,
      blob: Buffer.from(text),
      blobMediaType: MEDIA_TYPE.bundle,
      annotations: said.annotations ?? {},
    },
  ]);
}

const main = 'refs/heads/main';
const signedBy = (job_workflow_ref: string): Said => ({ claims: { job_workflow_ref } });

/** Verify and gate, with everything that the attacked image could be let in by. */
async function judge({ name }: Target) {
  const [verified, judged] = await Promise.all([
    world.run('verify', {
      image: name,
      'signer-workflow': SIGNER,
      ref: 'refs/heads/main, refs/tags/v1',
      'repository-id': '123456789',
    }),
    world.run('gate', { image: name, environment: 'staging', policy: POLICY }, { workflow: GATE_WORKFLOW }),
  ]);
  return [verified, judged];
}

/** What the gate says where nothing of the type is there at all. */
const NONE = /there is no signature evidence/;

describe('is refused by verify and by gate', () => {
  test.each<[string, Said, RegExp, RegExp?]>([
    [
      'a second subject that has nothing to do with the image',
      { subjects: ['THIS', 'b'.repeat(64)] },
      /it is about sha256:b{64} as well, which is no part of this image/,
    ],
    ['a wrong subject digest', { subjects: ['a'.repeat(64)] }, /about another image/],
    [
      'a wrong predicate type',
      { predicateType: PREDICATE_TYPES.provenance[0] },
      /signature: nothing of this type is attached/,
      NONE,
    ],
    [
      'a predicate type that begins like it',
      { predicateType: `${SIGNATURE}x` },
      /signature: nothing of this type is attached/,
      NONE,
    ],
    [
      'an SBOM attestation offered as the signature',
      {
        predicateType: PREDICATE_TYPES.cyclonedx[0],
        annotations: { 'dev.sigstore.bundle.predicateType': SIGNATURE },
      },
      /signature: nothing of this type is attached/,
      NONE,
    ],
    [
      'an identity that merely contains the wanted one',
      signedBy(`evil/octo/app/${RELEASE_WORKFLOW}@${main}`),
      /signer-workflow is "evil\/octo/,
    ],
    [
      'an identity that merely begins with the wanted one',
      signedBy(`${SIGNER}.evil/.github/workflows/x.yml@${main}`),
      /signer-workflow is "octo\/app\/.github\/workflows\/release.yml.evil/,
    ],
    ['a branch named like the tag', { claims: { ref: 'refs/heads/v1' } }, /ref is "refs\/heads\/v1"/],
    [
      'a branch named like the whole ref of the tag',
      { claims: { ref: 'refs/heads/refs/tags/v1' } },
      /ref is "refs\/heads\/refs\/tags\/v1"/,
    ],
    [
      'pull_request_target on main',
      { claims: { event_name: 'pull_request_target' } },
      /trigger is "pull_request_target"/,
    ],
    ['workflow_run on main', { claims: { event_name: 'workflow_run' } }, /trigger is "workflow_run"/],
    ['issue_comment on main', { claims: { event_name: 'issue_comment' } }, /trigger is "issue_comment"/],
    [
      "the reusable workflow, called by a stranger's repository",
      {
        claims: {
          repository: 'evil/app',
          repository_id: '666',
          repository_owner: 'evil',
          workflow_ref: `evil/app/.github/workflows/ci.yml@${main}`,
          job_workflow_ref: `${SIGNER}@${main}`,
        },
      },
      /repository-id is "666"/,
    ],
    [
      'a repository that was renamed, and its name registered anew',
      { claims: { repository_id: '666', repository_owner_id: '667' } },
      /repository-id is "666"/,
    ],
    [
      'another issuer with the same names',
      { claims: { iss: 'https://token.actions.githubusercontent.com.evil.example' } },
      /issuer is "https:\/\/token.actions.githubusercontent.com.evil/,
    ],
    [
      'the issuer of an enterprise with the same names',
      { claims: { iss: 'https://token.actions.githubusercontent.com/evil' } },
      /issuer is/,
    ],
    ['a bundle that is not JSON', { change: () => 'hello' }, /does not verify: Unexpected token/],
    [
      'a bundle of 10 MB of nested lists',
      { change: () => '['.repeat(10_000_000) },
      /nested deeper than 256 levels/,
    ],
    [
      'a bundle with a key that stands twice',
      { change: (text) => text.replace('{', '{"mediaType":"x",') },
      /the key "mediaType" stands twice/,
    ],
  ])(
    '%s',
    async (_, said, reason, gateReason) => {
      const target = await newImage();
      await attach(target, said);
      const [verified, judged] = await judge(target);
      expect([verified?.outputs.outcome, judged?.outputs.outcome]).toEqual(['refused', 'refused']);
      expect(verified?.log).toMatch(reason);
      expect(judged?.log).toMatch(NONE);
      expect(judged?.log).toMatch(gateReason ?? reason);
    },
    60_000,
  );

  test("another image's evidence, replayed under this digest", async () => {
    const [theirs, target] = [await newImage(), await newImage()];
    await attach(target, { subjects: [digestHex(theirs.image.digest)] });
    for (const run of await judge(target)) {
      expect(run?.outputs.outcome).toBe('refused');
      expect(run?.log).toMatch(/about another image/);
    }
  });
});

describe('passes with what is good', () => {
  test.each<[string, Said[]]>([
    ['a signature alone', [{}]],
    [
      'unsigned evidence beside signed',
      [{ change: () => '{}' }, {}, { claims: { event_name: 'pull_request_target' } }],
    ],
  ])('%s', async (_, all) => {
    const target = await newImage();
    for (const said of all) await attach(target, said);
    for (const run of await judge(target)) expect(run?.outputs.outcome, run?.log).toBe('passed');
  });
});
