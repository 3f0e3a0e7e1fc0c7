import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { findImages } from '../../shared/manifests/find.ts';
import { updateManifest } from '../../shared/manifests/update.ts';
import { DIGEST, listSamples, REPOSITORY } from './samples.ts';

const samples = listSamples();

test('there are at least 200 samples, and most of them change', () => {
  expect(samples.length).toBeGreaterThanOrEqual(200);
  expect(samples.filter(({ before, after }) => before !== after).length).toBeGreaterThan(150);
});

describe('changes image lines only, byte for byte', () => {
  test.each(samples)('$title', ({ file, before, after }) => {
    expect(updateManifest(file, before, REPOSITORY, DIGEST)?.text).toBe(after);
    // The same again is nothing to do.
    const again = updateManifest(file, after, REPOSITORY, DIGEST);
    expect(again?.text).toBe(after);
    expect(again?.changed).toEqual([]);
    expect(parseAllDocuments(after).flatMap(({ errors }) => errors)).toEqual([]);
  });
});

const untouched: readonly (readonly [string, string, string])[] = [
  ['a chart template', 'templates/app.yaml', `image: {{ .Values.image }}\nkind: {{ x }}\n`],
  [
    'YAML that is broken further down',
    'app.yaml',
    `apiVersion: v1\nkind: Pod\nspec:\n  containers: [{name: a, image: ${REPOSITORY}:1}]\n  bad: [\n`,
  ],
  [
    'a workflow',
    '.github/workflows/ci.yml',
    `on: push\njobs: {a: {container: {image: "${REPOSITORY}:1"}}}\n`,
  ],
  ['another file with the same words', 'notes.yaml', `image: ${REPOSITORY}:1\n`],
  [
    'JSON',
    'pod.json',
    `{"apiVersion":"v1","kind":"Pod","spec":{"containers":[{"image":"${REPOSITORY}:1"}]}}`,
  ],
  ['nothing', 'app.yaml', ''],
  ['nested beyond reason', 'app.yaml', `a: ${'['.repeat(100_000)}`],
];
test.each(untouched)('leaves %s alone', (_, file, text) => {
  expect(updateManifest(file, text, REPOSITORY, DIGEST)).toBeUndefined();
});

const skipped: readonly (readonly [string, string, string, number])[] = [
  [
    'a template in quotes',
    'a.yaml',
    'apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: "{{ x }}"\n',
    5,
  ],
  ['a variable', 'compose.yaml', 'services:\n  a:\n    image: ${A}/b:c\n', 3],
  [
    'an escape',
    'a.yaml',
    `apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: "ghcr.io\\/octo/app:1"\n`,
    5,
  ],
  [
    'a block',
    'a.yaml',
    `apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: >-\n      ${REPOSITORY}:1\n`,
    5,
  ],
  [
    'values without a place for the digest',
    'values.yaml',
    `image:\n  repository: ${REPOSITORY}\n  tag: ""\n`,
    2,
  ],
  ['a name without tag, which the chart gives one', 'values.yaml', `image: ${REPOSITORY}\nimageTag: v1\n`, 1],
  ['a repository that is a URL', 'values.yaml', 'git:\n  repository: https://x.example/y\n  tag: a\n', 2],
];
test.each(skipped)('says that it leaves %s', (_, file, text, line) => {
  expect(findImages(file, text)?.skipped.map((one) => one.line)).toEqual([line]);
  expect(updateManifest(file, text, REPOSITORY, DIGEST)?.text).toBe(text);
});

const names: readonly (readonly [string, string, boolean])[] = [
  ['octo/app:1', 'docker.io/octo/app', true],
  ['index.docker.io/octo/app:1', 'docker.io/octo/app', true],
  ['nginx', 'docker.io/library/nginx', true],
  ['GHCR.io/octo/app:1', 'ghcr.io/octo/app', true],
  ['localhost/octo/app:1', 'localhost/octo/app', true],
  ['ghcr.io/octo/app-staging:1', 'ghcr.io/octo/app', false],
  ['evil.example/ghcr.io/octo/app:1', 'ghcr.io/octo/app', false],
  ['octo/app:1', 'ghcr.io/octo/app', false],
];
test.each(names)('%s names %s: %s', (image, repository, same) => {
  const text = `apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: ${image}\n`;
  expect(updateManifest('a.yaml', text, repository, DIGEST)?.found.length).toBe(same ? 1 : 0);
});
