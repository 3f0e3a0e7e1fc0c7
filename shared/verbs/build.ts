import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import type { BuildCheck } from '../builders/builder.ts';
import { type RunCommit, readRunCommit } from '../builders/commit.ts';
import {
  type BuiltLayout,
  buildLayout,
  type ImageInputs,
  type Recipe,
  readRecipe,
} from '../builders/layout.ts';
import { openProver, type Prover, publishProvenance, requireProvenance } from '../builders/proof.ts';
import type { RunContext } from '../github/context.ts';
import type { Digest } from '../image/digest.ts';
import { formatPlatform } from '../image/platform.ts';
import { formatImage, formatPlace, parseRepository, type Reference } from '../image/reference.ts';
import { readTags, type TagFacts } from '../image/tag-rules.ts';
import { commitTag, versionOf } from '../image/tags.ts';
import { Invalid, Refused } from '../outcome/outcome.ts';
import type { StepResult } from '../outcome/result.ts';
import { escapeMarkdown, formatCode, formatTable } from '../report/markdown.ts';
import type { SigningInputs } from '../sigstore/instance.ts';
import { copyImage } from '../store/copy.ts';
import { openStore, storeOptions } from '../store/open.ts';
import type { Store } from '../store/store.ts';
import { type ImageSubjects, listSubjects } from '../store/subjects.ts';
import { requireFreeTags, writeTags } from '../store/tag.ts';
import { resolveInside } from '../workspace/workspace.ts';

/** How many checks a summary shows. */
const SHOWN = 30;

/** The inputs of actions/build/action.yml. */
export interface BuildInputs extends ImageInputs, SigningInputs {
  readonly repository?: string | undefined;
  readonly labels: readonly (readonly [string, string])[];
  readonly annotations: readonly (readonly [string, string])[];
  readonly tags: readonly string[];
  readonly push?: boolean | undefined;
  readonly provenance?: boolean | undefined;
}

/** What is to be built and how it will be called, read and checked before anything is built or written. */
interface Plan {
  readonly recipe: Recipe;
  readonly run: RunCommit;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** The commit's tag first. */
  readonly tags: readonly string[];
  readonly version: string | undefined;
  /** Undefined when the image stays on disk. */
  readonly destination: Reference | undefined;
}

/** One commit, one image: reuses it when it is there and proven, otherwise builds, pushes by digest, proves and only then tags. */
export async function build(inputs: BuildInputs, context: RunContext): Promise<StepResult> {
  const plan = await readPlan(inputs, context);
  const { destination } = plan;
  if (destination === undefined) return buildToDisk(plan, context);

  const store = openStore(destination, storeOptions(context, inputs['github-token']));
  const prover = inputs.provenance === false ? undefined : await openProver(inputs, plan.run, context);
  const existing = prover && (await findBuilt(plan, store, prover, context));
  if (existing) {
    await writeTags(store, existing.root, plan.tags);
    return describeResult(plan, destination, existing, undefined);
  }
  return withTemporaryFolder(context, async (temp) => {
    const built = await buildPlan(plan, temp, context);
    await requireFreeTags(store, plan.tags, built.digest);
    const { copied, mounted } = await copyImage(built.layout, store, built.digest);
    context.log.info(`Pushed ${store.place}@${built.digest}: ${copied} objects sent, ${mounted} mounted`);
    const image = await listSubjects(store, built.digest);
    if (prover) {
      await publishProvenance(prover, store, image, built.materials);
      // What the next run will ask of this image is asked now, before a tag vouches for it.
      await requireProvenance(prover, store, image);
    }
    await writeTags(store, image.root, plan.tags);
    return describeResult(plan, destination, image, built);
  });
}

async function readPlan(inputs: BuildInputs, context: RunContext): Promise<Plan> {
  const destination = readDestination(inputs);
  const recipe = await readRecipe(inputs, context);
  const run = await readRunCommit(recipe.folder, context);
  if (run.name === undefined && destination !== undefined) {
    throw new Invalid(
      'push',
      `an image built on ${context.eventName} has no commit that it could be named by`,
      {
        hint: 'Set push: false, or build on push, release, workflow_dispatch, schedule or pull_request.',
      },
    );
  }
  const trusted = run.name?.kind === 'commit';
  const extra = readTags(inputs.tags, readTagFacts(run, context));
  const version = trusted ? versionOf(context.ref) : undefined;
  if (!trusted && extra.length > 0) {
    context.log.notice(
      `Left out on ${context.eventName}: the tags ${extra.join(', ')}, which only trusted triggers may give.`,
    );
  }
  const named = [...(version === undefined ? [] : [version]), ...(trusted ? extra : [])];
  const tags = [...new Set([...(run.name ? [commitTag(run.name)] : []), ...named])];
  const origin = describeOrigin(run, version, context);
  return {
    recipe,
    run,
    tags,
    version,
    destination,
    labels: { ...origin, ...Object.fromEntries(inputs.labels) },
    annotations: { ...origin, ...Object.fromEntries(inputs.annotations) },
  };
}

const eventSchema = z.object({ repository: z.object({ default_branch: z.string() }) });

function readTagFacts(
  { checkout: { head, time } }: RunCommit,
  { ref, eventName, event }: RunContext,
): TagFacts {
  const defaultBranch = eventSchema.safeParse(event).data?.repository.default_branch;
  return { ref, eventName, commit: head, committed: new Date(time * 1000), now: new Date(), defaultBranch };
}

