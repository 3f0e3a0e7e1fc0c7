import { type MergedFinding, platformsOf } from './merge.ts';

/** Findings and the platforms that were looked at for them. */
export interface Compared {
  readonly merged: readonly MergedFinding[];
  readonly platforms: readonly string[];
}

/** A finding of one of the images on one platform. */
interface Placed {
  readonly merged: MergedFinding;
  readonly platform: string;
}

/** A platform that the earlier image did not have is compared with all of it. */
const ANY = '*';

/**
 * What is new in `now` and what of `before` is gone, in time and memory that grow with their number. A finding is known when `before` has it
 * for the same package in the same place, or else one for the same package elsewhere that nothing else is taken for: a file that moved or
 * a version that changed brings nothing new, a second copy does. What is of no package is of its file. What is on several platforms is
 * known when it is on each.
 */
export function compareFindings(
  now: Compared,
  before: Compared,
): { readonly fresh: ReadonlySet<MergedFinding>; readonly fixed: readonly MergedFinding[] } {
  const known = new Set(before.platforms);
  const missing = now.platforms.some((platform) => !known.has(platform));
  const kept = new Set<MergedFinding>();
  let left: Placed[] = [];
  for (const merged of before.merged) {
    for (const platform of platformsOf(merged)) left.push({ merged, platform });
    if (missing) left.push({ merged, platform: ANY });
  }
  let open: Placed[] = [];
  for (const merged of now.merged) {
    for (const platform of platformsOf(merged)) {
      open.push({ merged, platform: known.has(platform) ? platform : ANY });
    }
  }
  for (const nameOf of [namePlace, nameProblem]) {
    const waiting = stackByName(left, nameOf);
    open = open.filter((one) => {
      const name = nameOf(one);
      const match = waiting.get(name);
      if (match === undefined) return true;
      kept.add(match.one.merged);
      if (match.below === undefined) waiting.delete(name);
      else waiting.set(name, match.below);
      return false;
    });
    left = [...waiting.values()].flatMap((stack) => [...unstack(stack)]);
  }
  const looked = new Set(now.platforms);
  const fixed = before.merged.filter(
    (merged) =>
      !kept.has(merged) && (missing || platformsOf(merged).some((platform) => looked.has(platform))),
  );
  return { fresh: new Set(open.map(({ merged }) => merged)), fixed };
}

/** Those of one name. Not a list, because most are alone and a list for each of 50,000 is most of the memory. */
interface Stack {
  readonly one: Placed;
  readonly below: Stack | undefined;
}

function stackByName(placed: readonly Placed[], nameOf: (one: Placed) => string): Map<string, Stack> {
  const stacks = new Map<string, Stack>();
  for (const one of placed) {
    const name = nameOf(one);
    stacks.set(name, { one, below: stacks.get(name) });
  }
  return stacks;
}

function* unstack(top: Stack): Generator<Placed> {
  for (let at: Stack | undefined = top; at !== undefined; at = at.below) yield at.one;
}

/** What is wrong with what, wherever it lies and in whichever version. */
function nameProblem({ merged: { found }, platform }: Placed): string {
  return [platform, found.class, found.id, found.package || found.target].join(' ');
}

/** The same in one place. Joined at once: of 50,000 findings the parts of a text that grows would be most of the memory. */
function namePlace({ merged: { found }, platform }: Placed): string {
  const { target, line } = found;
  return [platform, found.class, found.id, found.package || target, target, line].join(' ');
}
