import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Rejected } from '../evidence/evidence.ts';
import { formatSigner } from '../evidence/identity.ts';
import { type EvidenceKind, kindOfPredicate, PREDICATE_TYPES } from '../evidence/predicate.ts';
import { explainMismatch, type IdentityRule, identityRuleSchema } from '../evidence/trust.ts';
import { listGithubBundles } from '../github/bundles.ts';
import type { RunContext } from '../github/context.ts';
import { type Digest, parseDigest } from '../image/digest.ts';
import { formatImage, formatPlace, parseReference, type Reference } from '../image/reference.ts';
import { Invalid } from '../outcome/outcome.ts';
import type { StepResult } from '../outcome/result.ts';
import { escapeMarkdown, formatCode, formatTable } from '../report/markdown.ts';
import {
  type Candidate,
  collectStatements,
  type FoundStatement,
  listParts,
  lookBeside,
  verifyCandidates,
} from '../sigstore/collect.ts';
import { fingerprintOf, readPublicKey } from '../sigstore/key.ts';
import type { RootFileInputs } from '../sigstore/root.ts';
import type { SigningInputs } from '../sigstore/signer.ts';
import { openVerifier, type Thresholds } from '../sigstore/verifier.ts';
import { digestOf } from '../store/hash.ts';
import { openStore, storeOptions } from '../store/open.ts';
import { mapParallel } from '../store/parallel.ts';
import { listManifests } from '../store/subjects.ts';
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
  const { digest, platforms, statements, rejected } = await collect(subject, inputs, context);

  const valid: FoundStatement[] = [];
  for (const found of statements) {
    const { source, signer, statement } = found;
    const reason = explainMismatch(rule, signer);
    if (reason === undefined) valid.push(found);
    else rejected.push({ source, signer, predicateType: statement.predicateType, reason });
  }
  const reasons = wanted.flatMap((one) => explainMissing(one, digest, platforms, valid, rejected));
  const { reference } = subject;
  const name =
    reference === undefined ? `${inputs['subject-path']} (${digest})` : formatImage(reference, digest);
  const result = {
    outputs: {
      ...(reference && { image: name, repository: formatPlace(reference) }),
      digest,
      evidence: JSON.stringify({ valid: valid.map(describe), rejected }),
    },
    summary: summarize(name, reasons, valid),
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
  /** Of an image that was looked at in its registry. */
  readonly platforms: readonly Digest[];
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
    return { digest, platforms: [], statements, rejected };
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
    platforms: image.platforms.map(({ descriptor }) => descriptor.digest),
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

/** Why what is wanted was not found, or nothing. */
function explainMissing(
  { name, types }: Wanted,
  digest: Digest,
  platforms: readonly Digest[],
  valid: readonly FoundStatement[],
  rejected: readonly Rejected[],
): string[] {
  const named = new Set<Digest>(
    valid
      .filter(({ statement }) => types.includes(statement.predicateType))
      .flatMap(({ subjects }) => subjects),
  );
  if (named.has(digest)) return [];
  const byPlatform = BY_PLATFORM.includes(kindOfPredicate(types[0] ?? ''));
  const missing =
    byPlatform && platforms.length > 0 ? platforms.filter((platform) => !named.has(platform)) : [digest];
  if (missing.length === 0) return [];
  const near = rejected.filter(
    ({ predicateType }) => predicateType === undefined || types.includes(predicateType),
  );
  const why = near.map(({ source, reason }) => `${source}: ${reason}`);
  return [
    `no valid ${name} for ${missing.join(', ')}`,
    ...(why.length > 0
      ? why.map((reason) => `${name}: ${reason}`)
      : [`${name}: nothing of this type is attached`]),
  ];
}

function describe({ statement, signer, signedAt, logIndex, subjects, source }: FoundStatement): unknown {
  return { predicateType: statement.predicateType, signer, signedAt, logIndex, subjects, source };
}

function summarize(image: string, reasons: readonly string[], valid: readonly FoundStatement[]): string {
  const rows = valid.map(({ statement, signer, signedAt, subjects }) => [
    formatCode(statement.predicateType),
    formatCode(formatSigner(signer)),
    signedAt ?? 'not proven',
    String(subjects.length),
  ]);
  return [
    `### Hallmark verify: ${reasons.length === 0 ? 'passed' : 'refused'}`,
    formatCode(image),
    ...(reasons.length > 0 ? [reasons.map((reason) => `- ${escapeMarkdown(reason)}`).join('\n')] : []),
    ...(rows.length > 0 ? [formatTable(['Valid evidence', 'Signed by', 'At', 'Subjects'], rows)] : []),
  ].join('\n\n');
}
