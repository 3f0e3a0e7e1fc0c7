import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { parseDigest } from '../../shared/image/digest.ts';
import {
  formatReference,
  matchNames,
  type Pinned,
  pinReferences,
  type SortedReferences,
  sortReferences,
  tagOf,
} from '../../shared/manifests/pin.ts';
import { findReferences, mayRefer } from '../../shared/manifests/references.ts';
import { COMMIT, DIGEST, listPinSamples } from './pin-samples.ts';

const samples = listPinSamples();
const digest = parseDigest(DIGEST, 'digest');

function sort(file: string, text: string, except: readonly string[] = []): SortedReferences {
  const found = findReferences(file, text);
  if (typeof found !== 'object') throw new Error(`${file}: ${found}`);
  return sortReferences(found, matchNames(except));
}

/** Pins all that floats, each to the same digest or commit. */
function pin(file: string, text: string): string | undefined {
  const found = findReferences(file, text);
  if (typeof found !== 'object') return text;
  const { floating } = sortReferences(found, () => false);
  const pins = new Map(
    floating.map((one): [typeof one, Pinned] => [
      one,
      'owner' in one ? { id: COMMIT, version: 'v4.2.2' } : { id: digest, version: tagOf(one) },
    ]),
  );
  return pinReferences(file, text, found, pins);
}

const describeAll = ({ floating, left }: SortedReferences): string[] => [
  ...floating.map((one) => `${one.line} ${formatReference(one)}`),
  ...left.map(({ line, text, reason }) => `${line} left ${text}: ${reason}`),
];

test('there are at least 200 samples, and most of them change', () => {
  expect(samples.length).toBeGreaterThanOrEqual(200);
  expect(samples.filter(({ before, after }) => before !== after).length).toBeGreaterThan(180);
});

describe('changes image lines only, byte for byte', () => {
  test.each(samples)('$title', ({ file, before, after }) => {
    expect(mayRefer(file)).toBe(true);
    expect(pin(file, before)).toBe(after);
    // The same again is nothing to do.
    expect(pin(file, after)).toBe(after);
    const { floating } = sort(file, after);
    expect(floating).toEqual([]);
    if (/ya?ml$/.test(file)) {
      expect(parseAllDocuments(after).flatMap(({ errors }) => errors)).toEqual([]);
    }
  });
});

const POD = (image: string) => `apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: ${image}\n`;
const STEP = (uses: string) => `jobs:\n  a:\n    steps:\n      - uses: ${uses}\n`;
const WORKFLOW = '.github/workflows/a.yml';

