import * as z from 'zod';
import { MARKS } from '../../shared/evidence/promotion.ts';
import { COMMON_OUTPUTS, defineAction } from '../../shared/step/action.ts';
import {
  commonInputs,
  flag,
  lines,
  list,
  oneOf,
  registryInputs,
  requiredText,
  signingInputs,
  text,
} from '../../shared/step/inputs.ts';

export const action = defineAction({
  inputs: z.object({
    mode: oneOf(['promote', ...MARKS]),
    image: text,
    environment: requiredText,
    policy: text,
    reason: text,
    manifests: lines,
    'manifests-mode': oneOf(['commit', 'pull-request']),
    'manifests-token': text,
    deployment: flag,
    'break-glass': list,
    ...registryInputs,
    ...signingInputs,
    ...commonInputs,
  }),
  outputs: [...COMMON_OUTPUTS, 'previous', 'record', 'manifests-url', 'deployment-id'],
  run: async (inputs, context) => {
    const { mode = 'promote' } = inputs;
    if (mode === 'promote') {
      const { promote } = await import('../../shared/verbs/promote.ts');
      return promote(inputs, context);
    }
    const { markEnvironment } = await import('../../shared/verbs/mark.ts');
    return markEnvironment({ ...inputs, mode }, context);
  },
});
