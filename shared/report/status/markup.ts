import { cleanText } from '../markdown.ts';

/*
 * HTML and the SVG in it. Only what the tag below made is markup; every other value is text, and escaped for elements, attributes and SVG's text alike.
 */

/** Markup that is safe to put into a page as it stands. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Part = Markup | string | number | undefined | readonly Part[];

/** A template of HTML or SVG. Values are text unless they are markup; attributes have to be in double quotes. Nothing comes of undefined. */
export function html(strings: TemplateStringsArray, ...values: readonly Part[]): Markup {
  return new Markup(
    strings.map((string, at) => string + (at < values.length ? write(values[at]) : '')).join(''),
  );
}

function write(part: Part): string {
  if (part === undefined) return '';
  if (part instanceof Markup) return part.text;
  if (typeof part === 'number') return String(Math.round(part * 1000) / 1000);
  if (typeof part === 'string') return escapeText(part);
  return part.map(write).join('');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};

/** Text as a page shows it: at most 600 visible characters on one line, no bidirectional override. */
function escapeText(text: string): string {
  return cleanText(text, 600).replace(/[&<>"'`]/g, (character) => ENTITIES[character] ?? '');
}
