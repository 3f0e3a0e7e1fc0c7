import { describe, expect, it } from 'vitest';
import { parseDigest } from '../../shared/image/digest.ts';
import { findRecipe, parseDockerfile } from '../../shared/image/dockerfile.ts';
import { countShared, describeLayers, type KnownOrigin } from '../../shared/image/history.ts';

const digestOf = (at: number) => parseDigest(`sha256:${String(at).padStart(64, '0')}`);

/** Layers of an image with this history; an entry that begins with `-` is an empty one. */
function describeHistory(history: readonly string[], known: KnownOrigin = {}) {
  const filled = history.filter((entry) => !entry.startsWith('-'));
  const layers = filled.map((_, at) => ({ mediaType: 'layer', digest: digestOf(at), size: at }));
  const config = {
    rootfs: { diff_ids: filled.map((_, at) => `diff-${at}`) },
    history: history.map((entry) => ({
      created_by: entry.replace(/^-/, ''),
      empty_layer: entry.startsWith('-'),
    })),
  };
  return describeLayers({ layers }, config, known);
}
const recipeOf = (content: string) => findRecipe(parseDockerfile(content), undefined);

const BASE = ['/bin/sh -c #(nop) ADD file:abc in / ', '-/bin/sh -c #(nop)  CMD ["sh"]'];
const OWN = [
  '-ARG TOKEN',
  '-ENV A=secret',
  'WORKDIR /app',
  'COPY package.json . # buildkit',
  'RUN |1 TOKEN=secret /bin/sh -c npm ci &&     npm prune # buildkit',
  'COPY --chown=node:node dist dist # buildkit',
  '-CMD ["node" "server.js"]',
];
const DOCKERFILE = `FROM node:22
ARG TOKEN
ENV A=$TOKEN
WORKDIR app
COPY package.json .
RUN npm ci && \\
    # smaller
    npm prune
COPY --from=build --chown=node:node dist dist
CMD ["node", "server.js"]
`;

describe('the line that brought a layer', () => {
  it('is the instruction’s, and FROM for what the base brought', () => {
    expect(describeHistory([...BASE, ...OWN], { recipe: recipeOf(DOCKERFILE), baseLayers: 1 })).toEqual([
      { digest: digestOf(0), size: 0, createdBy: 'ADD file:abc in /', line: 1, base: true },
      { digest: digestOf(1), size: 1, createdBy: 'WORKDIR app', line: 4, base: false },
      { digest: digestOf(2), size: 2, createdBy: 'COPY package.json .', line: 5, base: false },
      { digest: digestOf(3), size: 3, createdBy: 'RUN npm ci && npm prune', line: 6, base: false },
      { digest: digestOf(4), size: 4, createdBy: 'COPY dist dist', line: 9, base: false },
    ]);
  });

  const lines = (history: readonly string[], known: KnownOrigin) =>
    describeHistory(history, known).map(({ line }) => line);
  const recipe = recipeOf(DOCKERFILE);
  it.each<[string, readonly string[], KnownOrigin, boolean]>([
    ['the base agrees', [...BASE, ...OWN], { recipe, baseLayers: 1 }, true],
    ['the file was named', [...BASE, ...OWN], { recipe, named: true }, true],
    ['nobody named the file, and the base is not known', [...BASE, ...OWN], { recipe }, false],
    ['the base ends elsewhere', [...BASE, ...OWN], { recipe, baseLayers: 2, named: true }, false],
    ['an instruction more than in the file', [...BASE, ...OWN, '-EXPOSE 80'], { recipe, named: true }, false],
    ['an instruction less', [...BASE, ...OWN.slice(0, -1)], { recipe, named: true }, false],
    [
      'another command',
      [...BASE, ...OWN.map((entry) => entry.replace('prune', 'rebuild'))],
      { recipe, named: true },
      false,
    ],
    [
      'another path',
      [...BASE, ...OWN.map((entry) => entry.replace('dist dist', 'dist lib'))],
      { recipe, named: true },
      false,
    ],
    ['layers that were squashed', [...BASE, 'COPY everything / # buildkit'], { recipe, named: true }, false],
    [
      'nothing but names to compare',
      [...BASE, '-CMD ["sh"]'],
      { recipe: recipeOf('FROM a\nCMD ["sh"]'), named: true },
      false,
    ],
    [
      'a whole image from scratch',
      ['COPY a b # buildkit'],
      { recipe: recipeOf('FROM scratch\nCOPY a b') },
      true,
    ],
    [
      'from scratch, with something below',
      [...BASE, 'COPY a b # buildkit'],
      { recipe: recipeOf('FROM scratch\nCOPY a b') },
      false,
    ],
  ])('%s', (_, history, known, certain) => {
    expect(lines(history, known).some((line) => line !== undefined)).toBe(certain);
  });

  it('is the instruction’s alone when a variable names the base', () => {
    const variable = recipeOf(DOCKERFILE.replace('node:22', '$BASE'));
    expect(lines([...BASE, ...OWN], { recipe: variable, named: true })).toEqual([undefined, 4, 5, 6, 9]);
    expect(describeHistory([...BASE, ...OWN], { recipe: variable, named: true })[0]).not.toHaveProperty(
      'base',
    );
  });

  it.each([
    [
      'by Docker’s old builder',
      'FROM a\nRUN apt-get update\nCOPY a b',
      ['/bin/sh -c apt-get update', '/bin/sh -c #(nop) COPY file:1 in b '],
    ],
    ['as a list', 'FROM a\nRUN ["/bin/app", "--x", "y z"]', ['RUN /bin/app --x y z # buildkit']],
    [
      'with a here-document',
      'FROM a\nRUN <<EOF\na\nEOF\nRUN b',
      ['RUN /bin/sh -c a # buildkit', 'RUN /bin/sh -c b # buildkit'],
    ],
    [
      'in another shell',
      'FROM a\nSHELL ["/bin/bash", "-o", "pipefail", "-c"]\nRUN b | c',
      ['-SHELL [/bin/bash -o pipefail -c]', 'RUN /bin/bash -o pipefail -c b | c # buildkit'],
    ],
  ])('is found %s', (_, dockerfile, history) => {
    expect(
      lines([...BASE, ...history], { recipe: recipeOf(dockerfile), named: true }).every(
        (line) => line !== undefined,
      ),
    ).toBe(true);
  });
});

