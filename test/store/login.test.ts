import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { findCredentials } from '../../shared/store/credentials.ts';
import { digestOf } from '../../shared/store/hash.ts';
import { readChallenge } from '../../shared/store/login.ts';
import type { StoreOptions } from '../../shared/store/open.ts';
import type { Fault, SeenRequest } from '../servers/registry.ts';
import { makeFolder, open, pushPlatform, serveRegistry } from './fixtures.ts';

const basic = (login: string): string => `Basic ${Buffer.from(login).toString('base64')}`;

/** A folder with Docker's config file. */
function writeConfig(config: unknown): string {
  const folder = makeFolder();
  writeFileSync(join(folder, 'config.json'), typeof config === 'string' ? config : JSON.stringify(config));
  return folder;
}

const authConfig = (host: string, login = 'octo:secret'): string =>
  writeConfig({ auths: { [host]: { auth: Buffer.from(login).toString('base64') } } });

/** A folder with a credential helper that prints `output`; it writes what it was given to `seen`. */
function writeHelper(output: string, code = 0): string {
  const folder = makeFolder();
  const program = join(folder, 'docker-credential-fake');
  writeFileSync(
    program,
    `#!/bin/sh\n/bin/cat > "${folder}/seen"\n/usr/bin/env >> "${folder}/seen"\nprintf '%s' '${output}'\nexit ${code}\n`,
  );
  chmodSync(program, 0o755);
  return folder;
}