function readDestination(inputs: BuildInputs): Reference | undefined {
  if (inputs.repository === undefined) {
    if (inputs.push === false) return undefined;
    throw new Invalid('repository', 'is required to push, as in ghcr.io/octo/app; or set push: false');
  }
  const repository = parseRepository(inputs.repository);
  return inputs.push === false ? undefined : { kind: 'registry', repository };
}

/**
 * The image that the commit's tag already names, when its provenance says that this workflow built it from this commit.
 * A tag that names anything else is `Refused`: it would have to be moved.
 */
async function findBuilt(
  plan: Plan,
  store: Store,
  prover: Prover,
  context: RunContext,
): Promise<ImageSubjects | undefined> {
  const [tag] = plan.tags;
  const there = tag === undefined ? undefined : await store.resolve(tag);
  if (there === undefined) return undefined;
  try {
    const image = await listSubjects(store, there.digest);
    await requireProvenance(prover, store, image);
    context.log.info(`Reused ${store.place}@${image.digest}: ${tag} exists and its provenance verifies`);
    return image;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    throw new Refused(
      [
        `${store.place}:${tag} exists already, and nothing proves that it is this commit's image`,
        ...error.reasons,
      ],
      {
        cause: error,
        hint: 'Nothing was built or written. Find out who pushed the tag, then delete it.',
      },
    );
  }
}

/** OCI's own keys (image-spec, annotations.md) for where an image comes from. */
function describeOrigin(
  { checkout: { head, time } }: RunCommit,
  version: string | undefined,
  { repository, serverUrl }: RunContext,
): Record<string, string> {
  const prefix = 'org.opencontainers.image';
  return {
    [`${prefix}.created`]: new Date(time * 1000).toISOString().replace('.000Z', 'Z'),
    [`${prefix}.revision`]: head,
    ...(repository !== undefined && { [`${prefix}.source`]: `${serverUrl}/${repository}` }),
    ...(version !== undefined && { [`${prefix}.version`]: version }),
  };
}

/** Builds into a temporary folder, and says beside the Dockerfile's lines what is to be said of them. */
async function buildPlan(
  { recipe, run, labels, annotations }: Plan,
  temp: string,
  context: RunContext,
): Promise<BuiltLayout> {
  const built = await buildLayout(recipe, { created: run.checkout.time, labels, annotations, temp }, context);
  for (const { name, message, url, line } of built.checks) {
    const at = line === undefined ? undefined : { file: recipe.choice.fileName, line };
    context.log.warning([`${name}: ${message}`, ...(url === undefined ? [] : [url])].join('\n'), at);
  }
  return built;
}

async function buildToDisk(plan: Plan, context: RunContext): Promise<StepResult> {
  return withTemporaryFolder(context, async (temp) => {
    const built = await buildPlan(plan, temp, context);
    const folder = await makeLayoutFolder(context, built.digest);
    const store = openStore({ kind: 'layout', folder }, storeOptions(context));
    await copyImage(built.layout, store, built.digest);
    const image = await listSubjects(store, built.digest);
    return describeResult(plan, { kind: 'layout', folder }, image, built);
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

function describeResult(
  plan: Plan,
  place: Reference,
  image: ImageSubjects,
  built: BuiltLayout | undefined,
): StepResult {
  const platforms = image.platforms.map(({ platform, descriptor, manifest }) => ({
    platform: formatPlatform(platform),
    digest: descriptor.digest,
    config: manifest.config.digest,
  }));
  const { head, time } = plan.run.checkout;
  const name = formatImage(place, image.digest);
  const facts: [string, string][] = [
    ['Image', formatCode(name)],
    ['Commit', formatCode(head)],
    ['Tags', plan.tags.map((tag) => formatCode(tag)).join(', ') || 'none'],
    ['Platforms', platforms.map(({ platform }) => formatCode(platform)).join(', ')],
    ['Builder', built?.builder ?? 'none: it was built before, and its provenance verifies'],
    ...(plan.recipe.inputs.reproducible === 'check' && built
      ? [['Reproducible', 'a second build without cache gave the same'] satisfies [string, string]]
      : []),
  ];
  return {
    outputs: {
      image: name,
      repository: formatPlace(place),
      digest: image.digest,
      tags: plan.tags.join('\n'),
      version: plan.version,
      reused: built === undefined,
      metadata: JSON.stringify({
        builder: built?.builder,
        commit: head,
        created: new Date(time * 1000).toISOString(),
        platforms,
      }),
    },
    summary: [
      `### Hallmark build: ${built === undefined ? 'reused' : 'built'}`,
      formatTable(['', ''], facts),
      ...formatChecks(plan, built?.checks ?? []),
    ].join('\n\n'),
  };
}

function formatChecks(plan: Plan, checks: readonly BuildCheck[]): string[] {
  if (checks.length === 0) return [];
  const { fileName } = plan.recipe.choice;
  const rows = checks
    .slice(0, SHOWN)
    .map(({ name, message, line }) => [
      formatCode(line === undefined ? fileName : `${fileName}:${line}`),
      escapeMarkdown(name),
      escapeMarkdown(message, 300),
    ]);
  const more = checks.length > SHOWN ? [`${checks.length - SHOWN} more are in the log.`] : [];
  return ['#### What the Dockerfile could do better', formatTable(['Where', 'Check', 'What'], rows), ...more];
}
