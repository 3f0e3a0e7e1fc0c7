import { describe, expect, test } from 'vitest';
import { orderRecords, type PromotionRecord } from '../../shared/environment/chain.ts';
import { parseDigest } from '../../shared/image/digest.ts';

const digest = (letter: string) => parseDigest(`sha256:${letter.repeat(64)}`);

/** A record named by one letter that continues the one named by another, signed at a minute of one hour. */
function record(letter: string, sequence: number, previous: string | undefined, minute: number | undefined) {
  return {
    tag: `env-prod.${String(sequence).padStart(6, '0')}-${letter.repeat(12)}`,
    record: digest(letter),
    signedAt: minute === undefined ? undefined : `2026-11-21T10:${String(minute).padStart(2, '0')}:00Z`,
    promotion: {
      action: 'promote',
      environment: 'prod',
      repository: 'ghcr.io/octo/app',
      repositoryId: '1',
      digest: digest(letter),
      sequence,
      ...(previous && { previous: digest(previous) }),
      verdict: digest('f'),
      policy: { uri: 'octo/app/policy.yml@0', digest: digest('f'), content: '' },
    },
  } satisfies PromotionRecord;
}

/** The same as a rollback to an image named by one letter. */
const rollback = (one: PromotionRecord, to = one.promotion.digest[7] ?? ''): PromotionRecord => ({
  ...one,
  promotion: { ...one.promotion, action: 'rollback', digest: digest(to) },
});

const letters = (records: readonly PromotionRecord[]) => records.map(({ record }) => record[7]).join('');

describe('orderRecords', () => {
  test.each([
    { name: 'an environment that never held anything', records: [], standing: '', superseded: '' },
    { name: 'one promotion', records: [record('a', 1, undefined, 1)], standing: 'a', superseded: '' },
    {
      name: 'three, listed in any order',
      records: [record('c', 3, 'b', 3), record('a', 1, undefined, 1), record('b', 2, 'a', 2)],
      standing: 'abc',
      superseded: '',
    },
    {
      name: 'two at once: the first by the log stands',
      records: [record('a', 1, undefined, 1), record('c', 2, 'a', 9), record('b', 2, 'a', 2)],
      standing: 'ab',
      superseded: 'c',
    },
    {
      name: 'two at once, one without a trusted time: it never wins',
      records: [record('a', 1, undefined, undefined), record('b', 1, undefined, 50)],
      standing: 'b',
      superseded: 'a',
    },
    {
      name: 'two in the same second: every reader names the same one',
      records: [record('b', 1, undefined, 1), record('a', 1, undefined, 1)],
      standing: 'a',
      superseded: 'b',
    },
    {
      name: 'one that goes back to what was there',
      records: [record('a', 1, undefined, 1), record('b', 2, 'a', 2), rollback(record('c', 3, 'b', 3), 'a')],
      standing: 'abc',
      superseded: '',
    },
    {
      name: 'the next continues the one that stands, not the one that lost',
      records: [record('a', 1, undefined, 1), record('b', 1, undefined, 2), record('c', 2, 'a', 3)],
      standing: 'ac',
      superseded: 'b',
    },
  ])('$name', ({ records, standing, superseded }) => {
    const chain = orderRecords('prod', records);
    expect(letters(chain.standing)).toBe(standing);
    expect(letters(chain.superseded)).toBe(superseded);
    expect(chain.faults).toEqual([]);
  });

  test.each([
    {
      name: 'the first is missing',
      standing: '',
      records: [record('b', 2, 'a', 2)],
      reasons: [/gap: promotion 1 of 2 is missing/],
    },
    {
      name: 'one in the middle is missing',
      standing: 'a',
      records: [record('a', 1, undefined, 1), record('c', 3, 'b', 3)],
      reasons: [/gap: promotion 2 of 3 is missing/],
    },
    {
      name: 'one continues a record that never stood',
      standing: 'a',
      records: [record('a', 1, undefined, 1), record('b', 2, 'e', 2)],
      reasons: [/fork: env-prod\.000002-b+ continues sha256:e+, but sha256:a+ stood/],
    },
    {
      name: 'one continues the record that lost',
      standing: 'a',
      records: [record('a', 1, undefined, 1), record('b', 1, undefined, 2), record('c', 2, 'b', 3)],
      reasons: [/fork: env-prod\.000002-c+ continues sha256:b+/],
    },
    {
      name: 'a second first one, beside a good chain',
      standing: 'ab',
      records: [record('a', 1, undefined, 1), record('b', 2, 'a', 2), record('c', 2, undefined, 3)],
      reasons: [/fork: env-prod\.000002-c+ continues nothing/],
    },
    {
      name: 'the first continues something',
      standing: '',
      records: [record('a', 1, 'e', 1)],
      reasons: [/continues sha256:e+, but nothing stood/],
    },
    {
      name: 'one goes back to what was never there',
      standing: 'a',
      records: [record('a', 1, undefined, 1), rollback(record('b', 2, 'a', 2))],
      reasons: [/env-prod\.000002-b+ goes back to an image that prod never held/],
    },
    {
      name: 'one goes back to what lost',
      standing: 'ab',
      records: [
        record('a', 1, undefined, 1),
        record('b', 2, 'a', 2),
        record('c', 2, 'a', 3),
        rollback(record('d', 3, 'b', 4), 'c'),
      ],
      reasons: [/goes back to an image that prod never held/],
    },
    {
      name: 'a fork and a gap are both said',
      standing: 'a',
      records: [record('a', 1, undefined, 1), record('b', 1, 'e', 1), record('c', 3, 'b', 3)],
      reasons: [/fork: env-prod\.000001-b+/, /gap: promotion 2/],
    },
  ])('does not hold when $name', ({ records, standing, reasons }) => {
    const { faults, ...chain } = orderRecords('prod', records);
    expect(letters(chain.standing)).toBe(standing);
    expect(faults).toHaveLength(reasons.length);
    for (const [at, pattern] of reasons.entries()) expect(faults[at]).toMatch(pattern);
  });
});
