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

describe('the lockfile', () => {
  const entries = z
    .object({
      packages: z.record(
        z.string(),
        z.object({
          integrity: z.string().optional(),
          resolved: z.string().optional(),
          dependencies: versions.default({}),
          optionalDependencies: versions.default({}),
        }),
      ),
    })
    .parse(JSON.parse(read('package-lock.json'))).packages;
  const packages = Object.entries(entries).filter(([path]) => path !== '');
  const locked = new Set(packages.map(([path]) => path.slice(path.lastIndexOf('node_modules/') + 13)));

  // npm leaves out what its registry lacks for another platform, and `npm ci` then fails everywhere.
  test('has every package that a package asks for, of every platform', () => {
    const missing = Object.entries(entries).flatMap(([path, { dependencies, optionalDependencies }]) =>
      Object.keys({ ...dependencies, ...optionalDependencies })
        .filter((name) => !locked.has(name))
        .map((name) => `${path} asks for ${name}`),
    );
    expect(missing).toEqual([]);
  });

  test('has the integrity of each, and no address of a registry', () => {
    expect(packages.filter(([, { integrity }]) => !integrity?.startsWith('sha512-'))).toEqual([]);
    expect(packages.filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
  });
});
