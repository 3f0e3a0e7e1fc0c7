import { expect, test } from 'vitest';
import { findAmbiguousKey } from '../../shared/image/ambiguity.ts';

test.each([
  ['a second list of manifests', '{"manifests":[],"manifests":[]}', 'manifests'],
  ['the same in capitals, which Go reads too', '{"manifests":[],"Manifests":[]}', 'Manifests'],
  ['the same with a long s', '{"manifests":[],"manife\u017fts":[]}', 'manife\u017fts'],
  ['the same with an escape', '{"manifests":[],"manifest\\u0073":[]}', 'manifests'],
  ['an index that is hidden in a manifest', '{"config":{},"layers":[],"MANIFESTS":[]}', 'MANIFESTS'],
  ['a second digest of one child', '{"manifests":[{"digest":"a","Digest":"b"}]}', 'Digest'],
  ['one behind empty annotations', '{"layers":[{"annotations":{}},{"digest":"a","Digest":"b"}]}', 'Digest'],
  ['one behind no annotations', '{"layers":[{"annotations":null},{"digest":"a","Digest":"b"}]}', 'Digest'],
  ['another user', '{"config":{"User":"1000","user":"root"}}', 'user'],
  ['another configuration', '{"config":{"User":"1000"},"Config":{"User":"root"}}', 'Config'],
  ['an annotation that stands twice', '{"annotations":{"a":"1","a":"2"}}', 'a'],
  ['a key behind a label of 8 MB', `{"a":"${'x\\n'.repeat(2_700_000)}","config":1,"config":2}`, 'config'],
  ['a key after text with a quote and a brace', '{"a":"\\"}{","config":1,"config":2}', 'config'],
])('%s is found', (_, text, key) => {
  expect(findAmbiguousKey(text)).toBe(key);
});

test.each([
  ['labels that differ in case', '{"config":{"Labels":{"Maintainer":"a","maintainer":"b","OS":"c"}}}'],
  ['annotations named like fields', '{"annotations":{"Digest":"a","digest":"b"},"layers":[]}'],
  ['the same key in several objects', '{"layers":[{"digest":"a"},{"digest":"b"}],"config":{"digest":"c"}}'],
  ['fields of Docker', '{"config":{"Image":"","Tty":false},"container_config":{"User":""},"history":[{}]}'],
  ['text that looks like a key', '{"a":"\\"config\\":","b":["config","config"],"config":{}}'],
  ['no object', '[1,2]'],
])('%s is not ambiguous', (_, text) => {
  expect(findAmbiguousKey(text)).toBeUndefined();
});
