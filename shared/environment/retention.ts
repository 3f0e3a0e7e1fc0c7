import { matches } from '../evidence/trust.ts';
import { type Digest, shortDigest } from '../image/digest.ts';
import { type Edges, findEdges, type Inventory, listParts, type StoredImage } from './inventory.ts';

/** What stays by rule, beside all that is held. */
export interface RetentionRules {
  /** How many of the newest tagged images stay. */
  readonly newest: number;
  /** Patterns of tags that stay; `*` stands for any characters. */
  readonly tags: readonly string[];
  /** Milliseconds. What is no older stays. */
  readonly olderThan: number;
  readonly now: Date;
}

/** One manifest of the plan, with why. */
export interface PlanLine {
  readonly digest: Digest;
  readonly tags: readonly string[];
  /** When it was made or pushed (ISO 8601), where that is known. */
  readonly made: string | undefined;
  readonly reason: string;
}

/** What becomes of every manifest of a repository. */
export interface RetentionPlan {
  readonly kept: readonly PlanLine[];
  /** What goes, in waves: each wave after the indexes that list what is in it, and after what that is about. */
  readonly going: readonly (readonly PlanLine[])[];
}

/** Reproducible builds say 1970, and there were no images before this. */
const FIRST_IMAGES = Date.UTC(2013, 0, 1);

/**
 * Plans what of a repository stays and what goes. `held` are digests that must stay whatever the rules say, with the reason: what environments hold,
 * what runs. What stays keeps all that it needs: what an index lists, the evidence about it and about that, what evidence is about, a base image.
 * A held platform also keeps the indexes that list it. What belongs to an environment (`env-…`), and what nobody knows the age of, stays.
 */
export function planRetention(
  inventory: Inventory,
  held: ReadonlyMap<Digest, string>,
  rules: RetentionRules,
): RetentionPlan {
  const edges = findEdges(inventory);
  const made = new Map(
    [...inventory.values()].map((image) => [image.digest, findAge(image, inventory, edges)]),
  );
  const keep = new Map<Digest, string>();
  const go = new Map<Digest, string>();
  const judge = (image: StoredImage, why: string | undefined, reason: string): void => {
    if (why === undefined) go.set(image.digest, reason);
    else keep.set(image.digest, why);
  };

  for (const [digest, reason] of findHeld(inventory, held, edges)) keep.set(digest, reason);
  const newest = findNewest(inventory, made, rules.newest);
  for (const image of inventory.values()) {
    const { digest, tags } = image;
    if (keep.has(digest)) continue;
    const age = explainAge(made.get(digest), rules);
    if (tags.length > 0) {
      judge(image, explainTags(image, newest, rules) ?? age.why, `${age.told}, and no rule keeps it`);
    } else if (image.about.length > 0 && !image.about.some((subject) => inventory.has(subject))) {
      // Age alone cannot keep it: much of what tools keep beside an image says nothing of when.
      judge(
        image,
        age.young ? age.why : undefined,
        `what it is about is gone: ${image.about.map(shortDigest).join(', ')}`,
      );
    } else if (image.about.length === 0 && !edges.parents.has(digest)) {
      judge(image, image.abandoned && !age.young ? undefined : age.why, describeUntagged(image, age.told));
    }
  }
  spreadKept(inventory, edges, keep);
  spreadGoing(inventory, edges, keep, go);
  // What only stands in a circle of its own has no beginning to be judged by, so each of it is judged alone.
  for (const image of inventory.values()) {
    if (keep.has(image.digest) || go.has(image.digest)) continue;
    const age = explainAge(made.get(image.digest), rules);
    judge(image, age.why, describeUntagged(image, age.told));
  }
  spreadKept(inventory, edges, keep);

  const tell = (image: StoredImage, reason: string): PlanLine => {
    const moment = made.get(image.digest);
    return {
      digest: image.digest,
      tags: [...image.tags, ...image.evidenceTags],
      made: moment === undefined ? undefined : new Date(moment).toISOString(),
      reason,
    };
  };
  const all = [...inventory.values()];
  const going = all.filter(({ digest }) => !keep.has(digest));
  return {
    kept: all.flatMap((image) => {
      const reason = keep.get(image.digest);
      return reason === undefined ? [] : [tell(image, reason)];
    }),
    going: orderRemoval(going, edges).map((wave) =>
      wave.map((image) => tell(image, go.get(image.digest) ?? '')),
    ),
  };
}

/** Held by digest or by configuration; what lists a held image stays with it, for the evidence that is beside the index. */
function findHeld(
  inventory: Inventory,
  held: ReadonlyMap<Digest, string>,
  { parents }: Edges,
): Map<Digest, string> {
  const found = new Map<Digest, string>();
  for (const { digest, config, tags, foreign } of inventory.values()) {
    const tag = tags.find((one) => /^env-/i.test(one));
    const reason =
      held.get(digest) ??
      (config && held.get(config)) ??
      (tag && `${tag} is an environment's`) ??
      (foreign ? 'is no image and no index, so nobody knows what it needs' : undefined);
    if (reason !== undefined) found.set(digest, reason);
  }
  // A map also gives what is added while it is gone through.
  for (const [digest, reason] of found) {
    for (const parent of parents.get(digest) ?? []) {
      if (!found.has(parent)) found.set(parent, `lists ${shortDigest(digest)}: ${reason}`);
    }
  }
  return found;
}

