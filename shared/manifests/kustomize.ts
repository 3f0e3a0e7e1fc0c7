import { type FoundImages, type ImageLine, partFound, type SkippedLine } from './line.ts';
import { parseImageName } from './name.ts';
import type { Value } from './yaml.ts';

/** True for a kustomization, by its name or by its kind. */
export function isKustomization(file: string, root: Value): boolean {
  return /(?:^|\/)kustomization(?:\.ya?ml)?$/i.test(file) || root.at('kind').text === 'Kustomization';
}

/**
 * The entries of a kustomization's `images` (kubectl.docs.kubernetes.io, "images"): what `name` is replaced by is `newName`, and its digest goes
 * before its tag. Flux's own Kustomization keeps the same list below `spec`.
 */
export function findKustomizeImages(root: Value): FoundImages {
  return partFound([...root.at('images').items, ...root.at('spec', 'images').items].map(findEntry));
}

function findEntry(entry: Value): ImageLine | SkippedLine {
  const named = entry.at('newName').text === undefined ? 'name' : 'newName';
  const { text, line } = entry.at(named);
  const image = parseImageName(text ?? '');
  if (image === undefined || image.tag !== undefined || image.digest !== undefined) {
    return {
      line: line || entry.line,
      text: text ?? '',
      reason: `has no "${named}" that is an image's name alone`,
    };
  }
  const tag = entry.at('newTag').text;
  const digest = parseImageName(`${image.name}@${entry.at('digest').text ?? ''}`)?.digest;
  const edits = (text: string, kept?: string) => {
    const existing = entry.has('digest') ? entry.at('digest').replace(text) : undefined;
    if (existing !== undefined) return [existing];
    if (entry.has('digest')) return undefined;
    // Where both are there the digest counts (kustomize, api/internal/image and filters/imagetag).
    if (kept !== undefined && tag !== undefined) return entry.addEntry('newTag', 'digest', text);
    return entry.has('newTag')
      ? entry.replaceEntry('newTag', 'digest', text)
      : entry.addEntry(named, 'digest', text);
  };
  if (edits('') === undefined)
    return { line, text: image.name, reason: 'is written in a way that cannot be changed by itself' };
  return {
    name: image.name,
    ...(tag !== undefined && { tag }),
    ...(digest !== undefined && { digest }),
    ...(tag === undefined && {
      untold: 'has no "newTag": which tag is meant stands where the image is used',
    }),
    line,
    pin: (wanted, kept) => edits(wanted, kept) ?? [],
  };
}
