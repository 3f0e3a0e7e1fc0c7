import { createPublicKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Statement } from '../../shared/evidence/statement.ts';
import { Invalid, Unavailable } from '../../shared/outcome/outcome.ts';
import { chooseInstance, type SigningInputs } from '../../shared/sigstore/instance.ts';
import { parseTrustedRoot } from '../../shared/sigstore/root.ts';
import { openSigner } from '../../shared/sigstore/signer.ts';
import { createVerifier } from '../../shared/sigstore/verifier.ts';
import { type GithubClaims, type LocalSigstore, startSigstore } from '../servers/sigstore.ts';
import { runContext } from './context.ts';

let sigstore: LocalSigstore;
beforeAll(async () => {
  sigstore = await startSigstore();
});
afterAll(() => sigstore.close());

const now = (): number => Math.floor(Date.now() / 1000);
const instance = (): SigningInputs => ({
  'fulcio-url': sigstore.fulcioUrl,
  'rekor-url': sigstore.rekorUrl,
  'tsa-url': sigstore.tsaUrl,
});

function statement(n: number): Statement {
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ digest: { sha256: 'a'.repeat(64) } }],
    predicateType: `https://example.com/${n}`,
    predicate: { n },
  };
}

async function verifier() {
  return createVerifier({ root: parseTrustedRoot(JSON.stringify(sigstore.trustedRoot)) });
}

function certificateOf(bundle: Buffer): X509Certificate {
  const json = JSON.parse(bundle.toString()) as {
    verificationMaterial: { certificate: { rawBytes: string } };
  };
  return new X509Certificate(Buffer.from(json.verificationMaterial.certificate.rawBytes, 'base64'));
}

describe('keyless', () => {
  test('one token and one certificate for all statements, one log entry and timestamp for each, in their order', async () => {
    const before = sigstore.requests.length;
    const signer = await openSigner(instance(), runContext(sigstore, { environment: 'prod' }));
    signer.prepare();
    const bundles = await signer.sign([1, 2, 3, 4].map(statement));
    const again = await signer.sign([statement(5)]);
    const paths = sigstore.requests.slice(before).map(({ path }) => path);
    expect(Object.groupBy(paths, (path) => path)).toMatchObject({
      '/token': { length: 1 },
      '/api/v2/signingCert': { length: 1 },
      '/api/v1/log/entries': { length: 5 },
      '/api/v1/timestamp': { length: 5 },
    });
    const read = await verifier();
    const verified = await Promise.all([...bundles, ...again].map((bundle) => read.verify(bundle)));
    expect(verified.map((one) => one.statement)).toEqual([1, 2, 3, 4, 5].map(statement));
    expect(new Set([...bundles, ...again].map((bundle) => certificateOf(bundle).fingerprint256)).size).toBe(
      1,
    );
  });

  test("every extension of GitHub's certificates is read", async () => {
    const signer = await openSigner(instance(), runContext(sigstore, { environment: 'é'.repeat(100) }));
    const [bundle] = await signer.sign([statement(1)]);
    const workflow = 'https://github.com/octo/app/.github/workflows/release.yml@refs/heads/main';
    const commit = '1f3a2b4c5d6e7f8091a2b3c4d5e6f708192a3b4c';
    expect((await (await verifier()).verify(bundle ?? Buffer.alloc(0))).signer).toEqual({
      subject: workflow,
      issuer: 'https://token.actions.githubusercontent.com',
      signerWorkflow: workflow,
      signerDigest: commit,
      runnerEnvironment: 'github-hosted',
      repository: 'https://github.com/octo/app',
      commit,
      ref: 'refs/heads/main',
      repositoryId: '123456789',
      owner: 'https://github.com/octo',
      ownerId: '5000',
      workflow,
      trigger: 'push',
      run: 'https://github.com/octo/app/actions/runs/4242/attempts/1',
      visibility: 'public',
      // 200 bytes: a DER length of two bytes.
      environment: 'é'.repeat(100),
    });
  });

  test.each<[string, Partial<GithubClaims>, RegExp]>([
    [
      'an expired token',
      { iat: 1_000_000_000, nbf: 1_000_000_000, exp: 1_000_000_300 },
      /^id-token: expired at 2001-09-09T01:51:40/,
    ],
    [
      'a token from the future',
      { iat: now() + 600, nbf: now() + 600, exp: now() + 900 },
      /^id-token: is valid only from/,
    ],
    ['a token issued in the future', { iat: now() + 600 }, /^id-token: is valid only from/],
    [
      'a token of no workflow',
      { run_id: 7 as unknown as string },
      /^id-token: is no token of a GitHub workflow; wrong or missing: run_id/,
    ],
  ])('%s is invalid, and nobody is asked for a certificate', async (_, claims, message) => {
    const before = sigstore.requests.length;
    const signer = await openSigner(instance(), runContext(sigstore, claims));
    const error = await signer.sign([statement(1)]).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Invalid);
    expect((error as Invalid).message).toMatch(message);
    expect(sigstore.requests.slice(before).map(({ path }) => path)).toEqual(['/token']);
  });

  test('clocks may be a minute apart', async () => {
    const claims = { iat: now() + 40, nbf: now() - 5, exp: now() + 300 };
    const signer = await openSigner(instance(), runContext(sigstore, claims));
    expect(await signer.sign([statement(1)])).toHaveLength(1);
  });
});