describe('says of what cannot be told why', () => {
  test.each<[string, string, string, string[]]>([
    ['a variable', 'Dockerfile', 'ARG B=node:22\nFROM ${B}\n', ['2 left ${B}: is named by a variable']],
    [
      'a variable as the tag',
      'Dockerfile',
      'FROM node:$V AS b\nFROM b\n',
      ['1 left node:$V: is named by a variable'],
    ],
    ['quotes', 'Dockerfile', 'FROM "node:22"\n', ['1 left "node:22": is no image: a template, or in quotes']],
    [
      'a name on two lines',
      'Dockerfile',
      'FROM no\\\nde:22\n',
      ['1 left node:22: is written over several lines'],
    ],
    ['a template', 'Dockerfile.j2', 'FROM {{x}}\n', ['1 left {{x}}: is no image: a template, or in quotes']],
    [
      'a variable in Compose',
      'compose.yaml',
      'services:\n  a:\n    image: ${A}/b:c\n',
      ['3 left ${A}/b:c: is no image: a template, or a name that no registry knows'],
    ],
    [
      'an expression',
      WORKFLOW,
      STEP('${{ x }}/y@v1'),
      ['4 left ${{ x }}/y@v1: is neither owner/repo@ref nor docker://image'],
    ],
    [
      'an expression as the image',
      WORKFLOW,
      'jobs:\n  a:\n    container: ${{ matrix.image }}\n',
      ['3 left ${{ matrix.image }}: is no image: a template, or a name that no registry knows'],
    ],
    [
      'a ref that is none',
      WORKFLOW,
      STEP('a/b@v1..v2'),
      ['4 left a/b@v1..v2: is neither owner/repo@ref nor docker://image'],
    ],
    [
      'a repository that leads upwards',
      WORKFLOW,
      STEP('a/..@v1'),
      ['4 left a/..@v1: is neither owner/repo@ref nor docker://image'],
    ],
    [
      'no ref',
      WORKFLOW,
      STEP('actions/checkout'),
      ['4 left actions/checkout: is neither owner/repo@ref nor docker://image'],
    ],
    [
      'two on one line',
      WORKFLOW,
      'jobs: {a: {steps: [{uses: a/b@v1}, {uses: c/d@v1}]}}\n',
      [
        '1 left a/b@v1: is written so that no version can stand in a comment behind it',
        '1 left c/d@v1: is written so that no version can stand in a comment behind it',
      ],
    ],
    [
      'a flow that goes on',
      WORKFLOW,
      'jobs:\n  a:\n    steps:\n      - {uses: a/b@v1, name: x\n         y}\n',
      ['4 left a/b@v1: is written so that no version can stand in a comment behind it'],
    ],
    [
      'a kustomization that leaves the tag to others',
      'kustomization.yaml',
      'images:\n- name: app\n  newName: x/y\n',
      ['3 left x/y: has no "newTag": which tag is meant stands where the image is used'],
    ],
    [
      "a chart's own version",
      'values.yaml',
      'image:\n  repository: x/y\n  digest: ""\n',
      ['2 left x/y: has no "tag": the chart has one of its own'],
    ],
    [
      'a template of Terraform',
      'a.tf',
      'resource "kubernetes_pod" "a" {\n  image = "${var.a}:1"\n}\n',
      ['2 left ${var.a}:1: is no image: a template, or written with escapes'],
    ],
    [
      'an image that may be a machine',
      'a.tf',
      'module "m" {\n  image = "ubuntu:22.04"\n}\n',
      [
        '2 left ubuntu:22.04: may be an image of another kind: with its registry, as in docker.io/library/nginx, it is certain',
      ],
    ],
    [
      'JSON in a here-document',
      'a.tf',
      'resource "aws_ecs_task_definition" "t" {\n  container_definitions = <<EOF\n[{"image": "a:1"}]\nEOF\n}\n',
      [
        '2 left container_definitions: is a here-document, in which nothing is looked for: write jsonencode([…])',
      ],
    ],
    [
      "an image in a chart's template",
      'templates/a.yaml',
      '{{ if x }}\nimage: {{ y }}\n  - image: "nginx:1.27" # x\n  image: a@sha256:x\n{{ end }}\n',
      ['3 left nginx:1.27: stands in a template, or in what is no YAML'],
    ],
  ])('%s', (_, file, text, expected) => {
    expect(describeAll(sort(file, text))).toEqual(expected);
    expect(pin(file, text)).toBe(text);
  });
});

