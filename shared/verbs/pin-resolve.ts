import { type ActionRelease, explainCommit, resolveAction } from '../github/actions.ts';
import type { Github } from '../github/api.ts';
import { parseReference } from '../image/reference.ts';
import type { ImageLine } from '../manifests/line.ts';
import { expandName } from '../manifests/name.ts';
import { formatReference, type Pinned, tagOf } from '../manifests/pin.ts';
import type { ActionLine } from '../manifests/workflows.ts';
import { Invalid, Refused } from '../outcome/outcome.ts';
import { openStore, type StoreOptions } from '../store/open.ts';
import { mapParallel } from '../store/parallel.ts';
import type { Store } from '../store/store.ts';
import type { Reference } from './pin-plan.ts';

/** Registries and GitHub's API are asked for so many at once. */
const ASKED = 8;

/**
 * What each reference names now; those that name the same are asked for once. Throws `Refused` with every one that its registry or GitHub does not
 * know, and what a store throws when it cannot be reached.
 */
export async function resolveReferences(
  references: readonly Reference[],
  openGithub: () => Promise<Github>,
  options: StoreOptions,
): Promise<ReadonlyMap<Reference, Pinned>> {
  const groups = Map.groupBy(references, keyOf);
  const stores = new Map<string, Store>();
  const missing: string[] = [];
  const resolved = new Map<Reference, Pinned>();
  await mapParallel([...groups.values()], ASKED, async (group) => {
    const [first] = group;
    if (first === undefined) return;
    const pinned =
      'owner' in first
        ? await resolveRelease(first, await openGithub())
        : await resolveImage(first, stores, options);
    if (typeof pinned === 'string') missing.push(pinned);
    else for (const one of group) resolved.set(one, pinned);
  });
  if (missing.length > 0) {
    throw new Refused(missing.sort(), {
      hint: 'Nothing was changed. A name that something else puts another in place of, as Kustomize does, goes into the input except.',
    });
  }
  return resolved;
}

function keyOf(reference: Reference): string {
  return 'owner' in reference
    ? `${reference.owner}/${reference.repo}`.toLowerCase().concat('@', reference.ref)
    : `${expandName(reference.name)}:${tagOf(reference)}`;
}

async function resolveImage(
  image: ImageLine,
  stores: Map<string, Store>,
  options: StoreOptions,
): Promise<Pinned | string> {
  const name = expandName(image.name);
  const tag = tagOf(image);
  let store = stores.get(name);
  if (store === undefined) {
    try {
      store = openStore(parseReference(name), options);
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      return `${formatReference(image)}: ${error.message}`;
    }
    stores.set(name, store);
  }
  const digest = (await store.resolve(tag))?.digest;
  if (digest === undefined) return `${name} has no tag ${tag}, or hides it from this login`;
  // What the registry says of the tag has to be there, be an image, and be those bytes.
  if ((await store.getManifest(digest)) === undefined)
    throw new Refused(`${name} says that ${tag} is ${digest}, and does not have it`);
  return { id: digest, version: tag };
}

async function resolveRelease(action: ActionLine, github: Github): Promise<Pinned | string> {
  const release: ActionRelease | string = await resolveAction(github, action, action.ref);
  return typeof release === 'string' ? release : { id: release.commit, version: release.version };
}

/** Why an action that is used by its commit is not to be trusted, by the place; asked once for each commit and version. */
export async function explainCommits(
  actions: readonly ActionLine[],
  openGithub: () => Promise<Github>,
): Promise<ReadonlyMap<ActionLine, string>> {
  const groups = Map.groupBy(actions, (action) => `${keyOf(action)} ${action.version ?? ''}`);
  const faults = new Map<ActionLine, string>();
  await mapParallel([...groups.values()], ASKED, async (group) => {
    const [first] = group;
    if (first === undefined) return;
    const fault = await explainCommit(await openGithub(), first, first.ref, first.version);
    if (fault !== undefined) for (const one of group) faults.set(one, fault);
  });
  return faults;
}
