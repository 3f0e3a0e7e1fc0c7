import * as z from 'zod';
import type { PromotionRecord } from '../environment/chain.ts';
import { judgeConditions } from '../environment/conditions.ts';
import type { History } from '../environment/history.ts';
import type { RecordAction } from '../evidence/promotion.ts';
import type { Digest } from '../image/digest.ts';
import type { PolicyEnvironment, PolicyFile } from './file.ts';
import type { Observation } from './judge.ts';
import { durationSchema } from './schema.ts';

/** What a gate would see beside evidence. What is left out is not so: never promoted, not held, approved by nobody. */
export const observedSchema = z.strictObject({
  soaked: durationSchema
    .meta({
      description: 'How long the image has been in the environment before; never there when absent.',
      examples: ['3h'],
    })
    .optional(),
  gone: z
    .boolean()
    .default(false)
    .meta({ description: 'It was there that long, and then something else came.' }),
  'break-glass': z.boolean().default(false).meta({ description: 'It came there with rules waived.' }),
  verdict: z
    .boolean()
    .default(true)
    .meta({ description: 'Its verdict there is PASSED, by a gate that counts, under this policy.' }),
  approvals: z
    .array(z.string().min(1))
    .default([])
    .meta({ description: 'Who approved, by login.', examples: [['hubot']] }),
  hold: z.string().optional().meta({ description: 'The reason of a hold that is in force.' }),
  withdrawn: z.string().optional().meta({ description: 'The reason for which the image was withdrawn.' }),
  older: z
    .boolean()
    .default(false)
    .meta({ description: 'Its commit does not descend from the one that runs.' }),
});
type CaseObserved = z.output<typeof observedSchema>;

const RECORD = `sha256:${'1'.repeat(64)}` as Digest;
const RUNNING = `sha256:${'2'.repeat(64)}` as Digest;
const NOTHING: History = { stays: [], current: undefined, hold: undefined, withdrawn: new Map() };

/** The answers to everything that an environment asks beside its rules, by the same judgement as a gate's. */
export function observeCase(
  name: string,
  policy: PolicyFile,
  observed: CaseObserved,
  digest: Digest,
  now: Date,
): Observation {
  const wanted: PolicyEnvironment | undefined = policy.environments[name];
  const { soaked, approvals } = observed;
  const record = (
    action: RecordAction,
    environment: string,
    at: Date,
    more: Partial<PromotionRecord['promotion']> = {},
  ): PromotionRecord => ({
    tag: '',
    record: RECORD,
    signedAt: at.toISOString(),
    promotion: {
      ...{ action, environment, digest, sequence: 1, repository: '', repositoryId: policy['repository-id'] },
      policy: { uri: '', digest: RECORD, content: '' },
      ...more,
    },
  });
  const before = wanted?.after ?? '';
  const stayed = (): History => {
    const until = new Date(now.getTime() - (observed.gone ? 1000 : 0));
    const waived = { rules: ['signed'], approvedBy: [], until: until.toISOString(), followUp: '' };
    const arrived = record('promote', before, new Date(until.getTime() - (soaked ?? 0) * 1000), {
      ...(observed['break-glass'] && { override: waived }),
    });
    const left = observed.gone ? record('promote', before, until, { digest: RUNNING }) : undefined;
    const stays = [{ arrived, left }, ...(left ? [{ arrived: left, left: undefined }] : [])];
    return { ...NOTHING, stays, current: left ?? arrived };
  };
  const held = (action: RecordAction, reason: string): PromotionRecord =>
    record(action, name, now, { reason });
  const conditions = judgeConditions(wanted ?? {}, {
    now,
    digest,
    history: {
      ...NOTHING,
      hold: observed.hold === undefined ? undefined : held('hold', observed.hold),
      withdrawn: new Map(
        observed.withdrawn === undefined ? [] : [[digest, held('withdraw', observed.withdrawn)]],
      ),
    },
    earlier: {
      history: soaked === undefined ? NOTHING : stayed(),
      verdictFault: observed.verdict ? undefined : `the verdict of ${before} does not count`,
    },
    approvals: approvals.map((by) => ({ by, at: now.toISOString(), how: 'run', url: '' })),
    discounted: [],
    ancestryFault: observed.older ? 'its commit does not descend from the one that runs' : undefined,
  });
  return {
    conditions,
    facts: {
      approvals: approvals.map((by) => ({ by, at: now, how: 'run' })),
      promotion: {
        ...{ environment: name, current: '', requestedBy: '', reason: '' },
        soaked: BigInt(soaked ?? 0),
      },
    },
  };
}
