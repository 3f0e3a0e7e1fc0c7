import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { actions } from '../../actions/main.ts';
import { findStalePages, listActions, readManifest, renderPages } from '../../scripts/docs.ts';
import { COMMON_OUTPUTS } from '../../shared/step/action.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const names = listActions();
const sorted = (values: Iterable<string>): string[] => [...values].sort();

async function load(name: string) {
  const entry = actions[name];
  if (entry === undefined) throw new Error(`actions/main.ts has no action "${name}"`);
  return (await entry()).action;
}

/** The first column of the table under a heading of a page. */
function columnOf(page: string, heading: string): string[] {
  const section = page.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  return [...section.matchAll(/^\| `([^`]+)` \|/gm)].map(([, cell]) => cell ?? '');
}

describe.each(names)('%s: action.yml = schema = page', (name) => {
  const manifest = readManifest(name);
  const preset = manifest.code !== name;

  test('its inputs are those of the schema', async () => {
    const { inputs } = await load(manifest.code);
    const declared = Object.keys(manifest.inputs);
    const known = Object.keys(inputs.shape);
    // A preset leaves out what it is not for.
    if (preset) expect(known).toEqual(expect.arrayContaining(declared));
    else expect(sorted(declared)).toEqual(sorted(known));
  });

  test('its outputs are those of the code and the common ones', async () => {
    const { outputs } = await load(manifest.code);
    const declared = Object.keys(manifest.outputs);
    const known = new Set([...COMMON_OUTPUTS, ...outputs]);
    if (preset) expect([...known]).toEqual(expect.arrayContaining(declared));
    else expect(sorted(declared)).toEqual(sorted(known));
    expect(declared).toEqual(expect.arrayContaining([...COMMON_OUTPUTS]));
  });

  test('its own defaults are valid, and what is required has none', async () => {
    const { inputs } = await load(manifest.code);
    // Each by itself: a rule over several (a repository, unless push is false) may want one that has no default.
    const faulty = Object.entries(inputs.shape)
      .filter(([input, schema]) => !z.safeParse(schema, manifest.inputs[input]?.default ?? '').success)
      .map(([input]) => input);
    const required = Object.entries(manifest.inputs).filter(([, { required }]) => required === true);
    expect(sorted(faulty)).toEqual(sorted(required.map(([input]) => input)));
    expect(required.filter(([, { default: fallback }]) => fallback !== undefined)).toEqual([]);
  });

  test('its page shows every input and output', () => {
    const page = readFileSync(join(root, 'action-docs', `${name}.md`), 'utf8');
    expect(columnOf(page, 'Inputs')).toEqual(Object.keys(manifest.inputs));
    expect(columnOf(page, 'Outputs')).toEqual(Object.keys(manifest.outputs));
  });

  test('what a runner starts is committed', () => {
    expect(readFileSync(join(root, 'dist', manifest.code, 'index.js'), 'utf8')).toContain(
      `start('${manifest.code}')`,
    );
  });

  test('the README links its page', () => {
    expect(readFileSync(join(root, 'README.md'), 'utf8')).toContain(`(action-docs/${name}.md)`);
  });
});

describe('the suite', () => {
  test('actions/main.ts knows every action that has code, and no other', () => {
    const withCode = readdirSync(join(root, 'actions')).filter((name) =>
      existsSync(join(root, 'actions', name, 'index.ts')),
    );
    expect(sorted(Object.keys(actions))).toEqual(sorted(withCode));
    expect(names).toEqual(expect.arrayContaining(withCode));
  });

  test('what GitHub fetches for a step, dist/, is under 8 MB', () => {
    const files = readdirSync(join(root, 'dist'), { recursive: true, withFileTypes: true });
    const sizes = files
      .filter((file) => file.isFile())
      .map((file) => statSync(join(file.parentPath, file.name)).size);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(8_000_000);
  });

  test('every generated page is fresh, and none is left of what is gone', () => {
    expect(findStalePages()).toEqual([]);
    const generated = readdirSync(join(root, 'action-docs'))
      .filter((file) => file.endsWith('.md'))
      .filter((file) => readFileSync(join(root, 'action-docs', file), 'utf8').startsWith('<!-- Made from '));
    const pages = [...renderPages().keys()].filter((path) => path.startsWith('action-docs/'));
    expect(sorted(generated.map((file) => `action-docs/${file}`))).toEqual(sorted(pages));
  });

  test('every example belongs to an action', () => {
    const examples = readdirSync(join(root, 'action-docs', 'examples'));
    expect(sorted(examples)).toEqual(names.map((name) => `${name}.yml`));
  });

  test.each(
    ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'].concat(
      readdirSync(join(root, 'action-docs'))
        .filter((file) => file.endsWith('.md'))
        .map((file) => `action-docs/${file}`),
    ),
  )('the links of %s lead to files', (page) => {
    const text = readFileSync(join(root, page), 'utf8');
    const targets = [...text.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(([, target]) => target ?? '');
    const dead = targets
      .filter((target) => !/^https?:/.test(target))
      .filter((target) => !existsSync(join(root, page, '..', target)));
    expect(dead).toEqual([]);
  });
});
