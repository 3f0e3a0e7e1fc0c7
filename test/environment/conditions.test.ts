import { describe, expect, test } from 'vitest';
import {
  type ConditionName,
  type Conditions,
  judgeConditions,
  type Observed,
} from '../../shared/environment/conditions.ts';
import { explainFreezes, freezeSchema } from '../../shared/environment/freeze.ts';
import { at, digest, history } from './records.ts';

const approval = (by: string) => ({ by, at: at(0).toISOString(), how: 'run' as const, url: '' });
const earlier = (...lines: string[]) => ({ history: history(...lines), verdictFault: undefined });

/** Image `a`, judged at 10:30 for an empty environment that asks nothing, unless said otherwise. */
function judge(asked: Conditions, seen: Partial<Observed> = {}) {
  const results = judgeConditions(asked, {
    now: at(30),
    digest: digest('a'),
    history: history(),
    approvals: [],
    discounted: [],
    ancestryFault: undefined,
    ...seen,
  });
  return new Map(results.map((result) => [result.name, result]));
}

describe('judgeConditions', () => {
  test.each<[string, Conditions, Partial<Observed>]>([
    ['nothing is asked of an empty environment', {}, {}],
    ['a hold was released', {}, { history: history('promote b', 'hold b', 'release b') }],
    ['another image was withdrawn', {}, { history: history('promote b', 'withdraw c') }],
    ['it was withdrawn and reinstated', {}, { history: history('promote b', 'withdraw a', 'reinstate a') }],
    ['it passed the environment before', { after: 'staging' }, { earlier: earlier('promote a') }],
    [
      'it passed the environment before, which holds another now',
      { after: 'staging' },
      { earlier: earlier('promote a', 'promote b') },
    ],
    ['it soaked', { after: 'staging', soak: 1800 }, { earlier: earlier('promote a') }],
    ['one of one approved', { approvals: 1 }, { approvals: [approval('mona')] }],
    ['two of two approved', { approvals: 2 }, { approvals: [approval('mona'), approval('hubot')] }],
    [
      'a freeze is over',
      {
        freeze: [freezeSchema.parse({ from: at(0).toISOString(), until: at(30).toISOString(), reason: 'x' })],
      },
      {},
    ],
  ])('passes when %s', (_, asked, seen) => {
    const results = judge(asked, seen);
    expect([...results.values()].flatMap(({ reasons }) => reasons)).toEqual([]);
    for (const name of Object.keys(asked)) expect(results.get(name as ConditionName)?.outcome).toBe('passed');
  });

  test.each<[string, Conditions, Partial<Observed>, ConditionName, string]>([
    [
      'it is held',
      {},
      { history: history('promote b', 'hold b') },
      'hold',
      'held by mona at 2026-11-21T10:01',
    ],
    [
      'it was held again',
      {},
      { history: history('promote b', 'hold b', 'release b', 'hold b') },
      'hold',
      'held by mona at 2026-11-21T10:03',
    ],
    [
      'it was withdrawn',
      {},
      { history: history('promote a', 'withdraw a') },
      'withdrawn',
      'withdrawn by mona',
    ],
    [
      'a rollback withdrew it',
      {},
      { history: history('promote b', 'promote a', 'rollback b -a') },
      'withdrawn',
      'withdrawn by mona at 2026-11-21T10:02',
    ],
    ['its commit is older', {}, { ancestryFault: 'is older' }, 'descends', 'is older'],
    [
      'it never was in the environment before',
      { after: 'staging' },
      { earlier: earlier('promote b') },
      'after',
      'never promoted to staging',
    ],
    ['nobody read the environment before', { after: 'staging' }, {}, 'after', 'never promoted to staging'],
    [
      'it was withdrawn there',
      { after: 'staging' },
      { earlier: earlier('promote a', 'promote b', 'withdraw a') },
      'after',
      'staging has it no more: withdrawn by mona',
    ],
    [
      'a rollback there withdrew it',
      { after: 'staging' },
      { earlier: earlier('promote b', 'promote a', 'rollback b -a') },
      'after',
      'staging has it no more',
    ],
    [
      'it came there by break-glass',
      { after: 'staging' },
      { earlier: earlier('promote a !') },
      'after',
      'by break-glass',
    ],
    [
      'its verdict there does not count',
      { after: 'staging' },
      { earlier: { history: history('promote a'), verdictFault: 'the verdict of staging is FAILED' } },
      'after',
      'is FAILED',
    ],
    [
      'it soaked a second too little',
      { after: 'staging', soak: 1801 },
      { earlier: earlier('promote a') },
      'soak',
      'it has been in staging for 30m of 30m1s',
    ],
    [
      'it left before it had soaked',
      { after: 'staging', soak: 1200 },
      { earlier: earlier('promote a', 'promote b') },
      'soak',
      'for 1m of 20m, and then it left',
    ],
    [
      'it came back: the soak began anew',
      { after: 'staging', soak: 1700 },
      { earlier: earlier('promote a', 'promote b', 'promote a') },
      'soak',
      'for 28m of 28m20s',
    ],
    [
      'it was never there to soak',
      { after: 'staging', soak: 1 },
      { earlier: earlier() },
      'soak',
      'nothing says how long',
    ],
    ['nobody approved', { approvals: 1 }, {}, 'approvals', '1 must approve this digest, and nobody did'],
    [
      'one approved twice',
      { approvals: 2 },
      { approvals: [approval('mona'), approval('Mona')] },
      'approvals',
      '2 must approve this digest, and mona did so far',
    ],
    [
      'an approval does not count',
      { approvals: 1 },
      { discounted: ['the review by mona is not of its final head'] },
      'approvals',
      'not of its final head',
    ],
    [
      'it is Saturday',
      { freeze: [freezeSchema.parse({ days: ['sat'], reason: 'weekend' })] },
      {},
      'freeze',
      'frozen on sat',
    ],
  ])('denies when %s', (_, asked, seen, name, reason) => {
    const results = judge(asked, seen);
    expect(results.get(name)?.outcome).toBe('denied');
    expect(results.get(name)?.reasons.join('\n')).toContain(reason);
    // And by nothing else, but soak where the image never was there.
    const denied = [...results.values()].filter(({ outcome }) => outcome === 'denied').map((one) => one.name);
    expect(denied.filter((one) => one !== name && !(name === 'soak' && one === 'after'))).toEqual([]);
  });
});

