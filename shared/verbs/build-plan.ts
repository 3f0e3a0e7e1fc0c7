import * as z from 'zod';
import type { Material } from '../builders/builder.ts';
import { type RunCommit, readRunCommit } from '../builders/commit.ts';
import type { ImageInputs } from '../builders/layout.ts';
import { type Prover, requireProvenance } from '../builders/proof.ts';
import type { RunContext } from '../github/context.ts';
import { parseRepository, type Reference } from '../image/reference.ts';
import { readTags, type TagFacts } from '../image/tag-rules.ts';
import { commitTag, versionOf } from '../image/tags.ts';
import { Invalid, Refused } from '../outcome/outcome.ts';
import type { SigningInputs } from '../sigstore/instance.ts';
import type { Store } from '../store/store.ts';
import { type ImageSubjects, listSubjects } from '../store/subjects.ts';

/** The inputs of actions/build/action.yml. */
export interface BuildInputs extends ImageInputs, SigningInputs {
  readonly 'base-policy'?: string | undefined;
  readonly repository?: string | undefined;
  readonly labels: readonly (readonly [string, string])[];
  readonly annotations: readonly (readonly [string, string])[];
  readonly tags: readonly string[];
  readonly push?: boolean | undefined;
  readonly 'push-by-digest'?: boolean | undefined;
  readonly merge: readonly string[];
  readonly provenance?: boolean | undefined;
}

/** How the image will be called and what it says of where it comes from, read and checked before anything is built or written. */
export interface Plan {
  readonly run: RunCommit;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** The commit's tag first. */
  readonly tags: readonly string[];
  readonly version: string | undefined;
  /** Undefined when the image stays on disk. */
  readonly destination: Reference | undefined;
}

/** Reads the commit that the context `folder` is of, and the names of its image. */
export async function readPlan(folder: string, inputs: BuildInputs, context: RunContext): Promise<Plan> {
  const destination = readDestination(inputs);
  const run = await readRunCommit(folder, context);
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
 * The image that the commit's tag already names and what it was made of, when its provenance says that this workflow built it from this commit.
 * A tag that names anything else is `Refused`: it would have to be moved.
 */
export async function findBuilt(
  { tags: [tag] }: Plan,
  store: Store,
  prover: Prover,
  context: RunContext,
): Promise<{ readonly image: ImageSubjects; readonly materials: readonly Material[] } | undefined> {
  const there = tag === undefined ? undefined : await store.resolve(tag);
  if (there === undefined) return undefined;
  try {
    const image = await listSubjects(store, there.digest);
    const materials = await requireProvenance(prover, store, image);
    context.log.info(`Reused ${store.place}@${image.digest}: ${tag} exists and its provenance verifies`);
    return { image, materials };
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
