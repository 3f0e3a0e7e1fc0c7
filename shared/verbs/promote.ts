import { isDeepStrictEqual } from 'node:util';
import { parseEnvironmentName, pointerTag } from '../environment/tags.ts';
import type { VerifiedImage } from '../evidence/evidence.ts';
import type { Promotion } from '../evidence/promotion.ts';
import type { Trust } from '../evidence/trust.ts';
import type { RunContext } from '../github/context.ts';
import { mirrorDeployment } from '../github/deployment.ts';
import { type LoadedPolicy, loadPolicy } from '../github/policy.ts';
import { type Digest, shortDigest } from '../image/digest.ts';
import { formatImage, formatPlace, parseDigestReference } from '../image/reference.ts';
import { Invalid, Refused } from '../outcome/outcome.ts';
import type { StepResult } from '../outcome/result.ts';
import { trustOf } from '../policy/file.ts';
import { escapeMarkdown, formatCode, formatTable } from '../report/markdown.ts';
import { summarizeVerdict } from '../report/verdict.ts';
import { collectEvidence } from '../sigstore/collect.ts';
import type { SigningInputs } from '../sigstore/instance.ts';
import { openSigner } from '../sigstore/signer.ts';
import type { StatementVerifier } from '../sigstore/verifier.ts';
import { copyImage } from '../store/copy.ts';
import { openStore, storeOptions } from '../store/open.ts';
import type { Store } from '../store/store.ts';
import { listSubjects } from '../store/subjects.ts';
import type { RecordClaim } from './append.ts';
import { breakGlass } from './break-glass.ts';
import { type EnvironmentState, openEnvironment, placeOf, readEnvironment } from './environment.ts';
import { judgeImage, openPolicyVerifier, publishVerdict } from './judge.ts';
import { type LandedManifests, type ManifestsInputs, openManifests } from './manifests.ts';
import { completeMove, nextTag, recordMove } from './move.ts';

export interface PromoteInputs extends SigningInputs, ManifestsInputs {
  image?: string | undefined;
  environment: string;
  policy?: string | undefined;
  reason?: string | undefined;
  /** Names of rules and conditions. */
  'break-glass'?: readonly string[];
  /** Mirror it as a GitHub deployment. */
  deployment?: boolean | undefined;
  'github-token'?: string | undefined;
}

/**
 * Makes an image what an environment holds: judged, copied with all its evidence, verified where it arrived, recorded, and only then pointed at
 * and written into manifests.
 * Whatever fails before the record leaves the environment as it was; running it again completes or repeats nothing.
 */
export async function promote(inputs: PromoteInputs, context: RunContext): Promise<StepResult> {
  if (inputs.image === undefined) throw new Invalid('image', 'is required and was empty');
  const reference = parseDigestReference(inputs.image);
  const { digest } = reference;
  const { environment } = inputs;
  parseEnvironmentName(environment);
  const manifests = await openManifests(inputs, context);
  const policy = await loadPolicy(inputs.policy, inputs, context);
  const trust = trustOf(policy.file);
  const destination = openEnvironment(policy, environment, inputs['github-token'], context);
  const verifier = await openPolicyVerifier(policy, inputs, context);

  const before = await readEnvironment(destination, environment, verifier, policy);
  if (before.current === undefined && before.pointer !== undefined) {
    throw new Refused(
      `${destination.place}:${pointerTag(environment)} names ${before.pointer}, and no promotion is recorded: the records were removed, or the tag is not of this suite`,
      { hint: 'Find out who removed them, then delete the tag to begin anew.' },
    );
  }
  if (
    before.current?.promotion.digest === digest &&
    isSamePolicy(before.current.promotion.policy, policy) &&
    !isOver(before.current.promotion.override) &&
    !before.withdrawn.has(digest)
  ) {
    const { sequence } = before.current.promotion;
    context.log.info(`${environment} holds ${digest} already, by promotion ${sequence}.`);
    const standing = { store: destination, environment, policy, verifier, state: before };
    const landed = await completeMove(standing, before.current, manifests, context);
    return describeStanding(destination, before, sequence, landed);
  }

  const source = openStore(reference, storeOptions(context, inputs['github-token']));
  // Asked for before anything is judged: a job that may not sign is told at once, and so is one whose manifests are not there.
  const signer = await openSigner(inputs, context);
  const [image] = await Promise.all([
    listSubjects(source, digest),
    signer.claims(),
    manifests?.check(destination.place, digest),
  ]);
  const judgement = await judgeImage(
    { store: source, image, environment, policy, verifier, state: before, reason: inputs.reason, inputs },
    context,
  );
  // Beside the source, so that it travels with everything else.
  const verdict = await publishVerdict(judgement, source, image, signer);
  const page = summarizeVerdict(judgement);
  const override =
    judgement.decision === 'deny'
      ? await breakGlass({ ...inputs, digest }, judgement.verdict, policy.file.rules, context)
      : undefined;
  if (judgement.decision === 'deny' && override?.granted === undefined) {
    return {
      outcome: 'refused',
      reasons: override?.reasons ?? judgement.verdict.reasons,
      outputs: {
        image: formatImage(reference, digest),
        repository: formatPlace(reference),
        digest,
        previous: before.current?.promotion.digest ?? '',
      },
      summary: page,
    };
  }

  const appending = { store: destination, environment, policy, verifier, signer, state: before };
  const deliver = async () => {
    const { copied, mounted } = await copyImage(source, destination, digest, {
      referrers: true,
      check: true,
    });
    context.log.info(
      `Copied to ${destination.place}: ${copied} sent, ${mounted} taken over by the registry.`,
    );
    await verifyArrival(destination, judgement.evidence, verdict.digest, verifier, trust);

    if (isOver(override?.granted)) throw new Refused('break-glass ended before the image had arrived');
    const claim: RecordClaim = {
      action: 'promote',
      digest,
      verdict: verdict.digest,
      ...(judgement.source && { source: judgement.source }),
      ...(override?.granted && { override: override.granted }),
      ...(context.actor !== undefined && { requestedBy: context.actor }),
      ...(judgement.approvals.length > 0 && { approvedBy: [...judgement.approvals] }),
      ...(inputs.reason !== undefined && { reason: inputs.reason }),
    };
    const { state, record, landed } = await recordMove(appending, image, claim, manifests);
    return describeStanding(destination, state, record.promotion.sequence, landed);
  };
  const { done: result, id } = await mirrorDeployment(
    inputs.deployment === true
      ? {
          environment,
          source: judgement.source,
          description: `${shortDigest(digest)} by promotion ${before.standing.length + 1}`,
          payload: {
            image: `${destination.place}@${digest}`,
            record: `${destination.place}:${nextTag(appending, digest)}`,
          },
          token: inputs['github-token'],
        }
      : undefined,
    context,
    deliver,
  );
  return {
    ...result,
    outputs: { ...result.outputs, 'deployment-id': id },
    summary: `${page}\n\n${result.summary}`,
  };
}