describe('a freeze', () => {
  const moment = (text: string) => new Date(text);
  test.each([
    [{ from: '2026-12-20T00:00:00Z', until: '2027-01-02T00:00:00Z' }, '2026-12-19T23:59:59Z', false],
    [{ from: '2026-12-20T00:00:00Z', until: '2027-01-02T00:00:00Z' }, '2026-12-20T00:00:00Z', true],
    [{ from: '2026-12-20T00:00:00Z', until: '2027-01-02T00:00:00Z' }, '2027-01-02T00:00:00Z', false],
    [{ from: '2026-12-20T00:00:00+02:00', until: '2027-01-02T00:00:00Z' }, '2026-12-19T22:00:00Z', true],
    [{ days: ['fri', 'sat'] }, '2026-11-21T00:00:00Z', true],
    [{ days: ['fri', 'sat'] }, '2026-11-22T00:00:00Z', false],
    [{ days: ['fri'], after: '18:00' }, '2026-11-20T17:59:59Z', false],
    [{ days: ['fri'], after: '18:00' }, '2026-11-20T18:00:00Z', true],
    [{ days: ['fri'], after: '18:00' }, '2026-11-20T23:59:59Z', true],
    [{ days: ['mon'], before: '08:00' }, '2026-11-23T07:59:00Z', true],
    [{ days: ['mon'], before: '08:00' }, '2026-11-23T08:00:00Z', false],
  ])('%j at %s: %s', (freeze, now, frozen) => {
    const read = freezeSchema.parse({ ...freeze, reason: 'because' });
    const reasons = explainFreezes([read], moment(now));
    expect(reasons.length > 0).toBe(frozen);
    if (frozen) expect(reasons[0]).toContain('because');
  });

  test.each([
    [{}, 'gives either'],
    [{ from: '2026-12-20T00:00:00Z' }, 'needs both'],
    [{ from: '2026-12-20T00:00:00Z', until: '2026-12-20T00:00:00Z' }, 'ends before it begins'],
    [{ from: '2026-12-20', until: '2026-12-21' }, 'is no moment'],
    [{ days: ['fri'], from: '2026-12-20T00:00:00Z', until: '2026-12-21T00:00:00Z' }, 'gives either'],
    [{ days: [] }, 'Too small'],
    [{ days: ['friday'] }, 'Invalid option'],
    [{ days: ['fri'], after: '25:00' }, 'is no time of day'],
    [{ days: ['fri'], after: '18:00', before: '08:00' }, 'ends before it begins'],
    [{ from: '2026-12-20T00:00:00Z', until: '2026-12-21T00:00:00Z', after: '18:00' }, 'hours of "days"'],
  ])('is not %j', (freeze, message) => {
    const { error } = freezeSchema.safeParse({ ...freeze, reason: 'because' });
    expect(error?.issues.map((issue) => issue.message).join('\n')).toContain(message);
  });

  test('says why', () => {
    expect(freezeSchema.safeParse({ days: ['fri'] }).success).toBe(false);
  });
});
