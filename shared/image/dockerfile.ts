/*
 * Dockerfiles as far as their instructions' places need it (docs.docker.com, "Dockerfile reference"): nothing is expanded and nothing is run.
 */

/** A word of an instruction. */
export interface Word {
  readonly text: string;
  /** Where it stands in the file, in characters; undefined where lines that go on meet within it. */
  readonly start: number | undefined;
  /** From 1 on. */
  readonly line: number;
}

/** One instruction of a stage. */
export interface Instruction {
  /** In capitals: `RUN`. */
  readonly keyword: string;
  /** What follows it, lines joined, without flags such as `--mount`. */
  readonly text: string;
  /** The line it begins in, from 1 on. */
  readonly line: number;
  /** True when a here-document follows, of which the image's history says little. */
  readonly heredoc: boolean;
  /** Its flags, and the three words that follow them. */
  readonly words: readonly Word[];
}

/** From one `FROM` to the next. */
export interface Stage {
  /** What stands after `FROM`, with variables as written. */
  readonly from: string;
  readonly name: string | undefined;
  readonly line: number;
  readonly instructions: readonly Instruction[];
}

/** What one image is made by: the instructions of its stage, and before them those of the stages below it. */
export interface Recipe {
  /** The image that is not a stage of this file, as in `node:22`; undefined for `scratch` and where a variable names it. */
  readonly base: string | undefined;
  /** The line of that `FROM`. */
  readonly line: number;
  /** False when a variable stands in that `FROM`: what it brings may be a stage of this file. */
  readonly certain: boolean;
  readonly instructions: readonly Instruction[];
}

/** Larger files are nobody's Dockerfile, in bytes. */
const LIMIT = 1024 * 1024;

/** The stages of a Dockerfile in their order; none for what is none. */
export function parseDockerfile(content: string): Stage[] {
  if (content.length > LIMIT) return [];
  const stages: { from: string; name: string | undefined; line: number; instructions: Instruction[] }[] = [];
  for (const instruction of readInstructions(content)) {
    const { keyword, text, line } = instruction;
    if (keyword === 'FROM') {
      const [from = '', as = '', name] = text.split(/\s+/);
      stages.push({ from, name: as.toLowerCase() === 'as' ? name : undefined, line, instructions: [] });
    } else {
      // What stands before the first FROM (ARG) is of no stage.
      stages.at(-1)?.instructions.push(instruction);
    }
  }
  return stages;
}

/** How a target (the last stage when undefined) is made. Undefined when there is no such stage. */
export function findRecipe(stages: readonly Stage[], target: string | undefined): Recipe | undefined {
  const named = (name: string, before: number): number =>
    stages.slice(0, before).findLastIndex((stage) => stage.name?.toLowerCase() === name.toLowerCase());
  let at = target === undefined ? stages.length - 1 : named(target, stages.length);
  // A target may also be a stage's number.
  if (at < 0 && target !== undefined && /^\d+$/.test(target)) at = Number(target);
  let stage = stages[at];
  if (stage === undefined) return undefined;
  let { instructions } = stage;
  for (let below = named(stage.from, at); below >= 0; below = named(stage.from, at)) {
    at = below;
    stage = stages[at] as Stage;
    instructions = [...stage.instructions, ...instructions];
  }
  const { from, line } = stage;
  const certain = !from.includes('$');
  return { base: certain && from !== 'scratch' ? from : undefined, line, certain, instructions };
}

