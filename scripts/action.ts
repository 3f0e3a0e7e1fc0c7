// npm run action -- <name> --<input> <value> …
// Runs dist/<name>/index.js as a runner does and prints its outputs as one JSON object.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const TOKEN = '${{ github.token }}';

export interface ActionRun {
  readonly code: number;
  readonly outputs: Record<string, string>;
  readonly summary: string;
  /** Standard output and error, as a runner would show them. */
  readonly log: string;
}

/** Runs one committed bundle the way a runner does: inputs and their defaults from action.yml as INPUT_*, outputs and summary by file. */
export async function runAction(
  name: string,
  inputs: Record<string, string>,
  /** `env` is the action's whole environment; this process's when absent. `kill` ends it at once, as a runner that is lost does; `cancel` asks it to end. */
  options: {
    env?: Record<string, string | undefined>;
    cwd?: string;
    echo?: boolean;
    kill?: AbortSignal | undefined;
    cancel?: AbortSignal | undefined;
  } = {},
): Promise<ActionRun> {
  const folder = join(root, 'actions', name);
  const manifest = parse(readFileSync(join(folder, 'action.yml'), 'utf8')) as {
    inputs?: Record<string, { default?: string; required?: boolean }>;
    runs: { main: string };
  };
  const known = manifest.inputs ?? {};
  for (const input of Object.keys(inputs)) {
    if (!(input in known))
      throw new Error(`${name} has no input "${input}"; it has ${Object.keys(known).join(', ')}`);
  }
  const temp = mkdtempSync(join(tmpdir(), `hallmark-${name}-`));
  try {
    const outputFile = join(temp, 'output');
    const summaryFile = join(temp, 'summary');
    writeFileSync(outputFile, '');
    writeFileSync(summaryFile, '');
    const env: NodeJS.ProcessEnv = { RUNNER_TEMP: temp, ...(options.env ?? process.env) };
    for (const [input, { default: fallback = '' }] of Object.entries(known)) {
      // What a runner puts there stands in GITHUB_TOKEN where there is none: so nobody writes a token on a command line.
      const usual = fallback === TOKEN ? (env.GITHUB_TOKEN ?? '') : String(fallback);
      env[`INPUT_${input.replaceAll(' ', '_').toUpperCase()}`] = inputs[input] ?? usual;
    }
    env.GITHUB_OUTPUT = outputFile;
    env.GITHUB_STEP_SUMMARY = summaryFile;
    const child = spawn(process.execPath, [resolve(folder, manifest.runs.main)], {
      env,
      cwd: options.cwd ?? process.cwd(),
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(options.kill && { signal: options.kill, killSignal: 'SIGKILL' }),
    });
    options.cancel?.addEventListener('abort', () => child.kill('SIGINT'));
    let log = '';
    for (const stream of [child.stdout, child.stderr]) {
      let rest = '';
      stream.setEncoding('utf8').on('data', (text: string) => {
        log += text;
        if (options.echo) rest = echoLines(rest + text);
      });
      stream.on('end', () => rest && echoLines(`${rest}\n`));
    }
    const code = await new Promise<number>((done, fail) => {
      child.on('error', (error) => error.name !== 'AbortError' && fail(error));
      child.on('close', (status) => done(status ?? 1));
    });
    return {
      code,
      outputs: parseOutputs(readFileSync(outputFile, 'utf8')),
      summary: readFileSync(summaryFile, 'utf8'),
      log,
    };
  } finally {
    rmSync(temp, { recursive: true, force: true });
  }
}

/** Reads a GITHUB_OUTPUT file (name<<delimiter, value, delimiter). */
export function parseOutputs(text: string): Record<string, string> {
  const outputs: Record<string, string> = {};
  const rows = text.split('\n');
  for (let at = 0; at < rows.length; at += 1) {
    const match = /^([^=<]+)<<(.+)$/.exec(rows[at] ?? '');
    if (!match?.[1]) continue;
    const end = rows.indexOf(match[2] ?? '', at + 1);
    outputs[match[1]] = rows.slice(at + 1, end).join('\n');
    at = end;
  }
  return outputs;
}

/** Prints whole lines as a runner does: a mask would show the very secret, and debugging is asked for by RUNNER_DEBUG. Gives back what is no whole line yet. */
function echoLines(text: string): string {
  const lines = text.split('\n');
  const rest = lines.pop() ?? '';
  const hidden = process.env.RUNNER_DEBUG === '1' ? /^::add-mask::/ : /^::(?:add-mask|debug)::/;
  for (const line of lines) if (!hidden.test(line)) process.stderr.write(`${line}\n`);
  return rest;
}

async function main(args: string[]): Promise<void> {
  const [name = '', ...rest] = args;
  if (!existsSync(join(root, 'actions', name, 'action.yml'))) {
    const names = readdirSync(join(root, 'actions')).filter((entry) => !entry.includes('.'));
    throw new Error(`usage: npm run action -- <name> --<input> <value> …\n<name> may be ${names.join(', ')}`);
  }
  const inputs: Record<string, string> = {};
  for (let at = 0; at < rest.length; at += 2) {
    const [flag, value] = [rest[at], rest[at + 1]];
    if (!flag?.startsWith('--') || value === undefined)
      throw new Error(`expected --<input> <value>, found ${[flag, value].filter(Boolean).join(' ')}`);
    inputs[flag.slice(2)] = value;
  }
  // A runner keeps this folder for the job: the files that outputs name are there for the next action.
  const RUNNER_TEMP = process.env.RUNNER_TEMP ?? mkdtempSync(join(tmpdir(), 'hallmark-job-'));
  const result = await runAction(name, inputs, { echo: true, env: { ...process.env, RUNNER_TEMP } });
  process.stdout.write(`${JSON.stringify(result.outputs, null, 2)}\n`);
  process.exitCode = result.code;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(process.argv.slice(2)).catch((error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
