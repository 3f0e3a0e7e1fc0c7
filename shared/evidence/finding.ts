import * as z from 'zod';
import { SEVERITIES, type Severity } from './severity.ts';

/** What kinds of findings there are. */
export const CLASSES = ['vulnerability', 'secret', 'misconfiguration', 'licence'] as const;
export type FindingClass = (typeof CLASSES)[number];

/** Anything that is no severity we know counts as `UNKNOWN`, never as harmless. */
export const severitySchema = z
  .string()
  .optional()
  .transform((word): Severity => SEVERITIES.find((known) => known === word?.toUpperCase()) ?? 'UNKNOWN');

/** Text that a scanner may leave out. */
export const optionalText = z
  .string()
  .nullish()
  .transform((text) => text ?? '');

/** A list that a scanner may leave out; Go writes an empty one as null. */
export const optionalList = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .nullish()
    .transform((items) => items ?? []);

/**
 * What one scanner found in one place of one platform. Fields of text are empty where there is nothing to say.
 * Never the secret itself, only where it lies and of what kind it is.
 */
export interface Finding {
  readonly class: FindingClass;
  /** CVE-2026-1, the rule of a secret, the check of a misconfiguration, or the licence. */
  readonly id: string;
  /** Other names of the same vulnerability. */
  readonly aliases: readonly string[];
  readonly severity: Severity;
  /** As each source maps it, by the source's name. */
  readonly severities: Readonly<Record<string, Severity>>;
  readonly title: string;
  readonly url: string;
  readonly package: string;
  readonly version: string;
  /** Package URL of the package. */
  readonly purl: string;
  /** The versions that fix it, as the advisory lists them. */
  readonly fixed: string;
  /** What the distribution says of it: `fixed`, `affected`, `will_not_fix`, … */
  readonly status: string;
  /** The kind of secret, the provider of a misconfiguration, how far a licence binds. */
  readonly category: string;
  /** The file or package database it was found in. */
  readonly target: string;
  readonly line?: number;
  /** The highest CVSS 3 or 4 base score any source gives. */
  readonly cvss?: number;
  /** When it was published (ISO 8601). */
  readonly published?: string;
  /** Known to be exploited: the day CISA listed it. */
  readonly exploited?: string;
  /** When a verified scan of this repository first had it (ISO 8601). */
  readonly firstSeen?: string;
  /** Digest of the layer that brought it. */
  readonly layer: string;
  /** Who found it: `trivy`, `grype`, … */
  readonly scanner: string;
  readonly platform: string;
}

const EMPTY = {
  aliases: [],
  severities: {},
  title: '',
  url: '',
  package: '',
  version: '',
  purl: '',
  fixed: '',
  status: '',
  category: '',
  target: '',
  layer: '',
} as const;

/** A finding of which only some things are known. */
export function makeFinding(
  known: Partial<Finding> & Pick<Finding, 'class' | 'id' | 'severity' | 'scanner' | 'platform'>,
): Finding {
  return { ...EMPTY, ...known };
}

/** The name by which what several platforms share is one. */
export function keyOf({ class: kind, id, package: name, version, target, line, severity }: Finding): string {
  // The lengths keep apart what names with spaces in them would join.
  const words = [
    kind,
    severity,
    line ?? 0,
    id.length,
    name.length,
    version.length,
    id,
    name,
    version,
    target,
  ];
  return words.join(' ');
}

/** A finding wherever it lies and in whichever version: `vulnerability CVE-2026-1 openssl`. */
export function placeOf(found: Pick<Finding, 'class' | 'id' | 'package'>): string {
  return `${found.class} ${found.id} ${found.package}`;
}

/** Whether a finding is known by a name: its own or, whatever the case, one of its aliases. */
export function isNamed(found: Pick<Finding, 'id' | 'aliases'>, name: string): boolean {
  const wanted = name.toLowerCase();
  return found.id.toLowerCase() === wanted || found.aliases.some((alias) => alias.toLowerCase() === wanted);
}
