import { createPublicKey } from 'node:crypto';
import { createEvaluator } from '../evaluator/evaluator.ts';
import type { VerifiedImage } from '../evidence/evidence.ts';
import { serverOf } from '../evidence/identity.ts';
import { PREDICATE_TYPES, VERIFIER_BY_KEY } from '../evidence/predicate.ts';
import type { Approval } from '../evidence/promotion.ts';
import { buildVerdict } from '../evidence/verdict.ts';
import type { Source } from '../github/ancestry.ts';
import type { RunContext } from '../github/context.ts';
import { type LoadedPolicy, loadPolicy } from '../github/policy.ts';
import { findAmbiguousKey } from '../image/ambiguity.ts';
import type { Descriptor } from '../image/descriptor.ts';
import { formatPlatform } from '../image/platform.ts';
import { Invalid, Refused } from '../outcome/outcome.ts';
import { type Facts, gatherFacts, imageConfigSchema, type JudgedImage } from '../policy/facts.ts';
import { findEnvironment, trustOf } from '../policy/file.ts';
import { judgeFacts } from '../policy/judge.ts';
import type { Verdict } from '../policy/verdict.ts';
import { collectEvidence } from '../sigstore/collect.ts';
import type { SigningInputs } from '../sigstore/instance.ts';
import { parsePublicKey, readPrivateKey } from '../sigstore/key.ts';
import { publishStatements } from '../sigstore/publish.ts';
import { loadTrustedRoot, parseTrustedRoot } from '../sigstore/root.ts';
import type { StatementSigner } from '../sigstore/signer.ts';
import { createVerifier, type StatementVerifier } from '../sigstore/verifier.ts';
import { readJson } from '../store/json.ts';
import type { Store } from '../store/store.ts';
import { type ImageSubjects, readConfig } from '../store/subjects.ts';
import { lookAtBase } from './base-evidence.ts';
import { observeConditions } from './conditions.ts';
import type { EnvironmentState } from './environment.ts';

type JudgeInputs = SigningInputs & { readonly 'github-token'?: string | undefined };

export interface JudgeRequest {
  readonly store: Store;
  readonly image: ImageSubjects;
  readonly environment: string;
  /** `owner/repo/path@<commit>` or a path in this repository, or a policy that is loaded already; absent: nothing may be promoted. */
  readonly policy?: string | LoadedPolicy | undefined;
  /** The verifier that `openPolicyVerifier` gave for this policy, when it is open already. */
  readonly verifier?: StatementVerifier | undefined;
  /** The environment, when it was read already. */
  readonly state?: EnvironmentState | undefined;
  readonly reason?: string | undefined;
  readonly inputs: JudgeInputs;
}

/** One image judged for one environment, with everything that was judged: frozen, so that what was judged is what is copied. */
export interface Judgement {
  readonly decision: Verdict['decision'];
  readonly verdict: Verdict;
  readonly facts: Facts;
  readonly policy: LoadedPolicy;
  /** The environment's repository, `ghcr.io/octo/app`. */
  readonly destination: string;
  readonly evidence: VerifiedImage;
  readonly approvals: readonly Approval[];
  /** What the image was built from, by its verified provenance. */
  readonly source: Source | undefined;
  readonly verifier: StatementVerifier;
}

/**
 * Verifies what is known of an image and judges it by the policy of one environment. Throws when there is no answer:
 * no policy or no protected one (`Refused`), a faulty one (`Invalid`), something that could not be reached (`Unavailable`).
 */
export async function judgeImage(request: JudgeRequest, context: RunContext): Promise<Judgement> {
  const { store, image, environment, inputs } = request;
  const policy =
    typeof request.policy === 'object' ? request.policy : await loadPolicy(request.policy, inputs, context);
  const wanted = findEnvironment(policy.file, environment);
  const evaluate = createEvaluator();
  const verifier = request.verifier ?? (await openPolicyVerifier(policy, inputs, context));
  const trust = trustOf(policy.file);
  const now = new Date();
  const gathering = Promise.all([
    collectEvidence(store, image, verifier, trust),
    readJudgedImage(store, image),
  ]).then(([evidence, judged]) => ({
    evidence,
    gathered: gatherFacts(judged, evidence, trust, now, { exceptions: policy.exceptions, environment }),
  }));
  const source = gathering.then(({ gathered }) => {
    const { repository = '', commit = '' } = gathered.facts.provenance ?? {};
    return repository === '' || commit === '' ? undefined : { repository, commit };
  });
  const [{ evidence, gathered }, base, observation] = await Promise.all([
    gathering,
    gathering.then((known) =>
      lookAtBase({ ...request, policy, verifier, evidence: known.evidence.evidence }, context),
    ),
    observeConditions(
      {
        environment,
        policy,
        verifier,
        digest: image.digest,
        source,
        state: request.state,
        reason: request.reason,
        token: inputs['github-token'],
        now,
      },
      context,
    ),
  ]);
  const verdict = await judgeFacts(policy.file.rules, { name: environment, ...wanted }, gathered, evaluate, {
    ...observation,
    facts: { ...observation.facts, ...(typeof base === 'object' && { base }) },
    unseen: typeof base === 'string' ? { base } : {},
  });
  return {
    decision: verdict.decision,
    verdict,
    facts: { ...gathered.facts, ...(typeof base === 'object' && { base }) },
    policy,
    destination: wanted.repository,
    evidence,
    approvals: observation.approvals,
    source: await source,
    verifier,
  };
}

