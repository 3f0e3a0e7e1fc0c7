import { expect, test } from 'vitest';
import { readJunit } from '../../shared/evidence/junit.ts';
import { PREDICATE_TYPES } from '../../shared/evidence/predicate.ts';
import { explainFaults } from '../../shared/evidence/schema.ts';

const report = { name: 'junit.xml', sha256: 'a'.repeat(64) };
const suite = (inside: string, attributes = ''): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites><testsuite name="s" ${attributes}>${inside}</testsuite></testsuites>`;
const PASSED = '<testcase classname="app.Start" name="is up"/>';

test.each<[string, string, 'PASSED' | 'FAILED', string[], string[]]>([
  ['passed tests', suite(`${PASSED}<testcase name="b"></testcase>`), 'PASSED', ['app.Start.is up', 'b'], []],
  ['a suite as the root', `<testsuite>${PASSED}</testsuite>`, 'PASSED', ['app.Start.is up'], []],
  ['a byte order mark', `\uFEFF${suite(PASSED)}`, 'PASSED', ['app.Start.is up'], []],
  [
    'a failure and an error',
    suite(
      `${PASSED}<testcase name="b"><failure>no</failure></testcase><testcase name="c"><error/></testcase>`,
    ),
    'FAILED',
    ['app.Start.is up'],
    ['b', 'c'],
  ],
  [
    'a skipped test',
    suite(`${PASSED}<testcase name="b"><skipped/></testcase>`),
    'PASSED',
    ['app.Start.is up'],
    [],
  ],
  ['a suite that failed outside of its cases', suite(`${PASSED}<error/>`), 'FAILED', ['app.Start.is up'], []],
  ['a count that no case explains', suite(PASSED, 'errors="1"'), 'FAILED', ['app.Start.is up'], []],
  [
    'a failure in a namespace',
    `<j:testsuite xmlns:j="urn:j">${PASSED}<j:testcase name="b"><j:failure/></j:testcase></j:testsuite>`,
    'FAILED',
    ['app.Start.is up'],
    ['b'],
  ],
  ['a count that is none', suite(PASSED, 'failures="none"'), 'FAILED', ['app.Start.is up'], []],
  [
    'suites in suites',
    suite(`<testsuite failures="0">${PASSED}</testsuite>`),
    'PASSED',
    ['app.Start.is up'],
    [],
  ],
  [
    'output that looks like a result',
    suite(`<testcase name="a"><system-out><![CDATA[<failure/>]]>&lt;failure/></system-out></testcase>`),
    'PASSED',
    ['a'],
    [],
  ],
  ['names with entities', suite('<testcase name="a &amp; &quot;b&#x22;"/>'), 'PASSED', ['a & "b"'], []],
])('%s', (_, text, result, passedTests, failedTests) => {
  const read = readJunit(text, report);
  expect(read).toEqual({
    result,
    configuration: [{ name: 'junit.xml', digest: { sha256: report.sha256 }, mediaType: 'application/xml' }],
    passedTests,
    failedTests,
  });
  expect(explainFaults(PREDICATE_TYPES.test[0], read)).toEqual([]);
});

test.each<[string, string, RegExp]>([
  ['no test', suite(''), /^no test ran by it$/],
  ['nothing but skipped tests', suite('<testcase name="a"><skipped/></testcase>'), /^no test ran by it$/],
  ['another document', '<html><testcase name="a"/></html>', /^its root is <html>/],
  [
    'a document type',
    `<!DOCTYPE testsuite [<!ENTITY a "aaaa">]><testsuite>${PASSED}</testsuite>`,
    /^it declares a document type/,
  ],
  [
    'an entity from outside',
    '<!DOCTYPE x SYSTEM "file:///etc/passwd"><testsuite/>',
    /^it declares a document type/,
  ],
  ['an entity that nobody declared', suite('<testcase name="&lol;"/>'), /^it is no XML: .*undefined entity/],
  ['a report that was cut off', suite(PASSED).slice(0, -20), /^it is no XML/],
  [
    'attributes that stand twice',
    suite('<testcase name="a" name="b"/>'),
    /^it is no XML: .*duplicate attribute/,
  ],
  ['two roots', `<testsuite>${PASSED}</testsuite><testsuite/>`, /^it is no XML|^its root/],
  [
    'a case in a case',
    suite(`<testcase name="a">${PASSED}</testcase>`),
    /^it has a <testcase> in a <testcase>/,
  ],
  ['nesting without end', `<testsuite>${'<testsuite>'.repeat(100)}`, /^it is nested deeper than 64 levels/],
  ['nothing', '', /^it is no XML/],
])('%s is no report', (_, text, message) => {
  expect(() => readJunit(text, report)).toThrow(message);
});
