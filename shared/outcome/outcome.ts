import type { OutputValue } from './result.ts';

/** How a step ended. Anything but `passed` fails the step; what could not be checked is never a pass. */
export type Outcome = 'passed' | 'refused' | 'invalid' | 'unavailable';

/** The base of every error this suite throws on purpose. `hint` says what the reader can do. */
export abstract class Failure extends Error {
  abstract readonly outcome: Exclude<Outcome, 'passed'>;
  readonly hint: string | undefined;
  /** What a step that ends with this hands on all the same, by the names of its outputs. */
  readonly outputs: Record<string, OutputValue> = {};

  constructor(message: string, options: { hint?: string | undefined; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.hint = options.hint;
  }
}

/** The answer is no: policy, evidence, digest or tag. Carries every reason, not only the first. */
export class Refused extends Failure {
  readonly outcome = 'refused';
  override readonly name = 'Refused';
  readonly reasons: readonly string[];

  constructor(
    reasons: string | readonly string[],
    options: { hint?: string | undefined; cause?: unknown } = {},
  ) {
    const all = typeof reasons === 'string' ? [reasons] : reasons;
    super(all.join('\n'), options);
    this.reasons = all;
  }
}

/** The caller's fault: an input, or a file the caller wrote. `input` names which; the message says what it may be. */
export class Invalid extends Failure {
  readonly outcome = 'invalid';
  override readonly name = 'Invalid';
  readonly input: string;

  constructor(input: string, message: string, options: { hint?: string | undefined; cause?: unknown } = {}) {
    super(`${input}: ${message}`, options);
    this.input = input;
  }
}

/** Something could not be reached or finished: transport, deadlines, caps. Says what was tried and whether a retry is safe. */
export class Unavailable extends Failure {
  readonly outcome = 'unavailable';
  override readonly name = 'Unavailable';
  readonly retrySafe: boolean;

  constructor(
    message: string,
    options: { hint?: string | undefined; cause?: unknown; retrySafe?: boolean } = {},
  ) {
    super(message, options);
    this.retrySafe = options.retrySafe ?? true;
  }
}
