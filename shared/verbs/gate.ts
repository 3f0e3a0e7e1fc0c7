import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnvironmentName } from '../environment/tags.ts';
import { createEvaluator } from '../evaluator/evaluator.ts';
import { readBuiltInRules } from '../evaluator/rules.ts';
import type { Evidence, VerifiedImage } from '../evidence/evidence.ts';
import { kindOfPredicate, ROLES, ROLES_OF } from '../evidence/predicate.ts';
import { STATEMENT_TYPE } from '../evidence/statement.ts';
import type { Trust } from '../evidence/trust.ts';
import type { RunContext } from '../github/context.ts';
import { type LoadedPolicy, loadPolicy } from '../github/policy.ts';
import { type DigestReference, formatImage, formatPlace, parseDigestReference } from '../image/reference.ts';
import { Invalid } from '../outcome/outcome.ts';
import type { StepResult } from '../outcome/result.ts';
import { type Facts, gatherFacts } from '../policy/facts.ts';
import { findEnvironment, trustOf } from '../policy/file.ts';
import { CONDITIONS, judgeFacts, OBSERVED } from '../policy/judge.ts';
import { needsOf, variablesOf } from '../policy/rule.ts';
import type { Verdict } from '../policy/verdict.ts';
import { type JudgedPage, summarizeVerdict } from '../report/verdict.ts';
import { collectEvidence } from '../sigstore/collect.ts';
import type { SigningInputs } from '../sigstore/instance.ts';
import type { Claim } from '../sigstore/publish.ts';
import { openSigner } from '../sigstore/signer.ts';
import { digestOf } from '../store/hash.ts';
import { openStore, storeOptions } from '../store/open.ts';
import type { Store } from '../store/store.ts';
import { type ImageSubjects, listSubjects } from '../store/subjects.ts';
import { judgeImage, openPolicyVerifier, publishVerdict, readJudgedImage } from './judge.ts';
import { tellJudged } from './judged.ts';
import { bindClaims, readPredicateFiles } from './predicates.ts';

export interface GateInputs extends SigningInputs {
  readonly image: string;
  readonly environment: string;
  readonly policy?: string | undefined;
  readonly mode?: 'enforce' | 'audit' | 'preview' | undefined;
  readonly sbom: readonly string[];
  readonly 'scan-report': readonly string[];
  readonly 'test-results': readonly string[];
  readonly 'github-token'?: string | undefined;
}

/**
 * Judges an image for an environment. `enforce` signs the verdict beside the image, whichever way it went, and refuses a denied image;
 * `audit` only says what it would do; `preview` judges what a pull request has: local reports that nobody signed.
 */
export async function gate(inputs: GateInputs, context: RunContext): Promise<StepResult> {
  const reference = parseDigestReference(inputs.image);
  const { environment, mode = 'enforce' } = inputs;
  parseEnvironmentName(environment);
  const files = await readPredicateFiles(inputs, context);
  const [file] = files;
  if (file !== undefined && mode !== 'preview') {
    throw new Invalid(file.input, `goes with mode: preview; to ${mode}, only signed evidence counts`);
  }
  const store = openStore(reference, storeOptions(context, inputs['github-token']));
  if (mode === 'preview') {
    const image = await listSubjects(store, reference.digest);
    const page = await previewVerdict(inputs, { store, image, claims: bindClaims(files, image) }, context);
    const verdict = await writeVerdict(reference, page, inputs, context);
    return describe(reference, page, { mode, log: context.log, verdict });
  }

  // Asked for before anything is judged: a job that may not sign is told at once.
  const signer = mode === 'enforce' ? await openSigner(inputs, context) : undefined;
  const policy = await loadPolicy(inputs.policy, inputs, context);
  findEnvironment(policy.file, environment);
  const [image] = await Promise.all([listSubjects(store, reference.digest), signer?.claims()]);
  const judgement = await judgeImage({ store, image, environment, policy, inputs }, context);
  for (const reason of judgement.verdict.reasons) context.log.info(`denied: ${reason}`);
  const vsa = signer && (await publishVerdict(judgement, store, image, signer));
  return describe(reference, judgement, {
    mode,
    log: context.log,
    verdict: await writeVerdict(reference, judgement, inputs, context),
    vsa: vsa && `${store.place}@${vsa.digest}`,
  });
}

function describe(
  reference: DigestReference,
  page: JudgedPage,
  how: {
    mode: 'enforce' | 'audit' | 'preview';
    log: RunContext['log'];
    verdict: string;
    vsa?: string | undefined;
  },
): StepResult {
  const { verdict } = page;
  const denied = verdict.decision === 'deny';
  for (const warning of verdict.warnings) how.log.warning(warning);
  if (denied && how.mode !== 'enforce') {
    how.log.warning(`${how.mode}: this image would be denied:\n${verdict.reasons.join('\n')}`);
  }
  return {
    ...(denied && how.mode === 'enforce' && { outcome: 'refused' as const, reasons: verdict.reasons }),
    outputs: {
      image: formatImage(reference, reference.digest),
      repository: formatPlace(reference),
      digest: reference.digest,
      decision: verdict.decision,
      reasons: JSON.stringify(verdict.reasons),
      vsa: how.vsa,
      verdict: how.verdict,
    },
    summary: summarizeVerdict(page),
  };
}

