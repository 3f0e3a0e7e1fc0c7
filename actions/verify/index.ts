import * as z from 'zod';
import { COMMON_OUTPUTS, defineAction } from '../../shared/step/action.ts';
import { commonInputs, list, oneOf, registryInputs, requiredText, text } from '../../shared/step/inputs.ts';

export const action = defineAction({
  inputs: z.object({
    image: requiredText,
    'signer-workflow': text,
    'signer-repo': text,
    workflow: text,
    ref: list,
    trigger: list,
    issuer: text,
    'runner-environment': oneOf(['github-hosted', 'self-hosted']),
    'repository-id': text,
    key: text,
    'predicate-types': list,
    sigstore: oneOf(['public', 'github', 'custom']),
    'trusted-root': text,
    ...registryInputs,
    ...commonInputs,
  }),
  outputs: [...COMMON_OUTPUTS, 'evidence'],
  run: async (inputs, context) => {
    const { verify } = await import('../../shared/verbs/verify.ts');
    return verify(inputs, context);
  },
});
