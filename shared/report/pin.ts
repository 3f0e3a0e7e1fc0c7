import { cleanText, escapeMarkdown, formatCode, formatTable } from './markdown.ts';

/** One place that is pinned, or is to be. */
export interface PinnedPlace {
  readonly path: string;
  readonly line: number;
  /** As a person writes it, `nginx:1.27`; with the first digits of the digest that it has. */
  readonly from: string;
  /** Digest or commit; undefined where it was not asked for. */
  readonly to?: string;
  /** The version that the commit or digest is, as the comment or the tag has it. */
  readonly version?: string;
}

/** A place that is left as it is, and why. */
export interface LeftPlace {
  readonly path: string;
  readonly line: number;
  readonly text: string;
  readonly reason: string;
}

const ROWS = 500;

/** The title of the commit and the pull request. It names no image: in a commit's message foreign words could be commands. */
export function titlePins(count: number, files: number): string {
  return `Pin ${count} reference${count === 1 ? '' : 's'} in ${files} file${files === 1 ? '' : 's'}`;
}

/** What became of references, as Markdown for the summary and for a pull request's body: foreign text in it is escaped. */
export function renderPins(
  heading: string,
  places: readonly PinnedPlace[],
  left: readonly LeftPlace[],
): string {
  const parts = [heading];
  if (places.length > 0) {
    const pinned = places.some(({ to }) => to !== undefined);
    const rows = places.map(({ path, line, from, to, version }) => [
      formatPlace(path, line),
      formatCode(from, 200),
      ...(pinned
        ? [`${formatCode(to ?? '')}${version === undefined ? '' : ` ${escapeMarkdown(version, 100)}`}`]
        : []),
    ]);
    parts.push(listRows(['Where', 'Reference', ...(pinned ? ['Is'] : [])], rows));
  }
  if (left.length > 0) {
    const rows = left.map(({ path, line, text, reason }) => [
      formatPlace(path, line),
      formatCode(text, 200),
      escapeMarkdown(reason, 300),
    ]);
    parts.push(
      `Left as ${left.length === 1 ? 'it is' : 'they are'}:`,
      listRows(['Where', 'What', 'Why'], rows),
    );
  }
  return parts.join('\n\n');
}

/** `Dockerfile:4: node:22 …` as one line of plain text. */
export function formatPin(path: string, line: number, text: string, what: string): string {
  return cleanText(`${path}:${line}: ${cleanText(text, 200)} ${what}`, 1000);
}

function formatPlace(path: string, line: number): string {
  return formatCode(`${path}:${line}`, 300);
}

function listRows(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const more = rows.length > ROWS ? `\n\nand ${rows.length - ROWS} more` : '';
  return `${formatTable(head, rows.slice(0, ROWS))}${more}`;
}
