import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Check, parseChecks } from '../boot/check.ts';
import { type BootConfig, bootConfigSchema, explainCommand, explainUser } from '../boot/config.ts';
import { formatJunit, nameCase, type TestCase, takeResults } from '../boot/results.ts';
import { type Engine, type EngineName, openEngine } from '../engines/engine.ts';
import { loadImage } from '../engines/load.ts';
import { readJunit } from '../evidence/junit.ts';
import type { RunContext } from '../github/context.ts';
import { findPlatform } from '../image/platform.ts';
import { formatImage, parseDigestReference } from '../image/reference.ts';
import { Invalid, Refused, Unavailable } from '../outcome/outcome.ts';
import type { StepResult } from '../outcome/result.ts';
import { escapeMarkdown, formatCode, formatTable } from '../report/markdown.ts';
import { readJson } from '../store/json.ts';
import { openStore, storeOptions } from '../store/open.ts';
import { listSubjects, readConfig } from '../store/subjects.ts';
import { readInputFile } from '../workspace/file.ts';
import { type BootInputs, type BootResult, bootImage } from './boot.ts';

/** The inputs of actions/test/action.yml. */
export interface TestInputs extends BootInputs {
  readonly image: string;
  readonly run: readonly string[];
  readonly engine?: EngineName | undefined;
  /** JUnit reports of other tests. */
  readonly junit: readonly string[];
  readonly 'github-token'?: string | undefined;
}

/** The most bytes of one JUnit report. */
const REPORT = 16 * 1024 * 1024;

/**
 * Boots an image as it will run and asks it what it must answer: the platform that the engine runs, from a registry or a layout. What it gave,
 * and the results of other tests, become one JUnit report. A rule that does not hold is `refused`, with every rule that does not.
 */
export async function test(inputs: TestInputs, context: RunContext): Promise<StepResult> {
  const reference = parseDigestReference(inputs.image);
  const checks = parseChecks(inputs.run);
  await mkdir(context.temp, { recursive: true });
  const others = await readReports(inputs.junit, context);
  const store = openStore(reference, storeOptions(context, inputs['github-token']));
  const [{ platforms }, engine] = await Promise.all([
    listSubjects(store, reference.digest),
    openEngine(inputs.engine, context),
  ]);
  const [os = '', architecture = ''] = engine.platform.split('/');
  const platform = findPlatform(platforms, { os, architecture });
  if (platform === undefined) {
    throw new Invalid('image', `has nothing for ${engine.platform}, which is what this ${engine.name} runs`);
  }
  const config = readJson(bootConfigSchema, await readConfig(store, platform));
  if (config === undefined) throw new Refused(`${inputs.image} has a config that is none of an image`);
  requireReachable(engine, checks);

  const name = formatImage(reference, reference.digest);
  context.log.info(`Booting ${name} for ${engine.platform} with ${engine.name}`);
  const boot = await bootSafely(config, async () => {
    const loaded = await loadImage(engine, store, platform, context);
    try {
      return await bootImage(engine, loaded, config, checks, inputs, context);
    } finally {
      await loaded.remove();
    }
  });
  const cases = [...boot.cases, ...others];
  const results = join(await mkdtemp(join(context.temp, 'hallmark-results-')), 'junit.xml');
  await writeFile(results, formatJunit(cases, name));
  const reasons = cases.flatMap((one) => (one.why === undefined ? [] : [`${nameCase(one)}: ${one.why}`]));
  return {
    ...(reasons.length > 0 && { outcome: 'refused' as const, reasons }),
    outputs: {
      image: name,
      repository: store.place,
      digest: reference.digest,
      results,
      'start-up': boot.seconds?.toFixed(2),
    },
    summary: describeTest(name, engine, boot.seconds, cases),
  };
}

/** An image that may run as root, or that has nothing to run, is not booted at all. */
async function bootSafely(config: BootConfig, boot: () => Promise<BootResult>): Promise<BootResult> {
  const why = explainUser(config);
  if (why !== undefined) {
    const skipped = 'an image that may run as root is not booted';
    return {
      cases: [
        { rule: 'user', why },
        { rule: 'start', skipped },
      ],
      seconds: undefined,
    };
  }
  const empty = explainCommand(config);
  if (empty !== undefined)
    return { cases: [{ rule: 'user' }, { rule: 'start', why: empty }], seconds: undefined };
  const { cases, seconds } = await boot();
  return { cases: [{ rule: 'user' }, ...cases], seconds };
}

function requireReachable({ unreachable }: Engine, checks: readonly Check[]): void {
  if (unreachable === undefined || !checks.some(({ kind }) => kind === 'http')) return;
  throw new Unavailable(
    `no HTTP check can be made: ${unreachable}, so that a container's address is not reached from here`,
    {
      hint: 'Use an engine of this machine that runs as root, as hosted runners have, or ask by exec.',
    },
  );
}

async function readReports(paths: readonly string[], context: RunContext): Promise<TestCase[]> {
  const cases: TestCase[] = [];
  for (const path of paths) {
    const bytes = await readInputFile(path, 'junit', context, REPORT);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    try {
      cases.push(...takeResults(path, readJunit(bytes.toString('utf8'), { name: path, sha256 })));
    } catch (cause) {
      throw new Invalid('junit', `"${path}" is no JUnit report: ${(cause as Error).message}`, { cause });
    }
  }
  return cases;
}

function describeTest(
  image: string,
  engine: Engine,
  seconds: number | undefined,
  cases: readonly TestCase[],
): string {
  const rows = cases.map((one) => {
    const answer = one.why ?? (one.skipped === undefined ? 'passed' : `not tried: ${one.skipped}`);
    const sign = one.why === undefined ? (one.skipped === undefined ? '✅' : '➖') : '❌';
    return [sign, escapeMarkdown(nameCase(one), 300), escapeMarkdown(answer, 500)];
  });
  const about = `${formatCode(image)} for ${engine.platform}, booted by ${engine.name}`;
  const up = seconds === undefined ? '' : `, up after ${seconds.toFixed(2)} s`;
  return `### Hallmark test\n\n${about}${up}.\n\n${formatTable(['', 'Rule', ''], rows)}\n`;
}
