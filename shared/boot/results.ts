import type { TestResult } from '../evidence/junit.ts';
import { cleanText } from '../report/markdown.ts';

/** The rules of a boot, in the order in which they are judged and shown. */
export const RULES = [
  'user',
  'start',
  'start-up',
  'run',
  'health',
  'memory',
  'logs',
  'stop',
  'second-start',
  'read-only',
  'writes',
] as const;
export type Rule = (typeof RULES)[number];

/** One thing that was tried. Without `why` it passed; `skipped` says why it was not tried. */
export interface TestCase {
  readonly rule: Rule | 'junit';
  /** Which one of the rule: the line of `run`, the report of `junit`. */
  readonly name?: string;
  readonly why?: string | undefined;
  readonly skipped?: string;
}

/** The cases of a report by another tool: each of its tests by name, and the report itself where a suite failed without a test. */
export function takeResults(file: string, { result, passedTests, failedTests }: TestResult): TestCase[] {
  const cases: TestCase[] = passedTests.map((test) => ({ rule: 'junit', name: `${file}: ${test}` }));
  for (const test of failedTests) cases.push({ rule: 'junit', name: `${file}: ${test}`, why: 'failed' });
  if (result === 'FAILED' && failedTests.length === 0) {
    cases.push({ rule: 'junit', name: file, why: 'counts failures that no test of it shows' });
  }
  return cases;
}

/** What a case is called wherever it is shown, on one line. */
export function nameCase({ rule, name }: TestCase): string {
  return name === undefined ? rule : `${rule}: ${cleanText(name, 300)}`;
}

/** The cases as a JUnit report, which `attest` takes as `test-results`. */
export function formatJunit(cases: readonly TestCase[], image: string): string {
  const failures = cases.filter(({ why }) => why !== undefined).length;
  const skipped = cases.filter((one) => one.skipped !== undefined).length;
  const rows = cases.map((one) => {
    const open = `    <testcase classname="hallmark.test" name="${escapeXml(nameCase(one))}"`;
    if (one.why !== undefined)
      return `${open}><failure message="${escapeXml(cleanText(one.why, 1000))}"/></testcase>`;
    return one.skipped === undefined
      ? `${open}/>`
      : `${open}><skipped message="${escapeXml(one.skipped)}"/></testcase>`;
  });
  const counts = `tests="${cases.length}" failures="${failures}" skipped="${skipped}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${counts}>`,
    `  <testsuite name="${escapeXml(image)}" ${counts}>`,
    ...rows,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

/** Text in an attribute; what XML 1.0 cannot hold is gone by `cleanText`. */
function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
