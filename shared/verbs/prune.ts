import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findEdges, listParts } from '../environment/inventory.ts';
import { planRetention, type RetentionPlan, type RetentionRules } from '../environment/retention.ts';
import type { RunContext } from '../github/context.ts';
import { openPackage } from '../github/packages.ts';
import type { Digest } from '../image/digest.ts';
import { parseRepository, type Repository } from '../image/reference.ts';
import { Failure, Invalid } from '../outcome/outcome.ts';
import type { StepResult } from '../outcome/result.ts';
import { keepHeapSmall } from '../process/heap.ts';
import { describePruned } from '../report/retention.ts';
import { type Listed, openInventory, resolveTag, type Surveyed } from '../store/inventory.ts';
import { type Journal, writeJournal } from '../store/journal.ts';
import { openStore, storeOptions } from '../store/open.ts';
import { mapParallel } from '../store/parallel.ts';
import { openRemoval, type Removal } from '../store/removal.ts';
import type { Store } from '../store/store.ts';
import { openRetained, type RetainedInputs } from './retained.ts';

export interface PruneInputs extends RetainedInputs {
  readonly repository: string;
  readonly keep: readonly string[];
  /** Seconds. */
  readonly 'older-than'?: number | undefined;
  /** True unless it says false. */
  readonly 'dry-run'?: boolean | undefined;
  /** By which API is listed and deleted: GitHub's for ghcr.io and the registry's elsewhere, unless it says which. */
  readonly api?: 'registry' | 'github' | undefined;
}

/** Manifests that are deleted at once, and between two looks at the tags. */
const DELETIONS = 8;
const CHUNK = 100;

/** One look at a repository: what is there, and what that comes to. */
interface Look {
  readonly surveyed: Surveyed;
  readonly plan: RetentionPlan;
}

/** Where a repository's manifests are deleted. */
interface Target {
  readonly store: Store;
  /** `abandoned` are those that it was about to delete. */
  look(abandoned: readonly Digest[]): Promise<Look>;
  readonly remove: Removal['remove'];
  /** Tags lead to everything only as long as they stand; GitHub's API lists untagged manifests too. */
  readonly listsAll: boolean;
}

/**
 * Deletes what a repository need not keep, by a plan that is shown first: everything that is held, runs, or stays by rule is kept with all it
 * needs. Nothing is deleted before everything has been read, twice; whatever another run has tagged meanwhile stays.
 */
export async function prune(inputs: PruneInputs, context: RunContext): Promise<StepResult> {
  keepHeapSmall();
  const repository = parseRepository(inputs.repository);
  const rules = readRules(inputs);
  const target = await openTarget(repository, rules, inputs, context);
  const { place } = target.store;
  const first = await target.look([]);
  const dryRun = inputs['dry-run'] !== false;
  const deleted = new Set<Digest>();
  const spared = new Map<Digest, string>();
  let failure: Failure | undefined;
  if (!dryRun) {
    try {
      await carryOut(target, first, { deleted, spared });
    } catch (error) {
      if (!(error instanceof Failure) || deleted.size === 0) throw error;
      failure = error;
    }
  }
  const { plan } = first;
  const total = plan.going.flat().length;
  const count = dryRun ? total : deleted.size;
  for (const [digest, reason] of spared) context.log.info(`${place}@${digest} stays: ${reason}`);
  context.log.info(
    dryRun
      ? `${total} manifests of ${place} would go, ${plan.kept.length} stay. Nothing was deleted; with dry-run: false it is.`
      : `${count} of ${total} manifests of ${place} are gone.`,
  );
  return {
    outputs: {
      repository: place,
      deleted: count,
      kept: plan.kept.length + spared.size,
      plan: await writePlan({ place, plan, dryRun, deleted, spared }, context),
    },
    summary: describePruned({ place, plan, dryRun, deleted, spared }),
    ...(failure && {
      outcome: failure.outcome,
      reasons: [
        failure.message,
        `${deleted.size} of ${total} manifests were deleted. Nothing that stays was touched; run this again for the rest.`,
      ],
    }),
  };
}

/** `10` for the newest ten images, `tag:v*` for tags; one a line. */
function readRules({ keep, 'older-than': olderThan }: PruneInputs): RetentionRules {
  const tags: string[] = [];
  let newest = 0;
  for (const line of keep) {
    const [, pattern] = /^tag:(\S+)$/.exec(line) ?? [];
    if (pattern !== undefined) tags.push(pattern);
    else if (/^\d{1,6}$/.test(line)) newest = Math.max(newest, Number(line));
    else
      throw new Invalid(
        'keep',
        `takes a number of images as in 10, or tags as in tag:v*, one a line; not "${line}"`,
      );
  }
  if (olderThan === undefined) throw new Invalid('older-than', 'is required, as in 30d');
  return { newest, tags, olderThan: olderThan * 1000, now: new Date() };
}

