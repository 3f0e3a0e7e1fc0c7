import { spawn } from 'node:child_process';

/** One line of the table: what was measured, the peer's value and ours, and what was asked of the ratio. */
export interface Figure {
  readonly what: string;
  readonly peer: string;
  readonly ours: string;
  readonly ratio: string;
  readonly goal: string;
  readonly met: boolean;
}

/** The figures as a Markdown table. */
export function formatFigures(figures: readonly Figure[]): string {
  const rows = [
    ['what', 'peer', 'ours', 'ratio', 'goal', ''],
    ...figures.map((f) => [f.what, f.peer, f.ours, f.ratio, f.goal, f.met ? 'met' : 'MISSED']),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = rows.map((row) => `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`);
  lines.splice(1, 0, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`);
  return lines.join('\n');
}

/** The middle value; of an even number of values the lower middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
}

/**
 * Runs the contenders in turn, `rounds` times, in the opposite order every other round; gives each one's median in milliseconds.
 * A contender gets the number of its round and returns its own time, or undefined to have the whole call measured.
 */
export async function takeTurns<Name extends string>(
  rounds: number,
  contenders: Record<Name, (round: number) => Promise<void>>,
): Promise<Record<Name, number>> {
  const names = Object.keys(contenders) as Name[];
  const times = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 0; round < rounds; round += 1) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const start = performance.now();
      await contenders[name](round);
      times[name].push(performance.now() - start);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(times[name])])) as Record<Name, number>;
}

/** Runs a program to its end, whatever it prints; throws with its output when the exit code is not `code`. */
export async function runProgram(
  command: string,
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; cwd?: string; code?: number } = {},
): Promise<string> {
  const child = spawn(command, args, {
    env: options.env ?? process.env,
    cwd: options.cwd ?? process.cwd(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (code !== (options.code ?? 0))
    throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${output}`);
  return output;
}

/** `123 ms`, or `1.23 s` from ten seconds up. */
export function formatTime(milliseconds: number): string {
  return milliseconds < 10_000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}
