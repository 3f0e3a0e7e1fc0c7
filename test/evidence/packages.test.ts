import { describe, expect, it } from 'vitest';
import { comparePackages } from '../../shared/evidence/difference.ts';
import {
  type Package,
  parsePackageUrl,
  readPackages,
  readSbomPackages,
} from '../../shared/evidence/packages.ts';

describe('a package URL', () => {
  it.each([
    ['pkg:npm/lodash@4.17.4', 'npm', 'lodash', '4.17.4'],
    ['pkg:npm/%40babel/core@7.0.0', 'npm', '@babel/core', '7.0.0'],
    ['pkg:npm/@babel/core', 'npm', '@babel/core', ''],
    ['pkg:deb/debian/libc6@2.36-9%2Bdeb12u4?arch=amd64&distro=debian-12.5', 'deb', 'libc6', '2.36-9+deb12u4'],
    [
      'pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1',
      'maven',
      'org.apache.logging.log4j:log4j-core',
      '2.14.1',
    ],
    ['pkg:golang/github.com/gin-gonic/gin@v1.9.0#sub', 'golang', 'github.com/gin-gonic/gin', 'v1.9.0'],
    ['pkg:pypi/requests@2.31.0', 'pypi', 'requests', '2.31.0'],
  ])('%s', (url, type, name, version) => {
    expect(parsePackageUrl(url)).toMatchObject({ type, name, version });
  });

  it.each(['', 'lodash', 'pkg:', 'pkg:npm', 'pkg:npm/', 'pkg:npm/%ff@1', 'http://npm/lodash'])(
    '%j is none',
    (url) => {
      expect(parsePackageUrl(url)).toBeUndefined();
    },
  );
});

const npm = (name: string, version: string, ...licences: string[]): Package => ({
  name,
  type: 'npm',
  version,
  licences,
  url: `pkg:npm/${name}@${version}`,
});

describe('the same packages', () => {
  const expected = [
    npm('lodash', '4.17.4', 'MIT'),
    {
      name: 'libc6',
      type: 'deb',
      version: '1:2.36-9',
      licences: [],
      url: expect.stringContaining('pkg:deb/debian/libc6@2.36-9'),
    },
  ];
  it.each<[string, unknown]>([
    [
      'of a report of Trivy',
      {
        SchemaVersion: 2,
        Results: [
          {
            Type: 'node-pkg',
            Packages: [
              {
                Name: 'lodash',
                Version: '4.17.4',
                Licenses: ['MIT'],
                Identifier: { PURL: 'pkg:npm/lodash@4.17.4' },
              },
            ],
          },
          {
            Type: 'debian',
            Packages: [
              {
                Name: 'libc6',
                Version: '2.36',
                Release: '9',
                Epoch: 1,
                Identifier: { PURL: 'pkg:deb/debian/libc6@2.36-9?epoch=1' },
              },
            ],
          },
          { Type: 'secret' },
        ],
      },
    ],
    [
      'of CycloneDX',
      {
        bomFormat: 'CycloneDX',
        components: [
          {
            type: 'library',
            name: 'lodash',
            version: '4.17.4',
            purl: 'pkg:npm/lodash@4.17.4',
            licenses: [{ license: { name: 'MIT' } }],
          },
          { type: 'library', name: 'libc6', version: '1:2.36-9', purl: 'pkg:deb/debian/libc6@2.36-9' },
          { type: 'operating-system', name: 'debian', version: '12' },
          { type: 'container', name: 'app', purl: 'pkg:oci/app@sha256%3Aabc' },
        ],
      },
    ],
    [
      'of SPDX',
      {
        spdxVersion: 'SPDX-2.3',
        packages: [
          {
            name: 'lodash',
            versionInfo: '4.17.4',
            licenseDeclared: 'MIT',
            externalRefs: [
              {
                referenceCategory: 'PACKAGE-MANAGER',
                referenceType: 'purl',
                referenceLocator: 'pkg:npm/lodash@4.17.4',
              },
            ],
          },
          {
            name: 'libc6',
            versionInfo: '1:2.36-9',
            licenseDeclared: 'NOASSERTION',
            licenseConcluded: 'NONE',
            externalRefs: [{ referenceType: 'purl', referenceLocator: 'pkg:deb/debian/libc6@2.36-9' }],
          },
          {
            name: 'app',
            externalRefs: [{ referenceType: 'purl', referenceLocator: 'pkg:oci/app@sha256%3Aabc' }],
          },
          { name: 'debian', versionInfo: '12' },
        ],
      },
    ],
  ])('%s', (what, document) => {
    expect(what.endsWith('Trivy') ? readPackages(document) : readSbomPackages(document)).toEqual(expected);
  });

  it.each([[{}], [[]], [{ bomFormat: 'CycloneDX', components: 1 }], [{ spdxVersion: 'SPDX-3.0' }]])(
    'are not in %j',
    (document) => {
      expect(readSbomPackages(document)).toBeUndefined();
    },
  );
});

