// npm test · npm run test:interop [file …]
// Runs the tests, says what was skipped and why, and ends with one line `N passed, N failed`.
import { startVitest, type TestCase, type TestModule, type Vitest } from 'vitest/node';

/** What interop runs against; each is pinned by its Go module in test/tools/. */
const PEERS = ['trivy', 'cosign', 'crane', 'buildkitd', 'buildx', 'act', 'actionlint'] as const;

interface Counts {
  passed: number;
  failed: number;
  readonly skipped: string[];
}

/** Builds the real peers that interop runs against; without Go the tests that need one are skipped (in CI: an error). */
async function buildPeers(): Promise<void> {
  const { ensureTool } = await import('./tools.ts');
  for (const name of PEERS) {
    try {
      await ensureTool(name);
    } catch (error) {
      if (process.env.CI) throw error;
      console.error(`${name} is not here: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

/** Counts tests, and files and errors that failed without a test of theirs failing: neither may vanish from the sum. */
function count(vitest: Vitest): Counts {
  const counts: Counts = { passed: 0, failed: 0, skipped: [] };
  for (const file of vitest.state.getTestModules()) {
    const before = counts.failed;
    for (const test of file.children.allTests()) {
      const result = test.result();
      if (result.state === 'passed') counts.passed += 1;
      else if (result.state === 'failed') counts.failed += 1;
      else
        counts.skipped.push(
          describeSkipped(file, test, result.state === 'skipped' ? result.note : 'was not run'),
        );
    }
    if (file.state() === 'failed' && counts.failed === before) counts.failed += 1;
  }
  counts.failed += vitest.state.getUnhandledErrors().length;
  return counts;
}

function describeSkipped(file: TestModule, test: TestCase, note: string | undefined): string {
  return `${file.relativeModuleId}: ${test.fullName}${note ? ` (${note})` : ''}`;
}

async function main(args: readonly string[]): Promise<void> {
  const interop = args[0] === 'interop';
  const filters = interop ? args.slice(1) : args;
  if (interop) await buildPeers();
  const vitest = await startVitest('test', [...filters], {
    watch: false,
    project: interop ? 'interop' : 'unit',
  });
  const { passed, failed, skipped } = count(vitest);
  await vitest.close();

  if (skipped.length > 0) console.log(`\n${skipped.length} skipped:\n  ${skipped.join('\n  ')}`);
  // In CI every peer is there: an interop test that does not run proves nothing, so it fails. Only data that is no part of this
  // repository may be missing, and its tests say so.
  const missed =
    interop && process.env.CI ? skipped.filter((one) => !one.includes('(did not take place')).length : 0;
  if (missed > 0) console.log('\nIn CI nothing of interop may be skipped: each counts as failed.');
  console.log(`\n${passed} passed, ${failed + missed} failed`);
  // No test at all is no proof either.
  process.exitCode = failed + missed > 0 || passed === 0 ? 1 : 0;
}

await main(process.argv.slice(2));
