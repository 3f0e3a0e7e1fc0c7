import { Invalid } from '../outcome/outcome.ts';

/** Which files of which branch: one repository, so that one commit holds them all. */
export interface ManifestPlaces {
  /** Undefined for the run's own. */
  readonly repository: { readonly owner: string; readonly repo: string } | undefined;
  /** Undefined for the default one. */
  readonly branch: string | undefined;
  /** Paths and globs. */
  readonly paths: readonly string[];
}

const place =
  /^(?:(?<owner>[A-Za-z0-9][A-Za-z0-9-]{0,38})\/(?<repo>[A-Za-z0-9._-]{1,100})\/\/)?(?<path>[^@]+)(?:@(?<branch>[^@]+))?$/;

/** Reads lines of `[owner/repo//]path[@branch]`. Throws `Invalid` for anything else and for lines of more than one repository or branch. */
export function parseManifestPlaces(lines: readonly string[]): ManifestPlaces {
  const read = lines.map((line) => {
    const { owner, repo, path = '', branch } = place.exec(line)?.groups ?? {};
    const segments = path.split('/');
    if (segments.some((segment) => segment === '' || segment === '.' || segment === '..')) {
      throw new Invalid(
        'manifests',
        `takes lines of path, path@branch or owner/repo//path@branch, not "${line}"`,
      );
    }
    return { repository: owner && repo ? { owner, repo } : undefined, branch, path };
  });
  const [first] = read;
  const other = read.find(
    ({ repository, branch }) =>
      branch !== first?.branch ||
      repository?.owner !== first?.repository?.owner ||
      repository?.repo !== first?.repository?.repo,
  );
  if (other !== undefined) {
    throw new Invalid(
      'manifests',
      'may name one repository and one branch: one commit has to hold all of it',
    );
  }
  return { repository: first?.repository, branch: first?.branch, paths: read.map(({ path }) => path) };
}
