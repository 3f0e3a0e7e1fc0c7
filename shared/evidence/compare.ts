import { placeOf } from './finding.ts';
import { type MergedFinding, platformsOf } from './merge.ts';

/** Findings and the platforms that were looked at for them. */
export interface Compared {
  readonly merged: readonly MergedFinding[];
  readonly platforms: readonly string[];
}

/** A finding of the earlier image on one platform, until something of the later one is taken to be the same. */
interface Earlier {
  readonly merged: MergedFinding;
  taken: boolean;
}

/** A platform that the earlier image did not have is compared with all of it. */
const ANY = '*';

/**
 * What is new in `now` and what of `before` is gone, in time that grows with their number. A finding is known when `before` has it for the same
 * package in the same place, or else one for the same package elsewhere that nothing else is taken for: a file that moved or a version
 * that changed brings nothing new, a second copy does. What is on several platforms is known when it is on each.
 */
export function compareFindings(
  now: Compared,
  before: Compared,
): { readonly fresh: ReadonlySet<MergedFinding>; readonly fixed: readonly MergedFinding[] } {
  const exact = new Map<string, Earlier[]>();
  const loose = new Map<string, Earlier[]>();
  const place = (platform: string, { found }: MergedFinding): string => `${platform} ${placeOf(found)}`;
  const file = (key: string, { found }: MergedFinding): string =>
    `${key} ${found.target} ${found.line ?? ''}`;
  const missing = now.platforms.some((platform) => !before.platforms.includes(platform));
  for (const merged of before.merged) {
    for (const platform of [...platformsOf(merged), ...(missing ? [ANY] : [])]) {
      const entry = { merged, taken: false };
      const key = place(platform, merged);
      push(exact, file(key, merged), entry);
      push(loose, key, entry);
    }
  }

  const kept = new Set<MergedFinding>();
  const take = (from: ReadonlyMap<string, Earlier[]>, key: string): boolean => {
    const waiting = from.get(key);
    for (let entry = waiting?.pop(); entry !== undefined; entry = waiting?.pop()) {
      if (entry.taken) continue;
      entry.taken = true;
      kept.add(entry.merged);
      return true;
    }
    return false;
  };
  const known = new Set(before.platforms);
  const unplaced = now.merged.flatMap((merged) =>
    platformsOf(merged)
      .map((platform) => ({ merged, key: place(known.has(platform) ? platform : ANY, merged) }))
      .filter(({ key }) => !take(exact, file(key, merged))),
  );
  const fresh = new Set(unplaced.filter(({ key }) => !take(loose, key)).map(({ merged }) => merged));
  const looked = new Set(now.platforms);
  const fixed = before.merged.filter(
    (merged) =>
      !kept.has(merged) && (missing || platformsOf(merged).some((platform) => looked.has(platform))),
  );
  return { fresh, fixed };
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
