import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { FoundStatement, Rejected } from '../evidence/evidence.ts';
import { type EvidenceKind, kindOfPredicate, PREDICATE_TYPES, ROLES_OF } from '../evidence/predicate.ts';
import { explainMismatch, type IdentityRule, identityRuleSchema } from '../evidence/trust.ts';
import { listGithubBundles } from '../github/bundles.ts';
import type { RunContext } from '../github/context.ts';
import { type Digest, parseDigest } from '../image/digest.ts';
import { formatImage, formatPlace, parseReference, type Reference } from '../image/reference.ts';
import { Invalid } from '../outcome/outcome.ts';
import type { StepResult } from '../outcome/result.ts';
import { summarizeVerified } from '../report/verified.ts';
import {
  type Candidate,
  collectStatements,
  listParts,
  lookBeside,
  verifyCandidates,
} from '../sigstore/collect.ts';
import { logPageOf, type SigningInputs } from '../sigstore/instance.ts';
import { fingerprintOf, readPublicKey } from '../sigstore/key.ts';
import type { RootFileInputs } from '../sigstore/root.ts';
import { openVerifier, type Thresholds } from '../sigstore/verifier.ts';
import { digestOf } from '../store/hash.ts';
import { openStore, storeOptions } from '../store/open.ts';
import { mapParallel } from '../store/parallel.ts';
import { listManifests, nameSubjects } from '../store/subjects.ts';
import { resolveInside } from '../workspace/workspace.ts';
import { readBundleFiles } from './bundles.ts';

export interface VerifyInputs
  extends Pick<SigningInputs, 'sigstore' | 'trusted-root' | 'key'>,
    RootFileInputs,
    Thresholds {
  /** Where to find it and its evidence; beside `bundle-path` only its digest counts. */
  readonly image?: string | undefined;
  /** A file that the bundles are about, instead of an image. */
  readonly 'subject-path'?: string | undefined;
  /** A file or folder of bundles, instead of what is attached to the image. */
  readonly 'bundle-path'?: string | undefined;
  /** `owner/repo`, whose attestations on GitHub are read as well. */
  readonly 'attestations-of'?: string | undefined;
  readonly 'signer-workflow'?: string | undefined;
  readonly 'signer-repo'?: string | undefined;
  readonly workflow?: string | undefined;
  readonly ref: readonly string[];
  readonly trigger: readonly string[];
  readonly issuer?: string | undefined;
  readonly 'runner-environment'?: string | undefined;
  readonly 'repository-id'?: string | undefined;
  readonly owner?: string | undefined;
  readonly 'owner-id'?: string | undefined;
  /** Kinds (`signature`, `cyclonedx`) or predicate types in full; each must be found valid. */
  readonly 'predicate-types': readonly string[];
  readonly 'github-token'?: string | undefined;
}

/** What is wanted: a word or type as written, and the predicate types that answer it. */
interface Wanted {
  readonly name: string;
  readonly types: readonly string[];
}

/** Kinds that are made a platform at a time: an index has them when every one of its platforms has. */
const BY_PLATFORM: readonly (EvidenceKind | undefined)[] = ['cyclonedx', 'spdx', 'scan', 'test'];

/**
 * Verifies that an image carries what is asked for, from the one who is asked for: signature, log, certificate's identity,
 * the subject's digest and the predicate type, all of them. What others attached beside it does not matter.
 */
export async function verify(inputs: VerifyInputs, context: RunContext): Promise<StepResult> {
  const wanted = inputs['predicate-types'].map(readWanted);
  if (wanted.length === 0) throw new Invalid('predicate-types', 'is empty, so nothing would be verified');
  const subject = await findSubject(inputs, context);
  const rule = await readRule(inputs, context);
  const { digest, names, statements, rejected } = await collect(subject, inputs, context);

  const valid: FoundStatement[] = [];
  for (const found of statements) {
    const { source, signer, statement } = found;
    const reason = explainMismatch(rule, signer);
    if (reason === undefined) valid.push(found);
    else rejected.push({ source, signer, predicateType: statement.predicateType, reason });
  }
  // What verified and is another's comes before what nobody could read: of many, the first are told.
  rejected.sort((a, b) => Number(a.signer === undefined) - Number(b.signer === undefined));
  const reasons = wanted.flatMap((one) => explainMissing(one, digest, names, valid, rejected));
  const { reference } = subject;
  const name =
    reference === undefined ? `${inputs['subject-path']} (${digest})` : formatImage(reference, digest);
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
      log: logPageOf(inputs, undefined),
    }),
  };
  return reasons.length === 0 ? result : { ...result, outcome: 'refused', reasons };
}

