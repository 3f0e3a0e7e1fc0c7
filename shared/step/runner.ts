import { appendFileSync } from 'node:fs';
import type { Log } from '../github/context.ts';
import type { OutputValue } from '../outcome/result.ts';

/*
 * The runner's protocol: workflow commands on standard output and the files GITHUB_OUTPUT and GITHUB_STEP_SUMMARY
 * (docs.github.com, "Workflow commands for GitHub Actions"). Own code because a bundle that loads
 * @actions/core takes more than twice the start-up of an empty Node process.
 */

const escapeData = (text: string): string =>
  text.replace(controls, '\uFFFD').replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
const escapeProperty = (text: string): string =>
  escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');

// C0 and C1 controls (terminal sequences start with one) and the characters that reorder text.
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/**
 * Foreign text made safe for a log: no terminal sequence, and nothing that the runner would take for a command. Those start
 * with `::` at the start of a line or, the old ones, with `##[` anywhere in it (actions/runner, ActionCommand.cs).
 */
export function escapeLog(text: string): string {
  return text
    .replace(controls, '\uFFFD')
    .replace(/^(\s*)(?=::)/gm, '$1\\')
    .replaceAll('##[', '##\\[');
}

function issueCommand(
  command: string,
  message: string,
  properties: Record<string, string | number> = {},
): void {
  const list = Object.entries(properties).map(([name, value]) => `${name}=${escapeProperty(String(value))}`);
  process.stdout.write(
    `::${[command, list.join(',')].join(list.length > 0 ? ' ' : '')}::${escapeData(message)}\n`,
  );
}

/** The log of a step, as a runner shows it. */
export const runnerLog: Log = {
  info: (message) => void process.stdout.write(`${escapeLog(message)}\n`),
  notice: (message) => issueCommand('notice', message),
  warning: (message, at) => issueCommand('warning', message, { ...at }),
  mask: (secret) => {
    if (secret !== '') issueCommand('add-mask', secret);
  },
  group: async (title, work) => {
    issueCommand('group', title);
    try {
      return await work();
    } finally {
      process.stdout.write('::endgroup::\n');
    }
  },
};

/** An annotation that fails the step's look, not its exit code. */
export function reportError(message: string, title: string): void {
  issueCommand('error', message, { title });
}

/** Detail for whoever turns on debug logging. */
export function reportDebug(message: string): void {
  issueCommand('debug', message);
}

/** Writes one output. The delimiter does not occur in the value, so a value cannot end itself early. */
export function setOutput(name: string, value: OutputValue): void {
  const file = process.env.GITHUB_OUTPUT;
  if (!file || value === undefined) return;
  // No random one: node:crypto alone would cost a fifth of an empty process's start-up.
  let delimiter = 'hallmark';
  while (String(value).includes(delimiter)) delimiter += '_';
  appendFileSync(file, `${name}<<${delimiter}\n${value}\n${delimiter}\n`);
}

// GitHub drops a step's summary over 1 MiB whole.
const summaryLimit = 1_000_000;

/** Appends Markdown to the job summary. */
export function appendSummary(markdown: string): void {
  const file = process.env.GITHUB_STEP_SUMMARY;
  if (!file) return;
  const whole = Buffer.from(`${markdown}\n`);
  appendFileSync(
    file,
    whole.length <= summaryLimit
      ? whole
      : `${whole.subarray(0, summaryLimit).toString()}\n\n_The summary was cut at 1 MB._\n`,
  );
}
