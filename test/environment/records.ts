import type { PromotionRecord } from '../../shared/environment/chain.ts';
import { type History, readHistory } from '../../shared/environment/history.ts';
import { promotionSchema } from '../../shared/evidence/promotion.ts';
import { parseDigest } from '../../shared/image/digest.ts';

export const digest = (letter: string) => parseDigest(`sha256:${letter.repeat(64)}`);
/** Records are of one a minute from here. */
export const at = (minute: number) => new Date(Date.UTC(2026, 10, 21, 10, minute));

/**
 * What records come to, in their order: `promote a`, `rollback b -c` (withdraws c), `hold a`, `promote a !` (by break-glass); `~hold a` lost
 * against the one before it.
 */
export function history(...lines: string[]): History {
  let sequence = 0;
  const records = lines.map((line, index): PromotionRecord => {
    const [action = '', letter = '', ...marks] = line.replace('~', '').split(' ');
    if (!line.startsWith('~')) sequence += 1;
    const withdrawn = marks.find((mark) => mark.startsWith('-'));
    const until = at(60).toISOString();
    const promotion = promotionSchema.parse({
      action,
      environment: 'prod',
      repository: 'ghcr.io/octo/app',
      repositoryId: '1',
      digest: digest(letter),
      sequence,
      requestedBy: 'mona',
      reason: 'because',
      ...(/promote|rollback/.test(action) && { verdict: digest('f') }),
      ...(withdrawn && { withdraws: digest(withdrawn.slice(1)) }),
      ...(marks.includes('!') && {
        override: { rules: ['soak'], approvedBy: [], until, followUp: until },
      }),
      policy: { uri: 'octo/app/policy.yml@0', digest: digest('f'), content: '' },
    });
    return { tag: '', record: digest('e'), promotion, signedAt: at(index).toISOString() };
  });
  const isLost = (_: PromotionRecord, index: number) => lines[index]?.startsWith('~') === true;
  return readHistory({
    standing: records.filter((record, index) => !isLost(record, index)),
    superseded: records.filter(isLost),
  });
}