describe('findCredentials', () => {
  const find = (host: string, options: Partial<StoreOptions>) =>
    findCredentials(host, { path: '', deadline: AbortSignal.timeout(10_000), ...options });
  const login = { basic: { username: 'octo', password: 'se:cret' } };
  const auth = Buffer.from('octo:se:cret').toString('base64');

  it.each<[string, string, unknown, unknown]>([
    ['its host', 'ghcr.io', { auths: { 'ghcr.io': { auth } } }, login],
    ['its host and port', 'localhost:5000', { auths: { 'localhost:5000': { auth } } }, login],
    ['an address', 'ghcr.io', { auths: { 'https://ghcr.io/v2/': { auth } } }, login],
    ['Docker Hub’s old address', 'docker.io', { auths: { 'https://index.docker.io/v1/': { auth } } }, login],
    [
      'user and password',
      'ghcr.io',
      { auths: { 'ghcr.io': { username: 'octo', password: 'se:cret' } } },
      login,
    ],
    [
      'an identity token',
      'ghcr.io',
      { auths: { 'ghcr.io': { auth, identitytoken: 'refresh' } } },
      { identityToken: 'refresh' },
    ],
    ['another host', 'ghcr.io', { auths: { 'ghcr.io.example.com': { auth } } }, undefined],
    ['a host that begins alike', 'ghcr.io', { auths: { 'https://ghcr.iox/v2/': { auth } } }, undefined],
    ['an empty entry', 'ghcr.io', { auths: { 'ghcr.io': {} } }, undefined],
    ['no entries', 'ghcr.io', {}, undefined],
  ])('reads Docker’s config file: %s', async (_, host, config, found) => {
    const credentials = await find(host, { dockerConfig: writeConfig(config) });
    if (found) expect(credentials).toMatchObject(found);
    else expect(credentials).toBeUndefined();
  });

  it('finds the file in the home folder', async () => {
    const home = makeFolder();
    mkdirSync(join(home, '.docker'));
    writeFileSync(join(home, '.docker', 'config.json'), JSON.stringify({ auths: { 'ghcr.io': { auth } } }));
    expect(await find('ghcr.io', { home })).toMatchObject(login);
  });

  it('uses the GitHub token for ghcr.io alone, and after Docker’s login', async () => {
    const githubToken = 'ghs_token';
    expect(await find('ghcr.io', { githubToken })).toMatchObject({ basic: { password: githubToken } });
    expect(await find('ghcr.io.example.com', { githubToken })).toBeUndefined();
    expect(await find('docker.io', { githubToken })).toBeUndefined();
    expect(
      await find('ghcr.io', { githubToken, dockerConfig: authConfig('ghcr.io', 'octo:se:cret') }),
    ).toMatchObject(login);
  });

  it.each<[string, unknown, number, unknown]>([
    ['a login', { Username: 'octo', Secret: 'se:cret' }, 0, login],
    ['a refresh token', { Username: '<token>', Secret: 'refresh' }, 0, { identityToken: 'refresh' }],
    ['nothing', 'credentials not found in native keychain', 1, undefined],
  ])('asks a credential helper, which knows %s', async (_, answer, code, found) => {
    const path = writeHelper(typeof answer === 'string' ? answer : JSON.stringify(answer), code);
    for (const config of [{ credHelpers: { 'ecr.aws': 'fake' } }, { credsStore: 'fake' }]) {
      const credentials = await find('ecr.aws', { path, dockerConfig: writeConfig(config) });
      if (found) expect(credentials).toMatchObject(found);
      else expect(credentials).toBeUndefined();
    }
  });

  it('gives a helper the host, and no environment but where to look', async () => {
    const { readFileSync } = await import('node:fs');
    process.env['HALLMARK_TEST_SECRET'] = 'must not be seen';
    const path = writeHelper(JSON.stringify({ Username: 'octo', Secret: 'x' }));
    await find('ecr.aws', { path, home: '/home/x', dockerConfig: writeConfig({ credsStore: 'fake' }) });
    delete process.env['HALLMARK_TEST_SECRET'];
    const seen = readFileSync(join(path, 'seen'), 'utf8');
    expect(seen).toMatch(/^ecr\.aws/);
    expect(seen).toContain('HOME=/home/x');
    expect(seen).not.toContain('must not be seen');
  });

  it.each<[string, string, unknown, string, number]>([
    ['a config file that is no JSON', 'invalid', '{"auths": {"ghcr.io": {"auth": "c2Vj', '', 0],
    ['a config file of another shape', 'invalid', { auths: [] }, '', 0],
    ['a helper with a path for a name', 'invalid', { credsStore: '../../bin/evil' }, '', 0],
    ['a helper that is not there', 'unavailable', { credsStore: 'missing' }, '', 0],
    ['a helper that fails', 'unavailable', { credsStore: 'fake' }, 'keychain is locked', 1],
    ['a helper that prints something else', 'unavailable', { credsStore: 'fake' }, 'hello', 0],
  ])('%s is %s, and no secret is in the message', async (_, outcome, config, output, code) => {
    const options = { path: writeHelper(output, code), dockerConfig: writeConfig(config) };
    const failure = await find('ghcr.io', options).catch((error) => error);
    expect(failure).toMatchObject({ outcome });
    expect(`${failure.message} ${failure.hint} ${failure.cause}`).not.toContain('c2Vj');
  });
});

describe('readChallenge', () => {
  const bearer = { scheme: 'bearer', realm: 'https://auth.example/token', service: 'r', scope: undefined };
  it.each<[string, unknown]>([
    ['Bearer realm="https://auth.example/token",service="r"', bearer],
    ['bearer realm="https://auth.example/token", service=r', bearer],
    ['Basic realm="x", Bearer realm="https://auth.example/token",service="r"', bearer],
    ['Bearer realm="https://auth.example/token",service="r", Basic realm="x"', bearer],
    [
      'Bearer realm="https://auth.example/token",scope="repository:a/b:pull,push"',
      { scope: 'repository:a/b:pull,push' },
    ],
    ['Basic realm="a registry"', { scheme: 'basic' }],
    ['BASIC', { scheme: 'basic' }],
    ['Bearer realm="no address"', undefined],
    ['Bearer service="r"', undefined],
    ['Negotiate', undefined],
    ['', undefined],
  ])('%s', (header, challenge) => {
    if (challenge) expect(readChallenge(header)).toMatchObject(challenge);
    else expect(readChallenge(header)).toBeUndefined();
  });
});

