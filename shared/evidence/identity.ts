/**
 * Who signed, as the certificate says it: the SAN and Fulcio's extensions 1.3.6.1.4.1.57264.1.x
 * (fulcio docs/oid-info.md). A signer by key has only `key`.
 */
export interface Signer {
  /** sha256 fingerprint (hex) of the public key's SPKI DER, when a key signed. */
  readonly key?: string | undefined;
  /** The SAN: for GitHub the workflow that signed, `https://github.com/o/r/.github/workflows/x.yml@ref`. */
  readonly subject?: string | undefined;
  /** .8 (or .1): the OIDC issuer. */
  readonly issuer?: string | undefined;
  /** .9: URI of the workflow that signed (the called one, when reusable), with `@ref`. */
  readonly signerWorkflow?: string | undefined;
  /** .10: commit of that workflow. */
  readonly signerDigest?: string | undefined;
  /** .11: `github-hosted` or `self-hosted`. */
  readonly runnerEnvironment?: string | undefined;
  /** .12: `https://github.com/o/r`. */
  readonly repository?: string | undefined;
  /** .13: commit. */
  readonly commit?: string | undefined;
  /** .14: `refs/heads/main`. */
  readonly ref?: string | undefined;
  /** .15 */
  readonly repositoryId?: string | undefined;
  /** .16: `https://github.com/o`. */
  readonly owner?: string | undefined;
  /** .17 */
  readonly ownerId?: string | undefined;
  /** .18: URI of the workflow that was triggered, with `@ref`. */
  readonly workflow?: string | undefined;
  /** .20: the event, such as `push`. */
  readonly trigger?: string | undefined;
  /** .21: URL of the run. */
  readonly run?: string | undefined;
  /** .22: `public` or `private`. */
  readonly visibility?: string | undefined;
  /** .23: the deployment environment of the job. */
  readonly environment?: string | undefined;
}

/** The issuer of OIDC tokens for workflows on github.com. */
export const GITHUB_ISSUER = 'https://token.actions.githubusercontent.com';

/**
 * The GitHub server whose workflows an issuer speaks for: `https://github.com`, `https://<tenant>.ghe.com` or `https://<GHES host>`
 * (docs.github.com, "OpenID Connect reference"). Taken from the issuer, because that is what the certificate authority checked.
 */
export function serverOf(issuer: string): string {
  const tenant = /^https:\/\/token\.actions\.([a-z0-9-]+\.ghe\.com)(?:\/|$)/.exec(issuer)?.[1];
  if (tenant !== undefined) return `https://${tenant}`;
  const enterprise = /^(https:\/\/[^/]+)\/_services\/token$/.exec(issuer)?.[1];
  return enterprise ?? 'https://github.com';
}

/** One line that names a signer to a person: the workflow with its ref, or the key. */
export function formatSigner(signer: Signer): string {
  if (signer.key !== undefined) return `key sha256:${signer.key}`;
  return signer.subject ?? 'nobody';
}
