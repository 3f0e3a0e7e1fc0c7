import type { FoundStatement, Rejected } from '../evidence/evidence.ts';
import { type EvidenceKind, kindOfPredicate, ROLES_OF, type Role } from '../evidence/predicate.ts';
import { explainMismatch, type IdentityRule } from '../evidence/trust.ts';
import { listGithubBundles } from '../github/bundles.ts';
import type { RunContext } from '../github/context.ts';
import type { Digest } from '../image/digest.ts';
import { formatImage, formatPlace, type Reference } from '../image/reference.ts';
import { Failure, Invalid, type Outcome, Refused } from '../outcome/outcome.ts';
import type { StepResult } from '../outcome/result.ts';
import { keepHeapSmall } from '../process/heap.ts';
import { summarizeImages, summarizeVerified } from '../report/verified.ts';
import {
  type Candidate,
  collectStatements,
  listParts,
  lookBeside,
  verifyCandidates,
} from '../sigstore/collect.ts';
import { logPageOf } from '../sigstore/instance.ts';
import { openVerifier, type StatementVerifier } from '../sigstore/verifier.ts';
import { digestOf } from '../store/hash.ts';
import { openStore, storeOptions } from '../store/open.ts';
import { mapParallel } from '../store/parallel.ts';
import type { Store } from '../store/store.ts';
import { listManifests, nameSubjects } from '../store/subjects.ts';
import { readBundleFiles } from './bundles.ts';
import {
  readRule,
  readSubjects,
  readWanted,
  type Subject,
  type VerifyInputs,
  type Wanted,
} from './verify-request.ts';

/** What every subject is verified by, opened once. */
interface Asked {
  readonly inputs: VerifyInputs;
  readonly wanted: readonly Wanted[];
  readonly rule: IdentityRule;
  readonly verifier: Promise<StatementVerifier>;
  /** One for each place, with its login. */
  open(reference: Reference): Store;
  readonly context: RunContext;
}

/** Kinds that are made a platform at a time: an index has them when every one of its platforms has. */
const BY_PLATFORM: readonly (EvidenceKind | undefined)[] = ['cyclonedx', 'spdx', 'scan', 'test'];

/**
 * Verifies that images carry what is asked for, from the one who is asked for: signature, log, certificate's identity,
 * the subject's digest and the predicate type, all of them. What others attached beside it does not matter.
 */
export async function verify(inputs: VerifyInputs, context: RunContext): Promise<StepResult> {
  const wanted = readWanted(inputs);
  const subjects = await readSubjects(inputs, context);
  const rule = await readRule(inputs, context);
  const verifier = openVerifier(inputs, context);
  // Whoever awaits it hears of the failure.
  verifier.catch(() => undefined);
  const stores = new Map<string, Store>();
  const open = (reference: Reference): Store => {
    const place = formatPlace(reference);
    const store = stores.get(place) ?? openStore(reference, storeOptions(context, inputs['github-token']));
    stores.set(place, store);
    return store;
  };
  const asked = { inputs, wanted, rule, verifier, open, context };
  const [only, ...more] = subjects;
  return only !== undefined && more.length === 0 ? verifyOne(only, asked) : verifyMany(subjects, asked);
}

async function verifyOne(subject: Subject, asked: Asked): Promise<StepResult> {
  const { digest, names, valid, rejected, reasons } = await verifySubject(subject, asked);
  const { reference } = subject;
  const name = reference === undefined ? `${subject.name} (${digest})` : formatImage(reference, digest);
  const result = {
    outputs: {
      ...(reference && { image: name, repository: formatPlace(reference) }),
      digest,
      evidence: JSON.stringify({ valid: valid.map(describe), rejected }),
    },
    summary: summarizeVerified({
      name,
      reasons,
      valid,
      rejected,
      subjects: names,
      log: logPageOf(asked.inputs, undefined),
    }),
  };
  return reasons.length === 0 ? result : { ...result, outcome: 'refused', reasons };
}