type Difference = ReturnType<typeof comparePackages>;
const none: Difference = { added: [], removed: [], upgraded: [], downgraded: [], relicensed: [] };
const change = (name: string, from: string, to: string, ...licences: string[]) => ({
  name,
  type: 'npm',
  from,
  to,
  licences,
  platforms: ['linux/amd64'],
});

describe('what became of the packages', () => {
  it.each<[string, Package[], Package[], Partial<Difference>]>([
    ['nothing', [npm('a', '1.0.0')], [npm('a', '1.0.0')], {}],
    ['added', [], [npm('a', '1.0.0', 'MIT')], { added: [change('a', '', '1.0.0', 'MIT')] }],
    ['removed', [npm('a', '1.0.0', 'MIT')], [], { removed: [change('a', '1.0.0', '', 'MIT')] }],
    ['upgraded', [npm('a', '1.9.0')], [npm('a', '1.10.0')], { upgraded: [change('a', '1.9.0', '1.10.0')] }],
    [
      'downgraded',
      [npm('a', '1.10.0')],
      [npm('a', '1.9.0')],
      { downgraded: [change('a', '1.10.0', '1.9.0')] },
    ],
    [
      'changed without a known order',
      [npm('a', 'x')],
      [npm('a', 'y')],
      { added: [change('a', '', 'y')], removed: [change('a', 'x', '')] },
    ],
    [
      'one of two versions upgraded',
      [npm('a', '1.0.0'), npm('a', '2.0.0')],
      [npm('a', '1.0.0'), npm('a', '2.1.0')],
      { upgraded: [change('a', '2.0.0', '2.1.0')] },
    ],
    [
      'a second version beside the first',
      [npm('a', '1.0.0')],
      [npm('a', '1.0.0'), npm('a', '2.0.0')],
      { added: [change('a', '', '2.0.0')] },
    ],
    [
      'two versions became one, and nobody can say which',
      [npm('a', '1.0.0'), npm('a', '2.0.0')],
      [npm('a', '3.0.0')],
      { added: [change('a', '', '3.0.0')], removed: [change('a', '1.0.0', ''), change('a', '2.0.0', '')] },
    ],
    [
      'relicensed',
      [npm('a', '1.0.0', 'MIT')],
      [npm('a', '1.0.0', 'BUSL-1.1')],
      { relicensed: [change('a', 'MIT', 'BUSL-1.1', 'BUSL-1.1')] },
    ],
    [
      'upgraded and relicensed',
      [npm('a', '1.0.0', 'MIT')],
      [npm('a', '2.0.0', 'BUSL-1.1')],
      {
        upgraded: [change('a', '1.0.0', '2.0.0', 'BUSL-1.1')],
        relicensed: [change('a', 'MIT', 'BUSL-1.1', 'BUSL-1.1')],
      },
    ],
    [
      'the same name in another ecosystem',
      [{ ...npm('a', '1.0.0'), type: 'pypi' }],
      [npm('a', '1.0.0')],
      { added: [change('a', '', '1.0.0')], removed: [{ ...change('a', '1.0.0', ''), type: 'pypi' }] },
    ],
    [
      'the same package at two places is one',
      [npm('a', '1.0.0')],
      [npm('a', '1.1.0'), npm('a', '1.1.0')],
      { upgraded: [change('a', '1.0.0', '1.1.0')] },
    ],
  ])('%s', (_, before, now, expected) => {
    expect(comparePackages(new Map([['linux/amd64', now]]), new Map([['linux/amd64', before]]))).toEqual({
      ...none,
      ...expected,
    });
  });

  it('merges what platforms share, and leaves out a platform that only one image has', () => {
    const before = new Map([
      ['linux/amd64', [npm('a', '1.0.0')]],
      ['linux/arm64', [npm('a', '1.0.0'), npm('b', '1.0.0')]],
      ['linux/s390x', [npm('a', '1.0.0')]],
    ]);
    const now = new Map([
      ['linux/amd64', [npm('a', '1.1.0')]],
      ['linux/arm64', [npm('a', '1.1.0')]],
      ['linux/riscv64', [npm('c', '1.0.0')]],
    ]);
    const platforms = ['linux/amd64', 'linux/arm64'];
    expect(comparePackages(now, before)).toEqual({
      ...none,
      upgraded: [{ ...change('a', '1.0.0', '1.1.0'), platforms }],
      removed: [{ ...change('b', '1.0.0', ''), platforms: ['linux/arm64'] }],
    });
  });
});
