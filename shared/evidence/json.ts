/** The deepest nesting of a bundle or statement that is read; SBOMs of nested components stay far below. */
const DEPTH = 256;

/**
 * JSON that every reader takes for the same: UTF-8, no key twice in one object (RFC 8259, section 4, leaves open which one counts),
 * nesting within bounds. Throws an `Error` that says what is wrong.
 */
export function parseStrictJson(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Error('it is not UTF-8');
  }
  checkStructure(text);
  return JSON.parse(text);
}

/** Looks at strings, colons and brackets alone, before the whole is parsed: what else is wrong, the parser says. */
function checkStructure(text: string): void {
  const open: Set<string>[] = [];
  let last = '';
  for (let at = 0; at < text.length; at += 1) {
    switch (text[at]) {
      case '"': {
        const end = endOfString(text, at);
        last = text.slice(at, end);
        at = end - 1;
        break;
      }
      case ':': {
        // Parsed only where an escape may hide which key it is: an SBOM has a hundred thousand.
        const key = last.includes('\\') ? (JSON.parse(last) as string) : last.slice(1, -1);
        if (open.at(-1)?.has(key)) {
          throw new Error(`the key ${JSON.stringify(key.slice(0, 80))} stands twice in one object`);
        }
        open.at(-1)?.add(key);
        break;
      }
      case '{':
      case '[':
        open.push(new Set());
        if (open.length > DEPTH) throw new Error(`it is nested deeper than ${DEPTH} levels`);
        break;
      case '}':
      case ']':
        open.pop();
        break;
    }
  }
}

/** Where the string that starts at `start` has ended: after a quote that no odd number of backslashes stands before. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (text[at - 1 - backslashes] === '\\') backslashes += 1;
    if (backslashes % 2 === 0) return at + 1;
  }
  throw new Error('a string in it does not end');
}