interface TokenRegistry {
  readonly host: string;
  /** What the token service was asked. */
  readonly asked: URL[];
  readonly requests: SeenRequest[];
  /** Takes every token back. */
  revoke(): void;
}

/** A registry behind the token flow; only `octo:secret` may have tokens, or anyone with `anonymous`. */
async function serveTokens({ anonymous = false, expires = 300 } = {}): Promise<TokenRegistry> {
  const asked: URL[] = [];
  let valid = new Map<string, string[]>();
  const registry = await serveRegistry({
    onRequest: (request): Fault | undefined => {
      const url = new URL(request.path, `http://${registry.host}`);
      if (url.pathname === '/token') {
        asked.push(url);
        if (!anonymous && request.headers.authorization !== basic('octo:secret')) return { status: 401 };
        const token = `token-${asked.length}`;
        valid.set(token, url.searchParams.getAll('scope'));
        return { status: 200, body: JSON.stringify({ token, expires_in: expires }) };
      }
      const name = /^\/v2\/(.+?)\/(?:manifests|blobs|tags|referrers)/.exec(url.pathname)?.[1];
      const writes = request.method !== 'GET' && request.method !== 'HEAD';
      const scope = `repository:${name}:${writes ? 'pull,push' : 'pull'}`;
      const token = request.headers.authorization?.replace('Bearer ', '') ?? '';
      if (valid.get(token)?.some((one) => one.startsWith(scope))) return undefined;
      const challenge = `Bearer realm="http://${registry.host}/token",service="registry",scope="${scope}"`;
      return { status: 401, headers: { 'www-authenticate': challenge } };
    },
  });
  const { host, requests } = registry;
  return { host, requests, asked, revoke: () => (valid = new Map()) };
}

