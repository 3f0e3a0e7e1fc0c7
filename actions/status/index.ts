import * as z from 'zod';
import { ALARMS, type Alarm } from '../../shared/environment/overview.ts';
import { COMMON_OUTPUTS, defineAction } from '../../shared/step/action.ts';
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

const alarms = list.transform((words, context) => {
  const unknown = words.filter((word) => !(ALARMS as readonly string[]).includes(word));
  if (unknown.length === 0) return words as Alarm[];
  context.addIssue({
    code: 'custom',
    message: `may hold ${ALARMS.join(', ')}, not "${unknown.join(', ')}"`,
  });
  return z.NEVER;
});

export const action = defineAction({
  inputs: z.object({
    environment: text,
    policy: requiredText,
    running: lines,
    manifests: lines,
    'manifests-token': text,
    'max-image-age': duration,
    'max-instance-age': duration,
    'fail-on': alarms,
    rescan: flag,
    issue: flag,
    find: text,
    dossier: text,
    'db-max-age': duration,
    ...trivyInputs,
    sigstore: signingInputs.sigstore,
    'trusted-root': signingInputs['trusted-root'],
    ...registryInputs,
    ...commonInputs,
  }),
  outputs: [
    ...COMMON_OUTPUTS,
    'drifted',
    'coverage',
    'denied',
    'affected',
    'report',
    'page',
    'metrics',
    'events',
    'rescan',
    'found',
    'dossier',
    'dossier-json',
    'issue-url',
  ],
  // Whoever asks whether something drifted must not read an empty answer as no.
  failureOutputs: { drifted: 'unknown', coverage: 'unknown', denied: 'unknown', affected: 'unknown' },
  run: async (inputs, context) => {
    const { status } = await import('../../shared/verbs/status.ts');
    return status(inputs, context);
  },
});
