import { type FoundImages, partFound } from './line.ts';
import { findImage } from './value.ts';
import type { Value } from './yaml.ts';

/** True for a Compose file, by its name or because it has services and is no Kubernetes object. */
export function isCompose(file: string, root: Value): boolean {
  if (!root.at('services').isMapping || root.has('apiVersion')) return false;
  return /(?:^|[/.-])compose(?:[.-][\w.-]+)?\.ya?ml$/i.test(file) || root.at('services').entries.length > 0;
}

/** The images of a Compose file (compose-spec, "image"): of services, and of extensions (`x-…`) that services take over by an anchor. */
export function findComposeImages(root: Value): FoundImages {
  const extensions = root.entries.filter(([key]) => key.startsWith('x-'));
  const services = [
    ...root.at('services').entries,
    ...extensions,
    ...extensions.flatMap(([, value]) => value.entries),
  ];
  return partFound(
    services.map(([, service]) => {
      const found = findImage(service.at('image'));
      return found !== undefined && 'pin' in found && service.has('build')
        ? { ...found, built: true }
        : found;
    }),
  );
}
