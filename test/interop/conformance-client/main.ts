// The client of Sigstore's conformance suite (sigstore/sigstore-conformance, docs/cli_protocol.md), for its one command about bundles:
//   verify-bundle --bundle F (--certificate-identity I --certificate-oidc-issuer U | --key K) [--trusted-root F] FILE|sha256:…
// Ends with 0 when the bundle verifies, with 1 and the reason when it does not. Without --trusted-root it trusts the public instance.
import { createHash, createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import type { Bundle } from '@sigstore/bundle';
import { createBundleReader } from '../../../shared/sigstore/bundle.ts';
import { parseTrustedRoot } from '../../../shared/sigstore/root.ts';
import { createSignatureVerifier, type MessageCheck } from '../../../shared/sigstore/verifier.ts';
import { checkDigestSignature } from './digest.ts';

/** The public instance's root as @sigstore/tuf carries it: the suite runs offline. */
function readPublicRoot(): string {
  const seeds = createRequire(import.meta.url)('@sigstore/tuf/seeds.json') as Record<
    string,
    { targets: Record<string, string> }
  >;
  const root = seeds['https://tuf-repo-cdn.sigstore.dev']?.targets['trusted_root.json'] ?? '';
  return Buffer.from(root, 'base64').toString();
}

async function verifyBundle(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      bundle: { type: 'string' },
      key: { type: 'string' },
      'trusted-root': { type: 'string' },
      'certificate-identity': { type: 'string' },
      'certificate-oidc-issuer': { type: 'string' },
    },
  });
  const [artifact] = positionals;
  if (values.bundle === undefined || artifact === undefined)
    throw new Error('usage: see the head of this file');

  const key = values.key === undefined ? undefined : createPublicKey(readFileSync(values.key));
  const rootFile = values['trusted-root'];
  const rootText = rootFile === undefined ? undefined : readFileSync(rootFile, 'utf8');
  const root = rootText ?? (key === undefined ? readPublicRoot() : undefined);
  const [readBundle, verifySignature] = await Promise.all([
    createBundleReader(),
    createSignatureVerifier({ key, root: root === undefined ? undefined : parseTrustedRoot(root) }),
  ]);
  const bundle = readBundle(readFileSync(values.bundle));
  const byDigest = /^sha256:([0-9a-f]{64})$/.exec(artifact)?.[1];
  const bytes = byDigest === undefined ? readFileSync(artifact) : undefined;
  const digest =
    byDigest ??
    createHash('sha256')
      .update(bytes ?? '')
      .digest('hex');
  const { signer } = verifySignature(bundle, bytes ?? checkDigest(digest));

  if (key === undefined) {
    expectEqual('identity', signer.subject, values['certificate-identity']);
    expectEqual('issuer', signer.issuer, values['certificate-oidc-issuer']);
  }
  checkSubject(bundle, digest);
}

/** A message signature is over the digest; what the bundle says the digest is must be that too. */
function checkDigest(digest: string): MessageCheck {
  return (key, signature) => checkDigestSignature(key, Buffer.from(digest, 'hex'), signature);
}

function checkSubject({ content }: Bundle, digest: string): void {
  if (content.$case === 'messageSignature') {
    expectEqual('message digest', content.messageSignature.messageDigest.digest.toString('hex'), digest);
    return;
  }
  const { subject } = JSON.parse(content.dsseEnvelope.payload.toString()) as {
    subject: { digest: { sha256?: string } }[];
  };
  if (!subject.some((one) => one.digest.sha256 === digest))
    throw new Error(`it is not about sha256:${digest}`);
}

function expectEqual(what: string, found: string | undefined, wanted: string | undefined): void {
  if (wanted === undefined || found !== wanted) throw new Error(`the ${what} is ${found}, not ${wanted}`);
}

const [command, ...args] = process.argv.slice(2);
try {
  if (command !== 'verify-bundle') throw new Error(`${command} is not supported`);
  await verifyBundle(args);
} catch (error) {
  console.error(String(error));
  process.exitCode = 1;
}
