import * as z from 'zod';
import { COMMON_OUTPUTS, defineAction } from '../../shared/step/action.ts';
import {
  commonInputs,
  flag,
  lines,
  registryInputs,
  requiredText,
  signingInputs,
  text,
} from '../../shared/step/inputs.ts';

export const action = defineAction({
  inputs: z.object({
    image: requiredText,
    signature: flag,
    provenance: flag,
    sbom: lines,
    'scan-report': lines,
    'test-results': lines,
    'predicate-type': text,
    'predicate-path': text,
    ...signingInputs,
    ...registryInputs,
    ...commonInputs,
  }),
  outputs: [...COMMON_OUTPUTS, 'bundle-path', 'attestations'],
  run: async (inputs, context) => {
    const { attest } = await import('../../shared/verbs/attest.ts');
    return attest(inputs, context);
  },
});
