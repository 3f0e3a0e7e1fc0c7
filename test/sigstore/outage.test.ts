import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseReference } from '../../shared/image/reference.ts';
import { Unavailable } from '../../shared/outcome/outcome.ts';
import { openStore, storeOptions } from '../../shared/store/open.ts';
import type { Store } from '../../shared/store/store.ts';
import { type AttestInputs, attest } from '../../shared/verbs/attest.ts';
import { type RegistryServer, startRegistry } from '../servers/registry.ts';
import { type LocalSigstore, startSigstore } from '../servers/sigstore.ts';
import { runContext } from './context.ts';
import { putImage } from './image.ts';

let sigstore: LocalSigstore;
let registry: RegistryServer;
beforeAll(async () => {
  [sigstore, registry] = await Promise.all([startSigstore(), startRegistry()]);
});
afterAll(() => Promise.all([sigstore.close(), registry.close()]));

const SHA = 'c'.repeat(40);

async function run(place: Partial<AttestInputs>, milliseconds: number) {
  const context = runContext(sigstore, {}, { sha: SHA, deadline: AbortSignal.timeout(milliseconds) });
  writeFileSync(join(context.workspace, 'root.json'), JSON.stringify(sigstore.trustedRoot));
  writeFileSync(join(context.workspace, 'function.zip'), 'PK');
  const inputs: AttestInputs = {
    signature: true,
    provenance: true,
    sbom: [],
    'scan-report': [],
    'test-results': [],
    'fulcio-url': sigstore.fulcioUrl,
    'rekor-url': sigstore.rekorUrl,
    'tsa-url': sigstore.tsaUrl,
    'trusted-root': 'root.json',
    ...place,
  };
  return attest(inputs, context);
}

async function newStore(name: string): Promise<Store> {
  return openStore(parseReference(`${registry.host}/octo/${name}`), storeOptions(runContext(sigstore)));
}

const SERVICES = [
  ['certificate authority', '/api/v2/signingCert', /Fulcio at .* gave no certificate; nothing was attached/],
  ['log', '/api/v1/log/entries', /the transparency log at .* took no entry; nothing was attached/],
  [
    'timestamp authority',
    '/api/v1/timestamp',
    /the timestamp authority at .* gave no timestamp; nothing was attached/,
  ],
] as const;

describe.each(SERVICES)('a %s that is down', (service, path, message) => {
  const name = service.replaceAll(' ', '-');

  test('is asked until the deadline; an image is left as it was, and the job that runs again attaches all of it', async () => {
    const store = await newStore(`image-${name}`);
    const image = await putImage(store, ['amd64', 'arm64'], name);
    const place = { image: `${store.place}@${image.digest}` };
    const count = async () => {
      const lists = await Promise.all(image.all.map(({ digest }) => store.listReferrers(digest)));
      return lists.map(({ length }) => length);
    };
    sigstore.fail(path, Number.POSITIVE_INFINITY);
    const before = sigstore.requests.filter((request) => request.path === path).length;
    const error = await run(place, 2_500).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Unavailable);
    expect((error as Unavailable).message).toMatch(message);
    // What was wrong is told, not only that the time is over.
    expect(((error as Unavailable).cause as Error).message).toMatch(/: status 5\d\d.*the step's time ended/);
    expect(sigstore.requests.filter((request) => request.path === path).length).toBeGreaterThan(before + 1);
    expect(await count()).toEqual([0, 0, 0]);
    expect(await store.listTags()).toEqual([]);

    sigstore.fail(path, 0);
    await run(place, 30_000);
    expect(await count()).toEqual([2, 2, 2]);
  });

  test('leaves files without a tag, and the job that runs again gives it', async () => {
    const store = await newStore(`files-${name}`);
    const place = { 'subject-path': ['function.zip'], repository: store.place };
    sigstore.fail(path, Number.POSITIVE_INFINITY);
    await expect(run(place, 1_500)).rejects.toThrow(message);
    expect(await store.listTags()).toEqual([]);
    sigstore.fail(path, 0);
    const { outputs } = await run(place, 30_000);
    expect((await store.resolve(`sha-${SHA}`))?.digest).toBe(outputs['digest']);
  });
});
