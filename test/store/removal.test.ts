import { describe, expect, it } from 'vitest';
import { parseReference } from '../../shared/image/reference.ts';
import { digestOf } from '../../shared/store/hash.ts';
import { readJournal, writeJournal } from '../../shared/store/journal.ts';
import { openRemoval } from '../../shared/store/removal.ts';
import type { Fault, SeenRequest } from '../servers/registry.ts';
import { absent, open, pushManifest, pushPlatform, serveRegistry } from './fixtures.ts';

async function plant(onRequest: (request: SeenRequest) => Fault | undefined = () => undefined) {
  const registry = await serveRegistry({ onRequest });
  const said: string[] = [];
  const log = { info: (message: string) => void said.push(message), mask: () => undefined };
  const place = `${registry.host}/octo/app`;
  const store = open(place);
  const reference = parseReference(place);
  if (reference.kind !== 'registry') throw new Error('no registry');
  const options = { path: '', log, deadline: AbortSignal.timeout(20_000) };
  const removal = openRemoval(store, reference.repository, options);
  return { registry, said, store, removal, image: await pushPlatform(store, 'amd64', {}, 'v1') };
}

describe('remove', () => {
  it('asks for a token that deletes, and for none that pushes', async () => {
    const scopes: string[][] = [];
    let locked = false;
    const { store, removal, image } = await plant(({ method, path, headers }) => {
      if (path.startsWith('/token')) {
        scopes.push(new URL(path, 'http://x').searchParams.getAll('scope'));
        return { status: 200, body: JSON.stringify({ token: 'given' }) };
      }
      if (!locked || method !== 'DELETE' || headers.authorization === 'Bearer given') return undefined;
      const challenge = `Bearer realm="http://${headers.host}/token",service="x",scope="repository:octo/app:delete"`;
      return { status: 401, headers: { 'www-authenticate': challenge } };
    });
    locked = true;
    expect(await removal.remove(image.digest, ['v1'])).toBeUndefined();
    expect(scopes).toEqual([['repository:octo/app:pull,delete', 'repository:octo/app:delete']]);
    expect(await store.resolve(image.digest)).toBeUndefined();
  });

  it('waits as long as the registry asks', async () => {
    let limits = 1;
    const { said, removal, image } = await plant(({ method }) => {
      if (method !== 'DELETE' || limits === 0) return undefined;
      limits -= 1;
      return { status: 429, headers: { 'retry-after': '1' } };
    });
    expect(await removal.remove(image.digest, ['v1'])).toBeUndefined();
    expect(said).toEqual([expect.stringContaining('asks to wait 1 s')]);
  });

  it('what is gone already is gone', async () => {
    const { removal, image } = await plant();
    expect(await removal.remove(absent(image.digest), [])).toBeUndefined();
  });

  it('what the registry says is gone, and is not, is kept', async () => {
    const { removal, image } = await plant(({ method }) =>
      method === 'DELETE' ? { status: 404 } : undefined,
    );
    expect(await removal.remove(image.digest, [])).toBe('the registry keeps it (status 404)');
  });

  it('takes a tag away first where nothing with a tag may go, and never one that names another image by now', async () => {
    let tagged = true;
    const { registry, store, removal, image } = await plant(({ method, path }) => {
      if (method === 'DELETE' && path.endsWith('/v1')) tagged = false;
      return method === 'DELETE' && tagged ? { status: 400 } : undefined;
    });
    const other = await pushPlatform(store, 'arm64', {}, 'moved');
    registry.requests.length = 0;
    expect(await removal.remove(image.digest, ['v1', 'moved'])).toBeUndefined();
    expect(await store.resolve(image.digest)).toBeUndefined();
    expect((await store.resolve('moved'))?.digest).toBe(other.digest);
    const deleted = registry.requests.flatMap(({ method, path }) =>
      method === 'DELETE' ? [path.split('/').at(-1)] : [],
    );
    expect(deleted).toEqual([image.digest, 'v1', image.digest]);
  });
});

describe('a journal', () => {
  it('is read as it was written', async () => {
    const { store, image } = await plant();
    const written = await writeJournal(store, [image.digest]);
    expect(written.tag).toMatch(/^hallmark-prune\.[0-9a-f]{12}$/);
    const stored = await store.getManifest(written.tag);
    expect(stored && (await readJournal(store, written.tag, stored))).toEqual(written);
  });

  it.each([
    ['another artifact', 'hallmark-prune.0', 'application/vnd.example'],
    ['another tag', 'v2', 'application/vnd.hallmark.prune.v1+json'],
  ])('%s is none', async (_, tag, artifactType) => {
    const { store } = await plant();
    const blob = Buffer.from(JSON.stringify({ deleting: [] }));
    const layer = { mediaType: artifactType, digest: digestOf(blob), size: blob.length };
    await store.putBlob(layer, () => blob);
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    await pushManifest(store, { mediaType, artifactType, config: layer, layers: [layer] }, tag);
    const stored = await store.getManifest(tag);
    expect(stored && (await readJournal(store, tag, stored))).toBeUndefined();
  });
});
