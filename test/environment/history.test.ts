import { expect, test } from 'vitest';
import type { PromotionRecord } from '../../shared/environment/chain.ts';
import { measureStay } from '../../shared/environment/history.ts';
import { promotionSchema } from '../../shared/evidence/promotion.ts';
import { at, digest, history } from './records.ts';

const letter = (record: PromotionRecord | undefined) => record?.promotion.digest[7];

test.each([
  { lines: [], current: undefined, held: false, withdrawn: '' },
  { lines: ['promote a'], current: 'a', held: false, withdrawn: '' },
  { lines: ['promote a', 'promote b'], current: 'b', held: false, withdrawn: '' },
  { lines: ['promote a', 'hold a'], current: 'a', held: true, withdrawn: '' },
  { lines: ['promote a', 'hold a', 'rollback b'], current: 'b', held: true, withdrawn: '' },
  { lines: ['promote a', 'hold a', 'release a'], current: 'a', held: false, withdrawn: '' },
  { lines: ['promote a', 'hold a', 'release a', 'hold a'], current: 'a', held: true, withdrawn: '' },
  { lines: ['promote a', 'promote b', 'rollback a -b'], current: 'a', held: false, withdrawn: 'b' },
  { lines: ['promote a', 'promote b', 'withdraw a'], current: 'b', held: false, withdrawn: 'a' },
  { lines: ['promote a', 'withdraw a', 'reinstate a'], current: 'a', held: false, withdrawn: '' },
  {
    lines: ['promote a', 'promote b', 'rollback a -b', 'reinstate b'],
    current: 'a',
    held: false,
    withdrawn: '',
  },
  // What was told to be in force stays so, whatever is logged in the same moment.
  { lines: ['promote a', 'promote b', '~hold a'], current: 'b', held: true, withdrawn: '' },
  { lines: ['promote a', 'promote b', '~hold a', 'release b'], current: 'b', held: false, withdrawn: '' },
  { lines: ['promote a', 'release a', '~hold a'], current: 'a', held: true, withdrawn: '' },
  { lines: ['promote a', 'hold a', '~release a'], current: 'a', held: true, withdrawn: '' },
  { lines: ['promote a', 'promote b', '~withdraw b'], current: 'b', held: false, withdrawn: 'b' },
  {
    lines: ['promote a', 'promote b', '~withdraw b', 'reinstate b'],
    current: 'b',
    held: false,
    withdrawn: '',
  },
  { lines: ['promote a', 'withdraw a', '~reinstate a'], current: 'a', held: false, withdrawn: 'a' },
  { lines: ['promote a', 'promote b', '~promote c'], current: 'b', held: false, withdrawn: '' },
])('$lines', ({ lines, current, held, withdrawn }) => {
  const read = history(...lines);
  expect(letter(read.current)).toBe(current);
  expect(read.hold !== undefined).toBe(held);
  expect([...read.withdrawn.keys()].map((one) => one[7]).join('')).toBe(withdrawn);
});

test.each([
  { lines: ['promote a'], minutes: 60 },
  { lines: ['promote b'], minutes: undefined },
  { lines: ['promote a', 'promote b'], minutes: 1 },
  { lines: ['promote a', 'hold a', 'release a', 'promote b'], minutes: 3 },
  // It left, so the time before that does not count.
  { lines: ['promote a', 'promote b', 'promote a'], minutes: 58 },
  { lines: ['promote a', 'promote b', 'promote a', 'promote b'], minutes: 1 },
  // Promoted again while it was there, under another policy: it never left.
  { lines: ['promote b', 'promote a', 'promote a'], minutes: 59 },
  { lines: ['promote a', 'withdraw a'], minutes: 60 },
])('$lines: a stayed for $minutes minutes', ({ lines, minutes }) => {
  const stayed = measureStay(history(...lines), digest('a'), new Date(at(60)));
  expect(stayed).toBe(minutes === undefined ? undefined : minutes * 60_000);
});

test.each([
  { action: 'promote', verdict: undefined, good: false },
  { action: 'rollback', verdict: undefined, good: false },
  { action: 'hold', verdict: undefined, good: true },
  { action: 'hold', verdict: digest('f'), good: false },
  { action: undefined, verdict: digest('f'), good: true },
  { action: 'destroy', verdict: digest('f'), good: false },
])('a record that says $action with verdict $verdict is one: $good', ({ action, verdict, good }) => {
  const record = {
    ...(action && { action }),
    ...(verdict && { verdict }),
    environment: 'prod',
    repository: 'ghcr.io/octo/app',
    repositoryId: '1',
    digest: digest('a'),
    sequence: 1,
    policy: { uri: 'x', digest: digest('f'), content: '' },
  };
  expect(promotionSchema.safeParse(record).success).toBe(good);
});
