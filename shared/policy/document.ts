import { isMap, isNode, isPair, isScalar, LineCounter, type Node, parseDocument, visit } from 'yaml';
import type * as z from 'zod';
import { Invalid } from '../outcome/outcome.ts';

/** The most characters of one file. */
const MAX_LENGTH = 256 * 1024;
const MAX_FAULTS = 20;

type Path = readonly PropertyKey[];

/** Something wrong at a place in a file. With `key` the key itself is meant, not its value; `offset` counts characters into the value. */
export interface Fault {
  readonly path: Path;
  readonly key?: boolean;
  readonly offset?: number;
  readonly message: string;
}

/**
 * Reads a YAML file that people write through a schema, then through `check`, which looks for what a schema cannot see.
 * Throws `Invalid` with every fault: file, line, column, and the line itself with a mark below;
 * `input` names the action's input that the file came by. No aliases, no tags, no double keys.
 */
export function readDocument<T>(
  text: string,
  file: string,
  schema: z.ZodType<T>,
  check: (value: T) => readonly Fault[] = () => [],
  input = 'policy',
): T {
  if (text.length > MAX_LENGTH) throw new Invalid(input, `${file} is longer than ${MAX_LENGTH} characters`);
  const source = parseSource(text, file, input);
  const parsed = schema.safeParse(source.value, { error: explainIssue });
  const faults = parsed.success ? check(parsed.data) : parsed.error.issues.flatMap(faultsOf);
  if (parsed.success && faults.length === 0) return parsed.data;
  const places = faults.map((fault) => describe(text, file, source.locate(fault), fault.message));
  throw invalid(file, places, input);
}

/** The line (from 1) at which each path of a file stands that `readDocument` has read. */
export function findLines(text: string, file: string, paths: readonly Path[]): number[] {
  const source = parseSource(text, file, 'policy');
  return paths.map((path) => text.slice(0, source.locate({ path, message: '' })).split('\n').length);
}

function invalid(file: string, places: readonly string[], input: string): Invalid {
  const shown = places.slice(0, MAX_FAULTS);
  if (places.length > shown.length) shown.push(`… and ${places.length - shown.length} more`);
  return new Invalid(input, `${file} is not valid\n${shown.join('\n')}`);
}

function parseSource(
  text: string,
  file: string,
  input: string,
): { value: unknown; locate: (fault: Fault) => number } {
  try {
    // A file nested so deep that the parser runs out of stack throws as well.
    const lines = new LineCounter();
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, strict: true });
    const places = [...document.errors, ...document.warnings].map(({ pos, message }) =>
      describe(text, file, pos[0], message),
    );
    const refuse = (node: unknown, message: string): void => {
      places.push(describe(text, file, startOf(node) ?? 0, message));
    };
    visit(document, {
      Alias: (_, node) => refuse(node, 'aliases are not allowed: write the value out'),
      Pair: (_, { key }) => {
        // A schema never sees this one: JavaScript's objects take it for their prototype.
        if (isScalar(key) && key.value === '__proto__') refuse(key, 'unknown key "__proto__"');
      },
    });
    if (places.length > 0) throw invalid(file, places, input);
    const root = document.contents;
    return {
      value: document.toJS(),
      locate: (fault) => locate(text, isNode(root) ? root : undefined, fault),
    };
  } catch (cause) {
    if (cause instanceof Invalid) throw cause;
    throw new Invalid(input, `${file} cannot be read as YAML`, { cause });
  }
}

const WORDS: Readonly<Record<string, string>> = {
  object: 'a mapping',
  record: 'a mapping',
  array: 'a list',
  string: 'text',
  number: 'a number',
  int: 'a whole number',
};

/** The library's own issues in words; those of a schema's refinements have theirs. */
function explainIssue(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.input === undefined && issue.code.startsWith('invalid_')) return 'is missing';
  if (issue.code === 'invalid_type') return `is to be ${WORDS[issue.expected] ?? issue.expected}`;
  if (issue.code === 'invalid_value') return `may be ${issue.values.map(String).join(', ')}`;
  if (issue.code === 'too_small') return `is less than ${issue.minimum}`;
  if (issue.code === 'too_big') return `is more than ${issue.maximum}`;
  return undefined;
}

/** A fault for each thing that a schema's issue is about: unknown keys one by one, at the key. */
function faultsOf(issue: z.core.$ZodIssue): Fault[] {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((name) => ({ path: [...path, name], key: true, message: `unknown key "${name}"` }));
  }
  if (issue.code === 'invalid_key') {
    return [{ path, key: true, message: issue.issues[0]?.message ?? 'is no name' }];
  }
  const offset = issue.code === 'custom' ? (issue.params?.offset as number | undefined) : undefined;
  // A union that does not explain itself is explained by its first alternative.
  const mute = issue.code === 'invalid_union' && issue.message === 'Invalid input';
  const message = (mute ? issue.errors.flat()[0]?.message : undefined) ?? issue.message;
  const name = path.findLast((step) => typeof step === 'string');
  return [
    {
      path,
      message: name === undefined ? message : `"${name}" ${message}`,
      ...(offset !== undefined && { offset }),
    },
  ];
}

/** The character at fault: of the value, of its key, or of the nearest thing around it that is there. */
function locate(text: string, root: Node | undefined, fault: Fault): number {
  let node: unknown = root;
  let start = root?.range?.[0] ?? 0;
  for (const [depth, step] of fault.path.entries()) {
    const next = childOf(node, step);
    if (next === undefined) return start;
    const atKey = fault.key === true && depth === fault.path.length - 1;
    node = next.value;
    start = (atKey ? next.key : undefined) ?? startOf(next.value) ?? next.key ?? start;
  }
  if (fault.offset === undefined || !isScalar(node) || typeof node.value !== 'string') return start;
  // Only where the text stands in the file as it is (no escapes, no folding) does an offset point to its character.
  const quoted = node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE';
  const begin = start + (quoted ? 1 : 0);
  return text.startsWith(node.value, begin) ? begin + fault.offset : start;
}

function childOf(node: unknown, step: PropertyKey): { key?: number; value: unknown } | undefined {
  if (isMap(node)) {
    const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
    const key = startOf(pair?.key);
    return isPair(pair) ? { value: pair.value, ...(key !== undefined && { key }) } : undefined;
  }
  const items = (node as { items?: unknown[] } | undefined)?.items;
  const value = Array.isArray(items) ? items[Number(step)] : undefined;
  return value === undefined ? undefined : { value };
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? (node.range?.[0] ?? undefined) : undefined;
}

/** `file:line:column: message`, the line, and a mark below the character. */
function describe(text: string, file: string, offset: number, message: string): string {
  const before = text.slice(0, offset).split('\n');
  const line = before.length;
  const column = (before.at(-1) ?? '').length;
  const whole = (text.split('\n')[line - 1] ?? '').replace(/\r$/, '');
  // A long line is shown around the fault.
  const from = Math.max(0, column - 100);
  const shown = whole.slice(from, from + 160).replaceAll('\t', ' ');
  return `${file}:${line}:${column + 1}: ${message}\n  ${shown}\n  ${' '.repeat(column - from)}^`;
}
