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

/** The most reasons that are told of one image of several; the log has all. */
const REASONS = 3;

/**
 * The page of a verification of several images: why some did not pass, then a line for each, those first, with its digest cut short. Markdown;
 * foreign text in it is escaped.
 */
export function summarizeImages(images: readonly VerifiedLine[]): string {
  const passed = images.filter(({ outcome }) => outcome === 'passed');
  const others = images.filter(({ outcome }) => outcome !== 'passed');
  const why = others.map(({ image, outcome, reasons }) =>
    [
      `- ${formatCode(image)}: ${outcome}`,
      ...reasons.slice(0, REASONS).map((reason) => `  - ${formatReason(reason)}`),
      ...(reasons.length > REASONS ? [`  - … and ${reasons.length - REASONS} more in the log`] : []),
    ].join('\n'),
  );
  const rows = [...others, ...passed].map(({ image, outcome, valid }) => [
    formatCode(image.replace(/(?<=@sha256:[0-9a-f]{12})[0-9a-f]{52}$/, '…')),
    outcome,
    [...Map.groupBy(valid, titleOf)].map(([title, all]) => `${title} × ${all.length}`).join(', '),
  ]);
  return [
    `### Hallmark verify: ${passed.length} of ${images.length} images passed`,
    why.join('\n'),
    formatTable(['Image', 'Outcome', 'Valid evidence'], rows),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** Our word for it, or the type as it stands. */
function titleOf({ predicateType }: { readonly predicateType: string }): string {
  return escapeMarkdown(kindOfPredicate(predicateType) ?? '') || formatCode(predicateType);
}

function describeEntry(index: string | undefined, log: string | undefined): string {
  if (index === undefined) return 'none';
  return log === undefined ? formatCode(index) : formatLink(index, `${log}${index}`);
}
