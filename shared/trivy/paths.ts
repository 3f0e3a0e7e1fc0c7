/** What a URI's path cannot hold as it is, or what would lead a reader of SARIF out of the image: all but where an image's files are. */
const UNSAFE = /[\p{C}%?#\\]|^[^/]*:|^\/|(?:^|\/)\.{1,2}(?=\/|$)/u;

/** A path that a URI can hold: what it cannot hold is an underscore. */
function plain(path: string): string {
  return path
    .replace(/[\p{C}%?#\\:]/gu, '_')
    .replace(/(?<=^|\/)\.{1,2}(?=\/|$)/g, '_')
    .replace(/^\/+/, '');
}

/** One of the results of a report of Trivy, as far as it names files. */
interface Result {
  readonly Class?: unknown;
  readonly [list: string]: unknown;
}

/**
 * The results with paths that SARIF can name, or undefined when all of them are so already. Trivy reads each path as a URI when it writes SARIF, and
 * ends in a panic on one that is none (`a:b`, `100%`, a line end: pkg/report/sarif.go, ToPathUri, in 0.72.0); `https://…` and `../..`
 * go through as they are. In every other format a path stays what it is.
 */
export function plainPaths(results: readonly Result[]): Result[] | undefined {
  let changed = false;
  const tame = (path: unknown): unknown => {
    if (typeof path !== 'string' || !UNSAFE.test(path)) return path;
    changed = true;
    return plain(path);
  };
  const tameIn = (list: unknown, key: 'PkgPath' | 'FilePath'): unknown =>
    Array.isArray(list)
      ? list.map((one: Record<string, unknown>) => (one[key] ? { ...one, [key]: tame(one[key]) } : one))
      : list;
  const tamed = results.map((result) => ({
    ...result,
    // The name of the image there, which Trivy knows how to read.
    Target: result.Class === 'os-pkgs' ? result['Target'] : tame(result['Target']),
    Packages: tameIn(result['Packages'], 'FilePath'),
    Licenses: tameIn(result['Licenses'], 'FilePath'),
    Vulnerabilities: tameIn(result['Vulnerabilities'], 'PkgPath'),
  }));
  return changed ? tamed : undefined;
}
