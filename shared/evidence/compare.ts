import type { Finding } from './finding.ts';
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
  let left: Placed[] = before.merged.flatMap((merged) =>
    [...platformsOf(merged), ...(missing ? [ANY] : [])].map((platform) => ({ merged, platform })),
  );
  let open: Placed[] = now.merged.flatMap((merged) =>
    platformsOf(merged).map((platform) => ({ merged, platform: known.has(platform) ? platform : ANY })),
  );
  for (const nameOf of [namePlace, nameProblem]) {
    const waiting = Map.groupBy(left, nameOf);
    open = open.filter((one) => {
      const match = waiting.get(nameOf(one))?.pop();
      if (match !== undefined) kept.add(match.merged);
      return match === undefined;
    });
    left = [...waiting.values()].flat();
  }
  const looked = new Set(now.platforms);
  const fixed = before.merged.filter(
    (merged) =>
      !kept.has(merged) && (missing || platformsOf(merged).some((platform) => looked.has(platform))),
  );
  return { fresh: new Set(open.map(({ merged }) => merged)), fixed };
}

/** What is wrong with what, wherever it lies and in whichever version. */
function nameProblem({ merged: { found }, platform }: Placed): string {
  return `${platform} ${found.class} ${found.id} ${found.package === '' ? found.target : found.package}`;
}

function namePlace(one: Placed): string {
  const { target, line }: Finding = one.merged.found;
  return `${nameProblem(one)} ${target} ${line ?? ''}`;
}