/** Whether what stands was judged by this very policy; by any other it is judged anew. The same bytes elsewhere may name another trust root. */
function isSamePolicy(one: Promotion['policy'], other: Pick<LoadedPolicy, 'uri' | 'digest'>): boolean {
  return one.digest === other.digest && placeOf(one.uri) === placeOf(other.uri);
}

/** What was let in by break-glass is judged anew when its time is over. */
function isOver(override: Promotion['override']): boolean {
  return override !== undefined && Date.parse(override.until) < Date.now();
}

/** Everything that counted where the image came from, and the verdict, has to count where it arrived, by the same roles. */
async function verifyArrival(
  destination: Store,
  { digest, evidence }: VerifiedImage,
  verdict: Digest,
  verifier: StatementVerifier,
  trust: Trust,
): Promise<void> {
  const arrived = await collectEvidence(
    destination,
    await listSubjects(destination, digest),
    verifier,
    trust,
  );
  const explain = (source: Digest): string =>
    arrived.rejected.find((rejected) => rejected.source === source)?.reason ?? 'it is not there';
  const reasons = evidence.flatMap((one) => {
    // Not by the manifest around it: several signatures share one under cosign's tags, and where there are more of them it is another.
    const found = arrived.evidence.find(
      ({ signer, signedAt, statement }) =>
        signedAt === one.signedAt && isDeepStrictEqual([signer, statement], [one.signer, one.statement]),
    );
    const lost = one.roles.filter((role) => !found?.roles.includes(role));
    if (found === undefined)
      return [`${one.source} does not count at ${destination.place}: ${explain(one.source)}`];
    return lost.length === 0
      ? []
      : [`${one.source} does not count as ${lost.join(', ')} at ${destination.place}`];
  });
  if (!arrived.evidence.some(({ source }) => source === verdict)) {
    reasons.push(`${verdict} does not count at ${destination.place}: ${explain(verdict)}`);
  }
  if (reasons.length > 0) throw new Refused(reasons);
}

/** The result of a promotion that stands, whether it was made now or before. */
function describeStanding(
  destination: Store,
  state: EnvironmentState,
  sequence: number,
  landed: LandedManifests | undefined,
): StepResult & { summary: string } {
  const now = state.standing[sequence - 1];
  const before = state.stays[state.stays.findIndex(({ arrived }) => arrived === now) - 1]?.arrived;
  if (now === undefined) throw new Error(`promotion ${sequence} does not stand`);
  const { promotion, record, tag, signedAt } = now;
  return {
    outputs: {
      image: `${destination.place}@${promotion.digest}`,
      repository: destination.place,
      digest: promotion.digest,
      previous: before?.promotion.digest ?? '',
      record: `${destination.place}@${record}`,
      'manifests-url': landed?.url,
    },
    summary: [
      `### ${escapeMarkdown(promotion.environment)} holds ${formatCode(shortDigest(promotion.digest))}`,
      formatTable(
        ['', ''],
        [
          ['Image', formatCode(`${destination.place}@${promotion.digest}`)],
          ['Before', before ? formatCode(before.promotion.digest) : 'nothing'],
          ['Promotion', `${sequence}, ${formatCode(tag)}, signed ${signedAt ?? 'at an unproven time'}`],
          ['Record', formatCode(record)],
          ['Verdict', formatCode(promotion.verdict ?? '')],
          ['Policy', formatCode(promotion.policy.uri)],
          ['Asked for by', escapeMarkdown(promotion.requestedBy ?? 'unknown')],
          ['Reason', escapeMarkdown(promotion.reason ?? 'none was given')],
          ...(landed === undefined ? [] : [['Manifests', landed.line]]),
          ...(promotion.override === undefined
            ? []
            : [
                [
                  '⚠️ Break-glass',
                  `${promotion.override.rules.map((rule) => formatCode(rule)).join(', ')} waived, approved by ${promotion.override.approvedBy.map(({ by }) => escapeMarkdown(by)).join(', ')}; to be looked at before ${escapeMarkdown(promotion.override.followUp)}`,
                ],
              ]),
        ],
      ),
    ].join('\n\n'),
  };
}
