import * as z from 'zod';
import { SCANNERS, type Scanner, SEVERITIES, type Severity } from '../../shared/evidence/severity.ts';
import { defineAction } from '../../shared/step/action.ts';
import {
  commonInputs,
  duration,
  flag,
  lines,
  list,
  registryInputs,
  requiredText,
  signingInputs,
  text,
  trivyInputs,
} from '../../shared/step/inputs.ts';

/** A list whose entries are some words, in any case. */
function wordsOf<T extends string>(words: readonly T[]) {
  return list.transform((entries, context) =>
    entries.map((entry) => {
      const found = words.find((word) => word.toLowerCase() === entry.toLowerCase());
      if (found !== undefined) return found;
      const known = words.map((word) => word.toLowerCase()).join(', ');
      context.addIssue({ code: 'custom', message: `may list ${known}, not "${entry}"` });
      return z.NEVER;
    }),
  );
}

const scanners = wordsOf([...SCANNERS, 'none']).transform((words, context): Scanner[] => {
  const asked = words.filter((word) => word !== 'none');
  if (asked.length === words.length && words.length > 0) return asked;
  if (asked.length === 0 && words.length > 0) return [];
  context.addIssue({ code: 'custom', message: `may list ${SCANNERS.join(', ')}, or be none` });
  return z.NEVER;
});

const failOn = wordsOf<Severity>(SEVERITIES);

export const action = defineAction({
  inputs: z
    .object({
      image: requiredText,
      platforms: list,
      scanners,
      'fail-on': failOn,
      reports: lines,
      vex: lines,
      trivyignores: list,
      baseline: text,
      'new-only': flag,
      policy: text,
      file: text,
      lockfiles: lines,
      target: text,
      'dependency-snapshot': flag,
      'db-max-age': duration,
      'registry-mirrors': lines,
      ...trivyInputs,
      sigstore: signingInputs.sigstore,
      'trusted-root': signingInputs['trusted-root'],
      ...registryInputs,
      ...commonInputs,
    })
    .superRefine((inputs, context) => {
      if (inputs['fail-on'].length > 0 && inputs.scanners.length === 0) {
        context.addIssue({
          code: 'custom',
          path: ['fail-on'],
          message: 'judges nothing when "scanners" is none',
        });
      }
      if (inputs['new-only'] === true && (inputs.baseline === undefined || inputs['fail-on'].length === 0)) {
        context.addIssue({
          code: 'custom',
          path: ['new-only'],
          message: 'needs a "baseline" to be new against, and a "fail-on" to judge by',
        });
      }
    }),
  outputs: [
    'report',
    'sarif',
    'sbom-cyclonedx',
    'sbom-spdx',
    'review',
    'dependency-snapshot',
    ...SEVERITIES.map((severity) => severity.toLowerCase()),
    'new',
    'fixed',
    'db-updated-at',
  ],
  run: async (inputs, context) => {
    const { scan } = await import('../../shared/verbs/scan.ts');
    return scan(inputs, context);
  },
});
