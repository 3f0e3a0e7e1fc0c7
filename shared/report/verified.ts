import type { FoundStatement, Rejected } from '../evidence/evidence.ts';
import { kindOfPredicate } from '../evidence/predicate.ts';
import { type Digest, shortDigest } from '../image/digest.ts';
import type { Outcome } from '../outcome/outcome.ts';
import { escapeMarkdown, formatCode, formatLink, formatTable } from './markdown.ts';
import { describeRun, describeSigner, foldRejected, formatReason, listRows } from './signed.ts';

/** What verify found of an image or a file. */
export interface VerifiedPage {
  /** The image by digest, or a file with its digest. */
  readonly name: string;
  /** Why it is refused; none when it passed. */
  readonly reasons: readonly string[];
  readonly valid: readonly FoundStatement[];
  readonly rejected: readonly Rejected[];
  /** What people call the subjects, as `linux/amd64`. */
  readonly subjects: ReadonlyMap<Digest, string>;
  /** Where an entry of the log can be looked at by its index, when that is known. */
  readonly log?: string | undefined;
}

/** The page of a verification: whether it passed, why not, what is valid and what does not count. Markdown; foreign text in it is escaped. */
export function summarizeVerified(page: VerifiedPage): string {
  const { name, reasons, valid, rejected, subjects, log } = page;
  const rows = valid
    .map((found) => [
      titleOf(found.statement),
      found.subjects.map((digest) => escapeMarkdown(subjects.get(digest) ?? shortDigest(digest))).join(', '),
      describeSigner(found.signer),
      escapeMarkdown(found.signedAt?.replace(/\.\d+Z$/, 'Z') ?? 'not proven'),
      describeEntry(found.logIndex, log),
      describeRun(found.signer),
    ])
    .toSorted((a, b) => (a.join() < b.join() ? -1 : 1));
  return [
    `### Hallmark verify: ${reasons.length === 0 ? 'passed' : 'refused'}`,
    formatCode(name),
    reasons.map((reason) => `- ${formatReason(reason)}`).join('\n'),
    rows.length === 0
      ? ''
      : listRows(['Valid evidence', 'Of', 'Signed by', 'When', 'Log entry', 'Run'], rows),
    foldRejected(rejected),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** What verify found of one image of several. */
export interface VerifiedLine {
  readonly image: string;
  readonly outcome: Outcome;
  readonly reasons: readonly string[];
  readonly valid: readonly { readonly predicateType: string }[];
}

/** The most reasons that stand in an image's line; the log has all. */
const REASONS = 3;

/** The page of a verification of several images: a line for each, those that did not pass first. Markdown; foreign text in it is escaped. */
export function summarizeImages(images: readonly VerifiedLine[]): string {
  const passed = images.filter(({ outcome }) => outcome === 'passed');
  const rows = [...images.filter((one) => !passed.includes(one)), ...passed].map(
    ({ image, outcome, reasons, valid }) => [
      formatCode(image),
      outcome,
      [...Map.groupBy(valid, titleOf)].map(([title, all]) => `${title} × ${all.length}`).join(', '),
      [
        ...reasons.slice(0, REASONS).map(formatReason),
        ...(reasons.length > REASONS ? [`… and ${reasons.length - REASONS} more in the log`] : []),
      ].join('<br>'),
    ],
  );
  return [
    `### Hallmark verify: ${passed.length} of ${images.length} images passed`,
    formatTable(['Image', 'Outcome', 'Valid evidence', 'Why not'], rows),
  ].join('\n\n');
}

/** Our word for it, or the type as it stands. */
function titleOf({ predicateType }: { readonly predicateType: string }): string {
  return escapeMarkdown(kindOfPredicate(predicateType) ?? '') || formatCode(predicateType);
}

function describeEntry(index: string | undefined, log: string | undefined): string {
  if (index === undefined) return 'none';
  return log === undefined ? formatCode(index) : formatLink(index, `${log}${index}`);
}
