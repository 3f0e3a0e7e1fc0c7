// npm run action -- <name> --<input> <value> …
// Runs dist/<name>/index.js as a runner does and prints its outputs as one JSON object.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

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
  /** `env` is the action's whole environment; this process's when absent. */
  options: { env?: Record<string, string | undefined>; cwd?: string; echo?: boolean } = {},
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
    for (const [input, { default: fallback }] of Object.entries(known)) {
      env[`INPUT_${input.replaceAll(' ', '_').toUpperCase()}`] = inputs[input] ?? String(fallback ?? '');
    }
    env.GITHUB_OUTPUT = outputFile;
    env.GITHUB_STEP_SUMMARY = summaryFile;
    const child = spawn(process.execPath, [resolve(folder, manifest.runs.main)], {
      env,
      cwd: options.cwd ?? process.cwd(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let log = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        log += text;
        if (options.echo) process.stderr.write(text);
      });
    }
    const code = await new Promise<number>((done, fail) => {
      child.on('error', fail);
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

async function main(args: string[]): Promise<void> {
  const [name, ...rest] = args;
  if (name === undefined || name.startsWith('-'))
    throw new Error('usage: npm run action -- <name> --<input> <value> …');
  const inputs: Record<string, string> = {};
  for (let at = 0; at < rest.length; at += 2) {
    const [flag, value] = [rest[at], rest[at + 1]];
    if (!flag?.startsWith('--') || value === undefined)
      throw new Error(`expected --<input> <value>, found ${flag}`);
    inputs[flag.slice(2)] = value;
  }
  const result = await runAction(name, inputs, { echo: true });
  process.stdout.write(`${JSON.stringify(result.outputs, null, 2)}\n`);
  process.exitCode = result.code;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));
