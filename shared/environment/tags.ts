import { type Digest, shortDigest } from '../image/digest.ts';
import { Invalid } from '../outcome/outcome.ts';

/** True when `text` may name an environment (design.md, "The policy"). */
export function isEnvironmentName(text: string): boolean {
  return /^[a-z0-9-]{1,40}$/.test(text);
}

/** The name of an environment as an input gives it. Throws `Invalid` naming `environment` for any other text. */
export function parseEnvironmentName(text: string): string {
  if (isEnvironmentName(text)) return text;
  throw new Invalid('environment', 'may hold up to 40 lower-case letters, digits and "-", as in prod');
}

/** `env-prod`: the tag that points at what an environment holds now. A convenience; the records decide. */
export function pointerTag(environment: string): string {
  return `env-${environment}`;
}

/** `env-prod.000042-<digest12>`: the tag of one promotion. It keeps the image from being collected and is written once. */
export function recordTag(environment: string, sequence: number, digest: Digest): string {
  return `${pointerTag(environment)}.${String(sequence).padStart(6, '0')}-${shortDigest(digest)}`;
}

/** The sequence and the short digest that a promotion's tag of this environment names, or undefined for any other tag. */
export function parseRecordTag(
  environment: string,
  tag: string,
): { sequence: number; shortDigest: string } | undefined {
  const prefix = `${pointerTag(environment)}.`;
  if (!tag.startsWith(prefix)) return undefined;
  const match = /^(\d{6})-([0-9a-f]{12})$/.exec(tag.slice(prefix.length));
  return match?.[1] && match[2] ? { sequence: Number(match[1]), shortDigest: match[2] } : undefined;
}
