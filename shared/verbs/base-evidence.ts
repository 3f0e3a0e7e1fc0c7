import type { Evidence, Rejected } from '../evidence/evidence.ts';
import type { RunContext } from '../github/context.ts';
import type { LoadedPolicy } from '../github/policy.ts';
import { formatPlace } from '../image/reference.ts';
import type { Facts } from '../policy/facts.ts';
import { findEnvironment, trustOf } from '../policy/file.ts';
import { variablesOf } from '../policy/rule.ts';
import { collectEvidence } from '../sigstore/collect.ts';
import type { StatementVerifier } from '../sigstore/verifier.ts';
import { storeOptions } from '../store/open.ts';
import type { Store } from '../store/store.ts';
import type { ImageSubjects } from '../store/subjects.ts';
import { findBaseImage } from './base-image.ts';

/**
 * Finds the image that another was built on, and whether an identity of the role `base` signed it or gave provenance for it: the fact `base`.
 * A sentence where there is none to be found, undefined where no rule of the environment asks; a registry that gives no answer is `Unavailable`.
 */
export async function lookAtBase(
  about: {
    readonly store: Store;
    readonly image: ImageSubjects;
    readonly environment: string;
    readonly policy: LoadedPolicy;
    readonly verifier: StatementVerifier;
    readonly evidence: readonly Evidence[];
    readonly inputs: { readonly 'github-token'?: string | undefined };
  },
  context: RunContext,
): Promise<Facts['base'] | string> {
  const { store, image, policy, verifier, evidence } = about;
  const { rules } = findEnvironment(policy.file, about.environment);
  const asked = rules.some((name) => {
    const rule = policy.file.rules[name];
    return rule !== undefined && variablesOf(rule).includes('base');
  });
  if (!asked) return undefined;
  const options = storeOptions(context, about.inputs['github-token']);
  const found = await findBaseImage({ store, image, evidence, from: undefined }, options);
  if (typeof found === 'string') return found;
  const { digest } = found.image;
  const { attested } = await readBaseEvidence(found.store, found.image, policy, verifier);
  return { name: formatPlace(found.reference), digest, attested };
}

/** Whether an identity of the policy's role `base` signed an image or gave provenance for it, and what was found that does not count. */
export async function readBaseEvidence(
  store: Store,
  image: ImageSubjects,
  policy: LoadedPolicy,
  verifier: StatementVerifier,
): Promise<{ readonly attested: boolean; readonly rejected: readonly Rejected[] }> {
  // What others say of their images is weighed as what builders say of ours.
  const { evidence, rejected } = await collectEvidence(store, image, verifier, {
    builder: trustOf(policy.file).base ?? [],
    distrust: policy.file.distrust,
  });
  const attested = evidence.some(
    ({ kind, subjects }) =>
      (kind === 'signature' || kind === 'provenance') && subjects.includes(image.digest),
  );
  return { attested, rejected };
}
