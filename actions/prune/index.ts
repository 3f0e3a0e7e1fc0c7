import * as z from 'zod';
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
  text,
} from '../../shared/step/inputs.ts';

export const action = defineAction({
  inputs: z.object({
    repository: requiredText,
    keep: lines,
    'older-than': duration,
    policy: text,
    empty: list,
    running: lines,
    'dry-run': flag,
    api: oneOf(['registry', 'github']),
    sigstore: oneOf(['public', 'github', 'custom']),
    'trusted-root': text,
    ...registryInputs,
    ...commonInputs,
  }),
  outputs: [...COMMON_OUTPUTS, 'deleted', 'kept', 'plan'],
  run: async (inputs, context) => {
    const { prune } = await import('../../shared/verbs/prune.ts');
    return prune(inputs, context);
  },
});