describe('the token flow', () => {
  it('asks once for each scope, also when many requests begin at once', async () => {
    const registry = await serveTokens();
    const dockerConfig = authConfig(registry.host);
    const store = open(`${registry.host}/octo/app`, { dockerConfig });
    const image = await pushPlatform(store, 'amd64', {}, 'v1');
    expect(registry.asked).toHaveLength(1);
    expect(registry.asked[0]?.searchParams.get('service')).toBe('registry');
    expect(registry.asked[0]?.searchParams.getAll('scope')).toEqual(['repository:octo/app:pull,push']);

    const reader = open(`${registry.host}/octo/app`, { dockerConfig });
    await Promise.all(Array.from({ length: 20 }, () => reader.getManifest(image.digest)));
    await reader.listTags();
    expect(registry.asked).toHaveLength(2);
    expect(registry.asked[1]?.searchParams.getAll('scope')).toEqual(['repository:octo/app:pull']);
  });

  it('asks again when a token is no longer taken, once for all who wait', async () => {
    const registry = await serveTokens();
    const store = open(`${registry.host}/octo/app`, { dockerConfig: authConfig(registry.host) });
    const image = await pushPlatform(store, 'amd64', {}, 'v1');
    registry.revoke();
    await Promise.all(Array.from({ length: 10 }, () => store.getManifest(image.digest)));
    expect(registry.asked).toHaveLength(2);
  });

  it('asks anew when a token has run out, once for all who wait', async () => {
    const registry = await serveTokens({ expires: 300 });
    const store = open(`${registry.host}/octo/app`, { dockerConfig: authConfig(registry.host) });
    const image = await pushPlatform(store, 'amd64');
    const later = Date.now() + 295_000;
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => later);
    onTestFinished(() => clock.mockRestore());
    await Promise.all(Array.from({ length: 10 }, () => store.getManifest(image.digest)));
    expect(registry.asked).toHaveLength(2);
    expect(registry.requests.filter(({ status }) => status === 401)).toHaveLength(1);
  });

  it('reads without a login where the registry gives tokens to anyone', async () => {
    const registry = await serveTokens({ anonymous: true });
    expect(await open(`${registry.host}/octo/app`).listTags()).toEqual([]);
  });

  it('says whose login was not accepted, or that there is none', async () => {
    const registry = await serveTokens();
    const wrong = open(`${registry.host}/octo/app`, {
      dockerConfig: authConfig(registry.host, 'octo:wrong'),
    });
    await expect(wrong.listTags()).rejects.toMatchObject({
      outcome: 'unavailable',
      hint: expect.stringContaining("Docker's config file"),
    });
    await expect(open(`${registry.host}/octo/app`).listTags()).rejects.toMatchObject({
      outcome: 'unavailable',
      hint: expect.stringContaining('docker/login-action'),
    });
  });

  it('gives up when a fresh token is not taken either', async () => {
    const registry = await serveRegistry({
      onRequest: ({ path }) =>
        path.startsWith('/token')
          ? { status: 200, body: '{"access_token":"useless"}' }
          : { status: 401, headers: { 'www-authenticate': `Bearer realm="http://${registry.host}/token"` } },
    });
    await expect(open(`${registry.host}/octo/app`).listTags()).rejects.toMatchObject({
      outcome: 'unavailable',
      message: expect.stringContaining('wants a login'),
    });
    expect(registry.requests).toHaveLength(3);
  });

  it('never sends a login to a place in the clear', async () => {
    const registry = await serveRegistry({
      onRequest: () => ({
        status: 401,
        headers: { 'www-authenticate': 'Bearer realm="http://auth.example.com/token"' },
      }),
    });
    const store = open(`${registry.host}/octo/app`, { dockerConfig: authConfig(registry.host) });
    await expect(store.listTags()).rejects.toMatchObject({
      outcome: 'unavailable',
      message: expect.stringContaining('not https'),
    });
  });

  it('exchanges a refresh token', async () => {
    const bodies: string[] = [];
    const { createServer } = await import('node:http');
    const { text } = await import('node:stream/consumers');
    const server = createServer(async (request, response) => {
      bodies.push(`${request.method} ${await text(request)}`);
      response.end('{"access_token":"exchanged"}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const registry = await serveRegistry({
      onRequest: ({ headers }) =>
        headers.authorization === 'Bearer exchanged'
          ? undefined
          : {
              status: 401,
              headers: { 'www-authenticate': `Bearer realm="http://127.0.0.1:${port}",service="s"` },
            },
    });
    const dockerConfig = writeConfig({ auths: { [registry.host]: { identitytoken: 'refresh' } } });
    expect(await open(`${registry.host}/octo/app`, { dockerConfig }).listTags()).toEqual([]);
    server.close();
    server.closeAllConnections();
    expect(bodies).toEqual([
      expect.stringMatching(/^POST grant_type=refresh_token&refresh_token=refresh&service=s/),
    ]);
  });
});

describe('Basic', () => {
  const serve = () =>
    serveRegistry({
      onRequest: ({ headers }) =>
        headers.authorization === basic('octo:secret')
          ? undefined
          : { status: 401, headers: { 'www-authenticate': 'Basic realm="registry"' } },
    });

  it('is sent after the first challenge, then always', async () => {
    const registry = await serve();
    const store = open(`${registry.host}/octo/app`, { dockerConfig: authConfig(registry.host) });
    await store.listTags();
    await store.listTags();
    expect(registry.requests.map(({ headers }) => headers.authorization)).toEqual([
      undefined,
      basic('octo:secret'),
      basic('octo:secret'),
    ]);
  });

  it.each([['octo:wrong'], ['']])('and said plainly when it is not accepted: "%s"', async (login) => {
    const registry = await serve();
    const store = open(`${registry.host}/octo/app`, { dockerConfig: authConfig(registry.host, login) });
    await expect(store.listTags()).rejects.toMatchObject({
      outcome: 'unavailable',
      message: expect.stringContaining('wants a login'),
    });
  });
});

