import * as z from 'zod';
import type { Manifest } from './descriptor.ts';
import type { Digest } from './digest.ts';
import type { Instruction, Recipe } from './dockerfile.ts';

/** Where one layer of an image comes from. */
export interface LayerOrigin {
  readonly digest: Digest;
  /** Compressed bytes. */
  readonly size: number;
  /** What made it, without what may be a secret; empty when the history does not say. */
  readonly createdBy: string;
  /** The line of the Dockerfile; undefined unless it is certain. For a layer of the base, its FROM. */
  readonly line?: number;
  /** True when the base image brought it; undefined when that is not known. */
  readonly base?: boolean;
}

/** OCI image-spec 1.1, config.md, as far as layers need it. */
export const layeredConfigSchema = z.object({
  rootfs: z.object({ diff_ids: z.array(z.string()) }),
  history: z
    .array(z.object({ created_by: z.string().nullish(), empty_layer: z.boolean().nullish() }))
    .nullish(),
});
export type LayeredConfig = z.infer<typeof layeredConfigSchema>;

/** How many of the image's lowest layers are the whole of another image; undefined when that one is not below it. */
export function countShared(config: LayeredConfig, below: readonly string[]): number | undefined {
  const own = config.rootfs.diff_ids;
  return below.length <= own.length && below.every((id, at) => id === own[at]) ? below.length : undefined;
}

/** What is known beside the image itself. */
export interface KnownOrigin {
  /** How many of the lowest layers are the base image's, compared with that image. */
  readonly baseLayers?: number | undefined;
  readonly recipe?: Recipe | undefined;
  /** True when somebody said that the image is made by this very file, and it does not just lie where such files lie. */
  readonly named?: boolean;
}

/**
 * Says of each layer where it comes from. The recipe counts only when it agrees with the history, instruction for instruction, and with the
 * base image where that is known; a file that nobody named needs the base image to agree, or the whole history.
 */
export function describeLayers(
  { layers }: Pick<Manifest, 'layers'>,
  config: LayeredConfig,
  known: KnownOrigin = {},
): LayerOrigin[] {
  const history = config.history ?? [];
  const entries = [...history.keys()].filter((at) => history[at]?.empty_layer !== true);
  const complete = entries.length === layers.length;
  const commands = complete ? history.map((entry) => readCommand(entry.created_by ?? '')) : [];
  const match = matchRecipe(commands, entries, known);
  const baseLayers = known.baseLayers ?? match?.baseLayers;
  return layers.map(({ digest, size }, at) => {
    const entry = entries[at] ?? 0;
    const base = baseLayers === undefined ? undefined : at < baseLayers;
    const instruction = match?.instructions[entry - match.start];
    const line = instruction?.line ?? (base === true ? match?.line : undefined);
    return {
      digest,
      size,
      // The Dockerfile's text is the repository's own and holds no value of a build argument.
      createdBy:
        instruction === undefined
          ? redact(commands[entry])
          : shorten(`${instruction.keyword} ${instruction.text}`),
      ...(line !== undefined && { line }),
      ...(base !== undefined && { base }),
    };
  });
}

interface Command {
  readonly keyword: string;
  readonly text: string;
}

const BUILDKIT = '# buildkit';
const LONGEST = 16_384;

/** An entry of the history as BuildKit and Docker's old builder write it; anything else keeps an empty keyword. */
function readCommand(createdBy: string): Command {
  // Longer than any command: patterns may take their time on it.
  const whole = createdBy.slice(0, LONGEST).trim();
  const plain = whole.endsWith(BUILDKIT) ? whole.slice(0, -BUILDKIT.length).trimEnd() : whole;
  const old = /^\/bin\/sh -c #\(nop\) +([A-Z]+) (.*)$/s.exec(plain);
  if (old?.[1]) return { keyword: old[1], text: old[2] ?? '' };
  const [, keyword, text] =
    /^(RUN|COPY|ADD|ARG|ENV|CMD|ENTRYPOINT|LABEL|EXPOSE|USER|VOLUME|WORKDIR|STOPSIGNAL|HEALTHCHECK|SHELL|ONBUILD|MAINTAINER)(?: (.*))?$/s.exec(
      plain,
    ) ?? [];
  if (keyword !== undefined) return { keyword, text: text ?? '' };
  return /^(?:\|\d+ |\/bin\/(?:ba)?sh )/.test(plain)
    ? { keyword: 'RUN', text: plain }
    : { keyword: '', text: plain };
}

