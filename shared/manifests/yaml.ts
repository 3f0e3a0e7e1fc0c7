import {
  type Alias,
  type Document,
  isAlias,
  isDocument,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  Scalar,
  visit,
  type YAMLMap,
} from 'yaml';
import type { Edit } from './line.ts';

/** A file longer than this is no manifest that somebody wrote. */
const MAX_LENGTH = 4 * 1024 * 1024;
/** So much of a line is looked at behind a value. */
const MAX_BEHIND = 1000;

/**
 * Reads the root value of every document of a file. Undefined when any of it is no YAML (a template, say): nothing of such a file is touched.
 * Double keys and unknown tags are for others to judge.
 */
export function readYaml(text: string): Value[] | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const lines = new LineCounter();
  let documents: readonly unknown[];
  try {
    documents = parseAllDocuments(text, {
      lineCounter: lines,
      logLevel: 'silent',
      prettyErrors: false,
      uniqueKeys: false,
    });
  } catch {
    // Nested so deep that the parser runs out of stack.
    return undefined;
  }
  const read = documents.filter(isDocument);
  if (read.some(({ errors }) => errors.length > 0)) return undefined;
  return read.map((document) => {
    const words = findAliased(document, text);
    return new Value(document.contents, { text, lines, words });
  });
}

/** What each alias names, where that is a word: found in one pass, since a file may hold any number of them. */
function findAliased(document: Document, text: string): ReadonlyMap<Alias, Scalar> {
  const words = new Map<Alias, Scalar>();
  if (!text.includes('*')) return words;
  const anchors = new Map<string, Node>();
  visit(document, {
    Alias: (_, alias) => {
      const target = anchors.get(alias.source);
      if (isScalar(target)) words.set(alias, target);
    },
    Value: (_, node) => {
      if (node.anchor !== undefined) anchors.set(node.anchor, node);
    },
  });
  return words;
}

interface Source {
  readonly text: string;
  readonly lines: LineCounter;
  /** What aliases name. */
  readonly words: ReadonlyMap<Alias, Scalar>;
}

/** A value in a file; everything that is not there is a value too, without content. An alias is followed to a word, never to more: that is found where it is written. */
export class Value {
  readonly #node: Node | undefined;
  readonly #source: Source;

  constructor(node: unknown, source: Source) {
    this.#source = source;
    if (isMap(node) || isSeq(node)) this.#node = node;
    else {
      const word = isAlias(node) ? source.words.get(node) : node;
      this.#node = isScalar(word) ? word : undefined;
    }
  }

  /** The value of a key, when this is a mapping. */
  at(...keys: readonly string[]): Value {
    return keys.reduce<Value>(
      (value, key) =>
        new Value(isMap(value.#node) ? pairOf(value.#node, key)?.value : undefined, value.#source),
      this,
    );
  }

  has(key: string): boolean {
    return isMap(this.#node) && pairOf(this.#node, key) !== undefined;
  }

  get isMapping(): boolean {
    return isMap(this.#node);
  }

  /** The entries of a list, or none. */
  get items(): Value[] {
    return isSeq(this.#node) ? this.#node.items.map((item) => new Value(item, this.#source)) : [];
  }

  /** The entries of a mapping whose keys are words, or none. */
  get entries(): [string, Value][] {
    if (!isMap(this.#node)) return [];
    return this.#node.items.flatMap(({ key, value }) =>
      isScalar(key) && typeof key.value === 'string'
        ? [[key.value, new Value(value, this.#source)] satisfies [string, Value]]
        : [],
    );
  }

  /** What is written, without quotes, also for what YAML takes for a number or a time; undefined for a mapping, a list, and nothing at all. */
  get text(): string | undefined {
    if (!isScalar(this.#node) || this.#node.value === null) return undefined;
    return typeof this.#node.value === 'string' ? this.#node.value : this.#node.source;
  }

  /** From 1; 0 for what is not there. */
  get line(): number {
    const start = this.#node?.range?.[0];
    return start === undefined ? 0 : this.#source.lines.linePos(start).line;
  }

  /** What stands behind this value on its line, and where that begins; undefined for what is not there. */
  get behind(): { readonly text: string; readonly start: number } | undefined {
    const start = this.#node?.range?.[1];
    if (start === undefined) return undefined;
    const [text = ''] = /^[^\r\n]*/.exec(this.#source.text.slice(start, start + MAX_BEHIND)) ?? [];
    return { text, start };
  }

  /** The edit that makes this value another text, inside its quotes where it has some. Undefined where it is written over several lines or with escapes. */
  replace(text: string): Edit | undefined {
    const node = this.#node;
    if (!isScalar(node) || !node.range) return undefined;
    const [start, end] = node.range;
    const written = this.#source.text.slice(start, end);
    if (node.type === Scalar.QUOTE_DOUBLE || node.type === Scalar.QUOTE_SINGLE) {
      return written.slice(1, -1) === node.value ? { start: start + 1, end: end - 1, text } : undefined;
    }
    if (node.type !== Scalar.PLAIN || written !== node.source) return undefined;
    // "digest:" with nothing behind it: the value begins after the colon.
    return { start, end, text: written === '' && this.#source.text[start - 1] === ':' ? ` ${text}` : text };
  }

  /** The edits that give this mapping `key: text` in place of another key that it has. */
  replaceEntry(old: string, key: string, text: string): Edit[] | undefined {
    const pair = isMap(this.#node) ? pairOf(this.#node, old) : undefined;
    const edits = [
      new Value(pair?.key, this.#source).replace(key),
      new Value(pair?.value, this.#source).replace(text),
    ];
    return edits.every((edit) => edit !== undefined) ? edits : undefined;
  }

  /** The edit that adds `key: text` after the value of another key of this mapping. Undefined where that is not one plain line. */
  addEntry(after: string, key: string, text: string): Edit[] | undefined {
    const pair = isMap(this.#node) ? pairOf(this.#node, after) : undefined;
    const before = new Value(pair?.key, this.#source).#node?.range?.[0];
    const value = new Value(pair?.value, this.#source);
    const end = value.#node?.range?.[1];
    if (before === undefined || end === undefined || value.text === undefined) return undefined;
    const { text: source } = this.#source;
    if (isMap(this.#node) && this.#node.flow === true) {
      return [{ start: end, end, text: `, ${key}: ${text}` }];
    }
    const lineStart = source.lastIndexOf('\n', before - 1) + 1;
    const lineEnd = source.indexOf('\n', end);
    // "- name: x" begins its entry; the keys below it stand under its first letter.
    const indent = source.slice(lineStart, before).replace(/[^\t]/g, ' ');
    const lineBreak = source.includes('\r\n') ? '\r\n' : '\n';
    if (lineEnd < 0)
      return [{ start: source.length, end: source.length, text: `${lineBreak}${indent}${key}: ${text}` }];
    const at = lineEnd + 1;
    return [{ start: at, end: at, text: `${indent}${key}: ${text}${lineBreak}` }];
  }
}

/** Of a key that stands there twice the last counts, for whoever takes that at all. */
function pairOf(map: YAMLMap, key: string): { key: unknown; value: unknown } | undefined {
  return map.items.findLast((pair) => isScalar(pair.key) && pair.key.value === key);
}