describe('a login stays with its registry', () => {
  /** Registry `here` wants Basic, and sends some requests on to `there`, which sees what comes with them. */
  const serve = async (send: (request: SeenRequest, there: string) => Fault | undefined) => {
    const there = await serveRegistry();
    const here = await serveRegistry({
      onRequest: (request) =>
        request.headers.authorization === basic('octo:secret')
          ? send(request, there.host)
          : { status: 401, headers: { 'www-authenticate': 'Basic realm="registry"' } },
    });
    const dockerConfig = writeConfig({
      auths: Object.fromEntries(
        [here, there].map(({ host }) => [host, { auth: Buffer.from('octo:secret').toString('base64') }]),
      ),
    });
    return { here, there, store: open(`${here.host}/octo/app`, { dockerConfig }) };
  };

  it.each([301, 302, 303, 307, 308])('on a redirect to another host (%i)', async (status) => {
    const { store, there } = await serve(({ method, path }, host) =>
      method === 'GET' ? { status, headers: { location: `http://${host}${path}` } } : undefined,
    );
    const image = await pushPlatform(open(`${there.host}/octo/app`), 'amd64', {}, 'v1');
    there.requests.length = 0;
    expect(await store.getManifest('v1')).toMatchObject({ descriptor: image });
    expect(there.requests).toHaveLength(1);
    expect(there.requests[0]?.headers).not.toHaveProperty('authorization');
  });

  it('when the other host asks for one', async () => {
    const other = await serveRegistry({
      onRequest: () => ({ status: 401, headers: { 'www-authenticate': 'Basic realm="mine"' } }),
    });
    const { store } = await serve(({ path }) => ({
      status: 307,
      headers: { location: `http://${other.host}${path}` },
    }));
    await expect(store.getManifest('v1')).rejects.toMatchObject({ outcome: 'unavailable' });
    expect(other.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });

  it('when an upload goes to another host', async () => {
    const other = await serveRegistry({ onRequest: () => ({ status: 400 }) });
    const location = `http://${other.host}/upload?state=a%2Fb`;
    const { store } = await serve(({ method }) =>
      method === 'POST' ? { status: 202, headers: { location } } : undefined,
    );
    const bytes = Buffer.from('content');
    const blob = { digest: digestOf(bytes), size: bytes.length };
    await expect(store.putBlob(blob, () => bytes)).rejects.toMatchObject({ outcome: 'unavailable' });
    expect(other.requests).toHaveLength(1);
    expect(other.requests[0]?.headers).not.toHaveProperty('authorization');
    expect(other.requests[0]?.path).toBe(`/upload?state=a%2Fb&digest=${encodeURIComponent(blob.digest)}`);
  });

  it('when the next page is elsewhere', async () => {
    const { store, there } = await serve(({ path }, host) =>
      path.includes('/tags/list')
        ? {
            status: 200,
            body: '{"tags":["a"]}',
            headers: { link: `<http://${host}/v2/octo/app/tags/list?last=a>; rel="next"` },
          }
        : undefined,
    );
    await expect(store.listTags()).rejects.toMatchObject({ outcome: 'unavailable' });
    expect(there.requests).toHaveLength(0);
  });
});

describe('redirects', () => {
  it('are followed five times, not in circles', async () => {
    const registry = await serveRegistry({
      onRequest: ({ path }) => ({ status: 307, headers: { location: path } }),
    });
    await expect(open(`${registry.host}/octo/app`).getManifest('v1')).rejects.toMatchObject({
      outcome: 'unavailable',
      message: expect.stringContaining('redirects more than 5 times'),
    });
    expect(registry.requests).toHaveLength(6);
  });

  it.each(['http://example.com/blob', 'ftp://127.0.0.1/blob', 'file:///etc/passwd'])(
    'to %s are not followed',
    async (location) => {
      const registry = await serveRegistry({ onRequest: () => ({ status: 307, headers: { location } }) });
      await expect(open(`${registry.host}/octo/app`).getManifest('v1')).rejects.toMatchObject({
        outcome: 'unavailable',
        message: expect.stringContaining('not https'),
      });
    },
  );
});
