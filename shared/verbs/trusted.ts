import type { RunContext } from '../github/context.ts';
import { type LoadedPolicy, loadPolicy } from '../github/policy.ts';
import { Unavailable } from '../outcome/outcome.ts';
import type { SigningInputs } from '../sigstore/instance.ts';
import type { StatementVerifier } from '../sigstore/verifier.ts';
import { openPolicyVerifier } from './judge.ts';

export interface TrustInputs extends Pick<SigningInputs, 'sigstore' | 'trusted-root'> {
  /** `owner/repo/path@<commit>` or a path in this repository. */
  readonly policy?: string | undefined;
  readonly 'github-token'?: string | undefined;
}

/** Who is believed: a policy and the verifier for it. */
export interface Trusted {
  readonly policy: LoadedPolicy;
  /** Rejected with `Unavailable` where the instance's keys cannot be had: only what needs evidence fails by that. */
  readonly verifier: StatementVerifier | Promise<StatementVerifier>;
}

/** Reads the policy and opens its verifier. Undefined when no policy is named: then nobody's word counts. */
export async function openTrusted(inputs: TrustInputs, context: RunContext): Promise<Trusted | undefined> {
  if (inputs.policy === undefined) return undefined;
  const policy = await loadPolicy(inputs.policy, inputs, context);
  const verifier = openPolicyVerifier(policy, inputs, context);
  await verifier.catch((error: unknown) => {
    if (!(error instanceof Unavailable)) throw error;
  });
  return { policy, verifier };
}
