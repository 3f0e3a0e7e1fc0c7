// Real cosign against the local Sigstore instance, as a workflow would call it.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureTool } from '../../scripts/tools.ts';
import { runProcess } from '../../shared/process/run.ts';
import type { GithubClaims, LocalSigstore } from '../servers/sigstore.ts';

export interface CosignRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Cosign {
  /** Runs cosign with these arguments, in its own folder with its own home. */
  run(...args: string[]): Promise<CosignRun>;
  /** Signs keyless as the workflow of `claims`. */
  sign(image: string, claims?: Partial<GithubClaims>): Promise<CosignRun>;
  /** Attests keyless; `type` is one of cosign's names or a URI. */
  attest(image: string, type: string, predicate: unknown, claims?: Partial<GithubClaims>): Promise<CosignRun>;
  verify(image: string, identity?: string): Promise<CosignRun>;
  verifyAttestation(image: string, type: string, identity?: string): Promise<CosignRun>;
  /** Holds what is written there: keys, predicates. */
  readonly folder: string;
  close(): void;
}

/** Who signs when a run does not say otherwise. */
export const RELEASE = 'https://github.com/octo/app/.github/workflows/release.yml@refs/heads/main';
const ISSUER = 'https://token.actions.githubusercontent.com';

/** Sets real cosign up for an instance: its trusted root, and a signing configuration that names its services. */
export async function openCosign(sigstore: LocalSigstore): Promise<Cosign> {
  const program = await ensureTool('cosign');
  const folder = mkdtempSync(join(tmpdir(), 'hallmark-cosign-'));
  const trustedRoot = join(folder, 'trusted-root.json');
  const signingConfig = join(folder, 'signing-config.json');
  writeFileSync(trustedRoot, JSON.stringify(sigstore.trustedRoot));
  writeFileSync(signingConfig, JSON.stringify(describeServices(sigstore)));
  const services = ['--yes', '--signing-config', signingConfig, '--trusted-root', trustedRoot];
  const execute = async (args: string[], claims?: Partial<GithubClaims>): Promise<CosignRun> => {
    const { code, stdout, stderr } = await runProcess(program, args, {
      // GITHUB_ACTIONS and the two variables make the run's own OIDC token cosign's ambient credentials.
      env: {
        HOME: folder,
        PATH: process.env.PATH ?? '',
        COSIGN_PASSWORD: '',
        GITHUB_ACTIONS: 'true',
        ACTIONS_ID_TOKEN_REQUEST_URL: sigstore.tokenUrl(claims),
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: sigstore.requestToken,
      },
      cwd: folder,
      deadline: AbortSignal.timeout(30_000),
    });
    return { code, stdout: stdout.toString(), stderr };
  };
  const trust = (identity: string): string[] => [
    ...['--certificate-identity', identity, '--certificate-oidc-issuer', ISSUER],
    ...['--trusted-root', trustedRoot],
  ];
  return {
    folder,
    run: (...args) => execute(args),
    sign: (image, claims) => execute(['sign', ...services, image], claims),
    attest: (image, type, predicate, claims) => {
      const file = join(folder, `${randomUUID()}.json`);
      writeFileSync(file, JSON.stringify(predicate));
      return execute(['attest', ...services, '--type', type, '--predicate', file, image], claims);
    },
    verify: (image, identity = RELEASE) => execute(['verify', ...trust(identity), image]),
    verifyAttestation: (image, type, identity = RELEASE) =>
      execute(['verify-attestation', '--type', type, ...trust(identity), image]),
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Sigstore's SigningConfig v0.2 (sigstore/protobuf-specs, sigstore_trustroot.proto) for an instance. */
export function describeServices(sigstore: LocalSigstore, logVersion = 1): unknown {
  const service = (url: string, majorApiVersion = 1): unknown => [
    {
      url,
      majorApiVersion,
      validFor: { start: new Date(Date.now() - 3_600_000).toISOString() },
      operator: 'local',
    },
  ];
  return {
    mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
    caUrls: service(sigstore.fulcioUrl),
    rekorTlogUrls: service(sigstore.rekorUrl, logVersion),
    tsaUrls: service(`${sigstore.tsaUrl}/api/v1/timestamp`),
    rekorTlogConfig: { selector: 'ANY' },
    tsaConfig: { selector: 'ANY' },
  };
}
