// What the demo shows: parts with a title, one line a step with the time it took, and a table at the end.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { ActionRun } from '../action.ts';

/** One step of the pipeline. */
export interface Step {
  /** Such as `gate staging`. */
  readonly name: string;
  /** What has to come out; undefined where the policy's yes and its no are both right. */
  readonly expected: 'passed' | 'refused' | undefined;
  /** What one of the reasons of a refusal has to say: the right answer for a wrong reason is wrong. */
  readonly because?: RegExp;
  readonly run: () => Promise<ActionRun>;
  /** The line for people. */
  readonly tell: (run: ActionRun) => string;
}

const colored = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
const paint = (code: number) => (text: string) => (colored ? `\u001b[${code}m${text}\u001b[0m` : text);
export const bold = paint(1);
const dim = paint(2);
const red = paint(31);
const green = paint(32);
const cyan = paint(36);

export const print = (line = ''): void => void process.stdout.write(`${line}\n`);

/** A fact that is no step: `name` and what is to be said of it. */
export function printFact(name: string, text: string): void {
  print(`  ${dim(name.padEnd(12))} ${text}`);
}

/** Finds something out, or gets something ready, and says what came of it and how long it took. */
export async function prepare<T>(
  name: string,
  work: () => T | Promise<T>,
  tell: (value: T) => string,
): Promise<T> {
  const { value, took } = await wait(name, work);
  print(`  ${dim(name.padEnd(12))} ${tell(value)}  ${dim(took)}`);
  return value;
}

/** Why a step said no, as it told the runner. */
export function reasonsOf(run: ActionRun): string[] {
  const error = /^::error[^\n]*?::(.*)$/m.exec(run.log)?.[1] ?? '';
  const text = error.replaceAll('%0A', '\n').replaceAll('%0D', '').replaceAll('%25', '%');
  return text.split('\n').filter((line) => line.trim() !== '');
}

/** How many reasons stand on the screen; the page has all. */
const SHOWN = 3;

/** A reason on one line of a terminal; where nobody looks at one, as in a log, the whole of it. */
function fitReason(reason: string): string {
  const room = (process.stdout.columns ?? Number.POSITIVE_INFINITY) - '      because '.length;
  return reason.length <= room ? reason : `${reason.slice(0, Math.max(room, 40) - 1)}…`;
}

/** A log as a runner shows it: without the masks, and without what only debug logging prints. */
function showLog(log: string): string {
  return log
    .split('\n')
    .filter((line) => !/^::(?:add-mask|debug)::/.test(line))
    .join('\n');
}

export type Story = ReturnType<typeof openStory>;

/** Tells the demo. `folder` takes a page for every step: its job summary and its log. */
export function openStory(folder: string) {
  const rows: string[][] = [];
  let part = '';
  let right = true;
  mkdirSync(folder, { recursive: true });

  return {
    part(name: string, text: string): void {
      part = name;
      print(`\n${bold(cyan(name))}  ${text}`);
    },

    /** Runs one step and holds what came out against what had to. */
    async step({ name, expected, because, run, tell }: Step): Promise<ActionRun> {
      const { value, took } = await wait(name, run);
      const came = value.outputs['outcome'] ?? `exit code ${value.code}`;
      const wanted = expected === undefined ? ['passed', 'refused'] : [expected];
      const reasons = came === 'passed' ? [] : reasonsOf(value);
      const forReason = because === undefined || reasons.some((reason) => because.test(reason));
      const asExpected = wanted.includes(came) && forReason;
      right &&= asExpected;

      const page = join(
        folder,
        `${String(rows.length + 1).padStart(2, '0')}-${name.replaceAll(' ', '-')}.md`,
      );
      writeFileSync(page, `${value.summary}\n\n## Log\n\n\`\`\`text\n${showLog(value.log)}\n\`\`\`\n`);
      const fault = forReason
        ? `${came}, but it had to be ${wanted.join(' or ')}`
        : `${came}, but not because of ${because}`;
      print(
        `  ${asExpected ? green('✓') : red('✗')} ${name.padEnd(18)} ${asExpected ? tell(value) : red(fault)}  ${dim(took)}`,
      );
      for (const reason of reasons.slice(0, SHOWN)) print(`      ${dim('because')} ${fitReason(reason)}`);
      if (reasons.length > SHOWN) {
        print(dim(`      and ${reasons.length - SHOWN} more reasons, in ${relative('.', page)}`));
      }
      rows.push([part, name, wanted.join(' or '), came, asExpected ? '✓' : '✗', relative('.', page)]);
      return value;
    },

    /** A fact that has to hold, looked up in the registry itself. */
    async check(name: string, text: string, holds: () => Promise<boolean>): Promise<void> {
      const { value, took } = await wait(name, holds);
      right &&= value;
      print(`  ${value ? green('✓') : red('✗')} ${name.padEnd(18)} ${text}  ${dim(took)}`);
      rows.push([part, name, 'true', String(value), value ? '✓' : '✗', '']);
    },

    /** Prints the table; false when anything came out otherwise than told. */
    end(): boolean {
      const head = ['part', 'step', 'expected', 'came out', '', 'where to look'];
      const widths = head.map((_, at) => Math.max(...[head, ...rows].map((row) => row[at]?.length ?? 0)));
      const format = (row: string[]) =>
        `  ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ')}`.trimEnd();
      print(`\n${bold('What happened')}`);
      print(dim(format(head)));
      for (const row of rows) print(row[4] === '✓' ? format(row) : red(format(row)));
      return right;
    },
  };
}

/** Only a terminal shows what is being waited for. */
async function wait<T>(name: string, work: () => T | Promise<T>): Promise<{ value: T; took: string }> {
  const since = performance.now();
  if (colored) process.stdout.write(dim(`  … ${name}`));
  try {
    return { value: await work(), took: `${((performance.now() - since) / 1000).toFixed(1)} s` };
  } finally {
    if (colored) process.stdout.write('\r\u001b[2K');
  }
}
