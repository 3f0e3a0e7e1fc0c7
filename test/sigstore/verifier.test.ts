import { mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Invalid } from '../../shared/outcome/outcome.ts';
import { loadTrustedRoot, parseTrustedRoot } from '../../shared/sigstore/root.ts';
import { openVerifier } from '../../shared/sigstore/verifier.ts';
import { type LocalSigstore, startSigstore } from '../servers/sigstore.ts';
import { runContext } from './context.ts';

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
