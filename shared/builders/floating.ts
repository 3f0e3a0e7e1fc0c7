import { parsePackageUrl } from '../evidence/packages.ts';
import { parseDigest } from '../image/digest.ts';
import { findDockerfileImages } from '../manifests/dockerfile.ts';
import { expandName, formatImageName, listReplaced, nameContext } from '../manifests/name.ts';
import type { BuildCheck, Material } from './builder.ts';

/**
 * The images that a Dockerfile names by a tag alone, with the digest that this build took for each. One whose digest is not among the materials
 * (a stage that was not needed) is named without; `contexts` (name, address) stand for something else in this build.
 */
export function listFloating(
  dockerfile: string,
  materials: readonly Material[],
  contexts: readonly (readonly [string, string])[] = [],
): BuildCheck[] {
  const found = findDockerfileImages(dockerfile);
  if (typeof found === 'string') return [];
  const taken = new Map(materials.flatMap(readImageMaterial));
  const replaced = listReplaced(contexts);
  return found.images.flatMap((image): BuildCheck[] => {
    const { name, tag = 'latest', digest, line } = image;
    if (digest !== undefined || replaced.has(nameContext(image))) return [];
    const now = taken.get(`${expandName(name)}:${tag}`);
    const pinned =
      now === undefined ? 'with its digest' : `as ${formatImageName(name, tag, parseDigest(now))}`;
    const message = `${name}:${tag} floats: another build of this commit may take another image. Write it ${pinned}; pin does that for all of them.`;
    return [{ name: 'FloatingBase', message, url: undefined, line }];
  });
}

/** `docker.io/library/alpine:3.20` and its digest, of a package URL of the type docker (purl-spec). */
function readImageMaterial({ uri, digest: { sha256 } }: Material): [string, string][] {
  const { type, name, version } = parsePackageUrl(uri) ?? {};
  if (type !== 'docker' || name === undefined || sha256 === undefined) return [];
  return [[`${expandName(name)}:${version}`, `sha256:${sha256}`]];
}
