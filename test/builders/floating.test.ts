import { expect, test } from 'vitest';
import { listFloating } from '../../shared/builders/floating.ts';

const hex = 'a'.repeat(64);
const other = 'b'.repeat(64);
const materials = [
  { uri: 'pkg:docker/alpine@3.20?platform=linux%2Famd64', digest: { sha256: hex } },
  { uri: 'pkg:docker/ghcr.io/octo/base@v1?platform=linux%2Famd64', digest: { sha256: other } },
];

const contexts = [
  ['lib', 'lib'],
  ['docker.io/library/debian:latest', 'folder'],
  [`redis@sha256:${hex}`, 'folder'],
] as const;

test.each<[string, string, string[]]>([
  ['pinned', `FROM alpine:3.20@sha256:${hex}\n`, []],
  ['scratch and stages', 'FROM scratch AS a\nFROM a\nCOPY --from=a /x /x\n', []],
  ['a variable: BuildKit alone knows it', 'ARG BASE\nFROM $BASE\n', []],
  ['a named context', 'FROM scratch\nCOPY --from=lib /x /x\n', []],
  ['an image that a named context stands for, whatever its name is written as', 'FROM debian\n', []],
  [
    'another tag of it',
    'FROM debian:12\nFROM redis:latest\n',
    ['1: Write it with its digest;', '2: Write it with its digest;'],
  ],
  ['a short name', 'FROM scratch\nFROM alpine:3.20\n', [`2: Write it as alpine:3.20@sha256:${hex};`]],
  [
    'a registry’s, in COPY',
    'FROM scratch\nCOPY --from=ghcr.io/octo/base:v1 /x /x\n',
    [`2: Write it as ghcr.io/octo/base:v1@sha256:${other};`],
  ],
  ['no tag at all, of a stage that was not built', 'FROM nginx\n', ['1: Write it with its digest;']],
])('%s', (_, dockerfile, expected) => {
  const said = listFloating(dockerfile, materials, contexts).map(
    ({ line, message }) => `${line}: ${/Write it [^;]+;/.exec(message)}`,
  );
  expect(said).toEqual(expected);
});
