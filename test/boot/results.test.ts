import { expect, test } from 'vitest';
import { formatJunit, type TestCase, takeResults } from '../../shared/boot/results.ts';
import { readJunit } from '../../shared/evidence/junit.ts';

const report = { name: 'junit.xml', sha256: '0'.repeat(64) };

test('a report says what passed and failed to who reads JUnit, whatever stands in it', () => {
  const cases: TestCase[] = [
    { rule: 'user' },
    { rule: 'run', name: 'GET http://:1/ -> 200 "<&>"', why: 'gave\u0000 "\u001b[31m]]>" \u202e' },
    { rule: 'stop', skipped: 'it did not stay up' },
  ];
  expect(readJunit(formatJunit(cases, 'a<b>"&'), report)).toMatchObject({
    result: 'FAILED',
    passedTests: ['hallmark.test.user'],
    failedTests: ['hallmark.test.run: GET http://:1/ -> 200 "<&>"'],
  });
});

test.each([
  ['<testcase name="a"/>', ['unit.xml: a'], []],
  ['<testcase name="a"/><testcase name="b"><error/></testcase>', ['unit.xml: a'], ['unit.xml: b']],
  ['<testcase name="a"/><failure/>', ['unit.xml: a'], ['unit.xml']],
])('of another report %s', (inner, passed, failed) => {
  const cases = takeResults('unit.xml', readJunit(`<testsuite>${inner}</testsuite>`, report));
  const names = (wanted: boolean) =>
    cases.filter(({ why }) => (why === undefined) === wanted).map(({ name }) => name);
  expect([names(true), names(false)]).toEqual([passed, failed]);
});
