import { type Candidate, listCandidates } from '../environment/candidates.ts';
import { answerCondition } from '../environment/conditions.ts';
import { createEvaluator } from '../evaluator/evaluator.ts';
import type { VerifiedImage } from '../evidence/evidence.ts';
import type { RunContext } from '../github/context.ts';
import type { LoadedPolicy } from '../github/policy.ts';
import type { Digest } from '../image/digest.ts';
import type { Reference } from '../image/reference.ts';
import { Refused, Unavailable } from '../outcome/outcome.ts';
import { type Gathered, gatherFacts, type JudgedImage } from '../policy/facts.ts';
import { findEnvironment, trustOf } from '../policy/file.ts';
import { needsOf } from '../policy/rule.ts';
import type { RuleResult } from '../policy/verdict.ts';
import { type Comparison, compareFacts } from '../policy/worse.ts';
import { collectEvidence } from '../sigstore/collect.ts';
import type { StatementVerifier } from '../sigstore/verifier.ts';
import type { Store } from '../store/store.ts';
import { type ImageSubjects, listSubjects } from '../store/subjects.ts';
import type { EnvironmentState } from './environment.ts';
import { readJudgedImage } from './judge.ts';
import { bridgeScan, openRescanner, type RescanInputs, replaceScans } from './rescan.ts';

/** A candidate, judged beside what runs. */
export interface JudgedCandidate {
  readonly subjects: ImageSubjects;
  readonly evidence: VerifiedImage;
  readonly gathered: Gathered;
  readonly comparison: Comparison;
  /** What may be waived and what not, as a verdict tells it. */
  readonly rules: readonly RuleResult[];
}

/** What an environment can go back to. */
export interface Candidates {
  /** The newest first. */
  readonly all: readonly Candidate[];
  /** Judges one beside what runs, which is scanned and read once. */
  judge(candidate: Candidate): Promise<JudgedCandidate>;
  close(): Promise<void>;
}

/** The label by which an image says that nothing older runs after it: a schema was migrated, say. Whatever it says but `false` counts. */
const IRREVERSIBLE = 'io.github.hallmark-actions.irreversible';
/** So far back candidates are looked for. */
export const MOST_STAYS = 50;

/** Reads what an environment held, and gets ready to judge it by today's rules and a scan of this moment. */
export async function openCandidates(
  about: {
    readonly store: Store;
    readonly reference: Reference;
    readonly environment: string;
    readonly policy: LoadedPolicy;
    readonly verifier: StatementVerifier;
    readonly state: EnvironmentState;
    readonly current: Digest;
  },
  inputs: RescanInputs,
  context: RunContext,
): Promise<Candidates> {
  const { store, reference, environment, policy, verifier, current } = about;
  const stays = about.state.stays.slice(-MOST_STAYS);
  const images = await readImages(
    store,
    stays.map(({ arrived }) => arrived.promotion.digest),
  );
  const irreversible = [...images].filter(([, { judged }]) => isIrreversible(judged));
  const all = listCandidates({ ...about.state, stays }, new Set(irreversible.map(([digest]) => digest)));

  const trust = trustOf(policy.file);
  const known = policy.file.rules;
  const { rules } = findEnvironment(policy.file, environment);
  const asked = rules.flatMap((name) => known[name] ?? []);
  const needsScan = asked.some((rule) => needsOf(rule).includes('scan'));
  const rescanner = needsScan ? await openRescanner(asked, policy.file, inputs, context) : undefined;
  const evaluate = createEvaluator();

  const gather = async (digest: Digest) => {
    const image = images.get(digest);
    if (image === undefined) throw new Error(`${digest} was never in ${environment}`);
    const { subjects, judged } = image;
    const [evidence, scans] = await Promise.all([
      collectEvidence(store, subjects, verifier, trust),
      rescanner?.scan({ store, reference, subjects }).catch((error: unknown) => {
        if (!(error instanceof Unavailable)) throw error;
        context.log.warning(`Nothing can be scanned now, so the last attested scan counts: ${error.message}`);
        return undefined;
      }),
    ]);
    const seen = scans === undefined ? evidence : replaceScans(evidence, scans);
    const excepting = { exceptions: policy.exceptions, environment };
    const gathered = gatherFacts(judged, seen, trust, new Date(), excepting);
    const usable = needsScan && scans === undefined ? bridgeScan(gathered, inputs) : gathered;
    return { subjects, evidence, gathered: usable };
  };
  const gatherRunning = () =>
    gather(current).catch((error: unknown) => {
      if (!(error instanceof Refused)) throw error;
      context.log.warning(
        `What runs cannot be read, so everything counts against what it is compared with: ${error.message}`,
      );
      return undefined;
    });
  let running: ReturnType<typeof gatherRunning> | undefined;
  return {
    all,
    judge: async ({ digest, crosses }) => {
      running ??= gatherRunning();
      const beside = (await running)?.gathered;
      const read = await gather(digest);
      const place = { name: environment, rules };
      const comparison = await compareFacts(known, place, read.gathered, beside, evaluate);
      const floor = answerCondition(
        'floor',
        crosses === undefined ? [] : [`${crosses} came after it and says that nothing older runs after it`],
      );
      return { ...read, comparison, rules: [floor, ...comparison.rules] };
    },
    close: async () => rescanner?.close(),
  };
}

interface ReadImage {
  readonly subjects: ImageSubjects;
  readonly judged: JudgedImage;
}

/** Each image once, all at the same time. One that cannot be read stops everything: nobody knows what it says of itself. */
async function readImages(store: Store, digests: readonly Digest[]): Promise<Map<Digest, ReadImage>> {
  const read = [...new Set(digests)].map(async (digest): Promise<[Digest, ReadImage]> => {
    const subjects = await listSubjects(store, digest);
    return [digest, { subjects, judged: await readJudgedImage(store, subjects) }];
  });
  return new Map(await Promise.all(read));
}

/** Whether an image says of itself that nothing older runs after it. */
export function isIrreversible({ platforms }: JudgedImage): boolean {
  return platforms.some(({ config: { config } }) => (config?.Labels?.[IRREVERSIBLE] ?? 'false') !== 'false');
}
