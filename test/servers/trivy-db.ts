// Serves the fixture of Trivy's vulnerability database from a registry, as Trivy's own mirrors do.
import { readFileSync } from 'node:fs';
import { MEDIA_TYPE } from '../../shared/image/descriptor.ts';
import { parseReference } from '../../shared/image/reference.ts';
import { digestOf } from '../../shared/store/hash.ts';
import { openStore } from '../../shared/store/open.ts';

const fixture = readFileSync(new URL('../fixtures/trivy-db/db.tar.gz', import.meta.url));

/**
 * Pushes a database (the committed fixture unless `content` is given) to the repository `path` of a registry on loopback.
 * Returns what to pass as `db-repository`.
 */
export async function publishTrivyDb(
  host: string,
  content: Buffer = fixture,
  path = 'trivy-db',
): Promise<string> {
  const reference = parseReference(`${host}/${path}:2`);
  const log = {
    info() {},
    notice() {},
    warning() {},
    mask() {},
    group: <T>(_: string, work: () => Promise<T>) => work(),
  };
  const store = openStore(reference, {
    workspace: '/',
    path: '',
    deadline: AbortSignal.timeout(30_000),
    log,
  });
  const config = Buffer.from('{}');
  const describe = (mediaType: string, bytes: Buffer) => ({
    mediaType,
    digest: digestOf(bytes),
    size: bytes.length,
  });
  const layer = describe('application/vnd.aquasec.trivy.db.layer.v1.tar+gzip', content);
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.manifest,
    config: describe('application/vnd.aquasec.trivy.config.v1+json', config),
    // Trivy asks for the name of the file.
    layers: [{ ...layer, annotations: { 'org.opencontainers.image.title': 'db.tar.gz' } }],
  };
  await store.putBlob(manifest.config, () => config);
  await store.putBlob(layer, () => content);
  await store.putManifest(Buffer.from(JSON.stringify(manifest)), MEDIA_TYPE.manifest, '2');
  return `${host}/${path}:2`;
}
