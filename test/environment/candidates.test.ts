import { expect, test } from 'vitest';
import { listCandidates } from '../../shared/environment/candidates.ts';
import type { PromotionRecord } from '../../shared/environment/chain.ts';
import { readHistory } from '../../shared/environment/history.ts';
import { promotionSchema } from '../../shared/evidence/promotion.ts';
import { parseDigest } from '../../shared/image/digest.ts';

const digest = (letter: string) => parseDigest(`sha256:${letter.repeat(64)}`);

/** Records in order: `promote a`, `rollback a -b` (withdraws b), `withdraw c`, `promote a !` (by break-glass). */
function history(...lines: string[]) {
  const standing = lines.map((line, index): PromotionRecord => {
    const [action = '', letter = '', ...marks] = line.split(' ');
    const withdrawn = marks.find((mark) => mark.startsWith('-'));
    const time = new Date(Date.UTC(2026, 10, 21, 10, index)).toISOString();
    const promotion = promotionSchema.parse({
      action,
      environment: 'prod',
      repository: 'ghcr.io/octo/app',
      repositoryId: '1',
      digest: digest(letter),
      sequence: index + 1,
      ...(/promote|rollback/.test(action) && { verdict: digest('f') }),
      ...(withdrawn && { withdraws: digest(withdrawn.slice(1)) }),
      ...(marks.includes('!') && {
        override: { rules: ['soak'], approvedBy: [], until: time, followUp: time },
      }),
      policy: { uri: 'octo/app/policy.yml@0', digest: digest('f'), content: '' },
    });
    return { tag: '', record: digest('e'), promotion, signedAt: time };
  });
  return readHistory({ standing, superseded: [] });
}

/** Each candidate as `letter`, `letter!` with a reason against it, `letter>x` when going back crosses x. */
test.each<[string[], string, string]>([
  [[], '', ''],
  [['promote a'], '', ''],
  [['promote a', 'promote b'], '', 'a'],
  [['promote a', 'promote b', 'promote c'], '', 'b a'],
  [['promote a', 'promote b', 'promote a'], '', 'b'],
  [['promote a', 'promote b', 'promote a', 'promote c'], '', 'a b'],
  [['promote a', 'promote b', 'rollback a -b'], '', 'b!'],
  [['promote a', 'promote b', 'rollback a -b', 'reinstate b'], '', 'b'],
  [['promote a', 'promote b', 'withdraw a'], '', 'a!'],
  [['promote a !', 'promote b'], '', 'a!'],
  [['promote a', 'hold a', 'promote b'], '', 'a'],
  // b migrated the schema: from c nothing older than b, from b nothing older at all.
  [['promote a', 'promote b', 'promote c'], 'b', 'b a>b'],
  [['promote a', 'promote b'], 'b', 'a>b'],
  [['promote a', 'promote b', 'promote c', 'promote d'], 'bc', 'c b>c a>c'],
  [['promote a', 'promote b'], 'a', 'a'],
  // a came back after b, so going from c to a crosses nothing.
  [['promote a', 'promote b', 'promote a', 'promote c'], 'b', 'a b'],
])('%j, of which %j cannot be undone: %j', (lines, irreversible, wanted) => {
  const found = listCandidates(history(...lines), new Set([...irreversible].map(digest)));
  const told = found.map(
    ({ digest: one, reasons, crosses }) =>
      `${one[7]}${reasons.length > 0 ? '!' : ''}${crosses ? `>${crosses[7]}` : ''}`,
  );
  expect(told.join(' ')).toBe(wanted);
  expect(found.map(({ steps }) => steps)).toEqual(found.map((_, at) => at + 1));
});
