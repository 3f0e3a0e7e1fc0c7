import { Invalid } from '../outcome/outcome.ts';

/** The inputs by which every action says how it signs, and by which trust root and key it verifies. */
export interface SigningInputs {
  readonly sigstore?: 'public' | 'github' | 'custom' | undefined;
  readonly 'fulcio-url'?: string | undefined;
  readonly 'rekor-url'?: string | undefined;
  readonly 'tsa-url'?: string | undefined;
  /** Path of a SigningConfig JSON in the workspace, instead of the URLs. */
  readonly 'signing-config'?: string | undefined;
  /** Path of a TrustedRoot JSON in the workspace. */
  readonly 'trusted-root'?: string | undefined;
  /** For signing the name of an environment variable that holds a private key; for verifying the path of a public key. */
  readonly key?: string | undefined;
}

/** The services of one Sigstore instance. At least one of `rekorUrl` and `tsaUrl` says when something was signed. */
export interface Instance {
  readonly name: 'public' | 'github' | 'custom';
  readonly fulcioUrl: string;
  readonly rekorUrl?: string | undefined;
  /** The version of the log's API: 1 when absent. A log of version 2 gives no time. */
  readonly rekorVersion?: 1 | 2 | undefined;
  readonly tsaUrl?: string | undefined;
}

const PUBLIC: Instance = {
  name: 'public',
  fulcioUrl: 'https://fulcio.sigstore.dev',
  rekorUrl: 'https://rekor.sigstore.dev',
  tsaUrl: 'https://timestamp.sigstore.dev/api/v1/timestamp',
};

/**
 * The instance that signs for a run: the one asked for, otherwise public Sigstore for a public repository and GitHub's own for any other,
 * because public Sigstore publishes the repository's name and workflow for ever. Throws `Invalid` when the inputs contradict each other.
 */
export function chooseInstance(
  inputs: SigningInputs,
  repository: { readonly visibility: string | undefined; readonly serverUrl: string },
): Instance {
  const { 'fulcio-url': fulcioUrl, 'rekor-url': rekorUrl, 'tsa-url': tsaUrl } = inputs;
  const host = new URL(repository.serverUrl).hostname;
  const byVisibility = repository.visibility === 'public' && host === 'github.com' ? 'public' : 'github';
  const name = inputs.sigstore ?? (fulcioUrl === undefined ? byVisibility : 'custom');
  if (name === 'custom') {
    if (fulcioUrl === undefined)
      throw new Invalid('fulcio-url', 'is required for a Sigstore instance of your own');
    if (rekorUrl === undefined && tsaUrl === undefined) {
      throw new Invalid(
        'rekor-url',
        'or tsa-url is required: without log and timestamp a certificate of ten minutes proves nothing',
      );
    }
    return { name, fulcioUrl, rekorUrl, tsaUrl };
  }
  for (const input of ['fulcio-url', 'rekor-url', 'tsa-url'] as const) {
    if (inputs[input] !== undefined) throw new Invalid(input, `goes with sigstore: custom, not with ${name}`);
  }
  if (name === 'public') return PUBLIC;
  // GitHub's own instance timestamps instead of logging; a GHE.com tenant has one below its own host.
  return host === 'github.com'
    ? { name, fulcioUrl: 'https://fulcio.githubapp.com', tsaUrl: 'https://timestamp.githubapp.com' }
    : { name, fulcioUrl: `https://fulcio.${host}`, tsaUrl: `https://timestamp.${host}` };
}

/** Where an entry of the log can be looked at by its index: for public Sigstore alone, as far as the inputs and a policy's own root tell. */
export function logPageOf(inputs: SigningInputs, policyRoot: string | undefined): string | undefined {
  const own = policyRoot ?? inputs['trusted-root'] ?? inputs['fulcio-url'] ?? inputs['signing-config'];
  const isPublic = own === undefined && (inputs.sigstore ?? 'public') === 'public';
  return isPublic ? 'https://search.sigstore.dev/?logIndex=' : undefined;
}
