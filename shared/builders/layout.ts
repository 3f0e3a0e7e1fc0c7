import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunContext } from '../github/context.ts';
import type { Platform } from '../image/descriptor.ts';
import { parsePlatform } from '../image/platform.ts';
import { type DigestReference, parseDigestReference } from '../image/reference.ts';
import { Invalid } from '../outcome/outcome.ts';
import { openStore, storeOptions } from '../store/open.ts';
import type { Store } from '../store/store.ts';
import { listSubjects } from '../store/subjects.ts';
import { resolveInside } from '../workspace/workspace.ts';
import type { Base } from './base.ts';
import type { BuilderName, BuildRequest, BuiltImage } from './builder.ts';
import { type BuilderChoice, checkChoice, chooseBuilder } from './choose.ts';

/** What an image is made of, as actions/build/action.yml takes it. */
export interface ImageInputs {
  readonly context?: string | undefined;
  readonly file?: string | undefined;
  readonly builder?: 'auto' | BuilderName | undefined;
  readonly base?: string | undefined;
  readonly files: readonly string[];
  readonly entrypoint?: readonly string[] | undefined;
  readonly env: readonly (readonly [string, string])[];
  readonly user?: string | undefined;
  readonly platforms: readonly string[];
  readonly target?: string | undefined;
  readonly 'build-args': readonly (readonly [string, string])[];
  readonly secrets: readonly string[];
  readonly 'cache-from': readonly string[];
  readonly 'cache-to': readonly string[];
  readonly reproducible?: boolean | undefined;
  readonly 'github-token'?: string | undefined;
}

/** The inputs read and checked, as far as that goes without a network or an engine. */
export interface Recipe {
  /** The build context, absolute. */
  readonly folder: string;
  readonly choice: BuilderChoice;
  readonly platforms: readonly Platform[];
  readonly base: DigestReference | undefined;
  readonly inputs: ImageInputs;
}

/** Reads what to build. Throws `Invalid` for a context or Dockerfile that is missing or outside of the workspace, a base without digest, an unknown platform. */
export async function readRecipe(inputs: ImageInputs, context: RunContext): Promise<Recipe> {
  const folder = await resolveInside(context.workspace, inputs.context ?? '.', 'context');
  if (!(await stat(folder).catch(() => undefined))?.isDirectory()) {
    throw new Invalid('context', `"${inputs.context ?? '.'}" is no folder in the workspace`);
  }
  checkFit(inputs);
  const platforms = inputs.platforms.map((text) => parsePlatform(text));
  const { base = 'scratch' } = inputs;
  const fileName = inputs.file ?? join(inputs.context ?? '.', 'Dockerfile');
  const choice: BuilderChoice = {
    builder: inputs.builder ?? 'auto',
    file: await resolveInside(context.workspace, fileName, 'file'),
    fileName,
    fileNamed: inputs.file !== undefined,
    layersConfigured: base !== 'scratch' || inputs.files.length > 0,
  };
  await checkChoice(choice);
  return {
    folder,
    choice,
    platforms,
    base: base === 'scratch' ? undefined : parseDigestReference(base, 'base'),
    inputs,
  };
}

const LAYERS_ONLY = ['base', 'files', 'entrypoint', 'env', 'user'] as const;
const BUILDKIT_ONLY = ['target', 'build-args', 'secrets', 'cache-from', 'cache-to'] as const;

/** No input is passed over in silence: a `user` that nobody reads would leave an image running as root. */
function checkFit(inputs: ImageInputs): void {
  const isGiven = (name: (typeof LAYERS_ONLY | typeof BUILDKIT_ONLY)[number]): boolean => {
    const value = inputs[name];
    return value !== undefined && value.length > 0;
  };
  const { builder } = inputs;
  const assembles = builder === 'layers' || (builder !== 'buildkit' && (isGiven('base') || isGiven('files')));
  const misfit =
    builder === 'layers' ? BUILDKIT_ONLY.find(isGiven) : assembles ? undefined : LAYERS_ONLY.find(isGiven);
  if (misfit === undefined) return;
  throw new Invalid(
    misfit,
    builder === 'layers'
      ? 'goes with the buildkit builder; layers would pass over it'
      : 'goes with the layers builder, and with base or files; buildkit would pass over it',
  );
}

/** An image in a layout of its own in a temporary folder. */
export interface BuiltLayout extends BuiltImage {
  readonly layout: Store;
  readonly builder: BuilderName;
}

/** Chooses a builder, says why, and builds the recipe below `temp`. */
export async function buildLayout(
  recipe: Recipe,
  facts: Pick<BuildRequest, 'created' | 'labels' | 'annotations' | 'temp'>,
  context: RunContext,
): Promise<BuiltLayout> {
  const { folder, choice, platforms, inputs } = recipe;
  const chosen = await chooseBuilder(choice, context);
  context.log.info(`Builder: ${chosen.name}, because ${chosen.why}`);
  const layout = join(facts.temp, 'layout');
  await mkdir(layout);
  const request: BuildRequest = { ...facts, folder, layout, platforms };
  let built: BuiltImage;
  if (chosen.name === 'buildkit') {
    const { buildWithBuildkit } = await import('./buildkit.ts');
    const buildkit = {
      engine: chosen.engine,
      file: choice.file,
      target: inputs.target,
      buildArgs: inputs['build-args'],
      secrets: inputs.secrets,
      cacheFrom: inputs['cache-from'],
      cacheTo: inputs['cache-to'],
      rewriteTimestamps: inputs.reproducible !== false,
    };
    built = await buildWithBuildkit({ ...request, ...buildkit }, context);
  } else {
    const { buildLayers } = await import('./layers.ts');
    const { files, entrypoint, env, user } = inputs;
    const base = await openBase(recipe, context);
    built = await buildLayers({ ...request, base, files, entrypoint, env, user }, context);
  }
  const store = openStore(
    { kind: 'layout', folder: layout },
    { ...storeOptions(context), workspace: layout },
  );
  return { ...built, layout: store, builder: chosen.name };
}

async function openBase({ base, inputs }: Recipe, context: RunContext): Promise<Base | undefined> {
  if (base === undefined) return undefined;
  const store = openStore(base, storeOptions(context, inputs['github-token']));
  return { store, image: await listSubjects(store, base.digest) };
}
