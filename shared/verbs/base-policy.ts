import { readFile } from 'node:fs/promises';
import type { BuilderName, Material } from '../builders/builder.ts';
import type { Recipe } from '../builders/layout.ts';
import type { AllowedImages } from '../builders/source-policy.ts';
import type { RunContext } from '../github/context.ts';
import { type LoadedPolicy, loadPolicy } from '../github/policy.ts';
import type { Digest } from '../image/digest.ts';
import { formatPlace, type Reference } from '../image/reference.ts';
import { findDockerfileImages } from '../manifests/dockerfile.ts';
import { type ImageName, listReplaced, nameContext, parseImageName } from '../manifests/name.ts';
import { Invalid, Refused } from '../outcome/outcome.ts';
import type { SigningInputs } from '../sigstore/instance.ts';
import type { StatementVerifier } from '../sigstore/verifier.ts';
import { openStore, storeOptions } from '../store/open.ts';
import { mapParallel } from '../store/parallel.ts';
import { listSubjects } from '../store/subjects.ts';
import { readBaseEvidence } from './base-evidence.ts';
import { locateName, readMaterial } from './base-image.ts';
import { openPolicyVerifier } from './judge.ts';

/** A policy by which base images are taken, and all that is needed to ask it. */
export interface BasePolicy {
  readonly policy: LoadedPolicy;
  readonly verifier: StatementVerifier;
  readonly inputs: { readonly 'github-token'?: string | undefined };
  readonly context: RunContext;
}

/** A base image and who names it: `Dockerfile:3`, `base`. */
interface NamedBase {
  readonly where: string;
  readonly reference: Reference;
}

/** Reads the policy as gate does. One that gives the role `base` to nobody is `Invalid`: no image could pass. */
export async function openBasePolicy(
  name: string,
  inputs: SigningInputs & { readonly 'github-token'?: string | undefined },
  context: RunContext,
): Promise<BasePolicy> {
  const policy = await loadPolicy(name, inputs, context);
  if ((policy.file.trust.base ?? []).length === 0) {
    throw new Invalid('base-policy', `${policy.uri} trusts nobody with the role "base"`, {
      hint: 'Write under trust who signs base images, as in base: [{ signer-workflow: …, owner: … }].',
    });
  }
  return { policy, verifier: await openPolicyVerifier(policy, inputs, context), inputs, context };
}

/**
 * Requires evidence by the role `base` of every image that the recipe names, and returns what the build may take: those images and what is below
 * them. What nobody can tell before the build (a variable in FROM) is `Refused` as well.
 */
export async function requireBases(
  asked: BasePolicy,
  recipe: Recipe,
  builder: BuilderName,
): Promise<AllowedImages> {
  if (builder === 'buildkit') {
    const { named, reasons } = listNamed(recipe, await readFile(recipe.choice.file, 'utf8'));
    return requireEvidence(asked, named, reasons);
  }
  return requireEvidence(asked, recipe.base ? [{ where: 'base', reference: recipe.base }] : [], []);
}

/** The same of an image that was built before of the recipe, by what its provenance says that it was made of. */
export async function requireBasesOf(
  asked: BasePolicy,
  recipe: Recipe,
  materials: readonly Material[],
): Promise<void> {
  const images = materials.filter(isImage).map((one) => ({ where: one.uri, found: readMaterial(one) }));
  const named = images.flatMap(({ where, found }) => found.map((reference) => ({ where, reference })));
  const untold = images.filter(({ found }) => found.length === 0);
  const reasons = untold.map(({ where }) => `${where}: nothing says where that image is`);
  // A buildx before 0.14 says nothing of what it took. The layers builder always does.
  if (images.length === 0 && recipe.base === undefined) {
    const dockerfile = await readFile(recipe.choice.file, 'utf8').catch(() => '');
    if (listNamed(recipe, dockerfile).named.length > 0)
      reasons.push('the provenance of the image that is there does not say which base images it was made of');
  }
  await requireEvidence(asked, named, reasons);
}

/** Holds what the build says that it took against what was verified before it, should an engine not have kept to it. */
export function requireVerified(materials: readonly Material[], { digests }: AllowedImages): void {
  const images = materials.filter(isImage);
  const reasons = images
    .filter(({ digest: { sha256 } }) => !digests.has(`sha256:${sha256}`))
    .map(
      ({ uri, digest }) =>
        `the build took ${uri} (sha256:${digest.sha256}), which is none of the base images that were verified before it`,
    );
  if (digests.size > 0 && images.length === 0)
    reasons.push('the build does not say which base images it took');
  if (reasons.length > 0) {
    throw new Refused(reasons, {
      hint: 'Nothing was pushed. The engine was told to take no other: set up a newer one with docker/setup-buildx-action, and name base images by digest; pin does that.',
    });
  }
}

