import { clean, explain as explainPep440, major, minor, patch } from '@renovatebot/pep440';
import dayjs from 'dayjs';
import advancedFormat from 'dayjs/plugin/advancedFormat.js';
import timezone from 'dayjs/plugin/timezone.js';
import utc from 'dayjs/plugin/utc.js';
import { parse } from 'semver';
import { Invalid } from '../outcome/outcome.ts';
import { explainRefusal } from './tags.ts';

dayjs.extend(utc);
dayjs.extend(timezone);
dayjs.extend(advancedFormat);

/*
 * The rules of docker/metadata-action (the section "tags input" of its README): what it would give, wherever that names one image for ever,
 * and the reason wherever another image could take it later.
 */

/** What a rule may ask of the run. */
export interface TagFacts {
  /** `refs/heads/main`, `refs/tags/v1.2.3`, … */
  readonly ref: string | undefined;
  readonly eventName: string | undefined;
  /** 40 hex digits. */
  readonly commit: string;
  readonly committed: Date;
  readonly now: Date;
  readonly defaultBranch: string | undefined;
}

type Attributes = Readonly<Record<string, string>>;

/** A tag (`lasting` where its form need not be looked at), nothing on this event, or why there can be none on any. */
type Given =
  | { readonly tag: string; readonly lasting?: boolean | undefined }
  | { readonly floats: string }
  | undefined;

interface Rule {
  /** The higher, the earlier in the list. */
  readonly priority: number;
  readonly defaults: Attributes;
  give(attributes: Attributes, facts: TagFacts): Given;
}

const VERSION = { pattern: '', value: '', match: '' };

const rules: Readonly<Record<string, Rule>> = {
  schedule: { priority: 1000, defaults: { pattern: 'nightly' }, give: giveSchedule },
  semver: { priority: 900, defaults: VERSION, give: (...args) => giveVersion(readSemver, ...args) },
  pep440: { priority: 900, defaults: VERSION, give: (...args) => giveVersion(readPep440, ...args) },
  match: { priority: 800, defaults: { pattern: '', group: '0', value: '' }, give: giveMatch },
  edge: {
    priority: 700,
    defaults: { branch: '' },
    give: () => ({ floats: 'the next commit would take it' }),
  },
  ref: { priority: 600, defaults: { event: '' }, give: giveRef },
  raw: {
    priority: 200,
    defaults: { value: '' },
    give: ({ value = '' }, facts) => ({ tag: expand(value, facts), lasting: namesCommit(value) }),
  },
  sha: { priority: 100, defaults: { format: 'short', prefix: 'sha-' }, give: giveCommit },
};
const COMMON = ['enable', 'priority', 'prefix', 'suffix'];

/**
 * The tags that lines of the input `tags` give in this run, those of the highest priority first and without repetitions. A line is a rule
 * (`type=…`) or holds tags, separated by commas. Throws `Invalid` naming `tags`, with the reason for each that could name another image later.
 */
export function readTags(lines: readonly string[], facts: TagFacts): string[] {
  const faults: string[] = [];
  const tags: { tag: string; priority: number }[] = [];
  const take = (tag: string, priority: number, lasting?: boolean): void => {
    const reason = explainRefusal(tag, facts.ref, lasting);
    if (reason === undefined) tags.push({ tag, priority });
    else faults.push(`"${tag}" ${reason}`);
  };
  for (const line of lines) {
    if (!/^"?type=/.test(line)) {
      const plain = line.split(',').map((tag) => tag.trim());
      for (const tag of plain.filter((one) => one !== '')) take(tag, 200);
      continue;
    }
    const { rule, attributes, priority } = readRule(line);
    const { enable = 'true', prefix = '', suffix = '' } = attributes;
    if (!['true', 'false'].includes(expand(enable, facts))) {
      throw new Invalid('tags', `"${line}": enable may be true or false`);
    }
    const given = expand(enable, facts) === 'true' ? rule.give(attributes, facts) : undefined;
    if (given === undefined) continue;
    if ('floats' in given) {
      faults.push(`"${line}" is floating: ${given.floats}`);
      continue;
    }
    const tag = `${expand(prefix, facts)}${given.tag}${expand(suffix, facts)}`;
    if (given.tag !== '') {
      // As metadata-action does; a tag that is written out is taken as it is, or not at all.
      take(tag.replace(/[^a-zA-Z0-9._-]+/g, '-'), priority, given.lasting || namesCommit(prefix + suffix));
    }
  }
  if (faults.length > 0) {
    throw new Invalid('tags', faults.join('; '), {
      hint: 'A tag names one image for ever: use a whole version (1.2.3, or type=semver,pattern={{version}}), a date (2026-11-21) or a build number (build-42).',
    });
  }
  const sorted = tags.toSorted((one, other) => other.priority - one.priority);
  return [...new Set(sorted.map(({ tag }) => tag))];
}

