import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { type EvidenceKind, PREDICATE_TYPES } from '../evidence/predicate.ts';
import { type IdentityRule, identityRuleSchema } from '../evidence/trust.ts';
import type { RunContext } from '../github/context.ts';
import { type Digest, parseDigest } from '../image/digest.ts';
import { parseReference, type Reference } from '../image/reference.ts';
import { Invalid } from '../outcome/outcome.ts';
import type { SigningInputs } from '../sigstore/instance.ts';
import { fingerprintOf, readPublicKey } from '../sigstore/key.ts';
import type { RootFileInputs } from '../sigstore/root.ts';
import type { Thresholds } from '../sigstore/verifier.ts';
import { resolveInside } from '../workspace/workspace.ts';

export interface VerifyInputs
  extends Pick<SigningInputs, 'sigstore' | 'trusted-root' | 'key'>,
    RootFileInputs,
    Thresholds {
  /** Where to find each image and its evidence; beside `bundle-path` it is one, of which only the digest counts. */
  readonly image: readonly string[];
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

/** What the evidence must be about: an image by its reference, or a file by its digest. */
export interface Subject {
  /** As it was given, for what is said before its digest is known. */
  readonly name: string;
  readonly reference?: Reference;
  readonly digest?: Digest | undefined;
}

/** The most images of one step: for so many its memory and the length of its outputs are measured. */
const IMAGES = 200;

/** The images that are named, each once, or the file. At least one. Throws `Invalid` with every fault. */
export async function readSubjects(inputs: VerifyInputs, context: RunContext): Promise<Subject[]> {
  const { image, 'subject-path': path, 'bundle-path': bundles, 'attestations-of': repository } = inputs;
  if (path === undefined) return readImages([...new Set(image)], bundles);
  if (image.length > 0) throw new Invalid('subject-path', 'and image are two things: give one of them');
  if (bundles === undefined && repository === undefined)
    throw new Invalid('bundle-path', 'or attestations-of is required: nothing is attached to a file');
  const file = await resolveInside(context.workspace, path, 'subject-path');
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash).catch((cause: NodeJS.ErrnoException) => {
    throw new Invalid('subject-path', `"${path}" cannot be read (${cause.code})`, { cause });
  });
  return [{ name: path, digest: parseDigest(`sha256:${hash.digest('hex')}`) }];
}

function readImages(images: readonly string[], bundles: string | undefined): Subject[] {
  if (images.length === 0) throw new Invalid('image', 'or subject-path is required');
  if (images.length > IMAGES) {
    throw new Invalid('image', `names ${images.length} images; at most ${IMAGES} are verified in one step`);
  }
  if (images.length === 1) return images.map((image) => readImage(image, bundles));
  if (bundles !== undefined) throw new Invalid('bundle-path', 'goes with one image, not with several');
  const subjects: Subject[] = [];
  const faults: string[] = [];
  for (const image of images) {
    try {
      subjects.push(readImage(image, bundles, `"${image}"`));
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      faults.push(error.message);
    }
  }
  if (faults.length > 0) throw new Invalid('image', faults.join('; '));
  return subjects;
}

function readImage(name: string, bundles: string | undefined, input = 'image'): Subject {
  const reference = parseReference(name, input);
  if (reference.digest === undefined && (reference.tag === undefined || bundles !== undefined)) {
    const form = bundles === undefined ? 'a digest or a tag' : 'a digest beside bundle-path';
    throw new Invalid(input, `needs ${form}, as in registry/repo@sha256:…`);
  }
  return { name, reference, digest: reference.digest };
}

/** What is wanted: a word or type as written, and the predicate types that answer it. */
export interface Wanted {
  readonly name: string;
  readonly types: readonly string[];
}

/** What must be found valid, each of it. At least one. */
export function readWanted({ 'predicate-types': names }: VerifyInputs): Wanted[] {
  if (names.length === 0) throw new Invalid('predicate-types', 'is empty, so nothing would be verified');
  return names.map((name) => {
    if (Object.hasOwn(PREDICATE_TYPES, name)) return { name, types: PREDICATE_TYPES[name as EvidenceKind] };
    if (URL.canParse(name)) return { name, types: [name] };
    throw new Invalid(
      'predicate-types',
      `may be ${Object.keys(PREDICATE_TYPES).join(', ')} or a predicate type's URI, not "${name}"`,
    );
  });
}

/** The one identity that counts. */
export async function readRule(inputs: VerifyInputs, context: RunContext): Promise<IdentityRule> {
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
