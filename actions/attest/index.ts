import * as z from 'zod';
import { COMMON_OUTPUTS, defineAction } from '../../shared/step/action.ts';
import { commonInputs, flag, lines, registryInputs, signingInputs, text } from '../../shared/step/inputs.ts';

export const action = defineAction({
  inputs: z
    .object({
      image: text,
      'subject-path': lines,
      'subject-checksums': text,
      repository: text,
      signature: flag,
      provenance: flag,
      sbom: lines,
      'scan-report': lines,
      'test-results': lines,
      vex: lines,
      'predicate-type': text,
      'predicate-path': text,
      'push-to-github': flag,
      ...signingInputs,
      ...registryInputs,
      ...commonInputs,
    })
    // Said before anything is loaded.
    .refine(
      ({ image, 'subject-path': [path], 'subject-checksums': checksums }) =>
        [image, path, checksums].filter((one) => one !== undefined).length === 1,
      {
        path: ['image'],
        message: 'must say what is attested, or else subject-path or subject-checksums: one of them alone',
      },
    ),
  outputs: [...COMMON_OUTPUTS, 'bundle-path', 'attestations', 'attestation-url'],
  run: async (inputs, context) => {
    const { attest } = await import('../../shared/verbs/attest.ts');
    return attest(inputs, context);
  },
});
