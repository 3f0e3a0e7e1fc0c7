import { describe, expect, test } from 'vitest';
import { isSought, parseSought } from '../../shared/evidence/sought.ts';
import { Invalid } from '../../shared/outcome/outcome.ts';

const pkg = (name: string, version = '', type = '') => ({ kind: 'package', type, name, version });

describe('what is looked for', () => {
  test.each<[string, object]>([
    ['CVE-2021-44228', { kind: 'vulnerability', id: 'CVE-2021-44228' }],
    ['cve-2026-123456', { kind: 'vulnerability', id: 'cve-2026-123456' }],
    ['GHSA-jfh8-c2jp-5v3q', { kind: 'vulnerability', id: 'GHSA-jfh8-c2jp-5v3q' }],
    ['RUSTSEC-2024-0001', { kind: 'vulnerability', id: 'RUSTSEC-2024-0001' }],
    ['GO-2024-1', { kind: 'vulnerability', id: 'GO-2024-1' }],
    ['lodash', pkg('lodash')],
    ['lodash@4.17.4', pkg('lodash', '4.17.4')],
    ['@babel/core', pkg('@babel/core')],
    ['@babel/core@7.0.0', pkg('@babel/core', '7.0.0')],
    ['org.apache.logging.log4j:log4j-core@2.14.1', pkg('org.apache.logging.log4j:log4j-core', '2.14.1')],
    ['pkg:npm/%40babel/core@7.0.0', pkg('@babel/core', '7.0.0', 'npm')],
    ['pkg:deb/debian/openssl@1.1.1n-0%2Bdeb11u4?arch=amd64', pkg('openssl', '1.1.1n-0+deb11u4', 'deb')],
    ['pkg:golang/github.com/gin-gonic/gin', pkg('github.com/gin-gonic/gin', '', 'golang')],
  ])('%s', (text, sought) => {
    expect(parseSought(text)).toEqual(sought);
  });

  test.each([
    'CVE-2021',
    'CVE-2021-12',
    'GHSA-x',
    'CVE-2021-44228 ',
    'a b',
    'lodash@',
    'pkg:',
    'pkg:npm/',
    '',
  ])('%j is nothing', (text) => {
    expect(() => parseSought(text)).toThrow(Invalid);
  });
});

describe('a package', () => {
  const log4j = {
    name: 'org.apache.logging.log4j:log4j-core',
    type: 'maven',
    version: '2.14.1',
    url: 'pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1',
  };
  const zope = { name: 'zope.interface', type: 'pypi', version: '5.0', url: 'pkg:pypi/zope.interface@5.0' };
  const epoch = { name: 'vim', type: 'deb', version: '2:8.2', url: 'pkg:deb/debian/vim@8.2?epoch=2' };
  const bare = { name: 'openssl', type: '', version: '3.0', url: '' };
  test.each<[string, typeof log4j, boolean]>([
    ['log4j-core', log4j, true],
    ['Log4J-Core@2.14.1', log4j, true],
    ['log4j-core@2.17.0', log4j, false],
    ['log4j', log4j, false],
    ['org.apache.logging.log4j:log4j-core', log4j, true],
    ['pkg:maven/org.apache.logging.log4j/log4j-core', log4j, true],
    ['pkg:maven/com.evil/log4j-core', log4j, false],
    ['pkg:npm/log4j-core', log4j, false],
    ['zope-interface', zope, true],
    ['Zope_Interface@5.0', zope, true],
    ['vim@2:8.2', epoch, true],
    ['vim@8.2', epoch, true],
    ['pkg:deb/ubuntu/vim', epoch, true],
    ['openssl', bare, true],
    ['pkg:deb/debian/openssl', bare, true],
    ['CVE-2021-44228', log4j, false],
  ])('%s', (text, known, is) => {
    expect(isSought(known, parseSought(text))).toBe(is);
  });
});
