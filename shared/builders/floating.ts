import { parseDigest } from '../image/digest.ts';
import { findDockerfileImages } from '../manifests/dockerfile.ts';
import { expandName, formatImageName, parseImageName } from '../manifests/name.ts';
import type { BuildCheck, Material } from './builder.ts';

/**
 * The images that a Dockerfile names by a tag alone, with the digest that this build took for each. One whose digest is not among the materials
 * (a stage that was not needed) is named without; `contexts` are names that stand for something else in this build.
 */
export function listFloating(
  dockerfile: string,
  materials: readonly Material[],
  contexts: readonly string[] = [],
): BuildCheck[] {
  const found = findDockerfileImages(dockerfile);
  if (typeof found === 'string') return [];
  const taken = new Map(materials.flatMap(readImageMaterial));
  return found.images.flatMap(({ name, tag = 'latest', digest, line }): BuildCheck[] => {
    if (digest !== undefined || contexts.includes(name)) return [];
    const now = taken.get(`${expandName(name)}:${tag}`);
    const pinned =
      now === undefined ? 'with its digest' : `as ${formatImageName(name, tag, parseDigest(now))}`;
    const message = `${name}:${tag} floats: another build of this commit may take another image. Write it ${pinned}; pin does that for all of them.`;
    return [{ name: 'FloatingBase', message, url: undefined, line }];
  });
}

/** `docker.io/library/alpine:3.20` and its digest, of a package URL of the type docker (purl-spec). */
function readImageMaterial({ uri, digest }: Material): [string, string][] {
  const [, path, version] = /^pkg:docker\/([^@?]+)@([^?]+)/.exec(uri) ?? [];
  const image = path && version ? parseImageName(`${decode(path)}:${decode(version)}`) : undefined;
  const { sha256 } = digest;
  if (image?.tag === undefined || sha256 === undefined) return [];
  return [[`${expandName(image.name)}:${image.tag}`, `sha256:${sha256}`]];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