describe('a signing configuration', () => {
  const start = '2026-01-01T00:00:00Z';
  const past = { start, end: '2026-01-02T00:00:00Z' };
  const service = (url: string, majorApiVersion = 1, validFor: object = { start }) => ({
    url,
    majorApiVersion,
    validFor,
    operator: 'local',
  });
  const describeInstance = (changes: object = {}) => ({
    mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
    caUrls: [service('https://gone.example', 1, past), service(sigstore.fulcioUrl)],
    rekorTlogUrls: [
      service(sigstore.rekorUrl),
      service(sigstore.rekorUrl, 2),
      service('https://later.example', 3),
    ],
    tsaUrls: [service(`${sigstore.tsaUrl}/api/v1/timestamp`)],
    rekorTlogConfig: { selector: 'ANY' },
    tsaConfig: { selector: 'EXACT', count: 1 },
    ...changes,
  });
  const open = (config: unknown, inputs: SigningInputs = {}) => {
    const context = runContext(sigstore);
    writeFileSync(join(context.workspace, 'config.json'), JSON.stringify(config));
    return openSigner({ 'signing-config': 'config.json', ...inputs }, context);
  };

  test.each<[string, () => object, string[]]>([
    [
      'logs in version 2 where it is named',
      () => describeInstance(),
      ['/api/v2/log/entries', '/api/v1/timestamp'],
    ],
    [
      'logs in version 1 where no other is in use',
      () =>
        describeInstance({
          rekorTlogUrls: [service(sigstore.rekorUrl, 2, past), service(sigstore.rekorUrl)],
        }),
      ['/api/v1/log/entries', '/api/v1/timestamp'],
    ],
  ])('%s, and what it signs verifies', async (_, config, services) => {
    const before = sigstore.requests.length;
    const [bundle = Buffer.alloc(0)] = await (await open(config())).sign([statement(1)]);
    const asked = sigstore.requests.slice(before).map(({ path }) => path);
    expect(asked.toSorted()).toEqual([...services, '/token', '/api/v2/signingCert'].toSorted());
    const verified = await (await verifier()).verify(bundle);
    expect(verified.statement).toEqual(statement(1));
    expect(Date.parse(verified.signedAt ?? '')).toBeGreaterThan(Date.now() - 60_000);
  });

  test.each<[string, () => unknown, SigningInputs, RegExp]>([
    [
      'another document',
      () => ({}),
      {},
      /^signing-config: "config.json" is no signing configuration v0.2 .*: mediaType/,
    ],
    [
      'several logs',
      () => describeInstance({ rekorTlogConfig: { selector: 'ALL' } }),
      {},
      /^signing-config: .*: rekorTlogConfig.selector/,
    ],
    [
      'nobody who certifies now',
      () => describeInstance({ caUrls: [service('https://gone.example', 1, past)] }),
      {},
      /^signing-config: .* names no certificate authority that is in use now/,
    ],
    [
      'nothing that says when',
      () => describeInstance({ tsaUrls: [] }),
      {},
      /^signing-config: .* names nothing that says when/,
    ],
    [
      'an URL beside it',
      () => describeInstance(),
      { 'rekor-url': 'https://r' },
      /^rekor-url: stands in the signing-config already/,
    ],
    [
      'an address without TLS, which would be shown the token',
      () => describeInstance({ caUrls: [service('http://fulcio.example')] }),
      {},
      /^signing-config: .*: caUrls.0.url: may be an https URL/,
    ],
    [
      'another instance',
      () => describeInstance(),
      { sigstore: 'public' },
      /^signing-config: goes with sigstore: custom/,
    ],
    ['a key', () => describeInstance(), { key: 'KEY' }, /^key: signs without a certificate/],
  ])('%s is invalid', async (_, config, inputs, message) => {
    await expect(open(config(), inputs)).rejects.toThrow(message);
  });
});

