// Controls but tab and line ends, and what reorders text.
const CONTROLS = /(?![\t\r\n])[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/**
 * A SARIF document that names files of the repository alone and shows nothing but text: no control characters, and in each `uri` of a file
 * (SARIF 2.1.0, 3.4.3) neither another scheme than `file` nor a way up. Links of rules are elsewhere (`helpUri`) and stay.
 */
export function tameSarif<T>(document: T): T {
  return tame(document, '') as T;
}

function tame(value: unknown, key: string): unknown {
  if (typeof value === 'string') {
    const text = value.replace(CONTROLS, '\uFFFD');
    return key === 'uri' ? tameUri(text) : text;
  }
  if (Array.isArray(value)) return value.map((item) => tame(item, key));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, tame(item, name)]));
}

function tameUri(uri: string): string {
  return uri
    .replaceAll(/[\t\r\n\\]/g, '_')
    .replace(/^(?!file:)([a-z][a-z\d+.-]*):/i, '$1_')
    .replace(/^\/\/+/, '/')
    .replace(/(?<=^|\/)(?:\.|%2e){2}(?=\/|$)/gi, '_');
}
