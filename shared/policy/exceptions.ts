import * as z from 'zod';
import { type Finding, isNamed } from '../evidence/finding.ts';
import { type Fault, findLines, readDocument } from './document.ts';
import { nameSchema } from './rule.ts';

/** Where the file is looked for when nobody names another. */
export const EXCEPTIONS_FILE = '.github/hallmark-exceptions.yml';

/** How many days ahead an exception may end, unless the policy says more. */
export const MAX_EXCEPTION_DAYS = 90;

const DAY = 86_400_000;

/** One finding that is let pass until a day, in a scope: every part that is given must be that of the finding. */
export interface Exception {
  /** CVE-2026-1 or another name of it, the rule of a secret, the check of a misconfiguration, or a licence. */
  readonly finding: string;
  readonly scope: {
    readonly package?: string | undefined;
    readonly version?: string | undefined;
    /** File or package database in the image. */
    readonly target?: string | undefined;
    readonly platform?: string | undefined;
    readonly environment?: string | undefined;
  };
  /** Empty for what comes from a .trivyignore. */
  readonly owner: string;
  readonly reason: string;
  /** From the beginning of this day (UTC) it excuses nothing; undefined for what never ends, in a .trivyignore. */
  readonly until?: Date | undefined;
  readonly file: string;
  readonly line: number;
}

const text = z.string().trim().min(1, 'is empty').max(1000);
const part = text.optional();

const fileSchema = z.strictObject({
  version: z.literal(1),
  exceptions: z
    .array(
      z.strictObject({
        finding: text,
        scope: z
          .strictObject({
            package: part,
            version: part,
            target: part,
            platform: part,
            environment: nameSchema.optional(),
          })
          .refine(
            (scope) => Object.keys(scope).length > 0,
            'names nothing: give package, version, target, platform or environment',
          ),
        owner: text,
        reason: text,
        until: z.iso
          .date('is no date; write it as 2027-01-31')
          .transform((day) => new Date(`${day}T00:00:00Z`)),
      }),
    )
    .max(10_000, 'are more than 10,000'),
});

/**
 * Reads a file of exceptions. Throws `Invalid` naming `input` with every fault, each with file, line and column; also for an end more than
 * `maxDays` after `now`.
 */
export function readExceptions(
  content: string,
  file: string,
  options: { readonly maxDays: number; readonly now: Date; readonly input?: string },
): Exception[] {
  const { maxDays, now, input = 'exceptions' } = options;
  const latest = now.getTime() + maxDays * DAY;
  const { exceptions } = readDocument(
    content,
    file,
    fileSchema,
    (value) =>
      value.exceptions.flatMap(({ until }, at): Fault[] =>
        until.getTime() <= latest
          ? []
          : [
              {
                path: ['exceptions', at, 'until'],
                message: `is more than ${maxDays} days from now: an exception is looked at again by ${new Date(latest).toISOString().slice(0, 10)}`,
              },
            ],
      ),
    input,
  );
  const lines = findLines(
    content,
    file,
    exceptions.map((_, at) => ['exceptions', at]),
  );
  return exceptions.map((one, at) => ({ ...one, file, line: lines[at] ?? 1 }));
}

/** Whether an exception is about a finding. One of an environment is about nothing where no environment is asked about. */
export function isAbout(
  { finding, scope }: Exception,
  found: Finding,
  environment: string | undefined,
): boolean {
  const fits = (wanted: string | undefined, is: string): boolean => wanted === undefined || wanted === is;
  return (
    isNamed(found, finding) &&
    fits(scope.package, found.package) &&
    fits(scope.version, found.version) &&
    fits(scope.target, found.target) &&
    fits(scope.platform, found.platform) &&
    (scope.environment === undefined || scope.environment === environment)
  );
}

/** Whether its end has come. */
export function isExpired({ until }: Exception, now: Date): boolean {
  return until !== undefined && until <= now;
}

/** Its scope in words: `package lodash, platform linux/arm64`. */
export function tellScope({ scope }: Exception): string {
  return Object.entries(scope)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${value}`]))
    .join(', ');
}