/** Writes the verdict for `report`, and returns the file's path. */
async function writeVerdict(
  reference: DigestReference,
  page: JudgedPage & { readonly policy?: LoadedPolicy },
  inputs: GateInputs,
  context: RunContext,
): Promise<string> {
  await mkdir(context.temp, { recursive: true });
  const path = join(await mkdtemp(join(context.temp, 'hallmark-gate-')), 'verdict.json');
  const image = formatImage(reference, reference.digest);
  await writeFile(path, JSON.stringify(tellJudged(image, page, inputs, context)));
  return path;
}

/** Judges without effect: by the policy, or by the built-in rules when there is none. */
async function previewVerdict(
  inputs: GateInputs,
  about: { store: Store; image: ImageSubjects; claims: readonly Claim[] },
  context: RunContext,
): Promise<JudgedPage & { readonly policy?: LoadedPolicy }> {
  const { store, image, claims } = about;
  const policy = inputs.policy === undefined ? undefined : await loadPolicy(inputs.policy, inputs, context);
  const rules = policy?.file.rules ?? readBuiltInRules();
  const wanted = policy && findEnvironment(policy.file, inputs.environment);
  const trust = policy === undefined ? trustThisWorkflow(context) : trustOf(policy.file);
  const evidence =
    claims.length > 0
      ? takeAsEvidence(store, image, claims)
      : await collectEvidence(store, image, await openPolicyVerifier(policy, inputs, context), trust);

  const gathered = gatherFacts(
    await readJudgedImage(store, image),
    evidence,
    claims.length > 0 ? trustThisWorkflow(context) : trust,
    new Date(),
    policy && { exceptions: policy.exceptions, environment: inputs.environment },
  );
  // Without a policy nobody asked for a list of what is exploited.
  const asked =
    wanted?.rules ??
    Object.keys(rules).filter((name) => name !== 'no-known-exploited' || hasExploited(gathered.facts));
  // Nobody signs or attests on a pull request, and nothing is promoted: rules about that say nothing here.
  const later = asked.filter((name) => {
    const rule = rules[name];
    return (
      rule !== undefined &&
      (variablesOf(rule).some((variable) => OBSERVED.some((one) => one === variable)) ||
        (claims.length > 0 && needsOf(rule).some((need) => !NEEDS_OF_FILES.has(need))))
    );
  });
  const verdict = await judgeFacts(
    rules,
    { name: inputs.environment, rules: asked.filter((name) => !later.includes(name)) },
    gathered,
    createEvaluator(),
  );
  const conditions = CONDITIONS.filter((part) => wanted?.[part] !== undefined);
  const warnings = [
    ...later.map(
      (name) => `${name}: not judged in preview, it needs signed evidence or what a gate looks up`,
    ),
    ...conditions.map((name) => `${name}: not judged in preview, it is about the promotion`),
  ];
  return {
    verdict: { ...verdict, warnings: [...verdict.warnings, ...warnings] } satisfies Verdict,
    facts: gathered.facts,
    evidence,
    ...(wanted && { destination: wanted.repository }),
    ...(policy && { policy }),
    standing: 'unverified',
  };
}

function hasExploited({ scan }: Facts): boolean {
  return scan !== undefined && 'exploitedAt' in scan;
}

const NEEDS_OF_FILES: ReadonlySet<string> = new Set(['sbom', 'scan', 'test']);

/** Local files in the place of evidence: everybody's word counts, and the page says that it is unverified. */
function takeAsEvidence(store: Store, image: ImageSubjects, claims: readonly Claim[]): VerifiedImage {
  const evidence = claims.flatMap(({ predicateType, predicate, subjects }): Evidence[] => {
    const kind = kindOfPredicate(predicateType);
    if (kind === undefined) return [];
    return [
      {
        kind,
        roles: ROLES_OF[kind],
        subjects: subjects ?? image.all.map(({ digest }) => digest),
        source: digestOf(JSON.stringify(predicate)),
        statement: { _type: STATEMENT_TYPE, subject: [], predicateType, predicate },
        signer: {},
        signedAt: undefined,
        logIndex: undefined,
      },
    ];
  });
  return { image: `${store.place}@${image.digest}`, digest: image.digest, evidence, rejected: [] };
}

/** Without a policy nobody is named, so this workflow stands in every role: good enough to preview, never to allow. */
function trustThisWorkflow({ workflowRef = 'no workflow' }: RunContext): Trust {
  const identity = { 'signer-workflow': workflowRef.split('@')[0] };
  return Object.fromEntries(ROLES.map((role) => [role, [identity]]));
}
