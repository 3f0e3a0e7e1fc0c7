import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { findCircle, PURE } from '../../scripts/check.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const ADAPTERS = [
  'store',
  'sigstore',
  'builders',
  'engines',
  'trivy',
  'github',
  'process',
  'workspace',
  'evaluator',
];

/** One line of code in a file at this place, and the rule of biome.json that must forbid it (undefined: allowed). */
const cases: [place: string, code: string, rule: string | undefined][] = [
  ...PURE.flatMap((folder): (typeof cases)[number][] => [
    [`shared/${folder}`, "export { readFileSync } from 'node:fs';", 'noRestrictedImports'],
    [`shared/${folder}`, "export { readFile } from 'node:fs/promises';", 'noRestrictedImports'],
    [`shared/${folder}`, "export { info } from '@actions/core';", 'noRestrictedImports'],
    [`shared/${folder}`, "export { openStore } from '../store/open.ts';", 'noRestrictedImports'],
    [`shared/${folder}`, 'export const home = process.env.HOME;', 'noProcessEnv'],
  ]),
  ...ADAPTERS.flatMap((folder): (typeof cases)[number][] => [
    [`shared/${folder}`, "export { scan } from '../verbs/scan.ts';", 'noRestrictedImports'],
    [`shared/${folder}`, "export { setOutput } from '../step/runner.ts';", 'noRestrictedImports'],
    [`shared/${folder}`, "export { getInput } from '@actions/core';", 'noRestrictedImports'],
    [`shared/${folder}`, 'export const home = process.env.HOME;', 'noProcessEnv'],
    [`shared/${folder}`, "export { env } from 'node:process';", 'noRestrictedImports'],
    [`shared/${folder}`, "export { readFile } from 'node:fs/promises';", undefined],
    [`shared/${folder}`, "export { Refused } from '../outcome/outcome.ts';", undefined],
    ['shared/image', `export type { X } from '../${folder}/x.ts';`, 'noRestrictedImports'],
    ['shared/image', `export const load = () => import('../${folder}/x.ts');`, 'noRestrictedImports'],
    ['actions/build', `export { x } from '../../shared/${folder}/x.ts';`, 'noRestrictedImports'],
  ]),
  ['shared/image', "export { kindOf } from '../evidence/predicate.ts';", undefined],
  ['shared/image', "export { build } from '../verbs/build.ts';", 'noRestrictedImports'],
  ['shared/verbs', "export { setOutput } from '../step/runner.ts';", 'noRestrictedImports'],
  ['shared/verbs', "export { action } from '../../actions/build/index.ts';", 'noRestrictedImports'],
  ['shared/verbs', "export { getOctokit } from '@actions/github';", 'noRestrictedImports'],
  ['shared/verbs', 'export const home = process.env.HOME;', 'noProcessEnv'],
  ['shared/verbs', "export type { Action } from '../step/action.ts';", 'noRestrictedImports'],
  ['shared/verbs', "export type { StepResult } from '../outcome/result.ts';", undefined],
  ['shared/verbs', "export { openStore } from '../store/open.ts';", undefined],
  ['shared/step', "export { build } from '../verbs/build.ts';", 'noRestrictedImports'],
  ['shared/step', 'export const home = process.env.HOME;', undefined],
  ['actions/build', "export { getInput } from '@actions/core';", 'noRestrictedImports'],
  ['actions/build', "export { readFileSync } from 'node:fs';", 'noRestrictedImports'],
  ['actions/build', 'export const home = process.env.HOME;', 'noProcessEnv'],
  ['actions/build', "export const load = () => import('../../shared/verbs/build.ts');", undefined],
];

const reportSchema = z.object({
  diagnostics: z.array(z.object({ category: z.string(), location: z.object({ path: z.string() }) })),
});

/** Lints the files in a tree that has nothing but this project's biome.json; the rules that bit, by file. */
function lint(files: Record<string, string>): Map<string, Set<string>> {
  const folder = mkdtempSync(join(tmpdir(), 'hallmark-directions-'));
  try {
    copyFileSync(join(root, 'biome.json'), join(folder, 'biome.json'));
    copyFileSync(join(root, '.gitignore'), join(folder, '.gitignore'));
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), `${content}\n`);
    }
    const biome = join(root, 'node_modules', '.bin', 'biome');
    const done = spawnSync(
      process.execPath,
      [biome, 'lint', '--reporter=json', '--max-diagnostics=none', '.'],
      { cwd: folder, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
    );
    const bitten = new Map<string, Set<string>>();
    for (const { category, location } of reportSchema.parse(JSON.parse(done.stdout)).diagnostics) {
      const path = location.path.replace(/^\.\//, '');
      bitten.set(path, (bitten.get(path) ?? new Set()).add(category.split('/').at(-1) ?? category));
    }
    return bitten;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('import directions: actions → verbs → adapters → pure', () => {
  const fileOf = (at: number): string => `${cases[at]?.[0]}/planted-${at}.ts`;
  let bitten: Map<string, Set<string>>;

  beforeAll(() => {
    bitten = lint(Object.fromEntries(cases.map(([, code], at) => [fileOf(at), code])));
  });

  test.each(cases.map(([place, code, rule], at) => ({ place, code, rule: rule ?? 'nothing', at })))(
    '$rule bites in $place: $code',
    ({ rule, at }) => {
      expect([...(bitten.get(fileOf(at)) ?? ['nothing'])]).toEqual([rule]);
    },
  );

  test('two files that import each other are found', () => {
    const circle = lint({
      'shared/image/a.ts': "import { b } from './b.ts';\nexport const a = (): number => b() + 1;",
      'shared/image/b.ts': "import { a } from './a.ts';\nexport const b = (): number => a() + 1;",
    });
    expect(circle.get('shared/image/a.ts')).toContain('noImportCycles');
  });
});

describe('findCircle', () => {
  const graph = (edges: Record<string, string[]>): Map<string, Set<string>> =>
    new Map(Object.entries(edges).map(([from, to]) => [from, new Set(to)]));

  test.each([
    ['nothing', {}, undefined],
    ['a line', { a: ['b'], b: ['c'], c: [] }, undefined],
    ['a diamond', { a: ['b', 'c'], b: ['d'], c: ['d'], d: [] }, undefined],
    ['two that import each other', { a: ['b'], b: ['a'] }, ['a', 'b', 'a']],
    ['a circle behind a line', { a: ['b'], b: ['c'], c: ['d'], d: ['b'] }, ['b', 'c', 'd', 'b']],
  ] as [string, Record<string, string[]>, string[] | undefined][])('%s', (_, edges, circle) => {
    expect(findCircle(graph(edges))).toEqual(circle);
  });
});
