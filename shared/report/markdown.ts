/*
 * Foreign text in GitHub-flavoured Markdown. Names of packages, titles of findings, messages of commits and labels of images
 * are data: whatever they hold, they stay text.
 */

// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
const invisible = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+/g;

/** Text that renders as itself: no markup, HTML, mention, autolink or line end comes out of it. */
export function escapeMarkdown(text: string): string {
  return (
    text
      .replace(invisible, ' ')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replace(/[\\`*_[\]|~$]/g, '\\$&')
      // These begin a heading, a list or a rule where they come first, and nothing elsewhere.
      .replace(/^\s*([-+=#])/, '\\$1')
      .replace(/^\s*(\d+)([.)])(?=\s|$)/, '$1\\$2')
      // GitHub looks for mentions, references and addresses in the rendered text, where an escape is gone: only a character between ends the match.
      .replace(/@(?=\w)/g, '@&#8203;')
      .replace(/#(?=\d)/g, '#&#8203;')
      .replace(/:\/\//g, '&#58;//')
      .replace(/\bwww\./gi, 'www&#46;')
  );
}

/** Text as inline code, whatever backticks it holds; for table cells the pipe is escaped too. */
export function formatCode(text: string): string {
  const plain = text.replace(invisible, ' ');
  // Before a table's pipe no number of backslashes is safe in a code span: there it has to be HTML.
  if (plain.includes('|')) return `<code>${escapeMarkdown(plain)}</code>`;
  const longest = Math.max(0, ...(plain.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  const pad = /^`|`$|^ .* $/.test(plain) ? ' ' : '';
  return `${fence}${pad}${plain}${pad}${fence}`;
}

/** A link whose address is http or https; anything else becomes its text alone. */
export function formatLink(label: string, address: string): string {
  if (!URL.canParse(address)) return escapeMarkdown(label);
  const parsed = new URL(address);
  if (parsed.protocol !== 'https:' && parsed.protocol !== 'http:') return escapeMarkdown(label);
  return `[${escapeMarkdown(label)}](<${parsed.href.replaceAll('<', '%3C').replaceAll('>', '%3E')}>)`;
}

/** A table; cells are Markdown already. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