async function openTarget(
  repository: Repository,
  rules: RetentionRules,
  inputs: PruneInputs,
  context: RunContext,
): Promise<Target> {
  const options = storeOptions(context, inputs['github-token']);
  const store = openStore({ kind: 'registry', repository }, options);
  const removal = openRemoval(store, repository, options);
  const readRetained = await openRetained(store.place, inputs, context);
  const survey = openInventory(store, removal);
  const look = async (listed: ReadonlyMap<Digest, Listed>, abandoned: readonly Digest[]): Promise<Look> => {
    const retained = await readRetained();
    const surveyed = await survey(listed, retained.digests.keys(), abandoned);
    const held = new Map(retained.digests);
    for (const { digest, tags: own, evidenceTags } of surveyed.images.values()) {
      if (held.has(digest)) continue;
      const tags = [...own, ...evidenceTags];
      // Without its number it cannot be deleted, and then what it needs must not be either.
      const unlisted = listed.size > 0 && !listed.has(digest) ? 'GitHub does not list it yet' : undefined;
      const reason = tags.map((tag) => retained.tags.get(tag)).find((one) => one !== undefined) ?? unlisted;
      if (reason !== undefined) held.set(digest, reason);
    }
    return { surveyed, plan: planRetention(surveyed.images, held, rules) };
  };
  const byGithub = inputs.api === 'github' || (inputs.api === undefined && repository.registry === 'ghcr.io');
  if (!byGithub) {
    return {
      store,
      look: (abandoned) => look(new Map(), abandoned),
      remove: removal.remove,
      listsAll: false,
    };
  }
  const versions = await openPackage(repository.path, inputs['github-token'], context);
  const ids = new Map<Digest, number>();
  return {
    store,
    look: async (abandoned) => {
      const listed = await versions.list();
      for (const [digest, { id }] of listed) ids.set(digest, id);
      return look(listed, abandoned);
    },
    remove: async (digest) => {
      const id = ids.get(digest);
      return id === undefined ? 'GitHub does not list it' : versions.remove(id);
    },
    listsAll: true,
  };
}

/** Deletes wave by wave what the plan lets go, as long as nothing speaks for it. */
async function carryOut(
  target: Target,
  first: Look,
  done: { readonly deleted: Set<Digest>; readonly spared: Map<Digest, string> },
): Promise<void> {
  const { store, remove, listsAll } = target;
  const { deleted, spared } = done;
  const { images } = first.surveyed;
  const edges = findEdges(images);
  const planned = first.plan.going.flat().map(({ digest }) => digest);
  if (planned.length + first.surveyed.journals.length === 0) return;
  let tags: ReadonlySet<string> = new Set();
  let kept: readonly (readonly [tag: string, digest: Digest])[] = [];
  let lookedAfter = 0;

  /** Looks again, and lets stay whatever is wanted by now. */
  const lookAgain = async (): Promise<Look> => {
    // Until something is gone there is nothing that was left behind.
    const again = await target.look(deleted.size === 0 ? [] : planned);
    ({ tags } = again.surveyed);
    kept = again.plan.kept.flatMap((line) => line.tags.map((tag) => [tag, line.digest] as const));
    lookedAfter = deleted.size;
    const going = new Set(again.plan.going.flat().map(({ digest }) => digest));
    for (const digest of planned) {
      if (!deleted.has(digest) && !going.has(digest))
        spared.set(digest, 'was needed when it was looked at again');
    }
    return again;
  };

  /** True when a tag was added, or one of what stays names something else by now. Those are looked at as often as so many are deleted. */
  const hasChanged = async (journals: readonly Journal[]): Promise<boolean> => {
    const known = new Set([...tags, ...journals.map(({ tag }) => tag)]);
    if ((await store.listTags()).some((tag) => !known.has(tag))) return true;
    if (deleted.size - lookedAfter < Math.max(1, kept.length)) return false;
    lookedAfter = deleted.size;
    const moved = await mapParallel(
      kept,
      DELETIONS,
      async ([tag, digest]) => (await resolveTag(store, tag)) !== digest,
    );
    return moved.includes(true);
  };

  const { surveyed } = await lookAgain();
  const left = planned.filter((digest) => !spared.has(digest));
  const journals = [...surveyed.journals];
  if (!listsAll && left.length > 0) journals.push(await writeJournal(store, left));
  for (const wave of first.plan.going) {
    for (let at = 0; at < wave.length; at += CHUNK) {
      if (await hasChanged(journals)) await lookAgain();
      await mapParallel(wave.slice(at, at + CHUNK), DELETIONS, async (line) => {
        if (spared.has(line.digest)) return;
        const refusal = await remove(line.digest, line.tags);
        if (refusal === undefined) {
          deleted.add(line.digest);
          return;
        }
        spared.set(line.digest, refusal);
        for (const part of listParts(images, edges, line.digest)) {
          spared.set(part, 'belongs to what is kept by the registry');
        }
      });
    }
  }
  for (const { digest, tag } of journals) await remove(digest, [tag]);
}

/** Writes the plan with what came of it, every line, and returns the file's path. */
async function writePlan(pruned: Parameters<typeof describePruned>[0], context: RunContext): Promise<string> {
  const { place, plan, dryRun, deleted, spared } = pruned;
  await mkdir(context.temp, { recursive: true });
  const path = join(await mkdtemp(join(context.temp, 'hallmark-prune-')), 'plan.json');
  const going = plan.going.flat().map((line) => ({
    ...line,
    deleted: deleted.has(line.digest),
    ...(spared.has(line.digest) && { stays: spared.get(line.digest) }),
  }));
  await writeFile(path, JSON.stringify({ repository: place, dryRun, going, kept: plan.kept }, undefined, 2));
  return path;
}
