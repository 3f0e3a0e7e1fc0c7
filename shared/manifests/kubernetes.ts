import { findHelmImages } from './helm.ts';
import { type FoundImages, type ImageLine, partFound, type SkippedLine } from './line.ts';
import { findImage } from './value.ts';
import type { Value } from './yaml.ts';

/** The lists of a pod's specification that hold containers (Kubernetes API, PodSpec). */
const CONTAINERS = new Set(['containers', 'initContainers', 'ephemeralContainers']);
/** Where a Flux HelmRelease and an Argo CD Application keep Helm values. */
const HELM_VALUES: Readonly<Record<string, readonly (readonly string[])[]>> = {
  HelmRelease: [['spec', 'values']],
  Application: [['spec', 'source', 'helm', 'valuesObject']],
};

/** True for a document that a Kubernetes API server would take. */
export function isKubernetes(root: Value): boolean {
  return root.at('apiVersion').text !== undefined && root.at('kind').text !== undefined;
}

/**
 * The images of one Kubernetes object, of whatever kind: every container of every pod specification in it, wherever it stands, so that
 * custom resources with pod templates (Argo Rollouts, Knative) are found too; and image volumes.
 */
export function findKubernetesImages(root: Value): FoundImages {
  const found: (ImageLine | SkippedLine | undefined)[] = [];
  const walk = (value: Value): void => {
    for (const item of value.items) walk(item);
    for (const [key, child] of value.entries) {
      if (CONTAINERS.has(key)) {
        found.push(...child.items.map((container) => findImage(container.at('image'))));
      }
      if (key === 'volumes') {
        found.push(...child.items.map((volume) => findImage(volume.at('image', 'reference'))));
      }
      walk(child);
    }
  };
  walk(root);
  for (const path of HELM_VALUES[root.at('kind').text ?? ''] ?? []) {
    const values = findHelmImages(root.at(...path));
    found.push(...values.images, ...values.skipped);
  }
  return partFound(found);
}