/** How many images are looked at together: enough to wait for a registry with, few enough to hold their evidence. */
const TOGETHER = 4;
/** The most that is kept of what does not count beside each of several images, the nearest first. */
const REJECTED = 100;
/** What several images come to: the first of these that one of them came to. */
const WORST: readonly Outcome[] = ['refused', 'invalid', 'unavailable', 'passed'];

/** Every image to its end, whatever became of the others: of many, one that cannot be had hides nothing that is wrong with another. */
async function verifyMany(subjects: readonly Subject[], asked: Asked): Promise<StepResult> {
  keepHeapSmall();
  // What fails here fails for all of them.
  await asked.verifier;
  const hints = new Set<string>();
  const images = await mapParallel(subjects, TOGETHER, async (subject) => {
    try {
      const { digest, valid, rejected, reasons } = await verifySubject(subject, asked);
      const image = subject.reference ? formatImage(subject.reference, digest) : subject.name;
      const outcome: Outcome = reasons.length === 0 ? 'passed' : 'refused';
      // Without the predicates, which may be megabytes, and without most of what strangers may have put beside it.
      return { image, outcome, reasons, valid: valid.map(describe), rejected: rejected.slice(0, REJECTED) };
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (error.hint !== undefined) hints.add(error.hint);
      const reasons = error instanceof Refused ? error.reasons : [error.message];
      return { image: subject.name, outcome: error.outcome, reasons, valid: [], rejected: [] };
    }
  });
  const outcome = WORST.find((one) => images.some((image) => image.outcome === one));
  const named = <T extends object>(list: (image: (typeof images)[number]) => readonly T[]): object[] =>
    images.flatMap((one) => list(one).map((entry) => ({ image: one.image, ...entry })));
  return {
    ...(outcome && { outcome }),
    reasons: [...images.flatMap(({ image, reasons }) => reasons.map((one) => `${image}: ${one}`)), ...hints],
    outputs: {
      image: images.map(({ image }) => image).join('\n'),
      evidence: JSON.stringify({
        images: images.map(({ image, outcome, reasons }) => ({ image, outcome, reasons })),
        valid: named(({ valid }) => valid),
        rejected: named(({ rejected }) => rejected),
      }),
    },
    summary: summarizeImages(images),
  };
}

/** What is known of one subject, and why it does not have what is wanted; no reason when it has. */
interface VerifiedSubject {
  readonly digest: Digest;
  readonly names: ReadonlyMap<Digest, string>;
  readonly valid: readonly FoundStatement[];
  readonly rejected: readonly Rejected[];
  readonly reasons: readonly string[];
}

async function verifySubject(subject: Subject, asked: Asked): Promise<VerifiedSubject> {
  const { digest, names, statements, rejected } = await collect(subject, asked);
  const valid: FoundStatement[] = [];
  for (const found of statements) {
    const { source, signer, statement } = found;
    const reason = explainMismatch(asked.rule, signer);
    if (reason === undefined) valid.push(found);
    else rejected.push({ source, signer, predicateType: statement.predicateType, reason });
  }
  // What verified and is another's comes before what nobody could read: of many, the first are told.
  rejected.sort((a, b) => Number(a.signer === undefined) - Number(b.signer === undefined));
  const reasons = asked.wanted.flatMap((one) => explainMissing(one, digest, names, valid, rejected));
  return { digest, names, valid, rejected, reasons };
}

/** What is known of a subject, from every place that the inputs name. */
interface Collected {
  readonly digest: Digest;
  /** The subjects, the digest itself first; its platforms only of an image that was looked at in its registry. */
  readonly names: ReadonlyMap<Digest, string>;
  readonly statements: readonly FoundStatement[];
  readonly rejected: Rejected[];
}

