import { compare as comparePython, valid as isPython } from '@renovatebot/pep440';
import { compare, parse } from 'semver';

/*
 * Which of two versions is the later one. Each ecosystem has an order of its own; where it is not known for sure there is no answer,
 * because a downgrade that is shown as an upgrade is worse than two lines.
 */

/** A comparison as `Array.sort` takes it, or undefined where the order of these two is not known. */
type Order = (a: string, b: string) => number | undefined;

/** By the type of a package URL (package-url/purl-spec, PURL-TYPES). */
const ORDERS: Readonly<Record<string, Order>> = {
  npm: compareSemver,
  golang: compareSemver,
  cargo: compareSemver,
  pub: compareSemver,
  hex: compareSemver,
  swift: compareSemver,
  nuget: compareSemver,
  pypi: (a, b) => (isPython(a) && isPython(b) ? comparePython(a, b) : undefined),
  deb: compareDebian,
  rpm: compareRpm,
  apk: compareAlpine,
};

/**
 * Below zero when `a` comes before `b`, above when it comes after. Undefined when the ecosystem's order is not known,
 * when one of them is no version in it, and when two spellings mean the same version.
 */
export function compareVersions(type: string, a: string, b: string): number | undefined {
  const order = (ORDERS[type] ?? compareNumbers)(a, b);
  return order === 0 ? undefined : order;
}

/** Semantic versions (semver.org 2.0.0), also with Go's `v`; whatever else is only numbers counts as such. */
function compareSemver(a: string, b: string): number | undefined {
  const [first, second] = [parse(a), parse(b)];
  return first && second ? compare(first, second) : compareNumbers(a, b);
}

const NUMBERS = /^v?\d+(?:\.\d+)*$/;

/** Numbers with dots between them mean the same everywhere: Maven, RubyGems, NuGet, Composer. */
function compareNumbers(a: string, b: string): number | undefined {
  if (!NUMBERS.test(a) || !NUMBERS.test(b)) return undefined;
  const [first, second] = [a, b].map((text) => text.replace('v', '').split('.'));
  return compareParts(first ?? [], second ?? [], '0', compareDigits);
}

function compareParts(
  a: readonly string[],
  b: readonly string[],
  absent: string,
  order: (a: string, b: string) => number,
): number {
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
    const result = order(a[at] ?? absent, b[at] ?? absent);
    if (result !== 0) return result;
  }
  return 0;
}

/** Digits of any length, without rounding: some versions are dates with a time. */
function compareDigits(a: string, b: string): number {
  const [first, second] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')];
  return first.length - second.length || compareText(first, second);
}

function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** `[epoch:]upstream[-revision]` in three parts; no epoch is epoch 0. Undefined for what has no upstream version. */
function splitEpoch(version: string): [epoch: string, upstream: string, revision: string] | undefined {
  const [, epoch = '0', rest = ''] = /^(?:(\d+):)?([^:\s]+)$/.exec(version) ?? [];
  const dash = rest.lastIndexOf('-');
  const upstream = dash < 0 ? rest : rest.slice(0, dash);
  return upstream === '' ? undefined : [epoch, upstream, dash < 0 ? '' : rest.slice(dash + 1)];
}

function compareByEpoch(a: string, b: string, order: (a: string, b: string) => number): number | undefined {
  const [first, second] = [splitEpoch(a), splitEpoch(b)];
  if (!first || !second) return undefined;
  return compareDigits(first[0], second[0]) || order(first[1], second[1]) || order(first[2], second[2]);
}

/** deb-version(7), "Sorting algorithm". */
function compareDebian(a: string, b: string): number | undefined {
  return compareByEpoch(a, b, (first, second) => {
    // Text and digits take turns, text first, so that the two lists keep step.
    const split = (text: string): string[] =>
      [...text.matchAll(/(\D*)(\d*)/g)].flatMap(([, letters = '', digits = '']) => [letters, digits]);
    const [x, y] = [split(first), split(second)];
    for (let at = 0; at < Math.max(x.length, y.length); at += 1) {
      const [one, other] = [x[at] ?? '', y[at] ?? ''];
      const result = at % 2 === 1 ? compareDigits(one, other) : compareDebianText(one, other);
      if (result !== 0) return result;
    }
    return 0;
  });
}

