import type { Candidate } from '../environment/candidates.ts';
import type { PromotionRecord } from '../environment/chain.ts';
import { type Digest, shortDigest } from '../image/digest.ts';
import { escapeMarkdown, formatCode, formatTable } from './markdown.ts';

/** What a rollback looked at, and what it chose. */
export interface RollbackPlan {
  readonly environment: string;
  /** The environment's repository. */
  readonly place: string;
  /** What it holds. */
  readonly current: Digest;
  readonly candidates: readonly Candidate[];
  /** The reasons against each candidate that was looked at. */
  readonly answers: ReadonlyMap<Digest, readonly string[]>;
  readonly chosen: Candidate | undefined;
}

/** Every candidate with its answer, the chosen one first to see. Markdown; foreign text in it is escaped. */
export function describeRollback(plan: RollbackPlan): string {
  const { environment, place, current, candidates, answers, chosen } = plan;
  const title =
    chosen === undefined
      ? `⛔ ${escapeMarkdown(environment)} has nothing to go back to`
      : `↩️ ${escapeMarkdown(environment)} goes back to ${formatCode(shortDigest(chosen.digest))}`;
  const answer = ({ digest, reasons }: Candidate): string => {
    if (digest === chosen?.digest) return '✅ goes back to this';
    const said = answers.get(digest) ?? reasons;
    if (!answers.has(digest) && said.length === 0) return 'not looked at';
    return said.map((one) => escapeMarkdown(one)).join('<br>');
  };
  const rows = candidates.map((candidate) => {
    const { digest, steps, stay } = candidate;
    const { reason, sequence } = stay.arrived.promotion;
    return [
      String(steps),
      formatCode(shortDigest(digest)),
      `${sequence}, ${escapeMarkdown(stay.arrived.signedAt ?? 'not known')}`,
      escapeMarkdown(reason ?? ''),
      answer(candidate),
    ];
  });
  return [
    `### ${title}`,
    `It holds ${formatCode(`${place}@${current}`)}, which is withdrawn by going back.`,
    formatTable(['Back', 'Image', 'Promotion', 'Reason then', 'Now'], rows),
  ].join('\n\n');
}

/** A rollback that stands already, by its record; `manifests` is Markdown. */
export function describeDone(
  place: string,
  { promotion, record, signedAt }: PromotionRecord,
  manifests: string | undefined,
): string {
  const { environment, digest, withdraws, requestedBy, reason } = promotion;
  return [
    `### ↩️ ${escapeMarkdown(environment)} went back to ${formatCode(shortDigest(digest))} already`,
    `It holds ${formatCode(`${place}@${digest}`)}${withdraws === undefined ? '' : `; ${formatCode(withdraws)} is withdrawn`}.`,
    `Record ${formatCode(record)} of ${escapeMarkdown(signedAt ?? 'an unproven time')}, asked for by ${escapeMarkdown(requestedBy ?? 'unknown')}: ${escapeMarkdown(reason ?? '')}`,
    ...(manifests === undefined ? [] : [`Manifests: ${manifests}`]),
  ].join('\n\n');
}
