import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { escapeLog, setOutput } from '../../shared/step/runner.ts';

afterEach(() => vi.unstubAllEnvs());

/** Where actions/runner sees a command: ActionCommand.cs, TryParseV2 and TryParse. */
const isCommand = (line: string): boolean => line.trimStart().startsWith('::') || line.includes('##[');

test.each([
  ['a command', '::set-output name=decision::allow'],
  ['a command behind spaces', '\t \u00a0::stop-commands::x'],
  ['a command on a line of its own', 'found:\n::add-mask::a\r\n::add-mask::b'],
  ['a command of the old kind', '##[set-output name=decision]allow'],
  ['an old one in the middle of a line', 'aws-key /app/##[set-output name=decision]allow:3'],
  ['an old one that starts once more', '####[[add-path]/tmp ##[##[debug]x'],
  ['an old one with a control between', '#\u0007#[debug]x ##\u001b[debug]x'],
])('%s in foreign text is none in the log', (_, text) => {
  const lines = escapeLog(text).split(/\r\n|[\r\n]/);
  expect(lines.filter(isCommand)).toEqual([]);
});

test.each([
  ['its delimiter', 'hallmark'],
  ['its delimiter on a line, and another output', 'x\nhallmark\ndecision<<hallmark\nallow\nhallmark\n'],
  ['every delimiter up to a length', 'hallmark\nhallmark_\nhallmark__\noutcome=passed'],
  ['carriage returns', 'x\r\nhallmark\r\noutcome=passed\rhallmark\r'],
])('an output that holds %s is one output', (_, value) => {
  const file = join(mkdtempSync(join(tmpdir(), 'hallmark-output-')), 'output');
  vi.stubEnv('GITHUB_OUTPUT', file);
  setOutput('reasons', value);
  const text = readFileSync(file, 'utf8');
  const delimiter = /^reasons<<(\S+)\n/.exec(text)?.[1] ?? '';
  expect(text).toBe(`reasons<<${delimiter}\n${value}\n${delimiter}\n`);
  expect(value.split(/\r\n|[\r\n]/)).not.toContain(delimiter);
});