/** `~` before the end, the end before letters, letters before everything else. */
function compareDebianText(a: string, b: string): number {
  const rank = (letter: string | undefined): number => {
    if (letter === undefined) return 0;
    if (letter === '~') return -1;
    return /[A-Za-z]/.test(letter) ? letter.charCodeAt(0) : letter.charCodeAt(0) + 256;
  };
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
    const result = rank(a[at]) - rank(b[at]);
    if (result !== 0) return result;
  }
  return 0;
}

/** rpm-version(7), "Comparison": segments of digits or letters; `~` before everything, `^` after the end. */
function compareRpm(a: string, b: string): number | undefined {
  return compareByEpoch(a, b, (first, second) => {
    const split = (text: string): string[] => text.match(/\d+|[A-Za-z]+|[~^]/g) ?? [];
    const [x, y] = [split(first), split(second)];
    for (let at = 0; at < Math.max(x.length, y.length); at += 1) {
      const [one, other] = [x[at], y[at]];
      if (one === other) continue;
      const result = rankSegment(one) - rankSegment(other);
      if (result !== 0) return result;
      const [left, right] = [one ?? '', other ?? ''];
      const order = /^\d/.test(left) ? compareDigits(left, right) : compareText(left, right);
      if (order !== 0) return order;
    }
    return 0;
  });
}

function rankSegment(segment: string | undefined): number {
  if (segment === undefined) return 1;
  if (segment === '~') return 0;
  if (segment === '^') return 2;
  return /^\d/.test(segment) ? 4 : 3;
}

const ALPINE =
  /^(\d+(?:\.\d+)*)([a-z]?)((?:_(?:alpha|beta|pre|rc|cvs|svn|git|hg|p)\d*)*)(?:~[0-9a-f]+)?(?:-r(\d+))?$/;
const SUFFIXES = ['alpha', 'beta', 'pre', 'rc', '', 'cvs', 'svn', 'git', 'hg', 'p'];

/** apk-package(5) of apk-tools, "Package version". */
function compareAlpine(a: string, b: string): number | undefined {
  const [first, second] = [ALPINE.exec(a), ALPINE.exec(b)];
  if (!first || !second) return undefined;
  const [x, y] = [first, second].map((match) => (match[1] ?? '').split('.'));
  // Behind the first dot a part with a leading zero is a fraction: not worth a mistake.
  if ([x, y].some((parts) => parts?.slice(1).some((part) => /^0\d/.test(part)))) return undefined;
  const suffixes = [first, second].map((match) =>
    (match[3] ?? '')
      .split('_')
      .slice(1)
      .map((suffix) => {
        const name = suffix.replace(/\d+$/, '');
        return { rank: SUFFIXES.indexOf(name), number: suffix.slice(name.length) };
      }),
  );
  return (
    compareParts(x ?? [], y ?? [], '', (left, right) =>
      left === '' || right === '' ? left.length - right.length : compareDigits(left, right),
    ) ||
    compareText(first[2] ?? '', second[2] ?? '') ||
    compareSuffixes(suffixes[0] ?? [], suffixes[1] ?? []) ||
    compareDigits(first[4] ?? '', second[4] ?? '')
  );
}

interface Suffix {
  readonly rank: number;
  readonly number: string;
}

function compareSuffixes(a: readonly Suffix[], b: readonly Suffix[]): number {
  const none = { rank: SUFFIXES.indexOf(''), number: '' };
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
    const [one, other] = [a[at] ?? none, b[at] ?? none];
    const result = one.rank - other.rank || compareDigits(one.number, other.number);
    if (result !== 0) return result;
  }
  return 0;
}