describe('leaves whole files alone that cannot be read', () => {
  test.each<[string, string, string, string | undefined]>([
    [
      'a here-document without an end',
      'Dockerfile',
      'FROM a\nRUN <<EOF\nFROM b:1\n',
      'has a here-document in line 2 that never ends',
    ],
    [
      'a Dockerfile of megabytes',
      'Dockerfile',
      `FROM a:1\n${'#'.repeat(1024 * 1024)}`,
      'is larger than any Dockerfile',
    ],
    ['a broken workflow', WORKFLOW, 'jobs: [\n uses: a/b@v1\n', 'is no YAML'],
    ['a string without an end', 'a.tf', 'image = "a:1\n', 'has a string in line 1 that never ends'],
    [
      'braces that do not match',
      'a.tf',
      'resource "kubernetes_pod" "a" {\n  image = "a:1"\n',
      'has braces that do not match',
    ],
    [
      'a here-document of Terraform',
      'a.tf',
      'a = <<EOF\nimage = "a:1"\n',
      'has a here-document in line 1 that never ends',
    ],
    ['YAML of something else', 'notes.yaml', 'image: node:22\n', undefined],
    ['broken YAML of something else', 'notes.yaml', 'a: [\n', undefined],
    ['nothing', 'app.yaml', '', undefined],
    ['nested beyond reason', 'app.yaml', `image: ${'['.repeat(100_000)}`, undefined],
  ])('%s', (_, file, text, reason) => {
    expect(findReferences(file, text)).toBe(reason);
  });

  test.each(['README.md', 'Dockerfile.dockerignore', 'main.tfvars', 'a.json', 'mydockerfile', 'x/Makefile'])(
    '%s is of no kind that refers',
    (file) => expect(mayRefer(file)).toBe(false),
  );
});

describe('hostile files end, and change nothing else', () => {
  const many = 200_000;
  test.each<[string, string, string]>([
    [
      'aliases of aliases',
      'a.yaml',
      `apiVersion: v1\nkind: Pod\na: &a x:1\nimage:\n${'- *a\n'.repeat(many)}`,
    ],
    [
      'a bomb of nested lists',
      'values.yaml',
      `a: &a [x]\n${Array.from({ length: 40 }, (_, n) => `a${n}: &a${n} [${`*a${n === 0 ? '' : n - 1}, `.repeat(9)}]`).join('\n')}\nimage: x:1\n`,
    ],
    ['a Dockerfile of one line', 'Dockerfile', `FROM ${'--a '.repeat(many)}x:1`],
    ['a Dockerfile that goes on', 'Dockerfile', `FROM ${'--a \\\n'.repeat(many / 2)}x:1`],
    ['here-documents', 'a.tf', 'a = <<E\nE\n'.repeat(many / 2)],
    ['quotes', 'a.tf', `a = "${'${"'.repeat(many)}`],
    ['comments', WORKFLOW, `jobs:\n  a:\n    steps:\n${'      - uses: a/b@v1 # v\n'.repeat(5000)}`],
    ['a long name', 'a.yaml', POD(`${'a-'.repeat(many)}`)],
    ['a long ref', WORKFLOW, STEP(`a/b@${'v'.repeat(many)}`)],
  ])('%s', { timeout: 60_000 }, (_, file, text) => {
    const after = pin(file, text) ?? text;
    expect(
      after
        .replaceAll(`@${DIGEST}`, '')
        .replaceAll(`@${COMMIT} # v4.2.2 `, '@v1 # ')
        .replaceAll(':latest', ''),
    ).toBe(text);
  });

  test.each([
    ['a name that ends the line', POD('"a:1\\n  b: c"')],
    ['a name with a command', POD('"a:1\\"; rm -rf /"')],
    ['a byte order mark within', POD('\uFEFFa:1')],
    ['an option', POD('--help')],
  ])('%s is no image', (_, text) => {
    expect(sort('a.yaml', text).floating).toEqual([]);
  });
});

