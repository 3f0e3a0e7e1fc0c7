import { isDigest } from '../image/digest.ts';
import { type Edit, type FoundImages, type ImageLine, partFound, type SkippedLine } from './line.ts';
import { parseImageName } from './name.ts';
import { findImage } from './value.ts';
import type { Value } from './yaml.ts';

/** True for a file of Helm values, by its name: `values.yaml`, `values-prod.yaml`, `prod-values.yaml`, `prod.values.yaml`. */
export function isHelmValues(file: string): boolean {
  return /(?:^|[/.-])values(?:[.-][\w.-]+)?\.ya?ml$/i.test(file);
}

/**
 * The images of a chart's values, in the two shapes that charts use: `image: name:tag` (also `sidecarImage`), and a mapping with `repository`
 * (with `registry` before it) and `tag` or `digest`. A chart that has a `digest` gets it there; otherwise the tag becomes `tag@sha256:…`,
 * which every template that writes `repository:tag` turns into a reference with both.
 */
export function findHelmImages(root: Value): FoundImages {
  const found: (ImageLine | SkippedLine | undefined)[] = [];
  const walk = (value: Value): void => {
    for (const item of value.items) walk(item);
    if (value.at('repository').text !== undefined && (value.has('tag') || value.has('digest'))) {
      found.push(findMapping(value));
    }
    for (const [key, child] of value.entries) {
      if (/^image$|Image$/.test(key)) found.push(findWhole(child));
      walk(child);
    }
  };
  walk(root);
  return partFound(found);
}

/** A name alone is left: the chart puts a tag behind it, and behind a digest that would be no image any more. */
function findWhole(value: Value): ImageLine | SkippedLine | undefined {
  const found = findImage(value);
  if (found === undefined || !('pin' in found) || found.tag !== undefined || found.digest !== undefined)
    return found;
  return { line: found.line, text: found.name, reason: 'has no tag: the chart may put one behind it' };
}

function findMapping(mapping: Value): ImageLine | SkippedLine {
  const { text: repository = '', line } = mapping.at('repository');
  const registry = mapping.at('registry').text;
  const image = parseImageName(registry ? `${registry}/${repository}` : repository);
  if (image === undefined || image.tag !== undefined || image.digest !== undefined) {
    return {
      line,
      text: repository,
      reason: 'has a "repository" that is no image\'s name: a template, or more than the name',
    };
  }
  const written = mapping.at('tag').text ?? '';
  const at = written.indexOf('@');
  const tag = at < 0 ? written : written.slice(0, at);
  const own = mapping.at('digest').text ?? written.slice(at + 1);
  const edits = (digest: string): Edit[] | undefined => {
    if (mapping.has('digest')) return optional(mapping.at('digest').replace(digest));
    return tag === '' ? undefined : optional(mapping.at('tag').replace(`${tag}@${digest}`));
  };
  if (edits('') === undefined) {
    return {
      line,
      text: image.name,
      reason: 'has neither a "digest" nor a "tag" with a value that a digest can be put into',
    };
  }
  if (parseImageName(`${image.name}:${tag}`) === undefined && tag !== '') {
    return { line, text: `${image.name}:${tag}`, reason: 'has a "tag" that is none: a template, perhaps' };
  }
  return {
    name: image.name,
    ...(tag !== '' && { tag }),
    ...(isDigest(own) && { digest: own }),
    ...(tag === '' && { untold: 'has no "tag": the chart has one of its own' }),
    line,
    pin: (digest) => edits(digest) ?? [],
  };
}

function optional(edit: Edit | undefined): Edit[] | undefined {
  return edit && [edit];
}