function isImage({ uri }: Material): boolean {
  return /^pkg:(?:docker|oci)\//i.test(uri);
}

/** The images that a Dockerfile and the named contexts beside it bring, and why some cannot be told. */
function listNamed(
  { choice: { fileName }, inputs }: Recipe,
  dockerfile: string,
): { named: NamedBase[]; reasons: string[] } {
  const named: NamedBase[] = [];
  const reasons: string[] = [];
  const add = (where: string, image: ImageName | undefined): void => {
    const [reference] = image === undefined ? [] : locateName(image);
    if (reference === undefined) reasons.push(`${where}: names no image that could be looked up`);
    else named.push({ where, reference });
  };
  const replaced = listReplaced(inputs['build-contexts']);
  for (const [name, value] of inputs['build-contexts']) {
    const [, image] = /^docker-image:\/\/(.*)$/s.exec(value) ?? [];
    if (image !== undefined) add(`build-contexts: ${name}`, parseImageName(image));
    else if (/^[a-z][a-z0-9+.-]*:|^git@/i.test(value))
      reasons.push(
        `build-contexts: ${name} is neither a folder nor an image in a registry, so nothing vouches for it`,
      );
  }
  if (inputs['build-args'].some(([name]) => name === 'BUILDKIT_SYNTAX'))
    reasons.push(
      'build-args: BUILDKIT_SYNTAX puts another frontend in place of the one that the Dockerfile names',
    );

  const found = findDockerfileImages(dockerfile);
  if (typeof found === 'string') return { named, reasons: [...reasons, `${fileName} ${found}`] };
  for (const { line, text, reason } of found.skipped)
    reasons.push(`${fileName}:${line}: ${text} ${reason}, so nobody can tell before the build what it is`);
  for (const image of found.images)
    if (!replaced.has(nameContext(image))) add(`${fileName}:${image.line}`, image);
  // BuildKit looks for `syntax` there too (frontend/dockerfile/parser, DetectSyntax).
  if (/^\uFEFF?\s*(?:#!|\/\/|\{)/.test(dockerfile))
    reasons.push(`${fileName}:1: begins as no Dockerfile does, and may name a frontend of its own`);
  return { named, reasons };
}

async function requireEvidence(
  asked: BasePolicy,
  named: readonly NamedBase[],
  untold: readonly string[],
): Promise<AllowedImages> {
  const looked = await mapParallel(named, 8, (base) => verifyBase(asked, base));
  const reasons = [...untold, ...looked.flatMap((one) => (typeof one === 'string' ? one : []))];
  if (reasons.length > 0) {
    throw new Refused(reasons, {
      hint: `Nothing was built. Who may vouch for a base image stands in ${asked.policy.uri}, under trust: base.`,
    });
  }
  const verified = looked.filter((one) => typeof one !== 'string');
  return {
    digests: new Set(verified.flatMap(({ digests }) => digests)),
    tags: new Map(verified.flatMap(({ tags }) => tags)),
  };
}

/** The digests of one base image, from the root on, and its name where that is a tag; or why it is not taken. */
async function verifyBase(
  { policy, verifier, inputs, context }: BasePolicy,
  { where, reference }: NamedBase,
): Promise<{ readonly digests: readonly Digest[]; readonly tags: readonly [string, Digest][] } | string> {
  const store = openStore(reference, storeOptions(context, inputs['github-token']));
  const wanted = reference.digest ?? reference.tag ?? 'latest';
  const name = `${formatPlace(reference)}${reference.digest === undefined ? ':' : '@'}${wanted}`;
  const there = await store.resolve(wanted);
  if (there === undefined) return `${where}: there is no ${name}, or it is hidden from this login`;
  const image = await listSubjects(store, there.digest);
  const { attested, rejected } = await readBaseEvidence(store, image, policy, verifier);
  if (attested) {
    context.log.info(`Base image ${name} (${image.digest}), ${where}: vouched for by the role base`);
    return {
      digests: image.all.map(({ digest }) => digest),
      tags: reference.digest === undefined ? [[name, image.digest]] : [],
    };
  }
  const why = rejected.slice(0, 5).map(({ source, reason }) => `${source}: ${reason}`);
  return `${where}: ${name} (${image.digest}) has no signature and no provenance by the role base of ${policy.uri}: ${why.join('; ') || 'nothing is attached to it'}`;
}
