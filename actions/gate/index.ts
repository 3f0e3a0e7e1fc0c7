import * as z from 'zod';
import { COMMON_OUTPUTS, defineAction } from '../../shared/step/action.ts';
import {
  commonInputs,
  lines,
  oneOf,
  registryInputs,
  requiredText,
  signingInputs,
  text,
} from '../../shared/step/inputs.ts';

export const action = defineAction({
  inputs: z.object({
    image: requiredText,
    environment: requiredText,
    policy: text,
    mode: oneOf(['enforce', 'audit', 'preview']),
    sbom: lines,
    'scan-report': lines,
    'test-results': lines,
    ...signingInputs,
    ...registryInputs,
    ...commonInputs,
  }),
  outputs: [...COMMON_OUTPUTS, 'decision', 'reasons', 'vsa', 'verdict'],
  // Whoever reads only the decision must not take an error for a yes.
  failureOutputs: { decision: 'deny' },
  run: async (inputs, context) => {
    const { gate } = await import('../../shared/verbs/gate.ts');
    return gate(inputs, context);
  },
});
