import * as z from 'zod';
import { COMMON_OUTPUTS, defineAction } from '../../shared/step/action.ts';
import { commonInputs, flag, lines, oneOf, registryInputs, text } from '../../shared/step/inputs.ts';

/** A branch's name (git-check-ref-format), of the characters that nobody has to escape. */
const branch = text.refine(
  (value) =>
    value === undefined || (/^[\w][\w./-]{0,99}$/.test(value) && !/\.\.|\/\/|[./]$|\.lock$/.test(value)),
  'may be the name of a branch, of letters, digits and _ . / -',
);

export const action = defineAction({
  inputs: z.object({
    paths: lines,
    write: oneOf(['false', 'files', 'pull-request']),
    update: flag,
    except: lines,
    branch,
    token: text,
    ...registryInputs,
    ...commonInputs,
  }),
  outputs: [...COMMON_OUTPUTS, 'changed', 'files', 'pull-request-url'],
  run: async (inputs, context) => {
    const { pin } = await import('../../shared/verbs/pin.ts');
    return pin(inputs, context);
  },
});
