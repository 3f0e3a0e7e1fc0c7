import type { Rejected } from '../evidence/evidence.ts';
import { formatSigner } from '../evidence/identity.ts';
import { type EvidenceKind, kindOfPredicate, PREDICATE_TYPES } from '../evidence/predicate.ts';
import { explainMismatch, type IdentityRule, identityRuleSchema } from '../evidence/trust.ts';
import type { RunContext } from '../github/context.ts';
import type { Digest } from '../image/digest.ts';
import { formatImage, formatPlace, parseReference } from '../image/reference.ts';
import { Invalid } from '../outcome/outcome.ts';
import { escapeMarkdown, formatCode, formatTable } from '../report/markdown.ts';
import { collectStatements, type FoundStatement } from '../sigstore/collect.ts';
import { fingerprintOf, readPublicKey } from '../sigstore/key.ts';
import type { SigningInputs } from '../sigstore/signer.ts';
import { openVerifier } from '../sigstore/verifier.ts';
import type { StepResult } from '../step/action.ts';
import { openStore, storeOptions } from '../store/open.ts';
import { type ImageSubjects, listSubjects } from '../store/subjects.ts';

export interface VerifyInputs extends Pick<SigningInputs, 'sigstore' | 'trusted-root' | 'key'> {
  readonly image: string;
  readonly 'signer-workflow'?: string | undefined;
  readonly 'signer-repo'?: string | undefined;
  readonly workflow?: string | undefined;
  readonly ref: readonly string[];
  readonly trigger: readonly string[];
  readonly issuer?: string | undefined;
  readonly 'runner-environment'?: string | undefined;
  readonly 'repository-id'?: string | undefined;
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
  const reference = parseReference(inputs.image);
  const at = reference.digest ?? reference.tag;
  if (at === undefined) throw new Invalid('image', 'needs a digest or a tag, as in registry/repo@sha256:…');
  const wanted = inputs['predicate-types'].map(readWanted);
  if (wanted.length === 0) throw new Invalid('predicate-types', 'is empty, so nothing would be verified');
  const rule = await readRule(inputs, context);

  const store = openStore(reference, storeOptions(context, inputs['github-token']));
  const [image, verifier] = await Promise.all([listSubjects(store, at), openVerifier(inputs, context)]);
  const { statements, rejected } = await collectStatements(store, image, verifier);

  const valid: FoundStatement[] = [];
  for (const found of statements) {
    const { source, signer, statement } = found;
    const reason = explainMismatch(rule, signer);
    if (reason === undefined) valid.push(found);
    else rejected.push({ source, signer, predicateType: statement.predicateType, reason });
  }
  const reasons = wanted.flatMap((one) => explainMissing(one, image, valid, rejected));
  const result = {
    outputs: {
      image: formatImage(reference, image.digest),
      repository: formatPlace(reference),
      digest: image.digest,
      evidence: JSON.stringify({ valid: valid.map(describe), rejected }),
    },
    summary: summarize(formatImage(reference, image.digest), reasons, valid),
  };
  return reasons.length === 0 ? result : { ...result, outcome: 'refused', reasons };
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
  image: ImageSubjects,
  valid: readonly FoundStatement[],
  rejected: readonly Rejected[],
): string[] {
  const named = new Set<Digest>(
    valid
      .filter(({ statement }) => types.includes(statement.predicateType))
      .flatMap(({ subjects }) => subjects),
  );
  if (named.has(image.digest)) return [];
  const byPlatform = BY_PLATFORM.includes(kindOfPredicate(types[0] ?? ''));
  const missing = byPlatform
    ? image.platforms.map(({ descriptor }) => descriptor.digest).filter((digest) => !named.has(digest))
    : [image.digest];
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
