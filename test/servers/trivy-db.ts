// Serves the fixture of Trivy's vulnerability database from a registry, as Trivy's own mirrors do.
import { readFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { MEDIA_TYPE } from '../../shared/image/descriptor.ts';
import { parseReference } from '../../shared/image/reference.ts';
import { digestOf } from '../../shared/store/hash.ts';
import { openStore } from '../../shared/store/open.ts';
import { type DatabaseKind, VULNERABILITIES } from '../../shared/trivy/database.ts';

const fixture = readFileSync(new URL('../fixtures/trivy-db/db.tar.gz', import.meta.url));

/**
 * Pushes a database (the committed fixture unless `content` is given) to the repository `path` of a registry on loopback.
 * Returns what to pass as `db-repository`, or for another `kind` as its input.
 */
export async function publishTrivyDb(
  host: string,
  content: Buffer = fixture,
  path = 'trivy-db',
  kind: DatabaseKind = VULNERABILITIES,
): Promise<string> {
  const reference = parseReference(`${host}/${path}:${kind.schema}`);
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
  const layer = describe(kind.mediaType, content);
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.manifest,
    config: describe('application/vnd.aquasec.trivy.config.v1+json', config),
    // Trivy asks for the name of the file.
    layers: [{ ...layer, annotations: { 'org.opencontainers.image.title': 'db.tar.gz' } }],
  };
  await store.putBlob(manifest.config, () => config);
  await store.putBlob(layer, () => content);
  await store.putManifest(Buffer.from(JSON.stringify(manifest)), MEDIA_TYPE.manifest, String(kind.schema));
  return `${host}/${path}:${kind.schema}`;
}

/** A layer of such an artifact. */
export async function packLayer(files: Readonly<Record<string, string | Buffer>>): Promise<Buffer> {
  const archive = pack();
  for (const [name, content] of Object.entries(files)) archive.entry({ name, mtime: new Date(0) }, content);
  archive.finalize();
  return gzipSync(await buffer(archive));
}