/**
 * The verifier for a policy: by the policy's own trusted root where it has one, otherwise by the inputs'. The input `key` names a private key
 * here, since whoever judges also signs; its public half verifies what the same key signed, beside the policy's own keys.
 */
export async function openPolicyVerifier(
  policy: LoadedPolicy | undefined,
  inputs: SigningInputs,
  context: RunContext,
): Promise<StatementVerifier> {
  const own = inputs.key === undefined ? [] : [createPublicKey(readPrivateKey(inputs.key, context))];
  const named = policy?.keys.map((pem, at) => parsePublicKey(pem, 'policy', policy.file.keys?.[at] ?? ''));
  const key = [...(named ?? []), ...own];
  if (policy?.trustedRoot !== undefined) {
    try {
      return await createVerifier({ key, root: parseTrustedRoot(policy.trustedRoot) });
    } catch (cause) {
      const why = (cause as Error).message;
      throw new Invalid('policy', `"${policy.file['trusted-root']}" is no Sigstore trusted root: ${why}`, {
        cause,
      });
    }
  }
  const byKeyAlone = own.length > 0 && inputs.sigstore === undefined && inputs['trusted-root'] === undefined;
  return createVerifier({ key, root: byKeyAlone ? undefined : await loadTrustedRoot(inputs, context) });
}

/** Reads what the digest itself holds: each platform's config and size. */
export async function readJudgedImage(store: Store, image: ImageSubjects): Promise<JudgedImage> {
  const platforms = await Promise.all(
    image.platforms.map(async (one) => {
      const { platform, descriptor, manifest } = one;
      const bytes = await readConfig(store, one);
      const config = readJson(imageConfigSchema, bytes);
      if (config === undefined) {
        throw new Refused(`${store.place}@${descriptor.digest} has no image configuration that can be read`);
      }
      const ambiguous = findAmbiguousKey(bytes.toString());
      if (ambiguous !== undefined) {
        throw new Refused(
          `the configuration of ${store.place}@${descriptor.digest} has the key "${ambiguous}", which not every reader takes for the same`,
        );
      }
      const size = [manifest.config, ...manifest.layers].reduce((sum, part) => sum + part.size, 0);
      return { name: formatPlatform(platform), digest: descriptor.digest, size, config };
    }),
  );
  return { digest: image.digest, platforms };
}

/** Signs a judgement, whichever way it went, as a verification summary (SLSA VSA v1) and attaches it to the image; `observed` is what else was seen. */
export async function publishVerdict(
  judgement: Pick<Judgement, 'verdict' | 'policy' | 'evidence' | 'destination' | 'verifier' | 'facts'>,
  store: Store,
  image: ImageSubjects,
  signer: StatementSigner,
  observed: Readonly<Record<string, unknown>> = {},
): Promise<Descriptor> {
  const { verdict, policy, evidence, destination, verifier } = judgement;
  const claims = await signer.claims();
  const predicate = buildVerdict({
    verifier: claims === undefined ? VERIFIER_BY_KEY : `${serverOf(claims.iss)}/${claims.job_workflow_ref}`,
    resource: `${destination}@${image.digest}`,
    policy: { uri: `${policy.address}#${verdict.environment}`, digest: policy.digest },
    passed: verdict.decision === 'allow',
    judgedAt: verdict.judgedAt,
    inputs: evidence.evidence.map(({ source }) => ({ uri: `${store.place}@${source}`, digest: source })),
    observed: {
      now: verdict.judgedAt,
      ...(verifier.rootDigest !== undefined && { trustedRoot: verifier.rootDigest }),
      rules: verdict.rules,
      reasons: verdict.reasons,
      warnings: verdict.warnings,
      excused: judgement.facts.excused ?? [],
      ...(judgement.facts.base && { base: judgement.facts.base }),
      distrusted: evidence.rejected.flatMap(({ distrusted, source, reason }) =>
        distrusted === true ? [{ source, reason }] : [],
      ),
      ...observed,
    },
  });
  const [published] = await publishStatements(store, image, signer, [
    { predicateType: PREDICATE_TYPES.verdict[0], predicate },
  ]);
  const [descriptor] = published?.descriptors ?? [];
  if (descriptor === undefined) throw new Refused(`${store.place} took the verdict, and does not have it`);
  return descriptor;
}
