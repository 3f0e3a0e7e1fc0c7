import type { Package } from './packages.ts';
import { compareVersions } from './version.ts';

/** One package that is not what it was. */
export interface PackageChange {
  readonly name: string;
  readonly type: string;
  /** The version before, or for a change of licence the licences; empty when there was none. */
  readonly from: string;
  /** The same now. */
  readonly to: string;
  /** The licences now; those before for what was removed. */
  readonly licences: string[];
  readonly platforms: string[];
}

/** What became of an image's packages. A change whose direction is not known stands in `removed` and in `added`. */
export interface PackageDifference {
  readonly added: PackageChange[];
  readonly removed: PackageChange[];
  readonly upgraded: PackageChange[];
  readonly downgraded: PackageChange[];
  readonly relicensed: PackageChange[];
}

/** The packages of each platform, as in `linux/amd64`. */
type PackagesOf = ReadonlyMap<string, readonly Package[]>;
type Kind = keyof PackageDifference;

/** One package in all its versions, of one platform. */
interface Held {
  readonly name: string;
  readonly type: string;
  readonly versions: Set<string>;
  readonly licences: Set<string>;
}

/**
 * Compares the packages of two images, platform by platform; what several platforms share is one change.
 * A platform that only one of them has is left out: that is no change of a package. Time and memory are linear.
 */
export function comparePackages(now: PackagesOf, before: PackagesOf): PackageDifference {
  const changes = new Map<string, { kind: Kind; change: PackageChange; platforms: string[] }>();
  for (const [platform, packages] of now) {
    const earlier = before.get(platform);
    if (earlier === undefined) continue;
    for (const [kind, change] of comparePlatform(holdPackages(packages), holdPackages(earlier))) {
      const key = JSON.stringify([kind, change]);
      const known = changes.get(key);
      if (known) known.platforms.push(platform);
      else changes.set(key, { kind, change: { ...change, platforms: [] }, platforms: [platform] });
    }
  }
  const difference: Record<Kind, PackageChange[]> = {
    added: [],
    removed: [],
    upgraded: [],
    downgraded: [],
    relicensed: [],
  };
  for (const { kind, change, platforms } of changes.values()) difference[kind].push({ ...change, platforms });
  for (const list of Object.values(difference)) list.sort(compareNames);
  return difference;
}

function compareNames(a: PackageChange, b: PackageChange): number {
  return a.name === b.name ? 0 : a.name < b.name ? -1 : 1;
}

function holdPackages(packages: readonly Package[]): Map<string, Held> {
  const held = new Map<string, Held>();
  for (const { name, type, version, licences } of packages) {
    const key = `${type} ${name}`;
    const known = held.get(key) ?? { name, type, versions: new Set(), licences: new Set() };
    known.versions.add(version);
    for (const licence of licences) if (licence !== '') known.licences.add(licence);
    held.set(key, known);
  }
  return held;
}

type Change = readonly [Kind, Omit<PackageChange, 'platforms'>];

function* comparePlatform(
  now: ReadonlyMap<string, Held>,
  before: ReadonlyMap<string, Held>,
): Generator<Change> {
  for (const [key, held] of now) yield* compareHeld(held, before.get(key));
  for (const [key, held] of before) {
    if (!now.has(key)) {
      for (const from of held.versions) yield ['removed', describe(held, from, '')];
    }
  }
}

function* compareHeld(now: Held, before: Held | undefined): Generator<Change> {
  const came = [...now.versions].filter((version) => !before?.versions.has(version));
  const went = [...(before?.versions ?? [])].filter((version) => !now.versions.has(version));
  const [to, from] = [came[0], went[0]];
  const order =
    came.length === 1 && went.length === 1 && to !== undefined && from !== undefined
      ? compareVersions(now.type, from, to)
      : undefined;
  if (order !== undefined) {
    yield [order < 0 ? 'upgraded' : 'downgraded', describe(now, from ?? '', to ?? '')];
  } else {
    for (const version of came) yield ['added', describe(now, '', version)];
    for (const version of went) yield ['removed', describe(before ?? now, version, '')];
  }
  if (before === undefined) return;
  const [was, is] = [before, now].map(({ licences }) => [...licences].sort().join(', '));
  if (was !== is) yield ['relicensed', describe(now, was ?? '', is ?? '')];
}

function describe(held: Held, from: string, to: string): Omit<PackageChange, 'platforms'> {
  return { name: held.name, type: held.type, from, to, licences: [...held.licences].sort() };
}
