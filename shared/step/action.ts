import type * as z from 'zod';
import type { RunContext } from '../github/context.ts';
import type { OutputValue, StepResult } from '../outcome/result.ts';

/** One action: its inputs by schema (keys are the names in action.yml), its outputs by name, and the work. */
export interface Action<Shape extends z.ZodRawShape = z.ZodRawShape> {
  readonly inputs: z.ZodObject<Shape>;
  readonly outputs: readonly string[];
  /** Outputs of a step that ended with an error: for an action whose reader must see "no" there too. */
  readonly failureOutputs?: Readonly<Record<string, OutputValue>>;
  run(inputs: z.infer<z.ZodObject<Shape>>, context: RunContext): Promise<StepResult>;
}

/** Declares an action; gives `run` the types of its inputs. */
export function defineAction<Shape extends z.ZodRawShape>(action: Action<Shape>): Action<Shape> {
  return action;
}

/** The outputs that every action has. */
export const COMMON_OUTPUTS = ['image', 'repository', 'digest', 'outcome'] as const;