/** Every instruction in its order. `onUnended` is told where a here-document has no end, so that the rest of the file is no instruction. */
export function* readInstructions(
  content: string,
  onUnended: (line: number) => void = () => undefined,
): Generator<Instruction> {
  const lines = splitLines(content);
  const mark = findEscape(content);
  for (let at = 0; at < lines.length; at += 1) {
    if (isIgnored(lines[at]?.text)) continue;
    const first = at;
    const parts: Part[] = [];
    let whole = '';
    for (; at < lines.length; at += 1) {
      const { text: written = '', start = 0 } = lines[at] ?? {};
      const text = written.trimEnd();
      // Comments and empty lines within an instruction are passed over.
      if (whole !== '' && isIgnored(text)) continue;
      parts.push({ from: whole.length, start, line: at + 1 });
      // Two of them are one that is meant (BuildKit, parser.setEscapeToken).
      if (!text.endsWith(mark) || text.at(-2) === mark) {
        whole += text;
        break;
      }
      whole += text.slice(0, -1);
    }
    const [, keyword = '', rest = ''] = /^\s*([a-zA-Z]+)(?:\s+(.*))?$/s.exec(whole) ?? [];
    const documents = /^\s*(?:ONBUILD\s+)?(?:RUN|COPY|ADD)\s/i.test(whole) ? findHeredocs(rest) : [];
    for (const { name, tabs } of documents) {
      const end = (text: string): string => (tabs ? text.replace(/^\t+/, '') : text);
      do at += 1;
      while (at < lines.length && end(lines[at]?.text ?? '') !== name);
      if (at >= lines.length) onUnended(first + 1);
    }
    const text = rest.replace(/^(?:--[a-z-]+(?:=(?:"[^"]*"|\S*))?\s+)+/, '').trim();
    const words = readWords(whole, parts);
    yield { keyword: keyword.toUpperCase(), text, line: first + 1, heredoc: documents.length > 0, words };
  }
}

/**
 * The here-documents that a line opens, as BuildKit finds them (frontend/dockerfile/parser, `heredocsFromLine`): by the words that a shell sees, so
 * that `<<` within quotes is none. With a quote that nothing closes there are none at all.
 */
function findHeredocs(text: string): { name: string; tabs: boolean }[] {
  const found: { name: string; tabs: boolean }[] = [];
  if (!text.includes('<<')) return found;
  const word = /\s*((?:\\[\s\S]|"(?:\\[\s\S]|[^"\\])*"|'[^']*'|[^\s"'\\])+)(?=\s|$)/y;
  while (text.slice(word.lastIndex).trim() !== '') {
    const [, raw] = word.exec(text) ?? [];
    if (raw === undefined) return [];
    const [, tabs, rest = ''] = /^\d*<<(-?)([^<]+)$/.exec(raw) ?? [];
    const name = rest.replace(/\\([\s\S])|["']/g, '$1');
    if (name !== '') found.push({ name, tabs: tabs === '-' });
  }
  return found;
}

/** A line that an instruction is made of, and where in the instruction it begins. */
interface Part {
  readonly from: number;
  readonly start: number;
  readonly line: number;
}

function readWords(whole: string, parts: readonly Part[]): Word[] {
  const words: Word[] = [];
  let [at, others] = [0, 0];
  for (const { 0: text, index } of whole.matchAll(/\S+/g)) {
    while ((parts[at + 1]?.from ?? whole.length) <= index) at += 1;
    const { from = 0, start = 0, line = 0 } = parts[at] ?? {};
    const inOne = (parts[at + 1]?.from ?? whole.length) >= index + text.length;
    words.push({ text, start: inOne ? start + index - from : undefined, line });
    // The keyword is the first of the others.
    if (!text.startsWith('--')) others += 1;
    if (others === 4) break;
  }
  return words.slice(1);
}

/** Lines without their ends, and where each begins. */
function splitLines(content: string): { text: string; start: number }[] {
  let start = content.startsWith('\uFEFF') ? 1 : 0;
  return content
    .slice(start)
    .split('\n')
    .map((line) => {
      const read = { text: line.replace(/\r$/, ''), start };
      start += line.length + 1;
      return read;
    });
}

function isIgnored(text = ''): boolean {
  return /^\s*(?:#|$)/.test(text);
}

/** The parser directives, by name in lower case: comments of the form `# name=value` that a file begins with. */
export function readDirectives(content: string): ReadonlyMap<string, Word> {
  const found = new Map<string, Word>();
  for (const [at, { text, start }] of splitLines(content).entries()) {
    const [, before = '', name, value] =
      /^(\s*#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*)(\S.*?)\s*$/.exec(text) ?? [];
    if (name === undefined || value === undefined) break;
    found.set(name.toLowerCase(), { text: value, start: start + before.length, line: at + 1 });
  }
  return found;
}

function findEscape(content: string): string {
  return readDirectives(content).get('escape')?.text === '`' ? '`' : '\\';
}