/** Where a recipe's instructions begin in the history, and what that says of the base; undefined unless it is certain. */
interface Match {
  readonly start: number;
  readonly instructions: readonly Instruction[];
  /** Undefined where a variable names what the stage is built from. */
  readonly baseLayers: number | undefined;
  /** Of the FROM. */
  readonly line: number;
}

function matchRecipe(
  commands: readonly Command[],
  entries: readonly number[],
  { recipe, baseLayers, named = false }: KnownOrigin,
): Match | undefined {
  if (recipe === undefined) return undefined;
  const { instructions, certain, base, line } = recipe;
  const start = commands.length - instructions.length;
  const likeness = instructions.map((one, at) => compareCommand(one, commands[start + at]));
  // Names of instructions alone are the same in many files.
  if (start < 0 || likeness.includes('other') || !likeness.includes('same')) return undefined;
  const below = entries.filter((at) => at < start).length;
  const agrees = baseLayers === undefined ? undefined : baseLayers === below;
  const whole = certain && base === undefined && start === 0;
  if (certain && agrees === false) return undefined;
  if (!named && !whole && (!certain || agrees !== true)) return undefined;
  return { start, instructions, baseLayers: certain ? below : undefined, line };
}

/** `alike` when only the instruction's name can be compared. */
function compareCommand(
  { keyword, text, heredoc }: Instruction,
  command: Command | undefined,
): 'same' | 'alike' | 'other' {
  if (command?.keyword !== keyword) return 'other';
  if (heredoc || !/^(?:RUN|COPY|ADD)$/.test(keyword)) return 'alike';
  const [written, done] = [plainText(text), plainText(command.text)];
  // The shell, and the values of build arguments, stand before the command.
  if (keyword === 'RUN') return done === written || done.endsWith(` ${written}`) ? 'same' : 'other';
  // Variables are expanded in the history, and old builders name what they copied by its hash.
  if (/[$"'\\]/.test(text) || /^(?:file|dir|multi):/.test(done)) return 'alike';
  return done.replace(/^(?:--\S+ )+/, '') === written ? 'same' : 'other';
}

/** One line, with the words of a JSON array as they are run. */
function plainText(text: string): string {
  let words = text;
  if (/^\s*\[/.test(text)) {
    try {
      const parsed = z.array(z.string()).safeParse(JSON.parse(text));
      if (parsed.success) words = parsed.data.join(' ');
    } catch {
      // Then it is for the shell.
    }
  }
  return words.replace(/\s+/g, ' ').trim();
}

const MOST = 300;

function shorten(text: string): string {
  const plain = text.replace(/\s+/g, ' ').trim();
  return plain.length <= MOST ? plain : `${plain.slice(0, MOST - 1)}…`;
}

/**
 * What of an entry may be shown. Values of build arguments and whatever a command was given may be secrets, and a page has more readers than
 * an image: of a command only the program stays, of a copy its paths without addresses' users and queries, of anything else its first word.
 */
function redact(command: Command | undefined): string {
  const { keyword = '', text = '' } = command ?? {};
  if (keyword === 'RUN') {
    const shell = /^(?:\|\d+ .*?)?\/bin\/(?:ba)?sh (?:-\S+ )*?-\w*c (.*)$/s.exec(text)?.[1];
    const program = (shell ?? (text.startsWith('|') ? '' : text)).trim().split(/\s+/, 1)[0] ?? '';
    return /^[\w./+-]+$/.test(program) && program.length <= 100 ? `RUN ${program} …` : 'RUN …';
  }
  if (/^(?:COPY|ADD|WORKDIR)$/.test(keyword)) {
    const paths = text
      .replace(/\s#\s.*$/s, '')
      .split(/\s+/)
      .map(redactAddress);
    return shorten(`${keyword} ${paths.join(' ')}`);
  }
  if (text.startsWith('hallmark layers: ')) return shorten(text);
  const first = keyword || (text.split(/\s+/, 1)[0] ?? '');
  return /^[\w./:+-]{1,100}$/.test(first) && !first.includes('://') ? `${first} …` : '';
}

function redactAddress(path: string): string {
  if (!path.includes('://')) return path;
  return URL.canParse(path) ? `${new URL(path).protocol}//${new URL(path).host}/…` : '…';
}
