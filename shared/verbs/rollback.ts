import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Candidate, listCandidates } from '../environment/candidates.ts';
import { isEnvironmentName, recordTag } from '../environment/tags.ts';
import { createEvaluator } from '../evaluator/evaluator.ts';
import type { Evidence, VerifiedImage } from '../evidence/evidence.ts';
import { PREDICATE_TYPES } from '../evidence/predicate.ts';
import { buildScanPredicate, type ScanResult } from '../evidence/scan.ts';
import type { Scanner } from '../evidence/severity.ts';
import { STATEMENT_TYPE } from '../evidence/statement.ts';
import type { RunContext } from '../github/context.ts';
import { mirrorDeployment } from '../github/deployment.ts';
import { type LoadedPolicy, loadPolicy } from '../github/policy.ts';
import { type Digest, shortDigest } from '../image/digest.ts';
import { parseRepository, type Reference } from '../image/reference.ts';
import { Invalid, Refused, Unavailable } from '../outcome/outcome.ts';
import type { StepResult } from '../outcome/result.ts';
import { type Gathered, gatherFacts, type JudgedImage } from '../policy/facts.ts';
import { findEnvironment, type PolicyEnvironment, trustOf } from '../policy/file.ts';
import { needsOf, type Rule, variablesOf } from '../policy/rule.ts';
import { formatReason, type RuleResult } from '../policy/verdict.ts';
import { type Comparison, compareFacts } from '../policy/worse.ts';
import { escapeMarkdown, formatCode, formatTable } from '../report/markdown.ts';
import { collectEvidence } from '../sigstore/collect.ts';
import { openSigner, type SigningInputs, type StatementSigner } from '../sigstore/signer.ts';
import { digestOf } from '../store/hash.ts';
import { openStore, storeOptions } from '../store/open.ts';
import type { Store } from '../store/store.ts';
import { type ImageSubjects, listSubjects } from '../store/subjects.ts';
import { readAdditions } from './additions.ts';
import { type AnalysisInputs, analysePlatforms, prepareTools } from './analysis.ts';
import { breakGlass } from './break-glass.ts';
import {
  appendRecord,
  type EnvironmentState,
  isCurrent,
  type RecordClaim,
  readEnvironment,
} from './environment.ts';
import { openPolicyVerifier, publishVerdict, readJudgedImage } from './judge.ts';
import { type ManifestsInputs, moveOf, openManifests } from './manifests.ts';
import { readRecordedPolicy } from './recorded-policy.ts';
import type { Trusted } from './trusted.ts';

export interface RollbackInputs extends SigningInputs, ManifestsInputs, Omit<AnalysisInputs, 'scanners'> {
  readonly environment: string;
  /** The environment's, for when GitHub's API cannot be asked for the policy that names it. */
  readonly repository?: string | undefined;
  /** A digest, or how many images back; undefined: the newest that may be used. */
  readonly target?: Digest | number | undefined;
  readonly reason?: string | undefined;
  readonly policy?: string | undefined;
  readonly 'dry-run'?: boolean | undefined;
  /** Seconds: how old an attested scan may be when nothing can be scanned now. */
  readonly 'max-scan-age'?: number | undefined;
  readonly 'break-glass'?: readonly string[];
  /** Mirror it as a GitHub deployment. */
  readonly deployment?: boolean | undefined;
  /** Path of CISA's catalogue, for rules about what is known to be exploited. */
  readonly kev?: string | undefined;
  readonly 'github-token'?: string | undefined;
}

/** The label by which an image says that nothing older runs after it: a schema was migrated, say. Whatever it says but `false` counts. */
const IRREVERSIBLE = 'io.github.hallmark-actions.irreversible';
/** So far back candidates are looked for. */
const MOST_STAYS = 50;
const SCAN_AGE = 7 * 86_400;

/** A candidate with the answer to it. */
interface Considered {
  readonly candidate: Candidate;
  readonly reasons: readonly string[];
  readonly judged?: Judged | undefined;
}

interface Judged {
  readonly subjects: ImageSubjects;
  readonly evidence: VerifiedImage;
  readonly gathered: Gathered;
  readonly comparison: Comparison;
  /** What may be waived and what not, as a verdict tells it. */
  readonly rules: readonly RuleResult[];
}

/**
 * Makes an environment hold an image again that it held before: the one that is asked for, or the newest that may be used. Judged by the rules
 * after a fresh scan, and vetoed only by what is worse than what runs. Soak, approvals, freezes and holds do not stop it; the image that it
 * leaves is withdrawn, and manifests name what it goes back to. Nothing is copied: what was promoted is there.
 */
