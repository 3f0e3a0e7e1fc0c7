import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readTags, type TagFacts } from '../../shared/image/tag-rules.ts';

const facts: TagFacts = {
  ref: 'refs/heads/master',
  eventName: 'push',
  commit: '860c1904a1ce19322e91ac35af1ab07466440c37',
  committed: new Date('2020-01-09T12:00:00Z'),
  now: new Date('2020-01-10T00:30:00Z'),
  defaultBranch: 'master',
};

const page = readFileSync(new URL('../../action-docs/tags.md', import.meta.url), 'utf8');
const rows = [...page.matchAll(/^\| (`.+`) \| (\w+) \| (refs\/\S+) \| (.+) \| (.+) \|$/gm)].map(
  ([, rule = '', eventName = '', ref = '', theirs = '', here = '']) =>
    [rule.slice(1, -1), eventName, ref, theirs, here] as const,
);

describe("the page's examples of docker/metadata-action's documentation", () => {
  test('are all of them', () => expect(rows.length).toBeGreaterThan(60));

  test.each(rows)('%s on %s of %s: theirs is %s, here %s', (rule, eventName, ref, theirs, here) => {
    const give = (): string[] => readTags([rule], { ...facts, eventName, ref });
    const tag = /^`(.+)`$/.exec(here)?.[1];
    if (tag !== undefined) {
      expect(give()).toEqual([tag]);
      // What is given at all is what they give.
      expect(theirs).toBe(here);
    } else if (here === 'nothing') expect(give()).toEqual([]);
    else expect(give).toThrow(here);
  });
});

describe('a list of rules', () => {
  test('gives the tags of the highest priority first, each once', () => {
    const lines = [
      'build-42, 1.2.3',
      'type=ref,event=tag',
      'type=raw,value=r-7,priority=950',
      'type=semver,pattern={{version}}',
    ];
    expect(readTags(lines, { ...facts, ref: 'refs/tags/v1.2.3' })).toEqual([
      'r-7',
      '1.2.3',
      'v1.2.3',
      'build-42',
    ]);
  });

  test('says all that is wrong at once', () => {
    const lines = ['latest', 'type=edge', 'type=semver,pattern={{major}}', 'build-42'];
    expect(() => readTags(lines, facts)).toThrow(
      /"latest" is floating.*"type=edge" is floating.*pattern=\{\{major\}\}" is floating/,
    );
  });
});

describe('what can be no rule says so', () => {
  test.each([
    ['type=constructor', 'is of no known type'],
    [
      'type=semver,patern={{version}}',
      'type=semver takes enable, priority, prefix, suffix, pattern, value, match, not patern',
    ],
    ['type=semver,pattern={{version}}.{{build}}', '{{build}} is no part of a version'],
    ['type=raw,value={{branches}}-1', '{{branches}} is no known expression'],
    ['type=raw,value={{constructor}}-1', '{{constructor}} is no known expression'],
    ['type=raw,value={{date}}', "takes a format, as in {{date 'YYYYMMDD'}}"],
    ["type=raw,value={{date 'YYYY' tz='Mars/Olympus'}}", 'names no time zone'],
    ['type=raw,value=build-1,enable=yes', 'enable may be true or false'],
    ['type=raw,value=build-1,priority=high', 'priority is no number'],
    ['type=match,pattern=(', 'is no regular expression'],
    ['type=ref', 'takes event=branch, event=tag or event=pr'],
    ['type=raw,value=env-prod.1', 'belongs to an environment'],
    ['type=sha,prefix=sha256-', 'belongs to the evidence'],
    ['type=sha,prefix=.', 'is no tag'],
  ])('%s', (line, message) => {
    expect(() => readTags([line], { ...facts, ref: 'refs/tags/v1.2.3' })).toThrow(message);
  });
});
