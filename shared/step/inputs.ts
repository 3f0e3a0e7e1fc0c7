import * as z from 'zod';

/*
 * The shapes of inputs. A runner gives every input as a string, an absent one as "":
 * each piece here turns "" into undefined. Defaults stand in action.yml alone.
 */

const given = z.string().transform((text) => (text.trim() === '' ? undefined : text.trim()));

/** Free text, trimmed; undefined when empty. */
export const text = given;

/** Text that must be given. */
export const requiredText = z
  .string()
  .transform((value) => value.trim())
  .refine((value) => value !== '', 'is required and was empty');

/** `true` or `false` (YAML 1.2 core schema, as @actions/core reads them); undefined when empty. */
export const flag = given.transform((value, context) => {
  if (value === undefined) return undefined;
  if (/^(?:true|True|TRUE)$/.test(value)) return true;
  if (/^(?:false|False|FALSE)$/.test(value)) return false;
  context.addIssue({ code: 'custom', message: `may be true or false, not "${value}"` });
  return z.NEVER;
});

/** One of a few words; undefined when empty. */
export function oneOf<const T extends readonly [string, ...string[]]>(words: T) {
  return given.transform((value, context): T[number] | undefined => {
    if (value === undefined || words.includes(value)) return value as T[number] | undefined;
    context.addIssue({ code: 'custom', message: `may be ${words.join(', ')}, not "${value}"` });
    return z.NEVER;
  });
}

/** One entry a line; empty lines and lines starting with # are passed over. */
export const lines = z.string().transform((value) =>
  value
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#')),
);

/** Entries separated by commas or line ends. */
export const list = lines.transform((entries) =>
  entries
    .flatMap((line) => line.split(','))
    .map((entry) => entry.trim())
    .filter((entry) => entry !== ''),
);

/** `KEY=value`, one a line. The value may hold anything but a line end. */
export const pairs = lines.transform((entries, context) => {
  const result: [string, string][] = [];
  for (const entry of entries) {
    const equals = entry.indexOf('=');
    if (equals <= 0) {
      context.addIssue({ code: 'custom', message: 'takes KEY=value, one a line' });
      return z.NEVER;
    }
    result.push([entry.slice(0, equals), entry.slice(equals + 1)]);
  }
  return result;
});

/** A sha256 in hex; undefined when empty. */
export const sha256 = given.refine(
  (value) => value === undefined || /^[0-9a-f]{64}$/.test(value),
  'may be a sha256, 64 hexadecimal digits in lower case',
);

const units = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** `90s`, `10m`, `2h` or `7d`, as whole seconds; undefined when empty. */
export const duration = given.transform((value, context) => {
  if (value === undefined) return undefined;
  const match = /^(\d{1,6})([smhd])$/.exec(value);
  if (match?.[1] && match[2]) return Number(match[1]) * units[match[2] as keyof typeof units];
  context.addIssue({ code: 'custom', message: `may be a time like 90s, 10m, 2h or 7d, not "${value}"` });
  return z.NEVER;
});

/** A whole number from `least` to `most`; undefined when empty. */
export function count(least: number, most: number) {
  return given.transform((value, context) => {
    if (value === undefined) return undefined;
    const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= least && number <= most) return number;
    context.addIssue({ code: 'custom', message: `may be a number from ${least} to ${most}, not "${value}"` });
    return z.NEVER;
  });
}

/** An http or https URL; plain http only for loopback. Undefined when empty. */
export const url = given.transform((value, context) => {
  if (value === undefined) return undefined;
  if (URL.canParse(value)) {
    const parsed = new URL(value);
    const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(parsed.hostname);
    if (parsed.protocol === 'https:' || (parsed.protocol === 'http:' && loopback)) {
      return value.replace(/\/+$/, '');
    }
  }
  context.addIssue({ code: 'custom', message: 'may be an https URL (http only for loopback)' });
  return z.NEVER;
});

/** What every action takes. */
export const commonInputs = { timeout: duration };

/** What an action that talks to a registry or GitHub's API takes. */
export const registryInputs = { 'github-token': text };

/** How statements are signed, and by which root they are verified (design.md, "attest"). */
export const signingInputs = {
  sigstore: oneOf(['public', 'github', 'custom']),
  'fulcio-url': url,
  'rekor-url': url,
  'tsa-url': url,
  'signing-config': text,
  'trusted-root': text,
  key: text,
};

/** Which Trivy scans, and where its databases and the list of known exploits come from. */
export const trivyInputs = {
  kev: text,
  'db-repository': list,
  'java-db-repository': list,
  'cache-dir': text,
  'trivy-version': text,
  'trivy-sha256': sha256,
  'trivy-path': text,
};
