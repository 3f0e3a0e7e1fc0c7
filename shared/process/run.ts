import { spawn } from 'node:child_process';
import { Unavailable } from '../outcome/outcome.ts';

export interface ProcessOptions {
  /** The whole environment of the child; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Bytes for standard input; closed at once when absent. */
  readonly input?: string | Buffer;
  /** Ends the child, and its children, when it fires. */
  readonly deadline: AbortSignal;
  /** Called with each line of standard error as it comes: progress. */
  readonly onLine?: (line: string) => void;
  /** The most standard output kept, in bytes (default 64 MiB); more is `Unavailable`. */
  readonly maxOutput?: number;
}

export interface ProcessResult {
  /** Exit code, or null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: Buffer;
  /** The last 64 KiB of standard error. */
  readonly stderr: string;
}

/**
 * Runs a program without a shell to its end. A program that cannot be started, runs past the deadline or prints too much
 * is `Unavailable`; a non-zero exit code is for the caller to read.
 */
export function runProcess(
  command: string,
  args: readonly string[],
  options: ProcessOptions,
): Promise<ProcessResult> {
  const { env, cwd, input, deadline, onLine, maxOutput = 64 * 1024 * 1024 } = options;
  return new Promise((resolve, reject) => {
    if (deadline.aborted) {
      reject(new Unavailable(`${command} was not started: no time is left`, { cause: deadline.reason }));
      return;
    }
    // A group of its own, so that what it starts ends with it.
    const child = spawn(command, args, { env, cwd, detached: process.platform !== 'win32', stdio: 'pipe' });
    const chunks: Buffer[] = [];
    let size = 0;
    let tail = '';
    let partial = '';
    let failure: Unavailable | undefined;

    const stop = (reason: Unavailable): void => {
      failure ??= reason;
      if (child.pid === undefined) return;
      try {
        process.kill(process.platform === 'win32' ? child.pid : -child.pid, 'SIGKILL');
      } catch {
        // It has ended already.
      }
    };
    const onAbort = (): void =>
      stop(new Unavailable(`${command} did not end in time`, { cause: deadline.reason }));
    deadline.addEventListener('abort', onAbort, { once: true });

    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxOutput) stop(new Unavailable(`${command} printed more than ${maxOutput} bytes`));
      else chunks.push(chunk);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      tail = (tail + text).slice(-65_536);
      if (!onLine) return;
      const rows = (partial + text).split(/\r?\n/);
      partial = rows.pop() ?? '';
      for (const row of rows) onLine(row);
    });
    // A child that does not read its input closes the pipe; its exit code tells.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.on('error', (cause) => {
      failure ??= new Unavailable(`${command} could not be started`, { cause });
    });
    child.on('close', (code, signal) => {
      deadline.removeEventListener('abort', onAbort);
      if (onLine && partial !== '') onLine(partial);
      if (failure) reject(failure);
      else resolve({ code, signal, stdout: Buffer.concat(chunks), stderr: tail });
    });
  });
}
