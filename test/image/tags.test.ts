import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkTags, commitTag, versionOf } from '../../shared/image/tags.ts';
import { Invalid } from '../../shared/outcome/outcome.ts';

const sha = '0123456789abcdef0123456789abcdef01234567';

test('the commit names the image', () => {
  expect(commitTag({ kind: 'commit', commit: sha })).toBe(`sha-${sha}`);
  expect(commitTag({ kind: 'pull-request', number: 7, head: sha })).toBe(`pr-7-${sha}`);
});

describe('a git tag that is valid semver gives the version', () => {
  test.each([
    ['refs/tags/v1.2.3', '1.2.3'],
    ['refs/tags/1.2.3', '1.2.3'],
    ['refs/tags/v0.0.0', '0.0.0'],
    ['refs/tags/v1.2.3-rc.1', '1.2.3-rc.1'],
    ['refs/tags/1.2.3-0.3.7', '1.2.3-0.3.7'],
    ['refs/tags/v10.20.30-alpha-1', '10.20.30-alpha-1'],
    ['refs/tags/v1', undefined],
    ['refs/tags/v1.2', undefined],
    ['refs/tags/v01.2.3', undefined],
    ['refs/tags/v1.2.3-01', undefined],
    ['refs/tags/v1.2.3.4', undefined],
    ['refs/tags/vv1.2.3', undefined],
    ['refs/tags/=1.2.3', undefined],
    ['refs/tags/ v1.2.3', undefined],
    ['refs/tags/release/1.2.3', undefined],
    ['refs/tags/latest', undefined],
    ['refs/heads/v1.2.3', undefined],
    ['refs/pull/7/merge', undefined],
    [undefined, undefined],
  ])('%s → %s', (ref, version) => expect(versionOf(ref)).toBe(version));

  test('build metadata is refused, since two releases would share one tag', () => {
    expect(() => versionOf('refs/tags/v1.2.3+build.5')).toThrow(/^ref: .*build metadata/);
  });
});

describe('tags that name one image for ever are taken', () => {
  test.each([
    '1.2.3',
    'v1.2.3',
    '1.2.3-rc.1',
    '1.2.3-alpine',
    '2026-11-21',
    '20261121',
    '2026.11.21',
    'build-42',
    'release_42',
    'nightly-20261121',
    'shared-1.0.0',
    'environment-7',
    'preview-12',
  ])('%s', (tag) => expect(checkTags([tag], 'refs/heads/main')).toEqual([tag]));
});

describe('tags that could later name another image are refused with the reason', () => {
  test.each([
    ['latest', 'floating'],
    ['Latest', 'floating'],
    ['main', "a branch's name"],
    ['master', 'floating'],
    ['edge', 'floating'],
    ['nightly', 'floating'],
    ['stable', 'floating'],
    ['latest-alpine', 'floating'],
    ['1', 'incomplete version'],
    ['v1', 'incomplete version'],
    ['1.2', 'incomplete version'],
    ['v1.2', 'incomplete version'],
    ['1.x', 'incomplete version'],
    ['1-alpine3.20', 'incomplete version'],
    ['2026.11', 'incomplete version'],
    ['env-prod', 'promote'],
    ['ENV-prod', 'promote'],
    ['env-prod.000042-0123456789ab', 'promote'],
    [`sha-${sha}`, 'build alone'],
    [`pr-7-${sha}`, 'build alone'],
    ['sha-1', 'build alone'],
    [`sha256-${sha}`, 'evidence'],
    [`sha512-${sha}`, 'evidence'],
    ['', 'is no tag'],
    ['-1.2.3', 'is no tag'],
    ['1.2.3+build', 'is no tag'],
    ['a:1.2.3', 'is no tag'],
    [`1.2.3-${'a'.repeat(128)}`, 'is no tag'],
  ])('%s: %s', (tag, reason) => {
    expect(() => checkTags(['1.2.3', tag], 'refs/heads/main')).toThrow(Invalid);
    expect(() => checkTags(['1.2.3', tag], 'refs/heads/main')).toThrow(reason);
  });

  test("the run's own branch, slashes as dashes", () => {
    expect(() => checkTags(['team-a-fix-2'], 'refs/heads/team-a/fix-2')).toThrow("a branch's name");
    expect(checkTags(['team-a-fix-2'], 'refs/heads/main')).toEqual(['team-a-fix-2']);
  });

  test('every reason is said at once, and the input is named', () => {
    expect(() => checkTags(['latest', 'env-prod'], undefined)).toThrow(/^tags: "latest" .*; "env-prod" /);
  });
});

test('a repeated tag is written once', () => {
  expect(checkTags(['1.2.3', '1.2.3'], undefined)).toEqual(['1.2.3']);
});

test('whatever is taken holds a digit, is a tag, and belongs to nobody else', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 140 }), (tag) => {
      let taken: string[];
      try {
        taken = checkTags([tag], undefined);
      } catch (error) {
        expect(error).toBeInstanceOf(Invalid);
        return;
      }
      expect(taken).toEqual([tag]);
      expect(tag).toMatch(/^(?=.*\d)\w[\w.-]{0,127}$/);
      expect(tag).not.toMatch(/^(?:sha|pr|env|sha256|sha512)-/i);
    }),
  );
});
