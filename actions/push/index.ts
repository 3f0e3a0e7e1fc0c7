import * as z from 'zod';
import { COMMON_OUTPUTS, defineAction } from '../../shared/step/action.ts';
import { commonInputs, list, registryInputs, requiredText } from '../../shared/step/inputs.ts';

export const action = defineAction({
  inputs: z.object({
    image: requiredText,
    repository: requiredText,
    tags: list,
    ...registryInputs,
    ...commonInputs,
  }),
  outputs: [...COMMON_OUTPUTS, 'tags'],
  run: async (inputs, context) => {
    const { push } = await import('../../shared/verbs/push.ts');
    return push(inputs, context);
  },
});
