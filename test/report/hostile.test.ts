import { afterEach, describe, expect, test, vi } from 'vitest';
import { parseSarif } from '../../shared/github/codescanning.ts';
import { listAnnotations } from '../../shared/report/annotations.ts';
import { commentMarker, renderCheck, renderComment, renderSummary } from '../../shared/report/comment.ts';
import { reportError, runnerLog } from '../../shared/step/runner.ts';
import { HOSTILE, hostilePage } from './hostile.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

test('there are at least a hundred, each once', () => {
  expect(new Set(HOSTILE).size).toBe(HOSTILE.length);
  expect(HOSTILE.length).toBeGreaterThanOrEqual(100);
});

describe.each(HOSTILE.map((text) => [text.slice(0, 40), text]))('%j', (_, text) => {
  afterEach(() => vi.restoreAllMocks());

  test('leaves every output within its limit and without a control character', () => {
    const page = hostilePage(text);
    const comment = renderComment(page);
    const { title, summary, text: rest } = renderCheck(page);
    expect(comment.length).toBeLessThanOrEqual(65_536);
    expect(title.length).toBeLessThanOrEqual(200);
    for (const part of [summary, rest]) expect(Buffer.byteLength(part)).toBeLessThanOrEqual(65_535);
    for (const part of [comment, renderSummary(page), title, summary, rest]) {
      expect(part).not.toMatch(CONTROLS);
      expect(part.isWellFormed()).toBe(true);
    }
  });

  test('stays inside the marker, which is the first line', () => {
    const marker = commentMarker(text);
    expect(marker).toMatch(/^<!-- hallmark:[A-Za-z0-9%_.!~*'()]+ -->$/);
    expect(renderComment(hostilePage(text)).split('\n')[0]).toBe(marker);
  });

  test('is plain text in an annotation, on a path inside the repository', () => {
    const annotations = listAnnotations(hostilePage(text));
    for (const { path, title, message } of annotations) {
      expect(path).not.toMatch(/^\/|(?:^|\/)\.\.?(?:\/|$)|\\/);
      expect(title.length).toBeLessThanOrEqual(255);
      expect(message.length).toBeLessThanOrEqual(4000);
      for (const part of [path, title, message]) expect(part).not.toMatch(/[\n\r]/);
      for (const part of [path, title, message]) expect(part).not.toMatch(CONTROLS);
    }
  });

  test('is text in SARIF that is uploaded, and names no file outside the repository', () => {
    const artifactLocation = { uri: text };
    const result = { message: { text }, locations: [{ physicalLocation: { artifactLocation } }] };
    const document = JSON.stringify({ version: '2.1.0', runs: [{ results: [result] }] });
    const tamed = JSON.stringify(parseSarif(document, 'x.sarif'));
    const parsed: { runs: { results: (typeof result)[] }[] } = JSON.parse(tamed);
    const [found] = parsed.runs[0]?.results ?? [];
    const uri = found?.locations[0]?.physicalLocation.artifactLocation.uri ?? '';
    expect(tamed.replaceAll(/\\[nrt]/g, '')).not.toMatch(/\\u00[01]/);
    expect(`${uri}${found?.message.text.replaceAll(/[\t\r\n]/g, '')}`).not.toMatch(CONTROLS);
    expect(new URL(uri, 'https://repository.example/root/').host).toBe('repository.example');
    expect(uri).not.toMatch(/(?:^|\/)\.\.(?:\/|$)/);
  });

  test('is no command in the log', () => {
    const written: string[] = [];
    vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => written.push(String(chunk)) > 0);
    runnerLog.info(text);
    const said = written.splice(0).join('');
    runnerLog.warning(text);
    runnerLog.notice(text);
    reportError(text, text);
    const commands = written.join('').trimEnd().split('\n');
    vi.restoreAllMocks();
    expect(said).not.toMatch(/^\s*::|##\[/m);
    expect(commands.map((line) => /^::(\w+)(?: title=[^:,]*)?::/.exec(line)?.[1])).toEqual([
      'warning',
      'notice',
      'error',
    ]);
    expect(`${said}${commands.join('')}`).not.toMatch(CONTROLS);
  });
});
