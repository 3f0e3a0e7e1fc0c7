import { type FoundImages, type ImageLine, partFound, type SkippedLine } from './line.ts';
import { formatImageName, parseImageName } from './name.ts';

/** A file longer than this is nobody's. */
const MAX_LENGTH = 1024 * 1024;
/** Resources whose `image` is a container's; of others it may be a machine's. */
const CONTAINERS =
  /^(?:kubernetes_|docker_|google_cloud_run|azurerm_container_|aws_ecs_|aws_lambda_function$|aws_apprunner_)/;

/** True for a file of Terraform or OpenTofu, by its name. */
export function isTerraform(file: string): boolean {
  return /\.(?:tf|tofu)$/.test(file);
}

interface Token {
  readonly kind: 'word' | 'string' | 'sign' | 'end';
  /** Of a string what stands between its quotes, as written. */
  readonly text: string;
  readonly start: number;
  readonly line: number;
}

/**
 * The plain strings that `image` and `image_uri` are set to (HCL native syntax), in blocks and in objects such as those of `jsonencode`. Counted is what
 * is certainly a container's: by the resource it stands in, or because it names a registry. Or why the file cannot be read.
 */
export function findTerraformImages(content: string): FoundImages | string {
  const tokens = readTokens(content);
  if (typeof tokens === 'string') return tokens;
  const found: (ImageLine | SkippedLine | undefined)[] = [];
  let depth = 0;
  let resource = '';
  for (const [at, token] of tokens.entries()) {
    if (token.text === '{' && token.kind === 'sign') {
      if (depth === 0) resource = readHeader(tokens, at);
      depth += 1;
    } else if (token.text === '}' && token.kind === 'sign') depth -= 1;
    else if (token.kind === 'string' || token.text === '<<') found.push(findValue(tokens, at, resource));
  }
  return depth === 0 ? partFound(found) : 'has braces that do not match';
}

/** The type of `resource "type" "name" {`. */
function readHeader(tokens: readonly Token[], brace: number): string {
  const [kind, type] = [tokens[brace - 3], tokens[brace - 2]];
  return kind?.text === 'resource' && type?.kind === 'string' ? type.text : '';
}

function findValue(
  tokens: readonly Token[],
  at: number,
  resource: string,
): ImageLine | SkippedLine | undefined {
  const [before, key, sign, value, next] = [-3, -2, -1, 0, 1].map((offset) => tokens[at + offset]);
  if (key === undefined || value === undefined || !/^[=:]$/.test(sign?.text ?? '')) return undefined;
  const { text, start, line } = value;
  if (value.kind === 'sign') {
    const reason = 'is a here-document, in which nothing is looked for: write jsonencode([…])';
    return key.text === 'container_definitions' ? { line, text: key.text, reason } : undefined;
  }
  const starts = before === undefined || before.kind === 'end' || /^[{,]$/.test(before.text);
  const ends = next === undefined || next.kind === 'end' || /^[},]$/.test(next.text);
  if (!starts || !ends || !/^image(?:_uri)?$/.test(key.text)) return undefined;
  const image = parseImageName(text);
  const sure = key.text === 'image_uri' || CONTAINERS.test(resource);
  if (image === undefined) {
    const reason = 'is no image: a template, or written with escapes';
    return sure ? { line, text, reason } : undefined;
  }
  if (!sure && !/^[^/]*[.:][^/]*\//.test(image.name)) {
    const reason =
      'may be an image of another kind: with its registry, as in docker.io/library/nginx, it is certain';
    return image.tag === undefined ? undefined : { line, text, reason };
  }
  return {
    ...image,
    line,
    pin: (digest, tag) => [
      { start, end: start + text.length, text: formatImageName(image.name, tag, digest) },
    ],
  };
}

/** HCL's tokens as far as they tell a plain string from everything else; comments and here-documents are passed over. */
function readTokens(content: string): Token[] | string {
  if (content.length > MAX_LENGTH) return 'is larger than any file of Terraform';
  const tokens: Token[] = [];
  const pattern =
    /(?<end>\n)|(?<blank>[^\S\n]+|#[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\/)|<<-?(?<mark>[\p{L}_][\p{L}\p{N}_-]*)\r?\n|(?<quote>")|(?<word>[\p{L}\p{N}_][\p{L}\p{N}_-]*)|(?<sign>[=!<>]=|=>|[^"])/uy;
  let line = 1;
  pattern.lastIndex = content.startsWith('\uFEFF') ? 1 : 0;
  while (pattern.lastIndex < content.length) {
    const start = pattern.lastIndex;
    const { end, blank, mark, quote, word, sign } = pattern.exec(content)?.groups ?? {};
    if (end !== undefined) tokens.push({ kind: 'end', text: end, start, line });
    else if (mark !== undefined) {
      const close = new RegExp(`^[ \\t]*${mark}[ \\t]*\\r?$`, 'mu').exec(content.slice(pattern.lastIndex));
      if (close === null) return `has a here-document in line ${line} that never ends`;
      pattern.lastIndex += close.index + close[0].length;
      tokens.push({ kind: 'sign', text: '<<', start, line });
    } else if (quote !== undefined) {
      const close = findQuote(content, start);
      if (close === undefined) return `has a string in line ${line} that never ends`;
      tokens.push({ kind: 'string', text: content.slice(start + 1, close), start: start + 1, line });
      pattern.lastIndex = close + 1;
    } else if (blank === undefined)
      tokens.push({ kind: word === undefined ? 'sign' : 'word', text: word ?? sign ?? '', start, line });
    line += content.slice(start, pattern.lastIndex).split('\n').length - 1;
  }
  return tokens;
}

/** Where the string that begins at a quote ends; strings within its `${…}` and `%{…}` are part of it. */
function findQuote(content: string, from: number): number | undefined {
  // Of each template that is open, how many braces within it are.
  const open: number[] = [];
  let quoted = true;
  for (let at = from + 1; at < content.length; at += 1) {
    const character = content[at];
    if (quoted) {
      if (character === '\n') return undefined;
      if (character === '\\') at += 1;
      else if (character === '"') {
        if (open.length === 0) return at;
        quoted = false;
      } else if ((character === '$' || character === '%') && content[at + 1] === '{') {
        if (content[at - 1] === character) continue;
        open.push(0);
        quoted = false;
        at += 1;
      }
    } else if (character === '"') quoted = true;
    else if (character === '{') open[open.length - 1] = (open.at(-1) ?? 0) + 1;
    else if (character === '}') {
      const inner = open.at(-1) ?? 0;
      if (inner > 0) open[open.length - 1] = inner - 1;
      else {
        open.pop();
        quoted = true;
      }
    }
  }
  return undefined;
}
