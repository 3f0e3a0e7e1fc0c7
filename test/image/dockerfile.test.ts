import { describe, expect, it } from 'vitest';
import { findRecipe, parseDockerfile } from '../../shared/image/dockerfile.ts';

const list = (content: string, target?: string): string[] | undefined =>
  findRecipe(parseDockerfile(content), target)?.instructions.map(
    ({ keyword, text, line }) => `${line} ${keyword} ${text}`,
  );

describe('instructions and their lines', () => {
  it.each<[string, string, string[]]>([
    ['plain', 'FROM a\nRUN b\n\n# c\nCOPY d e\n', ['2 RUN b', '5 COPY d e']],
    ['lower case, CRLF, no end of line', 'from a\r\nrun b\r\ncopy d e', ['2 RUN b', '3 COPY d e']],
    [
      'lines that go on, with comments and empty lines between',
      'FROM a\nRUN b && \\\n  # why\n\n  c\nCMD x',
      ['2 RUN b &&   c', '6 CMD x'],
    ],
    ['a backslash with blanks behind it', 'FROM a\nRUN b \\  \n c\nCMD x', ['2 RUN b  c', '4 CMD x']],
    [
      'flags',
      'FROM a\nRUN --mount=type=cache,target=/x --network=none b --c\nCOPY --from=z --chown=1:1 d e',
      ['2 RUN b --c', '3 COPY d e'],
    ],
    [
      'another escape',
      '# escape=`\nFROM a\nRUN b `\n c\nCOPY d \\\nCMD x',
      ['3 RUN b  c', '5 COPY d \\', '6 CMD x'],
    ],
    [
      'directives before the escape',
      '# syntax=docker/dockerfile:1\n# escape=`\nFROM a\nRUN b `\n c',
      ['4 RUN b  c'],
    ],
    [
      'here-documents',
      'FROM a\nRUN <<EOF\nCOPY not this\nEOF\nCOPY <<A <<-"B" /x/\n1\nA\n2\n\tB\nCMD x',
      ['2 RUN <<EOF', '5 COPY <<A <<-"B" /x/', '10 CMD x'],
    ],
    [
      'here-documents with names of their own',
      'FROM a\nRUN 3<<1.x cat <<"E F"\nFROM b\n1.x\nFROM c\nE F\nONBUILD RUN <<X\nFROM d\nX\nCMD x',
      ['2 RUN 3<<1.x cat <<"E F"', '7 ONBUILD RUN <<X', '10 CMD x'],
    ],
    ...['"a <<EOF b"', "'<<EOF'", 'a\\ <<EOF', '"<<EOF"', '$((1<<EOF))', '["x", "<<EOF"]', "don't <<EOF"].map(
      (words): [string, string, string[]] => [
        `${words} opens none`,
        `FROM a\nRUN ${words}\nCOPY b c\nRUN \\\nEOF`,
        [`2 RUN ${words}`, '3 COPY b c', '4 RUN EOF'],
      ],
    ),
    ['two backslashes go on nowhere', 'FROM a\nRUN b \\\\\nRUN c', ['2 RUN b \\\\', '3 RUN c']],
    [
      'directives of any kind before the escape',
      '# x1 = a b\n  # escape = `\nFROM a\nRUN dir c:\\\nCMD x',
      ['4 RUN dir c:\\', '5 CMD x'],
    ],
    ['a here-string is none', 'FROM a\nRUN cat <<< b\nCMD x', ['2 RUN cat <<< b', '3 CMD x']],
    ['a here-document without an end', 'FROM a\nRUN <<EOF\nCMD x', ['2 RUN <<EOF']],
    ['arguments before FROM', 'ARG V=1\nFROM a:$V\nRUN b', ['3 RUN b']],
    ['no FROM', 'RUN b', []],
  ])('%s', (_, content, expected) => {
    expect(list(content) ?? []).toEqual(expected);
  });
});

const STAGES = `FROM node:22@sha256:abc AS base
RUN one
FROM base AS build
RUN two
FROM scratch
COPY --from=build /x /y
FROM Build AS final
RUN three
`;

describe('how a target is made', () => {
  it.each([
    [undefined, 'node:22@sha256:abc', 1, ['2 RUN one', '4 RUN two', '8 RUN three']],
    ['build', 'node:22@sha256:abc', 1, ['2 RUN one', '4 RUN two']],
    ['BASE', 'node:22@sha256:abc', 1, ['2 RUN one']],
    ['2', undefined, 5, ['6 COPY /x /y']],
  ])('%s', (target, base, line, instructions) => {
    expect(findRecipe(parseDockerfile(STAGES), target)).toMatchObject({ base, line, certain: true });
    expect(list(STAGES, target)).toEqual(instructions);
  });

  it('is not certain when a variable names the base', () => {
    expect(findRecipe(parseDockerfile('ARG B\nFROM $B\nRUN x'), undefined)).toMatchObject({
      base: undefined,
      certain: false,
    });
  });

  it.each([
    ['a target that is not there', STAGES, 'other'],
    ['no stage', 'nothing', undefined],
    ['a stage from itself', '', undefined],
  ])('is not known for %s', (_, content, target) => {
    expect(findRecipe(parseDockerfile(content), target)).toBeUndefined();
  });

  it('takes a stage of the name above alone: one from its own name is from outside', () => {
    expect(findRecipe(parseDockerfile('FROM app AS app\nRUN x'), 'app')).toMatchObject({ base: 'app' });
  });
});
