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
    title: z
      .string()
      .min(1)
      .max(200)
      .meta({ description: 'What is true of an image that passes, for people.', examples: ['Under 500 MB'] }),
    hint: z
      .string()
      .min(1)
      .max(300)
      .meta({ description: 'What to do when it denies or warns, for people.' })
      .optional(),
    needs: z
      .array(z.enum(NEEDS))
      .meta({
        description:
          'Evidence that must be there for every platform before the rule is evaluated. What its expression names it needs anyway.',
      })
      .default([]),
    deny: expression
      .meta({ description: 'CEL: true denies.', examples: ['image.size > 500000000'] })
      .optional(),
    warn: expression
      .meta({ description: 'CEL: true warns, and never denies.', examples: ['image.size > 300000000'] })
      .optional(),
    from: day
      .meta({
        description: 'Until this day what would deny only warns, and what would warn passes.',
        examples: ['2027-01-31'],
      })
      .optional(),
  })
  .refine(
    (rule) => rule.deny === undefined || rule.warn === undefined,
    'has both "deny" and "warn": write two rules',
  )
  .refine(
    (rule) => rule.deny !== undefined || rule.warn !== undefined || rule.needs.length > 0,
    'asks for nothing: give "deny", "warn" or "needs"',
  )
  .meta({
    anyOf: [{ required: ['deny'] }, { required: ['warn'] }, { required: ['needs'] }],
    not: { required: ['deny', 'warn'] },
  });
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
