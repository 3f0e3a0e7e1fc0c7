import { createEvaluator } from '../evaluator/evaluator.ts';
import type { VerifiedImage } from '../evidence/evidence.ts';
import { isMove } from '../evidence/promotion.ts';
import type { RunContext } from '../github/context.ts';
import { type LoadedPolicy, loadDraft } from '../github/policy.ts';
import { type Digest, shortDigest } from '../image/digest.ts';
import { Invalid } from '../outcome/outcome.ts';
import type { StepResult } from '../outcome/result.ts';
import { type CaseResult, judgeCase, readCases } from '../policy/cases.ts';
import { gatherFacts } from '../policy/facts.ts';
import { findEnvironment, trustOf } from '../policy/file.ts';
import { judgeFacts, OBSERVED } from '../policy/judge.ts';
import { variablesOf } from '../policy/rule.ts';
import type { Verdict } from '../policy/verdict.ts';
import { escapeMarkdown, formatCode, formatTable } from '../report/markdown.ts';
import { collectEvidence } from '../sigstore/collect.ts';
import type { SigningInputs } from '../sigstore/instance.ts';
import { mapParallel } from '../store/parallel.ts';
import type { Store } from '../store/store.ts';
import { listSubjects } from '../store/subjects.ts';
import { readInputFile } from '../workspace/file.ts';
import { openEnvironment, readEnvironment } from './environment.ts';
import { openPolicyVerifier, readJudgedImage } from './judge.ts';

export interface RehearseInputs extends Pick<SigningInputs, 'sigstore' | 'trusted-root'> {
  readonly policy: string;
  readonly cases?: string | undefined;
  readonly environment?: string | undefined;
  /** Seconds. */
  readonly since?: number | undefined;
  readonly 'github-token'?: string | undefined;
}

/** A promotion, judged again as of when it was made. */
interface Replayed {
  readonly digest: Digest;
  readonly at: string;
  readonly verdict: Verdict;
}

const MAX_LENGTH = 1024 * 1024;
const DAYS_30 = 30 * 86_400;

/**
 * Tests the policy of a workspace: by its cases, and by judging again what was promoted lately. Advice: it is the pull request's own policy,
 * nothing is signed and no gate reads the result. A case that is not met is `refused`; a promotion that would have been denied is shown.
 */
export async function rehearse(inputs: RehearseInputs, context: RunContext): Promise<StepResult> {
  const { environment } = inputs;
  if (inputs.cases === undefined && environment === undefined) {
    throw new Invalid('cases', 'or "environment" is to be given: there is nothing to test the policy by');
  }
  const policy = await loadDraft(inputs.policy, inputs, context);
  const results = inputs.cases === undefined ? [] : await judgeCases(inputs.cases, policy, context);
  const store = environment && openEnvironment(policy, environment, inputs['github-token'], context);
  const replayed =
    store && environment ? await replay({ store, environment, policy, inputs }, context) : undefined;
  const reasons = results.flatMap(({ name, environment: of, fault }) =>
    fault === undefined ? [] : [`${name} (${of}): ${fault}`],
  );
  const denied = (replayed ?? []).filter(({ verdict }) => verdict.decision === 'deny');
  for (const { digest, at, verdict } of denied) {
    context.log.warning(
      `${digest}, promoted to ${environment} at ${at}, would be denied:\n${verdict.reasons.join('\n')}`,
    );
  }
  return {
    ...(reasons.length > 0 && { outcome: 'refused' as const, reasons }),
    outputs: {
      repository: store ? store.place : undefined,
      failed: reasons.length,
      denied: denied.length,
    },
    summary: summarize(policy, results, environment, replayed),
  };
}

async function judgeCases(path: string, policy: LoadedPolicy, context: RunContext): Promise<CaseResult[]> {
  const text = (await readInputFile(path, 'cases', context, MAX_LENGTH)).toString();
  const now = new Date();
  const results: CaseResult[] = [];
  const evaluate = createEvaluator();
  // One after the other: each has a worker of its own.
  for (const one of readCases(text, path, policy.file, now)) {
    results.push(await judgeCase(one, policy.file, evaluate, now));
  }
  return results;
}

async function replay(
  about: { store: Store; environment: string; policy: LoadedPolicy; inputs: RehearseInputs },
  context: RunContext,
): Promise<Replayed[]> {
  const { store, environment, policy, inputs } = about;
  const { since = DAYS_30 } = inputs;
  const verifier = await openPolicyVerifier(policy, inputs, context);
  const state = await readEnvironment(store, environment, verifier, policy);
  const oldest = new Date(Date.now() - since * 1000).toISOString();
  const moves = state.standing.flatMap(({ promotion, signedAt }) =>
    isMove(promotion.action) && signedAt !== undefined && signedAt >= oldest
      ? [{ digest: promotion.digest, at: signedAt }]
      : [],
  );
  const trust = trustOf(policy.file);
  const known = policy.file.rules;
  // What a gate saw then is recorded and not signed by anybody else: rules about it are not judged again.
  const rules = findEnvironment(policy.file, environment).rules.filter((name) => {
    const rule = known[name];
    return rule === undefined || !variablesOf(rule).some((one) => OBSERVED.some((other) => other === one));
  });
  const evaluate = createEvaluator();
  return mapParallel(moves, 4, async ({ digest, at }) => {
    const image = await listSubjects(store, digest);
    const evidence = asOf(await collectEvidence(store, image, verifier, trust), at);
    const judged = await readJudgedImage(store, image);
    const excepting = { exceptions: policy.exceptions, environment };
    const gathered = gatherFacts(judged, evidence, trust, new Date(at), excepting);
    const verdict = await judgeFacts(known, { name: environment, rules }, gathered, evaluate);
    return { digest, at, verdict };
  });
}

/** What was there at a time. Evidence that proves none was, for all that is known. */
function asOf(known: VerifiedImage, at: string): VerifiedImage {
  const evidence = known.evidence.filter(({ signedAt }) => signedAt === undefined || signedAt <= at);
  return { ...known, evidence };
}

function summarize(
  policy: LoadedPolicy,
  results: readonly CaseResult[],
  environment: string | undefined,
  replayed: readonly Replayed[] | undefined,
): string {
  const failed = results.filter(({ fault }) => fault !== undefined);
  const denied = (replayed ?? []).filter(({ verdict }) => verdict.decision === 'deny');
  const parts = [`### Rehearsal of ${formatCode(policy.uri)}`];
  if (results.length > 0) {
    parts.push(`${results.length - failed.length} of ${results.length} cases are met.`);
    const rows = failed.map(({ name, fault = '' }) => [escapeMarkdown(name), escapeMarkdown(fault)]);
    if (rows.length > 0) parts.push(formatTable(['Case', 'What is otherwise'], rows.slice(0, 100)));
  }
  if (replayed !== undefined) {
    const name = formatCode(environment ?? '');
    parts.push(
      `Of ${replayed.length} promotions to ${name}, this policy would have denied ${denied.length}.`,
    );
    const rows = denied.map(({ digest, at, verdict }) => [
      formatCode(shortDigest(digest)),
      escapeMarkdown(at),
      verdict.reasons.map((reason) => escapeMarkdown(reason, 300)).join('; '),
    ]);
    if (rows.length > 0) parts.push(formatTable(['Image', 'Promoted', 'Why not'], rows.slice(0, 100)));
  }
  return parts.join('\n\n');
}
