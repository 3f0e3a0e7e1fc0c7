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