/** The newest tagged images whose age is known; of two of one moment both. */
function findNewest(
  inventory: Inventory,
  made: ReadonlyMap<Digest, number | undefined>,
  count: number,
): ReadonlySet<Digest> {
  const dated = [...inventory.values()]
    .filter(({ tags }) => tags.length > 0)
    .flatMap(({ digest }) => {
      const moment = made.get(digest);
      return moment === undefined ? [] : [{ digest, moment }];
    })
    .sort((a, b) => b.moment - a.moment);
  const last = dated[Math.min(count, dated.length) - 1]?.moment ?? Number.POSITIVE_INFINITY;
  return new Set(dated.filter(({ moment }) => moment >= last).map(({ digest }) => digest));
}

function explainTags(
  { digest, tags }: StoredImage,
  newest: ReadonlySet<Digest>,
  rules: RetentionRules,
): string | undefined {
  const pattern = rules.tags.find((one) => tags.some((tag) => matches(`glob:${one}`, tag)));
  if (pattern !== undefined) return `rule tag:${pattern}`;
  return newest.has(digest) ? `one of the ${rules.newest} newest` : undefined;
}

function explainAge(
  moment: number | undefined,
  { now, olderThan }: RetentionRules,
): {
  readonly young: boolean /** Why it stays, if age keeps it. */;
  readonly why: string | undefined;
  readonly told: string;
} {
  if (moment === undefined) return { young: false, why: 'nobody says how old it is', told: 'of unknown age' };
  const days = Math.floor((now.getTime() - moment) / 86_400_000);
  const young = now.getTime() - moment <= olderThan;
  return { young, why: young ? `only ${Math.max(0, days)} days old` : undefined, told: `${days} days old` };
}

function describeUntagged({ abandoned }: StoredImage, told: string): string {
  return `no tag and nothing that stays needs it; ${abandoned ? 'left over by an earlier run' : told}`;
}

/**
 * When an image was made: when the registry got it, where it says so. Otherwise the later of what it says itself and of the oldest evidence
 * beside it: builds that are reproducible state their commit's time, and evidence is attached when they are pushed.
 */
function findAge(image: StoredImage, inventory: Inventory, { evidence }: Edges): number | undefined {
  if (image.pushed !== undefined) return image.pushed;
  const own = [image, ...image.children.flatMap((digest) => inventory.get(digest) ?? [])];
  const created = own.flatMap((one) => plausible(one.created));
  const attached = own
    .flatMap(({ digest }) => evidence.get(digest) ?? [])
    .flatMap((digest) => plausible(inventory.get(digest)?.created));
  const first = attached.length === 0 ? [] : [attached.reduce((a, b) => Math.min(a, b))];
  const known = [...created, ...first];
  return known.length === 0 ? undefined : known.reduce((a, b) => Math.max(a, b));
}

function plausible(moment: number | undefined): number[] {
  return moment === undefined || moment < FIRST_IMAGES ? [] : [moment];
}

/** Keeps all that what is kept needs. */
function spreadKept(inventory: Inventory, { evidence }: Edges, keep: Map<Digest, string>): void {
  for (const [digest] of keep) {
    const image = inventory.get(digest);
    if (image === undefined) continue;
    const name = image.tags[0] ?? shortDigest(digest);
    const needed: [readonly Digest[], string][] = [
      [image.children, `part of ${name}`],
      [evidence.get(digest) ?? [], `evidence about ${name}`],
      [image.about, `${name} is about it`],
      [image.base === undefined ? [] : [image.base], `base of ${name}`],
    ];
    for (const [digests, reason] of needed) {
      for (const one of digests) if (inventory.has(one) && !keep.has(one)) keep.set(one, reason);
    }
  }
}

/** What goes takes with it all that nothing keeps. */
function spreadGoing(
  inventory: Inventory,
  edges: Edges,
  keep: ReadonlyMap<Digest, string>,
  go: Map<Digest, string>,
): void {
  for (const root of [...go.keys()]) {
    if (keep.has(root)) continue;
    const name = inventory.get(root)?.tags[0] ?? shortDigest(root);
    for (const part of listParts(inventory, edges, root)) {
      if (!keep.has(part) && !go.has(part)) go.set(part, `belongs to ${name}, which goes`);
    }
  }
}

/** Indexes before what they list, and images before the evidence about them: what a registry will not delete is never left without its parts. */
function orderRemoval(going: readonly StoredImage[], { parents }: Edges): StoredImage[][] {
  const all = new Map(going.map((image) => [image.digest, image]));
  const waves = new Map<Digest, number>();
  const visit = (image: StoredImage): number => {
    // Set first, so that a circle ends.
    waves.set(image.digest, 0);
    const before = [...(parents.get(image.digest) ?? []), ...image.about].flatMap(
      (one) => all.get(one) ?? [],
    );
    const wave = before.reduce((most, one) => Math.max(most, 1 + (waves.get(one.digest) ?? visit(one))), 0);
    waves.set(image.digest, wave);
    return wave;
  };
  for (const image of going) if (!waves.has(image.digest)) visit(image);
  const grouped = Map.groupBy(going, ({ digest }) => waves.get(digest) ?? 0);
  return [...grouped].sort(([a], [b]) => a - b).map(([, images]) => images);
}
