import type { Finding } from '../evidence/finding.ts';
import { excuses, findVex, type VexImage, type VexStatement } from '../evidence/vex.ts';
import { type Exception, isAbout, isExpired } from './exceptions.ts';

/** What may excuse findings in a verdict. */
export interface Excuses {
  readonly exceptions: readonly Exception[];
  readonly vex: readonly VexStatement[];
}

/** What is said of one finding. `excused` when an exception in force or VEX takes it out of the verdict. */
export interface Excused {
  readonly excused: boolean;
  readonly exception?: Exception;
  readonly vex?: VexStatement;
}

/** Looks findings up in the excuses, and keeps which exceptions were of use. */
export interface Excuser {
  ask(found: Finding): Excused;
  readonly used: ReadonlySet<Exception>;
}

/** An excuser for one image and, in a gate, one environment. Names are looked up, so that many of either take no longer than both together. */
export function createExcuser(
  { exceptions, vex }: Excuses,
  about: { readonly image: VexImage; readonly environment?: string; readonly now: Date },
): Excuser {
  const { image, environment, now } = about;
  const byName = groupByName(exceptions, ({ finding }) => [finding]);
  const vexByName = groupByName(vex, ({ names }) => names);
  const used = new Set<Exception>();
  return {
    used,
    ask: (found) => {
      const names = [...new Set([found.id, ...found.aliases].map((name) => name.toLowerCase()))];
      const fitting = names
        .flatMap((name) => byName.get(name) ?? [])
        .filter((one) => !isExpired(one, now) && isAbout(one, found, environment));
      for (const one of fitting) used.add(one);
      const [exception] = fitting;
      const statements = names.flatMap((name) => vexByName.get(name) ?? []);
      const statement = statements.length === 0 ? undefined : findVex(statements, found, image);
      return {
        excused: exception !== undefined || (statement !== undefined && excuses(statement)),
        ...(exception && { exception }),
        ...(statement && { vex: statement }),
      };
    },
  };
}

function groupByName<T>(items: readonly T[], namesOf: (item: T) => readonly string[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    for (const name of new Set(namesOf(item).map((one) => one.toLowerCase()))) {
      const group = groups.get(name);
      if (group === undefined) groups.set(name, [item]);
      else group.push(item);
    }
  }
  return groups;
}