/** A line of CSV: `type=…,name=value,…`; a field with commas stands in double quotes. */
function readRule(line: string): { rule: Rule; attributes: Attributes; priority: number } {
  const fields = [...line.matchAll(/\s*(?:"((?:[^"]|"")*)"|([^,]*))(?:,|$)/g)]
    .map(([, quoted, plain = '']) => (quoted?.replaceAll('""', '"') ?? plain).trim())
    .filter((field) => field !== '');
  const given = Object.fromEntries(
    fields.map((field) => {
      const equals = field.indexOf('=');
      return equals < 0
        ? ['value', field]
        : [field.slice(0, equals).trim().toLowerCase(), field.slice(equals + 1).trim()];
    }),
  );
  const { type = '', ...rest } = given;
  const rule = Object.hasOwn(rules, type) ? rules[type] : undefined;
  if (rule === undefined) {
    throw new Invalid('tags', `"${line}" is of no known type; there are ${Object.keys(rules).join(', ')}`);
  }
  const known = [...COMMON, ...Object.keys(rule.defaults)];
  const unknown = Object.keys(rest).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new Invalid('tags', `"${line}": type=${type} takes ${known.join(', ')}, not ${unknown}`);
  }
  const priority = Number(rest['priority'] ?? rule.priority);
  if (!Number.isSafeInteger(priority)) throw new Invalid('tags', `"${line}": priority is no number`);
  return { rule, attributes: { ...rule.defaults, ...rest }, priority };
}

function giveSchedule({ pattern = '' }: Attributes, facts: TagFacts): Given {
  if (!pattern.includes('{{')) return { floats: 'the next run would take it; put {{date}} into its pattern' };
  return facts.eventName === 'schedule' ? { tag: expand(pattern, facts) } : undefined;
}

/** What a rule works on: its own `value`, or the git tag; undefined where there is neither. */
function readSubject({ value = '' }: Attributes, facts: TagFacts): string | undefined {
  return value === '' ? /^refs\/tags\/(.+)$/.exec(facts.ref ?? '')?.[1] : expand(value, facts);
}

interface Version {
  /** What a pattern may name. */
  readonly parts: Readonly<Record<string, string>>;
  /** A pre-release: whatever the pattern names, it gets a tag of its own. */
  readonly unfinished: boolean;
}

function giveVersion(
  read: (text: string) => Version | undefined,
  attributes: Attributes,
  facts: TagFacts,
): Given {
  const { pattern = '', match = '' } = attributes;
  const named = [...pattern.matchAll(/\{\{\s*(\w+)\s*\}\}/g)].map(([, name]) => name);
  const whole =
    named.includes('version') ||
    named.includes('raw') ||
    ['major', 'minor', 'patch'].every((part) => named.includes(part));
  if (!whole) return { floats: 'the next release would take it; {{version}} names one' };
  const subject = readSubject(attributes, facts);
  const matched = match === '' ? subject : (findGroup(match, 1, subject ?? '') ?? subject);
  const version = matched === undefined ? undefined : read(matched.replaceAll('/', '-'));
  if (version === undefined) return undefined;
  const { parts, unfinished } = version;
  const chosen = unfinished && pattern.trim() !== '{{raw}}' ? '{{version}}' : pattern;
  const tag = chosen.replace(/\{\{\s*(\w+)\s*\}\}/g, (expression, name: string) => {
    const part = parts[name];
    if (part === undefined) throw new Invalid('tags', `${expression} is no part of a version`);
    return part;
  });
  return { tag, lasting: unfinished };
}

/** semver.org 2.0.0; undefined for what is no version. */
function readSemver(raw: string): Version | undefined {
  const version = parse(raw);
  if (version === null) return undefined;
  const parts = { raw, version: version.version, major: `${version.major}`, minor: `${version.minor}` };
  return { parts: { ...parts, patch: `${version.patch}` }, unfinished: version.prerelease.length > 0 };
}

