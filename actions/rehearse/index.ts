import * as z from 'zod';
import { COMMON_OUTPUTS, defineAction } from '../../shared/step/action.ts';
import {
  commonInputs,
  duration,
  oneOf,
  registryInputs,
  requiredText,
  text,
} from '../../shared/step/inputs.ts';

export const action = defineAction({
  inputs: z.object({
    policy: requiredText,
    cases: text,
    environment: text,
    since: duration,
    sigstore: oneOf(['public', 'github', 'custom']),
    'trusted-root': text,
    ...registryInputs,
    ...commonInputs,
  }),
  outputs: [...COMMON_OUTPUTS, 'failed', 'denied'],
  run: async (inputs, context) => {
    const { rehearse } = await import('../../shared/verbs/rehearse.ts');
    return rehearse(inputs, context);
  },
});
