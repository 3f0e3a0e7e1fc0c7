import { readFileSync } from 'node:fs';
import { micromark } from 'micromark';
import { gfm, gfmHtml } from 'micromark-extension-gfm';

const style = readFileSync(
  new URL('../../node_modules/github-markdown-css/github-markdown-light.css', import.meta.url),
  'utf8',
);

/**
 * Markdown as GitHub renders it, but for one thing: what GitHub would strip afterwards (scripts, event handlers, addresses that run)
 * stays in, so that nothing of ours relies on it.
 */
export function renderMarkdown(markdown: string): string {
  return micromark(markdown, {
    extensions: [gfm()],
    htmlExtensions: [gfmHtml()],
    allowDangerousHtml: true,
    allowDangerousProtocol: true,
  });
}

/** The page that a browser is shown: pieces of Markdown, each as a comment of its own. */
export function renderPage(...pieces: readonly string[]): string {
  const articles = pieces.map((piece) => `<article class="markdown-body">${renderMarkdown(piece)}</article>`);
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>page</title><style>${style}
body { margin: 0; background: #fff; } .markdown-body { padding: 16px; box-sizing: border-box; }
</style></head><body>${articles.join('')}</body></html>`;
}