interface Reply {
  status: number;
  body: string | Buffer;
  headers?: Record<string, string>;
}

/** A service of one's own, ended after the test. */
async function serve(answer: (request: IncomingMessage, body: Buffer) => Promise<Reply>): Promise<string> {
  const server = createServer(async (request, response) => {
    const { status, body, headers } = await answer(request, await buffer(request));
    response.writeHead(status, headers).end(body);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function forward(path: string, body: Buffer | undefined): Promise<Reply & { location: string }> {
  const response = await fetch(`${sigstore.rekorUrl}${path}`, body && { method: 'POST', body });
  const location = response.headers.get('location') ?? '';
  return { status: response.status, body: await response.text(), location };
}

describe('a service that does not answer', () => {
  test.each([
    ['fulcio-url', '/api/v2/signingCert'],
    ['rekor-url', '/api/v1/log/entries'],
    ['tsa-url', '/api/v1/timestamp'],
  ])('%s is asked again after a 503', async (_, path) => {
    sigstore.fail(path, 1);
    const signer = await openSigner(instance(), runContext(sigstore));
    expect(await signer.sign([statement(1)])).toHaveLength(1);
  });

  test.concurrent.each(['fulcio-url', 'rekor-url', 'tsa-url'])(
    '%s that stays away is named',
    async (input) => {
      const gone = 'http://127.0.0.1:9';
      const context = runContext(sigstore, {}, { deadline: AbortSignal.timeout(2_000) });
      const signer = await openSigner({ ...instance(), [input]: gone }, context);
      const error = await signer.sign([statement(1)]).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(Unavailable);
      expect((error as Unavailable).message).toContain(gone);
      expect((error as Unavailable).message).toContain('nothing was attached');
    },
  );

  test('an entry that the log has already, because its answer was lost, is taken', async () => {
    const url = await serve(async (request, body) => {
      if (request.method === 'GET') return forward(request.url ?? '', undefined);
      const logged = await forward('/api/v1/log/entries', body);
      return { status: 409, headers: { location: logged.location }, body: '{"message":"equivalent entry"}' };
    });
    const signer = await openSigner({ ...instance(), 'rekor-url': url }, runContext(sigstore));
    const [bundle = Buffer.alloc(0)] = await signer.sign([statement(1)]);
    expect((await (await verifier()).verify(bundle)).statement).toEqual(statement(1));
  });

  const words = '{"message":"no\\u001b[31m key"}';
  test.each<[string, keyof ReturnType<typeof instance>, Reply, RegExp]>([
    ['a refusal', 'fulcio-url', { status: 400, body: words }, /: status 400 \("no \[31m key"\)$/],
    ['a refusal in no JSON', 'rekor-url', { status: 401, body: '<html>' }, /: status 401$/],
    [
      'another address',
      'fulcio-url',
      { status: 307, body: '', headers: { location: '/x' } },
      /: status 307$/,
    ],
    ['no certificate', 'fulcio-url', { status: 200, body: '{}' }, /: the answer holds no certificate$/],
    ['no entry', 'rekor-url', { status: 201, body: '{}' }, /: the answer is no log entry$/],
    ['no JSON', 'rekor-url', { status: 201, body: '<html>' }, /: the answer is no log entry$/],
    ['a conflict with nothing', 'rekor-url', { status: 409, body: '{}' }, /log\/entries\/: status 409$/],
    ['nothing', 'tsa-url', { status: 201, body: '' }, /: the answer is no timestamp of this signature$/],
    ['a page', 'tsa-url', { status: 200, body: '<html>' }, /: the answer is no timestamp of this signature$/],
  ])('%s is unavailable at once, in the words of the service', async (_, input, reply, reason) => {
    const seen: string[] = [];
    const url = await serve(async (request) => {
      seen.push(request.method ?? '');
      return reply;
    });
    const signer = await openSigner({ ...instance(), [input]: url }, runContext(sigstore));
    const error = await signer.sign([statement(1)]).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Unavailable);
    expect((error as Unavailable).message).toContain('nothing was attached');
    expect(((error as Unavailable).cause as Error).message).toMatch(reason);
    expect(seen).toEqual(reply.status === 409 ? ['POST', 'GET'] : ['POST']);
  });

  test.each<[keyof ReturnType<typeof instance>, string, RegExp]>([
    ['fulcio-url', '/api/v2/signingCert', /: the answer is no certificate for this key$/],
    ['rekor-url', '/api/v1/log/entries', /: the answer is an entry of another signature$/],
    ['tsa-url', '/api/v1/timestamp', /: the answer is no timestamp of this signature$/],
  ])("%s that gives another's answer is unavailable", async (input, path, reason) => {
    let kept: { status: number; body: Buffer } | undefined;
    const url = await serve(async (_, body) => {
      if (kept !== undefined) return kept;
      const answer = await fetch(`${sigstore.url}${path}`, { method: 'POST', body });
      kept = { status: answer.status, body: Buffer.from(await answer.arrayBuffer()) };
      return kept;
    });
    const sign = async () =>
      (await openSigner({ ...instance(), [input]: url }, runContext(sigstore))).sign([statement(1)]);
    expect(await sign()).toHaveLength(1);
    const error = (await sign().catch((thrown: unknown) => thrown)) as Unavailable;
    expect(error).toBeInstanceOf(Unavailable);
    expect((error.cause as Error).message).toMatch(reason);
  });

  test("the step's deadline ends the wait", async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done));
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const context = runContext(sigstore, {}, { deadline: AbortSignal.timeout(300) });
    const signer = await openSigner({ ...instance(), 'rekor-url': url }, context);
    const error = (await signer.sign([statement(1)]).catch((thrown: unknown) => thrown)) as Unavailable;
    expect(error).toBeInstanceOf(Unavailable);
    expect((error.cause as Error).message).toMatch(/^POST 127.*: the step's time ended while waiting/);
    silent.closeAllConnections();
    silent.close();
  });
});

