import type { VerifiedImage } from '../evidence/evidence.ts';
import type { RunContext } from '../github/context.ts';
import type { LoadedPolicy } from '../github/policy.ts';
import type { Descriptor } from '../image/descriptor.ts';
import type { Verdict } from '../policy/verdict.ts';
import type { SigningInputs, StatementSigner } from '../sigstore/signer.ts';
import type { StatementVerifier } from '../sigstore/verifier.ts';
import type { Store } from '../store/store.ts';
import type { ImageSubjects } from '../store/subjects.ts';

export interface JudgeRequest {
  readonly store: Store;
  readonly image: ImageSubjects;
  readonly environment: string;
  /** `owner/repo/path@<commit>` or a path in this repository, or a policy that is loaded already; absent: nothing may be promoted. */
  readonly policy?: string | LoadedPolicy | undefined;
  readonly inputs: SigningInputs & { readonly 'github-token'?: string | undefined };
}

/** One image judged for one environment, with everything that was judged: frozen, so that what was judged is what is copied. */
export interface Judgement {
  readonly decision: Verdict['decision'];
  readonly verdict: Verdict;
  readonly policy: LoadedPolicy;
  /** The environment's repository, `ghcr.io/octo/app`. */
  readonly destination: string;
  readonly evidence: VerifiedImage;
  readonly verifier: StatementVerifier;
}

/** Verifies what is known of an image and judges it by the policy of one environment. */
export async function judgeImage(_request: JudgeRequest, _context: RunContext): Promise<Judgement> {
  throw new Error('is being built');
}

/** Signs a judgement as a verification summary (SLSA VSA v1) and attaches it to the image. */
export async function publishVerdict(
  _judgement: Judgement,
  _store: Store,
  _image: ImageSubjects,
  _signer: StatementSigner,
): Promise<Descriptor> {
  throw new Error('is being built');
}
