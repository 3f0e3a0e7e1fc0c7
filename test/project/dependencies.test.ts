import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const versions = z.record(z.string(), z.string());
const manifest = z
  .object({ dependencies: versions, devDependencies: versions, optionalDependencies: versions })
  .parse(JSON.parse(read('package.json')));

/** The packages that a row of CONTRIBUTING's tables names first. */
const listed = [...read('CONTRIBUTING.md').matchAll(/^\| ((?:@?[a-z][\w./@-]*(?:, )?)+) \|/gm)]
  .flatMap(([, cell]) => (cell ?? '').split(', '))
  .filter((name) => name !== 'package');

describe('dependencies', () => {
  test("CONTRIBUTING's tables have every one of them, and no other", () => {
    const installed = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
    expect(listed.toSorted()).toEqual(installed.toSorted());
  });

  test.each(Object.keys(manifest.dependencies))('%s is used by what is shipped', (name) => {
    const sources = globSync('{actions,shared}/**/*.ts', { cwd: root }).map(read);
    expect(sources.some((source) => new RegExp(`'${name}(?:/[^']+)?'`).test(source))).toBe(true);
  });

  test.each(
    Object.entries({
      ...manifest.dependencies,
      ...manifest.devDependencies,
      ...manifest.optionalDependencies,
    }),
  )('%s is pinned exactly: %s', (_, version) => {
    expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  });
});
