import type { Candidate } from '../environment/candidates.ts';
import { parseEnvironmentName } from '../environment/tags.ts';
import type { RunContext } from '../github/context.ts';
import { mirrorDeployment } from '../github/deployment.ts';
import { type LoadedPolicy, loadPolicy } from '../github/policy.ts';
import { type Digest, shortDigest } from '../image/digest.ts';
import { parseRepository, type Reference } from '../image/reference.ts';
import { Invalid, Refused, Unavailable } from '../outcome/outcome.ts';
import type { StepResult } from '../outcome/result.ts';
import { findEnvironment, type Rules } from '../policy/file.ts';
import { formatReason } from '../policy/verdict.ts';
import { escapeMarkdown, formatCode } from '../report/markdown.ts';
import { describeRollback } from '../report/rollback.ts';
import type { SigningInputs } from '../sigstore/instance.ts';
import { openSigner, type StatementSigner } from '../sigstore/signer.ts';
import { openStore, storeOptions } from '../store/open.ts';
import type { RecordClaim } from './append.ts';
import { breakGlass } from './break-glass.ts';
import { type Candidates, type JudgedCandidate, openCandidates } from './candidates.ts';
import { readEnvironment } from './environment.ts';
import { openPolicyVerifier, publishVerdict } from './judge.ts';
import { type ManifestsInputs, openManifests } from './manifests.ts';
import { nextTag, recordMove } from './move.ts';
import { readRecordedPolicy } from './recorded-policy.ts';
import type { RescanInputs } from './rescan.ts';

export interface RollbackInputs extends SigningInputs, ManifestsInputs, RescanInputs {
  readonly environment: string;
  /** The environment's, for when GitHub's API cannot be asked for the policy that names it. */
  readonly repository?: string | undefined;
  /** A digest, or how many images back; undefined: the newest that may be used. */
  readonly target?: Digest | number | undefined;
  readonly reason?: string | undefined;
  readonly policy?: string | undefined;
  readonly 'dry-run'?: boolean | undefined;
  readonly 'break-glass'?: readonly string[];
  /** Mirror it as a GitHub deployment. */
  readonly deployment?: boolean | undefined;
  readonly 'github-token'?: string | undefined;
}

/**
 * Makes an environment hold an image again that it held before: the one that is asked for, or the newest that may be used. Judged by the rules
 * after a fresh scan, and vetoed only by what is worse than what runs. Soak, approvals, freezes and holds do not stop it; the image that it
 * leaves is withdrawn, and manifests name what it goes back to. Nothing is copied: what was promoted is there.
 */
export async function rollback(inputs: RollbackInputs, context: RunContext): Promise<StepResult> {
  const { environment, reason } = inputs;
  const dryRun = inputs['dry-run'] === true;
  parseEnvironmentName(environment);
  if (reason === undefined && !dryRun) {
    throw new Invalid('reason', 'is required: whoever reads the record will ask why');
  }
  const manifests = await openManifests(inputs, context);
  const opened = await openSigner(inputs, context);
  const policy = await findPolicy(inputs, opened, context);
  const wanted = findEnvironment(policy.file, environment);
  const reference: Reference = { kind: 'registry', repository: parseRepository(wanted.repository) };
  const store = openStore(reference, storeOptions(context, inputs['github-token']));
  const verifier = await openPolicyVerifier(policy, inputs, context);
  const signer = dryRun ? undefined : signWithoutLogIfDown(opened, context);
  const [state] = await Promise.all([
    readEnvironment(store, environment, verifier, policy),
    signer?.claims(),
  ]);
  const before = state.current?.promotion;
  if (before === undefined)
    throw new Refused(`${environment} holds no image: there is nothing to go back from`);

  const about = { store, reference, environment, policy, verifier, state, current: before.digest };
  const candidates = await openCandidates(about, inputs, context);
  let choice: Choice;
  try {
    const asked = findTargets(candidates.all, inputs, before.digest);
    choice = await chooseCandidate(asked, candidates, inputs, policy.file.rules, context);
  } finally {
    await candidates.close();
  }
  const { answers, chosen } = choice;
  const plan = describeRollback({
    environment,
    place: store.place,
    current: before.digest,
    candidates: candidates.all,
    answers,
    chosen: chosen?.candidate,
  });
  if (chosen === undefined) {
    const reasons = [...answers].flatMap(([digest, all]) =>
      all.map((why) => `${shortDigest(digest)}: ${why}`),
    );
    return {
      outcome: 'refused',
      reasons: reasons.length > 0 ? reasons : [`${environment} never held another image`],
      outputs: { from: before.digest, digest: before.digest },
      summary: plan,
    };
  }
  const { digest, stay } = chosen.candidate;
  const outputs = {
    image: `${store.place}@${digest}`,
    repository: store.place,
    digest,
    from: before.digest,
  };
  if (signer === undefined) return { outputs, summary: plan };

  const { subjects, evidence, gathered, comparison, rules } = chosen.judged;
  const verdict = await publishVerdict(
    {
      verdict: comparison.verdict,
      facts: gathered.facts,
      destination: wanted.repository,
      policy,
      evidence,
      verifier,
    },
    store,
    subjects,
    signer,
    { rollback: { from: before.digest, rules } },
  );
  const { source } = stay.arrived.promotion;
  const claim: RecordClaim = {
    action: 'rollback',
    digest,
    verdict: verdict.digest,
    withdraws: before.digest,
    ...(source && { source }),
    ...(chosen.override && { override: chosen.override }),
    ...(context.actor !== undefined && { requestedBy: context.actor }),
    ...(reason !== undefined && { reason }),
  };
  if (manifests === undefined && before.manifests !== undefined) {
    const { repository: where, paths } = before.manifests;
    context.log.warning(
      `${paths.join(', ')} of ${where} keep naming ${before.digest}: this run was given no "manifests".`,
    );
  }
  const appending = { store, environment, policy, verifier, signer, state };
  const { done, id } = await mirrorDeployment(
    inputs.deployment === true
      ? {
          environment,
          source,
          description: `back to ${shortDigest(digest)}`,
          payload: { image: outputs.image, record: `${store.place}:${nextTag(appending, digest)}` },
          token: inputs['github-token'],
        }
      : undefined,
    context,
    () =>
      // With GitHub down the environment goes back all the same; the manifests are tried once more after it.
      recordMove(appending, subjects, claim, manifests, ({ message }) =>
        context.log.warning(`The record names no commit of the manifests: ${message}`),
      ),
  );
  const { record, landed } = done;
  return {
    outputs: {
      ...outputs,
      record: `${store.place}@${record.record}`,
      'manifests-url': landed?.url,
      'deployment-id': id,
    },
    summary: [
      plan,
      `Record ${formatCode(record.record)}, asked for by ${escapeMarkdown(context.actor ?? 'unknown')}: ${escapeMarkdown(reason ?? '')}`,
      ...(landed === undefined ? [] : [`Manifests: ${landed.line}`]),
    ].join('\n\n'),
  };
}

