import type { Digest } from '../image/digest.ts';

/** The images that a build may take: their digests, and which of these a name with a tag stands for (`docker.io/library/alpine:3.20`). */
export interface AllowedImages {
  readonly digests: ReadonlySet<string>;
  readonly tags: ReadonlyMap<string, Digest>;
}

/**
 * What holds BuildKit to them as a source policy (its sourcepolicy/engine.go): whoever names another image, be it the Dockerfile, its frontend or
 * a base's ONBUILD, the build ends there; and a tag that has moved since stands for the image that it stood for. Of several rules the last counts.
 */
export function formatSourcePolicy({ digests, tags }: AllowedImages): string {
  const rules = [
    ...['docker-image', 'oci-layout'].map((scheme) => ({
      action: 'DENY',
      selector: { identifier: `${scheme}*` },
    })),
    ...[...digests].map((digest) => ({
      action: 'ALLOW',
      selector: { identifier: `docker-image://*@${digest}` },
    })),
    ...[...tags].map(([name, digest]) => ({
      action: 'CONVERT',
      selector: { identifier: `docker-image://${name}` },
      updates: { identifier: `docker-image://${name}@${digest}` },
    })),
  ];
  return JSON.stringify({ version: 1, rules });
}
