import { findComposeImages, isCompose } from './compose.ts';
import { findHelmImages, isHelmValues } from './helm.ts';
import { findKubernetesImages, isKubernetes } from './kubernetes.ts';
import { findKustomizeImages, isKustomization } from './kustomize.ts';
import type { FoundImages } from './line.ts';
import { readYaml, type Value } from './yaml.ts';

/**
 * Finds every image that a file names, by what kind of file it is: Kubernetes objects, a kustomization, Helm values, Compose.
 * Undefined for a file that is none of them or cannot be read as a whole (a template of a chart): nothing in it is touched.
 */
export function findImages(file: string, text: string): FoundImages | undefined {
  const roots = isYaml(file) ? readYaml(text) : undefined;
  return roots && findImagesIn(file, roots);
}

/** True for a file that may be a manifest, by its name. */
export function isYaml(file: string): boolean {
  return /\.ya?ml$|(?:^|\/)Kustomization$/i.test(file);
}

/** The same for a file that is read. */
export function findImagesIn(file: string, roots: readonly Value[]): FoundImages | undefined {
  const found = roots.flatMap((root): FoundImages[] => {
    if (isKustomization(file, root)) return [findKustomizeImages(root)];
    if (isKubernetes(root)) return [findKubernetesImages(root)];
    if (isCompose(file, root)) return [findComposeImages(root)];
    return isHelmValues(file) ? [findHelmImages(root)] : [];
  });
  if (found.length === 0) return undefined;
  return {
    images: found.flatMap(({ images }) => images),
    skipped: found.flatMap(({ skipped }) => skipped),
  };
}