/** The policy, by GitHub's API; while that is down the one that the environment's newest record carries. */
async function findPolicy(
  inputs: RollbackInputs,
  signer: StatementSigner,
  context: RunContext,
): Promise<LoadedPolicy> {
  try {
    return await loadPolicy(inputs.policy, inputs, context);
  } catch (error) {
    if (!(error instanceof Unavailable) || inputs.repository === undefined) throw error;
    context.log.warning(
      `GitHub's API cannot be asked for the policy, so the one in the newest record counts: ${error.message}`,
    );
    const repository = parseRepository(inputs.repository);
    const store = openStore({ kind: 'registry', repository }, storeOptions(context, inputs['github-token']));
    const verifier = await openPolicyVerifier(undefined, inputs, context);
    return readRecordedPolicy({ ...inputs, store }, verifier, signer, context);
  }
}

/** Signs with a timestamp alone once the log was found down: that counts for a rollback, and for nothing else. */
function signWithoutLogIfDown(signer: StatementSigner, context: RunContext): StatementSigner {
  let log = true;
  return {
    ...signer,
    sign: async (statements) => {
      if (!log) return signer.sign(statements, { log });
      try {
        return await signer.sign(statements);
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        log = false;
        const bundles = await signer.sign(statements, { log });
        context.log.warning(
          `The record goes without a log entry, which counts for a rollback alone: ${error.message}`,
        );
        return bundles;
      }
    },
  };
}

/** The candidates in the order in which they are tried. One that was asked for is the only one. */
function findTargets(
  candidates: readonly Candidate[],
  { target, environment }: RollbackInputs,
  current: Digest,
): readonly Candidate[] {
  if (target === undefined) return candidates;
  if (target === current) throw new Refused(`${environment} holds ${target} already`);
  const found = candidates.filter(({ digest, steps }) => digest === target || steps === target);
  if (found.length > 0) return found;
  const steps = candidates.length;
  throw new Refused(
    typeof target === 'number'
      ? `${environment} held only ${steps} other image${steps === 1 ? '' : 's'} before`
      : `${environment} never held ${target}: only what was promoted is rolled back to`,
  );
}

/** What was found of the candidates that were looked at, in their order, and the first against which nothing speaks. */
interface Choice {
  readonly answers: ReadonlyMap<Digest, readonly string[]>;
  readonly chosen:
    | {
        readonly candidate: Candidate;
        readonly judged: JudgedCandidate;
        /** Break-glass, where it took a reason to let it. */
        readonly override: RecordClaim['override'];
      }
    | undefined;
}

/** Judges candidates one after the other until one may be used. Only what was asked for by name is worth breaking glass for. */
async function chooseCandidate(
  asked: readonly Candidate[],
  { judge }: Pick<Candidates, 'judge'>,
  inputs: RollbackInputs,
  known: Rules,
  context: RunContext,
): Promise<Choice> {
  const answers = new Map<Digest, readonly string[]>();
  for (const candidate of asked) {
    const { digest } = candidate;
    answers.set(digest, candidate.reasons);
    if (candidate.reasons.length > 0) continue;
    const judged = await judge(candidate);
    const reasons = judged.rules
      .filter(({ outcome }) => outcome === 'denied')
      .flatMap((rule) => rule.reasons.map((why) => formatReason(rule, why)));
    const glass =
      reasons.length > 0 && inputs.target !== undefined
        ? await breakGlass(
            { ...inputs, digest },
            { environment: inputs.environment, rules: judged.rules, reasons },
            known,
            context,
          )
        : undefined;
    const left = glass?.reasons ?? reasons;
    answers.set(digest, left);
    if (left.length === 0) return { answers, chosen: { candidate, judged, override: glass?.granted } };
  }
  return { answers, chosen: undefined };
}
