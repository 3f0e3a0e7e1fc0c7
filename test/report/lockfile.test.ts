import { expect, test } from 'vitest';
import { indexLockfiles, lineKey } from '../../shared/report/lockfile.ts';

test.each<[string, string, number, string?]>([
  ['web/package-lock.json', '    "node_modules/a/node_modules/x": {\n      "version": "1.2.3",', 1],
  ['npm-shrinkwrap.json', '\n    "node_modules/x": {\n      "name": "y",\n      "version": "1.2.3",', 2],
  ['requirements-dev.txt', 'x==1.2.3 \\\n    --hash=sha256:00', 1],
  ['Cargo.lock', '\n\nname = "x"\nversion = "1.2.3"', 3],
  ['poetry.lock', 'name = "x"\nversion = "1.2.3"', 1],
  ['uv.lock', 'name = "x"\r\nversion = "1.2.3"', 1],
  ['Gemfile.lock', '    x (1.2.3)', 1],
  // With or without the v that scanners drop.
  ['go.mod', 'go 1.25\n\trequire (\n\texample.com/x v1.2.3 // indirect\n)', 3, 'example.com/x'],
  ['go.mod', '\n\nrequire example.com/x v1.2.3\n', 3, 'example.com/x'],
])('finds a package in %s', (path, text, line, name = 'x') => {
  const found = indexLockfiles([{ path, text }]);
  for (const version of ['v1.2.3', '1.2.3']) {
    expect(found.get(lineKey(name, version))).toEqual({ path, line });
  }
  expect(found.get(lineKey(name, '1.2.4'))).toBeUndefined();
});

const LOCKFILE = '    "node_modules/x": {\n      "version": "1.2.3"\n    },\n';
test.each<[string, { path: string; text: string }[]]>([
  ['two files', ['a', 'b'].map((folder) => ({ path: `${folder}/package-lock.json`, text: LOCKFILE }))],
  ['two lines', [{ path: 'package-lock.json', text: LOCKFILE + LOCKFILE }]],
  ['a file that is no lockfile', [{ path: 'package.json', text: LOCKFILE }]],
])('names no line of %s, since none is certain', (_, lockfiles) => {
  expect(indexLockfiles(lockfiles)).toEqual(new Map());
});