// What a reader of Dockerfiles other than BuildKit's could take for a part of something else.
describe('an image does not hide', () => {
  test.each<[string, string]>([
    ['behind << in quotes', 'FROM scratch\nRUN echo " <<EOF "\nFROM evil:1\nRUN \\\nEOF\n'],
    ['behind two backslashes', 'FROM scratch\nRUN echo \\\\\nFROM evil:1\n'],
    ['behind another escape', '# a1=b c\n# escape=`\nFROM scratch\nRUN dir c:\\\nFROM evil:1\n'],
    ['behind a byte order mark and blanks', '\uFEFF \t from\tevil:1 as scratch\n'],
    ['under the name of a later stage', 'FROM evil:1\nFROM scratch AS evil:1\n'],
    ['behind its own flags', 'FROM --platform=a --x=y evil:1\n'],
    ['in a mount', 'FROM scratch\nRUN --network=none --mount=type=bind,target=/x,from=evil:1,ro true\n'],
  ])('%s', (_, text) => {
    expect(sort('Dockerfile', text).floating.map(formatReference)).toContain('evil:1');
  });

  test.each<[string, string, string]>([
    ['behind an escape in its key', 'a.yaml', POD('a').replace('image: a', '"im\\u0061ge": evil:1')],
    ['behind an escape in its value', 'a.yaml', POD('"ev\\u0069l:1"')],
    ['in another document', 'a.yaml', `a: 1\n--- # x\n${POD('evil:1')}`],
    ['in a key of quotes', 'a.yaml', POD('a').replace('image: a', "? 'image'\n    : evil:1")],
    ['in a step of quotes', WORKFLOW, 'jobs: {a: {"st\\x65ps": [{uses: docker://evil:1}]}}'],
  ])('%s', (_, file, text) => {
    const { floating, left } = sort(file, text);
    expect([...floating.map(formatReference), ...left.map((one) => one.text)]).toEqual([
      expect.stringMatching(/^(?:docker:\/\/)?evil:1$/),
    ]);
  });
});

describe('what may float by name', () => {
  test.each<[string, readonly string[], number]>([
    ['nothing', [], 4],
    ['a name as written', ['node'], 3],
    ['a name in full', ['docker.io/library/node'], 3],
    ['a name with its tag', ['node:22'], 3],
    ['any of an owner', ['ghcr.io/octo/*'], 3],
    ['an action', ['actions/*'], 3],
    ['what is written', ['${A}'], 3],
    ['a part of a name', ['nod'], 4],
    ['characters that mean something elsewhere', ['n.de', '.*', 'node|x', '$'], 4],
    ['all', ['*'], 0],
  ])('%s', (_, except, count) => {
    const text = `jobs:\n  a:\n    container: node:22\n    services: { a: { image: ghcr.io/octo/a }, b: { image: "\${A}" } }\n    steps:\n      - uses: actions/checkout@v4\n`;
    expect(describeAll(sort(WORKFLOW, text, except))).toHaveLength(count);
  });
});

test('a file that would say something else is not given back', () => {
  const text = POD('a:1');
  const found = findReferences('a.yaml', text);
  if (typeof found !== 'object') throw new Error('found nothing');
  const [image] = found.images;
  if (image === undefined) throw new Error('found nothing');
  const wrong = { ...image, pin: () => [{ start: text.length, end: text.length, text: '  - image: b:2\n' }] };
  const pins = new Map([[wrong, { id: digest, version: '1' }]]);
  expect(pinReferences('a.yaml', text, { ...found, images: [wrong] }, pins)).toBeUndefined();
});

describe('what counts in the end floats, wherever it stands', () => {
  test.each<[string, string, string, string[]]>([
    [
      'a key that stands there twice',
      'pod.yaml',
      `apiVersion: v1\nkind: Pod\nspec: { containers: [{ image: a@${DIGEST}, image: b:2 }] }\n`,
      ['3 b:2'],
    ],
    [
      'a step that uses two',
      WORKFLOW,
      `jobs:\n  a:\n    steps:\n      - uses: a/b@${COMMIT}\n        uses: c/d@v2\n`,
      ['5 c/d@v2'],
    ],
    [
      'what ONBUILD copies and mounts',
      'Dockerfile',
      'FROM scratch\nONBUILD COPY --from=busybox:1 /a /b\nONBUILD RUN --mount=type=bind,from=alpine:3 true\n',
      ['2 busybox:1', '3 alpine:3'],
    ],
  ])('%s', (_, file, text, expected) => {
    expect(describeAll(sort(file, text))).toEqual(expected);
    expect(describeAll(sort(file, pin(file, text) ?? ''))).toEqual([]);
  });
});
