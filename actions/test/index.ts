import * as z from 'zod';
import { COMMON_OUTPUTS, defineAction } from '../../shared/step/action.ts';
import {
  commonInputs,
  count,
  duration,
  flag,
  lines,
  oneOf,
  pairs,
  registryInputs,
  requiredText,
} from '../../shared/step/inputs.ts';

export const action = defineAction({
  inputs: z.object({
    image: requiredText,
    run: lines,
    'read-only': flag,
    'max-start': duration,
    'stop-timeout': duration,
    memory: count(16, 1_048_576),
    'pids-limit': count(8, 65_536),
    env: pairs,
    engine: oneOf(['docker', 'podman']),
    junit: lines,
    ...registryInputs,
    ...commonInputs,
  }),
  outputs: [...COMMON_OUTPUTS, 'results', 'start-up'],
  run: async (inputs, context) => {
    const { test } = await import('../../shared/verbs/test.ts');
    return test(inputs, context);
  },
});
