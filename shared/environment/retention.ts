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
  /** The image that it stays or goes with; undefined for what was judged by itself. */
  readonly with: Digest | undefined;
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
  const { keep, go } = decide(inventory, edges, findHeld(inventory, held, edges), made, rules);
  const tell = ({ digest, tags, evidenceTags }: StoredImage): PlanLine => {
    const moment = made.get(digest);
    const { reason = '', root } = keep.get(digest) ?? go.get(digest) ?? {};
    return {
      digest,
      tags: [...tags, ...evidenceTags],
      made: moment === undefined ? undefined : new Date(moment).toISOString(),
      reason,
      with: root,
    };
  };
  const all = [...inventory.values()];
  const going = all.filter(({ digest }) => !keep.has(digest));
  return {
    kept: all.filter(({ digest }) => keep.has(digest)).map(tell),
    going: orderRemoval(going, edges).map((wave) => wave.map(tell)),
  };
}

interface Reason {
  readonly reason: string;
  /** What it was judged with, where not by itself. */
  readonly root?: Digest;
}
type Reasons = Map<Digest, Reason>;

/** Judges each image by itself, then what it needs or leaves behind with it. What is in `keep` stays, whatever `go` says of it. */
function decide(
  inventory: Inventory,
  edges: Edges,
  held: ReadonlyMap<Digest, string>,
  made: ReadonlyMap<Digest, number | undefined>,
  rules: RetentionRules,
): { readonly keep: Reasons; readonly go: Reasons } {
  const keep: Reasons = new Map([...held].map(([digest, reason]) => [digest, { reason }]));
  const go: Reasons = new Map();
  const newest = findNewest(inventory, made, rules.newest);
  const judge = ({ digest }: StoredImage, why: string | undefined, reason: string): void => {
    if (why === undefined) go.set(digest, { reason });
    else keep.set(digest, { reason: why });
  };
  for (const image of inventory.values()) {
    const { digest, tags, about, abandoned } = image;
    if (keep.has(digest)) continue;
    const age = explainAge(made.get(digest), rules);
    const rule = explainTags(image, newest, rules);
    if (tags.length > 0 || rule !== undefined) {
      judge(image, rule ?? age.why, `${age.told}, and no rule keeps it`);
    } else if (about.length > 0 && !about.some((subject) => inventory.has(subject))) {
      // Age alone cannot keep it: much of what tools keep beside an image says nothing of when.
      const why = age.young && !abandoned ? age.why : undefined;
      judge(image, why, `what it is about is gone: ${about.map(shortDigest).join(', ')}`);
    } else if (about.length === 0 && !edges.parents.has(digest)) {
      judge(image, abandoned && !age.young ? undefined : age.why, describeUntagged(image, age.told));
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
  return { keep, go };
}

/** An image in a reason: by its tag, or as the plan shows it where that is long. */
function nameImage({ tags, digest }: StoredImage): string {
  return tags.find((tag) => tag.length <= 30) ?? shortDigest(digest);
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
  { digest, tags, evidenceTags }: StoredImage,
  newest: ReadonlySet<Digest>,
  rules: RetentionRules,
): string | undefined {
  // Some tools give an image its own digest as a tag, so that it stays.
  const given = [...tags, ...evidenceTags.filter((tag) => tag === digest.replace(':', '-'))];
  const pattern = rules.tags.find((one) => given.some((tag) => matches(`glob:${one}`, tag)));
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
function spreadKept(inventory: Inventory, { evidence }: Edges, keep: Reasons): void {
  // A map also gives what is added while it is gone through.
  for (const [digest, { root = digest }] of keep) {
    const image = inventory.get(digest);
    if (image === undefined) continue;
    const name = nameImage(image);
    const needed: [readonly Digest[], string][] = [
      [image.children, `part of ${name}`],
      [evidence.get(digest) ?? [], `evidence about ${name}`],
      // Not of what only stays with something: an index of evidence that somebody has rewritten since would keep the image from aging.
      [root === digest ? image.about : [], `${name} is about it`],
      [image.base === undefined ? [] : [image.base], `base of ${name}`],
    ];
    for (const [digests, reason] of needed) {
      for (const one of digests) if (inventory.has(one) && !keep.has(one)) keep.set(one, { reason, root });
    }
  }
}

/** What goes takes with it all that nothing keeps. */
function spreadGoing(
  inventory: Inventory,
  edges: Edges,
  keep: ReadonlyMap<Digest, Reason>,
  go: Reasons,
): void {
  for (const root of [...go.keys()]) {
    const image = inventory.get(root);
    if (image === undefined || keep.has(root)) continue;
    const reason = `belongs to ${nameImage(image)}, which goes`;
    for (const part of listParts(inventory, edges, root)) {
      if (!keep.has(part) && !go.has(part)) go.set(part, { reason, root });
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
