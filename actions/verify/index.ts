import * as z from 'zod';
import { COMMON_OUTPUTS, defineAction } from '../../shared/step/action.ts';
import {
  commonInputs,
  count,
  duration,
  lines,
  list,
  oneOf,
  registryInputs,
  text,
} from '../../shared/step/inputs.ts';

export const action = defineAction({
  inputs: z
    .object({
      image: lines,
      'subject-path': text,
      'bundle-path': text,
      'attestations-of': text,
      'signer-workflow': text,
      'signer-repo': text,
      workflow: text,
      ref: list,
      trigger: list,
      issuer: text,
      'runner-environment': oneOf(['github-hosted', 'self-hosted']),
      'repository-id': text,
      owner: text,
      'owner-id': text,
      key: text,
      'predicate-types': list,
      sigstore: oneOf(['public', 'github', 'custom']),
      'trusted-root': text,
      'trusted-root-max-age': duration,
      'tlog-threshold': count(0, 8),
      'ctlog-threshold': count(0, 8),
      'timestamp-threshold': count(1, 8),
      ...registryInputs,
      ...commonInputs,
    })
    // Said before anything is loaded.
    .refine(({ image, 'subject-path': path }) => image.length > 0 || path !== undefined, {
      path: ['image'],
      message: 'or subject-path is required',
    }),
  outputs: [...COMMON_OUTPUTS, 'evidence'],
  run: async (inputs, context) => {
    const { verify } = await import('../../shared/verbs/verify.ts');
    return verify(inputs, context);
  },
});
