import { type Digest, isDigest } from '../image/digest.ts';
import { isTag, nameRegistry } from '../image/reference.ts';

/** What a file says of an image, as a container runtime reads it: a short name is one of Docker Hub's. */
export interface ImageName {
  /** As written, without tag and digest: `nginx`, `octo/app`, `ghcr.io/octo/app`. */
  readonly name: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

const part = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const host = '(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\\[[0-9a-fA-F:]+\\])(?::[0-9]{1,5})?';
const pattern = new RegExp(
  `^(?<name>(?:${host}/)?${part}(?:/${part})*)(?::(?<tag>[^@:/]+))?(?:@(?<digest>[^@]+))?$`,
);
/** The longest text that is looked at: a name of 255, a tag of 128, a digest of sha512. */
const MAX_LENGTH = 600;

/** Reads `[registry/]name[:tag][@digest]` (distribution/reference, "Grammar"); undefined for anything else, such as a template. */
export function parseImageName(text: string): ImageName | undefined {
  const { name, tag, digest } = (text.length <= MAX_LENGTH && pattern.exec(text)?.groups) || {};
  if (name === undefined) return undefined;
  if (tag !== undefined && !isTag(tag)) return undefined;
  if (digest === undefined) return { name, ...(tag && { tag }) };
  return isDigest(digest) ? { name, digest, ...(tag && { tag }) } : undefined;
}

/** `name:tag@sha256:…`, which every reader of manifests takes: the digest counts, the tag is for people. */
export function formatImageName(name: string, tag: string | undefined, digest: Digest): string {
  return `${name}${tag === undefined ? '' : `:${tag}`}@${digest}`;
}

/** The repository that a runtime would ask, `registry/path`: `nginx` is `docker.io/library/nginx`. */
export function expandName(name: string): string {
  const [first = '', ...rest] = name.split('/');
  const named =
    rest.length > 0 && (/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase());
  if (!named) return `docker.io/${rest.length === 0 ? 'library/' : ''}${name}`;
  return [nameRegistry(first.toLowerCase()), ...rest].join('/');
}

/** The name by which BuildKit looks for a named context in place of an image, and buildx takes in its names (dockerui, `NamedContext`). */
export function nameContext({ name, tag, digest }: ImageName): string {
  const suffix = `${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
  return `${expandName(name)}${suffix}`.replace(/:latest$/, '');
}

/** The images that named contexts stand in for, each by `nameContext`; other names are those of stages or of nothing. */
export function listReplaced(contexts: readonly (readonly [string, string])[]): Set<string> {
  const images = contexts.map(([name]) => parseImageName(name));
  return new Set(images.flatMap((image) => (image === undefined ? [] : nameContext(image))));
}
