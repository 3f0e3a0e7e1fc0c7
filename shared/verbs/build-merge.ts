import type { Material } from '../builders/builder.ts';
import { formatIndex } from '../builders/image-index.ts';
import { readContextFolder, refuseRecipe } from '../builders/layout.ts';
import {
  openProver,
  type Prover,
  publishProvenance,
  requireProvenance,
  uniteMaterials,
} from '../builders/proof.ts';
import type { RunContext } from '../github/context.ts';
import { type Descriptor, MEDIA_TYPE, type Platform } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import { formatPlatform, isSamePlatform, parsePlatform } from '../image/platform.ts';
import { formatPlace, parseDigestReference, type Reference } from '../image/reference.ts';
import { Invalid, Refused } from '../outcome/outcome.ts';
import type { StepResult } from '../outcome/result.ts';
import { digestOf } from '../store/hash.ts';
import { openStore, storeOptions } from '../store/open.ts';
import { mapParallel } from '../store/parallel.ts';
import type { Store } from '../store/store.ts';
import { type ImageSubjects, listSubjects, type PlatformManifest } from '../store/subjects.ts';
import { requireFreeTags, writeTags } from '../store/tag.ts';
import { type BuildInputs, findBuilt, readPlan } from './build-plan.ts';
import { describeResult } from './build-result.ts';

/** What another job pushed by digest, and what its provenance says it was made of. */
interface Part {
  readonly platforms: readonly PlatformManifest[];
  readonly materials: readonly Material[];
}

/**
 * Makes one image of platforms that other jobs of this workflow built and pushed by digest: an index over them, its provenance over the index
 * and each of them, and only then the commit's tags. Each must carry provenance for this commit by this workflow, and together they must be
 * the platforms that are asked for, one of each: `Refused` otherwise, before anything is written.
 */
export async function mergePlatforms(inputs: BuildInputs, context: RunContext): Promise<StepResult> {
  const asked = readAsked(inputs);
  const plan = await readPlan(await readContextFolder(inputs, context), inputs, context);
  const { destination } = plan;
  if (destination === undefined) throw new Invalid('merge', 'pushes an index, and push is false');
  const digests = inputs.merge.map((text) => readPart(text, destination));

  const store = openStore(destination, storeOptions(context, inputs['github-token']));
  const prover = await openProver(inputs, plan.run, context);
  const existing = (await findBuilt(plan, store, prover, context))?.image;
  if (existing) {
    orderPlatforms(
      existing.platforms,
      asked,
      `${store.place}@${existing.digest}, this commit's image already,`,
    );
    await writeTags(store, existing.root, plan.tags);
    return describeResult(plan, destination, existing, undefined);
  }
  const parts = await verifyParts(digests, store, prover);
  const platforms = orderPlatforms(
    parts.flatMap((part) => part.platforms),
    asked,
    'merge',
  );
  const bytes = formatIndex(platforms.map(describePlatform), plan.annotations);
  const digest = digestOf(bytes);
  await requireFreeTags(store, plan.tags, digest);
  await store.putManifest(bytes, MEDIA_TYPE.index);
  const image = await listSubjects(store, digest);
  await publishProvenance(prover, store, image, uniteMaterials(parts.flatMap((part) => part.materials)));
  // What the next run will ask of this image is asked now, before a tag vouches for it.
  await requireProvenance(prover, store, image);
  await writeTags(store, image.root, plan.tags);
  return describeResult(plan, destination, image, { builder: 'merge', checks: [] });
}

/** The platforms that the index is to have: no job that failed unseen, and none that nobody asked for, may change them. */
function readAsked(inputs: BuildInputs): Platform[] {
  refuseRecipe(
    inputs,
    'says how to build, and merge builds nothing: give it to the jobs with push-by-digest',
  );
  if (inputs.labels.length > 0)
    throw new Invalid('labels', 'stand in each platform: give them to the jobs with push-by-digest');
  if (inputs['base-policy'] !== undefined)
    throw new Invalid('base-policy', 'is held to before a build: give it to the jobs with push-by-digest');
  if (inputs.provenance === false)
    throw new Invalid('provenance', 'is what merge knows a platform by, and the index goes without none');
  if (inputs.reproducible === 'check')
    throw new Invalid(
      'reproducible',
      'is checked by building again: give it to the jobs with push-by-digest',
    );
  if (inputs.platforms.length === 0)
    throw new Invalid(
      'platforms',
      'is required with merge: those that the index must have, no more and no fewer',
    );
  const asked = inputs.platforms.map((text) => parsePlatform(text));
  return asked.filter((platform, at) => asked.findIndex((one) => isSamePlatform(one, platform)) === at);
}

function readPart(text: string, destination: Reference): Digest {
  const part = parseDigestReference(text, 'merge');
  const [place, wanted] = [part, destination].map(formatPlace);
  if (place === wanted) return part.digest;
  throw new Invalid('merge', `"${place}" is another repository than ${wanted}, where the index would be`);
}

/** Checks the provenance of each, and says of all that fail why. */
async function verifyParts(digests: readonly Digest[], store: Store, prover: Prover): Promise<Part[]> {
  const looked = await mapParallel(digests, 8, async (digest): Promise<Part | readonly string[]> => {
    try {
      const image = await readImage(store, digest);
      return { platforms: image.platforms, materials: await requireProvenance(prover, store, image) };
    } catch (error) {
      if (error instanceof Refused) return error.reasons;
      throw error;
    }
  });
  const reasons = looked.flatMap((part) => ('platforms' in part ? [] : part));
  if (reasons.length > 0) throw new Refused(reasons, { hint: 'Nothing was written.' });
  return looked.filter((part) => 'platforms' in part);
}

async function readImage(store: Store, digest: Digest): Promise<ImageSubjects> {
  if ((await store.resolve(digest)) === undefined) throw new Refused(`${store.place} holds no ${digest}`);
  return listSubjects(store, digest);
}

/** The manifests in the order of the platforms that are asked for. Two of one platform, one too many and one too few are `Refused`. */
function orderPlatforms(
  there: readonly PlatformManifest[],
  asked: readonly Platform[],
  whose: string,
): PlatformManifest[] {
  const found = asked.map((platform) => there.filter((one) => isSamePlatform(one.platform, platform)));
  const reasons = [
    ...asked.flatMap((platform, at) => {
      const count = found[at]?.length ?? 0;
      return count === 1 ? [] : [`${whose} has ${count} of ${formatPlatform(platform)}, not one`];
    }),
    ...there
      .filter(({ platform }) => !asked.some((one) => isSamePlatform(one, platform)))
      .map(({ platform }) => `${whose} has ${formatPlatform(platform)}, which platforms does not ask for`),
  ];
  if (reasons.length > 0) throw new Refused(reasons, { hint: 'Nothing was written.' });
  return found.flat();
}

/** As builders write it, so that an index is the same however many jobs made it. */
function describePlatform({
  platform,
  descriptor: { mediaType, digest, size },
}: PlatformManifest): Descriptor {
  const { architecture, os, ...rest } = platform;
  return { mediaType, digest, size, platform: { architecture, os, ...rest } };
}
