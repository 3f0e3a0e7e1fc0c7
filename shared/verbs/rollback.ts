import type { PromotionRecord } from '../environment/chain.ts';
import { parseEnvironmentName } from '../environment/tags.ts';
import type { RunContext } from '../github/context.ts';
import { mirrorDeployment } from '../github/deployment.ts';
import { type LoadedPolicy, loadPolicy } from '../github/policy.ts';
import { shortDigest } from '../image/digest.ts';
import { parseRepository, type Reference } from '../image/reference.ts';
import { Invalid, Refused, Unavailable } from '../outcome/outcome.ts';
import type { StepResult } from '../outcome/result.ts';
import { findEnvironment } from '../policy/file.ts';
import { escapeMarkdown, formatCode } from '../report/markdown.ts';
import { describeDone, describeRollback } from '../report/rollback.ts';
import type { SigningInputs } from '../sigstore/instance.ts';
import { openSigner, type StatementSigner } from '../sigstore/signer.ts';
import { openStore, storeOptions } from '../store/open.ts';
import type { RecordClaim } from './append.ts';
import { openCandidates } from './candidates.ts';
import { type Choice, type ChoiceInputs, chooseCandidate, findTargets } from './choice.ts';
import { type EnvironmentState, readEnvironment } from './environment.ts';
import { openPolicyVerifier, publishVerdict } from './judge.ts';
import { type ManifestsInputs, openManifests } from './manifests.ts';
import { completeMove, nextTag, recordMove } from './move.ts';
import { readRecordedPolicy } from './recorded-policy.ts';
import type { RescanInputs } from './rescan.ts';

export interface RollbackInputs extends SigningInputs, ManifestsInputs, RescanInputs, ChoiceInputs {
  /** The environment's, for when GitHub's API cannot be asked for the policy that names it. */
  readonly repository?: string | undefined;
  readonly policy?: string | undefined;
  readonly 'dry-run'?: boolean | undefined;
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
  const done = findDone(state, inputs, context);
  if (done !== undefined) {
    const { digest, withdraws, sequence } = done.promotion;
    context.log.info(`${environment} went back to ${digest} already, by record ${sequence}.`);
    const standing = { store, environment, policy, verifier, state };
    const landed = dryRun ? undefined : await completeMove(standing, done, manifests, context);
    return {
      outputs: {
        image: `${store.place}@${digest}`,
        repository: store.place,
        digest,
        from: withdraws,
        record: `${store.place}@${done.record}`,
        'manifests-url': landed?.url,
      },
      summary: describeDone(store.place, done, landed?.line),
    };
  }

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
  const { done: moved, id } = await mirrorDeployment(
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
  const { record, landed } = moved;
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

/**
 * The record by which what is asked for was done already: a rollback to the very digest, or one by an earlier attempt of this run. A job that is
 * run again because something failed after the record would otherwise go back once more.
 */
function findDone(
  { current, images, withdrawn }: EnvironmentState,
  { target }: RollbackInputs,
  { serverUrl, repository, runId, runAttempt }: RunContext,
): PromotionRecord | undefined {
  const { action, digest } = current?.promotion ?? {};
  if (current === undefined || digest === undefined || action !== 'rollback' || withdrawn.has(digest)) {
    return undefined;
  }
  if (typeof target === 'string') return target === digest ? current : undefined;
  const evidence = images.get(digest)?.evidence.find(({ source }) => source === current.record);
  const [run, attempt] = evidence?.signer.run?.split('/attempts/') ?? [];
  const isOwn = run === `${serverUrl}/${repository}/actions/runs/${runId}` && attempt !== runAttempt;
  return isOwn ? current : undefined;
}
