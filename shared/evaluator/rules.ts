import { readFileSync } from 'node:fs';
import { type Rules, readRules } from '../policy/file.ts';

/** The rules that are shipped: shared/policy/rules.yaml, which the bundle carries as it is. */
export function readBuiltInRules(): Rules {
  return readRules(readFileSync(new URL('../policy/rules.yaml', import.meta.url), 'utf8'), 'rules.yaml');
}
