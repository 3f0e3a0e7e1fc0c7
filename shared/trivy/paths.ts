/** What Trivy cannot read as a URI, or what would lead a reader of SARIF out of the image. */
const UNSAFE = /[\p{C}%?#\\]|^[^/]*:|^\/\/|(?:^|\/)\.{1,2}(?=\/|$)/u;

/** One of the results of a report of Trivy, as far as it names files. */
interface Result {
  readonly Class?: unknown;
  readonly [list: string]: unknown;
}

/** The lists in a result whose items name files, and by which key. */
const NAMING = [
  ['Packages', 'FilePath'],
  ['Licenses', 'FilePath'],
  ['Vulnerabilities', 'PkgPath'],
] as const;

/**
 * The results with paths that SARIF can name, or undefined when all of them are so already. Trivy reads each path as a URI when it writes SARIF, and
 * ends in a panic on one that is none (`a:b`, `100%`, a line end: pkg/report/sarif.go, ToPathUri, in 0.72.0); `https://…` and `../..`
 * go through as they are. In every other format a path stays what it is.
 */
export function plainPaths(results: readonly Result[]): Result[] | undefined {
  if (!results.some(hasUnsafe)) return undefined;
  return results.map((result) => ({
    ...result,
    ...(namesFile(result) && { Target: plain(result['Target']) }),
    ...Object.fromEntries(
      NAMING.map(([list, key]) => [
        list,
        itemsOf(result, list)?.map((item) => (item[key] ? { ...item, [key]: plain(item[key]) } : item)),
      ]),
    ),
  }));
}

function hasUnsafe(result: Result): boolean {
  return (
    (namesFile(result) && isUnsafe(result['Target'])) ||
    NAMING.some(([list, key]) => itemsOf(result, list)?.some((item) => isUnsafe(item[key])))
  );
}

/** Of packages of the system it is the name of the image, which Trivy knows how to read. */
function namesFile({ Class }: Result): boolean {
  return Class !== 'os-pkgs';
}

function itemsOf(result: Result, list: string): Record<string, unknown>[] | undefined {
  const items = result[list];
  return Array.isArray(items) ? items : undefined;
}

function isUnsafe(path: unknown): boolean {
  return typeof path === 'string' && UNSAFE.test(path);
}

/** A path with an underscore for all that a URI cannot hold. */
function plain(path: unknown): unknown {
  if (!isUnsafe(path)) return path;
  return String(path)
    .replace(/[\p{C}%?#\\:]/gu, '_')
    .replace(/(?<=^|\/)\.{1,2}(?=\/|$)/g, '_')
    .replace(/^\/+/, '/');
}