describe('with a key', () => {
  const pairs: [string, { publicKey: KeyObject; privateKey: KeyObject }][] = [
    ['ECDSA P-256', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
    ['Ed25519', generateKeyPairSync('ed25519')],
    ['RSA', generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ];
  const variable = (pem: string) => ({
    readNamedVariable: (name: string) => (name === 'SIGNING_KEY' ? pem : undefined),
  });
  const pemOf = (key: KeyObject): string => key.export({ format: 'pem', type: 'pkcs8' }) as string;

  test.each(pairs)('%s, with and without a log', async (_, { publicKey, privateKey }) => {
    const context = runContext(sigstore, {}, variable(pemOf(privateKey)));
    const root = parseTrustedRoot(JSON.stringify(sigstore.trustedRoot));
    for (const services of [{}, { 'rekor-url': sigstore.rekorUrl, 'tsa-url': sigstore.tsaUrl }]) {
      const signer = await openSigner({ key: 'SIGNING_KEY', ...services }, context);
      const [bundle = Buffer.alloc(0)] = await signer.sign([statement(1)]);
      // cosign refuses a key-signed bundle whose envelope has a key id.
      expect(bundle.toString()).not.toContain('keyid');
      for (const trusted of [{ key: publicKey }, { key: publicKey, root }]) {
        const verified = await (await createVerifier(trusted)).verify(bundle);
        expect(verified.statement).toEqual(statement(1));
        expect(verified.signedAt !== undefined).toBe('rekor-url' in services && 'root' in trusted);
      }
      const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
      await expect((await createVerifier({ key: other })).verify(bundle)).rejects.toThrow(/does not verify/);
    }
  });

  test('a certificate does not count where a key is wanted', async () => {
    const signer = await openSigner(instance(), runContext(sigstore));
    const [bundle = Buffer.alloc(0)] = await signer.sign([statement(1)]);
    const key = createPublicKey(certificateOf(bundle).publicKey.export({ format: 'pem', type: 'spki' }));
    await expect((await createVerifier({ key })).verify(bundle)).rejects.toThrow(/only a key was given/);
  });

  const secret = pemOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
  test.each<[string, SigningInputs, string | undefined, RegExp]>([
    [
      'a variable that is not set',
      { key: 'OTHER' },
      secret,
      /^key: names the environment variable OTHER, which is not set/,
    ],
    [
      'the key itself in the input',
      { key: secret },
      secret,
      /^key: takes the NAME of an environment variable/,
    ],
    ['no key in the variable', { key: 'SIGNING_KEY' }, 'hello', /^key: SIGNING_KEY holds no private key/],
    [
      'a key that OpenSSL encrypted',
      { key: 'SIGNING_KEY' },
      '-----BEGIN ENCRYPTED PRIVATE KEY-----\nx\n',
      /^key: SIGNING_KEY holds a key that is encrypted, and not by cosign/,
    ],
    [
      'a curve that cosign reads otherwise',
      { key: 'SIGNING_KEY' },
      pemOf(generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey),
      /^key: may be ECDSA P-256, Ed25519, or RSA/,
    ],
    [
      'a key and an instance',
      { key: 'SIGNING_KEY', sigstore: 'public' },
      secret,
      /^key: signs without a certificate/,
    ],
  ])('%s is invalid and shows nothing of the key', async (_, inputs, pem, message) => {
    const error = await openSigner(inputs, runContext(sigstore, {}, variable(pem ?? ''))).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(Invalid);
    expect((error as Invalid).message).toMatch(message);
    expect(JSON.stringify([error, (error as Invalid).message])).not.toContain(secret.split('\n')[1]);
  });
});

describe('which instance signs', () => {
  const github = 'https://github.com';
  test.each<[string, SigningInputs, string | undefined, string, object]>([
    [
      'public repository',
      {},
      'public',
      github,
      {
        name: 'public',
        rekorUrl: 'https://rekor.sigstore.dev',
        tsaUrl: 'https://timestamp.sigstore.dev/api/v1/timestamp',
      },
    ],
    [
      'private repository',
      {},
      'private',
      github,
      {
        name: 'github',
        fulcioUrl: 'https://fulcio.githubapp.com',
        tsaUrl: 'https://timestamp.githubapp.com',
      },
    ],
    ['internal repository', {}, 'internal', github, { name: 'github' }],
    ['unknown visibility', {}, undefined, github, { name: 'github' }],
    ['private repository that asks for it', { sigstore: 'public' }, 'private', github, { name: 'public' }],
    ['public repository that asks for it', { sigstore: 'github' }, 'public', github, { name: 'github' }],
    [
      'tenant of GHE.com',
      {},
      'public',
      'https://octo.ghe.com',
      { name: 'github', fulcioUrl: 'https://fulcio.octo.ghe.com', tsaUrl: 'https://timestamp.octo.ghe.com' },
    ],
    [
      'own, by its URLs',
      { 'fulcio-url': 'https://f', 'rekor-url': 'https://r' },
      'private',
      github,
      { name: 'custom', fulcioUrl: 'https://f', rekorUrl: 'https://r' },
    ],
    [
      'own, with timestamps alone',
      { sigstore: 'custom', 'fulcio-url': 'https://f', 'tsa-url': 'https://t' },
      'public',
      github,
      { name: 'custom', tsaUrl: 'https://t' },
    ],
  ])('%s', (_, inputs, visibility, serverUrl, expected) => {
    expect(chooseInstance(inputs, { visibility, serverUrl })).toMatchObject(expected);
  });

  test.each<[string, SigningInputs, RegExp]>([
    ['own without Fulcio', { sigstore: 'custom' }, /^fulcio-url: is required/],
    ['own without log and timestamps', { 'fulcio-url': 'https://f' }, /^rekor-url: or tsa-url is required/],
    [
      'URLs for public Sigstore',
      { sigstore: 'public', 'rekor-url': 'https://r' },
      /^rekor-url: goes with sigstore: custom/,
    ],
    ['a log without an instance', { 'rekor-url': 'https://r' }, /^rekor-url: goes with sigstore: custom/],
  ])('%s is invalid', async (_, inputs, message) => {
    await expect(openSigner(inputs, runContext(sigstore))).rejects.toThrow(message);
  });
});
