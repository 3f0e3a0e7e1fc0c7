import { createHash } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { RunContext } from '../../shared/github/context.ts';
import { type PredicateFile, readPredicateFiles } from '../../shared/verbs/predicates.ts';

async function read(content: string | Buffer, input: 'sbom' | 'test-results' | 'predicate-path') {
  const folder = mkdtempSync(join(tmpdir(), 'hallmark-test-'));
  writeFileSync(join(folder, 'file'), content);
  const none = { sbom: [], 'scan-report': [], 'test-results': [] };
  const custom = { 'predicate-type': 'https://example.com/x/v1', 'predicate-path': 'file' };
  const inputs = { ...none, ...(input === 'predicate-path' ? custom : { [input]: ['file'] }) };
  const [file] = await readPredicateFiles(inputs, { workspace: folder, temp: folder } as RunContext);
  return file as PredicateFile;
}

const junit = (name: string): string => `<testsuite><testcase name="${name}"/></testsuite>`;

test('a JUnit report is named by the digest of its own bytes', async () => {
  const content = `\uFEFF<?xml version="1.0"?>\r\n${junit('grün')}`;
  const sha256 = createHash('sha256').update(content).digest('hex');
  const { predicate } = await read(content, 'test-results');
  expect(predicate).toMatchObject({ passedTests: ['grün'], configuration: [{ digest: { sha256 } }] });
});

test.each<[string, Parameters<typeof read>, RegExp]>([
  [
    'a JUnit report that is not UTF-8, of which names and digest would be wrong',
    [Buffer.from(`<?xml version="1.0" encoding="ISO-8859-1"?>${junit('grün')}`, 'latin1'), 'test-results'],
    /^test-results: "file" is not UTF-8$/,
  ],
  [
    'a document deeper than is ever verified',
    [`${'['.repeat(300)}${']'.repeat(300)}`, 'predicate-path'],
    /nested deeper than 256 levels/,
  ],
  [
    'a document deeper than can be written again',
    [`${'['.repeat(5_000_000)}${']'.repeat(5_000_000)}`, 'predicate-path'],
    /nested deeper than 256 levels/,
  ],
  [
    'an SBOM that says two things',
    ['{"bomFormat":"CycloneDX","specVersion":"1.6","components":[],"components":[]}', 'sbom'],
    /^sbom: "file" is no JSON that everybody reads alike: the key "components" stands twice/,
  ],
  ['a document that is not UTF-8', [Buffer.from('{"a":"\xe9"}', 'latin1'), 'predicate-path'], /not UTF-8/],
  [
    'what is no JSON, without quoting it',
    ['token=secret', 'predicate-path'],
    /^predicate-path: "file" is no JSON$/,
  ],
])('%s is invalid', async (_, call, message) => {
  await expect(read(...call)).rejects.toMatchObject({
    outcome: 'invalid',
    message: expect.stringMatching(message),
  });
});
