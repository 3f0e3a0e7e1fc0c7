import { judgeConditions } from '../environment/conditions.ts';
import { measureStay } from '../environment/history.ts';
import type { Approval } from '../evidence/promotion.ts';
import { readVerdict } from '../evidence/verdict.ts';
import { explainAncestry, type Source } from '../github/ancestry.ts';
import { openGithub } from '../github/api.ts';
import { readApprovals } from '../github/approvals.ts';
import type { RunContext } from '../github/context.ts';
import type { LoadedPolicy } from '../github/policy.ts';
import type { Digest } from '../image/digest.ts';
import { findEnvironment, trustOf } from '../policy/file.ts';
import type { Observation } from '../policy/judge.ts';
import { collectEvidence } from '../sigstore/collect.ts';
import type { StatementVerifier } from '../sigstore/verifier.ts';
import type { Store } from '../store/store.ts';
import { listSubjects } from '../store/subjects.ts';
import { type EnvironmentState, openEnvironment, placeOf, readEnvironment } from './environment.ts';

export interface ConditionsRequest {
  readonly environment: string;
  readonly policy: LoadedPolicy;
  readonly verifier: StatementVerifier;
  readonly digest: Digest;
  /** What the image was built from, by its provenance. */
  readonly source: Promise<Source | undefined>;
  /** The environment as it was read already. */
  readonly state?: EnvironmentState | undefined;
  readonly reason?: string | undefined;
  readonly token?: string | undefined;
  readonly now: Date;
}

/** What was looked at beside evidence: the facts, the answers, and who approved. */
export interface ObservedConditions extends Observation {
  readonly approvals: readonly Approval[];
}

/**
 * Looks at everything that an environment asks beside its rules: its own records, those of the environment before, approvals, the commits.
 * What cannot be read is `Unavailable`; an environment whose records do not hold is `Refused`.
 */
export async function observeConditions(
  request: ConditionsRequest,
  context: RunContext,
): Promise<ObservedConditions> {
  const { environment, policy, digest, token, now } = request;
  const wanted = findEnvironment(policy.file, environment);
  const [history, earlier, { approvals, discounted }] = await Promise.all([
    request.state ?? readNamed(environment, request, context).then(({ read }) => read),
    wanted.after === undefined ? undefined : readEarlier(wanted.after, request, context),
    wanted.approvals === undefined
      ? { approvals: [], discounted: [] }
      : openGithub(token, context).then(async (github) =>
          readApprovals(github, { digest, environment, source: await request.source }, context),
        ),
  ]);
  const running = history.current?.promotion;
  const ancestryFault =
    running === undefined || running.digest === digest
      ? undefined
      : await findAncestryFault(running.source, await request.source, token, context);
  const conditions = judgeConditions(wanted, {
    now,
    digest,
    history,
    ...(earlier && { earlier }),
    approvals,
    discounted,
    ancestryFault,
  });
  const soaked = (earlier && measureStay(earlier.history, digest, now)) ?? 0;
  return {
    conditions,
    approvals,
    facts: {
      approvals: approvals.map(({ by, at, how }) => ({ by, at: new Date(at), how })),
      promotion: {
        environment,
        current: running?.digest ?? '',
        soaked: BigInt(Math.floor(soaked / 1000)),
        requestedBy: context.actor ?? '',
        reason: request.reason ?? '',
      },
    },
  };
}

async function readNamed(
  name: string,
  { policy, verifier, token }: ConditionsRequest,
  context: RunContext,
): Promise<{ store: Store; read: EnvironmentState }> {
  const store = openEnvironment(policy, name, token, context);
  return { store, read: await readEnvironment(store, name, verifier, policy) };
}

/** The environment before, and whether the verdict that brought the image there counts. */
async function readEarlier(
  name: string,
  request: ConditionsRequest,
  context: RunContext,
): Promise<{ history: EnvironmentState; verdictFault: string | undefined }> {
  const { digest, verifier, policy } = request;
  const { store, read: history } = await readNamed(name, request, context);
  const { promotion } =
    history.stays.findLast(({ arrived }) => arrived.promotion.digest === digest)?.arrived ?? {};
  if (promotion?.verdict === undefined) return { history, verdictFault: undefined };
  const image = await listSubjects(store, digest);
  const { evidence, rejected } = await collectEvidence(store, image, verifier, {
    gate: trustOf(policy.file).gate ?? [],
    distrust: policy.file.distrust,
  });
  const source = promotion.verdict;
  const found = evidence.find((one) => one.kind === 'verdict' && one.source === source);
  const verdict = found && readVerdict(found.statement.predicate);
  const why = rejected.find((one) => one.source === source)?.reason ?? 'it is not there';
  if (verdict === undefined) {
    return { history, verdictFault: `the verdict that let it into ${name} does not count: ${why}` };
  }
  return { history, verdictFault: explainVerdict(verdict, name, store, request) };
}

function explainVerdict(
  verdict: NonNullable<ReturnType<typeof readVerdict>>,
  name: string,
  store: Store,
  { digest, policy }: ConditionsRequest,
): string | undefined {
  if (verdict.verificationResult !== 'PASSED')
    return `the verdict of ${name} is ${verdict.verificationResult}`;
  const resource = `${store.place}@${digest}`;
  if (verdict.resourceUri !== resource) {
    return `the verdict of ${name} is about ${verdict.resourceUri}, not ${resource}`;
  }
  const [uri = '', environment] = verdict.policy.uri.split('#');
  const server = policy.address.slice(0, -policy.uri.length);
  const places = [placeOf(policy.uri), ...policy.file['moved-from']].map((place) => `${server}${place}`);
  if (environment !== name || !places.includes(placeOf(uri))) {
    return `the verdict of ${name} is by ${verdict.policy.uri}, not by ${places.join(' or ')}#${name}`;
  }
  return undefined;
}

async function findAncestryFault(
  running: Source | undefined,
  next: Source | undefined,
  token: string | undefined,
  context: RunContext,
): Promise<string | undefined> {
  // The policy that let it in asked for no provenance: there is nothing to descend from.
  if (running === undefined) return undefined;
  if (next === undefined) return 'no verified provenance says which commit it was built from';
  return explainAncestry(await openGithub(token, context), running, next, context.serverUrl);
}
