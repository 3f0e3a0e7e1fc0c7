import * as z from 'zod';
import { isDigest } from '../../shared/image/digest.ts';
import { COMMON_OUTPUTS, defineAction } from '../../shared/step/action.ts';
import {
  commonInputs,
  duration,
  flag,
  lines,
  list,
  oneOf,
  registryInputs,
  requiredText,
  signingInputs,
  text,
  trivyInputs,
} from '../../shared/step/inputs.ts';

/** A digest, or a number of images back. */
const target = text.transform((value, context) => {
  if (value === undefined || isDigest(value)) return value;
  if (/^[1-9]\d{0,2}$/.test(value)) return Number(value);
  context.addIssue({
    code: 'custom',
    message: `may be a digest, or how many images back as in 1, not "${value}"`,
  });
  return z.NEVER;
});

export const action = defineAction({
  inputs: z.object({
    environment: requiredText,
    repository: text,
    target,
    reason: text,
    policy: text,
    'dry-run': flag,
    'max-scan-age': duration,
    manifests: lines,
    'manifests-mode': oneOf(['commit', 'pull-request']),
    'manifests-token': text,
    deployment: flag,
    'break-glass': list,
    ...trivyInputs,
    ...registryInputs,
    ...signingInputs,
    ...commonInputs,
  }),
  outputs: [...COMMON_OUTPUTS, 'from', 'record', 'manifests-url', 'deployment-id'],
  run: async (inputs, context) => {
    const { rollback } = await import('../../shared/verbs/rollback.ts');
    return rollback(inputs, context);
  },
});
