import { Invalid } from '../outcome/outcome.ts';
import { type Package, parsePackageUrl } from './packages.ts';

/** What is looked for: a vulnerability by any of its names, or a package; of an empty type or version any. */
export type Sought =
  | { readonly kind: 'vulnerability'; readonly id: string }
  | { readonly kind: 'package'; readonly type: string; readonly name: string; readonly version: string };

/** CVE (cve.org, "CVE ID Syntax"), GHSA, and numbers of other advisories of that form: RUSTSEC-2024-0001, DSA-5000-1. */
const ADVISORY = /^(?:CVE-\d{4}-\d{4,}|GHSA(?:-[0-9a-z]{4}){3}|(?:RUSTSEC|PYSEC|GO)-\d{4}-\d{1,6})$/i;

/** Reads `CVE-2021-44228`, `GHSA-…`, a package URL, `name` or `name@version`. Throws `Invalid` for anything else. */
export function parseSought(text: string): Sought {
  if (ADVISORY.test(text)) return { kind: 'vulnerability', id: text };
  if (/^(?:CVE|GHSA)-/i.test(text)) {
    throw new Invalid('find', `"${text}" is no number of an advisory, as in CVE-2021-44228`);
  }
  if (text.startsWith('pkg:')) {
    const parsed = parsePackageUrl(text);
    if (parsed === undefined)
      throw new Invalid('find', `"${text}" is no package URL, as in pkg:npm/lodash@4.17.4`);
    return { kind: 'package', type: parsed.type, name: parsed.name, version: parsed.version };
  }
  // A scope begins with one too.
  const at = text.lastIndexOf('@');
  const [name, version] = at > 0 ? [text.slice(0, at), text.slice(at + 1)] : [text, ''];
  if (/\s/.test(text) || name === '' || (at > 0 && version === '')) {
    throw new Invalid('find', `"${text}" is no advisory, package URL, name or name@version`);
  }
  return { kind: 'package', type: '', name, version };
}

/**
 * Whether a package is the one that is looked for. A name alone is that of any ecosystem, with or without the group before it; letter case and
 * the sign between two words, which some ecosystems do not tell apart, count for nothing: a wrong hit is looked at, a missed one is not.
 */
export function isSought(known: Pick<Package, 'name' | 'type' | 'version' | 'url'>, sought: Sought): boolean {
  if (sought.kind !== 'package') return false;
  const parsed = parsePackageUrl(known.url);
  const type = parsed?.type ?? known.type;
  if (sought.type !== '' && type !== '' && sought.type !== type) return false;
  if (sought.version !== '' && sought.version !== known.version && sought.version !== parsed?.version)
    return false;
  const wanted = simplify(sought.name);
  const last = known.name.split(/[/:]/).at(-1) ?? '';
  return wanted === simplify(known.name) || (sought.type === '' && wanted === simplify(last));
}

function simplify(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}