async function collect({ reference, digest }: Subject, asked: Asked): Promise<Collected> {
  const { inputs, context, verifier: verifying } = asked;
  const path = inputs['bundle-path'];
  if (reference === undefined || path !== undefined) {
    if (digest === undefined) throw new Invalid('image', 'needs a digest');
    const candidates = [
      ...(path === undefined ? [] : await readBundleFiles(path, context)),
      ...(await findOnGithub([digest], inputs, context)),
    ];
    const { statements, rejected } = await verifyCandidates(candidates, [digest], await verifying);
    const name = reference === undefined ? 'file' : 'image';
    return { digest, names: new Map([[digest, name]]), statements, rejected };
  }
  const store = asked.open(reference);
  const at = digest ?? reference.tag ?? '';
  const beside = digest && lookBeside(store, digest);
  const [image, verifier] = await Promise.all([listManifests(store, at), verifying]);
  const subjects = image.all.map((one) => one.digest);
  const [attached, kept] = await Promise.all([
    collectStatements(store, image, verifier, beside),
    findOnGithub(subjects, inputs, context).then((candidates) =>
      verifyCandidates(candidates, subjects, verifier, listParts(image)),
    ),
  ]);
  return {
    digest: image.digest,
    names: nameSubjects(image),
    statements: [...attached.statements, ...kept.statements],
    rejected: [...attached.rejected, ...kept.rejected],
  };
}

/** GitHub lists them by subject, so each is asked for; what is about several comes with each of them. */
async function findOnGithub(
  subjects: readonly Digest[],
  inputs: VerifyInputs,
  context: RunContext,
): Promise<Candidate[]> {
  const repository = inputs['attestations-of'];
  if (repository === undefined) return [];
  const lists = await mapParallel(subjects, 4, (digest) =>
    listGithubBundles(repository, digest, inputs['github-token'], context),
  );
  const bundles = new Map(lists.flat().map((bundle) => [digestOf(bundle), bundle]));
  return [...bundles].map(([source, bundle]) => ({ source, read: async () => ({ bundle }) }));
}

/** The most reasons that are told of what nearly was a wanted one; all of them stand in the output. */
const TOLD = 10;

/** Why what is wanted was not found, or nothing. */
function explainMissing(
  { name, types }: Wanted,
  digest: Digest,
  names: ReadonlyMap<Digest, string>,
  valid: readonly FoundStatement[],
  rejected: readonly Rejected[],
): string[] {
  const named = new Set<Digest>(
    valid
      .filter(({ statement }) => types.includes(statement.predicateType))
      .flatMap(({ subjects }) => subjects),
  );
  if (named.has(digest)) return [];
  const platforms = [...names.keys()].filter((one) => one !== digest);
  const byPlatform = BY_PLATFORM.includes(kindOfPredicate(types[0] ?? ''));
  const missing =
    byPlatform && platforms.length > 0 ? platforms.filter((platform) => !named.has(platform)) : [digest];
  if (missing.length === 0) return [];
  const near = rejected.filter(
    ({ predicateType }) => predicateType === undefined || types.includes(predicateType),
  );
  const why = near.slice(0, TOLD).map(({ source, reason }) => `${name}: ${source}: ${reason}`);
  return [
    `no valid ${name} for ${missing.map((one) => (one === digest ? one : `${one} (${names.get(one)})`)).join(', ')}`,
    ...(why.length > 0
      ? why
      : [`${name}: nothing of this type is attached${named.size > 0 ? ' to it' : ''}`]),
    ...(near.length > TOLD
      ? [`${name}: and ${near.length - TOLD} more that do not count; the output evidence tells of them`]
      : []),
  ];
}

/** A piece of evidence as the output has it. */
type Described = Omit<FoundStatement, 'statement'> & {
  readonly predicateType: string;
  readonly kind: EvidenceKind | undefined;
  readonly roles: readonly Role[];
};

function describe({ statement, signer, signedAt, logIndex, subjects, source }: FoundStatement): Described {
  const { predicateType } = statement;
  const kind = kindOfPredicate(predicateType);
  const roles = kind === undefined ? [] : ROLES_OF[kind];
  return { predicateType, kind, roles, signer, signedAt, logIndex, subjects, source };
}
