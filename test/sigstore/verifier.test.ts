import { createHash, createPublicKey } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleFromJSON } from '@sigstore/bundle';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Invalid } from '../../shared/outcome/outcome.ts';
import { loadTrustedRoot, parseTrustedRoot } from '../../shared/sigstore/root.ts';
import { createSignatureVerifier, openVerifier } from '../../shared/sigstore/verifier.ts';
import { type LocalSigstore, startSigstore } from '../servers/sigstore.ts';
import { runContext } from './context.ts';

// sigstore/sigstore-conformance, test/assets/bundle-verify; its README describes the folders.
const CASES = new URL('../../../shared/sigstore-conformance/', import.meta.url).pathname;
const BEACON =
  'https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main';

describe.skipIf(!existsSync(CASES))(`the public conformance suite (in ${CASES})`, () => {
  const seeds = createRequire(import.meta.url)('@sigstore/tuf/seeds.json') as Record<
    string,
    { targets: Record<string, string> }
  >;
  const publicRoot = Buffer.from(
    seeds['https://tuf-repo-cdn.sigstore.dev']?.targets['trusted_root.json'] ?? '',
    'base64',
  ).toString();
  const names = existsSync(CASES)
    ? readdirSync(CASES, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => name)
    : [];

  test('all of it is here', () => expect(names).toHaveLength(70));

  test.each(names)('%s', async (name) => {
    const read = (file: string): string | undefined => {
      const path = join(CASES, name, file);
      return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
    };
    const artifactPath = join(CASES, name, 'artifact');
    const artifact = readFileSync(existsSync(artifactPath) ? artifactPath : join(CASES, 'a.txt'));
    const pem = read('key.pub');
    const verifyCase = async (): Promise<void> => {
      const key = pem === undefined ? undefined : createPublicKey(pem);
      const rootText = read('trusted_root.json') ?? (key === undefined ? publicRoot : undefined);
      const root = rootText === undefined ? undefined : parseTrustedRoot(rootText);
      const bundle = bundleFromJSON(JSON.parse(read('bundle.sigstore.json') ?? ''));
      const { signer } = (await createSignatureVerifier({ root, key }))(bundle, artifact);
      if (key === undefined) {
        expect(signer.subject).toBe(read('identity')?.trim() ?? BEACON);
        expect(signer.issuer).toBe(read('issuer')?.trim() ?? 'https://token.actions.githubusercontent.com');
      }
      if (bundle.content.$case === 'dsseEnvelope') {
        const digest = createHash('sha256').update(artifact).digest('hex');
        const { subject } = JSON.parse(bundle.content.dsseEnvelope.payload.toString()) as {
          subject: { digest: { sha256: string } }[];
        };
        expect(subject.map((one) => one.digest.sha256)).toContain(digest);
      }
    };
    if (name.endsWith('_fail')) await expect(verifyCase()).rejects.toThrow();
    else await verifyCase();
  });
});

describe('the trust root', () => {
  let sigstore: LocalSigstore;
  beforeAll(async () => {
    sigstore = await startSigstore();
  });
  afterAll(() => sigstore.close());

  type Root = {
    mediaType: string;
    tlogs: { publicKey: { validFor?: object } }[];
    certificateAuthorities: { validFor: { start: string; end?: string } }[];
  };
  const rootWith = (change: (root: Root) => void): string => {
    const root = structuredClone(sigstore.trustedRoot) as Root;
    change(root);
    return JSON.stringify(root);
  };

  test('its digest is of what it says, not of how it is written', () => {
    const compact = parseTrustedRoot(JSON.stringify(sigstore.trustedRoot));
    expect(parseTrustedRoot(JSON.stringify(sigstore.trustedRoot, null, 4)).digest).toBe(compact.digest);
    const other = parseTrustedRoot(
      rootWith(
        (root) =>
          root.certificateAuthorities.pop() &&
          root.certificateAuthorities.push({
            ...(sigstore.trustedRoot as Root).certificateAuthorities[0],
            validFor: { start: '2020-01-01T00:00:00Z' },
          } as Root['certificateAuthorities'][0]),
      ),
    );
    expect(other.digest).not.toBe(compact.digest);
  });

  test.each<[string, () => string, RegExp]>([
    ['no JSON', () => '{', /is no Sigstore trusted root/],
    ['another JSON', () => '{"mediaType":"application/json"}', /its mediaType is not that of a trusted root/],
    [
      'a log that does not say since when',
      () => rootWith((root) => delete root.tlogs[0]?.publicKey.validFor),
      /does not say since when it is valid/,
    ],
    [
      'no certificate authority',
      () =>
        rootWith((root) => {
          root.certificateAuthorities = [];
        }),
      /names no certificate authority/,
    ],
    [
      'one that has expired',
      () =>
        rootWith((root) => {
          for (const ca of root.certificateAuthorities) ca.validFor.end = '2020-01-01T00:00:00Z';
        }),
      /is out of date/,
    ],
  ])('%s is invalid', async (_, text, message) => {
    const context = runContext(sigstore);
    writeFileSync(join(context.workspace, 'root.json'), text());
    const error = await openVerifier({ 'trusted-root': 'root.json' }, context).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(Invalid);
    expect((error as Invalid).message).toMatch(message);
  });

  test('a file outside of the workspace is not read', async () => {
    const context = runContext(sigstore);
    const outside = join(mkdtempSync(join(tmpdir(), 'hallmark-outside-')), 'root.json');
    writeFileSync(outside, JSON.stringify(sigstore.trustedRoot));
    symlinkSync(outside, join(context.workspace, 'link.json'));
    for (const path of [outside, 'link.json', 'missing.json']) {
      await expect(loadTrustedRoot({ 'trusted-root': path }, context)).rejects.toThrow(Invalid);
    }
  });

  test("an instance of one's own has none but the file", async () => {
    for (const inputs of [{ sigstore: 'custom' as const }, { 'fulcio-url': sigstore.fulcioUrl }]) {
      await expect(loadTrustedRoot(inputs, runContext(sigstore))).rejects.toThrow(
        /^trusted-root: is required/,
      );
    }
  });
});
