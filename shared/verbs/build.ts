import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chooseBuilder } from '../builders/choose.ts';
import {
  type BuildFacts,
  type BuiltLayout,
  buildLayout,
  type Recipe,
  readRecipe,
} from '../builders/layout.ts';
import { openProver, publishProvenance, requireProvenance } from '../builders/proof.ts';
import type { RunContext } from '../github/context.ts';
import type { Digest } from '../image/digest.ts';
import { formatPlatform, isSamePlatform } from '../image/platform.ts';
import { Invalid, Refused } from '../outcome/outcome.ts';
import type { StepResult } from '../outcome/result.ts';
import { copyImage } from '../store/copy.ts';
import { openStore, storeOptions } from '../store/open.ts';
import type { Store } from '../store/store.ts';
import { type ImageSubjects, listSubjects } from '../store/subjects.ts';
import { requireFreeTags, writeTags } from '../store/tag.ts';
import { resolveInside } from '../workspace/workspace.ts';
import {
  type BasePolicy,
  openBasePolicy,
  requireBases,
  requireBasesOf,
  requireVerified,
} from './base-policy.ts';
import { mergePlatforms } from './build-merge.ts';
import { type BuildInputs, findBuilt, type Plan, readPlan } from './build-plan.ts';
import { describeResult, type Made } from './build-result.ts';

/** One commit, one image: reuses it when it is there and proven, otherwise builds, pushes by digest, proves and only then tags. */
export async function build(inputs: BuildInputs, context: RunContext): Promise<StepResult> {
  if (inputs['push-by-digest'] === true) checkPushByDigest(inputs);
  if (inputs.merge.length > 0) return mergePlatforms(inputs, context);
  const recipe = await readRecipe(inputs, context);
  const plan = await readPlan(recipe.folder, inputs, context);
  const { destination } = plan;
  const bases =
    inputs['base-policy'] === undefined
      ? undefined
      : await openBasePolicy(inputs['base-policy'], inputs, context);
  if (destination === undefined) return buildToDisk(plan, recipe, bases, context);

  const store = openStore(destination, storeOptions(context, inputs['github-token']));
  const prover = inputs.provenance === false ? undefined : await openProver(inputs, plan.run, context);
  const existing = prover && (await findBuilt(plan, store, prover, context));
  // One platform of several has no tag: `merge` gives those to the index.
  const named = inputs['push-by-digest'] === true ? { ...plan, tags: [] } : plan;
  if (existing) {
    if (bases) await requireBasesOf(bases, recipe, existing.materials);
    const image =
      inputs['push-by-digest'] === true ? await pickBuilt(existing.image, recipe, store) : existing.image;
    await writeTags(store, image.root, named.tags);
    return describeResult(named, destination, image, undefined);
  }
  return withTemporaryFolder(context, async (temp) => {
    const built = await buildPlan(plan, recipe, bases, { temp, destination: store }, context);
    await requireFreeTags(store, named.tags, built.digest);
    const { copied, mounted } = await copyImage(built.layout, store, built.digest);
    context.log.info(`Pushed ${store.place}@${built.digest}: ${copied} objects sent, ${mounted} mounted`);
    const image = await listSubjects(store, built.digest);
    if (prover) {
      await publishProvenance(prover, store, image, built.materials);
      // What the next run will ask of this image is asked now, before a tag vouches for it.
      await requireProvenance(prover, store, image);
    }
    await writeTags(store, image.root, named.tags);
    return describeResult(named, destination, image, describeBuilt(built, recipe));
  });
}

/** What is pushed by digest is one platform for `merge`, which takes nothing that is not proven. */
function checkPushByDigest({ merge, platforms, provenance, push, tags }: BuildInputs): void {
  const fault = (input: string, message: string): Invalid => new Invalid(input, message);
  if (merge.length > 0) throw fault('merge', 'names what other jobs built; push-by-digest is for those jobs');
  if (push === false) throw fault('push-by-digest', 'pushes, and push is false');
  if (provenance === false)
    throw fault('provenance', 'is what merge knows a platform by: leave it true with push-by-digest');
  if (platforms.length !== 1)
    throw fault('platforms', 'names the one platform that a job with push-by-digest builds, as linux/arm64');
  if (tags.length > 0) throw fault('tags', 'are given by merge; push-by-digest gives none');
}

/** The platform of the commit's image that this job would build. */
async function pickBuilt(
  existing: ImageSubjects,
  { platforms }: Recipe,
  store: Store,
): Promise<ImageSubjects> {
  const there = existing.platforms.find((one) =>
    platforms.every((asked) => isSamePlatform(asked, one.platform)),
  );
  if (there !== undefined) return listSubjects(store, there.descriptor.digest);
  const [wanted, has] = [platforms, existing.platforms.map(({ platform }) => platform)].map((all) =>
    all.map(formatPlatform).join(', '),
  );
  throw new Refused(
    `${store.place}@${existing.digest} is this commit's image already, of ${has} without ${wanted}`,
  );
}

/** Builds into a temporary folder upon bases that the policy takes, and says beside the Dockerfile's lines what is to be said of them. */
async function buildPlan(
  { run, labels, annotations }: Plan,
  recipe: Recipe,
  bases: BasePolicy | undefined,
  places: Pick<BuildFacts, 'temp' | 'destination'>,
  context: RunContext,
): Promise<BuiltLayout> {
  const chosen = await chooseBuilder(recipe.choice, context);
  const allowed = bases && (await requireBases(bases, recipe, chosen.name));
  const facts = { ...places, created: run.checkout.time, labels, annotations, allowed };
  const built = await buildLayout(recipe, chosen, facts, context);
  if (allowed) requireVerified(built.materials, allowed);
  for (const { name, message, url, line } of built.checks) {
    const at = line === undefined ? undefined : { file: recipe.choice.fileName, line };
    context.log.warning([`${name}: ${message}`, ...(url === undefined ? [] : [url])].join('\n'), at);
  }
  return built;
}

function describeBuilt({ builder, checks }: BuiltLayout, { choice, inputs }: Recipe): Made {
  return { builder, checks, fileName: choice.fileName, repeated: inputs.reproducible === 'check' };
}

async function buildToDisk(
  plan: Plan,
  recipe: Recipe,
  bases: BasePolicy | undefined,
  context: RunContext,
): Promise<StepResult> {
  return withTemporaryFolder(context, async (temp) => {
    const built = await buildPlan(plan, recipe, bases, { temp, destination: undefined }, context);
    const folder = await makeLayoutFolder(context, built.digest);
    const store = openStore({ kind: 'layout', folder }, storeOptions(context));
    await copyImage(built.layout, store, built.digest);
    const image = await listSubjects(store, built.digest);
    return describeResult(plan, { kind: 'layout', folder }, image, describeBuilt(built, recipe));
  });
}

/** A place in the workspace, where the next steps may read, that neither git nor the layers builder takes for a part of the repository. */
async function makeLayoutFolder(context: RunContext, digest: Digest): Promise<string> {
  const ignore = await resolveInside(context.workspace, '.hallmark/.gitignore', 'context');
  await mkdir(join(ignore, '..'), { recursive: true });
  await writeFile(ignore, '*\n', { flag: 'wx' }).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'EEXIST') throw cause;
  });
  return `.hallmark/image-${digest.slice(digest.indexOf(':') + 1).slice(0, 12)}`;
}

async function withTemporaryFolder<T>(context: RunContext, work: (folder: string) => Promise<T>): Promise<T> {
  await mkdir(context.temp, { recursive: true });
  const folder = await mkdtemp(join(context.temp, 'hallmark-build-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