describe('what made a layer', () => {
  it.each([
    ['RUN |1 TOKEN=secret /bin/sh -c curl -H "Bearer secret" x # buildkit', 'RUN curl …'],
    ['RUN /bin/sh -c TOKEN=secret make # buildkit', 'RUN …'],
    ['RUN |1 TOKEN=a secret /bin/app # buildkit', 'RUN …'],
    ['|1 TOKEN=secret /bin/sh -c make', 'RUN make …'],
    ['/bin/sh -c apt-get install x', 'RUN apt-get …'],
    ['/bin/sh -c #(nop) COPY dir:abc in /app ', 'COPY dir:abc in /app'],
    ['COPY . . # secret', 'COPY . .'],
    ['ADD https://user:secret@host.example/x?sig=secret /x # buildkit', 'ADD https://host.example/… /x'],
    ['hallmark layers: dist:/app', 'hallmark layers: dist:/app'],
    ['bazel build //secret', 'bazel …'],
    ["# debian.sh --arch 'amd64'", ''],
    ['', ''],
  ])('%s', (createdBy, shown) => {
    const [layer] = describeHistory([createdBy]);
    expect(layer?.createdBy).toBe(shown);
    expect(layer?.createdBy).not.toContain('secret');
  });

  it('is not said when the history does not fit the layers', () => {
    const layers = [0, 1].map((at) => ({ mediaType: 'layer', digest: digestOf(at), size: 1 }));
    const config = { rootfs: { diff_ids: ['a', 'b'] }, history: [{ created_by: 'COPY a b' }] };
    expect(describeLayers({ layers }, config, { baseLayers: 1 })).toMatchObject([
      { createdBy: '', base: true },
      { createdBy: '', base: false },
    ]);
  });
});

it.each([
  [['a', 'b', 'c'], ['a', 'b'], 2],
  [['a', 'b'], ['a', 'b'], 2],
  [['a', 'b'], [], 0],
  [['a', 'b'], ['b'], undefined],
  [['a'], ['a', 'b'], undefined],
])('of the layers %j those of %j are %s', (own, below, count) => {
  expect(countShared({ rootfs: { diff_ids: own } }, below)).toBe(count);
});
