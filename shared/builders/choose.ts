import { stat } from 'node:fs/promises';
import type { RunContext } from '../github/context.ts';
import { Invalid, Unavailable } from '../outcome/outcome.ts';
import { type Engine, findEngine } from './engine.ts';

/** What decides between the builders. */
export interface BuilderChoice {
  readonly builder: 'auto' | 'buildkit' | 'layers';
  /** Absolute path of the Dockerfile, whether it exists or not. */
  readonly file: string;
  /** The same for messages. */
  readonly fileName: string;
  /** True when the caller named the Dockerfile. */
  readonly fileNamed: boolean;
  /** True when `base` or `files` is given. */
  readonly layersConfigured: boolean;
}

/** The builder and why. An engine comes with buildkit. */
export type ChosenBuilder =
  | { readonly name: 'buildkit'; readonly engine: Engine; readonly why: string }
  | { readonly name: 'layers'; readonly why: string };

/** Checks that the inputs are enough for some builder, asking no engine. Throws `Invalid` naming what the caller has to add. */
export async function checkChoice(choice: BuilderChoice): Promise<void> {
  const { builder, fileName, fileNamed, layersConfigured } = choice;
  if (builder === 'layers') {
    if (layersConfigured) return;
    throw new Invalid(
      'files',
      'or base is required by the layers builder: what to put where, source:/target, one a line',
    );
  }
  if ((await isFile(choice.file)) || (builder === 'auto' && layersConfigured && !fileNamed)) return;
  throw new Invalid('file', `there is no Dockerfile at ${fileName}`, {
    hint: 'Name the Dockerfile with "file", or give "base" and "files" to assemble the image from layers without one.',
  });
}

/**
 * `auto` takes buildkit when there is a Dockerfile and an engine, otherwise layers when it is configured.
 * Throws `Unavailable` when only the engine is missing. The choice has been checked by `checkChoice`.
 */
export async function chooseBuilder(choice: BuilderChoice, context: RunContext): Promise<ChosenBuilder> {
  const { builder, fileName, layersConfigured } = choice;
  if (builder === 'layers') return { name: 'layers', why: 'it was asked for' };
  if (!(await isFile(choice.file))) {
    return { name: 'layers', why: `base or files is given and there is no ${fileName}` };
  }
  const engine = await findEngine(context);
  if (!('reason' in engine)) {
    const found = `there is a ${fileName} and an engine (driver ${engine.driver})`;
    return { name: 'buildkit', engine, why: builder === 'buildkit' ? 'it was asked for' : found };
  }
  if (builder === 'auto' && layersConfigured) {
    return {
      name: 'layers',
      why: `base or files is given and no engine can build ${fileName}: ${engine.reason}`,
    };
  }
  throw new Unavailable(`no engine can build ${fileName}: ${engine.reason}`, {
    hint: 'Add docker/setup-buildx-action before this step, or give "base" and "files" to assemble the image without an engine.',
  });
}

async function isFile(path: string): Promise<boolean> {
  const facts = await stat(path).catch(() => undefined);
  return facts?.isFile() ?? false;
}
