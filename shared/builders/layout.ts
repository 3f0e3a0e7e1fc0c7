import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunContext } from '../github/context.ts';
import type { Platform } from '../image/descriptor.ts';
import { parsePlatform } from '../image/platform.ts';
import { type DigestReference, parseDigestReference } from '../image/reference.ts';
import { Invalid } from '../outcome/outcome.ts';
import { parseMirrors } from '../store/mirrors.ts';
import { openStore, storeOptions } from '../store/open.ts';
import type { Store } from '../store/store.ts';
import { listSubjects } from '../store/subjects.ts';
import { resolveInside } from '../workspace/workspace.ts';
import type { Base } from './base.ts';
import type { BuilderName, BuildRequest, BuiltImage } from './builder.ts';
import { type BuilderChoice, type ChosenBuilder, checkChoice } from './choose.ts';
import type { Compression } from './layer.ts';
import type { AllowedImages } from './source-policy.ts';

/** What an image is made of, as actions/build/action.yml takes it. */
export interface ImageInputs {
  readonly context?: string | undefined;
  readonly file?: string | undefined;
  readonly builder?: 'auto' | BuilderName | undefined;
  readonly base?: string | undefined;
  readonly files: readonly string[];
  readonly layers: readonly string[];
  readonly compression?: Compression | undefined;
  readonly entrypoint?: readonly string[] | undefined;
  readonly env: readonly (readonly [string, string])[];
  readonly user?: string | undefined;
  readonly platforms: readonly string[];
  readonly target?: string | undefined;
  readonly 'build-args': readonly (readonly [string, string])[];
  readonly secrets: readonly string[];
  readonly 'cache-from': readonly string[];
  readonly 'cache-to': readonly string[];
  readonly 'secret-envs': readonly (readonly [string, string])[];
  readonly 'secret-files': readonly (readonly [string, string])[];
  readonly ssh: readonly string[];
  readonly 'build-contexts': readonly (readonly [string, string])[];
  readonly 'no-cache'?: boolean | undefined;
  readonly 'no-cache-filters': readonly string[];
  readonly allow: readonly string[];
  readonly network?: string | undefined;
  readonly 'add-hosts': readonly string[];
  readonly pull?: boolean | undefined;
  readonly reproducible?: 'true' | 'false' | 'check' | undefined;
  readonly 'github-token'?: string | undefined;
  /** Where a base is read while its registry is down; see `parseMirrors`. */
  readonly 'registry-mirrors': readonly string[];
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
  const folder = await readContextFolder(inputs, context);
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

/** The build context, absolute. Throws `Invalid` when it is no folder inside the workspace. */
export async function readContextFolder(
  inputs: Pick<ImageInputs, 'context'>,
  context: RunContext,
): Promise<string> {
  const folder = await resolveInside(context.workspace, inputs.context ?? '.', 'context');
  if ((await stat(folder).catch(() => undefined))?.isDirectory()) return folder;
  throw new Invalid('context', `"${inputs.context ?? '.'}" is no folder in the workspace`);
}

/** Throws `Invalid` naming an input that says how an image is built: where none is built it would be passed over. */
export function refuseRecipe(inputs: ImageInputs, why: string): void {
  const given = [...LAYERS_ONLY, ...BUILDKIT_ONLY, ...FOR_BOTH].find(
    (name) => inputs[name] !== undefined && inputs[name].length > 0,
  );
  if (given !== undefined) throw new Invalid(given, why);
}

const LAYERS_ONLY = ['base', 'files', 'layers', 'entrypoint', 'env', 'user', 'registry-mirrors'] as const;
const BUILDKIT_ONLY = [
  ...(['target', 'build-args', 'secrets', 'secret-envs', 'secret-files', 'ssh'] as const),
  ...(['build-contexts', 'no-cache-filters', 'allow', 'network', 'add-hosts'] as const),
] as const;
const FOR_BOTH = ['file', 'compression', 'cache-from', 'cache-to'] as const;

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

/** What a build is told beside its recipe. */
export interface BuildFacts extends Pick<BuildRequest, 'created' | 'labels' | 'annotations' | 'temp'> {
  /** The images that a Dockerfile's build may take; any when undefined. */
  readonly allowed: AllowedImages | undefined;
  /** Where the image goes afterwards; undefined when it stays on disk. */
  readonly destination: Store | undefined;
}

/** Says which builder it is and why, and builds the recipe below `temp`; twice where it is to be shown that both are the same. */
export async function buildLayout(
  recipe: Recipe,
  chosen: ChosenBuilder,
  facts: BuildFacts,
  context: RunContext,
): Promise<BuiltLayout> {
  context.log.info(`Builder: ${chosen.name}, because ${chosen.why}`);
  const built = await buildOnce(recipe, facts, chosen, context);
  if (recipe.inputs.reproducible === 'check') {
    const temp = join(facts.temp, 'again');
    await mkdir(temp);
    // Its cache would be that of the first.
    const inputs = { ...recipe.inputs, 'cache-to': [] };
    const again = await buildOnce({ ...recipe, inputs }, { ...facts, temp }, chosen, context);
    const { requireSame } = await import('./reproduce.ts');
    await requireSame(built, again, context.deadline);
    context.log.info('Reproducible: a second build gave the same manifests');
  }
  return built;
}

async function buildOnce(
  recipe: Recipe,
  facts: BuildFacts,
  chosen: ChosenBuilder,
  context: RunContext,
): Promise<BuiltLayout> {
  const { folder, choice, platforms, inputs } = recipe;
  const noCache = inputs['no-cache'] === true || inputs.reproducible === 'check';
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
      secrets: [
        ...inputs.secrets,
        ...inputs['secret-envs'].map(([id, variable]) => `id=${id},env=${variable}`),
        ...inputs['secret-files'].map(([id, path]) => `id=${id},src=${path}`),
      ],
      cacheFrom: inputs['cache-from'],
      cacheTo: inputs['cache-to'],
      ssh: inputs.ssh,
      contexts: await Promise.all(inputs['build-contexts'].map((named) => resolveContext(named, context))),
      noCache,
      noCacheFilters: inputs['no-cache-filters'],
      allow: inputs.allow,
      network: inputs.network,
      addHosts: inputs['add-hosts'],
      pull: inputs.pull === true,
      rewriteTimestamps: inputs.reproducible !== 'false',
      compression: inputs.compression,
      allowed: facts.allowed,
    };
    const { listFloating } = await import('./floating.ts');
    const [made, dockerfile] = await Promise.all([
      buildWithBuildkit({ ...request, ...buildkit }, context),
      readFile(choice.file, 'utf8'),
    ]);
    const floating = listFloating(dockerfile, made.materials, inputs['build-contexts']);
    built = { ...made, checks: [...made.checks, ...floating] };
  } else {
    const [{ buildLayers }, { locateCache }] = await Promise.all([
      import('./layers.ts'),
      import('./layer-cache.ts'),
    ]);
    const { files, layers: split, compression = 'gzip', entrypoint, env, user } = inputs;
    const [base, from, to] = await Promise.all([
      openBase(recipe, context),
      Promise.all(inputs['cache-from'].map((line) => locateCache(line, 'cache-from', context))),
      Promise.all(inputs['cache-to'].map((line) => locateCache(line, 'cache-to', context))),
    ]);
    const cache = { from: noCache ? [] : from, to, destination: facts.destination };
    const contents = { base, files, split, compression, cache, entrypoint, env, user };
    built = await buildLayers({ ...request, ...contents }, context);
  }
  const store = openStore(
    { kind: 'layout', folder: layout },
    { ...storeOptions(context), workspace: layout },
  );
  return { ...built, layout: store, builder: chosen.name };
}

/** A named context for buildx: an address as it is, a folder inside the workspace. */
async function resolveContext(
  [name, value]: readonly [string, string],
  context: RunContext,
): Promise<string> {
  if (/^(?:[a-z][a-z0-9+.-]*:|git@)/i.test(value) && !value.startsWith('oci-layout:'))
    return `${name}=${value}`;
  const [, scheme = '', path = '', digest = ''] =
    /^(oci-layout:\/\/)?(.*?)(@sha256:[0-9a-f]{64})?$/s.exec(value) ?? [];
  return `${name}=${scheme}${await resolveInside(context.workspace, path, 'build-contexts')}${digest}`;
}

async function openBase({ base, inputs }: Recipe, context: RunContext): Promise<Base | undefined> {
  if (base === undefined) return undefined;
  const mirrors = parseMirrors(inputs['registry-mirrors']);
  const store = openStore(base, { ...storeOptions(context, inputs['github-token']), mirrors });
  return { store, image: await listSubjects(store, base.digest) };
}
