import { describe, expect, test } from 'vitest';
import { isEnvironmentName, parseRecordTag, pointerTag, recordTag } from '../../shared/environment/tags.ts';
import { parseDigest } from '../../shared/image/digest.ts';
import { isTag } from '../../shared/image/reference.ts';

const digest = parseDigest(`sha256:0123456789abcdef${'0'.repeat(48)}`);

describe('tags of an environment', () => {
  test('a promotion’s tag is read back', () => {
    const tag = recordTag('prod', 42, digest);
    expect(tag).toBe('env-prod.000042-0123456789ab');
    expect(parseRecordTag('prod', tag)).toEqual({ sequence: 42, shortDigest: '0123456789ab' });
  });

  test('the longest name still makes a tag', () => {
    expect(isTag(recordTag('a'.repeat(40), 999_999, digest))).toBe(true);
  });

  test.each([
    ['another environment', 'env-staging.000001-0123456789ab'],
    ['an environment whose name starts alike', 'env-prod-eu.000001-0123456789ab'],
    ['the pointer', pointerTag('prod')],
    ['a short sequence', 'env-prod.42-0123456789ab'],
    ['a long sequence', 'env-prod.0000042-0123456789ab'],
    ['a short digest', 'env-prod.000042-0123456789'],
    ['something after it', 'env-prod.000042-0123456789ab.old'],
    ['a line end', 'env-prod.000042-0123456789ab\n'],
  ])('%s is no promotion of prod', (_, tag) => {
    expect(parseRecordTag('prod', tag)).toBeUndefined();
  });

  test.each([
    ['prod', true],
    ['eu-west-1', true],
    ['', false],
    ['Prod', false],
    ['a.b', false],
    ['a'.repeat(41), false],
    ['prod\n', false],
  ])('%j as a name: %s', (name, expected) => {
    expect(isEnvironmentName(name)).toBe(expected);
  });
});
