import * as z from 'zod';
import { type Expression, ExpressionError, readExpression } from './expression.ts';
import { VARIABLES } from './variables.ts';

/** Evidence that a rule can need. */
export const NEEDS = ['signature', 'provenance', 'sbom', 'scan', 'test', 'vex'] as const;
export type Need = (typeof NEEDS)[number];

/** Names of rules and environments. */
export const nameSchema = z
  .string()
  .regex(/^[a-z0-9-]{1,40}$/, 'is no name: a name is 1 to 40 lower-case letters, digits and "-"');

/** A calendar day, as the moment it begins in UTC. */
const day = z.iso
  .date('is no date; write it as 2027-01-31')
  .transform((text) => new Date(`${text}T00:00:00Z`));

/** An expression, read and type-checked; the issue carries `offset`, the character at fault. */
const expression = z.string().transform((source, context): Expression => {
  try {
    return readExpression(source);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    context.addIssue({
      code: 'custom',
      message: `is no expression: ${error.message}`,
      params: { offset: error.offset },
    });
    return z.NEVER;
  }
});

/** One rule: what it needs, and when it says no. Strict: an unknown key is an error. */
export const ruleSchema = z
  .strictObject({
    /** What is true of an image that passes, for people. */
    title: z.string().min(1).max(200),
    /** What to do when it denies or warns, for people. */
    hint: z.string().min(1).max(300).optional(),
    /** Evidence that must be there for every platform before the rule is evaluated. */
    needs: z.array(z.enum(NEEDS)).default([]),
    /** CEL: true denies. */
    deny: expression.optional(),
    /** CEL: true warns, and never denies. */
    warn: expression.optional(),
    /** Until this day what would deny only warns, and what would warn passes. */
    from: day.optional(),
  })
  .refine(
    (rule) => rule.deny === undefined || rule.warn === undefined,
    'has both "deny" and "warn": write two rules',
  )
  .refine(
    (rule) => rule.deny !== undefined || rule.warn !== undefined || rule.needs.length > 0,
    'asks for nothing: give "deny", "warn" or "needs"',
  );
export type Rule = z.output<typeof ruleSchema>;

/** Everything a rule needs: what it says, and what the variables it names are made of. */
export function needsOf(rule: Rule): Need[] {
  const implied = variablesOf(rule).map((name) => VARIABLES[name]?.need);
  return NEEDS.filter((need) => rule.needs.includes(need) || implied.includes(need));
}

/** The variables a rule names. */
export function variablesOf(rule: Rule): readonly string[] {
  return (rule.deny ?? rule.warn)?.variables ?? [];
}
