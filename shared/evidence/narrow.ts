import { GITHUB_ISSUER } from './identity.ts';
import { type IdentityRule, matches, SOURCES, splitRef, TRUSTED_TRIGGERS } from './trust.ts';

/** Whether everybody whom one rule names is named by another one too. When in doubt, not. */
export function isNarrower(narrow: IdentityRule, wide: IdentityRule): boolean {
  // A rule that names no source holds for the signing workflow's own repository: one that names another is wider.
  const open = SOURCES.every((field) => wide[field] === undefined);
  if (wide.key === undefined && open && SOURCES.some((field) => narrow[field] !== undefined)) return false;
  const fields = Object.keys({ ...withDefaults(wide) }) as (keyof IdentityRule)[];
  return fields.every((field) => covers(field, withDefaults(wide)[field], withDefaults(narrow)[field]));
}

/** What a rule asks for though it does not say so. */
function withDefaults(rule: IdentityRule): IdentityRule {
  if (rule.key !== undefined) return rule;
  return { trigger: [...TRUSTED_TRIGGERS], issuer: GITHUB_ISSUER, ...rule };
}

type Value = IdentityRule[keyof IdentityRule];

function covers(field: keyof IdentityRule, wide: Value, narrow: Value): boolean {
  if (wide === undefined) return true;
  if (narrow === undefined) return false;
  if (wide instanceof Date) return narrow instanceof Date && narrow <= wide;
  if (Array.isArray(wide)) {
    return Array.isArray(narrow) && narrow.every((one) => wide.some((other) => coversText(other, one)));
  }
  if (typeof wide !== 'string' || typeof narrow !== 'string') return false;
  if (field !== 'signer-workflow' || wide.startsWith('glob:')) return coversText(wide, narrow);
  // Without a ref any ref is meant.
  const [path, ref] = splitRef(wide);
  return ref === undefined ? coversText(path ?? '', splitRef(narrow)[0] ?? '') : wide === narrow;
}

function coversText(wide: string, narrow: string): boolean {
  return wide === narrow || (!narrow.startsWith('glob:') && matches(wide, narrow));
}
