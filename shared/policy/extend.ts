import { isNarrower } from '../evidence/narrow.ts';
import { ROLES } from '../evidence/predicate.ts';
import type { Fault } from './document.ts';
import { MAX_EXCEPTION_DAYS } from './exceptions.ts';
import type { Rules } from './file.ts';
import type { Allowable, WrittenEnvironment, WrittenPolicy } from './schema.ts';

/** A local policy on top of a central one, and every attempt to loosen that, at its place in the local file. */
export interface Extended {
  readonly policy: WrittenPolicy;
  readonly faults: readonly Fault[];
}

/**
 * Puts a local policy on top of a central one. It may add rules, freezes, approvals, soak and distrust, and name fewer people;
 * anything that drops or loosens is a fault, but for what the central one's `allow` names.
 */
export function extendPolicy(central: WrittenPolicy, local: WrittenPolicy, builtIn: Rules): Extended {
  const faults: Fault[] = [];
  const refuse = (path: readonly PropertyKey[], message: string, key = false): void => {
    faults.push({ path, message, key });
  };
  const allows = (part: Allowable): boolean => central.allow?.includes(part) === true;
  /** The local value where there is one and it may stand. */
  const choose = <T>(
    part: Allowable,
    path: readonly PropertyKey[],
    ours: T,
    theirs: T,
    tightens: boolean,
  ): T => {
    if (ours === undefined) return theirs;
    if (!tightens && !allows(part)) {
      refuse(path, `loosens the central policy, which does not allow "${part}"`);
    }
    return ours;
  };

  const id = local['repository-id'] ?? central['repository-id'];
  if (central['repository-id'] !== undefined && id !== central['repository-id']) {
    refuse(['repository-id'], `is ${central['repository-id']} in the central policy`);
  }

  const trust = { ...central.trust };
  for (const role of ROLES) {
    const ours = local.trust[role];
    if (ours === undefined) continue;
    trust[role] = ours;
    if (allows(`trust.${role}`)) continue;
    // Everybody named without a repository's number is of this policy's (`trustOf`).
    const bind = (rule: (typeof ours)[number]): typeof rule =>
      role === 'base' || rule.key !== undefined ? rule : { 'repository-id': id, ...rule };
    ours.forEach((rule, at) => {
      const wide = (central.trust[role] ?? []).some((one) => isNarrower(bind(rule), bind(one)));
      if (!wide) {
        refuse(
          ['trust', role, at],
          `names somebody whom the central policy does not trust as ${role}, and it does not allow "trust.${role}"`,
        );
      }
    });
  }

  const environments: WrittenPolicy['environments'] = { ...central.environments };
  for (const [name, ours] of Object.entries(local.environments)) {
    const path = ['environments', name];
    const theirs = Object.hasOwn(central.environments, name) ? central.environments[name] : undefined;
    if (theirs === undefined) {
      if (!allows('environments')) {
        refuse(path, 'is no environment of the central policy, which does not allow "environments"', true);
      }
      environments[name] = ours;
      continue;
    }
    const rules = [...new Set([...(theirs.rules ?? []), ...(ours.rules ?? [])])];
    const freeze = [...(theirs.freeze ?? []), ...(ours.freeze ?? [])];
    environments[name] = {
      ...theirs,
      repository: choose(
        'repository',
        [...path, 'repository'],
        ours.repository,
        theirs.repository,
        isSame(theirs, ours, 'repository'),
      ),
      after: choose('after', [...path, 'after'], ours.after, theirs.after, isSame(theirs, ours, 'after')),
      soak: choose('soak', [...path, 'soak'], ours.soak, theirs.soak, (ours.soak ?? 0) >= (theirs.soak ?? 0)),
      approvals: choose(
        'approvals',
        [...path, 'approvals'],
        ours.approvals,
        theirs.approvals,
        (ours.approvals ?? 0) >= (theirs.approvals ?? 0),
      ),
      ...(rules.length > 0 && { rules }),
      ...(freeze.length > 0 && { freeze }),
    };
  }

  for (const name of Object.keys(local.rules)) {
    const taken = Object.hasOwn(central.rules, name) || Object.hasOwn(builtIn, name);
    if (taken && !allows('rules')) {
      refuse(['rules', name], 'is a rule already, and the central policy does not allow "rules"', true);
    }
  }

  const keys = [...(central.keys ?? []), ...(local.keys ?? [])];
  const days = local['max-exception-days'];
  const moved = local['moved-from'];
  if (moved.length > 0 && !allows('moved-from')) {
    refuse(['moved-from'], 'loosens the central policy, which does not allow "moved-from"');
  }
  return {
    faults,
    policy: {
      ...local,
      'repository-id': id,
      trust,
      distrust: [...central.distrust, ...local.distrust],
      'trusted-root': choose(
        'trusted-root',
        ['trusted-root'],
        local['trusted-root'],
        central['trusted-root'],
        false,
      ),
      mirrors: choose('mirrors', ['mirrors'], local.mirrors, central.mirrors, false),
      exceptions: choose('exceptions', ['exceptions'], local.exceptions, central.exceptions, false),
      'max-exception-days': choose(
        'max-exception-days',
        ['max-exception-days'],
        days,
        central['max-exception-days'],
        (days ?? 0) <= (central['max-exception-days'] ?? MAX_EXCEPTION_DAYS),
      ),
      ...(keys.length > 0 && { keys }),
      'moved-from': [...central['moved-from'], ...moved],
      environments,
      rules: { ...central.rules, ...local.rules },
    },
  };
}

/** What is not said centrally may be said; what is said stays. */
function isSame(theirs: WrittenEnvironment, ours: WrittenEnvironment, key: 'repository' | 'after'): boolean {
  return theirs[key] === undefined || theirs[key] === ours[key];
}
