/*
 * Foreign text in GitHub-flavoured Markdown. Names of packages, titles of findings, messages of commits and labels of images
 * are data: whatever they hold, they stay text.
 */

// Controls, what reorders text, and what takes no room: nothing a reader could see, and much that could mislead one.
const invisible = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]+/gu;

/** Foreign text as one line of visible characters, at most `most` of them: what plain-text places (a title, an annotation) show. */
export function cleanText(text: string, most = Number.POSITIVE_INFINITY): string {
  const plain = text
    .replace(invisible, ' ')
    // A pile of marks on one letter reaches into the lines around it.
    .replace(/(\p{M}{3})\p{M}+/gu, '$1')
    .replace(/\s+/gu, ' ')
    .trim();
  if (plain.length <= most) return plain;
  return `${plain.slice(0, most - 1).replace(/\p{Surrogate}$/u, '')}…`;
}

/** Text that renders as itself: no markup, HTML, mention, autolink or line end comes out of it. At most `most` characters of it are shown. */
export function escapeMarkdown(text: string, most?: number): string {
  return escapeMarks(escapeHtml(text, most));
}

function escapeMarks(text: string): string {
  return (
    text
      .replace(/[\\`*_[\]|~]/g, '\\$&')
      // These begin a heading, a list or a rule where they come first, and nothing elsewhere.
      .replace(/^([-+=#])/, '\\$1')
      .replace(/^(\d+)([.)])(?=\s|$)/, '$1\\$2')
  );
}

/**
 * Text inside an HTML block, where GitHub reads no Markdown (so a backslash would show) and yet looks for mentions, references,
 * addresses, emoji, commits and mathematics. It looks for them in the rendered text, where an escape is gone: only a character
 * between ends the match, a word joiner, which takes no room and breaks no line.
 */
export function escapeHtml(text: string, most?: number): string {
  // A commit can be named by seven digits, so no more than five stay together.
  return escapeTags(cleanText(text, most)).replace(/(?<![0-9a-z])[0-9a-f]{7,}(?![0-9a-z])/gi, (digits) =>
    digits.replace(/.{5}(?=.)/g, '$&&#8288;'),
  );
}

function escapeTags(text: string): string {
  return (
    text
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replace(/([@#])(?=\w)/g, '$1&#8288;')
      .replace(/\b(GH-)(?=\d)/gi, '$1&#8288;')
      // An emoji's name has a letter or a sign in it, but for two; a time of day has none. Its second colon may be one that follows the text.
      .replace(/:(?=\/\/|[\w+-]*[a-z_+-][\w+-]*:|1(?:00|234):|[a-z_+-][\w+-]*$)/gi, ':&#8288;')
      .replace(/\b(mailto|xmpp):/gi, '$1&#8288;:')
      .replace(/\b(www)\./gi, '$1&#8288;.')
      // docs.github.com, "Writing mathematical expressions": a dollar sign that is to be one stands in a span.
      .replaceAll('$', '<span>$</span>')
  );
}

/** Text as inline code, whatever backticks it holds, at most `most` characters of it; for table cells the pipe is escaped too. */
export function formatCode(text: string, most?: number): string {
  const plain = cleanText(text, most);
  if (plain === '') return '';
  // Before a table's pipe no number of backslashes is safe in a code span: there it has to be HTML.
  if (plain.includes('|')) return `<code>${escapeMarkdown(plain)}</code>`;
  const longest = Math.max(0, ...(plain.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  const pad = /^`|`$/.test(plain) ? ' ' : '';
  return `${fence}${pad}${plain}${pad}${fence}`;
}

/** A link whose address is http or https; anything else becomes its text alone. */
export function formatLink(label: string, address: string): string {
  if (!URL.canParse(address)) return escapeMarkdown(label);
  const parsed = new URL(address);
  if (parsed.protocol !== 'https:' && parsed.protocol !== 'http:') return escapeMarkdown(label);
  // Each of these could end the address, the link or the table's cell before its time.
  const href = parsed.href.replace(/[<>\\`|$\s]/g, (character) => encodeURIComponent(character));
  // In a link GitHub looks for no commit, and the label often is one.
  return `[${escapeMarks(escapeTags(cleanText(label)))}](<${href}>)`;
}

/** A table; cells are Markdown already. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [formatRow(head), formatRow(head.map(() => '---')), ...rows.map(formatRow)].join('\n');
}

/** One line of a table; cells are Markdown already. */
export function formatRow(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}
