import { type Instruction, readDirectives, readInstructions, type Word } from '../image/dockerfile.ts';
import { type FoundImages, type ImageLine, partFound, type SkippedLine } from './line.ts';
import { formatImageName, parseImageName } from './name.ts';

/** A file longer than this is nobody's Dockerfile. */
const MAX_LENGTH = 1024 * 1024;

/** True for a Dockerfile, by its name: `Dockerfile`, `Dockerfile.prod`, `app.dockerfile`, `Containerfile`. */
export function isDockerfile(file: string): boolean {
  return (
    /(?:^|\/)(?:Docker|Container)file(?:\.[\w.-]+)?$|\.(?:docker|container)file$/i.test(file) &&
    !/\.(?:docker|container)ignore$/i.test(file)
  );
}

/**
 * The images that a Dockerfile builds on (docs.docker.com, "Dockerfile reference"): of FROM, of `COPY --from` and `RUN --mount=…,from=`, and the
 * frontend that `# syntax=` names; stages of the file and `scratch` are none. Or why the file cannot be read.
 */
export function findDockerfileImages(content: string): FoundImages | string {
  if (content.length > MAX_LENGTH) return 'is larger than any Dockerfile';
  const found: (ImageLine | SkippedLine)[] = [];
  const syntax = readDirectives(content).get('syntax');
  // What follows the first word are the frontend's own arguments.
  if (syntax !== undefined) found.push(findWord({ ...syntax, text: syntax.text.replace(/\s.*$/, '') }));
  let unended: number | undefined;
  const stages = new Set<string>();
  for (const instruction of readInstructions(content, (line) => {
    unended ??= line;
  })) {
    const { keyword, words } = unwrap(instruction);
    if (keyword === 'FROM') {
      const [image, as, name] = words.filter(({ text }) => !text.startsWith('--'));
      if (image !== undefined && !stages.has(image.text.toLowerCase()) && image.text !== 'scratch')
        found.push(findWord(image));
      if (as?.text.toLowerCase() === 'as' && name !== undefined) stages.add(name.text.toLowerCase());
    }
    if (keyword === 'COPY' || keyword === 'RUN') {
      for (const from of words.flatMap((word) => findFrom(keyword, word))) {
        // A number is a stage's.
        const isStage = stages.has(from.text.toLowerCase()) || /^\d+$/.test(from.text);
        if (!isStage && from.text !== 'scratch') found.push(findWord(from));
      }
    }
  }
  if (unended !== undefined) return `has a here-document in line ${unended} that never ends`;
  return partFound(found);
}

/** What ONBUILD leaves for the build that stands on this image. */
function unwrap({ keyword, words }: Instruction): Pick<Instruction, 'keyword' | 'words'> {
  const [first, ...rest] = words;
  return keyword === 'ONBUILD' && first !== undefined
    ? { keyword: first.text.toUpperCase(), words: rest }
    : { keyword, words };
}

/** The value of `--from=`, or of `from=` within `--mount=`. */
function findFrom(keyword: string, { text, start, line }: Word): Word[] {
  const pattern = keyword === 'COPY' ? /^(--from=)(.+)$/ : /^(--mount=(?:\S*,)?from=)([^,]+)/;
  const [, before = '', value] = pattern.exec(text) ?? [];
  return value === undefined
    ? []
    : [{ text: value, start: start === undefined ? undefined : start + before.length, line }];
}

function findWord({ text, start, line }: Word): ImageLine | SkippedLine {
  const image = parseImageName(text);
  if (text.includes('$')) return { line, text, reason: 'is named by a variable' };
  if (image === undefined) return { line, text, reason: 'is no image: a template, or in quotes' };
  if (start === undefined) return { line, text, reason: 'is written over several lines' };
  return {
    ...image,
    line,
    pin: (digest, tag) => [
      { start, end: start + text.length, text: formatImageName(image.name, tag, digest) },
    ],
  };
}
