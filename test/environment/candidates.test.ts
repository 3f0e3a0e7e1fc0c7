import { expect, test } from 'vitest';
import { listCandidates } from '../../shared/environment/candidates.ts';
import { digest, history } from './records.ts';

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
