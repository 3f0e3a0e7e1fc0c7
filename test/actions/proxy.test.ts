import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ActionRun } from '../../scripts/action.ts';
import { parseReference } from '../../shared/image/reference.ts';
import { openStore, storeOptions } from '../../shared/store/open.ts';
import { startTunnel, type Tunnel } from '../servers/tunnel.ts';
import { runContext } from '../sigstore/context.ts';
import { putImage } from '../sigstore/image.ts';
import { RELEASE_WORKFLOW, startWorld, type World } from './world.ts';

/** A name that only the proxy can reach. */
const HOST = 'registry.invalid';

let world: World;
/** The world's registry, with TLS. */
let registry: Server;
let certificate: string;
let tunnel: Tunnel;
let image: string;

beforeAll(async () => {
  world = await startWorld();
  const key = join(world.folder, 'tls.key');
  certificate = join(world.folder, 'tls.crt');
  const wanted = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const named = ['-subj', `/CN=${HOST}`, '-addext', `subjectAltName=DNS:${HOST}`];
  execFileSync('openssl', ['req', '-x509', ...wanted, ...named, '-keyout', key, '-out', certificate], {
    stdio: 'ignore',
  });
  const [, port] = world.registry.host.split(':');
  registry = createServer(
    { key: readFileSync(key), cert: readFileSync(certificate) },
    (incoming, outgoing) => {
      const { method, url, headers } = incoming;
      const onward = request({ host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      });
      incoming.pipe(onward);
    },
  );
  await new Promise<void>((done) => registry.listen(0, '127.0.0.1', done));
  tunnel = await startTunnel({ [`${HOST}:443`]: (registry.address() as AddressInfo).port });
  const store = openStore(
    parseReference(`${world.registry.host}/octo/app`),
    storeOptions(runContext(world.sigstore)),
  );
  const { digest } = await putImage(store);
  const signed = await world.run('sign', { image: `${store.place}@${digest}` });
  expect(signed.outputs.outcome, signed.log).toBe('passed');
  image = `${HOST}/octo/app@${digest}`;
}, 60_000);
beforeEach(() => {
  tunnel.asked.length = 0;
});
afterAll(async () => {
  registry.closeAllConnections();
  await Promise.all([
    world.close(),
    tunnel.close(),
    new Promise<void>((done) => registry.close(() => done())),
  ]);
});

function verify(variables: Record<string, string>, inputs: Record<string, string> = {}): Promise<ActionRun> {
  return world.run(
    'verify',
    { image, 'signer-workflow': `octo/app/${RELEASE_WORKFLOW}`, ...inputs },
    { variables: { NODE_EXTRA_CA_CERTS: certificate, ...variables } },
  );
}

describe('a proxy that the environment names', () => {
  test.each(['HTTPS_PROXY', 'https_proxy'])('is gone through for registries, by %s', async (name) => {
    const run = await verify({ [name]: tunnel.url });
    expect(run.outputs.outcome, run.log).toBe('passed');
    expect(new Set(tunnel.asked)).toEqual(new Set([`${HOST}:443`]));
    expect(run.log.replaceAll('::add-mask::tunnel-password', '')).not.toContain('tunnel-password');
  });

  test.each<[string, Record<string, string>, Record<string, string>, string]>([
    [
      'the trust root',
      {},
      { 'trusted-root': '', sigstore: 'public', timeout: '2s' },
      'tuf-repo-cdn.sigstore.dev:443',
    ],
    [
      "GitHub's API",
      { GITHUB_API_URL: 'https://github.invalid/api' },
      { 'attestations-of': 'octo/app', timeout: '2s' },
      'github.invalid:443',
    ],
  ])('is gone through for %s, and one that refuses is no pass', async (_, variables, inputs, asked) => {
    const run = await verify({ HTTPS_PROXY: tunnel.url, ...variables }, inputs);
    expect(run.outputs.outcome, run.log).toBe('unavailable');
    expect(tunnel.asked).toContain(asked);
    expect(run.log.replaceAll('::add-mask::tunnel-password', '')).not.toContain('tunnel-password');
  });

  test.each([
    ['the host', HOST],
    ['its domain', '.invalid'],
    ['everything', '*'],
  ])('is left out where NO_PROXY names %s', async (_, hosts) => {
    const run = await verify({ HTTPS_PROXY: tunnel.url, NO_PROXY: hosts }, { timeout: '2s' });
    expect(run.outputs.outcome, run.log).toBe('unavailable');
    expect(tunnel.asked).toEqual([]);
  });

  test('is not asked for what is on this machine', async () => {
    const run = await verify(
      { HTTPS_PROXY: tunnel.url },
      { image: image.replace(HOST, world.registry.host) },
    );
    expect(run.outputs.outcome, run.log).toBe('passed');
    expect(tunnel.asked).toEqual([]);
  });
});
