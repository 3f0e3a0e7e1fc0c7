import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import type { RunContext } from '../github/context.ts';
import { findRecipe, parseDockerfile, type Recipe } from '../image/dockerfile.ts';
import { Failure, Invalid } from '../outcome/outcome.ts';
import { trustOf } from '../policy/file.ts';
import { collectEvidence } from '../sigstore/collect.ts';
import { parseMirrors } from '../store/mirrors.ts';
import { storeOptions } from '../store/open.ts';
import type { Store } from '../store/store.ts';
import type { ImageSubjects } from '../store/subjects.ts';
import { resolveInside } from '../workspace/workspace.ts';
import { type BaseImage, findBaseImage } from './base-image.ts';
import type { Trusted } from './trusted.ts';

export interface OriginInputs {
  /** Path of the Dockerfile in the workspace; undefined: `Dockerfile`, where there is one. */
  readonly file?: string | undefined;
  readonly target?: string | undefined;
  readonly 'github-token'?: string | undefined;
  /** Where images are read while their registry is down; see `parseMirrors`. */
  readonly 'registry-mirrors': readonly string[];
}

/** What an image was made of, as far as it can be known: its base and its Dockerfile. */
export interface Origin {
  /** Undefined when it is not known; `fault` says why. */
  readonly base: BaseImage | undefined;
  /** Why there is no base: a sentence, or what was not reached. Undefined when there is one. */
  readonly fault: string | Failure | undefined;
  readonly recipe: Recipe | undefined;
  /** True when the caller named the Dockerfile. */
  readonly named: boolean;
  /** Path of the Dockerfile, from the workspace. */
  readonly dockerfile: string | undefined;
}

/**
 * How long registries are asked for the base, in milliseconds. A scan without it says less and nothing wrong, so it waits for it no longer
 * than this, unless the base is what was asked for.
 */
const LIMIT = 10_000;

/** Reads the Dockerfile and looks for the base image. Throws `Invalid` for a file or target that was named and is not there, and nothing else. */
export async function readOrigin(
  inputs: OriginInputs,
  about: {
    readonly store: Store;
    readonly image: ImageSubjects;
    readonly trusted: Trusted | undefined;
    /** True when the verdict or the comparison is about the base. */
    readonly needed: boolean;
  },
  context: RunContext,
): Promise<Origin> {
  const { store, image, trusted } = about;
  const found = await readRecipe(inputs, context);
  const deadline = about.needed
    ? context.deadline
    : AbortSignal.any([context.deadline, AbortSignal.timeout(LIMIT)]);
  const mirrors = parseMirrors(inputs['registry-mirrors']);
  const options = { ...storeOptions(context, inputs['github-token']), deadline, mirrors };
  try {
    const evidence =
      trusted === undefined
        ? []
        : (await collectEvidence(store, image, await trusted.verifier, trustOf(trusted.policy.file)))
            .evidence;
    const base = await findBaseImage({ store, image, evidence, from: found.recipe?.base }, options);
    return typeof base === 'string'
      ? { ...found, base: undefined, fault: base }
      : { ...found, base, fault: undefined };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { ...found, base: undefined, fault: error };
  }
}

async function readRecipe(
  { file, target }: OriginInputs,
  { workspace }: RunContext,
): Promise<Pick<Origin, 'recipe' | 'named' | 'dockerfile'>> {
  const path = await resolveInside(workspace, file ?? 'Dockerfile', 'file');
  const content = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (file === undefined) return undefined;
    throw new Invalid('file', `"${file}" cannot be read (${cause.code})`, { cause });
  });
  const named = file !== undefined;
  if (content === undefined) return { recipe: undefined, named, dockerfile: undefined };
  const recipe = findRecipe(parseDockerfile(content), target);
  if (recipe === undefined && named) {
    throw new Invalid(
      target === undefined ? 'file' : 'target',
      `"${file}" has no ${target === undefined ? 'FROM' : `stage ${target}`}`,
    );
  }
  return { recipe, named, dockerfile: relative(workspace, path) };
}
