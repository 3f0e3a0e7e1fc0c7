import { SaxesParser, type SaxesTagPlain } from 'saxes';

/** in-toto's test-result predicate (spec/predicates/test-result.md), as it is made of a JUnit report. */
export interface TestResult {
  readonly result: 'PASSED' | 'FAILED';
  readonly configuration: readonly { name: string; digest: { sha256: string }; mediaType: string }[];
  readonly passedTests: readonly string[];
  readonly failedTests: readonly string[];
}

/** The deepest nesting that is read: a suite in a suite is rare already. */
const DEPTH = 64;

/** A `testcase` while it is read. */
interface Case {
  readonly name: string;
  failed: boolean;
  skipped: boolean;
}

/**
 * Reads a JUnit report: passed and failed tests as `classname.name`; skipped ones are neither. Failed is also a suite that counts failures or
 * errors, whichever case they fell on. No document type is read, so no entity but XML's own five exists. `report` names the file, with the
 * sha256 (hex) of its bytes. Throws an `Error` for what is no report, and for one in which no test ran.
 */
export function readJunit(text: string, report: { name: string; sha256: string }): TestResult {
  const parser = new SaxesParser();
  const open: string[] = [];
  const passedTests: string[] = [];
  const failedTests: string[] = [];
  let current: Case | undefined;
  let suiteFailed = false;

  parser.on('error', (error) => {
    throw new Error(`it is no XML: ${error.message}`);
  });
  parser.on('doctype', () => {
    throw new Error('it declares a document type, and a report needs none');
  });
  parser.on('opentag', ({ name: whole, attributes }: SaxesTagPlain) => {
    const name = localName(whole);
    if (open.length === 0 && name !== 'testsuites' && name !== 'testsuite')
      throw new Error(`its root is <${name}>, not <testsuites> or <testsuite>`);
    if (open.length >= DEPTH) throw new Error(`it is nested deeper than ${DEPTH} levels`);
    const inside = open.at(-1);
    open.push(name);
    if (name === 'testsuites' || name === 'testsuite') {
      suiteFailed ||= [attributes.failures, attributes.errors].some((count) => Number(count ?? 0) !== 0);
    } else if (name === 'testcase') {
      if (current) throw new Error('it has a <testcase> in a <testcase>');
      const { classname, name: own = '' } = attributes;
      current = { name: classname ? `${classname}.${own}` : own, failed: false, skipped: false };
    } else if (name === 'failure' || name === 'error') {
      if (current && inside === 'testcase') current.failed = true;
      // A suite can fail before its first case.
      else suiteFailed = true;
    } else if (name === 'skipped' && current && inside === 'testcase') current.skipped = true;
  });
  parser.on('closetag', () => {
    if (open.pop() !== 'testcase' || !current) return;
    if (current.failed) failedTests.push(current.name);
    else if (!current.skipped) passedTests.push(current.name);
    current = undefined;
  });
  parser.write(text).close();

  const failed = suiteFailed || failedTests.length > 0;
  if (!failed && passedTests.length === 0) throw new Error('no test ran by it');
  return {
    result: failed ? 'FAILED' : 'PASSED',
    configuration: [{ name: report.name, digest: { sha256: report.sha256 }, mediaType: 'application/xml' }],
    passedTests,
    failedTests,
  };
}

/** Without its namespace's prefix: a failure is one under any. */
function localName(name: string): string {
  return name.slice(name.lastIndexOf(':') + 1);
}