/** What the evidence must be about: an image by its reference, or a file by its digest. */
interface Subject {
  readonly reference?: Reference;
  readonly digest?: Digest | undefined;
}

async function findSubject(inputs: VerifyInputs, context: RunContext): Promise<Subject> {
  const { image, 'subject-path': path, 'bundle-path': bundles, 'attestations-of': repository } = inputs;
  if (path === undefined) {
    if (image === undefined) throw new Invalid('image', 'or subject-path is required');
    const reference = parseReference(image);
    if (reference.digest === undefined && (reference.tag === undefined || bundles !== undefined)) {
      const form = bundles === undefined ? 'a digest or a tag' : 'a digest beside bundle-path';
      throw new Invalid('image', `needs ${form}, as in registry/repo@sha256:…`);
    }
    return { reference, digest: reference.digest };
  }
  if (image !== undefined) throw new Invalid('subject-path', 'and image are two things: give one of them');
  if (bundles === undefined && repository === undefined)
    throw new Invalid('bundle-path', 'or attestations-of is required: nothing is attached to a file');
  const file = await resolveInside(context.workspace, path, 'subject-path');
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash).catch((cause: NodeJS.ErrnoException) => {
    throw new Invalid('subject-path', `"${path}" cannot be read (${cause.code})`, { cause });
  });
  return { digest: parseDigest(`sha256:${hash.digest('hex')}`) };
}

/** What is known of a subject, from every place that the inputs name. */
interface Collected {
  readonly digest: Digest;
  /** The subjects, the digest itself first; its platforms only of an image that was looked at in its registry. */
  readonly names: ReadonlyMap<Digest, string>;
  readonly statements: readonly FoundStatement[];
  readonly rejected: Rejected[];
}

async function collect(
  { reference, digest }: Subject,
  inputs: VerifyInputs,
  context: RunContext,
): Promise<Collected> {
  const path = inputs['bundle-path'];
  const verifying = openVerifier(inputs, context);
  // Whoever awaits it hears of the failure.
  verifying.catch(() => undefined);
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
  const store = openStore(reference, storeOptions(context, inputs['github-token']));
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

function readWanted(name: string): Wanted {
  if (Object.hasOwn(PREDICATE_TYPES, name)) return { name, types: PREDICATE_TYPES[name as EvidenceKind] };
  if (URL.canParse(name)) return { name, types: [name] };
  throw new Invalid(
    'predicate-types',
    `may be ${Object.keys(PREDICATE_TYPES).join(', ')} or a predicate type's URI, not "${name}"`,
  );
}

/** The one identity that counts. */
async function readRule(inputs: VerifyInputs, context: RunContext): Promise<IdentityRule> {
  const given = {
    'signer-workflow': inputs['signer-workflow'],
    'signer-repo': inputs['signer-repo'],
    workflow: inputs.workflow,
    ref: inputs.ref.length > 0 ? inputs.ref : undefined,
    trigger: inputs.trigger.length > 0 ? inputs.trigger : undefined,
    issuer: inputs.issuer,
    'runner-environment': inputs['runner-environment'],
    'repository-id': inputs['repository-id'],
    owner: inputs.owner,
    'owner-id': inputs['owner-id'],
  };
  if (inputs.key !== undefined) {
    const beside = Object.entries(given).find(([, value]) => value !== undefined);
    if (beside !== undefined) throw new Invalid(beside[0], 'is of a certificate; a key has no such thing');
    return { key: `sha256:${fingerprintOf(await readPublicKey(inputs.key, context))}` };
  }
  const parsed = identityRuleSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = String(issue?.path[0] ?? 'signer-workflow');
  throw new Invalid(field, issue?.message ?? 'is not valid', {
    hint: 'A signature by just anybody proves nothing: say whose it must be.',
  });
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
      ? [`${name}: and ${near.length - TOLD} more that do not count; the output evidence has them all`]
      : []),
  ];
}

function describe({ statement, signer, signedAt, logIndex, subjects, source }: FoundStatement): unknown {
  const { predicateType } = statement;
  const kind = kindOfPredicate(predicateType);
  const roles = kind === undefined ? [] : ROLES_OF[kind];
  return { predicateType, kind, roles, signer, signedAt, logIndex, subjects, source };
}
