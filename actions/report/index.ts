import * as z from 'zod';
import { COMMON_OUTPUTS, defineAction } from '../../shared/step/action.ts';
import { commonInputs, count, flag, lines, oneOf, registryInputs, text } from '../../shared/step/inputs.ts';

// It stands in the comment's hidden marker, and is the name of a check and part of an artifact's.
const title = text.pipe(
  z
    .string()
    .regex(/^[\w .()-]{1,60}$/, 'may hold up to 60 letters, digits, spaces and _ . ( ) -')
    .default('Hallmark'),
);

export const action = defineAction({
  inputs: z
    .object({
      image: lines,
      environment: text,
      policy: text,
      review: lines,
      verdict: lines,
      sarif: lines,
      category: text,
      comment: flag,
      check: flag,
      title,
      'pull-request': count(1, 999_999_999),
      artifact: text,
      page: text,
      sigstore: oneOf(['public', 'github', 'custom']),
      'trusted-root': text,
      ...registryInputs,
      ...commonInputs,
    })
    .superRefine((inputs, context) => {
      const refuse = (input: string, message: string): void =>
        context.addIssue({ code: 'custom', path: [input], message });
      if (inputs['github-token'] === undefined) refuse('github-token', "is required to ask GitHub's API");
      for (const input of ['environment', 'policy'] as const) {
        if (inputs.image.length > 0 && inputs[input] === undefined)
          refuse(input, 'is required to judge an image');
        if (inputs.image.length === 0 && inputs[input] !== undefined) refuse(input, 'goes with image');
      }
      const files = [...inputs.image, ...inputs.review, ...inputs.verdict, ...inputs.sarif];
      if (inputs.artifact !== undefined) {
        if (files.length > 0 || inputs.page !== undefined)
          refuse('artifact', "goes with no other source: all of it is a stranger's");
        if (inputs.comment === true || inputs.check === true)
          refuse(
            'artifact',
            'goes with comment: false and check: false; what it comes to is the output page, for a job that writes',
          );
      }
      if (inputs.page !== undefined && files.length > 0) refuse('page', 'goes with no other source');
    }),
  outputs: [...COMMON_OUTPUTS, 'comment-url', 'check-url', 'unwritten', 'page'],
  run: async (inputs, context) => {
    const { report } = await import('../../shared/verbs/report.ts');
    return report(inputs, context);
  },
});
