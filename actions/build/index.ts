import * as z from 'zod';
import { COMMON_OUTPUTS, defineAction } from '../../shared/step/action.ts';
import {
  commonInputs,
  flag,
  lines,
  list,
  oneOf,
  pairs,
  registryInputs,
  signingInputs,
  text,
} from '../../shared/step/inputs.ts';

/** A JSON array of strings, or words parted by spaces; undefined when empty. */
const words = text.transform((value, context) => {
  if (value === undefined) return undefined;
  if (!value.startsWith('[')) {
    if (!/["'\\\n]/.test(value)) return value.split(/\s+/);
  } else {
    try {
      const parsed = z.array(z.string()).min(1).safeParse(JSON.parse(value));
      if (parsed.success) return parsed.data;
    } catch {
      // Said below.
    }
  }
  context.addIssue({ code: 'custom', message: 'may be words parted by spaces, or a JSON array of strings' });
  return z.NEVER;
});

export const action = defineAction({
  inputs: z
    .object({
      repository: text,
      context: text,
      file: text,
      builder: oneOf(['auto', 'buildkit', 'layers']),
      base: text,
      'base-policy': text,
      files: lines,
      layers: lines,
      compression: oneOf(['gzip', 'zstd']),
      entrypoint: words,
      env: pairs,
      user: text,
      platforms: list,
      target: text,
      'build-args': pairs,
      secrets: lines,
      'secret-envs': pairs,
      'secret-files': pairs,
      ssh: lines,
      'build-contexts': pairs,
      labels: pairs,
      annotations: pairs,
      tags: lines,
      'cache-from': lines,
      'cache-to': lines,
      'no-cache': flag,
      'no-cache-filters': list,
      allow: list,
      network: text,
      'add-hosts': list,
      pull: flag,
      push: flag,
      'push-by-digest': flag,
      merge: list,
      reproducible: oneOf(['true', 'false', 'check']),
      provenance: flag,
      'registry-mirrors': lines,
      ...signingInputs,
      ...registryInputs,
      ...commonInputs,
    })
    // The commonest fault: said before anything is loaded.
    .refine(({ push, repository }) => push === false || repository !== undefined, {
      path: ['repository'],
      message: 'is required to push, as in ghcr.io/octo/app; or set push: false',
    }),
  outputs: [...COMMON_OUTPUTS, 'tags', 'version', 'reused', 'metadata'],
  run: async (inputs, context) => {
    const { build } = await import('../../shared/verbs/build.ts');
    return build(inputs, context);
  },
});
