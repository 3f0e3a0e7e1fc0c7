import { isDigest, shortDigest } from '../image/digest.ts';
import { cleanText, escapeMarkdown, formatCode, formatLink } from './markdown.ts';

/** Where an image is, and the first of its digest. What names no image is a place as it stands. */
export function splitImage(image: string): { readonly place: string; readonly digest: string } {
  const at = image.lastIndexOf('@');
  const digest = image.slice(at + 1);
  return at > 0 && isDigest(digest)
    ? { place: image.slice(0, at), digest: shortDigest(digest) }
    : { place: image, digest: '' };
}

/** An image as people tell it from others, Markdown. */
export function formatImageName(image: string): string {
  const { place, digest } = splitImage(image);
  return `${formatCode(place, 120)} ${formatCode(digest)}`.trim();
}

/** `https://github.com/octo/app` when `address` is a repository's, else undefined. */
export function readRepository(address: string | undefined): string | undefined {
  if (
    address === undefined ||
    !/^https:\/\/[A-Za-z0-9.-]+(?::\d{1,5})?\/[\w.-]{1,100}\/[\w.-]{1,100}$/.test(address)
  ) {
    return undefined;
  }
  return address;
}

/** True for a commit in full (SHA-1 or SHA-256). */
export function isCommit(text: string | undefined): text is string {
  return text !== undefined && /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text);
}

/** True for an address of a run in `repository`. */
export function isRunOf(repository: string | undefined, run: string | undefined): run is string {
  if (repository === undefined || run === undefined || !run.startsWith(`${repository}/actions/runs/`))
    return false;
  return /^\d{1,20}(?:\/attempts\/\d{1,6})?$/.test(run.slice(`${repository}/actions/runs/`.length));
}

/** A finding's name, linked to where it is described when it is an identifier that tells where; never to an address that somebody gave. */
export function formatAdvisory(id: string): string {
  const name = cleanText(id, 80);
  if (/^CVE-\d{4}-\d{4,7}$/.test(name)) return formatLink(name, `https://nvd.nist.gov/vuln/detail/${name}`);
  if (/^GHSA(?:-[0-9a-z]{4}){3}$/.test(name))
    return formatLink(name, `https://github.com/advisories/${name}`);
  return escapeMarkdown(name);
}
