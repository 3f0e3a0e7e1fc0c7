/** A line of a file of the repository; lines count from 1. */
export interface FileLine {
  readonly path: string;
  readonly line: number;
}

/** For each package, by `lineKey`, the line of the lockfiles that alone can be meant; none where there are several. */
export function indexLockfiles(
  lockfiles: readonly { readonly path: string; readonly text: string }[],
): ReadonlyMap<string, FileLine> {
  const found = new Map<string, FileLine[]>();
  for (const { path, text } of lockfiles) {
    for (const [key, lines] of indexLockfile(path, text)) {
      found.set(key, [...(found.get(key) ?? []), ...lines.map((line) => ({ path, line }))]);
    }
  }
  return new Map(
    [...found].flatMap(([key, [only, ...others]]) =>
      only === undefined || others.length > 0 ? [] : [[key, only]],
    ),
  );
}

/** Which line of a lockfile names a package in a version: 1-based lines by `lineKey`. Several lines for one key mean that none is certain. */
function indexLockfile(path: string, text: string): Map<string, number[]> {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const read = READERS.find(([pattern]) => pattern.test(name))?.[1];
  const found = new Map<string, number[]>();
  read?.(text.split(/\r?\n/), (key, index) => {
    const lines = found.get(key);
    if (lines === undefined) found.set(key, [index + 1]);
    else lines.push(index + 1);
  });
  return found;
}

/** A package in a version, as scanners and lockfiles of its ecosystem both write it. */
export function lineKey(name: string, version: string): string {
  return JSON.stringify([name, version.replace(/^v(?=\d)/, '')]);
}

type Reader = (lines: readonly string[], found: (key: string, index: number) => void) => void;

/** An entry that begins with its name on one line and has its version on a later one. */
function readEntries(start: RegExp, version: RegExp): Reader {
  return (lines, found) => {
    let entry: { name: string; index: number } | undefined;
    lines.forEach((line, index) => {
      const name = start.exec(line)?.[1];
      if (name !== undefined) entry = { name, index };
      const given = version.exec(line)?.[1];
      if (given === undefined || entry === undefined) return;
      found(lineKey(entry.name, given), entry.index);
      entry = undefined;
    });
  };
}

/** Name and version on one line. */
function readLines(pattern: RegExp): Reader {
  return (lines, found) => {
    lines.forEach((line, index) => {
      const [, name, version] = pattern.exec(line) ?? [];
      if (name !== undefined && version !== undefined) found(lineKey(name, version), index);
    });
  };
}

const READERS: readonly (readonly [RegExp, Reader])[] = [
  [
    /^(?:package-lock|npm-shrinkwrap)\.json$/,
    readEntries(/^\s*"(?:[^"]*\/)?node_modules\/((?:@[^"/]+\/)?[^"/]+)": \{$/, /^\s*"version": "([^"]+)"/),
  ],
  [/^go\.mod$/, readLines(/^\s*(?:require\s+)?([^\s/]+\.[^\s]+) (v[^\s]+)(?:\s*\/\/.*)?$/)],
  [/^requirements[\w.-]*\.txt$/, readLines(/^([A-Za-z0-9][\w.-]*)==([^\s;\\]+)/)],
  [/^(?:Cargo|poetry|uv)\.lock$/, readEntries(/^name = "([^"]+)"$/, /^version = "([^"]+)"$/)],
  [/^Gemfile\.lock$/, readLines(/^ {4}([^\s(]+) \(([^\s)]+)\)$/)],
];