export async function rollback(inputs: RollbackInputs, context: RunContext): Promise<StepResult> {
  const { environment, reason } = inputs;
  const dryRun = inputs['dry-run'] === true;
  if (!isEnvironmentName(environment)) {
    throw new Invalid('environment', 'may hold up to 40 lower-case letters, digits and "-", as in prod');
  }
  if (reason === undefined && !dryRun) {
    throw new Invalid('reason', 'is required: whoever reads the record will ask why');
  }
  const manifests = await openManifests(inputs, context);
  const opened = await openSigner(inputs, context);
  const policy = await findPolicy(inputs, opened, context);
  const wanted = findEnvironment(policy.file, environment);
  const repository = parseRepository(wanted.repository);
  const reference: Reference = { kind: 'registry', repository };
  const store = openStore(reference, storeOptions(context, inputs['github-token']));
  const verifier = await openPolicyVerifier(policy, inputs, context);
  const trusted = { policy, verifier };
  const signer = dryRun ? undefined : signWithoutLogIfDown(opened, context);
  const [state] = await Promise.all([
    readEnvironment(store, environment, verifier, policy),
    signer?.claims(),
  ]);
  const { current } = state;
  if (current === undefined)
    throw new Refused(`${environment} holds no image: there is nothing to go back from`);

  const irreversible = await findIrreversible(store, state);
  const candidates = listCandidates({ ...state, stays: state.stays.slice(-MOST_STAYS) }, irreversible);
  const asked = chooseCandidates(candidates, inputs, current.promotion.digest);
  const judge = await openJudge(
    { store, reference, wanted, current: current.promotion.digest },
    trusted,
    inputs,
    context,
  );
  const considered: Considered[] = [];
  let override: Awaited<ReturnType<typeof breakGlass>>;
  let chosen: (Considered & { judged: Judged }) | undefined;
  for (const candidate of asked) {
    const judged = candidate.reasons.length > 0 ? undefined : await judge(candidate);
    const denied = judged?.rules.filter(({ outcome }) => outcome === 'denied') ?? [];
    let reasons = [
      ...candidate.reasons,
      ...denied.flatMap((rule) => rule.reasons.map((why) => formatReason(rule, why))),
    ];
    if (judged !== undefined && reasons.length > 0 && inputs.target !== undefined) {
      const verdict = { environment, rules: judged.rules, reasons };
      const { digest } = candidate;
      override = await breakGlass({ ...inputs, digest }, verdict, policy.file.rules, context);
      reasons = [...(override?.reasons ?? reasons)];
    }
    considered.push({ candidate, reasons, judged });
    if (judged !== undefined && reasons.length === 0) {
      chosen = { candidate, reasons, judged };
      break;
    }
  }
  const plan = describePlan(
    store,
    environment,
    current.promotion.digest,
    candidates,
    considered,
    chosen?.candidate,
  );
  if (chosen === undefined) {
    const reasons = considered.flatMap(({ candidate, reasons: all }) =>
      all.map((why) => `${shortDigest(candidate.digest)}: ${why}`),
    );
    return {
      outcome: 'refused',
      reasons: reasons.length > 0 ? reasons : [`${environment} never held another image`],
      outputs: { from: current.promotion.digest, digest: current.promotion.digest },
      summary: plan,
    };
  }
  const { digest } = chosen.candidate;
  const outputs = {
    image: `${store.place}@${digest}`,
    repository: store.place,
    digest,
    from: current.promotion.digest,
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
    { rollback: { from: current.promotion.digest, rules } },
  );
  const { source } = chosen.candidate.stay.arrived.promotion;
  const claim: RecordClaim = {
    action: 'rollback',
    digest,
    verdict: verdict.digest,
    withdraws: current.promotion.digest,
    ...(source && { source }),
    ...(override?.granted && { override: override.granted }),
    ...(context.actor !== undefined && { requestedBy: context.actor }),
    ...(reason !== undefined && { reason }),
  };
  const tag = recordTag(environment, state.standing.length + 1, digest);
  const move = moveOf({ place: store.place, environment, tag }, claim, current.promotion);
  if (manifests === undefined && current.promotion.manifests !== undefined) {
    const { repository: where, paths } = current.promotion.manifests;
    context.log.warning(
      `${paths.join(', ')} of ${where} keep naming ${current.promotion.digest}: this run was given no "manifests".`,
    );
  }
  const { done, id } = await mirrorDeployment(
    inputs.deployment === true
      ? {
          environment,
          source,
          description: `back to ${shortDigest(digest)}`,
          payload: { image: outputs.image, record: `${store.place}:${tag}` },
          token: inputs['github-token'],
        }
      : undefined,
    context,
    async () => {
      // With GitHub down the environment goes back all the same; the manifests are tried once more after it.
      const written = await manifests?.prepare(move).catch((error: unknown) => {
        if (!(error instanceof Unavailable)) throw error;
        context.log.warning(`The record names no commit of the manifests: ${error.message}`);
        return undefined;
      });
      const { record } = await appendRecord(
        { store, environment, policy, verifier, signer, state },
        subjects,
        { ...claim, ...(written && { manifests: written }) },
      );
      const landed = await manifests?.land(move, record.promotion.manifests, () =>
        isCurrent(store, environment, verifier, policy, digest),
      );
      return { record, landed };
    },
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
function chooseCandidates(
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

/** The images among the last stays that nothing older runs after. */
async function findIrreversible(store: Store, { stays }: EnvironmentState): Promise<Set<Digest>> {
  const digests = [...new Set(stays.slice(-MOST_STAYS).map(({ arrived }) => arrived.promotion.digest))];
  const read = await Promise.all(
    digests.map(async (digest) => {
      const { platforms } = await readJudgedImage(store, await listSubjects(store, digest));
      return platforms.some(
        ({ config: { config } }) => (config?.Labels?.[IRREVERSIBLE] ?? 'false') !== 'false',
      );
    }),
  );
  return new Set(digests.filter((_, at) => read[at]));
}

/** Judges candidates beside what runs. What runs is read and scanned once. */
async function openJudge(
  about: { store: Store; reference: Reference; wanted: PolicyEnvironment; current: Digest },
  { policy, verifier }: Trusted,
  inputs: RollbackInputs,
  context: RunContext,
): Promise<(candidate: Candidate) => Promise<Judged>> {
  const { store, reference, wanted, current } = about;
  const { environment } = inputs;
  const trust = trustOf(policy.file);
  const rules = policy.file.rules;
  const asked = wanted.rules.flatMap((name) => rules[name] ?? []);
  const needsScan = asked.some((rule) => needsOf(rule).includes('scan'));
  const scanners = chooseScanners(asked);
  const gather = async (digest: Digest) => {
    const subjects = await listSubjects(store, digest);
    const [evidence, judged, scans] = await Promise.all([
      collectEvidence(store, subjects, await verifier, trust),
      readJudgedImage(store, subjects),
      needsScan ? scanNow({ store, reference, subjects }, { ...inputs, scanners }, context) : undefined,
    ]);
    const known = scans === undefined ? evidence : replaceScans(evidence, scans);
    const gathered = gatherFacts(judged, known, trust, new Date(), {
      exceptions: policy.exceptions,
      environment,
    });
    const usable = needsScan && scans === undefined ? bridgeScan(gathered, judged, inputs) : gathered;
    return { subjects, evidence, gathered: usable };
  };
  const running = await gather(current).catch((error: unknown) => {
    if (!(error instanceof Refused)) throw error;
    context.log.warning(
      `What runs cannot be read, so everything counts against what it is compared with: ${error.message}`,
    );
    return undefined;
  });
  return async ({ digest, crosses }) => {
    const read = await gather(digest);
    const comparison = await compareFacts(
      rules,
      { name: environment, rules: wanted.rules },
      read.gathered,
      running?.gathered,
      createEvaluator(),
    );
    const floor: RuleResult = {
      name: 'floor',
      title: 'Goes not back behind what cannot be undone',
      outcome: crosses === undefined ? 'passed' : 'denied',
      reasons:
        crosses === undefined ? [] : [`${crosses} came after it and says that nothing older runs after it`],
    };
    return { ...read, comparison, rules: [floor, ...comparison.rules] };
  };
}

/** Of what was not looked for no rule can say that there is none. */
function chooseScanners(rules: readonly Rule[]): Scanner[] {
  const names = new Set(rules.flatMap(variablesOf));
  return [
    'vuln',
    'secret',
    ...(names.has('misconfigurations') ? (['misconfig'] as const) : []),
    ...(names.has('licences') ? (['license'] as const) : []),
  ];
}

/** A scan of this moment; undefined, with a warning, where nothing can be scanned. */
async function scanNow(
  image: { store: Store; reference: Reference; subjects: ImageSubjects },
  inputs: RollbackInputs & AnalysisInputs,
  context: RunContext,
): Promise<ScanResult[] | undefined> {
  const { scanners } = inputs;
  const add = await readAdditions({ reports: [], kev: inputs.kev }, [], context);
  await mkdir(context.temp, { recursive: true });
  const work = await mkdtemp(join(context.temp, 'hallmark-rollback-'));
  try {
    const tools = prepareTools(inputs, work, storeOptions(context, inputs['github-token']), context);
    const analysed = await analysePlatforms(image, {
      ...{ tools, work, reports: join(work, 'reports'), scanners, formats: [], add, context },
    });
    return analysed.map(({ scan }) => scan);
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    context.log.warning(`Nothing can be scanned now, so the last attested scan counts: ${error.message}`);
    return undefined;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Evidence with this step's own scan in the place of the attested ones. */
function replaceScans(found: VerifiedImage, scans: readonly ScanResult[]): VerifiedImage {
  const observed = scans.map((scan): Evidence => {
    const predicate = buildScanPredicate(scan);
    return {
      kind: 'scan',
      roles: ['scanner'],
      subjects: [scan.manifest],
      source: digestOf(JSON.stringify(predicate)),
      statement: { _type: STATEMENT_TYPE, subject: [], predicateType: PREDICATE_TYPES.scan[0], predicate },
      signer: {},
      signedAt: undefined,
      logIndex: undefined,
    };
  });
  return { ...found, evidence: [...found.evidence.filter(({ kind }) => kind !== 'scan'), ...observed] };
}

/**
 * With the scanner down an attested scan counts as if it were of now, as long as it is no older than `max-scan-age`: that limit stands in the
 * place of rules about its age. An older one is `Unavailable`.
 */
function bridgeScan(gathered: Gathered, image: JudgedImage, inputs: RollbackInputs): Gathered {
  const { scan, now } = gathered.facts;
  if (scan === undefined) return gathered;
  const { scannedAt } = scan as { scannedAt: Date };
  // All times by the same: a database that was old already when it was used stays so.
  const moved = Object.entries(scan).map(([name, time]: [string, Date]) => [
    name,
    new Date(time.getTime() + now.getTime() - scannedAt.getTime()),
  ]);
  const limit = inputs['max-scan-age'] ?? SCAN_AGE;
  const age = (now.getTime() - scannedAt.getTime()) / 1000;
  if (!(age <= limit)) {
    throw new Unavailable(
      `nothing can be scanned now, and the last attested scan of ${image.digest} is ${Math.round(age / 3600)} hours old`,
      { hint: 'Run it again when the scanner is back, or allow an older scan with "max-scan-age".' },
    );
  }
  return {
    ...gathered,
    facts: { ...gathered.facts, scan: Object.fromEntries(moved) },
  };
}

/** Every candidate with its answer, the chosen one first to see. */
function describePlan(
  store: Store,
  environment: string,
  current: Digest,
  candidates: readonly Candidate[],
  considered: readonly Considered[],
  chosen: Candidate | undefined,
): string {
  const title =
    chosen === undefined
      ? `⛔ ${escapeMarkdown(environment)} has nothing to go back to`
      : `↩️ ${escapeMarkdown(environment)} goes back to ${formatCode(shortDigest(chosen.digest))}`;
  const answers = new Map(considered.map(({ candidate, reasons }) => [candidate.digest, reasons]));
  const rows = candidates.map(({ digest, steps, stay, reasons }) => {
    const said = answers.get(digest) ?? reasons;
    const looked = answers.has(digest) || reasons.length > 0;
    const answer =
      digest === chosen?.digest
        ? '✅ goes back to this'
        : looked
          ? said.map((one) => escapeMarkdown(one)).join('<br>')
          : 'not looked at';
    const { reason, sequence } = stay.arrived.promotion;
    return [
      String(steps),
      formatCode(shortDigest(digest)),
      `${sequence}, ${escapeMarkdown(stay.arrived.signedAt ?? 'not known')}`,
      escapeMarkdown(reason ?? ''),
      answer,
    ];
  });
  return [
    `### ${title}`,
    `It holds ${formatCode(`${store.place}@${current}`)}, which is withdrawn by going back.`,
    formatTable(['Back', 'Image', 'Promotion', 'Reason then', 'Now'], rows),
  ].join('\n\n');
}
