// A repository of The Update Framework on loopback that publishes one trusted root, signed with keys of its own. What it serves can be made wrong.
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a publication says; the rest is right. */
export interface Publication {
  /** Of root, timestamp, snapshot and targets alike (default 1). */
  readonly version?: number;
  /** When each stops being valid; in ten years when absent. */
  readonly expires?: Partial<Record<Role, string>>;
  /** The role whose metadata a stranger signs. */
  readonly forged?: Role;
  /** What is served in place of the trusted root that targets names. */
  readonly swapped?: string;
}

export type Role = 'root' | 'timestamp' | 'snapshot' | 'targets';

export interface TufServer {
  readonly mirror: string;
  /** The first root, that a client is to carry. */
  readonly anchor: object;
  readonly requests: string[];
  /** Serves another publication from now on, and counts requests anew. */
  publish(trustedRoot: unknown, publication?: Publication): void;
  /** The next requests are answered with this status; undefined ends that. */
  fail(status: number | undefined): void;
  close(): Promise<void>;
}

interface Key {
  readonly id: string;
  readonly described: object;
  readonly secret: KeyObject;
}

/** Starts a repository with nothing but its first root; `publish` gives it content. */
export async function startTuf(): Promise<TufServer> {
  const own = newKey();
  const stranger = newKey();
  const files = new Map<string, string>();
  const requests: string[] = [];
  let status: number | undefined;

  const describe = (type: Role, { version = 1, expires, forged }: Publication, fields: object): string => {
    const signed = {
      _type: type,
      spec_version: '1.0.31',
      version,
      expires: expires?.[type] ?? '2036-01-01T00:00:00Z',
      ...fields,
    };
    // A forger writes the name of the key that is trusted under a signature by another.
    const { secret } = forged === type ? stranger : own;
    const sig = sign(undefined, Buffer.from(canonicalize(signed)), secret).toString('hex');
    return JSON.stringify({ signatures: [{ keyid: own.id, sig }], signed });
  };
  const role = { keyids: [own.id], threshold: 1 };
  const rootFields = {
    keys: { [own.id]: own.described },
    roles: { root: role, timestamp: role, snapshot: role, targets: role },
    consistent_snapshot: true,
  };
  const server = createServer(({ url = '' }, response) => {
    requests.push(url);
    const content = files.get(url);
    response.writeHead(status ?? (content === undefined ? 404 : 200)).end(content);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));

  return {
    mirror: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    anchor: JSON.parse(describe('root', {}, rootFields)),
    requests,
    publish(trustedRoot, publication = {}) {
      const { version = 1, swapped } = publication;
      const target = JSON.stringify(trustedRoot);
      const hash = createHash('sha256').update(target).digest('hex');
      const targets = { 'trusted_root.json': { length: target.length, hashes: { sha256: hash } } };
      files.clear();
      requests.length = 0;
      // The anchor is version 1; one more only where something is to be wrong with it.
      if (publication.expires?.root !== undefined || publication.forged === 'root') {
        files.set('/2.root.json', describe('root', { ...publication, version: 2 }, rootFields));
      }
      files.set(
        '/timestamp.json',
        describe('timestamp', publication, { meta: { 'snapshot.json': { version } } }),
      );
      files.set(
        `/${version}.snapshot.json`,
        describe('snapshot', publication, { meta: { 'targets.json': { version } } }),
      );
      files.set(`/${version}.targets.json`, describe('targets', publication, { targets }));
      files.set(`/targets/${hash}.trusted_root.json`, swapped ?? target);
    },
    fail(wanted) {
      status = wanted;
    },
    close: () => new Promise((done) => server.close(() => done())),
  };
}

/** Canonical JSON, as far as this metadata needs it: keys in order and no spaces. */
function canonicalize(value: unknown): string {
  return JSON.stringify(value, (_, inner) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

function newKey(): Key {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const described = {
    keytype: 'ed25519',
    scheme: 'ed25519',
    keyval: { public: publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex') },
  };
  const id = createHash('sha256').update(canonicalize(described)).digest('hex');
  return { id, described, secret: privateKey };
}
