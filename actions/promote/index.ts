import * as z from 'zod';
import { COMMON_OUTPUTS, defineAction } from '../../shared/step/action.ts';
import { commonInputs, registryInputs, requiredText, signingInputs, text } from '../../shared/step/inputs.ts';

export const action = defineAction({
  inputs: z.object({
    image: requiredText,
    environment: requiredText,
    policy: text,
    reason: text,
    ...registryInputs,
    ...signingInputs,
    ...commonInputs,
  }),
  outputs: [...COMMON_OUTPUTS, 'previous', 'record'],
  run: async (inputs, context) => {
    const { promote } = await import('../../shared/verbs/promote.ts');
    return promote(inputs, context);
  },
});
