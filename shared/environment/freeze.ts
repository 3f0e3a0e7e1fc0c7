import * as z from 'zod';

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
const clock = z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'is no time of day; write it as 18:00');
const moment = z.iso
  .datetime({ offset: true, error: 'is no moment; write it as 2026-12-20T00:00:00Z' })
  .transform((text) => new Date(text));

/** A time in which nothing is promoted: once, `from` a moment `until` another, or every week, on `days` between hours of a day (UTC). */
export const freezeSchema = z
  .strictObject({
    from: moment
      .meta({ description: 'When a freeze of once begins.', examples: ['2026-12-20T00:00:00Z'] })
      .optional(),
    until: moment.meta({ description: 'When it ends.', examples: ['2027-01-02T00:00:00Z'] }).optional(),
    days: z
      .array(z.enum(DAYS))
      .min(1)
      .meta({ description: 'Days of every week.', examples: [['sat', 'sun']] })
      .optional(),
    after: clock
      .meta({
        description: 'The hour of those days (UTC) at which it begins; the beginning of the day when absent.',
        examples: ['18:00'],
      })
      .optional(),
    before: clock
      .meta({
        description: 'The hour at which it ends; the end of the day when absent.',
        examples: ['24:00'],
      })
      .optional(),
    reason: z.string().min(1).max(200).meta({ description: 'Why, for people.' }),
  })
  .superRefine(({ from, until, days, after, before }, context) => {
    const complain = (message: string): void => context.addIssue({ code: 'custom', message });
    const once = from !== undefined || until !== undefined;
    if (once === (days !== undefined)) complain('gives either "from" and "until", or "days"');
    if (once && (from === undefined || until === undefined)) complain('needs both "from" and "until"');
    if (from !== undefined && until !== undefined && from >= until) complain('ends before it begins');
    if (days === undefined && (after !== undefined || before !== undefined)) {
      complain('"after" and "before" are hours of "days"');
    }
    if (days !== undefined && (after ?? '00:00') >= (before ?? '24:00')) complain('ends before it begins');
  });
export type Freeze = z.output<typeof freezeSchema>;

/** Why nothing may be promoted at a moment, one reason for each freeze in force. */
export function explainFreezes(freezes: readonly Freeze[], now: Date): string[] {
  return freezes.flatMap((freeze) => {
    const { from, until, days, reason } = freeze;
    if (from !== undefined && until !== undefined) {
      return from <= now && now < until ? [`frozen until ${until.toISOString()}: ${reason}`] : [];
    }
    const today = DAYS[now.getUTCDay()];
    const time = now.toISOString().slice(11, 16);
    const [after, before] = [freeze.after ?? '00:00', freeze.before ?? '24:00'];
    if (today === undefined || !days?.includes(today) || time < after || time >= before) return [];
    return [`frozen on ${today} from ${after} to ${before} UTC: ${reason}`];
  });
}
