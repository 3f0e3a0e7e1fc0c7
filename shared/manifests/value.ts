import type { ImageLine, SkippedLine } from './line.ts';
import { formatImageName, parseImageName } from './name.ts';
import type { Value } from './yaml.ts';

/** The image that one value names whole, as `name:tag`; undefined where there is no value. */
export function findImage(value: Value): ImageLine | SkippedLine | undefined {
  const { text, line } = value;
  if (text === undefined) return undefined;
  const image = parseImageName(text);
  if (image === undefined)
    return { line, text, reason: 'is no image: a template, or a name that no registry knows' };
  if (value.replace('') === undefined)
    return { line, text, reason: 'is written over several lines or with escapes' };
  return {
    ...image,
    line,
    pin: (digest, tag) => [value.replace(formatImageName(image.name, tag, digest)) ?? []].flat(),
  };
}
