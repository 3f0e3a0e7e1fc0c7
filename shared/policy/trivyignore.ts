import type { Exception } from './exceptions.ts';

/** No id of anything is longer. */
const MAX_ID = 200;

/**
 * Reads a .trivyignore for those who migrate (trivy.dev, "Filtering": one id a line, `exp:2027-01-31`, `#` begins a comment). What it lists has
 * no owner and, without `exp:`, no end. A line that cannot be read excuses nothing and is passed over: the file is Trivy's, not ours.
 */
export function readTrivyignore(content: string, file: string): Exception[] {
  return content.split(/\r?\n/).flatMap((whole, at): Exception[] => {
    const [id = '', ...rest] = (whole.split('#')[0] ?? '').trim().split(/\s+/);
    if (id === '' || id.length > MAX_ID) return [];
    const given = rest.find((word) => word.startsWith('exp:'));
    const until = given === undefined ? undefined : new Date(`${given.slice('exp:'.length)}T00:00:00Z`);
    // An end that is none is no exception for ever.
    if (until !== undefined && Number.isNaN(until.getTime())) return [];
    return [{ finding: id, scope: {}, owner: '', reason: '', until, file, line: at + 1 }];
  });
}