/** PEP 440; undefined for what is no version. */
function readPep440(raw: string): Version | undefined {
  const [version, explained] = [clean(raw), explainPep440(raw)];
  if (version === null || explained === null) return undefined;
  const parts = { raw, version, major: `${major(raw)}`, minor: `${minor(raw)}`, patch: `${patch(raw)}` };
  const { is_prerelease, is_postrelease, is_devrelease } = explained;
  return { parts, unfinished: is_prerelease || is_postrelease || is_devrelease };
}

function giveMatch(attributes: Attributes, facts: TagFacts): Given {
  const subject = readSubject(attributes, facts);
  const { pattern = '', group } = attributes;
  const found = subject === undefined ? undefined : findGroup(pattern, Number(group), subject);
  return found === undefined ? undefined : { tag: found };
}

/** One group of a workflow's own expression, `…` or `/…/flags`. */
function findGroup(pattern: string, group: number, text: string): string | undefined {
  const [, body = pattern, flags = ''] = /^\/(.+)\/(.*)$/.exec(pattern) ?? [];
  try {
    return new RegExp(body, flags.replaceAll('g', '')).exec(text)?.[group];
  } catch (cause) {
    throw new Invalid('tags', `${pattern} is no regular expression`, { cause });
  }
}

function giveRef({ event }: Attributes, { ref = '' }: TagFacts): Given {
  if (event === 'branch') return { floats: "the branch's next commit would take it" };
  if (event === 'pr') {
    return { floats: 'the next push would take it; build gives pr-<number>-<40 hex> itself' };
  }
  if (event !== 'tag') throw new Invalid('tags', `type=ref takes event=branch, event=tag or event=pr`);
  const name = /^refs\/tags\/(.+)$/.exec(ref)?.[1];
  return name === undefined ? undefined : { tag: name };
}

function giveCommit({ format, prefix }: Attributes, { commit }: TagFacts): Given {
  if (prefix === 'sha-') {
    return {
      floats:
        'sha- is for the image that build made of a commit, which it names sha-<40 hex> itself; another prefix may be given',
    };
  }
  return { tag: format === 'long' ? commit : commit.slice(0, 7), lasting: true };
}

/** A commit is built once, so what names one lasts. */
function namesCommit(template: string): boolean {
  return /\{\{\s*sha\s*\}\}/.test(template);
}

/** A template with the expressions that any rule may use ("Global expressions" there). */
function expand(template: string, facts: TagFacts): string {
  return template.replace(/\{\{\s*(\w+)((?:\s[^}]*)?)\}\}/g, (expression, name: string, rest: string) => {
    const { ref = '', commit, committed, now, defaultBranch } = facts;
    const branch = /^refs\/heads\/(.+)$/.exec(ref)?.[1] ?? '';
    const isDefault = branch !== '' && branch === defaultBranch;
    const values: Record<string, () => string> = {
      branch: () => branch,
      tag: () => /^refs\/tags\/(.+)$/.exec(ref)?.[1] ?? '',
      sha: () => commit.slice(0, 7),
      // Of a pull request, whose image gets no further tags.
      base_ref: () => '',
      is_default_branch: () => String(isDefault),
      is_not_default_branch: () => String(!isDefault),
      date: () => formatDate(now, rest, expression),
      commit_date: () => formatDate(committed, rest, expression),
    };
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) throw new Invalid('tags', `${expression} is no known expression`);
    return value();
  });
}

/** `'YYYYMMDD' tz='Asia/Tokyo'`: a format of Moment.js, in UTC unless another zone is named. */
function formatDate(date: Date, rest: string, expression: string): string {
  const [, single, double, zone = 'UTC'] =
    /^\s*(?:'([^']*)'|"([^"]*)")\s*(?:tz=['"]([^'"]*)['"]\s*)?$/.exec(rest) ?? [];
  const format = single ?? double;
  if (format === undefined)
    throw new Invalid('tags', `${expression} takes a format, as in {{date 'YYYYMMDD'}}`);
  try {
    return dayjs(date).tz(zone).format(format);
  } catch (cause) {
    throw new Invalid('tags', `${expression} names no time zone`, { cause });
  }
}
