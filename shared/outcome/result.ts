import type { Outcome } from './outcome.ts';

export type OutputValue = string | number | boolean | undefined;

/** What a verb hands back: the outputs, and for a step that ends without an exception but not `passed`, the outcome and every reason. */
export interface StepResult {
  readonly outputs: Readonly<Record<string, OutputValue>>;
  readonly outcome?: Outcome;
  readonly reasons?: readonly string[];
  /** GitHub-flavoured Markdown for the job summary; foreign text in it is already escaped. */
  readonly summary?: string;
}
