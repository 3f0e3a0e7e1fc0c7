import type { Rejected } from '../evidence/evidence.ts';
import { formatSigner, type Signer } from '../evidence/identity.ts';
import { shortDigest } from '../image/digest.ts';
import { escapeMarkdown, formatCode, formatLink, formatTable } from './markdown.ts';
import { formatAdvisory } from './names.ts';

/* Signed evidence in a step's summary: who signed it, in which run, and what does not count. */

/** The most rows of one table; a summary over 1 MB is not shown at all. */
const ROWS = 100;

/** Who signed, as a person reads it: a workflow on github.com without the server's name. */
export function describeSigner(signer: Signer): string {
  return formatCode(formatSigner(signer).replace(/^https:\/\/github\.com\//, ''));
}

/** A link to the run that signed; nothing where a key did. */
export function describeRun({ run }: Signer): string {
  return run === undefined ? '' : formatLink(`run ${/\/runs\/(\d+)/.exec(run)?.[1] ?? ''}`.trim(), run);
}

/**
 * A reason as text, the digests in it whole and as code: in text they would be broken up, and could not be copied. Vulnerabilities are links to
 * their advisories.
 */
export function formatReason(reason: string): string {
  return reason
    .split(/(\bsha256:[0-9a-f]{64}\b|\bCVE-\d{4}-\d{4,7}\b|\bGHSA(?:-[0-9a-z]{4}){3}\b)/)
    .map((part, at) => {
      if (at % 2 === 0) return escapeSpaced(part);
      return part.startsWith('sha256:') ? formatCode(part) : formatAdvisory(part);
    })
    .join('');
}

/** Escaping trims, and a space before a digest is to stay. */
function escapeSpaced(text: string): string {
  return `${/^\s/.test(text) ? ' ' : ''}${escapeMarkdown(text)}${/\s$/.test(text) ? ' ' : ''}`;
}

/** A table; of more rows than are read it says how many are left out. Cells are Markdown. */
export function listRows(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const shown = formatTable(head, rows.slice(0, ROWS));
  return rows.length > ROWS ? `${shown}\n\n… and ${rows.length - ROWS} more` : shown;
}

/** The same in a fold that `title` and the number of rows stand on; nothing where there is no row. */
export function foldRows(
  title: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  if (rows.length === 0) return '';
  const summary = `<details><summary>${escapeMarkdown(title)}: ${rows.length}</summary>`;
  return [summary, listRows(head, rows), '</details>'].join('\n\n');
}

/** What was found beside an image and does not count, each with its reason, in a fold. */
export function foldRejected(rejected: readonly Rejected[]): string {
  return foldRows(
    'Found, and does not count',
    ['Type', 'Signed by', 'Why not', 'Source'],
    rejected.map(({ predicateType, signer, reason, source }) => [
      escapeMarkdown(predicateType ?? 'not known'),
      signer === undefined ? '' : describeSigner(signer),
      formatReason(reason),
      formatCode(shortDigest(source)),
    ]),
  );
}
